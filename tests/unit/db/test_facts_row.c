/* Facts in binary format (P-30): what does not fit is left out and spoils nothing. */
#include "unit.h"

#include "db/row.h"

enum { HASH, URL, NUMBER, TIME, SCTS };

#define BYTES(...) view_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define FIELD(...) ((struct db_field){.bytes = BYTES(__VA_ARGS__)})
#define NULL_FIELD ((struct db_field){.null = true})

static const uint8_t hash[32] = {1, 2, 3};

/* Everything; tests spoil one column. 2000-01-01T00:00:01.5Z */
static void fill(struct db_field fields[DB_FACTS_FIELDS])
{
	static const uint8_t number[] = {0x10, 0x01}, scts[] = {0, 3, 0, 1, 9},
			     at[] = {0, 0, 0, 0, 0, 0x16, 0xe3, 0x60};
	fields[HASH] = (struct db_field){.bytes = view_of(hash, sizeof(hash))};
	fields[URL] = (struct db_field){.bytes = view_of_string("http://crl.example/")};
	fields[NUMBER] = (struct db_field){.bytes = view_of(number, sizeof(number))};
	fields[TIME] = (struct db_field){.bytes = view_of(at, sizeof(at))};
	fields[SCTS] = (struct db_field){.bytes = view_of(scts, sizeof(scts))};
}

static void what_does_not_fit_is_left_out_and_the_rest_stays_p30(void **state)
{
	(void)state;
	struct db_field fields[DB_FACTS_FIELDS];
	struct cert_facts facts;
	fill(fields);
	fields[HASH].bytes.size = 31;
	fields[URL] = FIELD('a', ' ', 'b');
	fields[NUMBER] = FIELD(0x80);
	fields[SCTS] = FIELD(0, 0);
	db_facts_read(fields, &facts);
	assert_int_equal(facts.certificate_hash.size, 0);
	assert_int_equal(facts.crl_url.size, 0);
	assert_int_equal(facts.crl_number.size, 0);
	assert_int_equal(facts.sct_list.size, 0);
	assert_int_equal(facts.crl_time, 946684801);
	fill(fields);
	fields[TIME] = FIELD(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff); /* infinity */
	db_facts_read(fields, &facts);
	assert_int_equal(facts.crl_time, 0);
	assert_int_equal(facts.crl_number.size, 2);
}

static void nulls_are_no_facts(void **state)
{
	(void)state;
	struct db_field fields[DB_FACTS_FIELDS];
	struct cert_facts facts = {.crl_time = 5};
	for (int i = 0; i < DB_FACTS_FIELDS; i++)
		fields[i] = NULL_FIELD;
	db_facts_read(fields, &facts);
	assert_int_equal(facts_extensions(&facts), 0);
	assert_int_equal(facts.certificate_hash.size + facts.sct_list.size, 0);
}

static void facts_are_read(void **state)
{
	(void)state;
	struct db_field fields[DB_FACTS_FIELDS];
	struct cert_facts facts;
	fill(fields);
	db_facts_read(fields, &facts);
	assert_view_equal(facts.certificate_hash, view_of(hash, sizeof(hash)));
	assert_view_equal(facts.crl_url, view_of_string("http://crl.example/"));
	assert_view_equal(facts.crl_number, BYTES(0x10, 0x01));
	assert_view_equal(facts.sct_list, BYTES(0, 3, 0, 1, 9));
	assert_int_equal(facts.crl_time, 946684801);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_is_left_out_and_the_rest_stays_p30),
		cmocka_unit_test(nulls_are_no_facts),
		cmocka_unit_test(facts_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
