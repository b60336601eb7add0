/* One CertID: P-6, P-9, P-10. */
#include "unit.h"

#include "requesttext.h"

static int parse(const char *text, struct ocsp_certid *ret)
{
	struct view der = der_text(text);
	int result = ocsp_certid_parse(der, ret);
	der_text_free(&der);
	return result;
}

/* Whether it is refused alone and within a request, which must be the same. */
static bool refused(const char *certid)
{
	struct ocsp_certid ret;
	char request[2048];
	(void)snprintf(request, sizeof(request), REQUEST("30{%s}", ""), certid);
	cleanup(parsed_deinit) struct parsed parsed = parse_with(request, &usual_policy);
	int alone = parse(certid, &ret);
	assert_int_equal(parsed.result, alone);
	return alone == OCSP_MALFORMED;
}

static void serials_that_are_no_minimal_integer_are_malformed_p6(void **state)
{
	(void)state;
	assert_true(refused(CERTID_SERIAL("")));
	assert_true(refused(CERTID_SERIAL("0001")));
	assert_true(refused(CERTID_SERIAL("0000")));
	assert_true(refused(CERTID_SERIAL("007f")));
	assert_true(refused(CERTID_SERIAL("ff80")));
	assert_true(refused(CERTID_SERIAL("ffff")));
	assert_true(refused(CERTID_SERIAL("01*65")));
}

static void serials_of_any_legal_size_round_trip_p6(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 8, 19, 20, 21, 30, 64};
	for (size_t i = 0; i < array_size(sizes); i++) {
		char text[512];
		(void)snprintf(text, sizeof(text), CERTID_SERIAL("7b*%zu"), sizes[i]);
		struct view der = der_text(text);
		struct ocsp_certid certid;
		assert_int_equal(ocsp_certid_parse(der, &certid), 0);
		assert_int_equal(certid.serial.size, sizes[i]);
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(certid.serial.data[at], 0x7b);
		der_text_free(&der);
	}
}

static void zero_and_padded_positive_serials_are_kept_as_they_are_p6(void **state)
{
	(void)state;
	assert_false(refused(CERTID_SERIAL("00")));
	assert_false(refused(CERTID_SERIAL("0080")));
}

/* ff is −1 and 00ff is 255: not one the alias of the other. */
static void negative_serials_are_not_aliases_of_positive_ones_p6(void **state)
{
	(void)state;
	struct view minus_one = der_text(CERTID_SERIAL("ff"));
	struct view plus_255 = der_text(CERTID_SERIAL("00ff"));
	struct ocsp_certid a, b;
	assert_int_equal(ocsp_certid_parse(minus_one, &a), 0);
	assert_int_equal(ocsp_certid_parse(plus_255, &b), 0);
	assert_false(view_equal(a.serial, b.serial));
	der_text_free(&minus_one);
	der_text_free(&plus_255);
}

#define CERTID_SIZES(algorithm, name, key) CERTID_OF(algorithm, "11*" name, "22*" key, "2a")
#define NIST(n) "06{6086480165030402" n "}"

static void hashes_of_the_wrong_size_are_malformed_p9(void **state)
{
	(void)state;
	assert_true(refused(CERTID_SIZES(OID_SHA1_TEXT, "19", "19")));
	assert_true(refused(CERTID_SIZES(OID_SHA1_TEXT, "20", "21")));
	assert_true(refused(CERTID_SIZES(OID_SHA1_TEXT, "32", "20")));
	assert_true(refused(CERTID_SIZES(NIST("01"), "20", "20")));
	assert_true(refused(CERTID_SIZES(NIST("02"), "32", "32")));
	assert_true(refused(CERTID_SIZES(NIST("03"), "63", "63")));
	assert_true(refused(CERTID_OF(OID_SHA1_TEXT, "", "", "2a")));
}

static void the_four_hashes_are_known_p9(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum ocsp_hash hash;
		size_t size;
	} known[] = {
		{CERTID_SIZES(OID_SHA1_TEXT, "20", "20"), OCSP_HASH_SHA1, 20},
		{CERTID_SIZES(NIST("01"), "32", "32"), OCSP_HASH_SHA256, 32},
		{CERTID_SIZES(NIST("02"), "48", "48"), OCSP_HASH_SHA384, 48},
		{CERTID_SIZES(NIST("03"), "64", "64"), OCSP_HASH_SHA512, 64},
	};
	for (size_t i = 0; i < array_size(known); i++) {
		struct ocsp_certid certid;
		assert_int_equal(parse(known[i].text, &certid), 0);
		assert_int_equal(certid.hash, known[i].hash);
		assert_int_equal(certid.name_hash.size, known[i].size);
		assert_int_equal(certid.key_hash.size, known[i].size);
		assert_int_equal(ocsp_hash_size(known[i].hash), known[i].size);
	}
}

static void other_hashes_are_accepted_where_their_sizes_agree_p9(void **state)
{
	(void)state;
	struct ocsp_certid certid;
	assert_int_equal(parse(CERTID_SIZES(NIST("04"), "28", "28"), &certid), 0);
	assert_int_equal(certid.hash, OCSP_HASH_OTHER);
	assert_int_equal(ocsp_hash_size(certid.hash), 0);
	assert_true(refused(CERTID_SIZES(NIST("04"), "32", "32")));
	assert_true(refused(CERTID_SIZES("06{2a864886f70d0205}", "20", "20"))); /* MD5 */
	assert_false(refused(CERTID_SIZES(OID_UNKNOWN_TEXT, "7", "7")));
	assert_true(refused(CERTID_SIZES(OID_UNKNOWN_TEXT, "7", "8")));
	assert_true(refused(CERTID_OF(OID_UNKNOWN_TEXT, "", "", "2a")));
}

static void a_certid_above_its_limit_is_malformed(void **state)
{
	(void)state;
	assert_false(refused(CERTID_SIZES(OID_UNKNOWN_TEXT, "100", "100")));
	assert_true(refused(CERTID_SIZES(OID_UNKNOWN_TEXT, "130", "130")));
}

static void parameters_other_than_null_or_absent_are_malformed_p10(void **state)
{
	(void)state;
	assert_true(refused(CERTID_SIZES(OID_SHA1_TEXT "050100", "20", "20")));
	assert_true(refused(CERTID_SIZES(OID_SHA1_TEXT "3000", "20", "20")));
	assert_true(refused(CERTID_SIZES(OID_SHA1_TEXT "0500 0500", "20", "20")));
	assert_true(refused(CERTID_SIZES(OID_SHA1_TEXT "0401aa", "20", "20")));
}

static void object_identifiers_are_well_formed(void **state)
{
	(void)state;
	assert_true(refused(CERTID_SIZES("0600", "20", "20")));
	assert_true(refused(CERTID_SIZES("06{2b0e0302 80}", "20", "20")));
	assert_true(refused(CERTID_SIZES("06{2b0e0302 8001}", "20", "20")));
	assert_true(refused(CERTID_SIZES("06{802b0e03021a}", "20", "20")));
	assert_true(refused(CERTID_SIZES("0d{2b0e03021a}", "20", "20")));
}

static void the_clients_bytes_are_kept_for_the_echo_p10(void **state)
{
	(void)state;
	static const char *const forms[] = {
		CERTID_SIZES(OID_SHA1_TEXT "0500", "20", "20"),
		CERTID_SIZES(OID_SHA1_TEXT, "20", "20"),
	};
	for (size_t i = 0; i < array_size(forms); i++) {
		struct view der = der_text(forms[i]);
		struct ocsp_certid certid;
		assert_int_equal(ocsp_certid_parse(der, &certid), 0);
		assert_view_equal(certid.der, der);
		assert_ptr_equal(certid.der.data, der.data);
		der_text_free(&der);
	}
}

static void a_lone_certid_has_nothing_around_it(void **state)
{
	(void)state;
	struct ocsp_certid certid;
	assert_int_equal(parse("", &certid), OCSP_MALFORMED);
	assert_int_equal(parse(CERTID "00", &certid), OCSP_MALFORMED);
	assert_int_equal(parse(SINGLE, &certid), OCSP_MALFORMED);
	assert_int_equal(parse("30{30{" OID_SHA1_TEXT "}04{11*20}04{22*20}}", &certid),
			 OCSP_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serials_that_are_no_minimal_integer_are_malformed_p6),
		cmocka_unit_test(serials_of_any_legal_size_round_trip_p6),
		cmocka_unit_test(zero_and_padded_positive_serials_are_kept_as_they_are_p6),
		cmocka_unit_test(negative_serials_are_not_aliases_of_positive_ones_p6),
		cmocka_unit_test(hashes_of_the_wrong_size_are_malformed_p9),
		cmocka_unit_test(the_four_hashes_are_known_p9),
		cmocka_unit_test(other_hashes_are_accepted_where_their_sizes_agree_p9),
		cmocka_unit_test(a_certid_above_its_limit_is_malformed),
		cmocka_unit_test(parameters_other_than_null_or_absent_are_malformed_p10),
		cmocka_unit_test(object_identifiers_are_well_formed),
		cmocka_unit_test(the_clients_bytes_are_kept_for_the_echo_p10),
		cmocka_unit_test(a_lone_certid_has_nothing_around_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
