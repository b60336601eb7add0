/* Rates and percentiles out of documents, whatever these hold. */
#include "unit.h"

#include "tool/figures.h"

static struct json_object *document(const char *pid, unsigned good, unsigned hits,
				    const char *counts)
{
	char text[1024];
	(void)snprintf(
		text, sizeof(text),
		"{\"rooms\":[{\"name\":\"front 0\",\"pid\":%s,\"answered\":true,\"status\":{"
		"\"requests\":%u,\"answers\":[{\"status\":\"good\",\"cause\":\"hit\",\"count\":%u},"
		"{\"status\":\"good\",\"cause\":\"live\",\"count\":%u},{\"status\":\"tryLater\","
		"\"cause\":\"shed\",\"count\":1},{\"status\":\"malformedRequest\",\"count\":2}],"
		"\"waits\":{\"bounds_us\":[100,200],\"counts\":%s}}}]}",
		pid, good + 3, hits, good - hits, counts);
	struct json_object *made = json_tokener_parse(text);
	assert_non_null(made);
	return made;
}

static void take(struct figures_feed *feed, struct json_object *made)
{
	figures_feed_take(feed, made);
	json_object_put(made);
}

static void what_came_between_is_counted(void **state)
{
	(void)state;
	struct figures_feed feed = {0};
	take(&feed, document("7", 100, 90, "[0,0,0]"));
	struct figures before = feed.total;
	assert_int_equal(figures_answers(&before), 0);
	take(&feed, document("7", 150, 130, "[0,0,0]"));
	struct figures between = figures_between(&before, &feed.total);
	assert_int_equal(between.answers[FIGURE_GOOD], 50);
	assert_int_equal(between.hits, 40);
	assert_int_equal(between.requests, 50);
	assert_int_equal(between.answers[FIGURE_TRY_LATER], 0);
	figures_feed_deinit(&feed);
}

/* A room that is started anew begins at nothing; the sum goes on. */
static void a_room_that_is_started_anew_takes_nothing_back(void **state)
{
	(void)state;
	struct figures_feed feed = {0};
	take(&feed, document("7", 100, 90, "[0,0,0]"));
	take(&feed, document("7", 110, 90, "[0,0,0]"));
	take(&feed, document("8", 400, 5, "[0,0,0]"));
	assert_int_equal(feed.total.answers[FIGURE_GOOD], 410);
	take(&feed, document("8", 401, 5, "[0,0,0]"));
	assert_int_equal(feed.total.answers[FIGURE_GOOD], 411);
	figures_feed_deinit(&feed);
}

static void percentiles_are_read_from_the_steps(void **state)
{
	(void)state;
	struct figures_feed feed = {0};
	take(&feed, document("7", 1, 1, "[0,0,0]"));
	assert_int_equal(figures_percentile(&feed, &feed.total, FIGURE_LIVE, 0.5), -1);
	take(&feed, document("7", 1, 1, "[50,50,0]"));
	assert_int_equal(figures_percentile(&feed, &feed.total, FIGURE_LIVE, 0.5), 100);
	assert_int_equal(figures_percentile(&feed, &feed.total, FIGURE_LIVE, 0.25), 50);
	assert_int_equal(figures_percentile(&feed, &feed.total, FIGURE_LIVE, 0.99), 198);
	take(&feed, document("7", 1, 1, "[50,50,900]"));
	assert_int_equal(figures_percentile(&feed, &feed.total, FIGURE_LIVE, 0.99), 200);
	assert_int_equal(figures_percentile(&feed, &feed.total, FIGURE_SIGNING, 0.5), -1);
	figures_feed_deinit(&feed);
}

static void nonsense_counts_as_nothing(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{}",
		"{\"rooms\":7}",
		"{\"rooms\":[7,null,{}]}",
		"{\"rooms\":[{\"name\":\"front 0\",\"answered\":true,\"status\":[]}]}",
		"{\"rooms\":[{\"name\":\"front 0\",\"answered\":true,\"status\":{\"answers\":[7,"
		"{\"status\":7,\"count\":-5}],\"waits\":{\"bounds_us\":[],\"counts\":[]}}}]}",
		"{\"rooms\":[{\"name\":\"ledger\",\"answered\":true,\"status\":{\"lookup_times\":"
		"{\"bounds_us\":[1,2,3],\"counts\":[1]},\"signatures\":\"x\"}}]}",
	};
	struct figures_feed feed = {0};
	for (size_t i = 0; i < array_size(texts); i++)
		take(&feed, json_tokener_parse(texts[i]));
	assert_int_equal(figures_answers(&feed.total), 0);
	assert_int_equal(figures_percentile(&feed, &feed.total, FIGURE_LOOKUP, 0.5), -1);
	figures_feed_deinit(&feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_between_is_counted),
		cmocka_unit_test(a_room_that_is_started_anew_takes_nothing_back),
		cmocka_unit_test(percentiles_are_read_from_the_steps),
		cmocka_unit_test(nonsense_counts_as_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
