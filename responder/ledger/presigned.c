#include "ledger/presigned.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/timetext.h"
#include "ledger/state.h"
#include "ocsp/answer.h"
#include "ocsp/certificate.h"

/* As after a lookup that failed. */
#define RETRY_US (50 * MILLISECOND_US)
/* How often ends are looked at. */
#define LOOK_US (60 * SECOND_US)

struct presigned {
	uint64_t batch; /* number of the latest */
	size_t count; /* 0: none in flight */
	struct question *sent[LIMIT_STORED_BATCH]; /* NULL: it waits no more */
	int64_t retry_us; /* not before, monotonic */
	const struct conf *looked_for; /* the configuration that was looked at */
	int64_t look_us; /* monotonic; INT64_MAX: no section has source = presigned */
};

int presigned_init(struct ledger *l)
{
	l->presigned = calloc(1, sizeof(*l->presigned));
	return l->presigned ? 0 : -ENOMEM;
}

void presigned_deinit(struct ledger *l)
{
	free(l->presigned);
}

/* ---- fetching ---- */

bool presigned_possible(const struct ledger *l, struct moment now)
{
	return l->ops->stored && now.mono_us >= l->presigned->retry_us;
}

/* False: it cannot be asked for. */
static bool key_of(const struct question *q, struct db_stored_key *ret)
{
	const struct ocsp_certid *certid = &q->entries[0].certid;
	*ret = (struct db_stored_key){.issuer = q->issuer->database_id};
	return q->issuer->database_id != 0 && serial_set(&ret->serial, certid->serial) == 0 &&
	       ocsp_certid_digest(certid->der, ret->certid) == 0;
}

void presigned_send(struct ledger *l, struct moment now)
{
	struct presigned *p = l->presigned;
	struct db_stored_key keys[LIMIT_STORED_BATCH];
	struct question *q = question_first(l, QUESTION_FETCHING);
	if (!q || p->count > 0 || !presigned_possible(l, now))
		return;
	for (; q && p->count < LIMIT_STORED_BATCH; q = TAILQ_NEXT(q, place)) {
		if (!key_of(q, &keys[p->count])) {
			question_mark(l, q, MARK_OUTAGE);
			continue;
		}
		p->sent[p->count++] = q;
		q->fetch_place = (unsigned)p->count;
	}
	p->batch++;
	if (p->count > 0 && l->ops->stored(l->context, p->batch, keys, p->count) < 0)
		presigned_fail(l, p->batch, now);
}

void presigned_leave(struct ledger *l, struct question *q)
{
	if (q->fetch_place > 0)
		l->presigned->sent[q->fetch_place - 1] = NULL;
	q->fetch_place = 0;
	q->stored = q->stored_issuer = (struct view){0};
}

void presigned_take(struct ledger *l, uint64_t batch, const struct db_stored_found *found,
		    size_t count)
{
	struct presigned *p = l->presigned;
	if (batch != p->batch || count != p->count)
		return;
	p->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct question *q = p->sent[i];
		if (!q)
			continue;
		q->fetch_place = 0;
		q->stored = found[i].answer;
		q->stored_issuer = found[i].certificate;
		question_mark(l, q, MARK_SIGNED);
	}
}

void presigned_fail(struct ledger *l, uint64_t batch, struct moment now)
{
	struct presigned *p = l->presigned;
	if (batch != p->batch || p->count == 0)
		return;
	for (size_t i = 0; i < p->count; i++) {
		if (!p->sent[i])
			continue;
		p->sent[i]->fetch_place = 0;
		p->sent[i]->cause = CAUSE_NO_LOOKUP;
		question_mark(l, p->sent[i], MARK_OUTAGE);
	}
	p->count = 0;
	p->retry_us = now.mono_us + RETRY_US;
}

/* ---- judging ---- */

/* The key that the CertID means: the database is believed no more than it must be. */
static bool is_issuers(const struct issuer *issuer, struct view der)
{
	struct certificate certificate;
	struct ocsp_issuer hashes;
	return certificate_read(der, &certificate) == 0 &&
	       ocsp_issuer_init(&hashes, certificate.subject, certificate.key_bits) == 0 &&
	       memcmp(&hashes, &issuer->hashes, sizeof(hashes)) == 0;
}

static bool is_hold(const struct ocsp_cert_status *says)
{
	return says->status == OCSP_REVOKED && says->reason == REASON_CERTIFICATE_HOLD;
}

/* Never a good, nor a suspension, where the database knows better (I-1); revoked is always said. */
static bool is_strict_enough(const struct ocsp_cert_status *says, const struct verdict *verdict)
{
	if (says->status == OCSP_UNKNOWN)
		return false;
	if (verdict->says.status == OCSP_GOOD)
		return true;
	return says->status == OCSP_REVOKED && (!is_hold(says) || is_hold(&verdict->says));
}

static int prove(const struct question *q, const struct ocsp_said *said, int64_t now,
		 struct fault *why)
{
	cleanup(ocsp_prover_freep) struct ocsp_prover *prover = NULL;
	if (!is_issuers(q->issuer, q->stored_issuer))
		return fault_set(why, OCSP_ANSWER_UNFIT,
				 "the issuer's certificate in the database is another one");
	int result = ocsp_prover_new(q->stored_issuer, &prover, why);
	return result == 0 ? ocsp_prover_prove(prover, said, now, 0, why) : result;
}

static int judge(const struct question *q, int64_t now, struct ocsp_said *said, struct fault *why)
{
	int result = ocsp_said_read(q->stored, said, why);
	if (result == 0)
		result = ocsp_said_timely(said, now, 0, why);
	if (result == 0 && !view_equal(said->certid.der, q->entries[0].certid.der))
		result = fault_set(why, OCSP_ANSWER_UNFIT, "it is about another certificate");
	if (result == 0 && !is_strict_enough(&said->says, &q->entries[0].verdict))
		result = fault_set(why, OCSP_ANSWER_UNFIT,
				   "the database is stricter; sign it anew and import it");
	return result == 0 ? prove(q, said, now, why) : result;
}

static void alarm_unfit(struct ledger *l, const struct question *q, const char *why,
			struct moment now)
{
	char serial[2 * LIMIT_SERIAL + 1];
	hex_put(serial, q->entries[0].certid.serial);
	alarms_raise(&l->alarms, ALARM_PRESIGNED_UNFIT, q->issuer->record.name, now,
		     "a stored answer is not given out, clients are told tryLater: serial %s: "
		     "%.200s",
		     serial, why);
}

enum ocsp_result presigned_judge(struct ledger *l, struct question *q, struct moment now)
{
	struct ocsp_said said;
	struct fault why = {""};
	q->cause = CAUSE_NO_ANSWER;
	if (q->stored.size == 0)
		return OCSP_UNAUTHORIZED;
	q->cause = CAUSE_ANSWER_UNFIT;
	if (judge(q, wall_seconds(now.wall_us), &said, &why) != 0) {
		alarm_unfit(l, q, why.text, now);
		return OCSP_TRY_LATER;
	}
	q->cause = CAUSE_NONE;
	q->this_update = said.this_update;
	q->next_update = said.next_update;
	q->stored_says = said.says;
	q->signed_response = (struct message_signed){
		.result = OCSP_SUCCESSFUL,
		.produced_at = said.produced_at,
		.next_update = said.next_update,
		.der = q->stored,
	};
	return OCSP_SUCCESSFUL;
}

/* ---- what lasts ---- */

bool presigned_any(const struct ledger *l, unsigned section)
{
	const struct issuer *issuer = issuers_by_section(l->issuers, section);
	return issuer && issuer->record.presigned > 0;
}

static void look_at_end(struct ledger *l, const struct issuer *issuer, struct moment now)
{
	const struct issuer_record *record = &issuer->record;
	bool none = record->presigned == 0 || record->presigned_until == TIME_NONE;
	int64_t left = none ? 0 : record->presigned_until - wall_seconds(now.wall_us);
	if (none ||
	    left > (record->presigned_until - record->presigned_from) / LIMIT_STORED_WARNING) {
		alarms_clear(&l->alarms, ALARM_PRESIGNED_ENDS, record->name);
		return;
	}
	char text[ISO_TIME_SIZE + 1] = "";
	time_put_iso(text, record->presigned_until);
	alarms_raise(&l->alarms, ALARM_PRESIGNED_ENDS, record->name, now,
		     "the first of the stored answers %s at %s: sign new ones (stillgood presign) "
		     "and import them",
		     left > 0 ? "ends" : "has ended", text);
}

void presigned_look(struct ledger *l, struct moment now)
{
	struct presigned *p = l->presigned;
	if (p->looked_for == l->conf && now.mono_us < p->look_us)
		return;
	p->looked_for = l->conf;
	p->look_us = INT64_MAX;
	for (unsigned i = 0; i < l->conf->issuer_count; i++) {
		const struct issuer *issuer = issuers_by_section(l->issuers, i);
		if (l->conf->issuers[i].source != SOURCE_PRESIGNED)
			continue;
		p->look_us = now.mono_us + LOOK_US;
		if (issuer)
			look_at_end(l, issuer, now);
	}
}

int64_t presigned_next(const struct ledger *l)
{
	const struct presigned *p = l->presigned;
	return p->looked_for == l->conf ? p->look_us : INT64_MIN;
}

/* ---- status ---- */

/* What all of it may take of a control message. */
#define STATUS_SPACE 6000u

static void put_end(struct buffer *out, const struct issuer *issuer)
{
	char text[ISO_TIME_SIZE + 1] = "";
	bool none = !issuer || issuer->record.presigned == 0 ||
		    issuer->record.presigned_until == TIME_NONE;
	if (!none)
		time_put_iso(text, issuer->record.presigned_until);
	buffer_printf(out, none ? ",\"first_end\":null" : ",\"first_end\":\"%s\"", text);
}

void presigned_put_json(const struct issuer *issuer, struct buffer *out)
{
	bool any = issuer && issuer->record.presigned > 0;
	buffer_printf(out, "\"recorded\":%s", any ? "true" : "false");
	put_end(out, issuer);
}

void presigned_status(const struct ledger *l, struct buffer *out)
{
	size_t before = out->size;
	unsigned told = 0, omitted = 0;
	buffer_put_string(out, ",\"presigned\":[");
	for (unsigned i = 0; i < l->conf->issuer_count; i++) {
		bool full = out->size - before > STATUS_SPACE;
		if (l->conf->issuers[i].source != SOURCE_PRESIGNED)
			continue;
		omitted += full;
		if (full)
			continue;
		buffer_put_string(out, told++ ? ",{\"issuer\":" : "{\"issuer\":");
		json_put_string(out, l->conf->issuers[i].name);
		buffer_put_u8(out, ',');
		presigned_put_json(issuers_by_section(l->issuers, i), out);
		buffer_put_u8(out, '}');
	}
	buffer_put_u8(out, ']');
	json_put_number(out, "presigned_omitted", omitted);
}

void presigned_forget(struct ledger *l, const char *issuer)
{
	alarms_clear(&l->alarms, ALARM_PRESIGNED_UNFIT, issuer);
	alarms_clear(&l->alarms, ALARM_PRESIGNED_ENDS, issuer);
	l->presigned->looked_for = NULL;
}
