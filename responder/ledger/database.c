/* The database's facts on their way into the core, each with the time at which it came. That it
 * cannot be read is a condition of the core's (readiness.c); each new reason meanwhile is a line here. */
#include "ledger/edge.h"

static void load_begin(void *context, const struct db_evidence *evidence,
		       const struct db_issuer *issuers, size_t count)
{
	struct edge *edge = context;
	log_info("load begins issuers=%zu", count);
	ledger_load_begin(edge->ledger, evidence, issuers, count, clock_now());
	edge_turn(edge);
}

static void load_row(void *context, const struct cert_record *record)
{
	struct edge *edge = context;
	ledger_load_row(edge->ledger, record);
	edge_turn(edge);
}

static void load_end(void *context, const struct db_evidence *evidence)
{
	struct edge *edge = context;
	log_info("load ends");
	ledger_load_end(edge->ledger, evidence, clock_now());
	edge_prewarm(edge);
	edge_turn(edge);
}

static void poll(void *context, const struct db_evidence *evidence,
		 const struct cert_record *records, size_t count, const struct db_issuer *issuers,
		 size_t issuer_count)
{
	struct edge *edge = context;
	ledger_poll(edge->ledger, evidence, records, count, issuers, issuer_count, clock_now());
	edge_turn(edge);
}

static void lookup_done(void *context, uint64_t batch, const struct db_evidence *evidence,
			const struct db_found *found, size_t count)
{
	struct edge *edge = context;
	edge->lookup_quiet = false;
	edge->lookup_reason.text[0] = 0;
	ledger_lookup_done(edge->ledger, batch, evidence, found, count, clock_now());
	edge_turn(edge);
}

static void lookup_failed(void *context, uint64_t batch)
{
	struct edge *edge = context;
	ledger_lookup_failed(edge->ledger, batch, clock_now());
	edge_turn(edge);
}

/* A connection may come and go for one reason as long as that lasts. */
static void lookup_state(void *context, bool usable, const char *reason)
{
	struct edge *edge = context;
	if (!usable) {
		edge->lookup_quiet = strcmp(edge->lookup_reason.text, reason) == 0;
		(void)fault_set(&edge->lookup_reason, 0, "%s", reason);
	}
	if (usable && !edge->lookup_quiet)
		log_info("lookups are possible");
	else if (!usable && !edge->lookup_quiet)
		log_info("lookups are not possible reason=%s", log_quoted(reason));
	ledger_lookup_state(edge->ledger, usable, reason);
	edge_turn(edge);
}

static void feed_lost(void *context, const char *reason)
{
	struct edge *edge = context;
	log_info("the feed is interrupted reason=%s", log_quoted(reason ? reason : ""));
	ledger_feed_lost(edge->ledger, reason);
	edge_prewarm_lost(edge);
	edge_turn(edge);
}

static void bad_row(void *context, const char *description)
{
	struct edge *edge = context;
	ledger_bad_row(edge->ledger, description);
	edge_turn(edge);
}

static void bad_issuer(void *context, int32_t id)
{
	struct edge *edge = context;
	ledger_bad_issuer(edge->ledger, id, clock_now());
	edge_turn(edge);
}

static void alarms(void *context, const char *const *texts, size_t count)
{
	struct edge *edge = context;
	ledger_database_findings(edge->ledger, texts, count, clock_now());
	edge_turn(edge);
}

static void stalled(void *context, enum db_stall why)
{
	struct edge *edge = context;
	ledger_stalled(edge->ledger, why);
	edge_turn(edge);
}

static void bad_key(void *context, const struct db_key *key)
{
	struct edge *edge = context;
	ledger_bad_key(edge->ledger, key);
	edge_turn(edge);
}

static void stored_done(void *context, uint64_t batch, const struct db_stored_found *found,
			size_t count)
{
	struct edge *edge = context;
	ledger_stored_done(edge->ledger, batch, found, count, clock_now());
	edge_turn(edge);
}

static void stored_failed(void *context, uint64_t batch)
{
	struct edge *edge = context;
	ledger_stored_failed(edge->ledger, batch, clock_now());
	edge_turn(edge);
}

const struct db_stored_ops edge_stored_ops = {
	.done = stored_done,
	.failed = stored_failed,
};

const struct db_source_ops edge_source_ops = {
	.load_begin = load_begin,
	.load_row = load_row,
	.load_end = load_end,
	.poll = poll,
	.lookup_done = lookup_done,
	.lookup_failed = lookup_failed,
	.lookup_state = lookup_state,
	.feed_lost = feed_lost,
	.bad_row = bad_row,
	.bad_issuer = bad_issuer,
	.bad_key = bad_key,
	.alarms = alarms,
	.stalled = stalled,
};
