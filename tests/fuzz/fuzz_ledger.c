/* The ledger's core among compromised rooms: a sequence of frames from fronts, signers and a verifier,
 * and of what a database tells that need not be true. Whatever comes, what it was told to be revoked is
 * never good again, neither in an answer nor in a job (I-1, I-2), nor after a restart (I-10); no
 * question is answered twice, and none stays open for ever (I-7). Of answers that an earlier ledger has kept none comes
 * out that this one would not have signed, whatever became of their files; and where only CRLs know an issuer, nothing
 * is good that no CRL of it proves (P-22).
 *
 * The input is a list of steps: an octet that says which, and what it takes. Orders are those that
 * db/source.h promises; contents are anything that db/row.h lets through. */
#include "ledger/core.h"

#include "base/siphash.h"
#include "db/stored.h"
#include "ipc/messages.h"
#include "made_conf.h"
#include "ocsp/answer.h"
#include "ocsp/certificate.h"
#include "ocsp/request.h"
#include "unit/ledger/made_stored.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define FRONTS 2u
#define SIGNERS 2u
#define CAS 2u
#define SERIALS 8u /* 1 … 8 */
#define QUESTIONS 64u
#define JOBS 16u
#define STEPS 400u
#define KEPT_SIZE (1u << 20)
#define CONTROL_MOST 65000u /* of what fits one message to the warden */

static const char *const names[CAS] = {"A", "B"};

/* What was told of one certificate. */
struct told {
	bool revoked; /* with a version that nothing told before had */
	int64_t version; /* the highest of all */
};

struct question {
	uint64_t id;
	unsigned ca, serial;
	bool open;
};

static struct world {
	struct cursor in;
	struct conf *conf;
	struct ledger *ledger;
	struct moment now;
	struct buffer certificates[CAS];
	struct ocsp_issuer hashes[CAS];
	struct buffer journal[2];
	unsigned journal_current;
	bool keeps;
	struct buffer kept[2], kept_before[2]; /* answers; as they were once */
	unsigned kept_current;

	bool loaded, lookups, reload, verifier;
	struct db_evidence evidence; /* of the last load or poll */
	unsigned id_of[CAS]; /* database ids as the last load has them; 0: none */
	struct told told[CAS][SERIALS + 1];
	bool proven[CAS][SERIALS + 1]; /* a lookup found it with its issuer as that is known */

	uint64_t asked;
	struct question questions[FRONTS][QUESTIONS];
	bool wild[FRONTS]; /* sent frames of its own making: ids mean nothing */
	struct {
		uint64_t id;
		int64_t next_update;
		struct buffer payload;
	} jobs[JOBS]; /* the last ones */
	unsigned job_count;

	bool by_crl; /* known by its CRLs alone: the first CA */
	int64_t crl_version, crl_from, crl_until; /* the latest that were told */

	bool presigned; /* source of the last CA */
	bool fetch_open;
	uint64_t fetch;
	size_t fetch_count;
	struct db_stored_key fetch_keys[LIMIT_STORED_BATCH];
	struct buffer forged; /* what came last under another key */

	uint32_t explanations; /* open: the ticket, or 0 */
	struct batch {
		uint64_t number; /* 0: not in flight */
		size_t count;
		struct db_key keys[LIMIT_LOOKUP_BATCH];
	} batches[LIMIT_LOOKUP_BATCHES];
} w;

/* ---- input ---- */

static uint8_t take(void)
{
	uint8_t octet = cursor_u8(&w.in);
	return w.in.failed ? 0 : octet;
}

static struct view take_octets(void)
{
	size_t size = take();
	return cursor_take(&w.in, size < w.in.rest.size ? size : w.in.rest.size);
}

/* ---- what signers make: their word for it, and the job ---- */

#define SIGNED_HEAD 16u

static uint64_t word_for(struct view rest)
{
	static const struct siphash_key key = {.k0 = 9, .k1 = 10};
	return siphash(&key, rest);
}

static void make_signed(struct buffer *out, int64_t produced_at, struct view job)
{
	buffer_put_u64(out, 0);
	buffer_put_i64(out, produced_at);
	buffer_put_view(out, job);
	CHECK(buffer_result(out) == 0);
	uint64_t word = word_for(view_of(out->data + 8, out->size - 8));
	for (unsigned i = 0; i < 8; i++)
		out->data[i] = (uint8_t)(word >> (56 - 8 * i));
}

/* False: no signer has made it. */
static bool read_signed(struct view der, int64_t *produced_at, struct message_sign *job)
{
	struct cursor in = cursor_of(der);
	uint64_t word = cursor_u64(&in);
	if (in.failed || word != word_for(in.rest))
		return false;
	*produced_at = cursor_i64(&in);
	CHECK(!in.failed && message_sign_read(in.rest, job) == 0);
	return true;
}

static bool read_answer(void *context, struct view der, struct ocsp_said *ret)
{
	struct message_sign job;
	(void)context;
	*ret = (struct ocsp_said){.produced_at = 0};
	if (!read_signed(der, &ret->produced_at, &job) || job.count != 1 || job.nonce.size > 0)
		return false;
	CHECK(ocsp_certid_parse(job.entries[0].certid, &ret->certid) == 0);
	ret->says = job.entries[0].says;
	ret->this_update = job.this_update;
	ret->next_update = job.next_update;
	return true;
}

/* ---- what must hold ---- */

static void check_good(unsigned ca, unsigned serial)
{
	CHECK(ca < CAS && serial <= SERIALS);
	CHECK(!w.told[ca][serial].revoked);
}

/* P-22 */
static void check_crl(const struct message_sign *job)
{
	if (w.by_crl && job->issuer == 0 && job->entries[0].says.status == OCSP_GOOD)
		CHECK(job->this_update <= w.crl_from && job->next_update <= w.crl_until);
}

/* By its own words. */
static void check_der(const struct question *question, struct view der)
{
	struct message_sign job;
	struct ocsp_certid certid;
	int64_t produced_at;
	if (!read_signed(der, &produced_at, &job))
		return;
	CHECK(job.count == 1 && job.issuer == question->ca);
	CHECK(ocsp_certid_parse(job.entries[0].certid, &certid) == 0);
	CHECK(certid.serial.size == 1 && certid.serial.data[0] == question->serial);
	if (job.entries[0].says.status == OCSP_GOOD)
		check_good(question->ca, question->serial);
	check_crl(&job);
}

static struct question *question_of(unsigned front, uint64_t id)
{
	for (unsigned i = 0; i < QUESTIONS; i++)
		if (w.questions[front][i].open && w.questions[front][i].id == id)
			return &w.questions[front][i];
	return NULL;
}

static void take_answer(unsigned front, struct view payload)
{
	struct message_answer m;
	CHECK(message_answer_read(payload, &m) == 0);
	struct question *question = question_of(front, m.id);
	CHECK(question || w.wild[front]);
	if (!question)
		return;
	question->open = false;
	CHECK(m.result != OCSP_SUCCESSFUL || !view_equal(m.der, buffer_view(&w.forged)));
	if (m.result == OCSP_SUCCESSFUL && m.label.status == OCSP_GOOD)
		check_good(question->ca, question->serial);
	CHECK(!m.leave_until_mono_us || (!m.cacheable && w.proven[question->ca][question->serial]));
	if (m.result == OCSP_SUCCESSFUL)
		check_der(question, m.der);
}

static void to_front(void *context, unsigned front, uint8_t type, struct view payload)
{
	(void)context;
	CHECK(front < FRONTS);
	if (type == MESSAGE_ANSWER)
		take_answer(front, payload);
}

static void to_signer(void *context, unsigned signer, uint8_t type, struct view payload)
{
	struct message_sign m;
	(void)context;
	CHECK(signer < SIGNERS && type == MESSAGE_SIGN && message_sign_read(payload, &m) == 0);
	for (unsigned i = 0; i < m.count; i++) {
		struct ocsp_certid certid;
		CHECK(ocsp_certid_parse(m.entries[i].certid, &certid) == 0);
		if (m.entries[i].says.status == OCSP_GOOD && certid.serial.size == 1 &&
		    certid.serial.data[0] <= SERIALS)
			check_good(m.issuer, certid.serial.data[0]);
	}
	check_crl(&m);
	w.jobs[w.job_count % JOBS].id = m.id;
	w.jobs[w.job_count % JOBS].next_update = m.next_update;
	buffer_reset(&w.jobs[w.job_count % JOBS].payload);
	buffer_put_view(&w.jobs[w.job_count++ % JOBS].payload, payload);
}

static void to_verifier(void *context, unsigned verifier, uint8_t type, struct view payload)
{
	struct message_verify m;
	(void)context;
	CHECK(verifier == 0 && w.verifier && type == MESSAGE_VERIFY &&
	      message_verify_read(payload, &m) == 0);
}

static int lookup(void *context, uint64_t batch, const struct db_key *keys, size_t count,
		  bool proves)
{
	(void)context, (void)proves;
	CHECK(count > 0 && count <= LIMIT_LOOKUP_BATCH);
	if (!w.lookups)
		return -ENOTCONN;
	struct batch *b = w.batches;
	while (b < w.batches + LIMIT_LOOKUP_BATCHES && b->number)
		b++;
	if (b == w.batches + LIMIT_LOOKUP_BATCHES)
		return -EBUSY;
	*b = (struct batch){.number = batch, .count = count};
	memcpy(b->keys, keys, count * sizeof(*keys));
	return 0;
}

static int stored(void *context, uint64_t batch, const struct db_stored_key *keys, size_t count)
{
	(void)context;
	CHECK(w.presigned && !w.fetch_open && count > 0 && count <= LIMIT_STORED_BATCH);
	if (!w.lookups)
		return -ENOTCONN;
	w.fetch_open = true;
	w.fetch = batch;
	w.fetch_count = count;
	memcpy(w.fetch_keys, keys, count * sizeof(*keys));
	return 0;
}

static void reload(void *context, const char *reason)
{
	(void)context;
	CHECK(reason && *reason);
	w.reload = true;
}

static int journal(void *context, struct view octets)
{
	(void)context;
	buffer_put_view(&w.journal[w.journal_current], octets);
	return 0;
}

static int journal_swap(void *context)
{
	(void)context;
	w.journal_current = !w.journal_current;
	buffer_reset(&w.journal[w.journal_current]);
	return 0;
}

static int keep(void *context, struct view octets)
{
	(void)context;
	CHECK(w.keeps);
	buffer_put_view(&w.kept[w.kept_current], octets);
	return 0;
}

static int keep_swap(void *context)
{
	(void)context;
	w.kept_current = !w.kept_current;
	buffer_reset(&w.kept[w.kept_current]);
	return 0;
}

static void signer_hung(void *context, unsigned signer)
{
	(void)context;
	CHECK(signer < SIGNERS);
}

static void explained(void *context, uint32_t ticket, struct view text)
{
	(void)context;
	CHECK(ticket == w.explanations && text.size > 2 && text.size < CONTROL_MOST);
	CHECK(text.data[0] == '{' && text.data[text.size - 1] == '}');
	w.explanations = 0;
}

static void alarm_text(void *context, const char *text)
{
	(void)context;
	CHECK(text && *text);
}

static void condition_text(void *context, enum alarm_event event, const char *text)
{
	if (event == ALARM_BEGINS)
		alarm_text(context, text);
}

static const struct ledger_ops ops = {
	.to_front = to_front,
	.to_verifier = to_verifier,
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
	.alarm = alarm_text,
	.explained = explained,
	.condition = condition_text,
};

/* ---- rooms ---- */

static void attach_front(unsigned front)
{
	memset(w.questions[front], 0, sizeof(w.questions[front]));
	w.wild[front] = false;
	ledger_front_attach(w.ledger, front, w.now);
}

/* Cut off, as the edge does, and started anew. */
static void front_frame(unsigned front, uint8_t type, struct view payload)
{
	if (ledger_front_frame(w.ledger, front, type, payload, w.now) == 0)
		return;
	ledger_front_detach(w.ledger, front);
	attach_front(front);
}

static void signer_frame(unsigned signer, uint8_t type, struct view payload)
{
	if (ledger_signer_frame(w.ledger, signer, type, payload, w.now) == 0)
		return;
	ledger_signer_detach(w.ledger, signer, w.now);
	ledger_signer_attach(w.ledger, signer, w.now);
}

static void step_query(void)
{
	cleanup(buffer_deinit) struct buffer certid = {0}, payload = {0};
	uint8_t what = take();
	unsigned front = what % FRONTS, ca = (what >> 1) % CAS;
	uint8_t serial = (uint8_t)((what >> 2) % SERIALS + 1);
	struct question *question = &w.questions[front][w.asked % QUESTIONS];
	*question =
		(struct question){.id = ++w.asked << 8, .ca = ca, .serial = serial, .open = true};
	made_certid(&certid, what & 0x80 ? OCSP_HASH_SHA256 : OCSP_HASH_SHA1, &w.hashes[ca],
		    &w.hashes[ca], view_of(&serial, 1));
	const struct message_query query = {
		.id = question->id,
		.certid_count = 1,
		.certids = {buffer_view(&certid)},
		.nonce = view_of_string(what & 0x40 ? "nonce" : ""),
		.refresh = w.asked % 2,
	};
	message_query_write(&payload, &query);
	front_frame(front, MESSAGE_QUERY, buffer_view(&payload));
}

static void step_wild_front(void)
{
	unsigned front = take() % FRONTS;
	uint8_t type = take();
	w.wild[front] = true;
	front_frame(front, type, take_octets());
}

static void step_signed(void)
{
	cleanup(buffer_deinit) struct buffer payload = {0}, der = {0};
	uint8_t what = take(), at = take();
	if (w.job_count == 0)
		return;
	struct message_signed m = {
		.id = w.jobs[at % JOBS].id,
		.result = what & 8 ? OCSP_TRY_LATER : OCSP_SUCCESSFUL,
		.produced_at = wall_seconds(w.now.wall_us),
		.next_update = w.jobs[at % JOBS].next_update,
	};
	if (what & 16)
		m.produced_at += take() - 128;
	if (what & 32)
		m.next_update += take() - 128;
	make_signed(&der, m.produced_at, buffer_view(&w.jobs[at % JOBS].payload));
	m.der = buffer_view(&der);
	if (what & 64)
		m.cost_us = UINT32_MAX;
	message_signed_write(&payload, &m);
	if (!payload.failed)
		signer_frame(what % SIGNERS, MESSAGE_SIGNED, buffer_view(&payload));
}

static void step_wild_signer(void)
{
	unsigned signer = take() % SIGNERS;
	uint8_t type = take();
	signer_frame(signer, type, take_octets());
}

static void step_attach(void)
{
	uint8_t what = take();
	if (what & 4) {
		w.verifier = !w.verifier;
		if (w.verifier)
			ledger_verifier_attach(w.ledger, 0);
		else
			ledger_verifier_detach(w.ledger, 0);
	} else if (what & 2) {
		ledger_signer_detach(w.ledger, what % SIGNERS, w.now);
		ledger_signer_attach(w.ledger, what % SIGNERS, w.now);
	} else {
		ledger_front_detach(w.ledger, what % FRONTS);
		attach_front(what % FRONTS);
	}
}

static void step_verifier(void)
{
	uint8_t type = take();
	struct view payload = take_octets();
	if (w.verifier && ledger_verifier_frame(w.ledger, 0, type, payload, w.now) < 0) {
		ledger_verifier_detach(w.ledger, 0);
		w.verifier = false;
	}
}

/* ---- the database ---- */

static unsigned ca_of_id(int32_t id)
{
	for (unsigned ca = 0; ca < CAS; ca++)
		if (id > 0 && w.id_of[ca] == (unsigned)id)
			return ca;
	return CAS;
}

/* A state that db_row_read() lets through; its version is new or anything. */
static struct cert_record take_record(void)
{
	uint8_t what = take();
	enum cert_status status = (enum cert_status)(what & 3);
	bool revoked = status_says_revoked(status);
	struct cert_record record = {
		.issuer = 1 + (what >> 2) % 3,
		.serial = {.size = 1, .octets = {(uint8_t)((what >> 4) % SERIALS + 1)}},
		.status = status,
		.reason = status == CERT_HELD ? REASON_CERTIFICATE_HOLD : REASON_NONE,
		.revoked_at = TIME_NONE,
		.invalidity_at = TIME_NONE,
		.not_after = TIME_NONE,
	};
	if (what & 0x80)
		record.version = 1 + take();
	if (revoked)
		record.revoked_at = INT64_C(1700000000) + take();
	unsigned ca = ca_of_id(record.issuer);
	if (record.version == 0)
		record.version = ca < CAS ? w.told[ca][record.serial.octets[0]].version + 1 : 1;
	return record;
}

static void note(const struct cert_record *record)
{
	unsigned ca = ca_of_id(record->issuer);
	if (ca == CAS)
		return;
	struct told *told = &w.told[ca][record->serial.octets[0]];
	told->revoked |= record->status == CERT_REVOKED && record->version > told->version;
	if (record->version > told->version)
		told->version = record->version;
}

static struct db_evidence take_evidence(uint8_t what)
{
	struct db_evidence evidence = {
		.time_us = w.now.wall_us,
		.mono_us = w.now.mono_us,
		.position = w.evidence.position + 1,
		.history = w.evidence.history,
	};
	if (what & 1)
		evidence.time_us += (take() - 128) * SECOND_US;
	if (what & 2)
		evidence.mono_us -= take() * 100 * MILLISECOND_US;
	return evidence;
}

/* What its CRLs prove, where it is known by them: from a while ago, for a while. */
static void take_crl(unsigned ca, struct issuer_record *record)
{
	record->crl_from = record->crl_until = TIME_NONE;
	if (!w.by_crl || ca > 0)
		return;
	uint8_t what = take();
	if (what == 0)
		return;
	record->crl_from = wall_seconds(w.now.wall_us) - (what & 15);
	record->crl_until = record->crl_from + 1 + (what >> 4) * 5;
	if (record->crl_from > w.crl_from)
		w.crl_from = record->crl_from;
	if (record->crl_until > w.crl_until)
		w.crl_until = record->crl_until;
}

static void make_issuer(unsigned ca, int64_t version, struct db_issuer *ret)
{
	*ret = (struct db_issuer){
		.record = {.id = (int32_t)w.id_of[ca],
			   .version = version,
			   .revoked_at = TIME_NONE,
			   .reason = REASON_NONE,
			   .presigned_from = TIME_NONE,
			   .presigned_until = TIME_NONE},
		.certificate = buffer_view(&w.certificates[ca]),
	};
	(void)snprintf(ret->record.name, sizeof(ret->record.name), "%c", 'A' + (char)ca);
	take_crl(ca, &ret->record);
}

static void step_load(void)
{
	uint8_t what = take(), history = take();
	struct cert_record rows[8];
	struct db_issuer issuers[CAS];
	unsigned count = 0, rows_count = (what >> 5) % array_size(rows);
	struct db_evidence evidence = take_evidence(what);
	evidence.history = (struct db_history){.system = 1 + (history & 3),
					       .timeline = 1 + (history >> 3 & 1)};
	if (history & 4)
		evidence.position = history;
	memset(w.id_of, 0, sizeof(w.id_of));
	for (unsigned ca = 0; ca < CAS; ca++) {
		if (what & (8 << ca))
			continue;
		w.id_of[ca] = what & 4 ? CAS - ca : ca + 1;
		make_issuer(ca, ca == 0 ? ++w.crl_version : 1, &issuers[count]);
		count++;
	}
	w.reload = false;
	ledger_load_begin(w.ledger, &evidence, issuers, count, w.now);
	for (unsigned i = 0; i < rows_count; i++) {
		rows[i] = take_record();
		ledger_load_row(w.ledger, &rows[i]);
	}
	if (history & 8) { /* it broke off */
		w.loaded = false;
		ledger_feed_lost(w.ledger, "the load broke off");
		return;
	}
	ledger_load_end(w.ledger, &evidence, w.now);
	w.evidence = evidence;
	w.loaded = true;
	for (unsigned i = 0; i < rows_count && !w.reload; i++)
		note(&rows[i]);
}

static void step_poll(void)
{
	uint8_t what = take();
	struct cert_record records[4];
	struct db_issuer issuer = {.record = {.id = 0}};
	unsigned issuer_count = 0, count = (what >> 2) % (array_size(records) + 1);
	bool part = (what & 0x83) == 0x80; /* of a poll that is not over */
	struct db_evidence evidence = part ? w.evidence : take_evidence(what);
	struct told before[CAS][SERIALS + 1];
	memcpy(before, w.told, sizeof(before));
	for (unsigned i = 0; i < count; i++) {
		records[i] = take_record();
		if (w.loaded && !w.reload)
			note(&records[i]);
	}
	if (!w.loaded || w.reload)
		return;
	if (w.by_crl && (what & 0x40) && w.id_of[0]) { /* its CRL is another one */
		make_issuer(0, ++w.crl_version, &issuer);
		issuer_count = 1;
	}
	ledger_poll(w.ledger, &evidence, records, count, &issuer, issuer_count, w.now);
	w.evidence = evidence;
	if (w.reload) /* it was not believed */
		memcpy(w.told, before, sizeof(before));
}

/* The first of those in flight from this place on; NULL: none is. */
static struct batch *batch_in_flight(unsigned place)
{
	for (unsigned i = 0; i < LIMIT_LOOKUP_BATCHES; i++) {
		struct batch *b = &w.batches[(place + i) % LIMIT_LOOKUP_BATCHES];
		if (b->number)
			return b;
	}
	return NULL;
}

static void step_found(void)
{
	static struct db_found found[LIMIT_LOOKUP_BATCH];
	uint8_t what = take();
	struct db_evidence evidence = take_evidence(what);
	struct batch *batch = batch_in_flight(what >> 4);
	if (!batch)
		return;
	uint64_t number = batch->number;
	batch->number = 0;
	if (what & 4) {
		ledger_lookup_failed(w.ledger, number, w.now);
		return;
	}
	if (what & 8)
		evidence.history.system = what;
	for (size_t i = 0; i < batch->count; i++) {
		uint8_t kind = take();
		found[i] = (struct db_found){.bad = (kind & 7) == 7,
					     .found = (kind & 7) < 6,
					     .issuer_version = kind >> 6};
		struct view serial = serial_view(&batch->keys[i].serial);
		if (found[i].issuer_version == 1 && serial.size == 1 && serial.data[0] <= SERIALS &&
		    ca_of_id(batch->keys[i].issuer) < CAS)
			w.proven[ca_of_id(batch->keys[i].issuer)][serial.data[0]] = true;
		if (!found[i].found)
			continue;
		found[i].record = take_record();
		found[i].record.issuer = batch->keys[i].issuer;
		found[i].record.serial = batch->keys[i].serial;
		/* It may have passed what the feed tells next. */
		if (found[i].record.serial.size == 1 && ca_of_id(batch->keys[i].issuer) < CAS) {
			struct told *told =
				&w.told[ca_of_id(batch->keys[i].issuer)]
				       [found[i].record.serial.octets[0] % (SERIALS + 1)];
			if (found[i].record.version > told->version)
				told->version = found[i].record.version;
		}
	}
	ledger_lookup_done(w.ledger, number, &evidence, found, batch->count, w.now);
}

/* ---- the table of answers that were signed beforehand ---- */

static const struct ocsp_cert_status sayings[] = {
	{OCSP_GOOD, TIME_NONE, REASON_NONE, TIME_NONE},
	{OCSP_REVOKED, 1700000000, REASON_SUPERSEDED, TIME_NONE},
	{OCSP_REVOKED, 1700000000, REASON_CERTIFICATE_HOLD, TIME_NONE},
	{OCSP_UNKNOWN, TIME_NONE, REASON_NONE, TIME_NONE},
};

/* About the serial of the key; times, the CertID's hash and whose key signs it are anything. */
static void make_answer(uint8_t what, const struct db_stored_key *key, struct buffer *out)
{
	cleanup(buffer_deinit) struct buffer certid = {0};
	uint8_t times = take();
	int64_t now = wall_seconds(w.now.wall_us), since = now - INT64_C(60) * (times & 15) + 60;
	made_certid(&certid, what & 4 ? OCSP_HASH_SHA256 : OCSP_HASH_SHA1, &w.hashes[CAS - 1],
		    &w.hashes[CAS - 1], serial_view(&key->serial));
	const struct ocsp_single single = {
		.certid = buffer_view(&certid),
		.says = sayings[what & 3],
		.this_update = since,
		.next_update = since + 1 + INT64_C(30) * (times >> 4),
	};
	const char *signer = names[what & 8 ? 0 : CAS - 1];
	made_stored(out, names[CAS - 1], signer, &single, since);
	if (what & 8) {
		buffer_reset(&w.forged);
		buffer_put_view(&w.forged, buffer_view(out));
	}
}

/* What the query found: of each question the same kind. */
static void step_stored(void)
{
	static struct buffer answers[LIMIT_STORED_BATCH];
	struct db_stored_found found[LIMIT_STORED_BATCH] = {{.answer = {0}}};
	uint8_t what = take();
	if (!w.fetch_open)
		return;
	w.fetch_open = false;
	if (what & 0x80) {
		ledger_stored_failed(w.ledger, w.fetch, w.now);
		return;
	}
	for (size_t i = 0; i < w.fetch_count && !(what & 0x40); i++) {
		buffer_reset(&answers[i]);
		if (what & 0x20)
			buffer_put_view(&answers[i], take_octets());
		else
			make_answer(what, &w.fetch_keys[i], &answers[i]);
		found[i].answer = buffer_view(&answers[i]);
		found[i].certificate = buffer_view(&w.certificates[what & 0x10 ? 0 : CAS - 1]);
	}
	ledger_stored_done(w.ledger, w.fetch, found, w.fetch_count, w.now);
}

static void step_trouble(void)
{
	uint8_t what = take();
	const struct db_key key = {.issuer = 1 + what % 3,
				   .serial = {.size = 1, .octets = {(what >> 4) % SERIALS + 1}}};
	switch ((what >> 2) & 3) {
	case 0:
		ledger_bad_row(w.ledger, "a row");
		ledger_bad_key(w.ledger, &key);
		break;
	case 1:
		ledger_bad_row(w.ledger, "an issuer's row");
		ledger_bad_issuer(w.ledger, key.issuer, w.now);
		break;
	case 2:
		ledger_feed_lost(w.ledger, "the feed broke off");
		w.loaded = false;
		break;
	default:
		w.lookups = !w.lookups;
		for (struct batch *b = w.batches;
		     !w.lookups && b < w.batches + LIMIT_LOOKUP_BATCHES; b++)
			if (b->number) {
				uint64_t number = b->number;
				b->number = 0;
				ledger_lookup_failed(w.ledger, number, w.now);
			}
		if (!w.lookups && w.fetch_open) {
			w.fetch_open = false;
			ledger_stored_failed(w.ledger, w.fetch, w.now);
		}
		ledger_lookup_state(w.ledger, w.lookups, w.lookups ? NULL : "the connection broke");
		break;
	}
}

/* ---- time, and the end of a process ---- */

static void turn(void)
{
	if (ledger_next_timer(w.ledger) <= w.now.mono_us)
		ledger_timer(w.ledger, w.now);
	ledger_turn_end(w.ledger, w.now);
	CHECK(!ledger_incomplete(w.ledger));
	if (!w.reload || !w.loaded)
		return;
	w.loaded = false;
	ledger_feed_lost(w.ledger, "loading anew");
}

static void pass(int64_t us)
{
	w.now.wall_us += us;
	w.now.mono_us += us;
	turn();
}

/* By what each signs with; other ones: another hash. */
static void offer(unsigned signer, const char *signers)
{
	for (unsigned ca = 0; ca < CAS; ca++) {
		cleanup(buffer_deinit) struct buffer payload = {0};
		struct message_offer m = {.issuer = ca,
					  .count = 1,
					  .signers = view_of_string(signers),
					  .algorithms = {view_of("\x06\x03\x2a\x03\x04", 5)}};
		for (int i = 0; i < OCSP_HASHES; i++)
			m.key_hashes[i] = view_of(w.hashes[ca].hashes[i].key,
						  ocsp_hash_size((enum ocsp_hash)(i + 1)));
		message_offer_write(&payload, &m);
		CHECK(buffer_result(&payload) == 0);
		signer_frame(signer, MESSAGE_OFFER, buffer_view(&payload));
	}
}

static void recall_answers(void)
{
	struct buffer files[2] = {{0}, {0}};
	struct ledger_recalled recalled;
	for (unsigned i = 0; i < 2; i++)
		buffer_put_view(&files[i], buffer_view(&w.kept[i]));
	CHECK(ledger_recall_answers(w.ledger, files, &recalled) == 0);
	CHECK(recalled.size <= w.kept[recalled.current].size);
	w.kept_current = recalled.current;
	w.kept[recalled.current].size = recalled.size;
}

static void begin(void)
{
	static const struct siphash_key key = {.k0 = 7, .k1 = 8};
	const struct view files[2] = {buffer_view(&w.journal[0]), buffer_view(&w.journal[1])};
	CHECK(ledger_new(w.conf, &key, &ops, NULL, &w.ledger) == 0);
	CHECK(ledger_recall(w.ledger, files, &w.journal_current) == 0);
	if (w.keeps)
		recall_answers();
	w.loaded = w.fetch_open = w.reload = w.verifier = false;
	memset(w.batches, 0, sizeof(w.batches));
	w.lookups = true;
	w.job_count = 0;
	ledger_lookup_state(w.ledger, true, NULL);
	for (unsigned i = 0; i < FRONTS; i++)
		attach_front(i);
	for (unsigned i = 0; i < SIGNERS; i++) {
		ledger_signer_attach(w.ledger, i, w.now);
		if (w.keeps)
			offer(i, "these");
	}
}

static void step_restart(void)
{
	turn();
	ledger_free(w.ledger);
	w.explanations = 0;
	begin();
}

static void copy(struct buffer *to, const struct buffer *from)
{
	buffer_reset(to);
	buffer_put_view(to, buffer_view(from));
}

/* Somebody saves the kept answers, or puts back what was saved, or an octet of them turns, or some are cut off. */
static void damage(uint8_t what, size_t at)
{
	struct buffer *file = &w.kept[w.kept_current];
	for (unsigned i = 0; i < 2 && what < 2; i++)
		copy(what == 0 ? &w.kept_before[i] : &w.kept[i],
		     what == 0 ? &w.kept[i] : &w.kept_before[i]);
	if (file->size > 0 && what == 2)
		file->data[at % file->size] ^= 0x10;
	else if (file->size > 0 && what == 3)
		file->size -= at % file->size;
}

static void step_kept(void)
{
	uint8_t what = take();
	size_t at = (size_t)take() << 4 | what >> 4;
	if (what & 8) { /* other signers */
		offer(0, "others");
		offer(1, "others");
		return;
	}
	turn();
	ledger_free(w.ledger);
	w.explanations = 0;
	damage(what & 3, at);
	begin();
}

static void step_accept(void)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	ledger_lost(w.ledger, take(), &text);
	ledger_status(w.ledger, w.now, &text);
	CHECK(!text.failed);
	if (ledger_accept_history(w.ledger, w.now) > 0) /* an operator has said so */
		memset(w.told, 0, sizeof(w.told));
}

/* An operator asks why, in the middle of everything: "A 01" mostly, or words of nobody's. */
static void step_explain(void)
{
	uint8_t what = take();
	char words[16];
	struct fault fault = {""};
	struct view wild = (what & 0x80) ? take_octets() : (struct view){0};
	(void)snprintf(words, sizeof(words), "%c %02X", 'A' + (what & 1),
		       1 + (what >> 1) % SERIALS);
	if (w.explanations)
		return;
	int result = ledger_explain(w.ledger, 1, what & 0x40,
				    (what & 0x80) ? wild : view_of_string(words), w.now, &fault);
	CHECK(result == 0 || fault.text[0]);
	w.explanations = result == 0;
}

static void step_time(void)
{
	uint8_t what = take();
	pass(what * (what & 1 ? SECOND_US : MILLISECOND_US));
}

/* ---- all of it ---- */

/* With keys that take longer to make than the rest of a short input. */
static void certificate_init(unsigned ca)
{
	static struct buffer made[CAS];
	struct certificate certificate;
	if (made[ca].size == 0)
		made_signing_certificate(&made[ca], names[ca]);
	buffer_put_view(&w.certificates[ca], buffer_view(&made[ca]));
	CHECK(certificate_read(buffer_view(&w.certificates[ca]), &certificate) == 0);
	CHECK(ocsp_issuer_init(&w.hashes[ca], certificate.subject, certificate.key_bits) == 0);
}

static void world_init(struct view input)
{
	static struct conf *conf;
	w = (struct world){
		.in = cursor_of(input),
		.now = {.wall_us = 1800000000 * SECOND_US, .mono_us = 50 * SECOND_US},
	};
	if (!conf)
		conf = made_conf(
			CONF_LEDGER,
			"[server]\ncache = 1MiB\n"
			"[defaults]\nsigned_requests = verify\nrequestors = r.pem\n" MADE_DATABASE
				MADE_ISSUER("A") MADE_ISSUER("B"));
	for (unsigned ca = 0; ca < CAS; ca++)
		certificate_init(ca);
	/* The first file may hold anything, as after a crash. */
	buffer_put_view(&w.journal[0], take_octets());
	uint8_t what = take();
	w.presigned = what & 1;
	w.keeps = what & 2;
	w.by_crl = what & 4;
	conf->server.kept_answers = w.keeps ? KEPT_SIZE : 0;
	conf->issuers[0].policy.complete = !w.by_crl;
	conf->issuers[CAS - 1].source = w.presigned ? SOURCE_PRESIGNED : SOURCE_SIGNER;
	w.conf = conf;
	begin();
}

/* I-7: nobody waits for ever, whatever the others do. */
static void world_end(void)
{
	for (unsigned i = 0; i < 4; i++)
		pass(30 * SECOND_US);
	CHECK(ledger_open(w.ledger) == 0 && w.explanations == 0);
	ledger_free(w.ledger);
	for (unsigned i = 0; i < CAS; i++)
		buffer_deinit(&w.certificates[i]);
	for (unsigned i = 0; i < 2; i++) {
		buffer_deinit(&w.journal[i]);
		buffer_deinit(&w.kept[i]);
		buffer_deinit(&w.kept_before[i]);
	}
	for (unsigned i = 0; i < JOBS; i++)
		buffer_deinit(&w.jobs[i].payload);
	buffer_deinit(&w.forged);
}

static void (*const steps[])(void) = {
	step_query,   step_query,   step_signed,     step_signed,      step_found,
	step_found,   step_poll,    step_poll,       step_load,        step_time,
	step_attach,  step_trouble, step_wild_front, step_wild_signer, step_verifier,
	step_restart, step_accept,  step_explain,    step_kept,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world_init(view_of(data, size));
	for (unsigned i = 0; i < STEPS && w.in.rest.size > 0; i++) {
		uint8_t what = take();
		if ((what & 0x78) == 0x78)
			step_stored();
		else
			steps[(what & 0x7f) % array_size(steps)]();
		if (!(what & 0x80)) /* else more comes in the same turn */
			turn();
	}
	world_end();
	return 0;
}
