/* What lookups bring, which may be newer than what the feed has brought. */
#include "ledger/decide.h"
#include "ledger/loads.h"
#include "ledger/lookups.h"
#include "ledger/proving.h"
#include "ledger/report.h"
#include "ledger/revoked.h"
#include "ledger/state.h"

/* What a lookup knows better than the feed is applied at once, but it never makes good what the set
 * says is not: a release waits for the feed, so that no answer mixes two states of the data. */
static void apply(struct ledger *l, const struct cert_record *record,
		  const struct db_evidence *evidence)
{
	struct cert_record row;
	bool revoked =
		revoked_find(l->revoked, record->issuer, serial_view(&record->serial), &row) &&
		status_says_revoked(row.status);
	if (status_says_revoked(record->status) || !revoked)
		loads_lookup_row(l, record, evidence);
}

static void apply_all(struct ledger *l, uint64_t batch, const struct db_evidence *evidence,
		      const struct db_found *found, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cert_record record = found[i].record;
		record.issuer = lookups_issuer(l, batch, i);
		if (found[i].found && record.issuer)
			apply(l, &record, evidence);
	}
}

void ledger_lookup_done(struct ledger *l, uint64_t batch, const struct db_evidence *evidence,
			const struct db_found *found, size_t count, struct moment now)
{
	if (!lookups_awaited(l, batch))
		return;
	if (!loads_lookup_believed(l, evidence)) {
		lookups_fail(l, batch, now);
	} else if (!lookups_match(l, batch, found, count)) {
		ledger_alarm(l, "a lookup's answer does not match its question");
		lookups_fail(l, batch, now);
	} else {
		if (lookups_prove(l, batch))
			proving_take(l, evidence);
		lookups_bar(l, batch, evidence, now);
		apply_all(l, batch, evidence, found, count);
		lookups_learn(l, batch, evidence, found, now);
	}
	decide(l, now);
}

void ledger_lookup_failed(struct ledger *l, uint64_t batch, struct moment now)
{
	if (!lookups_awaited(l, batch))
		return;
	lookups_fail(l, batch, now);
	decide(l, now);
}

void ledger_lookups_lost(struct ledger *l, struct moment now)
{
	lookups_fail_all(l, now);
	decide(l, now);
}

void ledger_lookup_state(struct ledger *l, bool usable, const char *reason)
{
	lookups_state(l, usable, reason);
	decide_untimed(l);
}
