#include "world.h"

#include "alloc/alloc.h"
#include "ipc/messages.h"
#include "made_conf.h"
#include "ocsp/answer.h"
#include "unit/ledger/made_stored.h"

#include <stdarg.h>

/* Longest step of the clock; a longer TIME PASSES goes in an eighth of the freshness bound. */
#define STEP_US (10 * MILLISECOND_US)
#define LONG_US (60 * SECOND_US)

void world_broken(struct world *w, const char *format, ...)
{
	va_list arguments;
	if (w->broken[0])
		return;
	va_start(arguments, format);
	(void)vsnprintf(w->broken, sizeof(w->broken), format, arguments);
	va_end(arguments);
}

struct world_algorithm world_algorithm(const char *name)
{
	struct world_algorithm algorithm = {.oid = {0x06, 0x03, 0x2a}, .size = 5};
	algorithm.oid[3] = (uint8_t)(name[0] & 0x7f);
	algorithm.oid[4] = (uint8_t)(name[0] ? name[1] & 0x7f : 0);
	return algorithm;
}

/* ---- frames ---- */

void world_send(struct world *w, enum room from, enum room to, unsigned index, uint8_t type,
		struct view payload)
{
	struct frame *frame = calloc(1, sizeof(*frame));
	if (!frame)
		abort();
	*frame = (struct frame){
		.from = from, .to = to, .index = index, .type = type, .sent = w->now};
	buffer_put_view(&frame->payload, payload);
	TAILQ_INSERT_TAIL(&w->frames, frame, queue);
}

static void frame_free(struct frame *frame)
{
	buffer_deinit(&frame->payload);
	free(frame);
}

static void frames_drop(struct frame_list *frames, enum room from, enum room to, int index)
{
	struct frame *frame, *next;
	for (frame = TAILQ_FIRST(frames); frame; frame = next) {
		bool other = index >= 0 && frame->index != (unsigned)index;
		next = TAILQ_NEXT(frame, queue);
		if (frame->from != from || frame->to != to || other)
			continue;
		TAILQ_REMOVE(frames, frame, queue);
		frame_free(frame);
	}
}

/* ---- what the ledger says ---- */

static void to_front(void *context, unsigned front, uint8_t type, struct view payload)
{
	OUTSIDE;
	world_send(context, ROOM_LEDGER, ROOM_FRONT, front, type, payload);
}

static void to_signer(void *context, unsigned signer, uint8_t type, struct view payload)
{
	OUTSIDE;
	unsigned place = signer / LIMIT_SIGNERS * WORLD_SIGNERS + signer % LIMIT_SIGNERS;
	world_send(context, ROOM_LEDGER, ROOM_SIGNER, place, type, payload);
}

/* Its index at the ledger. */
static unsigned signer_index(unsigned place)
{
	return place / WORLD_SIGNERS * LIMIT_SIGNERS + place % WORLD_SIGNERS;
}

static int lookup(void *context, uint64_t batch, const struct db_key *keys, size_t count,
		  bool proves)
{
	OUTSIDE;
	struct world *w = context;
	if (!w->database.up)
		return -ENOTCONN;
	size_t lane = 0;
	while (lane < LIMIT_LOOKUP_BATCHES && w->lookups[lane].pending)
		lane++;
	if (lane == LIMIT_LOOKUP_BATCHES)
		return -EBUSY;
	w->lookups[lane].pending = true;
	w->lookups[lane].batch = batch;
	w->lookups[lane].proves = proves;
	database_lookup(w, &w->lookups[lane], keys, count);
	return 0;
}

static void reload(void *context, const char *reason)
{
	OUTSIDE;
	struct world *w = context;
	(void)reason;
	w->database.reload = true;
}

static int journal(void *context, struct view octets)
{
	OUTSIDE;
	struct world *w = context;
	buffer_put_view(&w->journal[w->journal_current], octets);
	return 0;
}

static int journal_swap(void *context)
{
	OUTSIDE;
	struct world *w = context;
	w->journal_current ^= 1;
	buffer_reset(&w->journal[w->journal_current]);
	return 0;
}

static int keep(void *context, struct view octets)
{
	OUTSIDE;
	struct world *w = context;
	buffer_put_view(&w->kept[w->kept_current], octets);
	return 0;
}

static int keep_swap(void *context)
{
	OUTSIDE;
	struct world *w = context;
	w->kept_current ^= 1;
	buffer_reset(&w->kept[w->kept_current]);
	return 0;
}

/* What a fake signer made says what it was asked (read_response()). */
static bool read_answer(void *context, struct view der, struct ocsp_said *ret)
{
	OUTSIDE;
	struct cursor in = cursor_of(der);
	struct message_sign job;
	(void)context;
	*ret = (struct ocsp_said){.produced_at = cursor_i64(&in)};
	(void)cursor_take(&in, 16);
	if (in.failed || message_sign_read(in.rest, &job) < 0 || job.count != 1 ||
	    job.nonce.size > 0 || ocsp_certid_parse(job.entries[0].certid, &ret->certid) != 0)
		return false;
	ret->says = job.entries[0].says;
	ret->this_update = job.this_update;
	ret->next_update = job.next_update;
	return true;
}

static void signer_hung(void *context, unsigned signer)
{
	OUTSIDE;
	struct world *w = context;
	(void)signer;
	w->hung++;
}

static void alarm_count(void *context, const char *text)
{
	OUTSIDE;
	struct world *w = context;
	(void)text;
	w->alarms++;
}

static void condition_count(void *context, enum alarm_event event, const char *text)
{
	if (event == ALARM_BEGINS)
		alarm_count(context, text);
}

static const struct ledger_ops ledger_ops = {
	.to_front = to_front,
	.to_signer = to_signer,
	.lookup = lookup,
	.stored = stored_ask,
	.reload = reload,
	.journal = journal,
	.journal_swap = journal_swap,
	.keep = keep,
	.keep_swap = keep_swap,
	.read_answer = read_answer,
	.signer_hung = signer_hung,
	.alarm = alarm_count,
	.condition = condition_count,
};

/* ---- what a front says ---- */

static bool front_query(void *context, const struct message_query *query)
{
	OUTSIDE;
	struct world_front *front = context;
	cleanup(buffer_deinit) struct buffer payload = {0};
	message_query_write(&payload, query);
	if (buffer_result(&payload) < 0)
		world_broken(front->world, "a front cannot write its question");
	world_send(front->world, ROOM_FRONT, ROOM_LEDGER, front->index, MESSAGE_QUERY,
		   buffer_view(&payload));
	return true;
}

/* One that was signed beforehand, and for everybody. */
static void read_stored(struct world *w, struct question *question, struct view der)
{
	struct ocsp_said said;
	struct fault why = {""};
	if (ocsp_said_read(der, &said, &why) != 0) {
		world_broken(w, "a stored answer that cannot be read: %s", why.text);
		return;
	}
	question->signed_at = question->stored->signed_at;
	question->produced_at = said.produced_at;
	question->this_update = said.this_update;
	question->next_update = said.next_update;
	question->status_count = 1;
	question->statuses[0].says = said.says;
	if (!view_equal(said.certid.der, buffer_view(&question->certids[0])))
		world_broken(w, "I-5: a response with another CertID");
}

/* A fake response is producedAt, both clocks when the ledger sent the job, and the job. */
static void read_response(struct world *w, struct question *question, struct view der)
{
	question->stored = stored_find(w, der);
	if (question->stored) {
		read_stored(w, question, der);
		return;
	}
	struct cursor in = cursor_of(der);
	int64_t produced_at = cursor_i64(&in);
	question->signed_at.wall_us = cursor_i64(&in);
	question->signed_at.mono_us = cursor_i64(&in);
	struct message_sign job;
	if (in.failed || message_sign_read(in.rest, &job) < 0) {
		world_broken(w, "a response that no signer has signed");
		return;
	}
	question->produced_at = produced_at;
	question->this_update = job.this_update;
	question->next_update = job.next_update;
	question->status_count = job.count;
	question->algorithm.size = job.algorithm.size;
	if (job.algorithm.size == sizeof(question->algorithm.oid))
		memcpy(question->algorithm.oid, job.algorithm.data, job.algorithm.size);
	question->unknown_issuer = job.unknown_issuer;
	if (!view_equal(job.nonce, question->nonce))
		world_broken(w, "P-16: a response with another nonce");
	for (unsigned i = 0; i < job.count && i < question->count; i++) {
		if (!view_equal(job.entries[i].certid, buffer_view(&question->certids[i])))
			world_broken(w, "I-5: a response with another CertID");
		question->statuses[i] = job.entries[i];
		question->statuses[i].certid = (struct view){0};
	}
}

static void take_answer(struct world *w, struct question *question, const struct answer *answer)
{
	question->result = answer->result;
	if (answer->result == OCSP_SUCCESSFUL)
		read_response(w, question, answer->der);
	oracle_judge(w, question);
	question->answered = true;
}

static void deliver(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	OUTSIDE;
	struct world_front *front = context;
	uint8_t *at = (uint8_t *)waiter - offsetof(struct question, waiter);
	take_answer(front->world, (struct question *)at, answer);
}

static const struct answers_ops front_ops = {.query = front_query, .deliver = deliver};

static void front_receive(struct world *w, const struct frame *frame)
{
	struct answers *answers = w->fronts[frame->index].answers;
	struct view payload = buffer_view(&frame->payload);
	union {
		struct message_answer answer;
		struct message_purge purge;
		struct message_tick tick;
		struct message_readiness readiness;
		struct message_algorithms algorithms;
		struct message_issuer issuer;
	} m;
	if (frame->type == MESSAGE_ANSWER && message_answer_read(payload, &m.answer) == 0)
		INSIDE(answers_answer(answers, &m.answer, &w->now));
	else if (frame->type == MESSAGE_PURGE && message_purge_read(payload, &m.purge) == 0)
		INSIDE(answers_purge(answers, &m.purge, &w->now));
	else if (frame->type == MESSAGE_TICK && message_tick_read(payload, &m.tick) == 0)
		INSIDE(answers_tick(answers, &m.tick));
	else if (frame->type == MESSAGE_READINESS &&
		 message_readiness_read(payload, &m.readiness) == 0)
		INSIDE(answers_readiness(answers, &m.readiness));
	else if (frame->type == MESSAGE_ALGORITHMS &&
		 message_algorithms_read(payload, &m.algorithms) == 0)
		INSIDE(answers_algorithms(answers, &m.algorithms));
	else if (frame->type == MESSAGE_ISSUER && message_issuer_read(payload, &m.issuer) == 0)
		INSIDE(answers_issuer(answers, &m.issuer));
	else
		world_broken(w, "the ledger sent a frame that a front cannot read");
}

/* ---- fake signers ---- */

/* That a signer of this place speaks of. */
static const struct conf *conf_of(const struct world *w, unsigned place)
{
	return place / WORLD_SIGNERS == w->half ? w->conf : w->edited;
}

/* Is it the section of the CA that the job's certificate is of? */
static void check_section(struct world *w, unsigned place, const struct message_sign *job)
{
	const struct conf *conf = conf_of(w, place);
	struct ocsp_certid certid;
	bool right = false;
	if (job->unknown_issuer || ocsp_certid_parse(job->entries[0].certid, &certid) != 0)
		return;
	for (unsigned i = 0; i < w->issuer_count; i++)
		right |= ocsp_issuer_matches(&w->issuers[i].hashes, &certid) &&
			 job->issuer < conf->issuer_count &&
			 strcmp(conf->issuers[job->issuer].name, w->issuers[i].name) == 0;
	if (!right)
		world_broken(w, "a signer is asked for another issuer");
}

static void signer_sign(struct world *w, unsigned index, const struct frame *frame)
{
	struct message_sign job;
	cleanup(buffer_deinit) struct buffer payload = {0}, der = {0};
	if (frame->type != MESSAGE_SIGN ||
	    message_sign_read(buffer_view(&frame->payload), &job) < 0) {
		world_broken(w, "the ledger sent a frame that a signer cannot read");
		return;
	}
	struct message_signed m = {.id = job.id, .result = w->signers[index].result};
	if (w->signers[index].attached && index / WORLD_SIGNERS == w->half)
		check_section(w, index, &job);
	if (m.result == OCSP_SUCCESSFUL) {
		m.produced_at = wall_seconds(w->now.wall_us);
		m.next_update = job.next_update;
		buffer_put_i64(&der, m.produced_at);
		buffer_put_i64(&der, frame->sent.wall_us);
		buffer_put_i64(&der, frame->sent.mono_us);
		buffer_put_view(&der, buffer_view(&frame->payload));
		m.der = buffer_view(&der);
		w->signatures++;
	}
	message_signed_write(&payload, &m);
	world_send(w, ROOM_SIGNER, ROOM_LEDGER, index, MESSAGE_SIGNED, buffer_view(&payload));
}

void world_signer_receive(struct world *w, struct frame *frame)
{
	struct fake_signer *signer = &w->signers[frame->index];
	if (signer->holds) {
		TAILQ_INSERT_TAIL(&signer->held, frame, queue);
		return;
	}
	if (signer->attached)
		signer_sign(w, frame->index, frame);
	frame_free(frame);
}

void world_signer_signs(struct world *w, unsigned index)
{
	struct fake_signer *signer = &w->signers[index];
	struct frame *frame;
	signer->holds = false;
	while ((frame = TAILQ_FIRST(&signer->held))) {
		TAILQ_REMOVE(&signer->held, frame, queue);
		signer_sign(w, index, frame);
		frame_free(frame);
	}
}

static void tell_offer(struct world *w, unsigned place, unsigned issuer)
{
	struct world_issuer *of = &w->issuers[issuer];
	const struct conf *conf = conf_of(w, place);
	const struct conf_issuer *section = conf_issuer_named(conf, of->name);
	cleanup(buffer_deinit) struct buffer payload = {0};
	if (!section)
		return;
	struct message_offer m = {.issuer = (uint32_t)(section - conf->issuers),
				  .count = of->algorithm_count,
				  .signers = view_of(&of->signers, sizeof(of->signers))};
	for (unsigned i = 0; i < m.count; i++)
		m.algorithms[i] = view_of(of->algorithms[i].oid, of->algorithms[i].size);
	for (int i = 0; i < OCSP_HASHES; i++)
		m.key_hashes[i] =
			view_of(of->hashes.hashes[i].key, ocsp_hash_size((enum ocsp_hash)(i + 1)));
	message_offer_write(&payload, &m);
	world_send(w, ROOM_SIGNER, ROOM_LEDGER, place, MESSAGE_OFFER, buffer_view(&payload));
}

void world_signer_attach(struct world *w, unsigned place)
{
	w->signers[place].attached = true;
	w->signers[place].holds = false;
	INSIDE(ledger_signer_attach(w->ledger, signer_index(place), w->now));
	for (unsigned i = 0; i < w->issuer_count; i++)
		tell_offer(w, place, i);
}

void world_signers_offer(struct world *w, unsigned issuer, const struct world_algorithm *algorithms,
			 unsigned count)
{
	struct world_issuer *of = &w->issuers[issuer];
	of->algorithm_count = count;
	if (count > 0)
		memcpy(of->algorithms, algorithms, count * sizeof(*algorithms));
	for (unsigned i = 0; i < array_size(w->signers); i++)
		if (w->signers[i].attached)
			tell_offer(w, i, issuer);
}

void world_signer_detach(struct world *w, unsigned index)
{
	if (!w->signers[index].attached)
		return;
	w->signers[index].attached = false;
	frames_drop(&w->signers[index].held, ROOM_LEDGER, ROOM_SIGNER, -1);
	frames_drop(&w->frames, ROOM_LEDGER, ROOM_SIGNER, (int)index);
	frames_drop(&w->frames, ROOM_SIGNER, ROOM_LEDGER, (int)index);
	INSIDE(ledger_signer_detach(w->ledger, signer_index(index), w->now));
}

/* ---- turns ---- */

/* A room that cannot go on ends, and is begun again. */
static void must_be_refused(void)
{
	if (!alloc_refused())
		abort();
}

/* What the ledger could not take closes its channel, and the warden makes another one. */
static void reconnect(struct world *w, enum room from, unsigned index)
{
	if (from == ROOM_SIGNER) {
		world_signer_detach(w, index);
		world_signer_attach(w, index);
		return;
	}
	frames_drop(&w->frames, ROOM_FRONT, ROOM_LEDGER, (int)index);
	frames_drop(&w->frames, ROOM_LEDGER, ROOM_FRONT, (int)index);
	INSIDE(answers_ledger_lost(w->fronts[index].answers));
	INSIDE(ledger_front_detach(w->ledger, index));
	INSIDE(ledger_front_attach(w->ledger, index, w->now));
	INSIDE(answers_ledger_connected(w->fronts[index].answers));
}

static void frame_deliver(struct world *w, struct frame *frame)
{
	struct view payload = buffer_view(&frame->payload);
	int result = 0;
	if (frame->to == ROOM_SIGNER) {
		world_signer_receive(w, frame);
		return;
	}
	if (frame->to == ROOM_FRONT)
		front_receive(w, frame);
	else if (frame->from == ROOM_FRONT)
		result = INSIDE_RESULT(
			ledger_front_frame(w->ledger, frame->index, frame->type, payload, w->now));
	else
		result = INSIDE_RESULT(ledger_signer_frame(w->ledger, signer_index(frame->index),
							   frame->type, payload, w->now));
	if (result < 0 && alloc_refused())
		reconnect(w, frame->from, frame->index);
	else if (result < 0)
		world_broken(w, "the ledger refused a frame");
	frame_free(frame);
}

struct world_lookup *world_lookup_next(struct world *w, bool latest)
{
	struct world_lookup *found = NULL;
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		if (w->lookups[i].pending &&
		    (!found || (w->lookups[i].batch > found->batch) == latest))
			found = &w->lookups[i];
	return found;
}

void world_lookups_go(struct world *w, bool latest_first)
{
	struct world_lookup *l;
	while ((l = world_lookup_next(w, latest_first))) {
		l->pending = false;
		database_looked(w, l);
		INSIDE(ledger_lookup_done(w->ledger, l->batch, &l->evidence, l->found, l->count,
					  w->now));
	}
}

void world_settle(struct world *w)
{
	do {
		struct frame *frame;
		while ((frame = TAILQ_FIRST(&w->frames))) {
			TAILQ_REMOVE(&w->frames, frame, queue);
			frame_deliver(w, frame);
		}
		INSIDE(ledger_turn_end(w->ledger, w->now));
		if (!w->lookups_held)
			world_lookups_go(w, false);
		if (!w->stored_held)
			stored_go(w);
		if (w->database.reload)
			(void)database_reload(w);
		if (ledger_incomplete(w->ledger)) { /* its room ends by itself */
			must_be_refused();
			world_restart_ledger(w);
		}
	} while (!TAILQ_EMPTY(&w->frames) || (world_lookup_next(w, false) && !w->lookups_held) ||
		 (w->fetch.pending && !w->stored_held));
}

static void events_due(struct world *w, int64_t poll_interval_us)
{
	if (w->feed_on && w->database.up && w->now.mono_us >= w->next_poll_us) {
		database_poll(w);
		w->next_poll_us = w->now.mono_us + poll_interval_us;
	}
	if (w->now.mono_us >= ledger_next_timer(w->ledger))
		INSIDE(ledger_timer(w->ledger, w->now));
	world_settle(w);
	for (unsigned i = 0; i < w->front_count; i++)
		INSIDE(answers_expire(w->fronts[i].answers, &w->now));
	world_settle(w);
}

void world_time_passes(struct world *w, int64_t duration_us)
{
	bool is_long = duration_us > LONG_US;
	int64_t step_us = is_long ? w->conf->database.freshness_us / 8 : STEP_US;
	int64_t end = w->now.mono_us + duration_us;
	while (w->now.mono_us < end) {
		int64_t left = end - w->now.mono_us, step = left < step_us ? left : step_us;
		w->now.mono_us += step;
		w->now.wall_us += step;
		events_due(w, is_long ? 0 : w->conf->database.poll_interval_us);
	}
}

void world_clock_jumps(struct world *w, int64_t by_us)
{
	w->clock_before_us = w->now.wall_us - w->now.mono_us;
	w->clock_jumped_us = w->now.mono_us;
	w->now.wall_us += by_us;
}

/* ---- clients ---- */

static const uint8_t a_nonce[] = "a nonce of its own";

static struct ocsp_request request_of(struct world *w, const struct question *question)
{
	struct ocsp_request request = {.certid_count = question->count,
				       .nonce = question->nonce,
				       .has_nonce = question->nonce.size > 0,
				       .preferred_count = w->prefer_count};
	for (unsigned i = 0; i < w->prefer_count; i++)
		request.preferred[i] = view_of(w->prefers[i].oid, w->prefers[i].size);
	for (unsigned i = 0; i < question->count; i++)
		if (ocsp_certid_parse(buffer_view(&question->certids[i]), &request.certids[i]) != 0)
			world_broken(w, "the harness made a malformed CertID");
	return request;
}

struct question *world_ask(struct world *w, unsigned front, unsigned count, const unsigned *issuers,
			   const struct serial *serials, enum ocsp_hash hash, bool nonce)
{
	struct question *question = calloc(1, sizeof(*question));
	struct answer answer;
	if (!question)
		abort();
	question->front = front;
	question->count = count;
	if (nonce)
		question->nonce = view_of(a_nonce, sizeof(a_nonce));
	for (unsigned i = 0; i < count; i++) {
		const struct ocsp_issuer *issuer = &w->issuers[issuers[i]].hashes;
		question->issuers[i] = issuers[i];
		question->serials[i] = serials[i];
		made_certid(&question->certids[i], hash, issuer, issuer, serial_view(&serials[i]));
	}
	struct ocsp_request request = request_of(w, question);
	int result = INSIDE_RESULT(answers_ask(w->fronts[front].answers, &request,
					       &question->waiter, &w->now, &answer));
	w->prefer_count = 0;
	TAILQ_INSERT_TAIL(&w->questions, question, all);
	if (result == 0) {
		question->hit = answer.entry != NULL;
		take_answer(w, question, &answer);
	}
	world_settle(w);
	return question;
}

/* ---- start, restarts, end ---- */

int world_init(struct world *w)
{
	*w = (struct world){
		.now = {.wall_us = INT64_C(1767225600) * SECOND_US, .mono_us = 1000 * SECOND_US},
		.front_count = 1,
		.signer_count = 1,
		.feed_on = true,
	};
	w->conf = w->edited = &w->confs[0];
	*w->conf = made_conf_of(CONF_FRONT | CONF_LEDGER, w->sections[0], 0);
	w->conf->server.cache_size = 1u << 20;
	w->conf->server.kept_answers = 1u << 20;
	w->conf->server.answer_timeout_us = 3 * SECOND_US;
	w->conf->server.max_certids = LIMIT_CERTIDS;
	w->conf->database.poll_interval_us = 50 * MILLISECOND_US;
	w->conf->database.freshness_us = 5 * SECOND_US;
	database_init(&w->database);
	w->database.clock_us = w->now.wall_us - w->now.mono_us;
	w->crl_from = wall_seconds(w->now.wall_us) - 3600;
	TAILQ_INIT(&w->frames);
	TAILQ_INIT(&w->questions);
	TAILQ_INIT(&w->stored);
	for (unsigned i = 0; i < array_size(w->signers); i++)
		TAILQ_INIT(&w->signers[i].held);
	return 0;
}

unsigned world_add_issuer(struct world *w, const char *name, bool registered, bool configured)
{
	unsigned index = w->issuer_count++;
	struct world_issuer *issuer = &w->issuers[index];
	(void)snprintf(issuer->name, sizeof(issuer->name), "%s", name);
	issuer->registered = registered;
	issuer->configured = configured;
	crls_add(w, database_issuer_id(index), w->crl_from, TIME_MOST);
	made_signing_certificate(&issuer->certificate, name);
	struct certificate certificate;
	if (certificate_read(buffer_view(&issuer->certificate), &certificate) != 0 ||
	    ocsp_issuer_init(&issuer->hashes, certificate.subject, certificate.key_bits) < 0)
		world_broken(w, "the harness made a malformed certificate");
	if (configured) {
		struct conf_issuer *section = &w->conf->issuers[w->conf->issuer_count++];
		*section = made_issuer(CONF_FRONT | CONF_LEDGER);
		section->name = issuer->name;
		section->validity_us = INT64_C(8) * 3600 * SECOND_US;
		issuer->algorithms[0] = world_algorithm("one");
		issuer->algorithm_count = 1;
	}
	return index;
}

void world_copy(struct buffer *to, const struct buffer *from)
{
	buffer_reset(to);
	buffer_put_view(to, buffer_view(from));
}

/* Without memory for them there are none. */
static void recall_answers(struct world *w)
{
	struct buffer files[2] = {{0}, {0}};
	struct ledger_recalled recalled;
	for (unsigned i = 0; i < 2; i++)
		world_copy(&files[i], &w->kept[i]);
	if (INSIDE_RESULT(ledger_recall_answers(w->ledger, files, &recalled)) < 0) {
		must_be_refused();
		return;
	}
	w->kept_current = recalled.current;
	w->kept[recalled.current].size = recalled.size;
}

static void ledger_start(struct world *w)
{
	static const struct siphash_key key = {.k0 = 1, .k1 = 2};
	struct view files[2] = {buffer_view(&w->journal[0]), buffer_view(&w->journal[1])};
	while (INSIDE_RESULT(ledger_new(w->conf, &key, &ledger_ops, w, &w->ledger)) < 0)
		must_be_refused();
	while (w->journaled &&
	       INSIDE_RESULT(ledger_recall(w->ledger, files, &w->journal_current)) < 0)
		must_be_refused();
	if (w->keeps)
		recall_answers(w);
	for (unsigned i = 0; i < w->front_count; i++) {
		INSIDE(ledger_front_attach(w->ledger, i, w->now));
		INSIDE(answers_ledger_connected(w->fronts[i].answers));
	}
	w->half = 0;
	for (unsigned i = 0; i < w->signer_count; i++)
		world_signer_attach(w, i);
	if (w->database.up)
		database_up(w);
	world_settle(w);
}

static struct answers_settings settings_of(const struct conf *conf)
{
	return (struct answers_settings){
		.cache_bytes = conf->server.cache_size,
		.max_age_us = conf->server.max_age_us,
		.answer_timeout_us = conf->server.answer_timeout_us,
	};
}

static void front_start(struct world *w, unsigned index)
{
	struct answers_settings settings = settings_of(w->conf);
	w->fronts[index].world = w;
	w->fronts[index].index = index;
	while (INSIDE_RESULT(answers_new(&settings, &front_ops, &w->fronts[index],
					 &w->fronts[index].answers)) < 0)
		must_be_refused();
}

void world_start(struct world *w)
{
	if (w->started)
		return;
	w->started = true;
	for (unsigned i = 0; i < w->front_count; i++)
		front_start(w, i);
	INSIDE(ledger_start(w));
}

static void ledger_end(struct world *w)
{
	for (unsigned i = 0; i < array_size(w->signers); i++)
		world_signer_detach(w, i);
	w->prepared = false;
	frames_drop(&w->frames, ROOM_FRONT, ROOM_LEDGER, -1);
	frames_drop(&w->frames, ROOM_LEDGER, ROOM_FRONT, -1);
	ledger_free(w->ledger);
	w->ledger = NULL;
	w->fetch.pending = false;
	memset(w->lookups, 0, sizeof(w->lookups));
}

void world_accept(struct world *w)
{
	struct question *question;
	TAILQ_FOREACH(question, &w->questions, all)
		question->forgotten = true;
	INSIDE((void)ledger_accept_history(w->ledger, w->now));
}

void world_restart_ledger(struct world *w)
{
	INSIDE(ledger_end(w));
	for (unsigned i = 0; i < w->front_count; i++)
		INSIDE(answers_ledger_lost(w->fronts[i].answers));
	INSIDE(ledger_start(w));
}

/* ---- another configuration ---- */

void world_edit(struct world *w)
{
	if (w->edited != w->conf || !w->started)
		return;
	unsigned other = w->conf == &w->confs[0];
	w->edited = &w->confs[other];
	*w->edited = *w->conf;
	w->edited->issuers = w->sections[other];
	memcpy(w->sections[other], w->sections[!other], sizeof(w->sections[other]));
}

void world_prepare(struct world *w)
{
	world_edit(w);
	for (unsigned i = 0; i < w->signer_count; i++) /* those of before have ended by now */
		world_signer_detach(w, (w->half ^ 1) * WORLD_SIGNERS + i);
	if (INSIDE_RESULT(ledger_prepare(w->ledger, w->edited)) < 0) { /* the reload fails */
		must_be_refused();
		w->edited = w->conf;
		return;
	}
	w->prepared = true;
	for (unsigned i = 0; i < w->signer_count; i++)
		world_signer_attach(w, (w->half ^ 1) * WORLD_SIGNERS + i);
	world_settle(w);
}

void world_commit(struct world *w)
{
	struct answers_settings settings = settings_of(w->edited);
	if (!ledger_prepared(w->ledger))
		world_broken(w, "the ledger is not prepared");
	INSIDE(ledger_commit(w->ledger, w->now));
	for (unsigned i = 0; i < w->front_count; i++)
		INSIDE(answers_configure(w->fronts[i].answers, &settings));
	w->conf = w->edited;
	w->half ^= 1;
	w->prepared = false;
	world_settle(w);
}

void world_abandon(struct world *w)
{
	INSIDE(ledger_abandon(w->ledger));
	for (unsigned i = 0; i < w->signer_count; i++)
		world_signer_detach(w, (w->half ^ 1) * WORLD_SIGNERS + i);
	w->edited = w->conf;
	w->prepared = false;
}

/* Whoever waited at it has lost the connection: those questions stay unanswered. */
static void front_end(struct world *w, unsigned index)
{
	struct question *question;
	TAILQ_FOREACH(question, &w->questions, all)
		if (question->front == index && question->waiter.flight)
			INSIDE(answers_leave(w->fronts[index].answers, &question->waiter));
	answers_free(w->fronts[index].answers);
}

void world_restart_front(struct world *w, unsigned index)
{
	frames_drop(&w->frames, ROOM_FRONT, ROOM_LEDGER, (int)index);
	frames_drop(&w->frames, ROOM_LEDGER, ROOM_FRONT, (int)index);
	front_end(w, index);
	INSIDE(ledger_front_detach(w->ledger, index));
	front_start(w, index);
	INSIDE(ledger_front_attach(w->ledger, index, w->now));
	INSIDE(answers_ledger_connected(w->fronts[index].answers));
	world_settle(w);
}

static void questions_free(struct world *w)
{
	struct question *question;
	while ((question = TAILQ_FIRST(&w->questions))) {
		TAILQ_REMOVE(&w->questions, question, all);
		for (unsigned i = 0; i < question->count; i++)
			buffer_deinit(&question->certids[i]);
		free(question);
	}
}

void world_deinit(struct world *w)
{
	if (w->started) {
		INSIDE(ledger_end(w));
		for (unsigned i = 0; i < w->front_count; i++)
			front_end(w, i);
	}
	questions_free(w);
	stored_free(w);
	buffer_deinit(&w->journal[0]);
	buffer_deinit(&w->journal[1]);
	crls_free(w);
	for (unsigned i = 0; i < 2; i++) {
		buffer_deinit(&w->kept[i]);
		buffer_deinit(&w->kept_saved[i]);
	}
	database_deinit(&w->database);
	database_forget_looked(w);
	for (unsigned i = 0; i < w->issuer_count; i++)
		buffer_deinit(&w->issuers[i].certificate);
}

uint64_t world_count(struct world *w, const char *name)
{
	cleanup(buffer_deinit) struct buffer status = {0};
	char pattern[64];
	INSIDE(ledger_status(w->ledger, w->now, &status));
	buffer_put_u8(&status, 0);
	(void)snprintf(pattern, sizeof(pattern), "\"%s\":", name);
	const char *at = buffer_result(&status) == 0 ? strstr((char *)status.data, pattern) : NULL;
	if (!at)
		world_broken(w, "the ledger's status has no %s", name);
	return at ? strtoull(at + strlen(pattern), NULL, 10) : 0;
}
