#include "front/status.h"

#include "base/json.h"
#include "ipc/control.h"

static void put_edge(struct buffer *out, const struct front *front)
{
	const struct front_counts *c = &front->counts;
	json_put_number(out, "connections", front->connection_count);
	json_put_number(out, "accepted", c->accepted);
	json_put_number(out, "refused_connections", c->refused_connections);
	json_put_number(out, "requests", c->requests);
	json_put_number(out, "refusals", c->refusals);
	json_put_number(out, "malformed", c->malformed);
	json_put_number(out, "not_modified", c->not_modified);
}

static void put_hashes(struct buffer *out, const struct front_counts *c)
{
	static const char *const names[OCSP_HASHES + 1] = {"other", "sha1", "sha256", "sha384",
							   "sha512"};
	buffer_put_string(out, ",\"hashes\":[");
	for (unsigned i = 0; i <= OCSP_HASHES; i++)
		buffer_printf(out, "%s{\"algorithm\":\"%s\",\"count\":%llu}", i ? "," : "",
			      names[i], (unsigned long long)c->hashes[i]);
	buffer_put_u8(out, ']');
}

static void put_answers(struct buffer *out, const struct answers_counts *c)
{
	json_put_number(out, "hits", c->hits);
	json_put_number(out, "misses", c->misses);
	json_put_number(out, "refreshes", c->refreshes);
	json_put_number(out, "try_later", c->try_later);
	json_put_number(out, "shed", c->shed);
	json_put_number(out, "unaffordable", c->unaffordable);
	json_put_number(out, "timeouts", c->timeouts);
	json_put_number(out, "stale", c->stale);
	json_put_number(out, "purged", c->purged);
	json_put_number(out, "flights", c->flights);
	json_put_number(out, "waiters", c->waiters);
	json_put_number(out, "cache_entries", c->cache.entries);
	json_put_number(out, "cache_bytes", c->cache.bytes);
	json_put_number(out, "cache_evictions", c->cache.evictions);
}

static void put_reason(struct buffer *out, const char *reason)
{
	buffer_put_string(out, ",\"reason\":");
	json_put_string(out, reason);
}

void status_write(const struct front *front, unsigned index, const struct moment *now,
		  struct buffer *out)
{
	struct answers_counts counts = answers_counts(front->answers);
	const char *reason = front->draining ? "draining" : answers_not_ready(front->answers, now);
	buffer_printf(out, "{\"room\":\"front\",\"index\":%u,\"ready\":%s", index,
		      reason ? "false" : "true");
	if (reason)
		put_reason(out, reason);
	buffer_printf(out, ",\"draining\":%s", front->draining ? "true" : "false");
	put_edge(out, front);
	put_answers(out, &counts);
	put_hashes(out, &front->counts);
	histogram_put_json(&counts.waits, "waits", out);
	json_put_number(out, "access_lines", access_counts(front->access).lines);
	json_put_number(out, "access_dropped", access_counts(front->access).dropped);
	tally_put_json(answers_tally(front->answers), CONTROL_PACKET / 2, out);
	buffer_put_string(out, "}");
}
