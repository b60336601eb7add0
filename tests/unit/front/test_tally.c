/* What is counted of answers, and of whom. */
#include "unit.h"

#include "front/tally.h"

#include <stdio.h>

static struct tally *tally;

static int set_up(void **state)
{
	(void)state;
	tally = calloc(1, sizeof(*tally));
	return tally ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	tally_deinit(tally);
	free(tally);
	return 0;
}

static void name(unsigned number, const char *text, bool former)
{
	const struct message_issuer m = {.number = number, .name = view_of_string(text)};
	tally_name(tally, &m, former);
}

static void answered(int32_t issuer, enum ocsp_status status, enum tally_cause cause)
{
	const struct answer_label label = {.issuer = issuer, .status = status};
	tally_successful(tally, &label, cause);
}

static const char *shown(size_t most)
{
	static struct buffer out;
	buffer_reset(&out);
	tally_put_json(tally, most, &out);
	buffer_put_u8(&out, '\0');
	return (const char *)out.data;
}

static void expect(const char *issuer, const char *status, const char *cause, unsigned count)
{
	char text[256];
	(void)snprintf(text, sizeof(text),
		       "{\"issuer\":\"%s\",\"status\":\"%s\",\"cause\":\"%s\",\"count\":%u}",
		       issuer, status, cause, count);
	if (!strstr(shown(65536), text))
		fail_msg("%s is not in %s", text, shown(65536));
}

static void answers_are_counted_by_what_they_say(void **state)
{
	(void)state;
	name(3, "A", false);
	name(4, "B", false);
	answered(3, OCSP_GOOD, TALLY_HIT);
	answered(3, OCSP_GOOD, TALLY_HIT);
	answered(3, OCSP_REVOKED, TALLY_LIVE);
	answered(4, OCSP_UNKNOWN, TALLY_LIVE);
	tally_error(tally, OCSP_TRY_LATER, TALLY_SHED);
	expect("A", "good", "hit", 2);
	expect("A", "revoked", "live", 1);
	expect("B", "unknown", "live", 1);
	expect("", "tryLater", "shed", 1);
	assert_int_equal(tally_hits(tally), 2);
	assert_null(strstr(shown(65536), "\"count\":0"));
}

/* Whatever number a ledger tells: no other memory is touched. */
static void numbers_without_a_name_are_nobody(void **state)
{
	(void)state;
	answered(0, OCSP_GOOD, TALLY_HIT);
	answered(LIMIT_ISSUERS, OCSP_GOOD, TALLY_HIT);
	answered(LIMIT_ISSUERS + 1, OCSP_GOOD, TALLY_HIT);
	answered(INT32_MAX, OCSP_GOOD, TALLY_HIT);
	answered(-1, OCSP_GOOD, TALLY_HIT);
	expect("", "good", "hit", 5);
}

/* Another ledger numbers anew; what is stored of the former one is still its. */
static void a_number_means_what_its_ledger_meant(void **state)
{
	(void)state;
	name(1, "A", false);
	name(2, "B", false);
	answered(1, OCSP_GOOD, TALLY_HIT);
	tally_new_ledger(tally);
	name(1, "B", true);
	answered(1, OCSP_GOOD, TALLY_HIT); /* of what was stored before */
	tally_take_over(tally);
	answered(1, OCSP_GOOD, TALLY_HIT);
	answered(2, OCSP_GOOD, TALLY_HIT); /* not told yet */
	expect("A", "good", "hit", 2);
	expect("B", "good", "hit", 1);
	expect("", "good", "hit", 1);
}

static void what_does_not_fit_is_told(void **state)
{
	(void)state;
	char text[16];
	for (unsigned i = 1; i <= LIMIT_ISSUERS; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		name(i, text, false);
		answered((int32_t)i, OCSP_GOOD, TALLY_HIT);
	}
	name(1, "one more", false);
	assert_true(strlen(shown(10000)) < 10000);
	assert_non_null(strstr(shown(10000), ",\"answers_omitted\":"));
	assert_null(strstr(shown(1 << 20), ",\"answers_omitted\":"));
}

static void names_are_escaped(void **state)
{
	(void)state;
	name(1, "a\"b\\c", false);
	answered(1, OCSP_GOOD, TALLY_HIT);
	expect("a\\\"b\\\\c", "good", "hit", 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_are_counted_by_what_they_say),
		TEST(numbers_without_a_name_are_nobody),
		TEST(a_number_means_what_its_ledger_meant),
		TEST(what_does_not_fit_is_told),
		TEST(names_are_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
