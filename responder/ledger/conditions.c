#include "ledger/conditions.h"

#include "base/log.h"
#include "ledger/lookups.h"
#include "ledger/lost.h"
#include "ledger/proving.h"
#include "ledger/signing.h"
#include "ledger/state.h"

/* A signer that died is back earlier than this; nobody must look at it. */
#define SIGNER_PATIENCE_US (5 * SECOND_US)

/* ---- the database ---- */

static bool feed_lost(const struct ledger *l)
{
	return !l->feed_up && l->feed_reason[0];
}

static bool lookups_lost(const struct ledger *l)
{
	return !lookups_usable(l) && lookups_reason(l)[0];
}

bool conditions_away(const struct ledger *l)
{
	return feed_lost(l) || lookups_lost(l);
}

const char *conditions_reason(const struct ledger *l)
{
	return feed_lost(l) ? l->feed_reason : lookups_reason(l);
}

const char *conditions_stalled(const struct ledger *l)
{
	static const char *const words[] = {
		[DB_STALL_NONE] = NULL,
		[DB_STALL_PAUSED] = "the standby's replay is paused",
		[DB_STALL_CUT_OFF] = "the standby receives nothing from its primary",
		[DB_STALL_BEHIND] = "the standby is behind with what it has received",
		[DB_STALL_HEARTBEAT] =
			"no heartbeat comes from the primary: does anybody write it?",
	};
	return l->feed_up ? words[l->stall] : NULL;
}

/* How old the evidence is, and how old it may become. */
static void put_age(const struct ledger *l, struct moment now, char ret[static 96])
{
	int64_t age = (now.mono_us - l->evidence.mono_us) / MILLISECOND_US;
	if (!l->has_evidence)
		(void)snprintf(ret, 96, "evidence_age=none");
	else
		(void)snprintf(ret, 96, "evidence_age=%lld.%lld s freshness=%lld s",
			       (long long)age / 1000, (long long)age % 1000 / 100,
			       (long long)(l->conf->database.freshness_us / SECOND_US));
}

static void look_at_database(struct ledger *l, const char *age, struct moment now)
{
	if (feed_lost(l))
		alarms_raise(&l->alarms, ALARM_DATABASE_AWAY, "", now,
			     "the database cannot be read: %s %s", l->feed_reason, age);
	else if (lookups_lost(l))
		alarms_raise(&l->alarms, ALARM_DATABASE_AWAY, "", now,
			     "the database cannot be asked: %s %s", lookups_reason(l), age);
	else if (l->feed_up)
		alarms_clear(&l->alarms, ALARM_DATABASE_AWAY, "");
}

static void look_at_stall(struct ledger *l, const char *age, struct moment now)
{
	const char *why = conditions_stalled(l);
	bool heart = why && l->stall == DB_STALL_HEARTBEAT;
	if (!why || heart)
		alarms_clear(&l->alarms, ALARM_DATABASE_STALLED, "");
	else
		alarms_raise(&l->alarms, ALARM_DATABASE_STALLED, "", now, "%s %s", why, age);
	if (heart)
		alarms_raise(&l->alarms, ALARM_HEARTBEAT_STOPPED, "", now, "%s %s", why, age);
	else
		alarms_clear(&l->alarms, ALARM_HEARTBEAT_STOPPED, "");
}

const char *conditions_cause(const struct ledger *l)
{
	const char *stalled = conditions_stalled(l);
	if (conditions_away(l))
		return conditions_reason(l);
	if (stalled)
		return stalled;
	return l->reading ? "very many changes are being read" : NULL;
}

static void look_at_evidence(struct ledger *l, const char *age, struct moment now)
{
	const char *cause = conditions_cause(l);
	if (history_unread(l))
		alarms_raise(&l->alarms, ALARM_EVIDENCE_OLD, "", now,
			     HISTORY_UNREAD ": only what is revoked is answered");
	else if (l->has_evidence && !feed_fresh(l, now) && proving_until(l, now))
		alarms_raise(&l->alarms, ALARM_EVIDENCE_OLD, "", now, CONDITION_PROVING " %s", age);
	else if (l->has_evidence && !feed_fresh(l, now))
		alarms_raise(&l->alarms, ALARM_EVIDENCE_OLD, "", now,
			     "the evidence is too old: only what is revoked is answered %s "
			     "cause=%s",
			     age, log_quoted(cause ? cause : "unknown"));
	else if (l->has_evidence)
		alarms_clear(&l->alarms, ALARM_EVIDENCE_OLD, "");
}

/* ---- the rest ---- */

/* That revocations are lost is raised where it is noticed (loads.c). */
static void look_at_history(struct ledger *l)
{
	if (lost_is_known(l) && ledger_lost_count(l) == 0)
		alarms_clear(&l->alarms, ALARM_HISTORY_LOST, "");
}

static void look_at_signers(struct ledger *l, struct moment now)
{
	if (signing_possible(l)) {
		l->signing_seen_us = now.mono_us;
		alarms_clear(&l->alarms, ALARM_NO_SIGNER, "");
	} else if (l->signing_seen_us == 0) {
		l->signing_seen_us = now.mono_us;
	} else if (now.mono_us >= l->signing_seen_us + SIGNER_PATIENCE_US) {
		alarms_raise(&l->alarms, ALARM_NO_SIGNER, "", now,
			     signing_counts(l).attached ? "no signer answers"
							: "no signer is connected");
	}
}

void conditions_update(struct ledger *l, struct moment now)
{
	char age[96];
	put_age(l, now, age);
	look_at_database(l, age, now);
	look_at_stall(l, age, now);
	look_at_evidence(l, age, now);
	look_at_history(l);
	look_at_signers(l, now);
	if (journal_state(l->journal) != JOURNAL_BROKEN)
		alarms_clear(&l->alarms, ALARM_JOURNAL, "");
	alarms_turn(&l->alarms, now);
}
