#include "ledger/history.h"

#include <stdio.h>

bool history_continues(const struct history *history, const struct db_evidence *evidence,
		       char why[static 160])
{
	const struct db_history *was = &history->current, *is = &evidence->history;
	const size_t size = 160;
	if (!history->known)
		return true;
	if (was->system != is->system)
		(void)snprintf(why, size, "system identifier %llu, before %llu",
			       (unsigned long long)is->system, (unsigned long long)was->system);
	else if (was->database != is->database)
		(void)snprintf(why, size, "database oid %u, before %u", is->database,
			       was->database);
	else if (was->timeline != is->timeline)
		(void)snprintf(why, size, "timeline %u, before %u", is->timeline, was->timeline);
	else if (was->tables != is->tables)
		(void)snprintf(why, size, "other tables behind the same names");
	else if (evidence->position < history->position)
		(void)snprintf(why, size, "transaction %llu, before %llu",
			       (unsigned long long)evidence->position,
			       (unsigned long long)history->position);
	else
		return true;
	return false;
}

/* A standby without a heartbeat knows no timeline: 0. */
bool history_replaced(const struct history *history, const struct db_evidence *evidence)
{
	const struct db_history *was = &history->current, *is = &evidence->history;
	return history->known && was->system == is->system && is->timeline != 0 &&
	       is->timeline < was->timeline;
}

void history_take(struct history *history, const struct db_evidence *evidence)
{
	if (!history->known || !db_history_equal(&history->current, &evidence->history) ||
	    evidence->position < history->position)
		history->looked_up = 0;
	history->known = true;
	history->current = evidence->history;
	history->position = evidence->position;
}
