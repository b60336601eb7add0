/* Which CRL may follow which (RFC 5280, 5.2.3 and 5.2.4): each row is one that the database has, one that comes, and
 * what becomes of it. P-22 rests on this: an older CRL, or a delta to what is not there, would make revoked
 * certificates good. */
#include "unit.h"

#include "cli/crl_sequence.h"

#define NUMBER(text) text, sizeof(text) - 1

struct row {
	const char *number; /* NULL: none */
	size_t number_size;
	const char *base;
	size_t base_size;
	int64_t since;
	const char *known_number;
	size_t known_size;
	const char *known_full;
	size_t known_full_size;
	int64_t known_since;
	const char *why; /* a part of it; NULL: it follows; "": it is known */
};

#define NONE NULL, 0
static const struct row rows[] = {
	{NUMBER("\x05"), NONE, 9, NUMBER("\x04"), NUMBER("\x04"), 8, NULL},
	{NUMBER("\x04"), NONE, 9, NUMBER("\x05"), NUMBER("\x05"), 8,
	 "its number is 4, the database has 5"},
	{NUMBER("\x01\x00"), NONE, 9, NUMBER("\x00\xff"), NUMBER("\x00\xff"), 8, NULL},
	{NUMBER("\x00\xff"), NONE, 9, NUMBER("\x01\x00"), NUMBER("\x01\x00"), 8,
	 "number is 255, the database has 256"},
	{NUMBER("\x00\x80"), NONE, 9, NUMBER("\x7f"), NUMBER("\x7f"), 8, NULL},
	{NUMBER("\x05"), NONE, 7, NUMBER("\x04"), NUMBER("\x04"), 8, "thisUpdate is before"},
	{NUMBER("\x05"), NONE, 8, NUMBER("\x05"), NUMBER("\x05"), 8, "number 5 was another CRL"},
	{NONE, NONE, 9, NUMBER("\x05"), NUMBER("\x05"), 8,
	 "it has no CRL number, and the last one had 5"},
	/* without numbers */
	{NONE, NONE, 9, NONE, NONE, 8, NULL},
	{NONE, NONE, 7, NONE, NONE, 8, "older"},
	{NONE, NONE, 8, NONE, NONE, 8, "another CRL"},
	{NUMBER("\x01"), NONE, 9, NONE, NONE, 8, NULL},
	{NUMBER("\x01"), NONE, 7, NONE, NONE, 8, "older"},
	/* deltas: the base is there, or something newer than it */
	{NUMBER("\x05"), NUMBER("\x04"), 9, NUMBER("\x04"), NUMBER("\x04"), 8, NULL},
	{NUMBER("\x09"), NUMBER("\x02"), 9, NUMBER("\x05"), NUMBER("\x04"), 8, NULL},
	{NUMBER("\x09"), NUMBER("\x05"), 9, NUMBER("\x04"), NUMBER("\x04"), 8,
	 "a delta to CRL number 5"},
	{NUMBER("\x03"), NUMBER("\x02"), 9, NUMBER("\x04"), NUMBER("\x04"), 8, "number is 3"},
	{NUMBER("\x05"), NUMBER("\x04"), 9, NONE, NONE, 8, "no full CRL"},
	/* of one number: the full one says what the delta says */
	{NUMBER("\x05"), NUMBER("\x04"), 8, NUMBER("\x05"), NUMBER("\x05"), 8, ""},
	{NUMBER("\x05"), NONE, 8, NUMBER("\x05"), NUMBER("\x04"), 8, NULL},
	{NUMBER("\x05"), NUMBER("\x03"), 8, NUMBER("\x05"), NUMBER("\x04"), 8,
	 "number 5 was another CRL"},
};

static struct view view_or_none(const char *octets, size_t size)
{
	return octets ? view_of(octets, size) : (struct view){0};
}

static void numbers_never_go_back_and_deltas_have_their_base(void **state)
{
	static const uint8_t ours[32] = {1}, theirs[32] = {2};
	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		const struct row *row = &rows[i];
		const struct crl crl = {
			.number = view_or_none(row->number, row->number_size),
			.base_number = view_or_none(row->base, row->base_size),
			.this_update = row->since,
		};
		const struct crl_known known = {
			.there = true,
			.number = view_or_none(row->known_number, row->known_size),
			.full_number = view_or_none(row->known_full, row->known_full_size),
			.sha256 = view_of(theirs, sizeof(theirs)),
			.this_update = row->known_since,
		};
		struct fault why = {""};
		enum crl_place place =
			crl_place_of(&crl, view_of(ours, sizeof(ours)), &known, &why);
		assert_int_equal(place, !row->why        ? CRL_FOLLOWS
					: *row->why == 0 ? CRL_KNOWN
							 : CRL_MISPLACED);
		if (place == CRL_MISPLACED)
			assert_non_null(strstr(why.text, row->why));
		assert_int_equal(crl_place_of(&crl, known.sha256, &known, &why), CRL_KNOWN);
	}
}

static void the_first_one_is_a_full_one(void **state)
{
	static const uint8_t hash[32] = {1};
	const struct crl_known known = {0};
	const struct crl full = {.number = view_of("\x05", 1)};
	const struct crl delta = {.number = view_of("\x05", 1), .base_number = view_of("\x04", 1)};
	struct fault why = {""};
	(void)state;
	assert_int_equal(crl_place_of(&full, view_of(hash, 32), &known, &why), CRL_FOLLOWS);
	assert_int_equal(crl_place_of(&delta, view_of(hash, 32), &known, &why), CRL_MISPLACED);
}

/* Whoever has read it without us left no digest: ours may bring what theirs has left out. */
static void one_that_somebody_else_read_is_read_again(void **state)
{
	static const uint8_t hash[32] = {1};
	const struct crl crl = {.number = view_of("\x05", 1), .this_update = 8};
	const struct crl_known known = {
		.there = true, .number = crl.number, .full_number = crl.number, .this_update = 8};
	struct fault why = {""};
	(void)state;
	assert_int_equal(crl_place_of(&crl, view_of(hash, 32), &known, &why), CRL_FOLLOWS);
}

static void numbers_are_shown_in_decimal(void **state)
{
	static const uint8_t most[20] = {0x7f, 255, 255, 255, 255, 255, 255, 255, 255, 255,
					 255,  255, 255, 255, 255, 255, 255, 255, 255, 255};
	char text[CRL_NUMBER_TEXT];
	(void)state;
	crl_number_text(view_of("\0", 1), text);
	assert_string_equal(text, "0");
	crl_number_text(view_of("\x01\x2c", 2), text);
	assert_string_equal(text, "300");
	crl_number_text(view_of(most, sizeof(most)), text);
	assert_string_equal(text, "730750818665451459101842416358141509827966271487");
	crl_number_text((struct view){0}, text);
	assert_string_equal(text, "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_never_go_back_and_deltas_have_their_base),
		cmocka_unit_test(the_first_one_is_a_full_one),
		cmocka_unit_test(one_that_somebody_else_read_is_read_again),
		cmocka_unit_test(numbers_are_shown_in_decimal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
