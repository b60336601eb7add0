#include "front/status.h"

#include <inttypes.h>

static void put_number(struct buffer *out, const char *name, uint64_t value)
{
	buffer_printf(out, ",\"%s\":%" PRIu64, name, value);
}

static void put_edge(struct buffer *out, const struct edge *edge)
{
	const struct edge_counts *c = &edge->counts;
	put_number(out, "connections", edge->connection_count);
	put_number(out, "accepted", c->accepted);
	put_number(out, "refused_connections", c->refused_connections);
	put_number(out, "requests", c->requests);
	put_number(out, "refusals", c->refusals);
	put_number(out, "malformed", c->malformed);
	put_number(out, "not_modified", c->not_modified);
}

static void put_answers(struct buffer *out, const struct answers_counts *c)
{
	put_number(out, "hits", c->hits);
	put_number(out, "misses", c->misses);
	put_number(out, "refreshes", c->refreshes);
	put_number(out, "try_later", c->try_later);
	put_number(out, "shed", c->shed);
	put_number(out, "timeouts", c->timeouts);
	put_number(out, "stale", c->stale);
	put_number(out, "purged", c->purged);
	put_number(out, "flights", c->flights);
	put_number(out, "waiters", c->waiters);
	put_number(out, "cache_entries", c->cache.entries);
	put_number(out, "cache_bytes", c->cache.bytes);
	put_number(out, "cache_evictions", c->cache.evictions);
}

/* The reason comes from the ledger; only what JSON forbids is left out. */
static void put_text(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, ",\"%s\":\"", name);
	for (; *text; text++)
		if ((unsigned char)*text >= 0x20 && *text != '"' && *text != '\\')
			buffer_put_u8(out, (uint8_t)*text);
	buffer_put_string(out, "\"");
}

void status_write(const struct edge *edge, unsigned index, const struct moment *now,
		  struct buffer *out)
{
	struct answers_counts counts = answers_counts(edge->answers);
	const char *reason = answers_not_ready(edge->answers, now);
	buffer_printf(out, "{\"room\":\"front\",\"index\":%u,\"ready\":%s", index,
		      reason ? "false" : "true");
	if (reason)
		put_text(out, "reason", reason);
	put_edge(out, edge);
	put_answers(out, &counts);
	buffer_put_string(out, "}");
}
