/* The ledger's part of `stillgood status`. */
#include "base/json.h"
#include "ledger/state.h"

/* What the warden's document says of the whole instance. */
static void put_readiness(const struct ledger *l, struct buffer *out)
{
	cleanup(buffer_deinit) struct buffer reason = {0};
	readiness_reason(l, &reason);
	buffer_put_u8(&reason, '\0');
	buffer_printf(out, "\"ready\":%s,\"reason\":", readiness_good(l) ? "true" : "false");
	json_put_string(out, buffer_result(&reason) == 0 ? (const char *)reason.data : "");
	buffer_put_u8(out, ',');
}

static void put_database(const struct ledger *l, struct moment now, struct buffer *out)
{
	const char *feed = l->feed_up ? "up" : l->loading ? "loading" : "lost";
	buffer_printf(out, "\"feed\":\"%s\",\"feed_reason\":", feed);
	json_put_string(out, l->feed_up ? "" : l->feed_reason);
	buffer_printf(out, ",\"lookup_usable\":%s,\"lookup_reason\":",
		      l->lookup_usable ? "true" : "false");
	json_put_string(out, l->lookup_usable ? "" : l->lookup_reason);
	if (l->has_evidence)
		buffer_printf(out, ",\"evidence_us\":%lld,\"evidence_age_ms\":%lld",
			      (long long)l->evidence.time_us,
			      (long long)((now.mono_us - l->evidence.mono_us) / MILLISECOND_US));
	else
		buffer_put_string(out, ",\"evidence_us\":null,\"evidence_age_ms\":null");
}

/* Which history is read, and what it has lost (DESIGN.md, One history). */
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
	json_put_number(out, "lost", lost_count(l));
	buffer_printf(out, ",\"journal\":\"%s\"", states[journal_state(l->journal)]);
	json_put_number(out, "journal_bytes", journal_size(l->journal));
}

static void put_signers(const struct ledger *l, struct buffer *out)
{
	unsigned hung = 0, depth = 0;
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++) {
		hung += l->signers[i].attached && l->signers[i].hung;
		depth += l->signers[i].depth;
	}
	json_put_number(out, "signers", l->signers_attached);
	json_put_number(out, "signers_hung", hung);
	json_put_number(out, "signing", depth);
}

static void put_counts(const struct ledger_counts *c, struct buffer *out)
{
	json_put_number(out, "queries", c->queries);
	json_put_number(out, "cache_hits", c->cache_hits);
	json_put_number(out, "joined", c->joined);
	json_put_number(out, "lookups", c->lookups);
	json_put_number(out, "batches", c->batches);
	json_put_number(out, "batches_failed", c->batches_failed);
	json_put_number(out, "signatures", c->signatures);
	json_put_number(out, "fences", c->fences);
	json_put_number(out, "purges", c->purges);
	json_put_number(out, "polls", c->polls);
	json_put_number(out, "loads", c->loads);
	json_put_number(out, "alarms", c->alarms);
	json_put_number(out, "bad_rows", c->bad_rows);
	json_put_number(out, "overloads", c->overloads);
	json_put_number(out, "timeouts", c->timeouts);
}

void ledger_status(const struct ledger *l, struct moment now, struct buffer *out)
{
	buffer_put_u8(out, '{');
	put_readiness(l, out);
	put_database(l, now, out);
	put_history(l, out);
	json_put_number(out, "revoked", revoked_count(l->revoked));
	json_put_number(out, "revoked_bytes", revoked_memory(l->revoked));
	json_put_number(out, "issuers", issuers_count(l->issuers));
	json_put_number(out, "open", l->open);
	put_signers(l, out);
	struct cache_counts cache = cache_counts(l->cache);
	json_put_number(out, "cache_entries", cache.entries);
	json_put_number(out, "cache_bytes", cache.bytes);
	put_counts(&l->counts, out);
	buffer_put_u8(out, '}');
}
