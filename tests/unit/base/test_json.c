/* Pieces of JSON: no text can end its string or break the document. */
#include "unit.h"

#include "base/json.h"

static void assert_written(const char *text, const char *expected)
{
	struct buffer out = {0};
	json_put_string(&out, text);
	assert_int_equal(buffer_result(&out), 0);
	assert_view_equal(buffer_view(&out), view_of_string(expected));
	buffer_deinit(&out);
}

static void quotes_and_backslashes_are_escaped(void **state)
{
	(void)state;
	assert_written("issuer=\"A\\B\"", "\"issuer=\\\"A\\\\B\\\"\"");
}

static void control_characters_are_escaped(void **state)
{
	(void)state;
	assert_written("a\nb\x01", "\"a\\u000ab\\u0001\"");
}

static void other_text_stays_as_it_is(void **state)
{
	(void)state;
	assert_written("", "\"\"");
	assert_written("認証局 \x7f", "\"認証局 \x7f\"");
}

/* What a server sent, or a bound has cut in the middle of a character. */
static void what_is_no_text_does_not_make_the_whole_unreadable(void **state)
{
	(void)state;
	assert_written("a\xff\x80z", "\"a\\ufffd\\ufffdz\"");
	assert_written("\xe8\xaa\x8d\xe8\xaa", "\"認\\ufffd\\ufffd\"");
	assert_written("\xc0\xaf\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"");
	assert_written("\xf0\x9f\x98\x80\xf4\x90\x80\x80",
		       "\"\xf0\x9f\x98\x80\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void a_number_is_a_further_member(void **state)
{
	(void)state;
	struct buffer out = {0};
	json_put_number(&out, "most", UINT64_MAX);
	assert_view_equal(buffer_view(&out), view_of_string(",\"most\":18446744073709551615"));
	buffer_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_and_backslashes_are_escaped),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(other_text_stays_as_it_is),
		cmocka_unit_test(what_is_no_text_does_not_make_the_whole_unreadable),
		cmocka_unit_test(a_number_is_a_further_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
