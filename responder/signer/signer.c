/* The room that signs: one process of several. Holds the keys, or the way to tokens that hold them; sees
 * neither the network nor the database. It answers the jobs of the ledger, in order but for those whose
 * token must be asked.
 *
 *   ledger ──SIGN──▶ jobs ──a few a turn──▶ keyring ─────────────SIGNED──▶ ledger
 *                                              └─▶ waiting ──token──▲
 *                            clock ──watch──▶ keyring ──OFFER──▶ ledger */
#include "ipc/messages.h"
#include "room/priority.h"
#include "room/room.h"
#include "signer/heap.h"
#include "signer/jobs.h"
#include "signer/notices.h"
#include "signer/vault.h"
#include "signer/waiting.h"
#include "signer/watch.h"

/* Work of one turn of the event loop, after which what was signed leaves: long enough for a handful
 * of ECDSA signatures in one write, short enough that the first does not wait for the last. */
#define TURN_US (4 * MILLISECOND_US)
/* How often we look whose certificates have begun or ended (P-37). */
#define WATCH_US SECOND_US
/* Failures are logged at most so often; a hostile ledger must not fill the log. */
#define COMPLAINT_INTERVAL_US SECOND_US
/* Signing may take all processors for as long as it likes: what is stored is answered meanwhile, and changes
 * are heard of (doc/faults.md row 23). */
#define NICENESS 5

static const struct peer ledger = {ROOM_LEDGER, 0};

struct signer {
	struct shell *shell;
	struct keyring keyring;
	struct jobs jobs;
	struct waiting waiting;
	struct notices notices;
	struct event **token_events; /* one a token */
	int64_t watch_at_us; /* monotonic */
	int64_t complain_after_us; /* monotonic */
	uint64_t complaints; /* not logged since then */
	struct buffer der, frame; /* reused */
};

/* ---- work ---- */

static void complain(struct signer *s, uint32_t issuer, const char *reason, int64_t mono_us)
{
	s->complaints++;
	if (mono_us < s->complain_after_us)
		return;
	const char *name = issuer < s->keyring.count ? s->shell->conf->issuers[issuer].name : "?";
	log_error("job not signed issuer=%s reason=%s count=%llu", log_quoted(name),
		  log_quoted(reason), (unsigned long long)s->complaints);
	s->complaints = 0;
	s->complain_after_us = mono_us + COMPLAINT_INTERVAL_US;
}

/* The ledger's budgets are in this time, whatever the key and wherever it is (ledger/queue.h). */
static void send_signed(struct signer *s, struct message_signed *answer, int64_t cost_us)
{
	answer->cost_us = cost_us > 0 ? (uint32_t)cost_us : 0;
	buffer_reset(&s->frame);
	message_signed_write(&s->frame, answer);
	(void)shell_send_buffer(s->shell, ledger, MESSAGE_SIGNED, &s->frame);
}

/* Asks the responder's token. NULL, or why there is nobody who signs. */
static const char *ask_token(struct signer *s, const struct message_sign *job, struct view payload,
			     const struct sign_outcome *outcome, struct moment now)
{
	struct responder *r = outcome->responder;
	const struct waiting_job wanted = {
		.issuer = job->issuer,
		.responder = r,
		.answer = {.id = job->id,
			   .result = OCSP_SUCCESSFUL,
			   .produced_at = outcome->produced_at,
			   .next_update = outcome->next_update},
	};
	struct waiting_job *waiting = NULL;
	if (token_has_room(r->token, s->keyring.tokens.patience_us))
		waiting = waiting_put(&s->waiting, &wanted, payload, outcome->message);
	if (!waiting)
		return "its token has enough to do";
	if (token_ask(r->token, r->token_key, waiting->id, outcome->message, now.mono_us))
		return NULL;
	waiting_drop(&s->waiting, waiting);
	return "its token takes no work";
}

static void do_job(struct signer *s, struct view payload, struct moment now)
{
	struct message_sign job;
	struct message_signed answer;
	struct sign_outcome outcome;
	int64_t began_us = clock_used_us();
	if (message_sign_read(payload, &job) < 0)
		return; /* was read once before it was queued */
	buffer_reset(&s->der);
	int result = keyring_answer(&s->keyring, &job, wall_seconds(now.wall_us), &s->der, &answer,
				    &outcome);
	if (result == KEYRING_ELSEWHERE) {
		outcome.reason = ask_token(s, &job, payload, &outcome, now);
		if (!outcome.reason)
			return;
		answer = (struct message_signed){.id = job.id, .result = OCSP_TRY_LATER};
	}
	log_debug("signed " REQUEST_FORMAT " issuer=%u certids=%u result=%s", job.request,
		  job.issuer, job.count, ocsp_result_name(answer.result));
	if (outcome.reason)
		complain(s, job.issuer, outcome.reason, now.mono_us);
	send_signed(s, &answer, clock_used_us() - began_us);
}

/* A few jobs; then the loop writes and reads in between. */
static void work(struct signer *s, struct moment now)
{
	int64_t end_us = now.mono_us + TURN_US;
	for (struct view payload; now.mono_us < end_us && jobs_take(&s->jobs, &payload);
	     now = clock_now())
		do_job(s, payload, now);
}

/* ---- what can be signed with ---- */

static void send_offer(void *context, struct view offer)
{
	struct signer *s = context;
	(void)shell_send(s->shell, ledger, MESSAGE_OFFER, offer);
}

static void tell_offers(struct signer *s, bool all, struct moment now)
{
	watch_tell(&s->keyring, s->shell->conf, now, all, send_offer, s);
}

/* ---- tokens ---- */

/* Row 19: what is wrong stays here, and the token begins afresh. */
static void on_signed(void *context, struct token *token, uint64_t id, struct view signature)
{
	struct signer *s = context;
	struct waiting_job *job = waiting_find(&s->waiting, id);
	const char *reason = NULL;
	if (!job || signature.size == 0)
		return; /* it has said why */
	buffer_reset(&s->der);
	if (keyring_finish(&s->keyring, job->issuer, job->responder, buffer_view(&job->message),
			   signature, &s->der, &job->answer, &reason) == 0) {
		send_signed(s, &job->answer, token->took_us);
		waiting_drop(&s->waiting, job);
		return;
	}
	complain(s, job->issuer, reason, clock_now().mono_us);
	token_restart(token, reason);
}

/* By another signer of their issuers, where there is one. */
static void redo_lost(struct signer *s, struct moment now)
{
	for (struct waiting_job *job; (job = waiting_lost(&s->waiting));) {
		cleanup(buffer_deinit) struct buffer payload = job->job;
		job->job = (struct buffer){0};
		waiting_drop(&s->waiting, job);
		do_job(s, buffer_view(&payload), now);
	}
}

static void look_at_tokens(struct signer *s, struct moment now)
{
	for (unsigned i = 0; i < s->keyring.tokens.count; i++)
		if (token_look(s->keyring.tokens.all[i], s->keyring.tokens.patience_us,
			       now.mono_us))
			s->watch_at_us = now.mono_us;
	redo_lost(s, now);
}

static void on_token(evutil_socket_t fd, short what, void *context)
{
	struct signer *s = context;
	struct moment now = clock_now();
	(void)what;
	for (unsigned i = 0; i < s->keyring.tokens.count; i++) {
		struct token *token = s->keyring.tokens.all[i];
		if (token->fd != fd)
			continue;
		token_receive(token, now.mono_us, on_signed, s);
		if (token->fd < 0)
			(void)event_del(s->token_events[i]);
	}
	keyring_follow(&s->keyring);
	redo_lost(s, now);
	s->watch_at_us = now.mono_us; /* what can be signed with may have changed */
	shell_turn(s->shell);
}

static int watch_tokens(struct signer *s)
{
	unsigned count = s->keyring.tokens.count;
	s->token_events = calloc(count ? count : 1, sizeof(struct event *));
	if (!s->token_events)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		struct token *token = s->keyring.tokens.all[i];
		if (token->fd < 0)
			continue;
		s->token_events[i] =
			event_new(s->shell->base, token->fd, EV_READ | EV_PERSIST, on_token, s);
		if (!s->token_events[i] || event_add(s->token_events[i], NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void forget_tokens(struct signer *s)
{
	for (unsigned i = 0; s->token_events && i < s->keyring.tokens.count; i++)
		if (s->token_events[i])
			event_free(s->token_events[i]);
	free(s->token_events);
}

static void tell_ending(void *context, unsigned signer, struct view text)
{
	struct signer *s = context;
	shell_tell_ending(s->shell, signer, text);
}

/* While one is asked it is looked at oftener. */
static int64_t next_look(const struct signer *s)
{
	int64_t next = s->watch_at_us;
	for (unsigned i = 0; i < s->keyring.tokens.count; i++) {
		const struct token *token = s->keyring.tokens.all[i];
		int64_t due = token->silent_since_us + s->keyring.tokens.patience_us;
		if (token->asked > 0 && due < next)
			next = due;
	}
	return next;
}

static int64_t signer_turn(void *context, struct moment now)
{
	struct signer *s = context;
	work(s, now);
	if (s->waiting.count > 0)
		look_at_tokens(s, now);
	if (now.mono_us >= s->watch_at_us) {
		s->watch_at_us = now.mono_us + WATCH_US;
		tell_offers(s, false, now);
		notices_look(&s->keyring, s->shell->conf, s->shell->index, now);
		if (s->shell->index == 0) /* all know the same */
			notices_endings(&s->notices, &s->keyring, s->shell->conf, now, tell_ending,
					s);
	}
	return s->jobs.count > 0 ? now.mono_us : next_look(s);
}

/* ---- the ledger ---- */

static int signer_frame(void *context, struct peer peer, uint8_t type, struct view payload)
{
	struct signer *s = context;
	struct message_sign job;
	(void)peer;
	if (type != MESSAGE_SIGN || message_sign_read(payload, &job) < 0)
		return -EBADMSG;
	shell_turn(s->shell);
	return jobs_put(&s->jobs, payload);
}

static void signer_attached(void *context, struct peer peer)
{
	(void)peer;
	tell_offers(context, true, clock_now());
}

/* Nobody waits for these jobs any more. */
static void signer_detached(void *context, struct peer peer)
{
	struct signer *s = context;
	(void)peer;
	jobs_clear(&s->jobs);
	waiting_clear(&s->waiting);
}

static size_t signer_in_flight(const void *context)
{
	const struct signer *s = context;
	return s->jobs.count + s->waiting.count;
}

static void signer_status(void *context, struct moment now, struct buffer *out)
{
	struct signer *s = context;
	keyring_status(&s->keyring, s->shell->conf, s->shell->index, wall_seconds(now.wall_us),
		       CONTROL_PACKET / 2, out);
}

/* ---- life ---- */

/* Frees private keys, which wipes them. */
static void signer_free(void *context)
{
	struct signer *s = context;
	if (!s)
		return;
	forget_tokens(s);
	waiting_deinit(&s->waiting);
	keyring_deinit(&s->keyring);
	jobs_deinit(&s->jobs);
	buffer_deinit(&s->der);
	buffer_deinit(&s->frame);
	free(s);
}

static size_t key_count(const struct conf *conf)
{
	size_t count = 0;
	for (unsigned i = 0; i < conf->issuer_count; i++)
		count += conf_signer_count(&conf->issuers[i]);
	return count;
}

static int signer_open(struct shell *shell, void **ret, struct fault *fault)
{
	struct signer *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(fault, -ENOMEM, "out of memory");
	s->shell = shell;
	vault_adopt(CONTROL_VAULT_FD);
	heap_lock(key_count(shell->conf));
	int result =
		keyring_load(&s->keyring, shell->conf, wall_seconds(clock_now().wall_us), fault);
	if (result == 0 && watch_tokens(s) < 0)
		result = fault_set(fault, -ENOMEM, "out of memory");
	if (result < 0) {
		signer_free(s);
		return result;
	}
	if (shell->index % LIMIT_SIGNERS == 0)
		watch_aloud(&s->keyring);
	priority_yield(NICENESS);
	*ret = s;
	return 0;
}

static unsigned signer_processes(const struct conf *conf)
{
	return conf->server.signers;
}

static void signer_needs(const struct conf *conf, struct sandbox *needs)
{
	(void)conf;
	sandbox_calls(needs, CALLS_SECRETS);
}

/* A token may take its time for one signature, but nobody waits for longer than the deadline. */
static int64_t signer_patience(const struct conf *conf)
{
	return 3 * conf->server.answer_timeout_us;
}

const struct room_plan signer_plan = {
	.options = CONF_SIGNER,
	.processes = signer_processes,
	.patience = signer_patience,
	.open = signer_open,
	.needs = signer_needs,
	.close = signer_free,
	.in_flight = signer_in_flight,
	.peers = ROOM_BIT(ROOM_LEDGER),
	.attached = signer_attached,
	.detached = signer_detached,
	.frame = signer_frame,
	.turn = signer_turn,
	.status = signer_status,
};
