/* What serve does about what it finds before it starts: found in processes of their own. */
#include "unit.h"

#include "base/clock.h"
#include "warden/preflight.h"

struct heard {
	unsigned count;
	struct preflight_finding findings[8];
};

static void hear(void *context, const struct preflight_finding *finding)
{
	struct heard *heard = context;
	heard->findings[heard->count++] = *finding;
}

static void find_three(const struct conf *conf, struct preflight *preflight)
{
	(void)conf;
	preflight_find(preflight, SERVE_WELL, "", "all is well");
	preflight_find(preflight, SERVE_WARNED, "P-39", "somebody\nshould know");
	preflight_find(preflight, SERVE_REFUSED, "", "nobody can");
}

static void find_and_hang(const struct conf *conf, struct preflight *preflight)
{
	find_three(conf, preflight);
	for (;;)
		(void)pause();
}

static void find_and_die(const struct conf *conf, struct preflight *preflight)
{
	find_three(conf, preflight);
	_exit(3);
}

static void run(void (*prove)(const struct conf *, struct preflight *), int64_t patience_us,
		struct heard *heard, struct preflight *preflight)
{
	const struct preflight_step step = {"it", patience_us, SERVE_LATER, ROOM_KINDS, prove};
	*preflight = (struct preflight){.found = hear, .context = heard};
	preflight_run(&step, NULL, preflight);
}

static void what_a_process_finds_arrives_whole_and_in_order(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct preflight preflight;
	run(find_three, 60 * SECOND_US, &heard, &preflight);
	assert_int_equal(heard.count, 3);
	assert_string_equal(heard.findings[0].text, "all is well");
	assert_int_equal(heard.findings[1].consequence, SERVE_WARNED);
	assert_string_equal(heard.findings[1].requirement, "P-39");
	assert_string_equal(heard.findings[1].text, "somebody should know");
	assert_string_equal(heard.findings[2].text, "nobody can");
	assert_int_equal(preflight.counts[SERVE_REFUSED], 1);
	assert_int_equal(preflight_count(&preflight, SERVE_WARNED), 2);
	assert_int_equal(preflight_count(&preflight, SERVE_WELL), 3);
}

static void a_step_that_does_not_end_counts_as_not_proven(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct preflight preflight;
	run(find_and_hang, 2 * SECOND_US, &heard, &preflight);
	assert_int_equal(preflight.counts[SERVE_LATER], 1);
	assert_int_equal(heard.findings[heard.count - 1].consequence, SERVE_LATER);
	assert_non_null(strstr(heard.findings[heard.count - 1].text, "it could not be proven"));
}

static void a_step_that_dies_counts_as_not_proven(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct preflight preflight;
	run(find_and_die, 60 * SECOND_US, &heard, &preflight);
	assert_int_equal(heard.count, 4);
	assert_int_equal(heard.findings[3].consequence, SERVE_LATER);
}

static void every_consequence_has_its_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONSEQUENCE_COUNT; i++) {
		enum consequence consequence = (enum consequence)i;
		assert_non_null(consequence_level(consequence));
		assert_non_null(consequence_serve(consequence));
		assert_int_equal(*consequence_words(consequence) != '\0',
				 consequence >= SERVE_REGARDLESS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_process_finds_arrives_whole_and_in_order),
		cmocka_unit_test(a_step_that_does_not_end_counts_as_not_proven),
		cmocka_unit_test(a_step_that_dies_counts_as_not_proven),
		cmocka_unit_test(every_consequence_has_its_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
