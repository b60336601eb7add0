/* What is guessed after a mistyped word, and what is not. */
#include "unit.h"

#include "cli/suggest.h"

static const char *const issuers[] = {"Example CA",  NULL,       "Example Root CA",
				      "電子署名 CA", "Payments", "example ca (old)"};

static const char *guess(const char *word)
{
	static char out[SUGGESTION_SIZE];
	suggest(word, issuers, array_size(issuers), "\"", out);
	return out;
}

static void what_is_not_near_is_not_guessed(void **state)
{
	(void)state;
	assert_string_equal(guess("Completely different"), "");
	assert_string_equal(guess(""), "");
	assert_string_equal(guess("x"), "");
	static const char *const short_words[] = {"db", "ask"};
	char out[SUGGESTION_SIZE];
	suggest("zz", short_words, 2, "", out); /* two edits of two letters are another word */
	assert_string_equal(out, "");
}

static void typing_errors_case_and_beginnings_are_guessed_nearest_first(void **state)
{
	(void)state;
	assert_string_equal(guess("Paymnets"), "; did you mean \"Payments\"?");
	assert_string_equal(guess("電子署 CA"), "; did you mean \"電子署名 CA\"?");
	assert_string_equal(guess("EXAMPLE CA"),
			    "; did you mean \"Example CA\", \"example ca (old)\" or "
			    "\"Example Root CA\"?");
	assert_string_equal(guess("Example"),
			    "; did you mean \"Example CA\", \"Example Root CA\" or "
			    "\"example ca (old)\"?");
}

static void what_does_not_fit_is_left_out(void **state)
{
	(void)state;
	char words[3][201], out[SUGGESTION_SIZE];
	const char *list[3];
	for (size_t i = 0; i < 3; i++) {
		memset(words[i], 'a', 200);
		words[i][199 - i] = 'b';
		words[i][200] = '\0';
		list[i] = words[i];
	}
	suggest("aaaaaaaa", list, 3, "\"", out);
	assert_true(strlen(out) < SUGGESTION_SIZE);
	assert_int_equal(out[strlen(out) - 1], '?');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_near_is_not_guessed),
		cmocka_unit_test(typing_errors_case_and_beginnings_are_guessed_nearest_first),
		cmocka_unit_test(what_does_not_fit_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
