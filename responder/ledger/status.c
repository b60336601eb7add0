/* The ledger's part of `stillgood status`. */
#include "base/json.h"
#include "cache/cache.h"
#include "ledger/crls.h"
#include "ledger/forgets.h"
#include "ledger/fronts.h"
#include "ledger/issuers.h"
#include "ledger/kept.h"
#include "ledger/known.h"
#include "ledger/lookups.h"
#include "ledger/lost.h"
#include "ledger/presigned.h"
#include "ledger/proving.h"
#include "ledger/question.h"
#include "ledger/queue.h"
#include "ledger/readiness.h"
#include "ledger/revoked.h"
#include "ledger/signing.h"
#include "ledger/state.h"

/* What conditions may take of a control message. */
#define ALARMS_SPACE 40000u

static void put_words(struct buffer *words, const char *name, struct buffer *out)
{
	buffer_put_u8(words, '\0');
	buffer_printf(out, ",\"%s\":", name);
	json_put_string(out, buffer_result(words) == 0 ? (const char *)words->data : "");
}

/* What the warden's document says of the whole instance. */
static void put_readiness(const struct ledger *l, struct buffer *out)
{
	cleanup(buffer_deinit) struct buffer reason = {0}, degraded = {0};
	readiness_reason(l, &reason);
	readiness_degraded(l, &degraded);
	buffer_printf(out, "\"ready\":%s", readiness_good(l) ? "true" : "false");
	put_words(&reason, "reason", out);
	put_words(&degraded, "degraded", out);
	buffer_put_u8(out, ',');
}

static void put_database(const struct ledger *l, struct moment now, struct buffer *out)
{
	const char *feed = l->feed_up ? "up" : l->loading ? "loading" : "lost";
	buffer_printf(out, "\"feed\":\"%s\",\"feed_reason\":", feed);
	json_put_string(out, l->feed_up ? "" : l->feed_reason);
	buffer_printf(out, ",\"lookup_usable\":%s,\"lookup_reason\":",
		      lookups_usable(l) ? "true" : "false");
	json_put_string(out, lookups_usable(l) ? "" : lookups_reason(l));
	if (l->has_evidence)
		buffer_printf(out, ",\"evidence_us\":%lld,\"evidence_age_ms\":%lld",
			      (long long)l->evidence.time_us,
			      (long long)((now.mono_us - l->evidence.mono_us) / MILLISECOND_US));
	else
		buffer_put_string(out, ",\"evidence_us\":null,\"evidence_age_ms\":null");
	json_put_number(out, "reading", l->reading);
	int64_t proven_until = proving_until(l, now);
	if (proven_until)
		json_put_number(
			out, "lookup_evidence_age_ms",
			(uint64_t)((now.mono_us - l->proof.evidence.mono_us) / MILLISECOND_US));
	else
		buffer_put_string(out, ",\"lookup_evidence_age_ms\":null");
	if (l->has_evidence)
		buffer_printf(out, ",\"role\":\"%s\",\"feed_lag_us\":%lld",
			      l->evidence.standby ? "standby" : "primary",
			      (long long)l->feed_lag_us);
	else
		buffer_put_string(out, ",\"role\":null,\"feed_lag_us\":null");
}

/* Which history is read, and what it has lost (doc/design.md, One history). */
static void put_history(const struct ledger *l, struct buffer *out)
{
	static const char *const states[] = {
		[JOURNAL_NONE] = "none",
		[JOURNAL_WRITTEN] = "written",
		[JOURNAL_BROKEN] = "cannot be written",
	};
	const struct history *h = &l->history;
	if (h->known)
		buffer_printf(out,
			      ",\"history\":{\"system\":\"%llu\",\"timeline\":%u,"
			      "\"database\":%u,\"position\":\"%llu\"}",
			      (unsigned long long)h->current.system, h->current.timeline,
			      h->current.database, (unsigned long long)h->position);
	else
		buffer_put_string(out, ",\"history\":null");
	json_put_number(out, "lost", ledger_lost_count(l));
	buffer_printf(out, ",\"journal\":\"%s\"", states[journal_state(l->journal)]);
	json_put_number(out, "journal_bytes", journal_size(l->journal));
}

/* What another process need not have signed. */
static void put_kept(const struct ledger *l, struct buffer *out)
{
	static const char *const states[] = {
		[KEPT_NONE] = "none",
		[KEPT_WRITTEN] = "written",
		[KEPT_BROKEN] = "cannot be written",
	};
	const struct kept_counts counts = kept_counts(l);
	buffer_printf(out, ",\"kept_answers\":\"%s\"", states[counts.state]);
	json_put_number(out, "kept_bytes", counts.octets);
	json_put_number(out, "kept_reused", counts.reused);
	json_put_number(out, "kept_left_out", counts.left_out);
}

static void put_signers(const struct ledger *l, struct buffer *out)
{
	const struct signing_counts counts = signing_counts(l);
	json_put_number(out, "signers", counts.attached);
	json_put_number(out, "signers_hung", counts.hung);
	json_put_number(out, "signing", counts.depth);
}

/* Where questions wait. */
static void put_questions(const struct ledger *l, struct buffer *out)
{
	static const char *const names[QUESTION_STATES] = {
		[QUESTION_NEW] = "new",
		[QUESTION_PARKED] = "parked",
		[QUESTION_VERIFYING] = "verifying",
		[QUESTION_LOOKUP] = "lookup",
		[QUESTION_STALE] = "stale",
		[QUESTION_QUEUED] = "queued",
		[QUESTION_SIGNING] = "signing",
		[QUESTION_FETCHING] = "fetching",
	};
	buffer_put_string(out, ",\"questions\":[");
	for (unsigned i = QUESTION_PARKED; i < QUESTION_STATES; i++)
		buffer_printf(out, "%s{\"state\":\"%s\",\"count\":%zu}",
			      i > QUESTION_PARKED ? "," : "", names[i],
			      questions_count(l, (enum question_state)i));
	buffer_put_u8(out, ']');
}

/* What waits for signers, and what it has cost (queue.h). */
static void put_queue(const struct ledger *l, struct buffer *out)
{
	buffer_put_string(out, ",\"queue\":[");
	for (unsigned i = QUEUE_CHANGED; i <= QUEUE_UNSEEN; i++) {
		const struct queue_counts counts = queue_counts(l, (enum queue_class)i);
		buffer_printf(out, "%s{\"class\":\"%s\"", i > QUEUE_CHANGED ? "," : "",
			      queue_class_name((enum queue_class)i));
		json_put_number(out, "waiting", counts.waiting);
		json_put_number(out, "given", counts.given);
		json_put_number(out, "shed", counts.shed);
		json_put_number(out, "signer_us", counts.signer_us);
		buffer_put_u8(out, '}');
	}
	buffer_put_u8(out, ']');
}

static void put_times(const struct ledger *l, struct buffer *out)
{
	const struct lookup_counts lookups = lookups_counts(l);
	const struct signing_counts signing = signing_counts(l);
	histogram_put_json(&l->answer_times, "answer_times", out);
	histogram_put_json(&lookups.times, "lookup_times", out);
	histogram_put_json(&signing.times, "signing_times", out);
}

static void put_counts(const struct ledger *l, struct buffer *out)
{
	const struct lookup_counts lookups = lookups_counts(l);
	json_put_number(out, "queries", l->queries);
	json_put_number(out, "cache_hits", l->cache_hits);
	json_put_number(out, "joined", l->joined);
	json_put_number(out, "lookups", lookups.lookups);
	json_put_number(out, "lookups_waiting", lookups.waiting);
	json_put_number(out, "known_hits", known_hits(l->known));
	json_put_number(out, "batches", lookups.batches);
	json_put_number(out, "batches_failed", lookups.batches_failed);
	json_put_number(out, "signatures", signing_counts(l).signatures);
	json_put_number(out, "fences", l->fences);
	json_put_number(out, "proven_by_lookup", l->by_lookup);
	json_put_number(out, "purges", fronts_purges(l));
	json_put_number(out, "forgets", forgets_sent(l));
	json_put_number(out, "polls", l->counts.polls);
	json_put_number(out, "loads", l->counts.loads);
	json_put_number(out, "alarm_lines", l->alarm_lines);
	json_put_number(out, "bad_rows", l->counts.bad_rows);
	json_put_number(out, "overloads", l->overloads);
	json_put_number(out, "timeouts", l->timeouts);
}

void ledger_status(const struct ledger *l, struct moment now, struct buffer *out)
{
	buffer_put_u8(out, '{');
	put_readiness(l, out);
	put_database(l, now, out);
	put_history(l, out);
	put_kept(l, out);
	crls_put(l, out);
	json_put_number(out, "revoked", revoked_count(l->revoked));
	json_put_number(out, "revoked_bytes", revoked_memory(l->revoked));
	json_put_number(out, "issuers", issuers_count(l->issuers));
	json_put_number(out, "open", questions_open(l));
	put_signers(l, out);
	struct cache_counts cache = cache_counts(l->cache);
	json_put_number(out, "cache_entries", cache.entries);
	json_put_number(out, "cache_bytes", cache.bytes);
	json_put_number(out, "cache_evictions", cache.evictions);
	put_questions(l, out);
	put_queue(l, out);
	presigned_status(l, out);
	put_counts(l, out);
	put_times(l, out);
	buffer_put_u8(out, ',');
	alarms_put_json(&l->alarms, ALARMS_SPACE, out);
	buffer_put_u8(out, '}');
}
