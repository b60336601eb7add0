/* Seconds that answers of before and after a change may share (P-49). */
#include "unit.h"

#include "front/recent.h"

#define T INT64_C(1800000000)

static void note_tag(struct recent *recent, uint64_t tag, int64_t second)
{
	recent_note(recent, &(struct message_purge){.scope = PURGE_TAG, .tag = tag}, second);
}

static void nothing_is_near_where_nothing_changed(void **state) /* P-48 */
{
	static struct recent recent;
	(void)state;
	assert_false(recent_is_near(&recent, 1, T));
}

static void the_second_of_a_change_and_the_next_are_near(void **state) /* P-49 */
{
	static struct recent recent;
	(void)state;
	note_tag(&recent, 1, T);
	assert_true(recent_is_near(&recent, 1, T - 1)); /* the signer's clock may be behind */
	assert_true(recent_is_near(&recent, 1, T));
	assert_true(recent_is_near(&recent, 1, T + 1));
	assert_false(recent_is_near(&recent, 1, T + 2));
	assert_false(recent_is_near(&recent, 2, T));
	note_tag(&recent, 1, T + 5);
	note_tag(&recent, 1, T); /* late */
	assert_true(recent_is_near(&recent, 1, T + 6));
}

static void an_issuers_change_is_that_of_all_its_certificates(void **state) /* P-49, P-34 */
{
	static const enum purge_scope scopes[] = {PURGE_ISSUER, PURGE_ALL};
	(void)state;
	for (size_t i = 0; i < array_size(scopes); i++) {
		struct recent recent = {0};
		recent_note(&recent, &(struct message_purge){.scope = scopes[i]}, T);
		assert_true(recent_is_near(&recent, 7, T + 1));
		assert_false(recent_is_near(&recent, 7, T + 2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_near_where_nothing_changed),
		cmocka_unit_test(the_second_of_a_change_and_the_next_are_near),
		cmocka_unit_test(an_issuers_change_is_that_of_all_its_certificates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
