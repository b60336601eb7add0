/* Conditional requests (P-49; RFC 9110, 13.1 and 13.2.2). */
#include "unit.h"

#include "http/reply.h"

#define MODIFIED INT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define DIGITS "01AB0000000000000000000000000000000000000000000000000000000000FF"
#define ETAG "\"" DIGITS "\""
#define OTHER "\"02AB0000000000000000000000000000000000000000000000000000000000FF\""
#define SAME_DATE "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define EARLIER "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n"

static const uint8_t hash[HTTP_ETAG_HASH_SIZE] = {0x01, 0xab, [31] = 0xff};

/* What the answer's Last-Modified may confirm. */
static int64_t modified = MODIFIED;

static bool not_modified(const char *method, const char *fields)
{
	char text[1024];
	(void)snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: a\r\n%s\r\n", method, fields);
	struct http_scan scan = {0};
	struct http_request request;
	assert_int_equal(http_request_parse(&scan, view_of_string(text), &request), 0);
	return http_is_not_modified(&request, hash, modified);
}

static bool tag_matches(const char *value)
{
	char field[512];
	(void)snprintf(field, sizeof(field), "If-None-Match: %s\r\n", value);
	return not_modified("GET", field);
}

static void without_a_condition_everything_is_sent(void **state)
{
	(void)state;
	assert_false(not_modified("GET", ""));
	assert_false(not_modified("GET", "Cache-Control: no-cache\r\n"));
}

static void another_tag_is_modified(void **state)
{
	(void)state;
	assert_false(tag_matches(""));
	assert_false(tag_matches(OTHER));
	assert_false(tag_matches(DIGITS));
	assert_false(tag_matches("\"" DIGITS));
	assert_false(tag_matches(DIGITS "\""));
	assert_false(tag_matches("\"" DIGITS "x"));
	assert_false(tag_matches("x" DIGITS "\""));
	assert_false(tag_matches("\"x" DIGITS "\""));
	assert_false(tag_matches("w/" ETAG));
	assert_false(tag_matches("W/ " ETAG));
	assert_false(tag_matches("W/"));
	assert_false(tag_matches("\"*\""));
	assert_false(tag_matches("\""));
	/* A piece of somebody else's tag. */
	assert_false(tag_matches("\"a, " DIGITS ", b\""));
}

static void our_tag_is_found_strong_weak_and_in_a_list(void **state)
{
	(void)state;
	assert_true(tag_matches(ETAG));
	assert_true(tag_matches("W/" ETAG));
	assert_true(tag_matches(OTHER ", " ETAG));
	assert_true(tag_matches(OTHER "," ETAG "," OTHER));
	assert_true(tag_matches(", ,\t" ETAG " ,"));
	assert_true(tag_matches("\"a,b\", W/" ETAG));
}

static void a_star_matches_everything(void **state)
{
	(void)state;
	assert_true(tag_matches("*"));
	assert_false(tag_matches("**"));
}

/* RFC 9110, 5.3: they are one list. */
static void the_tags_of_several_fields_count_together(void **state)
{
	(void)state;
	assert_true(not_modified("GET", "If-None-Match: " OTHER "\r\nIf-None-Match: " ETAG "\r\n"));
	assert_true(not_modified("GET", "If-None-Match: " ETAG "\r\nIf-None-Match: " OTHER "\r\n"));
	assert_true(
		not_modified("GET", "If-None-Match: \r\nIf-None-Match: " OTHER ",W/" ETAG "\r\n"));
	assert_false(not_modified("GET", "If-None-Match: " OTHER "\r\nIf-None-Match: *\r\n"));
	assert_false(not_modified("GET", "If-None-Match: *\r\nIf-None-Match: *\r\n"));
	assert_false(not_modified("GET", "If-None-Match: \r\nIf-None-Match: \r\n" SAME_DATE));
}

static void more_tag_fields_than_the_limit_match_nothing(void **state)
{
	(void)state;
	char fields[600] = "";
	for (unsigned i = 0; i <= LIMIT_HTTP_TAG_FIELDS; i++) {
		(void)snprintf(fields + strlen(fields), sizeof(fields) - strlen(fields),
			       "If-None-Match: " ETAG "\r\n");
		assert_int_equal(not_modified("GET", fields), i < LIMIT_HTTP_TAG_FIELDS);
	}
}

/* An earlier one is of an older answer, a later one of another instance's. */
static void only_the_answers_own_date_confirms_it(void **state)
{
	(void)state;
	assert_false(not_modified("GET", EARLIER));
	assert_true(not_modified("GET", SAME_DATE));
	assert_true(not_modified("GET", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n"));
	assert_true(not_modified("GET", "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n"));
	assert_false(not_modified("GET", "If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n"));
	assert_false(not_modified("GET", "If-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT\r\n"));
}

static void where_a_date_may_be_another_answers_only_a_tag_confirms(void **state)
{
	(void)state;
	modified = HTTP_NO_DATE;
	bool by_date = not_modified("GET", SAME_DATE);
	bool by_tag = not_modified("GET", "If-None-Match: " ETAG "\r\n");
	modified = MODIFIED;
	assert_false(by_date);
	assert_true(by_tag);
}

static void a_date_that_is_none_is_no_condition(void **state)
{
	(void)state;
	assert_false(not_modified("GET", "If-Modified-Since: tomorrow\r\n"));
	assert_false(not_modified("GET", "If-Modified-Since:\r\n"));
	assert_false(not_modified("GET", "If-Modified-Since: Sun, 31 Feb 2094 08:49:37 GMT\r\n"));
	assert_false(not_modified("GET", SAME_DATE SAME_DATE));
}

static void the_tag_wins_over_the_date(void **state)
{
	(void)state;
	assert_false(not_modified("GET", SAME_DATE "If-None-Match: " OTHER "\r\n"));
	assert_false(not_modified("GET", "If-None-Match:\r\n" SAME_DATE));
	assert_true(not_modified("GET", EARLIER "If-None-Match: " ETAG "\r\n"));
}

static void head_is_like_get_and_post_is_always_answered(void **state)
{
	(void)state;
	assert_true(not_modified("HEAD", "If-None-Match: " ETAG "\r\n"));
	assert_false(not_modified("POST", "If-None-Match: " ETAG "\r\n"));
	assert_false(not_modified("POST", "If-None-Match: *\r\n"));
	assert_false(not_modified("POST", SAME_DATE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_tag_is_modified),
		cmocka_unit_test(a_date_that_is_none_is_no_condition),
		cmocka_unit_test(without_a_condition_everything_is_sent),
		cmocka_unit_test(our_tag_is_found_strong_weak_and_in_a_list),
		cmocka_unit_test(a_star_matches_everything),
		cmocka_unit_test(the_tags_of_several_fields_count_together),
		cmocka_unit_test(more_tag_fields_than_the_limit_match_nothing),
		cmocka_unit_test(only_the_answers_own_date_confirms_it),
		cmocka_unit_test(where_a_date_may_be_another_answers_only_a_tag_confirms),
		cmocka_unit_test(the_tag_wins_over_the_date),
		cmocka_unit_test(head_is_like_get_and_post_is_always_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
