/* What the fetcher makes of a server's answer, and of what it is told about it (doc/faults.md rows 32, 50): any octets
 * as a CRL, any text as its outcome; what is told of them is a line, and JSON that stays within its bound.
 *
 *   octet 0 = 0 · an answer;  else any number of  outcome (high bit: of what is compared) · size · text */
#include "alloc/refused.h"
#include "fetcher/arrival.h"
#include "fetcher/report.h"

#include "made_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
#define SOURCES 2u

static struct source_list sources;
static struct alarms alarms;

static void changed(void *context, const struct source *source, struct moment now)
{
	(void)context;
	report_alarms(&sources, &alarms, source->issuer, now);
}

/* ---- what a server sent ---- */

static void look_at_answer(struct view body)
{
	struct fault fault = {""};
	struct arrival arrival;
	int result = INSIDE_RESULT(arrival_read(body, &arrival, &fault));
	CHECK((result == 0) == (fault.text[0] == '\0'));
	for (const char *p = fault.text; *p; p++)
		CHECK(*p >= ' ' && *p < 0x7f);
}

/* ---- what is said of it ---- */

/* Strings end, and nothing steers. */
static void look_at_json(const struct buffer *out)
{
	bool inside = false;
	CHECK(out->size <= CONTROL_PACKET);
	for (size_t i = 0; i < out->size; i++) {
		CHECK(out->data[i] >= ' ');
		if (inside && out->data[i] == '\\')
			i++;
		else if (out->data[i] == '"')
			inside = !inside;
	}
	CHECK(!inside);
}

static void look_at_report(struct moment now)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	INSIDE(report_sources(&sources, now, &out));
	CHECK(buffer_result(&out) == 0 || REFUSED);
	if (buffer_result(&out) == 0)
		look_at_json(&out);
}

static void hear(struct source *each[SOURCES], struct cursor *in, struct moment now)
{
	uint8_t first = cursor_u8(in);
	size_t high = cursor_u8(in), size = high << 8 | cursor_u8(in);
	struct view text = cursor_take(in, size < in->rest.size ? size : in->rest.size);
	struct source *source = each[first >> 7];
	uint64_t before = source->recorded + source->failed;
	if (in->failed)
		return;
	source->state = SOURCE_RECORDING;
	INSIDE(source_outcome(source, (enum control_outcome)((first & 7) % 6), text, now));
	CHECK(source->state == SOURCE_RESTING && source->due_us >= now.mono_us);
	CHECK(source->recorded + source->failed == before + 1);
	CHECK((source->failures > 0) == (source->error[0] != '\0') || text.size == 0 ||
	      !text.data[0]);
	CHECK(!source->differs || source->kind == SOURCE_COMPARED);
	look_at_report(now);
}

static void hear_all(struct cursor *in)
{
	cleanup(conf_freep) struct conf *conf =
		made_conf(CONF_FETCHER, MADE_DATABASE MADE_ISSUER("A"));
	struct source_world world = {.conf = conf, .changed = changed};
	struct moment now = {.mono_us = 1000 * SECOND_US,
			     .wall_us = INT64_C(1800000000) * SECOND_US};
	struct source *each[SOURCES];
	TAILQ_INIT(&sources);
	for (unsigned i = 0; i < SOURCES; i++) {
		INSIDE(each[i] = source_new(&world, (enum source_kind)i, "A",
					    view_of_string("http://a/")));
		CHECK(each[i] || REFUSED);
		if (!each[i])
			each[i] = source_new(&world, (enum source_kind)i, "A",
					     view_of_string("http://a/"));
		TAILQ_INSERT_TAIL(&sources, each[i], others);
	}
	while (in->rest.size > 0 && !in->failed) {
		now.mono_us += SECOND_US;
		hear(each, in, now);
	}
	for (unsigned i = 0; i < SOURCES; i++)
		source_free(each[i]);
	alarms_deinit(&alarms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(view_of(data, size));
	if (size > 0 && data[0] == 0)
		look_at_answer(view_of(data + 1, size - 1));
	else
		hear_all(&in);
	return 0;
}
