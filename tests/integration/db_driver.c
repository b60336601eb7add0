/* Drives the database room for the integration tests.
 *
 *   db_driver init|upgrade|check CONNINFO      prints the result and the fault; exit 0 or 1
 *   db_driver feed CONNINFO [MS]               follows the feed, one event a line on standard output;
 *                                              reads "lookup ISSUER HEX …", "prove ISSUER HEX …", "sql poll", "quit" */
#include "base/hex.h"
#include "db/feed_sql.h"
#include "db/migrate.h"
#include "db/source.h"

#include <event2/event.h>
#include <inttypes.h>

static struct db_source *source;
static uint64_t batch, rows;
static bool proves; /* the lookups in flight do */
static bool quiet; /* a load of a million rows is counted, not printed */

static void print_record(const char *what, const struct cert_record *r)
{
	char hex[2 * LIMIT_SERIAL + 1];
	hex_put(hex, serial_view(&r->serial));
	printf("%s %d %s version=%" PRId64 " status=%d reason=%d revoked_at=%" PRId64 "\n", what,
	       (int)r->issuer, hex, r->version, (int)r->status, (int)r->reason,
	       r->revoked_at == TIME_NONE ? 0 : r->revoked_at);
}

static void print_issuers(const struct db_issuer *issuers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("issuer %d %s version=%" PRId64 " revoked=%d certificate=%zu\n",
		       (int)issuers[i].record.id, issuers[i].record.name, issuers[i].record.version,
		       issuers[i].record.revoked_at != TIME_NONE, issuers[i].certificate.size);
}

static void print_evidence(const char *what, const struct db_evidence *evidence, size_t count)
{
	printf("%s evidence=%" PRId64 " age=%" PRId64 " rows=%zu\n", what, evidence->time_us,
	       clock_now().mono_us - evidence->mono_us, count);
}

static void print_history(const char *what, const struct db_evidence *evidence)
{
	const struct db_history *h = &evidence->history;
	printf("%s system=%" PRIu64 " database=%" PRIu32 " timeline=%" PRIu32 " tables=%" PRIx64
	       " position=%" PRIu64 "\n",
	       what, h->system, h->database, h->timeline, h->tables, evidence->position);
}

static void load_begin(void *context, const struct db_evidence *evidence,
		       const struct db_issuer *issuers, size_t count)
{
	(void)context;
	rows = 0;
	print_history("history", evidence);
	printf("load_begin %zu\n", count);
	print_issuers(issuers, count);
}

static void load_row(void *context, const struct cert_record *record)
{
	(void)context;
	if (rows++ < 20000)
		print_record("row", record);
}

static void load_end(void *context, const struct db_evidence *evidence)
{
	(void)context;
	print_evidence("load_end", evidence, (size_t)rows);
}

static void poll_done(void *context, const struct db_evidence *evidence,
		      const struct cert_record *records, size_t count,
		      const struct db_issuer *issuers, size_t issuer_count)
{
	(void)context;
	for (size_t i = 0; i < count && !quiet; i++)
		print_record("change", &records[i]);
	print_issuers(issuers, issuer_count);
	print_evidence("poll", evidence, count);
}

static void lookup_done(void *context, uint64_t id, const struct db_evidence *evidence,
			const struct db_found *found, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		if (found[i].found)
			print_record("found", &found[i].record);
		else
			printf("%s %zu\n", found[i].bad ? "bad" : "absent", i);
		if (proves)
			printf("issuer_version %" PRId64 "\n", found[i].issuer_version);
	}
	printf("lookup_done %" PRIu64 "\n", id);
	print_history("looked_up", evidence);
	print_evidence("lookup", evidence, count);
}

static void lookup_failed(void *context, uint64_t id)
{
	(void)context;
	printf("lookup_failed %" PRIu64 "\n", id);
}

static void lookup_state(void *context, bool usable, const char *reason)
{
	(void)context;
	printf("lookup_state %d %s\n", usable, reason ? reason : "");
}

static void feed_lost(void *context, const char *reason)
{
	(void)context;
	printf("feed_lost %s\n", reason);
}

static void bad_row(void *context, const char *description)
{
	(void)context;
	printf("bad_row %s\n", description);
}

static void bad_issuer(void *context, int32_t id)
{
	(void)context;
	printf("bad_issuer %d\n", (int)id);
}

static void alarms(void *context, const char *const *texts, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++)
		printf("alarm %s\n", texts[i]);
	printf("alarms %zu\n", count);
}

static void bad_key(void *context, const struct db_key *key)
{
	(void)context;
	printf("bad_key %d\n", (int)key->issuer);
}

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
	.bad_issuer = bad_issuer,
	.bad_key = bad_key,
	.alarms = alarms,
};

static void lookup(char *words, bool proof)
{
	struct db_key keys[LIMIT_LOOKUP_BATCH] = {0};
	size_t count = 0;
	char *rest = words, *word;
	while (count < LIMIT_LOOKUP_BATCH && (word = strsep(&rest, " "))) {
		char *hex = strsep(&rest, " ");
		uint8_t octets[LIMIT_SERIAL];
		size_t size = 0;
		keys[count].issuer = (int32_t)strtol(word, NULL, 10);
		if (!hex || hex_parse(view_of_string(hex), LIMIT_SERIAL, octets, &size) < 0 ||
		    serial_set(&keys[count].serial, view_of(octets, size)) < 0)
			break;
		count++;
	}
	proves = proof;
	int result = db_source_lookup(source, ++batch, keys, count, proof);
	if (result < 0)
		printf("lookup_refused %" PRIu64 " %s\n", batch, strerror(-result));
}

static void on_command(evutil_socket_t fd, short what, void *context)
{
	static char line[65536];
	(void)fd, (void)what;
	if (!fgets(line, sizeof(line), stdin) || strncmp(line, "quit", 4) == 0) {
		event_base_loopbreak(context);
		return;
	}
	line[strcspn(line, "\n")] = 0;
	if (strncmp(line, "lookup ", 7) == 0)
		lookup(line + 7, false);
	else if (strncmp(line, "prove ", 6) == 0)
		lookup(line + 6, true);
	else if (strcmp(line, "reload") == 0)
		db_source_reload(source, "asked to");
	else if (strcmp(line, "quiet") == 0)
		quiet = true;
	else if (strcmp(line, "sql setup") == 0)
		printf("sql %s\n", FEED_SETUP);
}

static int feed(const char *conninfo, int64_t interval_ms)
{
	struct event_base *base = event_base_new();
	struct db_settings settings = {
		.conninfo = conninfo,
		.poll_interval_us = interval_ms * MILLISECOND_US,
		.connect_timeout_us = SECOND_US,
		.query_timeout_us = SECOND_US,
	};
	(void)setvbuf(stdin, NULL, _IONBF, 0); /* a line must not wait in a buffer */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	struct event *commands = event_new(base, 0, EV_READ | EV_PERSIST, on_command, base);
	int result = db_source_new(base, &settings, &ops, NULL, &source);
	if (result == 0) {
		event_add(commands, NULL);
		event_base_dispatch(base);
	} else {
		printf("refused %s\n", strerror(-result));
	}
	db_source_free(source);
	event_free(commands);
	event_base_free(base);
	return result < 0;
}

static int migrate(const char *command, const char *conninfo)
{
	struct fault fault = {0};
	size_t applied = 0;
	PGconn *connection = PQconnectdb(conninfo);
	int result = strcmp(command, "check") == 0
			     ? db_schema_check(connection, &fault)
			     : db_migrate(connection,
					  strcmp(command, "init") == 0 ? DB_MIGRATE_INIT
								       : DB_MIGRATE_UPGRADE,
					  &applied, &fault);
	printf("%d %zu %s\n", result, applied, fault.text);
	PQfinish(connection);
	return result != 0;
}

int main(int count, char **words)
{
	if (count < 3)
		return 2;
	if (strcmp(words[1], "feed") == 0)
		return feed(words[2], count > 3 ? strtol(words[3], NULL, 10) : 50);
	return migrate(words[1], words[2]);
}
