/* The connections to the database without some memory (doc/faults.md row 28): ours, libpq's and libevent's.
 *
 *   db_refused CONNINFO OWNER     as a responder's login, and as one who may change certificates
 *
 * A world is what a ledger has of the database: the feed, lookups, answers signed beforehand, and the table read once.
 * It is begun again and again, each time another request is refused, and each time all that is asked of it must come,
 * and be true: test_refused_memory.py has made the rows. */
#include "alloc/alloc.h"
#include "db/prewarm.h"
#include "db/source.h"
#include "db/stored.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>

#define CHECK(condition)                                           \
	do {                                                       \
		if (!(condition)) {                                \
			(void)fprintf(stderr, "%s\n", #condition); \
			abort();                                   \
		}                                                  \
	} while (0)
#define PATIENCE_US (180 * SECOND_US)

enum { GOOD = 1, REVOKED = 2, CHANGES = 3, ABSENT = 4 }; /* serials */

static struct world {
	PGconn *owner;
	struct event_base *base;
	struct event *look;
	struct db_source *source;
	struct db_stored *stored;
	struct db_prewarm *prewarm;
	int64_t until_us, began_us, lost_us; /* the feed's evidence is of later */
	uint64_t batch;

	bool loading, loaded, usable;
	unsigned rows;
	bool written, asked, stored_asked; /* by us */
	int64_t version; /* of the change */
	bool changed, looked, fetched, warm; /* what must come */
} w;

static struct serial serial_of(uint8_t octet)
{
	return (struct serial){.size = 1, .octets = {octet}};
}

/* ---- what the feed tells ---- */

static void check_evidence(const struct db_evidence *evidence, int64_t since_us)
{
	CHECK(evidence->mono_us >= since_us && evidence->mono_us <= clock_now().mono_us);
}

static void take(const struct cert_record *r)
{
	CHECK(r->serial.size == 1);
	CHECK(r->serial.octets[0] != REVOKED || r->status == CERT_REVOKED);
	w.changed |= w.written && r->serial.octets[0] == CHANGES && r->version == w.version;
}

static void load_begin(void *context, const struct db_evidence *evidence,
		       const struct db_issuer *issuers, size_t count)
{
	OUTSIDE;
	(void)context;
	check_evidence(evidence, w.lost_us);
	CHECK(count == 1 && strcmp(issuers[0].record.name, "A") == 0);
	w.loading = true;
	w.loaded = false;
	w.rows = 0;
}

static void load_row(void *context, const struct cert_record *record)
{
	OUTSIDE;
	(void)context;
	CHECK(w.loading);
	w.rows++;
	take(record);
}

static void load_end(void *context, const struct db_evidence *evidence)
{
	OUTSIDE;
	(void)context;
	check_evidence(evidence, w.lost_us);
	CHECK(w.loading && w.rows == 2); /* the revoked one, and the one that changes */
	w.loading = false;
	w.loaded = true;
}

static void poll_done(void *context, const struct db_evidence *evidence,
		      const struct cert_record *records, size_t count,
		      const struct db_issuer *issuers, size_t issuer_count)
{
	OUTSIDE;
	(void)context;
	(void)issuers;
	check_evidence(evidence, w.lost_us);
	CHECK(w.loaded && issuer_count == 0);
	for (size_t i = 0; i < count; i++)
		take(&records[i]);
}

static void feed_lost(void *context, const char *reason)
{
	OUTSIDE;
	(void)context;
	CHECK(reason[0]);
	w.loading = w.loaded = false;
	w.lost_us = clock_now().mono_us;
}

static void bad_row(void *context, const char *description)
{
	OUTSIDE;
	(void)context;
	(void)fprintf(stderr, "no row is bad, but: %s\n", description);
	abort();
}

/* ---- what was asked for ---- */

static void lookup_done(void *context, uint64_t batch, const struct db_evidence *evidence,
			const struct db_found *found, size_t count)
{
	OUTSIDE;
	(void)context;
	check_evidence(evidence, w.began_us);
	CHECK(w.asked && batch == w.batch && count == 3);
	CHECK(found[0].found && found[0].record.status == CERT_GOOD);
	CHECK(found[1].found && found[1].record.status == CERT_REVOKED);
	CHECK(found[0].issuer_version > 0 && found[1].issuer_version > 0);
	CHECK(!found[2].found && !found[0].bad && !found[1].bad && !found[2].bad);
	w.looked = true;
}

static void lookup_failed(void *context, uint64_t batch)
{
	OUTSIDE;
	(void)context;
	CHECK(w.asked && batch == w.batch);
	w.asked = false;
}

static void lookup_state(void *context, bool usable, const char *reason)
{
	OUTSIDE;
	(void)context;
	CHECK(usable == !reason);
	w.usable = usable;
}

static void stored_done(void *context, uint64_t batch, const struct db_stored_found *found,
			size_t count)
{
	OUTSIDE;
	(void)context;
	(void)batch;
	CHECK(w.stored_asked && count == 2 && found[1].answer.size == 0);
	CHECK(view_equal(found[0].answer, view_of_string("answer")));
	w.fetched = true;
}

static void stored_failed(void *context, uint64_t batch)
{
	OUTSIDE;
	(void)context;
	(void)batch;
	w.stored_asked = false;
}

static void warm_progress(void *context, unsigned percent)
{
	OUTSIDE;
	(void)context;
	CHECK(percent <= 100);
}

static void warm_ended(void *context, const char *trouble)
{
	OUTSIDE;
	(void)context;
	CHECK(!trouble);
	w.warm = true;
}

/* ---- what is asked ---- */

/* On hold, or released. */
static void change(void)
{
	static const char sql[] =
		"WITH c AS (SELECT status = 0 AS good FROM stillgood.certificate WHERE serial = "
		"'\\x03') SELECT CASE WHEN good THEN stillgood.hold('A', '\\x03'::bytea) ELSE "
		"stillgood.release('A', '\\x03'::bytea) END FROM c";
	PGresult *result = PQexec(w.owner, sql);
	CHECK(PQresultStatus(result) == PGRES_TUPLES_OK);
	PQclear(result);
	result =
		PQexec(w.owner, "SELECT version FROM stillgood.certificate WHERE serial = '\\x03'");
	CHECK(PQntuples(result) == 1);
	w.version = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	w.written = true;
}

static bool ask_lookup(void)
{
	const struct db_key keys[] = {
		{1, serial_of(GOOD)}, {1, serial_of(REVOKED)}, {1, serial_of(ABSENT)}};
	return INSIDE_RESULT(db_source_lookup(w.source, ++w.batch, keys, array_size(keys), true)) ==
	       0;
}

static bool ask_stored(void)
{
	const struct db_stored_key keys[] = {{.issuer = 1, .serial = serial_of(GOOD)},
					     {.issuer = 1, .serial = serial_of(ABSENT)}};
	return INSIDE_RESULT(db_stored_send(w.stored, 1, keys, array_size(keys))) == 0;
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
	OUTSIDE;
	(void)fd;
	(void)what;
	(void)context;
	if (w.loaded && !w.written)
		change();
	if (w.usable && !w.asked)
		w.asked = ask_lookup();
	if (!w.stored_asked)
		w.stored_asked = ask_stored();
	if (w.changed && w.loaded && w.looked && w.fetched && w.warm)
		(void)event_base_loopbreak(w.base);
	if (clock_now().mono_us < w.until_us)
		return;
	(void)fprintf(stderr,
		      "loaded %d, changed %d, looked up %d, stored answers %d, read once %d\n",
		      w.loaded, w.changed, w.looked, w.fetched, w.warm);
	abort();
}

/* ---- a world ---- */

static const struct db_source_ops ops = {
	.load_begin = load_begin,
	.load_row = load_row,
	.load_end = load_end,
	.poll = poll_done,
	.lookup_done = lookup_done,
	.lookup_failed = lookup_failed,
	.lookup_state = lookup_state,
	.feed_lost = feed_lost,
	.bad_row = bad_row,
};
static const struct db_stored_ops stored_ops = {.done = stored_done, .failed = stored_failed};
static const struct db_prewarm_ops prewarm_ops = {.progress = warm_progress, .ended = warm_ended};

/* Where this fails the ledger ends, and is started anew. */
static int make(const char *conninfo)
{
	const struct db_settings settings = {
		.conninfo = conninfo,
		.poll_interval_us = 2 * MILLISECOND_US,
		.connect_timeout_us = 10 * SECOND_US,
		.query_timeout_us = 10 * SECOND_US,
		.facts = true,
	};
	int result = db_source_new(w.base, &settings, &ops, NULL, &w.source);
	if (result == 0)
		result = db_stored_new(w.base, &settings, &stored_ops, NULL, &w.stored);
	if (result == 0)
		result = db_prewarm_new(w.base, &settings, db_source_connection(w.source),
					&prewarm_ops, NULL, &w.prewarm);
	return result;
}

static void run(PGconn *owner, const char *conninfo)
{
	static const struct timeval often = {.tv_usec = 1000};
	int64_t now_us = clock_now().mono_us;
	w = (struct world){.owner = owner, .until_us = now_us + PATIENCE_US};
	w.began_us = w.lost_us = now_us;
	w.base = event_base_new();
	w.look = event_new(w.base, -1, EV_PERSIST, on_look, NULL);
	CHECK(w.look && event_add(w.look, &often) == 0);
	int result = INSIDE_RESULT(make(conninfo));
	CHECK(result == 0 || alloc_refused()); /* libpq calls it a wrong conninfo, perhaps */
	if (result == 0)
		CHECK(INSIDE_RESULT(event_base_dispatch(w.base)) == 0);
	db_prewarm_free(w.prewarm);
	db_stored_free(w.stored);
	db_source_free(w.source);
	event_free(w.look);
	event_base_free(w.base);
}

int main(int count, char **words)
{
	if (count < 3)
		return 2;
	PGconn *owner = PQconnectdb(words[2]);
	CHECK(PQstatus(owner) == CONNECTION_OK);
	run(owner, words[1]); /* the first time something may be made that stays */
	alloc_watch();
	run(owner, words[1]);
	while (alloc_refuse_next())
		run(owner, words[1]);
	run(owner, words[1]);
	PQfinish(owner);
	printf("%u times memory was refused, on %u ways to ask for it\n", alloc_refusals(),
	       alloc_ways());
	return alloc_refusals() > 0 ? 0 : 1;
}
