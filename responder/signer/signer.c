/* The room that signs: one process of several. Holds the keys; sees neither the network nor the
 * database. It answers the jobs of the ledger, in order.
 *
 *   ledger ──SIGN──▶ jobs ──a few a turn──▶ keyring ──SIGNED──▶ ledger
 *                            clock ──watch──▶ keyring ──OFFER──▶ ledger */
#include "ipc/messages.h"
#include "room/room.h"
#include "signer/heap.h"
#include "signer/jobs.h"
#include "signer/vault.h"
#include "signer/watch.h"

/* Work of one turn of the event loop, after which what was signed leaves: long enough for a handful
 * of ECDSA signatures in one write, short enough that the first does not wait for the last. */
#define TURN_US (4 * MILLISECOND_US)
/* How often we look whose certificates have begun or ended (P-37). */
#define WATCH_US SECOND_US
/* Failures are logged at most so often; a hostile ledger must not fill the log. */
#define COMPLAINT_INTERVAL_US SECOND_US

static const struct peer ledger = {ROOM_LEDGER, 0};

struct signer {
	struct shell *shell;
	struct keyring keyring;
	struct jobs jobs;
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

static void do_job(struct signer *s, struct view payload, struct moment now)
{
	struct message_sign job;
	struct message_signed answer;
	const char *reason;
	if (message_sign_read(payload, &job) < 0)
		return; /* was read once before it was queued */
	buffer_reset(&s->der);
	keyring_answer(&s->keyring, &job, wall_seconds(now.wall_us), &s->der, &answer, &reason);
	log_debug("signed " REQUEST_FORMAT " issuer=%u certids=%u result=%s", job.request,
		  job.issuer, job.count, ocsp_result_name(answer.result));
	if (reason)
		complain(s, job.issuer, reason, now.mono_us);
	buffer_reset(&s->frame);
	message_signed_write(&s->frame, &answer);
	(void)shell_send_buffer(s->shell, ledger, MESSAGE_SIGNED, &s->frame);
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

static int64_t signer_turn(void *context, struct moment now)
{
	struct signer *s = context;
	work(s, now);
	if (now.mono_us >= s->watch_at_us) {
		s->watch_at_us = now.mono_us + WATCH_US;
		tell_offers(s, false, now);
	}
	return s->jobs.count > 0 ? now.mono_us : s->watch_at_us;
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
}

static size_t signer_in_flight(const void *context)
{
	const struct signer *s = context;
	return s->jobs.count;
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
	if (result < 0) {
		signer_free(s);
		return result;
	}
	if (shell->index % LIMIT_SIGNERS == 0)
		watch_aloud(&s->keyring);
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
