/* Preferred signature algorithms in the front (P-17): only wishes that make a difference reach the
 * key of an answer, so that a client cannot multiply what is stored by inventing wishes. */
#include "unit.h"

#include "front/preferences.h"

#define OID(c) (const uint8_t *)"\x06\x03\x2a\x03" c, 5
#define A OID("a")
#define B OID("b")
#define C OID("c")
#define WEAK OID("w")

static const struct message_algorithms two_of_three = {
	.count = 3, .algorithms = {{{A}, true}, {{B}, false}, {{C}, false}}};

static struct view canonical(const struct message_algorithms *known, unsigned count,
			     const struct view *preferred, uint8_t *out)
{
	struct preferences preferences = {0};
	struct ocsp_request request = {.preferred_count = count};
	preferences_learn(&preferences, known);
	for (unsigned i = 0; i < count; i++)
		request.preferred[i] = preferred[i];
	return preferences_of(&preferences, &request, out);
}

static void unknown_and_weak_wishes_leave_no_trace(void **state) /* P-17 */
{
	(void)state;
	const struct view wishes[] = {{WEAK}, {(const uint8_t *)"\x06\x01\x2a", 3}, {WEAK}};
	const struct message_algorithms none = {0};
	uint8_t out[LIMIT_PREFERENCES];
	assert_int_equal(canonical(&two_of_three, 3, wishes, out).size, 0);
	assert_int_equal(canonical(&none, 3, wishes, out).size, 0);
}

static void known_wishes_stay_in_the_clients_order_each_once(void **state) /* P-17 */
{
	(void)state;
	const struct view wishes[] = {{WEAK}, {C}, {B}, {C}, {B}};
	uint8_t out[LIMIT_PREFERENCES];
	assert_view_equal(canonical(&two_of_three, 5, wishes, out), view_of("\x06\x03\x2a\x03"
									    "c"
									    "\x06\x03\x2a\x03"
									    "b",
									    10));
}

static void what_comes_after_a_decisive_one_does_not_matter(void **state) /* P-17 */
{
	(void)state;
	const struct view one[] = {{B}, {A}}, other[] = {{B}, {A}, {C}, {WEAK}};
	uint8_t out[LIMIT_PREFERENCES], out_other[LIMIT_PREFERENCES];
	assert_view_equal(canonical(&two_of_three, 2, one, out),
			  canonical(&two_of_three, 4, other, out_other));
}

static void the_latest_word_of_the_ledger_counts(void **state) /* P-17 */
{
	(void)state;
	struct preferences preferences = {0};
	struct ocsp_request request = {.preferred_count = 1, .preferred = {{B}}};
	const struct message_algorithms none = {0};
	uint8_t out[LIMIT_PREFERENCES];
	preferences_learn(&preferences, &two_of_three);
	assert_int_equal(preferences_of(&preferences, &request, out).size, 5);
	preferences_learn(&preferences, &none);
	assert_int_equal(preferences_of(&preferences, &request, out).size, 0);
}

static void the_longest_list_fits(void **state) /* P-17 */
{
	(void)state;
	struct message_algorithms most = {.count = LIMIT_PREFERRED_ALGORITHMS};
	struct view wishes[LIMIT_PREFERRED_ALGORITHMS];
	uint8_t oids[LIMIT_PREFERRED_ALGORITHMS][LIMIT_OID], out[LIMIT_PREFERENCES];
	for (unsigned i = 0; i < LIMIT_PREFERRED_ALGORITHMS; i++) {
		memset(oids[i], (int)i, LIMIT_OID);
		wishes[i] = most.algorithms[i].oid = view_of(oids[i], LIMIT_OID);
	}
	assert_view_equal(canonical(&most, LIMIT_PREFERRED_ALGORITHMS, wishes, out),
			  view_of(oids, sizeof(oids)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_and_weak_wishes_leave_no_trace),
		cmocka_unit_test(known_wishes_stay_in_the_clients_order_each_once),
		cmocka_unit_test(what_comes_after_a_decisive_one_does_not_matter),
		cmocka_unit_test(the_latest_word_of_the_ledger_counts),
		cmocka_unit_test(the_longest_list_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
