/* What an explanation says. The form is in stillgood-explain(1). */
#include "ledger/explain_parts.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/timetext.h"
#include "cache/cache.h"
#include "ledger/lookups.h"
#include "ledger/lost.h"
#include "ledger/offers.h"
#include "ledger/presigned.h"
#include "ledger/responses.h"
#include "ledger/signing.h"
#include "ledger/state.h"

/* Stored answers beyond this are not told: all fit one control message. */
#define TEXT_MOST 48000u

/* ---- members ---- */

static void put_text(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, ",\"%s\":", name);
	if (text)
		json_put_string(out, text);
	else
		buffer_put_string(out, "null");
}

static void put_bool(struct buffer *out, const char *name, bool value)
{
	buffer_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void put_time(struct buffer *out, const char *name, int64_t seconds)
{
	char text[ISO_TIME_SIZE + 1] = {0};
	bool none = seconds == TIME_NONE || seconds == INT64_MAX;
	if (!none)
		time_put_iso(text, seconds);
	put_text(out, name, none ? NULL : text);
}

static void put_serial(struct buffer *out, const char *name, const struct serial *serial)
{
	char text[2 * LIMIT_SERIAL + 1];
	hex_put(text, serial_view(serial));
	put_text(out, name, text);
}

static const char *status_name(enum ocsp_status status)
{
	static const char *const names[] = {
		[OCSP_GOOD] = "good", [OCSP_REVOKED] = "revoked", [OCSP_UNKNOWN] = "unknown"};
	return names[status];
}

static const char *row_status(enum cert_status status)
{
	static const char *const names[] = {
		[CERT_GOOD] = "good",
		[CERT_REVOKED] = "revoked",
		[CERT_HELD] = "held",
		[CERT_WITHDRAWN] = "withdrawn",
	};
	return (size_t)status < array_size(names) ? names[status] : "not known here";
}

/* ---- the answer ---- */

struct why {
	const char *text, *requirement;
};

static struct why why_of(enum cause cause)
{
	static const struct why table[CAUSES] = {
		[CAUSE_NOT_READ] = {"the database has not been read since the ledger began", "I-3"},
		[CAUSE_SEVERAL_ISSUERS] = {"the request is about several issuers", "P-12"},
		[CAUSE_SECTION_UNFIT] = {"the [issuer] section, the key in its file and the "
					 "issuer's row in the database do not belong together, or "
					 "the row is missing or cannot be understood",
					 "row 41"},
		[CAUSE_RETIRED] = {"the issuer is retired: its retired_until has passed", "P-33"},
		[CAUSE_NOT_OURS] = {"no [issuer] section names this issuer", "P-22"},
		[CAUSE_ISSUER_UNUSABLE] = {"the issuer's row in the database is missing or cannot "
					   "be understood",
					   "row 41"},
		[CAUSE_ROW_UNREADABLE] = {"the certificate's row in the database cannot be "
					  "understood",
					  "row 15"},
		[CAUSE_LOST_HISTORY] = {"revocations are missing in the database, and "
					"on_lost_history = stop",
					"I-10"},
		[CAUSE_NO_CRL] = {"no CRL of the issuer proves now what is not revoked", "P-22"},
		[CAUSE_STALE] = {"the evidence is too old to say this", "I-3"},
		[CAUSE_CLOCK] = {"the database's clock is behind ours by more than the life of an "
				 "answer",
				 "row 42"},
		[CAUSE_NO_LOOKUP] = {"the database does not answer, and nothing else tells of this "
				     "certificate",
				     "row 1"},
		[CAUSE_NO_SIGNER] = {"no signer has a certificate that is valid now", "P-37"},
		[CAUSE_NO_ANSWER] = {"source = presigned, and no answer to this was signed "
				     "beforehand and recorded",
				     "P-22"},
		[CAUSE_ANSWER_UNFIT] = {"source = presigned, and the recorded answer may not be "
					"said: it has ended, is not proven, or is less strict than "
					"the database",
					"I-1"},
	};
	return table[cause];
}

static bool nobody_signs(const struct ledger *l, const struct question *q)
{
	if (q->section->source == SOURCE_PRESIGNED)
		return false;
	return !signing_possible(l) || offers_count(l, q->issuer->section_index) == 0;
}

static void put_says(struct buffer *out, const struct ocsp_cert_status *says)
{
	put_text(out, "reason", reason_name(says->reason));
	put_time(out, "revoked_at", says->revoked_at);
	put_time(out, "invalidity_at", says->invalidity_at);
}

static void put_why(struct buffer *out, struct why why)
{
	put_text(out, "because", why.text);
	put_text(out, "requirement", why.requirement);
}

static struct why rule_why(enum verdict_rule rule)
{
	const struct verdict_rule_text *text = verdict_rule_text(rule);
	return (struct why){text->text, text->requirement};
}

static const struct why stored_is_stricter = {
	"source = presigned, and the recorded answer is stricter than the database", "I-1"};

/* Only then it says anything else. */
static bool is_stricter(const struct ocsp_cert_status *stored, const struct ocsp_cert_status *says)
{
	return stored->status != says->status ||
	       (stored->reason != says->reason && says->reason == REASON_CERTIFICATE_HOLD);
}

static void put_answer(const struct ledger *l, struct explanation *ex, const struct question *q,
		       enum ocsp_result result)
{
	struct buffer *out = &ex->text;
	const struct verdict *verdict = &q->entries[0].verdict;
	bool decided = q->indexed && (result == OCSP_SUCCESSFUL || q->cause == CAUSE_NONE);
	bool no_signer = result == OCSP_SUCCESSFUL && nobody_signs(l, q);
	bool stored = result == OCSP_SUCCESSFUL && q->section->source == SOURCE_PRESIGNED;
	const struct ocsp_cert_status *says = stored ? &q->stored_says : &verdict->says;
	ex->says = result == OCSP_SUCCESSFUL && !no_signer;
	ex->said.status = says->status;
	if (no_signer)
		result = OCSP_TRY_LATER;
	put_text(out, "answer", ex->says ? status_name(says->status) : ocsp_result_name(result));
	if (ex->says)
		put_says(out, says);
	if (no_signer)
		put_why(out, why_of(CAUSE_NO_SIGNER));
	else if (stored && is_stricter(says, &verdict->says))
		put_why(out, stored_is_stricter);
	else
		put_why(out, decided ? rule_why(verdict->rule) : why_of(q->cause));
}

/* From when to when it would be said. */
static void put_times(struct buffer *out, const struct explanation *ex, const struct question *q)
{
	if (!ex->says)
		return;
	put_time(out, "this_update", q->this_update);
	put_time(out, "next_update", q->next_update);
	put_time(out, "true_until", q->valid_until);
}

/* What is good is so by them, with a row or without: from when to when. */
static void put_crl(const struct question *q, struct moment now, struct buffer *out)
{
	const struct issuer_record *record = &q->issuer->record;
	if (q->section->policy.complete)
		return;
	bool proves =
		record->crl_from != TIME_NONE && record->crl_until > wall_seconds(now.wall_us);
	buffer_printf(out, ",\"crl\":{\"proves\":%s", proves ? "true" : "false");
	put_time(out, "this_update", record->crl_from);
	put_time(out, "next_update", record->crl_until);
	buffer_put_u8(out, '}');
}

/* What a serial number is answered with that has no row: by the table that decides. */
static void put_unassigned(const struct question *q, struct moment now, struct buffer *out)
{
	struct verdict verdict = verdict_of(&q->section->policy, &q->issuer->record, NULL,
					    wall_seconds(now.wall_us));
	bool signed_answer = verdict.result == OCSP_SUCCESSFUL;
	buffer_put_string(out, ",\"without_record\":{\"answer\":");
	json_put_string(out, signed_answer ? status_name(verdict.says.status)
					   : ocsp_result_name(verdict.result));
	put_why(out, rule_why(verdict.rule));
	buffer_put_u8(out, '}');
}

/* ---- rows ---- */

static void put_row(struct buffer *out, const char *name, const struct cert_record *row)
{
	buffer_printf(out, ",\"%s\":{\"status\":\"%s\"", name, row_status(row->status));
	put_text(out, "reason", reason_name(row->reason));
	put_time(out, "revoked_at", row->revoked_at);
	put_time(out, "invalidity_at", row->invalidity_at);
	put_time(out, "not_after", row->not_after);
	buffer_printf(out, ",\"version\":%lld", (long long)row->version);
	put_bool(out, "counts", record_counts(row));
	buffer_put_u8(out, '}');
}

static const char *basis_name(enum basis basis)
{
	static const char *const names[] = {
		[BASIS_NOTHING] = "nothing",
		[BASIS_ISSUER] = "the issuer's row",
		[BASIS_SET] = "the revoked set",
		[BASIS_KNOWN] = "a lookup before",
		[BASIS_ROW] = "a lookup now",
		[BASIS_ABSENCE] = "a lookup now found no row",
		[BASIS_CORRUPTION] = "a lookup now found a row that cannot be understood",
	};
	return names[basis];
}

/* What the answer rests on, and where a client's question would find it. */
static void put_basis(const struct ledger *l, const struct explanation *ex,
		      const struct question *q, struct buffer *out)
{
	struct cert_record row;
	enum basis basis = verdicts_basis(l, &q->entries[0], &row);
	bool known = ex->first != BASIS_NOTHING;
	put_text(out, "found_in", basis_name(known ? ex->first : basis));
	put_bool(out, "needs_lookup", !known);
	if (basis == BASIS_SET || basis == BASIS_KNOWN || basis == BASIS_ROW)
		put_row(out, "row", &row);
	else
		put_text(out, "row", NULL);
}

/* What the database says now, whatever is answered. */
static void put_database(const struct ledger *l, const struct explanation *ex,
			 const struct question *q, struct buffer *out)
{
	static const char *const says[] = {
		[KNOWS_NOTHING] = "nothing yet",
		[KNOWS_ROW] = "a row",
		[KNOWS_ABSENCE] = "no row",
		[KNOWS_CORRUPTION] = "a row that cannot be understood",
	};
	const struct entry *entry = &q->entries[0];
	bool row = ex->database_answered && entry->knowledge == KNOWS_ROW;
	buffer_printf(out, ",\"database\":{\"asked\":%s", ex->asked_database ? "true" : "false");
	put_bool(out, "answered", ex->database_answered);
	put_text(out, "says", ex->database_answered ? says[entry->knowledge] : NULL);
	put_text(out, "reason", lookups_usable(l) ? "" : lookups_reason(l));
	if (row)
		put_row(out, "row", &entry->record);
	else
		put_text(out, "row", NULL);
	buffer_put_u8(out, '}');
}

/* ---- evidence and history ---- */

static void put_evidence(const struct ledger *l, const struct question *q, struct moment now,
			 struct buffer *out)
{
	const struct db_evidence *evidence = &l->evidence;
	buffer_printf(out, ",\"evidence\":{\"fresh\":%s", feed_fresh(l, now) ? "true" : "false");
	put_text(out, "feed", l->feed_up ? "up" : l->loading ? "loading" : "lost");
	put_text(out, "reason", l->feed_up ? "" : l->feed_reason);
	json_put_number(out, "freshness_ms",
			(uint64_t)(l->conf->database.freshness_us / MILLISECOND_US));
	if (l->has_evidence) {
		put_time(out, "time", wall_seconds(evidence->time_us));
		json_put_number(out, "age_ms",
				(uint64_t)((now.mono_us - evidence->mono_us) / MILLISECOND_US));
		put_text(out, "role", evidence->standby ? "standby" : "primary");
	}
	put_bool(out, "proven_by_lookup", q->by_lookup);
	buffer_put_u8(out, '}');
}

static void put_history(const struct ledger *l, struct buffer *out)
{
	const struct history *h = &l->history;
	if (!h->known) {
		put_text(out, "history", NULL);
		return;
	}
	buffer_printf(out,
		      ",\"history\":{\"system\":\"%llu\",\"timeline\":%u,\"database\":%u,"
		      "\"position\":\"%llu\"",
		      (unsigned long long)h->current.system, h->current.timeline,
		      h->current.database, (unsigned long long)h->position);
	json_put_number(out, "lost", ledger_lost_count(l));
	buffer_put_u8(out, '}');
}

/* ---- disagreements ---- */

struct list {
	struct buffer *out;
	bool begun;
};

static void disagree(struct list *list, const char *text)
{
	if (list->begun)
		buffer_put_u8(list->out, ',');
	list->begun = true;
	json_put_string(list->out, text);
}

static void compare_rows(const struct ledger *l, const struct explanation *ex,
			 const struct question *q, struct list *list)
{
	const struct entry *entry = &q->entries[0];
	struct cert_record row;
	if (verdicts_basis(l, entry, &row) != BASIS_SET || !ex->database_answered)
		return;
	if (entry->knowledge == KNOWS_ABSENCE)
		disagree(list, "the database has no row of a certificate that is revoked here: it "
			       "stays revoked (I-10), see stillgood accept-history --show");
	else if (entry->knowledge == KNOWS_ROW && !status_says_revoked(entry->record.status))
		disagree(list, "the database says that the certificate is not revoked: it stays "
			       "revoked (I-4, I-10), see stillgood accept-history --show");
	else if (entry->knowledge == KNOWS_ROW &&
		 (entry->record.status != row.status || entry->record.reason != row.reason ||
		  entry->record.revoked_at != row.revoked_at))
		disagree(list, "the database has another revocation than the one that is answered");
}

static void put_decided_disagreements(const struct ledger *l, const struct explanation *ex,
				      const struct question *q, struct buffer *out)
{
	struct list list = {.out = out};
	buffer_put_string(out, ",\"disagreements\":[");
	if (q->indexed)
		compare_rows(l, ex, q, &list);
	if (q->indexed && q->entries[0].knowledge == KNOWS_CORRUPTION)
		disagree(&list, "the database has a row that cannot be understood");
	if (ex->issuer && issuer_lost(ex->issuer))
		disagree(&list, "the issuer's revocation is missing in the database: it stays "
				"revoked (I-10), see stillgood accept-history --show");
	if (ex->asked_database && !ex->database_answered)
		disagree(&list, "the database did not answer, so that nobody can compare");
	if (l->distrusted)
		disagree(&list, "what the database tells cannot be believed: all of it was asked "
				"for anew");
	buffer_put_u8(out, ']');
}

/* ---- policy and signer ---- */

static void put_option(void *context, const char *name, const char *value)
{
	put_text(context, name, value);
}

static void put_policy(const struct ledger *l, const struct question *q, struct buffer *out)
{
	bool lost_stops = l->conf->database.on_lost_history == LOST_HISTORY_STOP;
	buffer_put_string(out, ",\"policy\":{\"section\":");
	json_put_string(out, q->section->name);
	put_bool(out, "stands_for_unknown_issuers", q->unknown);
	put_text(out, "on_lost_history", lost_stops ? "stop" : "continue");
	conf_each_issuer_option(q->section, CONF_LEDGER, put_option, out);
	buffer_put_u8(out, '}');
}

static void put_signers(const struct ledger *l, const struct question *q, struct buffer *out)
{
	if (q->section->source == SOURCE_PRESIGNED) {
		buffer_put_string(out, ",\"signers\":null,\"presigned\":{");
		presigned_put_json(q->issuer, out);
		buffer_put_u8(out, '}');
		return;
	}
	const struct signing_counts counts = signing_counts(l);
	int offered = offers_count(l, q->issuer->section_index);
	buffer_printf(out, ",\"signers\":{\"processes\":%u,\"hung\":%u", counts.attached,
		      counts.hung);
	if (offered >= 0)
		json_put_number(out, "algorithms", (uint64_t)offered);
	else
		put_text(out, "algorithms", NULL);
	buffer_put_u8(out, '}');
}

/* ---- stored answers ---- */

/* One that would be said though something else is true now: a purge is on its way, or it never came. */
static void put_stored(struct explanation *ex, const struct answer_label *label, bool served,
		       struct buffer *out)
{
	buffer_printf(out, "{\"status\":\"%s\"", status_name(label->status));
	put_bool(out, "served", served);
	put_time(out, "this_update", label->this_update);
	put_time(out, "next_update", label->next_update);
	put_time(out, "produced_at", label->produced_at);
	put_time(out, "until", label->serve_until);
	put_time(out, "replaced_from", label->refresh_at);
	buffer_put_u8(out, '}');
	ex->contradictions += served && ex->says && label->status != ex->said.status;
}

static void put_cache(const struct ledger *l, struct explanation *ex, const struct question *q,
		      struct moment now)
{
	struct buffer *out = &ex->text;
	const struct cache_entry *entry = NULL;
	buffer_put_string(out, ",\"ledger_cache\":[");
	for (unsigned i = 0;
	     i < LIMIT_EXPLAINED && (entry = cache_next_of(l->cache, q->entries[0].tag, entry));
	     i++) {
		struct answer_label label = cache_entry_label(entry);
		if (i > 0)
			buffer_put_u8(out, ',');
		put_stored(ex, &label, responses_usable(l, &label, now), out);
	}
	buffer_put_u8(out, ']');
}

static void put_front(struct explanation *ex, unsigned index, struct buffer *out)
{
	const struct explained_front *front = &ex->fronts[index];
	buffer_printf(out, "{\"front\":%u", index);
	put_bool(out, "answered", front->answered);
	buffer_put_string(out, ",\"stored\":[");
	for (unsigned i = 0; front->answered && i < front->said.count; i++) {
		const struct explained_entry *entry = &front->said.entries[i];
		if (i > 0)
			buffer_put_u8(out, ',');
		put_stored(ex, &entry->label, entry->served, out);
	}
	buffer_put_string(out, "]}");
}

/* ---- all of it ---- */

void explain_put_decision(const struct ledger *l, struct explanation *ex, const struct question *q,
			  enum ocsp_result result, struct moment now)
{
	struct buffer *out = &ex->text;
	bool registered = ex->issuer && ex->issuer->database_id;
	buffer_put_string(out, "\"issuer\":");
	json_put_string(out, ex->name);
	put_serial(out, "serial", &ex->serial);
	put_time(out, "at", wall_seconds(now.wall_us));
	put_bool(out, "issuer_registered", registered);
	put_bool(out, "issuer_by_name_alone", ex->by_name);
	put_time(out, "issuer_revoked_at", ex->issuer ? ex->issuer->record.revoked_at : TIME_NONE);
	put_answer(l, ex, q, result);
	put_times(out, ex, q);
	put_evidence(l, q, now, out);
	put_history(l, out);
	if (q->indexed) {
		put_basis(l, ex, q, out);
		put_database(l, ex, q, out);
		put_policy(l, q, out);
		put_unassigned(q, now, out);
		put_crl(q, now, out);
		put_signers(l, q, out);
		put_cache(l, ex, q, now);
	}
	put_decided_disagreements(l, ex, q, out);
}

void explain_put_whole(struct explanation *ex, struct buffer *out)
{
	bool begun = false;
	buffer_put_u8(out, '{');
	buffer_put_view(out, buffer_view(&ex->text));
	out->failed = out->failed || ex->text.failed;
	buffer_put_string(out, ",\"fronts\":[");
	for (unsigned i = 0; i < LIMIT_FRONTS && out->size < TEXT_MOST; i++) {
		if (!ex->fronts[i].asked)
			continue;
		if (begun)
			buffer_put_u8(out, ',');
		begun = true;
		put_front(ex, i, out);
	}
	buffer_put_u8(out, ']');
	json_put_number(out, "stored_contradictions", ex->contradictions);
	buffer_put_u8(out, '}');
}
