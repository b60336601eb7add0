/* Applying what the database says: loads, polls, and lookups that are newer than the feed. Every
 * change is purged everywhere before anybody is told that the data is newer. */
#include "ledger/state.h"

#include "base/hex.h"

#include <stdarg.h>

/* Alarms of one load or poll that are named one by one; the rest is counted. */
#define ALARMS_NAMED 10u

void ledger_alarm(struct ledger *l, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	l->counts.alarms++;
	l->ops->alarm(l->context, text);
}

static void certificate_alarm(struct ledger *l, const char *fact, const struct cert_record *record)
{
	char serial[2 * LIMIT_SERIAL + 1];
	const struct issuer *issuer = issuers_by_id(l->issuers, record->issuer);
	hex_put(serial, serial_view(&record->serial));
	ledger_alarm(l, "%s issuer=\"%s\" serial=%s version=%lld", fact,
		     issuer ? issuer->record.name : "?", serial, (long long)record->version);
}

static void purge(struct ledger *l, const struct message_purge *m)
{
	if (!l->has_evidence)
		return; /* nothing was ever answered */
	l->counts.purges++;
	if (l->purges_in_turn++ >= LIMIT_PURGES)
		l->purge_all_due = true;
	else
		answer_purge(l, m);
}

void changes_flush(struct ledger *l)
{
	l->purges_in_turn = 0;
	if (!l->purge_all_due)
		return;
	l->purge_all_due = false;
	answer_purge(l, &(struct message_purge){.scope = PURGE_ALL});
}

/* And what is being said of it now is decided anew. */
static void purge_certificate(struct ledger *l, int32_t issuer, const struct serial *serial)
{
	uint64_t tag = tag_of(&l->key, issuer, serial_view(serial));
	questions_mark_tag(l, tag);
	purge(l, &(struct message_purge){.scope = PURGE_TAG, .tag = tag, .issuer = issuer});
}

static void purge_issuer(struct ledger *l, int32_t issuer)
{
	questions_mark_issuer(l, issuers_by_id(l->issuers, issuer));
	purge(l, &(struct message_purge){.scope = PURGE_ISSUER, .issuer = issuer});
}

/* hold_releasable = no: a suspension never ends. True if this is a release that does not count; then
 * the hold is as if it had been read again, because the database did not lose it. */
static bool release_refused(struct ledger *l, const struct cert_record *record)
{
	const struct issuer *issuer = issuers_by_id(l->issuers, record->issuer);
	struct cert_record known;
	if (status_says_revoked(record->status) || !issuer || !issuer->section ||
	    issuer->section->hold_releasable ||
	    !revoked_find(l->revoked, record->issuer, serial_view(&record->serial), &known) ||
	    known.status != CERT_HELD || record->version <= known.version)
		return false;
	int result = revoked_apply(l->revoked, &known);
	(void)result; /* of what is there already */
	return true;
}

void changes_apply(struct ledger *l, const struct cert_record *record)
{
	if (release_refused(l, record)) {
		certificate_alarm(l,
				  "the database releases a certificate that hold_releasable = no "
				  "keeps on hold, it stays on hold",
				  record);
		return;
	}
	int result = revoked_apply(l->revoked, record);
	if (result == REVOKED_CHANGED) {
		purge_certificate(l, record->issuer, &record->serial);
	} else if (result == REVOKED_REFUSED) {
		certificate_alarm(l, "the database takes a revocation back, it stays revoked",
				  record);
	} else if (result < 0) {
		l->incomplete = true;
	}
}

static void apply_issuer(struct ledger *l, const struct db_issuer *issuer)
{
	struct fault fault = {.text = ""};
	int result = issuers_apply(l->issuers, issuer, &fault);
	if (result == ISSUERS_CHANGED)
		purge_issuer(l, issuer->record.id);
	else if (result == ISSUERS_REFUSED)
		ledger_alarm(
			l,
			"the database calls a revoked issuer good, it stays revoked issuer=\"%s\"",
			issuer->record.name);
	else if (result == -ENOMEM)
		l->incomplete = true;
	else if (result < 0)
		ledger_alarm(l, "%s", fault.text);
}

static void apply_issuers(struct ledger *l, const struct db_issuer *issuers, size_t count)
{
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		apply_issuer(l, &issuers[i]);
	issuers_settle(l->issuers);
}

/* ---- evidence ---- */

static void ticks_send(struct ledger *l)
{
	for (unsigned i = 0; i < LIMIT_FRONTS; i++)
		if (l->fronts[i].attached)
			answer_tick(l, i);
}

/* Each that waits now, once: one that must go on waiting comes again at the end of the list. */
static void stale_jobs_advance(struct ledger *l, struct moment now)
{
	struct job *last = TAILQ_LAST(&l->jobs_stale, job_list), *job = NULL;
	while (last && job != last) {
		job = TAILQ_FIRST(&l->jobs_stale);
		job_advance(l, job, now);
	}
	signing_dispatch(l, now);
}

/* Forward only on our clock, which measures freshness. If the database's clock went back while ours
 * went on, its new, lower time is taken: a thisUpdate too early is honest, one too late is not. */
static void evidence_take(struct ledger *l, const struct db_evidence *evidence, struct moment now)
{
	if (l->incomplete || (l->has_evidence && evidence->mono_us < l->evidence.mono_us))
		return;
	/* What an earlier ledger said may stay with the fronts until we know better, not longer: its
	 * tags mean nothing here, so no single purge would find it. */
	if (!l->has_evidence)
		l->purge_all_due = true;
	l->has_evidence = true;
	l->evidence = *evidence;
	if (evidence->time_us > l->tick_us)
		l->tick_us = evidence->time_us;
	changes_flush(l);
	ticks_send(l);
	parked_ask(l, now);
	stale_jobs_advance(l, now);
}

/* ---- loads and polls ---- */

void ledger_load_begin(struct ledger *l, const struct db_evidence *evidence,
		       const struct db_issuer *issuers, size_t count, struct moment now)
{
	(void)evidence, (void)now;
	l->loading = true;
	l->settling = false;
	l->counts.loads++;
	revoked_unconfirm(l->revoked);
	apply_issuers(l, issuers, count);
}

void ledger_load_row(struct ledger *l, const struct cert_record *record)
{
	changes_apply(l, record);
}

void ledger_load_end(struct ledger *l, const struct db_evidence *evidence, struct moment now)
{
	l->loading = false;
	l->settling = true;
	l->feed_up = true;
	evidence_take(l, evidence, now);
}

struct lost_rows {
	struct ledger *ledger;
	unsigned named;
};

static void lost_row(void *context, const struct cert_record *record)
{
	struct lost_rows *lost = context;
	if (lost->named++ < ALARMS_NAMED)
		certificate_alarm(lost->ledger,
				  "a revocation is missing in the database, it stays revoked",
				  record);
}

/* A row that a lookup learned after the load's snapshot is not in the load, but in the poll after
 * it; so what is missing is missing only now. */
static void settle(struct ledger *l)
{
	if (!l->settling)
		return;
	l->settling = false;
	struct lost_rows lost = {.ledger = l};
	size_t count = revoked_lost(l->revoked, lost_row, &lost);
	if (count)
		ledger_alarm(l, "the database went back in time, revocations are missing count=%zu",
			     count);
}

void ledger_poll(struct ledger *l, const struct db_evidence *evidence,
		 const struct cert_record *records, size_t count, const struct db_issuer *issuers,
		 size_t issuer_count, struct moment now)
{
	l->counts.polls++;
	apply_issuers(l, issuers, issuer_count);
	for (size_t i = 0; i < count; i++)
		changes_apply(l, &records[i]);
	/* All but the last part of a poll come with the evidence of the poll before. */
	if (l->has_evidence && evidence->mono_us > l->evidence.mono_us)
		settle(l);
	evidence_take(l, evidence, now);
}

void ledger_feed_lost(struct ledger *l, const char *reason)
{
	l->feed_up = false;
	l->loading = false;
	(void)snprintf(l->feed_reason, sizeof(l->feed_reason), "%s", reason ? reason : "");
}

void ledger_bad_row(struct ledger *l, const char *description)
{
	l->counts.bad_rows++;
	ledger_alarm(l, "a row cannot be understood, its certificate is not answered from it: %s",
		     description);
}

/* Its state is not known, so what was said of it before may have ended; lookups will tell. What the
 * revoked set knows stays. */
void ledger_bad_key(struct ledger *l, const struct db_key *key)
{
	purge_certificate(l, key->issuer, &key->serial);
	lookups_doubt(l, key);
}
