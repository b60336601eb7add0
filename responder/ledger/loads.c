/* Loads and polls: which history of the database they are of, up to when it is proven, and what it has lost
 * of what is remembered (doc/design.md, One history). */
#include "ledger/loads.h"

#include "base/log.h"
#include "ledger/changes.h"
#include "ledger/decide.h"
#include "ledger/doubts.h"
#include "ledger/fronts.h"
#include "ledger/issuers.h"
#include "ledger/journal.h"
#include "ledger/known.h"
#include "ledger/lookups.h"
#include "ledger/lost.h"
#include "ledger/question.h"
#include "ledger/report.h"
#include "ledger/state.h"

/* Alarms of one load that are named one by one; the rest is counted. */
#define ALARMS_NAMED 10u
/* Lookups of another history than the feed's, one after the other. */
#define STRANGE_LOOKUPS 3u

/* ---- issuers and their numbers ---- */

/* Our number in place of the database's. False: it is one issuer more than there may be, which was told,
 * or there is no memory. */
static bool translate(struct ledger *l, struct cert_record *record)
{
	int32_t number = issuers_number(l->issuers, record->issuer);
	l->incomplete = l->incomplete || number < 0;
	record->issuer = number;
	return number > 0;
}

/* In one history an id means one issuer. */
static bool ids_swapped(const struct ledger *l)
{
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (issuer->identified && issuer->former_id && issuer->database_id &&
		    issuer->former_id != issuer->database_id)
			return true;
	}
	return false;
}

/* What was said of an issuer that the database calls otherwise, or not at all any more. */
static void purge_renamed(struct ledger *l)
{
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (issuer->former_id != issuer->database_id)
			changes_purge_issuer(l, (int32_t)number);
	}
}

/* Rows that came before their issuer could be read are that issuer's, or nobody's. */
static void move_orphans(struct ledger *l)
{
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (issuer->identified || issuer->database_id)
			continue;
		int32_t to = issuer->former_id ? issuers_number(l->issuers, issuer->former_id) : 0;
		if (to < 0 || revoked_move(l->revoked, issuer->record.id, to) < 0)
			l->incomplete = true;
		journal_renew(l->journal);
	}
}

/* Some may have been mended since. */
static void bad_issuers_apply(struct ledger *l)
{
	for (unsigned i = 0; i < l->bad_issuer_count; i++)
		if (!issuers_named(l->issuers, l->bad_issuers[i]))
			changes_bad_issuer(l, l->bad_issuers[i]);
	l->bad_issuer_count = 0;
}

/* Of a load it comes before the load, which says anew what every id means. */
void ledger_bad_issuer(struct ledger *l, int32_t id, struct moment now)
{
	l->now = now;
	if (l->bad_issuer_count < array_size(l->bad_issuers))
		l->bad_issuers[l->bad_issuer_count++] = id;
	if (l->history.known)
		changes_bad_issuer(l, id);
	decide(l, now);
}

/* ---- evidence ---- */

/* Forward only on our clock, which measures freshness. If the database's clock went back while ours
 * went on, its new, lower time is taken: a thisUpdate too early is honest, one too late is not. */
static void evidence_take(struct ledger *l, const struct db_evidence *evidence)
{
	if (l->incomplete || (l->has_evidence && evidence->mono_us < l->evidence.mono_us))
		return;
	/* What an earlier ledger said may stay with the fronts until we know better, not longer: its
	 * tags mean nothing here, so no single purge would find it. */
	bool first = !l->has_evidence;
	l->has_evidence = true;
	l->evidence = *evidence;
	if (first)
		fronts_purge_all(l);
	fronts_tick(l, evidence->time_us);
	questions_mark_evidence(l);
}

/* A load begins whose snapshot is older than what was proven before, by another server or of another
 * history: what is said from here on is no newer than its rows. */
static void evidence_lower(struct ledger *l, const struct db_evidence *evidence)
{
	if (l->has_evidence && evidence->mono_us < l->evidence.mono_us)
		l->evidence = *evidence;
}

/* ---- histories ---- */

static void history_begin(struct ledger *l, const struct db_evidence *evidence,
			  const struct db_issuer *issuers, size_t count)
{
	char why[160] = "its issuers have other ids";
	bool same = history_continues(&l->history, evidence, why);
	bool known = l->history.known;
	if (!same || !known)
		l->settled = revoked_count(l->revoked) == 0;
	l->replaced_accepted = false;
	issuers_begin(l->issuers, same);
	changes_apply_issuers(l, issuers, count);
	if (same && ids_swapped(l))
		same = false;
	bad_issuers_apply(l);
	move_orphans(l);
	purge_renamed(l);
	revoked_begin(l->revoked, same);
	if (!same)
		doubts_forget_all(l);
	history_take(&l->history, evidence);
	journal_history(l->journal, &l->history);
	if (!same && known) {
		ledger_alarm(l,
			     "another database history (%s): everything is compared with what is "
			     "remembered",
			     why);
		l->other_history = true;
		lookups_doubt_all(l);
	}
	/* Who is whose may have changed for every question. */
	if (!same || !known)
		changes_purge_all(l);
}

/* A server that was replaced has lost what was revoked since, and stays without it: it is asked no more, and
 * another one of the list may be the right one. Told once, however often it answers. */
static void refuse_replaced(struct ledger *l, const struct db_evidence *evidence)
{
	bool news = !l->replaced;
	l->replaced = true;
	l->bad_issuer_count = 0;
	if (news)
		ledger_alarm(
			l,
			"the database answers in timeline %u, before it was %u: a server that a "
			"promotion has replaced is not believed; see stillgood accept-history",
			evidence->history.timeline, l->history.current.timeline);
	l->distrusted = true;
	l->ops->reload(l->context, "database: an older timeline answers, of a server that a "
				   "promotion has replaced");
}

/* False: it is not of the history that was loaded; nothing of it counts, and a new load is asked for. */
static bool believed(struct ledger *l, const struct db_evidence *evidence)
{
	char why[160];
	if (!history_continues(&l->history, evidence, why))
		changes_distrust(l, "the database is not the one that was read before (%s)", why);
	return !l->distrusted;
}

/* A lookup reads through another connection, perhaps from another server. */
bool loads_lookup_believed(struct ledger *l, const struct db_evidence *evidence)
{
	struct db_evidence there = *evidence;
	char why[160];
	there.position = l->history.position; /* it may be a moment behind */
	if (history_continues(&l->history, &there, why)) {
		l->strange_lookups = 0;
		return true;
	}
	/* The feed is right: were both made anew, they might change places for ever. */
	if (history_replaced(&l->history, evidence) && l->ops->look_elsewhere) {
		l->ops->look_elsewhere(l->context, "database: an older timeline answers lookups");
		return false;
	}
	if (++l->strange_lookups >= STRANGE_LOOKUPS) {
		l->strange_lookups = 0;
		changes_distrust(l, "lookups read another database than the feed (%s)", why);
	}
	return false;
}

void loads_lookup_row(struct ledger *l, const struct cert_record *record,
		      const struct db_evidence *evidence)
{
	if (evidence->position > l->history.looked_up)
		l->history.looked_up = evidence->position;
	changes_apply(l, record, REVOKED_LOOKED_UP);
}

/* ---- loads ---- */

void ledger_load_begin(struct ledger *l, const struct db_evidence *evidence,
		       const struct db_issuer *issuers, size_t count, struct moment now)
{
	l->now = now;
	if (history_replaced(&l->history, evidence) && !l->replaced_accepted) {
		l->counts.loads++;
		refuse_replaced(l, evidence);
		decide(l, now);
		return;
	}
	l->replaced = false;
	l->lost_before = ledger_lost_count(l);
	l->loading = true;
	l->reading = 0;
	l->in_parts = false;
	known_forget_all(l->known); /* what changed before it is told by nobody */
	l->settling = false;
	l->distrusted = false;
	l->counts.loads++;
	history_begin(l, evidence, issuers, count);
	evidence_lower(l, evidence);
	l->load_newest = evidence->position >= l->history.looked_up;
	decide(l, now);
}

void ledger_load_row(struct ledger *l, const struct cert_record *record)
{
	struct cert_record row = *record;
	if (!l->replaced && translate(l, &row))
		changes_apply(l, &row, l->load_newest ? REVOKED_LOADED : REVOKED_LOGGED);
}

void ledger_load_end(struct ledger *l, const struct db_evidence *evidence, struct moment now)
{
	l->loading = false;
	changes_remember(l);
	if (!l->distrusted) {
		l->settling = true;
		l->feed_up = true;
		doubts_date(l, evidence);
		changes_count_crls(l);
		evidence_take(l, evidence);
	}
	decide(l, now);
}

/* ---- what is lost ---- */

static size_t alarm_certificates(struct ledger *l)
{
	size_t place = 0;
	struct revoked_row row;
	for (unsigned named = 0;
	     named < ALARMS_NAMED && revoked_next(l->revoked, true, &place, &row); named++)
		certificate_alarm(l, "a revocation is missing in the database, it stays revoked",
				  &row.record);
	return revoked_lost_count(l->revoked);
}

static size_t alarm_issuers(struct ledger *l)
{
	size_t count = 0;
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (!issuer_lost(issuer))
			continue;
		if (count++ < ALARMS_NAMED)
			ledger_alarm(l,
				     "the revocation of an issuer is missing in the database, it "
				     "stays revoked issuer=%s",
				     log_quoted(issuer->record.name));
	}
	return count;
}

/* A row that a lookup learned after the load's snapshot is not in the load, but in the poll after
 * it; so what is missing is missing only now. */
static void settle(struct ledger *l)
{
	if (!l->settling)
		return;
	l->settling = false;
	l->settled = true;
	size_t count = alarm_certificates(l) + alarm_issuers(l);
	if (count)
		alarms_raise(&l->alarms, ALARM_HISTORY_LOST, "", l->now,
			     "the database went back in time, revocations are missing count=%zu; "
			     "see stillgood accept-history --show",
			     count);
	if (count && l->conf->database.on_lost_history == LOST_HISTORY_STOP)
		changes_purge_all(l);
	if (l->other_history)
		journal_renew(l->journal);
	l->other_history = false;
}

/* ---- polls ---- */

static void poll(struct ledger *l, const struct db_evidence *evidence,
		 const struct cert_record *records, size_t count, const struct db_issuer *issuers,
		 size_t issuer_count)
{
	if (!believed(l, evidence))
		return;
	changes_apply_issuers(l, issuers, issuer_count);
	for (size_t i = 0; i < count; i++) {
		struct cert_record row = records[i];
		if (translate(l, &row))
			changes_apply(l, &row, REVOKED_LOGGED);
	}
	changes_remember(l);
	if (l->distrusted)
		return;
	/* All but the last part of a poll come with the evidence of the poll before. */
	l->reading += count;
	l->in_parts = true;
	if (l->has_evidence && evidence->mono_us > l->evidence.mono_us) {
		l->reading = 0;
		l->in_parts = false;
		doubts_date(l, evidence);
		settle(l);
		changes_count_crls(l);
	}
	history_take(&l->history, evidence);
	journal_history(l->journal, &l->history);
	evidence_take(l, evidence);
}

void ledger_poll(struct ledger *l, const struct db_evidence *evidence,
		 const struct cert_record *records, size_t count, const struct db_issuer *issuers,
		 size_t issuer_count, struct moment now)
{
	l->now = now;
	l->counts.polls++;
	l->feed_lag_us = now.mono_us - evidence->mono_us;
	poll(l, evidence, records, count, issuers, issuer_count);
	decide(l, now);
}

void ledger_feed_lost(struct ledger *l, const char *reason)
{
	l->feed_up = false;
	l->loading = false;
	l->reading = 0;
	l->in_parts = false;
	(void)snprintf(l->feed_reason, sizeof(l->feed_reason), "%s", reason ? reason : "");
}

void ledger_stalled(struct ledger *l, enum db_stall why)
{
	l->stall = why;
}

void ledger_prewarming(struct ledger *l, unsigned percent)
{
	l->prewarmed_percent = percent;
}

void ledger_prewarmed(struct ledger *l)
{
	l->prewarming = false;
}

void ledger_bad_row(struct ledger *l, const char *description)
{
	l->counts.bad_rows++;
	(void)snprintf(l->bad_row, sizeof(l->bad_row), "%s", description);
	ledger_alarm(l, "a row cannot be understood, nothing is answered from it: %s", description);
}

/* Its state is not known, so what was said of it before may have ended; lookups will tell. What the
 * revoked set knows stays. */
void ledger_bad_key(struct ledger *l, const struct db_key *key)
{
	struct cert_record record = {.issuer = key->issuer, .serial = key->serial};
	if (translate(l, &record))
		changes_doubt(l, &record);
	decide_untimed(l);
}
