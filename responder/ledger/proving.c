#include "ledger/proving.h"

#include "ledger/state.h"

/* Three quarters of freshness: while most polls of very many rows are over, and early enough for a lookup or two. */
static int64_t begins_us(const struct ledger *l)
{
	return l->evidence.mono_us + l->conf->database.freshness_us / 4 * 3;
}

/* The feed is up and believed, and has told a part of a poll that is not over. */
static bool is_in_parts(const struct ledger *l)
{
	return feed_whole(l) && l->in_parts && !l->incomplete;
}

bool proving(const struct ledger *l, struct moment now)
{
	return is_in_parts(l) && now.mono_us >= begins_us(l);
}

void proving_sent(struct ledger *l, struct moment now)
{
	l->proof.sent_us = now.mono_us;
}

int64_t proving_next(const struct ledger *l)
{
	int64_t again = l->proof.sent_us + l->conf->database.freshness_us / 8;
	if (!is_in_parts(l))
		return INT64_MAX;
	return again > begins_us(l) ? again : begins_us(l);
}

bool proving_due(const struct ledger *l, struct moment now)
{
	return now.mono_us >= proving_next(l);
}

void proving_take(struct ledger *l, const struct db_evidence *evidence)
{
	if (evidence->mono_us > l->proof.evidence.mono_us)
		l->proof.evidence = *evidence;
}

/* Later by both clocks: a standby whose heartbeat is the one that the feed knows says nothing new, however young it
 * looks to a connection that sees it for the first time. */
bool proving_counts(const struct ledger *l, const struct db_evidence *evidence, struct moment now)
{
	return proving(l, now) && evidence_fresh(l, evidence, now) &&
	       evidence->mono_us > l->evidence.mono_us && evidence->time_us > l->evidence.time_us &&
	       db_history_equal(&evidence->history, &l->history.current) &&
	       evidence->position >= l->history.position;
}

int64_t proving_until(const struct ledger *l, struct moment now)
{
	const struct db_evidence *evidence = &l->proof.evidence;
	return proving_counts(l, evidence, now) ? evidence->mono_us + l->conf->database.freshness_us
						: 0;
}
