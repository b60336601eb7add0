/* Applying what the database says of certificates and issuers: to the sets, to the journal, and to
 * whatever was said of them. Every change is purged everywhere before anybody is told that the data is
 * newer. */
#include "ledger/changes.h"

#include "base/hex.h"
#include "base/log.h"
#include "ledger/doubts.h"
#include "ledger/forgets.h"
#include "ledger/fronts.h"
#include "ledger/issuers.h"
#include "ledger/journal.h"
#include "ledger/known.h"
#include "ledger/lookups.h"
#include "ledger/presigned.h"
#include "ledger/question.h"
#include "ledger/queue.h"
#include "ledger/report.h"
#include "ledger/state.h"
#include "ledger/tag.h"

#include <stdarg.h>

void certificate_alarm(struct ledger *l, const char *fact, const struct cert_record *record)
{
	char serial[2 * LIMIT_SERIAL + 1];
	const struct issuer *issuer = issuers_by_id(l->issuers, record->issuer);
	hex_put(serial, serial_view(&record->serial));
	ledger_alarm(l, "%s issuer=%s serial=%s version=%lld", fact,
		     log_quoted(issuer ? issuer->record.name : "?"), serial,
		     (long long)record->version);
}

/* And what is being said of it now is decided anew. */
static void purge_certificate(struct ledger *l, int32_t issuer, const struct serial *serial)
{
	uint64_t tag = tag_of(&l->key, issuer, serial_view(serial));
	known_forget(l->known, tag);
	questions_mark_tag(l, tag);
	queue_changed(l, tag);
	fronts_purge(l, &(struct message_purge){.scope = PURGE_TAG, .tag = tag, .issuer = issuer});
	forgets_certificate(l, issuer, serial_view(serial));
}

void changes_purge_issuer(struct ledger *l, int32_t issuer)
{
	known_forget_all(l->known);
	questions_mark_issuer(l, issuers_by_id(l->issuers, issuer));
	fronts_purge(l, &(struct message_purge){.scope = PURGE_ISSUER, .issuer = issuer});
	forgets_issuer(l, issuer);
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
	revoked_confirm(l->revoked, record->issuer, serial_view(&record->serial));
	return true;
}

void changes_journal_alarm(struct ledger *l)
{
	alarms_raise(&l->alarms, ALARM_JOURNAL, "", l->now,
		     "the journal of revocations cannot be written: a restart may forget what the "
		     "database has lost; see [server] journal");
}

/* Before anything leaves that rests on it (I-10). */
void changes_remember(struct ledger *l)
{
	if (journal_flush(l->journal) == JOURNAL_FAILED)
		changes_journal_alarm(l);
}

static void certificate_changed(struct ledger *l, const struct cert_record *record, bool remembered)
{
	purge_certificate(l, record->issuer, &record->serial);
	if (!remembered)
		return;
	journal_row(l->journal, record);
	if (journal_full(l->journal))
		changes_remember(l);
}

/* Only what is revoked, or was, is worth a line. */
static bool worth_remembering(const struct ledger *l, const struct cert_record *record)
{
	struct cert_record known;
	return status_says_revoked(record->status) ||
	       (revoked_find(l->revoked, record->issuer, serial_view(&record->serial), &known) &&
		status_says_revoked(known.status));
}

void changes_doubt(struct ledger *l, const struct cert_record *record)
{
	purge_certificate(l, record->issuer, &record->serial);
	uint64_t tag = tag_of(&l->key, record->issuer, serial_view(&record->serial));
	lookups_doubt(l, tag);
	doubts_note(l, tag);
}

static void certificate_refused(struct ledger *l, const struct cert_record *record)
{
	certificate_alarm(l, "the database takes a revocation back, it stays revoked", record);
	if (l->conf->database.on_lost_history == LOST_HISTORY_STOP)
		changes_purge_all(l);
}

void changes_apply(struct ledger *l, const struct cert_record *record, enum revoked_source source)
{
	if (release_refused(l, record)) {
		certificate_alarm(l,
				  "the database releases a certificate that hold_releasable = no "
				  "keeps on hold, it stays on hold",
				  record);
		return;
	}
	bool remembered = worth_remembering(l, record);
	int result = revoked_apply(l->revoked, record, source);
	if (result == REVOKED_CHANGED)
		certificate_changed(l, record, remembered);
	else if (result == REVOKED_DOUBTED)
		changes_doubt(l, record);
	else if (result == REVOKED_REFUSED &&
		 !l->loading) /* a load's are told when it is settled */
		certificate_refused(l, record);
	else if (result < 0)
		l->incomplete = true;
}

/* ---- issuers ---- */

static void issuer_changed(struct ledger *l, const struct issuer *issuer)
{
	presigned_forget(l, issuer->record.name); /* other answers, or the same trouble again */
	changes_purge_issuer(l, issuer->record.id);
	if (issuer->record.revoked_at != TIME_NONE)
		journal_issuer(l->journal, issuer);
}

static void issuer_refused(struct ledger *l, const struct issuer *issuer)
{
	ledger_alarm(l, "the database calls a revoked issuer good, it stays revoked issuer=%s",
		     log_quoted(issuer->record.name));
	changes_purge_issuer(l, issuer->record.id);
}

/* One without a section is nobody's trouble now. */
static void alarm_unreadable(struct ledger *l, const char *name, const char *text)
{
	if (conf_issuer_named(l->conf, name))
		alarms_raise(&l->alarms, ALARM_ISSUER_UNREADABLE, name, l->now, "%s", text);
	else
		ledger_alarm(l, "%s", text);
}

static void apply_issuer(struct ledger *l, const struct db_issuer *from)
{
	struct fault fault = {.text = ""};
	const struct issuer *issuer = NULL;
	int result = issuers_apply(l->issuers, from, &issuer, &fault);
	if (result == ISSUERS_CHANGED)
		issuer_changed(l, issuer);
	else if (result == ISSUERS_REFUSED)
		issuer_refused(l, issuer);
	else if (result == ISSUERS_OTHER)
		changes_distrust(l, "an issuer's id means another issuer than before issuer=%s",
				 log_quoted(from->record.name));
	else if (result == -ENOMEM)
		l->incomplete = true;
	if (result == -EINVAL && issuer)
		issuer_changed(l, issuer); /* its revocation counts */
	if (fault.text[0])
		alarm_unreadable(l, from->record.name, fault.text);
	else
		alarms_clear(&l->alarms, ALARM_ISSUER_UNREADABLE, from->record.name);
}

void changes_apply_issuers(struct ledger *l, const struct db_issuer *issuers, size_t count)
{
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		apply_issuer(l, &issuers[i]);
	issuers_settle(l->issuers);
}

void changes_count_crls(struct ledger *l)
{
	const struct issuer *issuer;
	while ((issuer = issuers_count_crls(l->issuers)))
		changes_purge_issuer(l, issuer->record.id);
}

void changes_bad_issuer(struct ledger *l, int32_t database_id)
{
	const struct issuer *issuer = issuers_bad(l->issuers, database_id);
	if (!issuer) {
		l->incomplete = true;
		return;
	}
	/* The row was told (ledger_bad_row()). */
	if (issuer->section)
		alarms_raise(&l->alarms, ALARM_ISSUER_UNREADABLE, issuer->record.name, l->now,
			     "issuer \"%s\": its row in the database cannot be understood, nothing "
			     "is answered about it: %s",
			     issuer->record.name, l->bad_row);
	issuers_settle(l->issuers);
	changes_purge_issuer(l, issuer->record.id);
}

/* ---- distrust ---- */

void changes_distrust(struct ledger *l, const char *format, ...)
{
	char text[300];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (l->distrusted)
		return;
	l->distrusted = true;
	ledger_alarm(l, "%s: everything is read anew", text);
	l->ops->reload(l->context, text);
}

void changes_purge_all(struct ledger *l)
{
	known_forget_all(l->known);
	questions_mark_all(l);
	fronts_purge_all(l);
}

void ledger_database_findings(struct ledger *l, const char *const *texts, size_t count,
			      struct moment now)
{
	alarms_set(&l->alarms, ALARM_DATABASE_FINDING, texts, count, now);
}
