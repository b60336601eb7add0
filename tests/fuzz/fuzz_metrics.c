/* The warden's document, with whatever rooms that were taken over tell of themselves, as metrics: every line is
 * one that Prometheus reads, and no text makes a line of its own. */
#include "admin/health.h"
#include "admin/metrics.h"
#include "alloc/refused.h"
#include "base/result.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NAME, or NAME{…}, a space, a number. */
static void check_sample(const char *line, size_t size)
{
	bool quoted = false;
	size_t at = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
	if (at == 0 || strncmp(line, "stillgood_", 10) != 0)
		abort();
	if (line[at] == '{') {
		for (at++; at < size && (quoted || line[at] != '}'); at++) {
			if (quoted && line[at] == '\\')
				at++;
			else if (line[at] == '"')
				quoted = !quoted;
		}
		at++;
	}
	if (at >= size || line[at] != ' ' || quoted)
		abort();
	if (strspn(line + at + 1, "0123456789.e+-") != size - at - 1)
		abort();
}

static void check_lines(const struct buffer *out)
{
	const char *line = (const char *)out->data, *end = line + out->size;
	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			abort();
		if (line[0] != '#')
			check_sample(line, (size_t)(stop - line));
		line = stop + 1;
	}
}

static void ready(struct json_object *document, const char *below)
{
	const struct admin_request request = {.below = view_of_string(below)};
	const struct moment now = {0};
	struct admin_reply reply = {.status = 200};
	INSIDE(health_ready(&request, document, now, &reply));
	if (reply.status != 200 && reply.status != 503 && reply.status != 404 &&
	    !(reply.status == 500 && REFUSED))
		abort();
	admin_reply_deinit(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *document =
		json_tokener_parse_ex(tokener, (const char *)data, (int)size);
	json_tokener_free(tokener);
	INSIDE(metrics_put(document, &out));
	if (buffer_result(&out) < 0 && !REFUSED)
		abort();
	if (buffer_result(&out) == 0)
		check_lines(&out);
	ready(document, "");
	ready(document, "A");
	json_object_put(document);
	return 0;
}
