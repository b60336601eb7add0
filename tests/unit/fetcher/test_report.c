/* What is told of sources, of which there may be more than fit (doc/faults.md row 50): what is wrong is told. */
#include "unit.h"

#include "fetcher/report.h"

#define SOURCES 300u

static void what_fails_is_told_before_what_does_not_fit(void **state)
{
	static struct source all[SOURCES];
	struct source_list sources = TAILQ_HEAD_INITIALIZER(sources);
	cleanup(buffer_deinit) struct buffer out = {0};
	(void)state;
	for (unsigned i = 0; i < SOURCES; i++) {
		struct source *s = &all[i];
		*s = (struct source){.times = {TIME_NONE, TIME_NONE},
				     .answered_at = TIME_NONE,
				     .recorded_at = TIME_NONE};
		(void)snprintf(s->issuer, sizeof(s->issuer), "issuer of the number %u", i);
		(void)snprintf(s->url, sizeof(s->url), "http://somewhere.example/%u.crl", i);
		s->failures = i == SOURCES - 1;
		s->differs = i == SOURCES - 2;
		TAILQ_INSERT_TAIL(&sources, s, others);
	}
	report_sources(&sources, clock_now(), &out);
	buffer_put_u8(&out, 0);
	const char *text = (const char *)out.data;
	assert_non_null(strstr(text, "/299.crl"));
	assert_non_null(strstr(text, "/298.crl"));
	assert_non_null(strstr(text, "/0.crl"));
	assert_null(strstr(text, "/297.crl"));
	assert_null(strstr(text, "\"sources_omitted\":0"));
	assert_true(out.size <= CONTROL_PACKET / 2 + 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fails_is_told_before_what_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
