/* Extensions of a request and of its CertIDs: P-13, P-14, P-16, P-17, P-18, vector V-5. */
#include "unit.h"

#include "requesttext.h"

#define OID_ACCEPTABLE_TEXT "06{2b0601050507300104}"
#define OID_LOCATOR_TEXT "06{2b0601050507300107}"
#define OID_PREFERRED_TEXT "06{2b0601050507300108}"
#define NONCE(value) WITH_EXTENSIONS(EXTENSION(OID_NONCE_TEXT, value))

static void unknown_critical_extensions_are_malformed_p13(void **state)
{
	(void)state;
	assert_malformed(WITH_EXTENSIONS(CRITICAL_EXTENSION(OID_UNKNOWN_TEXT, "0500")));
	assert_malformed(WITH_SINGLE_EXTENSIONS(CRITICAL_EXTENSION(OID_UNKNOWN_TEXT, "0500")));
}

static void unknown_critical_extensions_can_be_allowed_p13(void **state)
{
	(void)state;
	struct ocsp_request_policy lenient = usual_policy;
	lenient.critical = OCSP_CRITICAL_IGNORE;
	cleanup(parsed_deinit) struct parsed request =
		parse_with(WITH_EXTENSIONS(CRITICAL_EXTENSION(OID_UNKNOWN_TEXT, "0500")), &lenient);
	assert_int_equal(request.result, 0);
	cleanup(parsed_deinit) struct parsed single = parse_with(
		WITH_SINGLE_EXTENSIONS(CRITICAL_EXTENSION(OID_UNKNOWN_TEXT, "0500")), &lenient);
	assert_int_equal(single.result, 0);
}

static void unknown_extensions_are_ignored_p13(void **state)
{
	(void)state;
	assert_accepted(WITH_EXTENSIONS(EXTENSION(OID_UNKNOWN_TEXT, "deadbeef")));
	assert_accepted(WITH_SINGLE_EXTENSIONS(EXTENSION(OID_UNKNOWN_TEXT, "")));
}

static void malformed_extensions_are_malformed(void **state)
{
	(void)state;
	assert_malformed(WITH_EXTENSIONS("3000"));
	assert_malformed(WITH_EXTENSIONS("30{" OID_UNKNOWN_TEXT "}"));
	assert_malformed(WITH_EXTENSIONS("30{" OID_UNKNOWN_TEXT "0101ff}"));
	assert_malformed(WITH_EXTENSIONS("30{" OID_UNKNOWN_TEXT "0500}"));
	assert_malformed(WITH_EXTENSIONS("30{" OID_UNKNOWN_TEXT "0400 0500}"));
	assert_malformed(REQUEST(SINGLE, "a2{}"));
	assert_malformed(REQUEST(SINGLE, "a1{30{" EXTENSION(OID_UNKNOWN_TEXT, "") "}}"));
}

/* Extensions has SIZE (1..MAX), but Bouncy Castle's revocation checker sends an empty one where it
 * has nothing to ask for (doc/protocol.md, H). It says nothing, and is read as if it were not there. */
static void an_empty_list_of_extensions_is_tolerated_p13(void **state)
{
	(void)state;
	assert_accepted(WITH_EXTENSIONS(""));
	assert_accepted(WITH_SINGLE_EXTENSIONS(""));
	assert_malformed(REQUEST(SINGLE, "a2{30{} 30{}}"));
	assert_malformed(REQUEST(SINGLE, "a2{3080 0000}"));
}

/* Other values than FF are BER, and DER leaves the default out (P-5). */
static void booleans_are_true_or_left_out_p5(void **state)
{
	(void)state;
	assert_malformed(WITH_EXTENSIONS("30{" OID_NONCE_TEXT "010101 0403 0401aa}"));
	assert_malformed(WITH_EXTENSIONS("30{" OID_NONCE_TEXT "010100 0403 0401aa}"));
	assert_malformed(WITH_EXTENSIONS("30{" OID_NONCE_TEXT "0100 0403 0401aa}"));
	assert_malformed(WITH_EXTENSIONS("30{" OID_NONCE_TEXT "0102ffff 0403 0401aa}"));
}

static void the_same_extension_twice_is_malformed_p14(void **state)
{
	(void)state;
	assert_malformed(WITH_EXTENSIONS(EXTENSION(OID_NONCE_TEXT, "0401aa")
						 EXTENSION(OID_NONCE_TEXT, "0401aa")));
	assert_malformed(WITH_EXTENSIONS(EXTENSION(OID_UNKNOWN_TEXT, "01") EXTENSION(
		OID_NONCE_TEXT, "0401aa") EXTENSION(OID_UNKNOWN_TEXT, "02")));
	assert_malformed(WITH_SINGLE_EXTENSIONS(EXTENSION(OID_UNKNOWN_TEXT, "01")
							EXTENSION(OID_UNKNOWN_TEXT, "02")));
}

static void the_same_extension_at_two_certids_is_no_duplicate_p14(void **state)
{
	(void)state;
#define SINGLE_WITH "30{" CERTID "a0{30{" EXTENSION(OID_UNKNOWN_TEXT, "01") "}}}"
	assert_accepted(REQUEST(SINGLE_WITH SINGLE_WITH, "a2{30{" //
				EXTENSION(OID_UNKNOWN_TEXT, "01") "}}"));
}

static void more_extensions_than_the_limit_are_malformed_p14(void **state)
{
	(void)state;
	for (unsigned count = LIMIT_EXTENSIONS; count <= LIMIT_EXTENSIONS + 1; count++) {
		char list[4096] = "", request[8192];
		for (unsigned i = 0; i < count; i++)
			(void)snprintf(list + strlen(list), sizeof(list) - strlen(list),
				       "30{06{2a%02x}0400}", i);
		(void)snprintf(request, sizeof(request), WITH_EXTENSIONS("%s"), list);
		cleanup(parsed_deinit) struct parsed parsed = parse_with(request, &usual_policy);
		assert_int_equal(parsed.result, count > LIMIT_EXTENSIONS ? OCSP_MALFORMED : 0);
	}
}

static void nonces_without_octets_or_above_128_are_malformed_p16(void **state)
{
	(void)state;
	assert_malformed(NONCE("0400"));
	assert_malformed(NONCE("04{aa*129}"));
	assert_malformed(NONCE("04{aa*4096}"));
	assert_malformed(NONCE(""));
	assert_malformed(NONCE("aa*129"));
	assert_malformed(NONCE("aa*130"));
	assert_malformed(NONCE("04{}aa*127"));
	assert_malformed(NONCE("0480aa*128"));
}

/* Whether its octets happen to look like the beginning of something or not. */
static void a_nonce_without_its_octet_string_is_raw_and_whole_p16(void **state)
{
	(void)state;
	static const char *const raw[] = {
		"aa",       "00",         "04",         "aa*16",        "0408aa*7", "0401aa00",
		"0400aaaa", "0201aa",     "24{0401aa}", "048101aa",     "0480",     "048001aa0000",
		"04ff",     "0402aa*126", "aa*127",     "04{aa*100}04", "aa*128",
	};
	for (size_t i = 0; i < array_size(raw); i++) {
		char text[512];
		struct view expected = der_text(raw[i]);
		(void)snprintf(text, sizeof(text), NONCE("%s"), raw[i]);
		PARSED(parsed, text);
		assert_int_equal(parsed.result, 0);
		assert_true(parsed.request.has_nonce && parsed.request.raw_nonce);
		assert_view_equal(parsed.request.nonce, expected);
		free((void *)(uintptr_t)expected.data);
	}
}

static void nonces_of_1_to_128_octets_are_counted_inside_p16(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 8, 16, 32, 127, 128};
	for (size_t i = 0; i < array_size(sizes); i++) {
		char text[512];
		(void)snprintf(text, sizeof(text), NONCE("04{5c*%zu}"), sizes[i]);
		PARSED(parsed, text);
		assert_int_equal(parsed.result, 0);
		assert_true(parsed.request.has_nonce);
		assert_false(parsed.request.raw_nonce);
		assert_int_equal(parsed.request.nonce.size, sizes[i]);
		assert_int_equal(parsed.request.nonce.data[0], 0x5c);
	}
}

static void a_critical_nonce_is_a_nonce_p16(void **state)
{
	(void)state;
	PARSED(parsed, WITH_EXTENSIONS(CRITICAL_EXTENSION(OID_NONCE_TEXT, "0402abcd")));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.request.nonce.size, 2);
}

static void a_nonce_at_a_certid_is_ignored_p16(void **state)
{
	(void)state;
	PARSED(parsed, WITH_SINGLE_EXTENSIONS(EXTENSION(OID_NONCE_TEXT, "0402abcd")));
	assert_int_equal(parsed.result, 0);
	assert_false(parsed.request.has_nonce);
	assert_accepted(WITH_SINGLE_EXTENSIONS(CRITICAL_EXTENSION(OID_NONCE_TEXT, "0400")));
}

static void no_nonce_is_no_nonce_p16(void **state)
{
	(void)state;
	PARSED(parsed, PLAIN_REQUEST);
	assert_int_equal(parsed.result, 0);
	assert_false(parsed.request.has_nonce);
	assert_int_equal(parsed.request.nonce.size, 0);
}

/* V-5: the example of RFC 9654. */
static void the_example_nonce_is_read_p16(void **state)
{
	(void)state;
	PARSED(parsed,
	       WITH_EXTENSIONS("302f06092b060105050730010204220420dd49d4072c449da1c317bd1c1bdffedb"
			       "e150312ec4cd0add18e5bd6f84bf14c8"));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.request.nonce.size, 32);
	assert_int_equal(parsed.request.nonce.data[0], 0xdd);
	assert_int_equal(parsed.request.nonce.data[31], 0xc8);
}

#define PREFERRED(value) WITH_EXTENSIONS(EXTENSION(OID_PREFERRED_TEXT, value))
#define ECDSA_SHA256 "06{2a8648ce3d040302}"
#define RSA_SHA256 "06{2a864886f70d01010b}"

static void preferences_are_read_in_the_clients_order_p17(void **state)
{
	(void)state;
	PARSED(parsed, PREFERRED("30{30{30{" ECDSA_SHA256 "}}30{30{" RSA_SHA256 "0500}}}"));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.request.preferred_count, 2);
	assert_int_equal(parsed.request.preferred[0].size, 10);
	assert_int_equal(parsed.request.preferred[1].size, 11);
}

static void both_readings_of_a_preference_are_understood_p17(void **state)
{
	(void)state;
	PARSED(with_key, PREFERRED("30{30{30{" ECDSA_SHA256 "}30{06{2a8648ce3d0201}}}}"));
	assert_int_equal(with_key.request.preferred_count, 1);
	PARSED(flat, PREFERRED("30{30{" ECDSA_SHA256 "}}"));
	assert_int_equal(flat.request.preferred_count, 1);
	assert_int_equal(flat.request.preferred[0].size, 10);
}

static void preferences_not_understood_refuse_nothing_p17(void **state)
{
	(void)state;
	static const char *const values[] = {
		PREFERRED(""),     PREFERRED("ff"),           PREFERRED("3000"),
		PREFERRED("3080"), PREFERRED("30{30{}}"),     PREFERRED("30{0500}"),
		PREFERRED("0500"), PREFERRED("30{30{0600}}"),
	};
	for (size_t i = 0; i < array_size(values); i++) {
		PARSED(parsed, values[i]);
		assert_int_equal(parsed.result, 0);
		assert_int_equal(parsed.request.preferred_count, 0);
	}
	PARSED(partly, PREFERRED("30{30{30{" ECDSA_SHA256 "}}ff}"));
	assert_int_equal(partly.result, 0);
	assert_int_equal(partly.request.preferred_count, 1);
}

static void preferences_beyond_the_limit_are_not_looked_at_p17(void **state)
{
	(void)state;
#define THREE_PREFERENCES "30{30{" RSA_SHA256 "}}30{30{" RSA_SHA256 "}}30{30{" RSA_SHA256 "}}"
	PARSED(parsed, PREFERRED("30{" THREE_PREFERENCES THREE_PREFERENCES THREE_PREFERENCES "}"));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.request.preferred_count, LIMIT_PREFERRED_ALGORITHMS);
}

#define ACCEPTABLE(value) WITH_EXTENSIONS(EXTENSION(OID_ACCEPTABLE_TEXT, value))

static void response_types_without_basic_are_malformed_p18(void **state)
{
	(void)state;
	assert_malformed(ACCEPTABLE("30{" OID_UNKNOWN_TEXT "}"));
	assert_malformed(ACCEPTABLE("3000"));
	assert_malformed(ACCEPTABLE(""));
	assert_malformed(ACCEPTABLE(OID_BASIC_TEXT));
	assert_malformed(ACCEPTABLE("30{" OID_BASIC_TEXT "}00"));
	assert_malformed(ACCEPTABLE("30{" OID_BASIC_TEXT "0500}"));
}

static void response_types_with_basic_are_accepted_p18(void **state)
{
	(void)state;
	assert_accepted(ACCEPTABLE("30{" OID_BASIC_TEXT "}"));
	assert_accepted(ACCEPTABLE("30{" OID_UNKNOWN_TEXT OID_BASIC_TEXT "}"));
	assert_accepted(
		WITH_EXTENSIONS(CRITICAL_EXTENSION(OID_ACCEPTABLE_TEXT, "30{" OID_BASIC_TEXT "}")));
}

static void a_service_locator_may_say_anything_p18(void **state)
{
	(void)state;
	assert_accepted(WITH_SINGLE_EXTENSIONS(EXTENSION(OID_LOCATOR_TEXT, "ff")));
	assert_accepted(WITH_SINGLE_EXTENSIONS(CRITICAL_EXTENSION(OID_LOCATOR_TEXT, "3000")));
	assert_accepted(WITH_EXTENSIONS(CRITICAL_EXTENSION(OID_LOCATOR_TEXT, "")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_critical_extensions_are_malformed_p13),
		cmocka_unit_test(unknown_critical_extensions_can_be_allowed_p13),
		cmocka_unit_test(unknown_extensions_are_ignored_p13),
		cmocka_unit_test(malformed_extensions_are_malformed),
		cmocka_unit_test(an_empty_list_of_extensions_is_tolerated_p13),
		cmocka_unit_test(booleans_are_true_or_left_out_p5),
		cmocka_unit_test(the_same_extension_twice_is_malformed_p14),
		cmocka_unit_test(the_same_extension_at_two_certids_is_no_duplicate_p14),
		cmocka_unit_test(more_extensions_than_the_limit_are_malformed_p14),
		cmocka_unit_test(nonces_without_octets_or_above_128_are_malformed_p16),
		cmocka_unit_test(a_nonce_without_its_octet_string_is_raw_and_whole_p16),
		cmocka_unit_test(nonces_of_1_to_128_octets_are_counted_inside_p16),
		cmocka_unit_test(a_critical_nonce_is_a_nonce_p16),
		cmocka_unit_test(a_nonce_at_a_certid_is_ignored_p16),
		cmocka_unit_test(no_nonce_is_no_nonce_p16),
		cmocka_unit_test(the_example_nonce_is_read_p16),
		cmocka_unit_test(preferences_are_read_in_the_clients_order_p17),
		cmocka_unit_test(both_readings_of_a_preference_are_understood_p17),
		cmocka_unit_test(preferences_not_understood_refuse_nothing_p17),
		cmocka_unit_test(preferences_beyond_the_limit_are_not_looked_at_p17),
		cmocka_unit_test(response_types_without_basic_are_malformed_p18),
		cmocka_unit_test(response_types_with_basic_are_accepted_p18),
		cmocka_unit_test(a_service_locator_may_say_anything_p18),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
