/* Times are counted in the step that they fall into. */
#include "unit.h"

#include "base/histogram.h"

#include <string.h>

static const char *shown(const struct histogram *h)
{
	static struct buffer out;
	buffer_reset(&out);
	histogram_put_json(h, "times", &out);
	buffer_put_u8(&out, '\0');
	return (const char *)out.data;
}

static void a_bound_belongs_to_its_step(void **state)
{
	(void)state;
	struct histogram h = {0};
	histogram_add(&h, 0);
	histogram_add(&h, 100);
	histogram_add(&h, 101);
	histogram_add(&h, 5000000);
	histogram_add(&h, 5000001);
	histogram_add(&h, INT64_MAX / 2);
	assert_int_equal(h.counts[0], 2);
	assert_int_equal(h.counts[1], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS - 1], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS], 2);
}

static void a_clock_that_went_back_is_no_time(void **state)
{
	(void)state;
	struct histogram h = {0};
	histogram_add(&h, -5);
	assert_int_equal(h.counts[0], 1);
	assert_int_equal(h.sum_us, 0);
}

static void it_is_told_with_its_bounds(void **state)
{
	(void)state;
	struct histogram h = {0};
	histogram_add(&h, 300);
	assert_non_null(strstr(shown(&h), ",\"times\":{\"bounds_us\":[100,250,500,"));
	assert_non_null(strstr(shown(&h), ",5000000],\"counts\":[0,0,1,0,"));
	assert_non_null(strstr(shown(&h), "],\"sum_us\":300}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_belongs_to_its_step),
		cmocka_unit_test(a_clock_that_went_back_is_no_time),
		cmocka_unit_test(it_is_told_with_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
