/* One instance: the real ledger and fronts, signers that write down what they were asked, and the octets
 * between them. */
#include "world.h"

#include "base/check.h"
#include "ipc/frame.h"
#include "ipc/messages.h"
#include "ocsp/answer.h"
#include "ocsp/certificate.h"
#include "unit/ledger/made.h"

/* ---- octets ---- */

static void pipe_write(struct pipe *p, uint8_t type, struct view payload)
{
	frame_put(&p->octets, type, payload);
}

static void pipe_drop(struct pipe *p)
{
	buffer_reset(&p->octets);
	buffer_reset(&p->partial);
}

static void pipe_deinit(struct pipe *p)
{
	buffer_deinit(&p->octets);
	buffer_deinit(&p->partial);
}

typedef void reader(void *context, uint8_t type, struct view payload);

static bool pipe_read(struct pipe *p, size_t octets, reader *receive, void *context)
{
	size_t size = octets == 0 || octets > p->octets.size ? p->octets.size : octets;
	if (size == 0)
		return false;
	buffer_put_view(&p->partial, view_of(p->octets.data, size));
	buffer_consume(&p->octets, size);
	/* What a frame causes may end in this very pipe being dropped. */
	struct buffer taken = p->partial;
	p->partial = (struct buffer){0};
	struct cursor in = cursor_of(buffer_view(&taken));
	uint8_t type;
	struct view payload;
	size_t wanted;
	while (frame_take(&in, &type, &payload, &wanted))
		receive(context, type, payload);
	check(!in.failed);
	buffer_put_view(&p->partial, in.rest);
	buffer_deinit(&taken);
	return true;
}

/* ---- what the ledger says ---- */

static void to_front(void *context, unsigned front, uint8_t type, struct view payload)
{
	struct instance *in = context;
	pipe_write(&in->fronts[front].from_ledger, type, payload);
}

/* When it was sent, and as which of all jobs, travels with the job. */
static void to_signer(void *context, unsigned signer, uint8_t type, struct view payload)
{
	struct instance *in = context;
	struct moment now = instance_now(in);
	cleanup(buffer_deinit) struct buffer job = {0};
	buffer_put_i64(&job, now.wall_us);
	buffer_put_i64(&job, now.mono_us);
	buffer_put_u64(&job, ++in->world->decisions);
	buffer_put_view(&job, payload);
	pipe_write(&in->signers[signer].from_ledger, type, buffer_view(&job));
}

static int lookup(void *context, uint64_t batch, const struct db_key *keys, size_t count,
		  bool proves)
{
	return lookup_ask(context, batch, keys, count, proves);
}

static int stored(void *context, uint64_t batch, const struct db_stored_key *keys, size_t count)
{
	return fetch_ask(context, batch, keys, count);
}

static void reload(void *context, const char *reason)
{
	struct instance *in = context;
	world_trace(in->world, "instance %u loads anew: %s", in->index, reason);
	in->feed.reload = true;
}

static int journal(void *context, struct view octets)
{
	struct instance *in = context;
	in->journal.damaged = in->journal.damaged || in->journal.broken;
	if (in->journal.broken)
		return -EIO;
	buffer_put_view(&in->journal.files[in->journal.current], octets);
	return 0;
}

static int journal_swap(void *context)
{
	struct instance *in = context;
	in->journal.damaged =
		in->journal.damaged || in->journal.broken; /* it stops then, and says so */
	if (in->journal.broken)
		return -EIO;
	in->journal.current ^= 1;
	buffer_reset(&in->journal.files[in->journal.current]);
	return 0;
}

static int keep(void *context, struct view octets)
{
	struct instance *in = context;
	if (in->journal.broken)
		return -EIO;
	buffer_put_view(&in->kept.files[in->kept.current], octets);
	return 0;
}

static int keep_swap(void *context)
{
	struct instance *in = context;
	if (in->journal.broken)
		return -EIO;
	in->kept.current ^= 1;
	buffer_reset(&in->kept.files[in->kept.current]);
	return 0;
}

/* What the signer was asked stands in it (read_response()). */
static bool read_answer(void *context, struct view der, struct ocsp_said *ret)
{
	struct cursor in = cursor_of(der);
	struct message_sign job;
	(void)context;
	*ret = (struct ocsp_said){.produced_at = cursor_i64(&in)};
	(void)cursor_take(&in, 24);
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
	struct instance *in = context;
	world_trace(in->world, "instance %u: signer %u hangs", in->index, signer);
}

static void alarm_line(void *context, const char *text)
{
	struct instance *in = context;
	in->alarms++;
	world_trace(in->world, "instance %u alarm: %s", in->index, text);
}

static void condition_line(void *context, enum alarm_event event, const char *text)
{
	if (event == ALARM_BEGINS)
		alarm_line(context, text);
}

static const struct ledger_ops ledger_ops = {
	.to_front = to_front,
	.to_signer = to_signer,
	.lookup = lookup,
	.stored = stored,
	.reload = reload,
	.journal = journal,
	.journal_swap = journal_swap,
	.keep = keep,
	.keep_swap = keep_swap,
	.read_answer = read_answer,
	.signer_hung = signer_hung,
	.alarm = alarm_line,
	.condition = condition_line,
};

/* ---- what a front says ---- */

static bool front_query(void *context, const struct message_query *query)
{
	struct sim_front *f = context;
	cleanup(buffer_deinit) struct buffer payload = {0};
	if (!f->instance->ledger)
		return false;
	message_query_write(&payload, query);
	if (buffer_result(&payload) < 0)
		world_broken(f->instance->world, "check", "a front cannot write its question");
	pipe_write(&f->to_ledger, MESSAGE_QUERY, buffer_view(&payload));
	return true;
}

static void read_entry(struct question *q, unsigned i, struct view certid,
		       const struct ocsp_cert_status *says, struct world *w, struct statement *ret)
{
	if (!view_equal(certid, buffer_view(&q->certids[i])))
		world_broken(w, "I-5", "a response with another CertID");
	*ret = (struct statement){
		.issuer = q->issuer,
		.serial = q->serials[i],
		.status = says->status,
		.reason = says->reason,
		.change = says->status == OCSP_REVOKED && says->invalidity_at > 0
				  ? (uint64_t)says->invalidity_at
				  : 0,
	};
}

static bool has_nonce(const struct question *q)
{
	static const uint8_t none[sizeof(q->nonce)];
	return memcmp(q->nonce, none, sizeof(none)) != 0;
}

/* One that was signed beforehand, for everybody: it tells neither when it was decided nor a nonce. */
static void read_stored(struct world *w, struct question *q, struct reply *ret)
{
	const struct stored *stored = ret->stored;
	ret->produced_at = ret->this_update = stored->this_update;
	ret->next_update = stored->next_update;
	ret->section = stored->issuer;
	ret->count = 1;
	read_entry(q, 0, buffer_view(&stored->certid), &stored->says, w, &ret->statements[0]);
}

/* A fake response is producedAt, both clocks and the number of the decision, and the job. */
static void read_response(struct world *w, struct question *q, struct view der, struct reply *ret)
{
	ret->stored = stored_find(w, der);
	if (ret->stored) {
		read_stored(w, q, ret);
		return;
	}
	struct cursor in = cursor_of(der);
	struct message_sign job;
	ret->produced_at = cursor_i64(&in);
	ret->decided.wall_us = cursor_i64(&in);
	ret->decided.mono_us = cursor_i64(&in);
	ret->decision = cursor_u64(&in);
	if (in.failed || message_sign_read(in.rest, &job) < 0) {
		world_broken(w, "I-5", "a response that no signer has signed");
		return;
	}
	ret->this_update = job.this_update;
	ret->next_update = job.next_update;
	ret->section = job.issuer;
	ret->count = job.count;
	if (has_nonce(q) && !view_equal(job.nonce, view_of(q->nonce, sizeof(q->nonce))))
		world_broken(w, "I-5", "a response with another nonce");
	for (unsigned i = 0; i < job.count && i < q->count; i++)
		read_entry(q, i, job.entries[i].certid, &job.entries[i].says, w,
			   &ret->statements[i]);
}

static void question_free(struct question *q)
{
	for (unsigned i = 0; i < q->count; i++)
		buffer_deinit(&q->certids[i]);
	free(q);
}

static const char *result_name(const struct reply *reply)
{
	static const char *const statuses[] = {"good", "revoked", "unknown"};
	if (reply->result != OCSP_SUCCESSFUL)
		return reply->result == OCSP_TRY_LATER ? "tryLater" : "an error";
	return statuses[reply->statements[0].status];
}

static void answered(struct sim_front *f, struct question *q, const struct answer *answer)
{
	struct instance *in = f->instance;
	struct reply reply = {
		.front = f->index, .result = answer->result, .hit = answer->entry != NULL};
	if (answer->result == OCSP_SUCCESSFUL)
		read_response(in->world, q, answer->der, &reply);
	if (reply.stored && !reply.hit)
		reply.decided = instance_now(in); /* or a moment before */
	world_trace(in->world, "instance %u front %u: %u/%u is %s%s thisUpdate %lld of %lld ms",
		    in->index, f->index, q->issuer, q->serials[0], result_name(&reply),
		    reply.hit ? ", cached," : "",
		    (long long)((reply.this_update * SECOND_US - in->clock_us) / MILLISECOND_US),
		    (long long)(reply.decided.mono_us / MILLISECOND_US));
	world_mix(in->world, reply.result + 8 * reply.decision + 131 * f->index + reply.hit);
	world_mix(in->world, (uint64_t)reply.this_update * 3 + reply.statements[0].status);
	oracle_judge(in, q, &reply);
	TAILQ_REMOVE(&in->questions, q, all);
	question_free(q);
}

static void deliver(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	uint8_t *at = (uint8_t *)waiter - offsetof(struct question, waiter);
	answered(context, (struct question *)at, answer);
}

static const struct answers_ops front_ops = {.query = front_query, .deliver = deliver};

static void front_receive(void *context, uint8_t type, struct view payload)
{
	struct sim_front *f = context;
	struct moment now = instance_now(f->instance);
	union {
		struct message_answer answer;
		struct message_purge purge;
		struct message_tick tick;
		struct message_readiness readiness;
		struct message_algorithms algorithms;
		struct message_issuer issuer;
	} m;
	if (type == MESSAGE_ANSWER && message_answer_read(payload, &m.answer) == 0)
		answers_answer(f->answers, &m.answer, &now);
	else if (type == MESSAGE_PURGE && message_purge_read(payload, &m.purge) == 0)
		answers_purge(f->answers, &m.purge, &now);
	else if (type == MESSAGE_TICK && message_tick_read(payload, &m.tick) == 0)
		answers_tick(f->answers, &m.tick);
	else if (type == MESSAGE_READINESS && message_readiness_read(payload, &m.readiness) == 0)
		answers_readiness(f->answers, &m.readiness);
	else if (type == MESSAGE_ALGORITHMS && message_algorithms_read(payload, &m.algorithms) == 0)
		answers_algorithms(f->answers, &m.algorithms);
	else if (type == MESSAGE_ISSUER && message_issuer_read(payload, &m.issuer) == 0)
		answers_issuer(f->answers, &m.issuer);
	else
		world_broken(f->instance->world, "check", "a frame that a front cannot read");
}

/* ---- signers ---- */

static void jobs_drop(struct sim_signer *s)
{
	struct sim_job *job;
	while ((job = TAILQ_FIRST(&s->jobs))) {
		TAILQ_REMOVE(&s->jobs, job, queue);
		buffer_deinit(&job->payload);
		free(job);
	}
}

static void signer_receive(void *context, uint8_t type, struct view payload)
{
	struct sim_signer *s = context;
	struct sim_job *job = calloc(1, sizeof(*job));
	if (!job || type != MESSAGE_SIGN)
		abort();
	buffer_put_view(&job->payload, payload);
	TAILQ_INSERT_TAIL(&s->jobs, job, queue);
}

/* The job is repeated as it came: clocks, number, fields. */
static void write_signed(struct instance *in, struct sim_signer *s, struct view job)
{
	struct message_sign m;
	struct message_signed ready = {.result = s->result};
	cleanup(buffer_deinit) struct buffer payload = {0}, der = {0};
	if (message_sign_read(view_of(job.data + 24, job.size - 24), &m) < 0) {
		world_broken(in->world, "check", "a frame that a signer cannot read");
		return;
	}
	ready.id = m.id;
	if (ready.result == OCSP_SUCCESSFUL) {
		ready.produced_at = wall_seconds(instance_now(in).wall_us);
		ready.next_update = m.next_update;
		buffer_put_i64(&der, ready.produced_at);
		buffer_put_view(&der, job);
		ready.der = buffer_view(&der);
	}
	message_signed_write(&payload, &ready);
	pipe_write(&s->to_ledger, MESSAGE_SIGNED, buffer_view(&payload));
}

bool signer_sign(struct instance *in, unsigned signer)
{
	struct sim_signer *s = &in->signers[signer];
	struct sim_job *job = TAILQ_FIRST(&s->jobs);
	if (!job)
		return false;
	TAILQ_REMOVE(&s->jobs, job, queue);
	write_signed(in, s, buffer_view(&job->payload));
	buffer_deinit(&job->payload);
	free(job);
	return true;
}

void signer_attach(struct instance *in, unsigned signer)
{
	struct sim_signer *s = &in->signers[signer];
	if (!in->ledger || s->attached)
		return;
	s->attached = true;
	s->result = OCSP_SUCCESSFUL;
	ledger_signer_attach(in->ledger, signer, instance_now(in));
	for (unsigned i = 0; i < in->world->options.issuers; i++)
		pipe_write(&s->to_ledger, MESSAGE_OFFER, buffer_view(&in->world->offers[i]));
	in->turn = true;
}

void signer_lose(struct instance *in, unsigned signer)
{
	struct sim_signer *s = &in->signers[signer];
	if (!s->attached)
		return;
	s->attached = false;
	pipe_drop(&s->to_ledger);
	ledger_signer_detach(in->ledger, signer, instance_now(in));
	pipe_drop(&s->from_ledger);
	jobs_drop(s);
	in->turn = true;
}

/* ---- deliveries ---- */

static void ledger_from_front(void *context, uint8_t type, struct view payload)
{
	struct sim_front *f = context;
	struct instance *in = f->instance;
	if (ledger_front_frame(in->ledger, f->index, type, payload, instance_now(in)) < 0)
		world_broken(in->world, "check", "the ledger refused a front's frame");
}

struct from_signer {
	struct instance *instance;
	unsigned index;
};

static void ledger_from_signer(void *context, uint8_t type, struct view payload)
{
	struct from_signer *from = context;
	struct instance *in = from->instance;
	if (ledger_signer_frame(in->ledger, from->index, type, payload, instance_now(in)) < 0)
		world_broken(in->world, "check", "the ledger refused a signer's frame");
}

static bool deliver_front(struct sim_front *f, bool to_ledger, size_t octets)
{
	if (to_ledger && f->instance->ledger) {
		f->instance->turn = true;
		return pipe_read(&f->to_ledger, octets, ledger_from_front, f);
	}
	return !to_ledger && f->answers && pipe_read(&f->from_ledger, octets, front_receive, f);
}

static bool deliver_signer(struct instance *in, unsigned index, bool to_ledger, size_t octets)
{
	struct sim_signer *s = &in->signers[index];
	struct from_signer from = {.instance = in, .index = index};
	if (!s->attached)
		return false;
	if (!to_ledger)
		return pipe_read(&s->from_ledger, octets, signer_receive, s);
	in->turn = true;
	return pipe_read(&s->to_ledger, octets, ledger_from_signer, &from);
}

bool pipe_deliver(struct instance *in, unsigned pipe, size_t octets)
{
	bool to_ledger = pipe % 2;
	unsigned index = pipe / 2;
	if (index < SIM_FRONTS)
		return deliver_front(&in->fronts[index], to_ledger, octets);
	return deliver_signer(in, index - SIM_FRONTS, to_ledger, octets);
}

/* ---- clients ---- */

static struct ocsp_request request_of(struct world *w, const struct question *q)
{
	struct ocsp_request request = {.certid_count = q->count, .has_nonce = has_nonce(q)};
	if (request.has_nonce)
		request.nonce = view_of(q->nonce, sizeof(q->nonce));
	for (unsigned i = 0; i < q->count; i++)
		if (ocsp_certid_parse(buffer_view(&q->certids[i]), &request.certids[i]) != 0)
			world_broken(w, "check", "a malformed CertID");
	return request;
}

void ask(struct instance *in, unsigned front, unsigned issuer, unsigned count,
	 const unsigned *serials, bool sha256, bool nonce)
{
	struct world *w = in->world;
	struct sim_front *f = &in->fronts[front];
	const struct ocsp_issuer *hashes = &w->hashes[issuer];
	struct moment now = instance_now(in);
	struct answer answer;
	if (!f->answers)
		return;
	struct question *q = calloc(1, sizeof(*q));
	if (!q)
		abort();
	*q = (struct question){
		.front = front, .issuer = issuer, .count = count, .asked_us = now.mono_us};
	if (nonce)
		memcpy(q->nonce, &(uint64_t){++w->nonces}, sizeof(uint64_t));
	for (unsigned i = 0; i < count; i++) {
		uint8_t octet = (uint8_t)(serials[i] + 1);
		q->serials[i] = serials[i];
		made_certid(&q->certids[i], sha256 ? OCSP_HASH_SHA256 : OCSP_HASH_SHA1, hashes,
			    hashes, view_of(&octet, 1));
	}
	struct ocsp_request request = request_of(w, q);
	TAILQ_INSERT_TAIL(&in->questions, q, all);
	if (answers_ask(f->answers, &request, &q->waiter, &now, &answer) == 0)
		answered(f, q, &answer);
}

/* ---- starts and crashes ---- */

void front_start(struct sim_front *f)
{
	struct instance *in = f->instance;
	struct answers_settings settings = {
		.cache_bytes = in->conf.server.cache_size,
		.max_age_us = in->conf.server.max_age_us,
		.answer_timeout_us = in->conf.server.answer_timeout_us,
	};
	if (f->answers)
		return;
	if (answers_new(&settings, &front_ops, f, &f->answers) < 0)
		abort();
	if (!in->ledger)
		return;
	ledger_front_attach(in->ledger, f->index, instance_now(in));
	answers_ledger_connected(f->answers);
	in->turn = true;
}

/* Its clients have lost their connections, and their questions are nobody's any more. */
void front_crash(struct sim_front *f)
{
	struct instance *in = f->instance;
	struct question *q, *next;
	if (!f->answers)
		return;
	for (q = TAILQ_FIRST(&in->questions); q; q = next) {
		next = TAILQ_NEXT(q, all);
		if (q->front != f->index)
			continue;
		answers_leave(f->answers, &q->waiter);
		TAILQ_REMOVE(&in->questions, q, all);
		question_free(q);
	}
	answers_free(f->answers);
	f->answers = NULL;
	pipe_drop(&f->to_ledger);
	pipe_drop(&f->from_ledger);
	if (in->ledger)
		ledger_front_detach(in->ledger, f->index);
}

/* Without a journal nothing need be known that no database says any more. */
static void recall(struct instance *in)
{
	struct journal *j = &in->journal;
	struct view files[2] = {buffer_view(&j->files[0]), buffer_view(&j->files[1])};
	if (j->damaged || !j->kept)
		oracle_forget(in);
	j->damaged = false;
	if (j->kept && ledger_recall(in->ledger, files, &j->current) < 0)
		abort();
}

static void copy(struct buffer *to, const struct buffer *from)
{
	buffer_reset(to);
	buffer_put_view(to, buffer_view(from));
}

static void recall_answers(struct instance *in)
{
	struct kept_files *kept = &in->kept;
	struct buffer files[2] = {{0}, {0}};
	struct ledger_recalled recalled;
	if (!kept->on)
		return;
	for (unsigned i = 0; i < 2; i++)
		copy(&files[i], &kept->files[i]);
	if (ledger_recall_answers(in->ledger, files, &recalled) < 0)
		abort();
	kept->current = recalled.current;
	kept->files[recalled.current].size = recalled.size;
}

void ledger_start(struct instance *in)
{
	struct siphash_key key = {.k0 = in->world->options.seed, .k1 = ++in->world->nonces};
	if (in->ledger)
		return;
	if (ledger_new(&in->conf, &key, &ledger_ops, in, &in->ledger) < 0)
		abort();
	in->turn = true;
	recall(in);
	recall_answers(in);
	for (unsigned i = 0; i < in->world->options.fronts; i++) {
		if (!in->fronts[i].answers)
			continue;
		ledger_front_attach(in->ledger, i, instance_now(in));
		answers_ledger_connected(in->fronts[i].answers);
	}
	for (unsigned i = 0; i < in->world->options.signers; i++)
		signer_attach(in, i);
}

void ledger_crash(struct instance *in, bool read)
{
	if (!in->ledger)
		return;
	for (unsigned i = 0; read && i < SIM_FRONTS; i++)
		(void)deliver_front(&in->fronts[i], false, 0);
	for (unsigned i = 0; i < SIM_SIGNERS; i++)
		signer_lose(in, i);
	ledger_free(in->ledger);
	in->ledger = NULL;
	in->turn = false;
	in->feed.state = FEED_AWAY;
	in->feed.reload = in->feed.lost_told = false;
	in->feed.beat = (struct db_beat){0};
	in->fetch.state = FETCH_IDLE;
	for (unsigned i = 0; i < LIMIT_LOOKUP_BATCHES; i++) {
		in->lookups[i].state = LOOKUP_AWAY;
		in->lookups[i].beat = (struct db_beat){0};
	}
	for (unsigned i = 0; i < SIM_FRONTS; i++) {
		pipe_drop(&in->fronts[i].to_ledger);
		pipe_drop(&in->fronts[i].from_ledger);
		if (in->fronts[i].answers)
			answers_ledger_lost(in->fronts[i].answers);
	}
}

void journal_damage(struct instance *in, size_t octets)
{
	struct buffer *file = &in->journal.files[in->journal.current];
	if (in->ledger || file->size == 0)
		return;
	in->journal.damaged = true;
	if (octets % 2)
		file->data[octets % file->size] ^= 0x10;
	else
		file->size -= octets % file->size;
}

void kept_damage(struct instance *in, size_t octets)
{
	struct kept_files *kept = &in->kept;
	struct buffer *file = &kept->files[kept->current];
	if (in->ledger)
		return;
	for (unsigned i = 0; i < 2 && octets % 4 < 2; i++)
		copy(octets % 4 ? &kept->files[i] : &kept->former[i],
		     octets % 4 ? &kept->former[i] : &kept->files[i]);
	if (file->size > 0 && octets % 4 == 2)
		file->data[octets / 4 % file->size] ^= 0x10;
	else if (file->size > 0 && octets % 4 == 3)
		file->size -= octets / 4 % file->size;
}

void accept_history(struct instance *in)
{
	if (!in->ledger)
		return;
	oracle_forget(in);
	world_trace(in->world, "instance %u accepts that %zu are lost", in->index,
		    ledger_accept_history(in->ledger, instance_now(in)));
	in->turn = true;
}

void turn_end(struct instance *in)
{
	if (!in->ledger || !in->turn)
		return;
	in->turn = false;
	ledger_turn_end(in->ledger, instance_now(in));
}

void instance_time(struct instance *in)
{
	struct moment now = instance_now(in);
	if (in->ledger && now.mono_us >= ledger_next_timer(in->ledger))
		ledger_timer(in->ledger, now);
	for (unsigned i = 0; i < SIM_FRONTS; i++)
		if (in->fronts[i].answers)
			answers_expire(in->fronts[i].answers, &now);
	const struct question *q = TAILQ_FIRST(&in->questions);
	if (q && now.mono_us - q->asked_us > in->conf.server.answer_timeout_us + SECOND_US)
		world_broken(in->world, "I-7", "instance %u: a question was not answered in time",
			     in->index);
}

void instance_clock(struct instance *in, int64_t clock_us)
{
	int64_t now = in->world->cluster.now_us;
	bool just_set = now - in->clock_set_us <= in->world->answer_timeout_us;
	if (!just_set || in->clock_us > in->clock_before_us)
		in->clock_before_us = in->clock_us;
	in->clock_set_us = now;
	in->clock_us = clock_us;
}

bool instance_quiet(const struct instance *in)
{
	for (unsigned i = 0; i < SIM_FRONTS; i++)
		if (in->fronts[i].to_ledger.octets.size || in->fronts[i].from_ledger.octets.size)
			return false;
	for (unsigned i = 0; i < SIM_SIGNERS; i++)
		if (in->signers[i].to_ledger.octets.size ||
		    in->signers[i].from_ledger.octets.size || !TAILQ_EMPTY(&in->signers[i].jobs))
			return false;
	for (unsigned i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		if (in->lookups[i].state == LOOKUP_ASKED || in->lookups[i].state == LOOKUP_RUN)
			return false;
	return !in->turn && in->fetch.state == FETCH_IDLE;
}

/* ---- making ---- */

void instance_make(struct instance *in)
{
	TAILQ_INIT(&in->questions);
	for (unsigned i = 0; i < SIM_SIGNERS; i++)
		TAILQ_INIT(&in->signers[i].jobs);
	for (unsigned i = 0; i < SIM_FRONTS; i++) {
		in->fronts[i].instance = in;
		in->fronts[i].index = i;
	}
	for (unsigned i = 0; i < in->world->options.fronts; i++)
		front_start(&in->fronts[i]);
	ledger_start(in);
}

void instance_end(struct instance *in)
{
	ledger_crash(in, false);
	for (unsigned i = 0; i < SIM_FRONTS; i++) {
		front_crash(&in->fronts[i]);
		pipe_deinit(&in->fronts[i].to_ledger);
		pipe_deinit(&in->fronts[i].from_ledger);
	}
	for (unsigned i = 0; i < SIM_SIGNERS; i++) {
		pipe_deinit(&in->signers[i].to_ledger);
		pipe_deinit(&in->signers[i].from_ledger);
	}
	buffer_deinit(&in->journal.files[0]);
	buffer_deinit(&in->journal.files[1]);
	for (unsigned i = 0; i < 2; i++) {
		buffer_deinit(&in->kept.files[i]);
		buffer_deinit(&in->kept.former[i]);
	}
	free(in->feed.log);
	free(in->said);
}
