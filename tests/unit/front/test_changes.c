/* Seconds that answers of before and after a change may share (P-49). */
#include "unit.h"

#include "front/changes.h"

#define T INT64_C(1800000000)

static void note_tag(struct changes *changes, uint64_t tag, int64_t second)
{
	changes_note(changes, &(struct message_purge){.scope = PURGE_TAG, .tag = tag}, second);
}

static void nothing_is_near_where_nothing_changed(void **state) /* P-48 */
{
	static struct changes changes;
	(void)state;
	assert_false(changes_are_near(&changes, 1, T));
}

static void the_second_of_a_change_and_the_next_are_near(void **state) /* P-49 */
{
	static struct changes changes;
	(void)state;
	note_tag(&changes, 1, T);
	assert_true(changes_are_near(&changes, 1, T - 1)); /* the signer's clock may be behind */
	assert_true(changes_are_near(&changes, 1, T));
	assert_true(changes_are_near(&changes, 1, T + 1));
	assert_false(changes_are_near(&changes, 1, T + 2));
	assert_false(changes_are_near(&changes, 2, T));
	note_tag(&changes, 1, T + 5);
	note_tag(&changes, 1, T); /* late */
	assert_true(changes_are_near(&changes, 1, T + 6));
}

static void an_issuers_change_is_that_of_all_its_certificates(void **state) /* P-49, P-34 */
{
	static const enum purge_scope scopes[] = {PURGE_ISSUER, PURGE_ALL};
	(void)state;
	for (size_t i = 0; i < array_size(scopes); i++) {
		struct changes changes = {0};
		changes_note(&changes, &(struct message_purge){.scope = scopes[i]}, T);
		assert_true(changes_are_near(&changes, 7, T + 1));
		assert_false(changes_are_near(&changes, 7, T + 2));
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
