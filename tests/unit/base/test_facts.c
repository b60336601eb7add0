/* The facts that answers may carry (P-30): what does not fit is refused before it can be written. */
#include "unit.h"

#include "base/facts.h"

#define BYTES(...) view_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static const uint8_t octets[LIMIT_SCT_LIST + 1];

static void a_crl_url_is_short_printable_ascii(void **state)
{
	(void)state;
	char longest[LIMIT_CRL_URL + 1];
	memset(longest, 'x', sizeof(longest));
	assert_false(crl_url_fits(view_of("", 0)));
	assert_false(crl_url_fits(view_of_string("http://crl.example/a b")));
	assert_false(crl_url_fits(view_of_string("http://crl.example/\n")));
	assert_false(crl_url_fits(view_of_string("http://失効.example/")));
	assert_false(crl_url_fits(view_of(longest, LIMIT_CRL_URL + 1)));
	assert_true(crl_url_fits(view_of(longest, LIMIT_CRL_URL)));
	assert_true(crl_url_fits(view_of_string("http://crl.example/ca.crl?v=~1")));
}

static void a_crl_number_is_a_minimal_integer_of_up_to_20_octets(void **state)
{
	(void)state;
	uint8_t longest[LIMIT_CRL_NUMBER + 1] = {0x7f};
	assert_false(crl_number_fits(view_of("", 0)));
	assert_false(crl_number_fits(BYTES(0x00, 0x7f)));
	assert_false(crl_number_fits(BYTES(0x80))); /* negative */
	assert_false(crl_number_fits(view_of(longest, LIMIT_CRL_NUMBER + 1)));
	assert_true(crl_number_fits(view_of(longest, LIMIT_CRL_NUMBER)));
	assert_true(crl_number_fits(BYTES(0x00, 0x80)));
	assert_true(crl_number_fits(BYTES(0x00)));
}

static void an_sct_list_is_never_empty_and_nothing_in_it_is(void **state)
{
	(void)state;
	assert_false(sct_list_fits(view_of("", 0)));
	assert_false(sct_list_fits(BYTES(0)));
	assert_false(sct_list_fits(BYTES(0, 0)));
	assert_false(sct_list_fits(BYTES(0, 2, 0, 0)));
	assert_false(sct_list_fits(BYTES(0, 3, 0, 1)));
	assert_false(sct_list_fits(BYTES(0, 3, 0, 2, 9)));
	assert_false(sct_list_fits(BYTES(0, 4, 0, 1, 9, 9)));
	assert_false(sct_list_fits(BYTES(0, 3, 0, 1, 9, 9)));
	assert_true(sct_list_fits(BYTES(0, 3, 0, 1, 9)));
	assert_true(sct_list_fits(BYTES(0, 7, 0, 1, 9, 0, 2, 8, 8)));
	uint8_t large[LIMIT_SCT_LIST + 1] = {(LIMIT_SCT_LIST - 1) >> 8, (LIMIT_SCT_LIST - 1) & 0xff,
					     (LIMIT_SCT_LIST - 3) >> 8,
					     (LIMIT_SCT_LIST - 3) & 0xff};
	assert_false(sct_list_fits(view_of(large, sizeof(large))));
}

static void facts_fit_each_by_itself(void **state)
{
	(void)state;
	struct cert_facts facts = {0};
	assert_true(facts_fit(&facts));
	assert_int_equal(facts_extensions(&facts), 0);
	facts.certificate_hash = view_of(octets, 31);
	assert_false(facts_fit(&facts));
	facts.certificate_hash = view_of(octets, 33);
	assert_false(facts_fit(&facts));
	facts.certificate_hash = view_of(octets, 32);
	assert_true(facts_fit(&facts));
	facts.crl_time = -1;
	assert_false(facts_fit(&facts));
	facts.crl_time = INT64_C(253402300800); /* the year 10000 */
	assert_false(facts_fit(&facts));
	facts.crl_time = 1;
	assert_true(facts_fit(&facts));
	assert_int_equal(facts_extensions(&facts),
			 EXTENSION_BIT(EXTENSION_CRL_ID) | EXTENSION_BIT(EXTENSION_CERT_HASH));
	facts.sct_list = view_of(octets, 5);
	assert_false(facts_fit(&facts));
}

static void facts_are_copied_with_their_octets(void **state)
{
	(void)state;
	uint8_t own[32 + 1 + 5];
	const struct cert_facts facts = {.certificate_hash = view_of(octets, 32),
					 .crl_number = BYTES(7),
					 .crl_time = 9,
					 .sct_list = BYTES(0, 3, 0, 1, 9)};
	assert_int_equal(facts_size(&facts), sizeof(own));
	struct cert_facts copy = facts_copy(&facts, own);
	assert_view_equal(copy.certificate_hash, facts.certificate_hash);
	assert_view_equal(copy.crl_number, facts.crl_number);
	assert_view_equal(copy.sct_list, facts.sct_list);
	assert_ptr_equal(copy.certificate_hash.data, own);
	assert_ptr_equal(copy.sct_list.data, own + 33);
	assert_int_equal(copy.crl_time, 9);
	assert_int_equal(copy.crl_url.size, 0);
}

/* P-30 */
static void each_status_has_its_extensions(void **state)
{
	(void)state;
	struct cert_facts all = {.certificate_hash = view_of(octets, 32),
				 .crl_time = 9,
				 .sct_list = BYTES(0, 3, 0, 1, 9)};
	struct cert_facts good = facts_only(&all, extensions_with(OCSP_GOOD));
	struct cert_facts revoked = facts_only(&all, extensions_with(OCSP_REVOKED));
	assert_int_equal(facts_extensions(&good), EXTENSION_BIT(EXTENSION_CRL_ID) |
							  EXTENSION_BIT(EXTENSION_CERT_HASH) |
							  EXTENSION_BIT(EXTENSION_SCT_LIST));
	assert_int_equal(facts_extensions(&revoked),
			 EXTENSION_BIT(EXTENSION_CERT_HASH) | EXTENSION_BIT(EXTENSION_CRL_ID));
	assert_int_equal(revoked.crl_time, 9);
	assert_int_equal(extensions_with(OCSP_UNKNOWN), 0);
}

/* What the database may hold in spite of its constraints. */
static void what_does_not_fit_is_left_out(void **state)
{
	(void)state;
	struct cert_facts facts = {0};
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		if (fact_is_time(i))
			fact_set_time(&facts, i, -1);
		else
			fact_set_octets(&facts, i, view_of(octets, 2));
	}
	assert_int_equal(facts_extensions(&facts), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crl_url_is_short_printable_ascii),
		cmocka_unit_test(a_crl_number_is_a_minimal_integer_of_up_to_20_octets),
		cmocka_unit_test(an_sct_list_is_never_empty_and_nothing_in_it_is),
		cmocka_unit_test(facts_fit_each_by_itself),
		cmocka_unit_test(facts_are_copied_with_their_octets),
		cmocka_unit_test(each_status_has_its_extensions),
		cmocka_unit_test(what_does_not_fit_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
