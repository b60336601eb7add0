/* An operator accepts what the database has lost (I-10): it is forgotten, and everything is read anew. */
#include "ledger/changes.h"
#include "ledger/decide.h"
#include "ledger/issuers.h"
#include "ledger/journal.h"
#include "ledger/lookups.h"
#include "ledger/lost.h"
#include "ledger/report.h"
#include "ledger/state.h"

static void accept_certificates(struct ledger *l)
{
	size_t place = 0;
	struct revoked_row row;
	while (revoked_next(l->revoked, true, &place, &row)) {
		struct view serial = serial_view(&row.record.serial);
		revoked_forget(l->revoked, row.record.issuer, serial);
		row.record.status = CERT_GOOD;
		row.record.reason = REASON_NONE;
		row.record.revoked_at = row.record.invalidity_at = TIME_NONE;
		journal_row(l->journal, &row.record);
		if (journal_full(l->journal))
			changes_remember(l);
	}
}

static void accept_issuers(struct ledger *l)
{
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (!issuer_lost(issuer))
			continue;
		issuers_forget(l->issuers, (int32_t)number);
		journal_issuer(l->journal, issuer);
	}
}

/* The next load may be of the older timeline; what it has lost is told after it, and accepted by itself. */
static void accept_replaced(struct ledger *l)
{
	l->replaced_accepted = true;
	ledger_alarm(l, "an operator has accepted a database of an older timeline");
	l->ops->reload(l->context, "an operator has accepted its older timeline");
}

size_t ledger_accept_history(struct ledger *l, struct moment now)
{
	size_t count = lost_is_known(l) ? ledger_lost_count(l) : 0;
	if (l->replaced) {
		accept_replaced(l);
		return 0;
	}
	if (count == 0)
		return 0;
	accept_certificates(l);
	accept_issuers(l);
	changes_remember(l);
	changes_purge_all(l);
	lookups_doubt_all(l);
	ledger_alarm(
		l,
		"an operator has accepted what the database says: revocations forgotten count=%zu",
		count);
	l->ops->reload(l->context, "an operator has accepted its history");
	decide(l, now);
	return count;
}
