/* The ledger: its parts, each known and written only by the file of its name, and the few facts that many
 * files read. */
#pragma once

#include "base/alarms.h"
#include "base/check.h"
#include "base/histogram.h"
#include "ledger/core.h"
#include "ledger/history.h"
#include "ledger/journal.h"

#include <errno.h>
#include <stdlib.h>

/* doubts.c */
struct doubts {
	size_t count;
	struct {
		uint64_t tag, position;
	} list[LIMIT_DOUBTS];
	uint64_t all; /* of every certificate, from this position on: the list was full */
};

struct ledger {
	/* reconfigure.c */
	const struct conf *conf;
	struct next *next; /* NULL: no other is prepared */
	unsigned half; /* of the indices of signers and verifiers: 0 or 1 */

	/* They stay as they are. */
	const struct ledger_ops *ops;
	void *context;
	struct siphash_key key;

	struct buffer frame; /* for writing messages: used and read within one call */
	struct cache *cache; /* second level: signed responses by key */
	struct revoked *revoked;
	struct issuers *issuers;
	struct known *known; /* rows found good */
	struct journal *journal;
	struct journal_ops journal_ops;
	struct questions *questions; /* question.c */
	struct queue *queue;
	struct binding *binding;
	struct explanations *explanations; /* explain.c */
	struct forgets *forgets;
	struct fronts *fronts;
	struct kept *kept;
	struct lookups *lookups;
	struct offers *offers;
	struct readiness *readiness;
	struct sections *sections;
	struct presigned *presigned;
	struct crls *crls;
	struct signing *signing;
	struct verifying *verifying;

	/* changes.c, loads.c */
	bool incomplete;
	bool distrusted; /* everything was asked for anew */
	bool has_evidence;
	struct db_evidence evidence;
	int64_t feed_lag_us; /* age of the evidence when it came */
	bool feed_up;
	char feed_reason[200];
	bool loading; /* between load_begin and load_end */
	bool settling; /* a load ended, the next poll tells what it lost */
	struct history history; /* that is read */
	bool other_history; /* than the one before, since the present load */
	bool replaced; /* the present load is of an older timeline, and nothing of it counts */
	bool replaced_accepted; /* … which an operator has accepted, for the next load */
	bool load_newest; /* nothing that is known is newer than the present load */
	bool settled; /* what another history has lost is known */
	size_t lost_before; /* the present load */
	unsigned strange_lookups; /* one after the other */
	unsigned bad_issuer_count;
	int32_t bad_issuers[LIMIT_ISSUERS]; /* the database's ids, for the next load */
	enum db_stall stall;
	bool in_parts; /* a poll that is not over: one of very many rows comes in parts */
	size_t reading; /* rows of it */
	struct { /* proving.c */
		struct db_evidence evidence; /* of the latest lookup that was to prove */
		int64_t sent_us; /* when one was sent last, monotonic */
	} proof;
	bool prewarming; /* and not ready before it has ended */
	unsigned prewarmed_percent;
	char bad_row[200]; /* the latest, in words */
	struct doubts doubts;
	struct {
		uint64_t polls, loads, bad_rows;
	} counts;

	/* decide.c */
	struct moment now; /* of the latest event */
	bool deciding;
	uint64_t cache_hits, joined, fences, timeouts;
	uint64_t by_lookup; /* answers whose lookups proved them */
	struct histogram answer_times; /* of what was signed, from the question to the answer */

	uint64_t queries; /* intake.c */
	uint64_t overloads; /* both */
	/* report.c */
	uint64_t alarm_lines;
	struct alarms alarms;
	int64_t signing_seen_us; /* conditions.c: when somebody could sign */
};

static inline bool evidence_fresh(const struct ledger *l, const struct db_evidence *evidence,
				  struct moment now)
{
	return now.mono_us < evidence->mono_us + l->conf->database.freshness_us;
}

/* Another history is read for the first time: nothing is proven of it. */
static inline bool history_unread(const struct ledger *l)
{
	return l->loading && l->other_history;
}

static inline bool feed_fresh(const struct ledger *l, struct moment now)
{
	return l->has_evidence && evidence_fresh(l, &l->evidence, now) && !history_unread(l);
}

/* Does the feed vouch for every row that it has not told otherwise of? */
static inline bool feed_whole(const struct ledger *l)
{
	return l->has_evidence && l->feed_up && !l->loading && !l->distrusted;
}
