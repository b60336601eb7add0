/* The request as a whole: P-1 … P-5, P-11, P-15, P-19's parser side, vectors V-1 … V-3. */
#include "unit.h"

#include "ocsp/signature.h"
#include "openssl_agrees.h"
#include "requesttext.h"

static void what_is_no_request_is_malformed_p1(void **state)
{
	(void)state;
	assert_malformed("");
	assert_malformed("00");
	assert_malformed("30");
	assert_malformed("3000");
	assert_malformed("0500");
	assert_malformed("31{30{30{" SINGLE "}}}");
	assert_malformed("474554202f20485454502f312e31");
	assert_malformed("ff*300");
	assert_malformed("30*300");
}

static void every_truncation_is_malformed_p1(void **state)
{
	(void)state;
	struct view der = der_text(WITH_EXTENSIONS(EXTENSION(OID_NONCE_TEXT, "04{aa*16}")));
	struct ocsp_request request;
	assert_int_equal(ocsp_request_parse(der, &usual_policy, &request), 0);
	for (size_t size = 0; size < der.size; size++) {
		uint8_t *exact = malloc(size ? size : 1);
		memcpy(exact, der.data, size);
		assert_int_equal(ocsp_request_parse(view_of(exact, size), &usual_policy, &request),
				 OCSP_MALFORMED);
		free(exact);
	}
	der_text_free(&der);
}

static void bytes_after_the_request_are_malformed_p2(void **state)
{
	(void)state;
	assert_malformed(PLAIN_REQUEST "00");
	assert_malformed(PLAIN_REQUEST "0500");
	assert_malformed(PLAIN_REQUEST PLAIN_REQUEST);
}

static void bytes_after_any_field_are_malformed_p2(void **state)
{
	(void)state;
	assert_malformed("30{30{30{" SINGLE "}} 0500}");
	assert_malformed(REQUEST(SINGLE, "0500"));
	assert_malformed(REQUEST(SINGLE "0500", ""));
	assert_malformed(REQUEST("30{" CERTID "0500}", ""));
	assert_malformed(REQUEST("30{30{30{" OID_SHA1_TEXT "}04{11*20}04{22*20}02{2a}0500}}", ""));
	assert_malformed(REQUEST(SINGLE, "a2{30{" EXTENSION(OID_NONCE_TEXT, "0401aa") "}0500}"));
}

static void an_empty_request_list_is_malformed_p3(void **state)
{
	(void)state;
	assert_malformed("300430023000");
	assert_malformed(REQUEST("", "a2{30{" EXTENSION(OID_NONCE_TEXT, "0401aa") "}}"));
	assert_malformed("30{30{}}");
}

static void versions_other_than_v1_are_malformed_p4(void **state)
{
	(void)state;
	assert_malformed("30{30{a003020101 30{" SINGLE "}}}");
	assert_malformed("30{30{a0030201ff 30{" SINGLE "}}}");
	assert_malformed("30{30{a00402020000 30{" SINGLE "}}}");
	assert_malformed("30{30{a0020200 30{" SINGLE "}}}");
	assert_malformed("30{30{a0050201000500 30{" SINGLE "}}}");
	assert_malformed("30{30{8003020100 30{" SINGLE "}}}");
	assert_malformed("30{30{a0030a0100 30{" SINGLE "}}}");
}

static void the_default_version_written_out_is_tolerated_p4(void **state)
{
	(void)state;
	PARSED(parsed, "30{30{a003020100 30{" SINGLE "}}}");
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.request.certid_count, 1);
}

static void indefinite_lengths_are_malformed_p5(void **state)
{
	(void)state;
	assert_malformed("3080 30{30{" SINGLE "}} 0000");
	assert_malformed("30{3080 30{" SINGLE "} 0000}");
	assert_malformed("30{30{3080 " SINGLE " 0000}}");
	assert_malformed("30{30{30{3080 " CERTID " 0000}}}");
}

static void lengths_longer_than_needed_are_malformed_p5(void **state)
{
	(void)state;
	assert_malformed("308142 30{30{" SINGLE "}}");
	assert_malformed("30820042 30{30{" SINGLE "}}");
	assert_malformed("30 84 00000042 30{30{" SINGLE "}}");
	assert_malformed(REQUEST("30{30{30{" OID_SHA1_TEXT "}048114 11*20 04{22*20}02{2a}}}", ""));
	assert_malformed(REQUEST("30{30{30{" OID_SHA1_TEXT "}04{11*20}04{22*20}0281012a}}", ""));
}

/* What the test above writes in longer forms is the right length; else it would show nothing. */
static void the_length_that_is_varied_is_right_p5(void **state)
{
	(void)state;
	struct view der = der_text(PLAIN_REQUEST);
	assert_int_equal(der.data[1], der.size - 2);
	assert_accepted("3042 30{30{" SINGLE "}}");
	der_text_free(&der);
}

static void huge_lengths_are_malformed_p5(void **state)
{
	(void)state;
	assert_malformed("3084ffffffff 30{30{" SINGLE "}}");
	assert_malformed("30887fffffffffffffff 30{30{" SINGLE "}}");
	assert_malformed("30ff 30{30{" SINGLE "}}");
}

static void constructed_strings_and_long_tags_are_malformed_p5(void **state)
{
	(void)state;
	assert_malformed(REQUEST("30{30{30{" OID_SHA1_TEXT "}24{04{11*20}}04{22*20}02{2a}}}", ""));
	assert_malformed("3f10{30{30{" SINGLE "}}}");
	assert_malformed(REQUEST(SINGLE, "bf02{30{" EXTENSION(OID_NONCE_TEXT, "0401aa") "}}"));
}

static void deep_nesting_is_malformed_and_harmless(void **state)
{
	(void)state;
	uint8_t deep[9000];
	memset(deep, 0x30, sizeof(deep));
	for (size_t at = 0; at + 4 <= sizeof(deep); at += 4) {
		size_t rest = sizeof(deep) - at - 4;
		deep[at] = 0x30;
		deep[at + 1] = 0x82;
		deep[at + 2] = (uint8_t)(rest >> 8);
		deep[at + 3] = (uint8_t)rest;
	}
	struct ocsp_request request;
	assert_int_equal(ocsp_request_parse(view_of(deep, sizeof(deep)), &usual_policy, &request),
			 OCSP_MALFORMED);
}

#define SINGLES_5 SINGLE SINGLE SINGLE SINGLE SINGLE

static void more_certids_than_the_limit_are_malformed_p11(void **state)
{
	(void)state;
	assert_accepted(REQUEST(SINGLES_5 SINGLES_5, ""));
	assert_malformed(REQUEST(SINGLES_5 SINGLES_5 SINGLE, ""));
	struct ocsp_request_policy three = usual_policy;
	three.most_certids = 3;
	cleanup(parsed_deinit) struct parsed four =
		parse_with(REQUEST(SINGLE SINGLE SINGLE SINGLE, ""), &three);
	assert_int_equal(four.result, OCSP_MALFORMED);
	cleanup(parsed_deinit) struct parsed exact =
		parse_with(REQUEST(SINGLE SINGLE SINGLE, ""), &three);
	assert_int_equal(exact.result, 0);
}

static void a_policy_above_the_cap_cannot_raise_it_p11(void **state)
{
	(void)state;
	struct ocsp_request_policy wide = usual_policy;
	wide.most_certids = 1000;
	cleanup(parsed_deinit) struct parsed parsed =
		parse_with(REQUEST(SINGLES_5 SINGLES_5 SINGLE, ""), &wide);
	assert_int_equal(parsed.result, OCSP_MALFORMED);
}

static void certids_come_in_order_and_duplicates_stay_p11(void **state)
{
	(void)state;
	PARSED(parsed, REQUEST("30{" CERTID_SERIAL("03") "}30{" CERTID_SERIAL("01") "}30{" //
			       CERTID_SERIAL("03") "}",
			       ""));
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.request.certid_count, 3);
	assert_int_equal(parsed.request.certids[0].serial.data[0], 3);
	assert_int_equal(parsed.request.certids[1].serial.data[0], 1);
	assert_view_equal(parsed.request.certids[2].der, parsed.request.certids[0].der);
}

#define NAME "30{31{30{06{550403}0c{41}}}}"
#define SIGNATURE(certs) "a0{30{30{06{2a864886f70d01010b}0500}03{00 5a*64}" certs "}}"
#define SIGNED_BY(requestor, certs) "30{30{" requestor "30{" SINGLE "}}" SIGNATURE(certs) "}"
#define CERT "30{020100}"

static void a_malformed_signature_is_malformed_p15(void **state)
{
	(void)state;
	assert_malformed("30{30{30{" SINGLE "}} a0{30{}}}");
	assert_malformed("30{30{30{" SINGLE "}} a0{30{30{06{2a03}}03{00}}}}");
	assert_malformed("30{30{30{" SINGLE "}} a0{30{30{06{2a03}}03{075a}}}}");
	assert_malformed("30{30{30{" SINGLE "}} a0{30{30{06{2a03}}04{005a}}}}");
	assert_malformed("30{30{30{" SINGLE "}} a1{30{30{06{2a03}}03{005a}}}}");
	assert_malformed("30{30{30{" SINGLE "}}" SIGNATURE("") SIGNATURE("") "}");
	assert_malformed(SIGNED_BY("", "a0{31{" CERT "}}"));
	assert_malformed(SIGNED_BY("", "a0{30{0500}}"));
}

static void a_long_embedded_chain_is_malformed_p15(void **state)
{
	(void)state;
	assert_accepted(SIGNED_BY("", "a0{30{" CERT CERT CERT CERT CERT CERT CERT CERT "}}"));
	assert_malformed(SIGNED_BY("", "a0{30{" CERT CERT CERT CERT CERT CERT CERT CERT CERT "}}"));
}

static void a_signers_name_is_a_directory_name_p15(void **state)
{
	(void)state;
	assert_malformed(SIGNED_BY("a1{82{6578616d706c65}}", ""));
	assert_malformed(SIGNED_BY("a1{a4{0500}}", ""));
	assert_accepted(SIGNED_BY("a1{a4{" NAME "}}", ""));
	assert_accepted(REQUEST(SINGLE, "")); /* unsigned: any name or none */
	assert_accepted("30{30{a1{82{6578616d706c65}} 30{" SINGLE "}}}");
}

static void a_requestor_that_is_no_general_name_is_malformed_p15(void **state)
{
	(void)state;
	assert_malformed("30{30{a1{} 30{" SINGLE "}}}");
	assert_malformed("30{30{a1{a2{41}} 30{" SINGLE "}}}");
	assert_malformed("30{30{a1{8900} 30{" SINGLE "}}}");
	assert_malformed("30{30{a1{8241 8241} 30{" SINGLE "}}}");
	assert_malformed("30{30{a1{" NAME "} 30{" SINGLE "}}}");
}

static void a_signed_request_asks_what_it_asks_unsigned_p15(void **state)
{
	(void)state;
	PARSED(plain, PLAIN_REQUEST);
	PARSED(signed_one, SIGNED_BY("a1{a4{" NAME "}}", "a0{30{" CERT "}}"));
	assert_int_equal(signed_one.result, 0);
	assert_true(signed_one.request.is_signed);
	assert_false(plain.request.is_signed);
	assert_int_equal(signed_one.request.certid_count, 1);
	assert_view_equal(signed_one.request.certids[0].der, plain.request.certids[0].der);
	assert_int_equal(signed_one.request.requestor.data[0], 0xa4);
}

static void the_parts_of_a_signature_are_what_was_sent_p15(void **state)
{
	(void)state;
	struct ocsp_request_signature parts;
	PARSED(one, SIGNED_BY("a1{a4{" NAME "}}", "a0{30{" CERT CERT "}}"));
	assert_int_equal(ocsp_request_signature(one.der, &parts), 0);
	assert_int_equal(parts.count, 2);
	assert_view_equal(parts.certificates[0], parts.certificates[1]);
	assert_ptr_equal(parts.tbs.data,
			 one.der.data + 2 + (one.der.data[1] > 0x80) + (one.der.data[1] > 0x81));
	assert_int_equal(parts.requestor.data[0], 0x30);
	assert_ptr_equal(parts.algorithm.data, parts.tbs.data + parts.tbs.size + 4);
	PARSED(unnamed, SIGNED_BY("", ""));
	assert_int_equal(unnamed.result, 0); /* where signatures are ignored */
	assert_int_equal(ocsp_request_signature(unnamed.der, &parts), OCSP_MALFORMED);
	PARSED(plain, PLAIN_REQUEST);
	assert_int_equal(ocsp_request_signature(plain.der, &parts), OCSP_MALFORMED);
	PARSED(other, "30{30{a1{82{6578616d706c65}} 30{" SINGLE "}}}");
	assert_int_equal(ocsp_request_signature(other.der, &parts), OCSP_MALFORMED);
}

static void a_refused_request_leaves_the_result_untouched(void **state)
{
	(void)state;
	struct ocsp_request request, before;
	memset(&request, 0x5a, sizeof(request));
	before = request;
	struct view der = der_text(PLAIN_REQUEST "00");
	assert_int_equal(ocsp_request_parse(der, &usual_policy, &request), OCSP_MALFORMED);
	assert_memory_equal(&request, &before, sizeof(request));
	der_text_free(&der);
}

/* V-1 and V-2 after base64, V-3 with a serial of 20 octets: requests, whatever the answer is. */
static void the_published_vectors_parse(void **state)
{
	(void)state;
	PARSED(v1, "30443042304030 3e 303c3009 06052b0e03021a0500"
		   "04{00*20}04{00*20}020303fffc");
	assert_int_equal(v1.result, 0);
	PARSED(v2, "30443042304030 3e 303c3009 06052b0e03021a0500"
		   "04{00*20}04{00*20}020303fefc");
	assert_int_equal(v2.result, 0);
	PARSED(v3, REQUEST("30{" CERTID_SERIAL("5a d3*19") "}", ""));
	assert_int_equal(v3.result, 0);
}

/* A request with everything in it, for the two tests below. */
#define FULL_REQUEST                                                                          \
	"30{30{a003020100 30{" SINGLE                                                         \
	"30{" CERTID_OF(OID_SHA256_TEXT, "11*32", "22*32", "00ff") "a0{30{" EXTENSION(        \
		OID_UNKNOWN_TEXT, "0500") "}}}} a2{30{" EXTENSION(OID_NONCE_TEXT, "04{aa*8}") \
		EXTENSION("06{2b0601050507300104}", "30{" OID_BASIC_TEXT "}") EXTENSION(      \
			"06{2b0601050507300108}", "30{30{30{06{2a8648ce3d040302}}}}") "}}}}"

static void assert_agreement(struct view der)
{
	struct ocsp_request request;
	if (ocsp_request_parse(der, &usual_policy, &request) != 0)
		return;
	const char *difference = openssl_disagrees(der, &request);
	if (difference)
		fail_msg("OpenSSL reads another %s", difference);
}

static void every_changed_octet_is_refused_or_read_as_openssl_reads_it(void **state)
{
	(void)state;
	struct view der = der_text(FULL_REQUEST);
	assert_agreement(der);
	uint8_t *changed = (uint8_t *)(uintptr_t)der.data;
	for (size_t at = 0; at < der.size; at++) {
		uint8_t octet = changed[at];
		for (unsigned value = 0; value < 256; value++) {
			changed[at] = (uint8_t)value;
			assert_agreement(der);
		}
		changed[at] = octet;
	}
	der_text_free(&der);
}

static void every_removed_or_doubled_octet_is_refused_or_read_as_openssl_reads_it(void **state)
{
	(void)state;
	struct view der = der_text(FULL_REQUEST);
	uint8_t *changed = malloc(der.size + 1);
	for (size_t at = 0; at < der.size; at++) {
		memcpy(changed, der.data, at);
		memcpy(changed + at, der.data + at + 1, der.size - at - 1);
		assert_agreement(view_of(changed, der.size - 1));
		changed[at] = der.data[at];
		memcpy(changed + at + 1, der.data + at, der.size - at);
		assert_agreement(view_of(changed, der.size + 1));
	}
	free(changed);
	der_text_free(&der);
}

static void the_full_request_is_read_whole(void **state)
{
	(void)state;
	PARSED(parsed, FULL_REQUEST);
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.request.certid_count, 2);
	assert_true(parsed.request.has_nonce);
	assert_int_equal(parsed.request.nonce.size, 8);
	assert_int_equal(parsed.request.preferred_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_request_is_malformed_p1),
		cmocka_unit_test(every_truncation_is_malformed_p1),
		cmocka_unit_test(bytes_after_the_request_are_malformed_p2),
		cmocka_unit_test(bytes_after_any_field_are_malformed_p2),
		cmocka_unit_test(an_empty_request_list_is_malformed_p3),
		cmocka_unit_test(versions_other_than_v1_are_malformed_p4),
		cmocka_unit_test(the_default_version_written_out_is_tolerated_p4),
		cmocka_unit_test(indefinite_lengths_are_malformed_p5),
		cmocka_unit_test(lengths_longer_than_needed_are_malformed_p5),
		cmocka_unit_test(the_length_that_is_varied_is_right_p5),
		cmocka_unit_test(huge_lengths_are_malformed_p5),
		cmocka_unit_test(constructed_strings_and_long_tags_are_malformed_p5),
		cmocka_unit_test(deep_nesting_is_malformed_and_harmless),
		cmocka_unit_test(more_certids_than_the_limit_are_malformed_p11),
		cmocka_unit_test(a_policy_above_the_cap_cannot_raise_it_p11),
		cmocka_unit_test(certids_come_in_order_and_duplicates_stay_p11),
		cmocka_unit_test(a_malformed_signature_is_malformed_p15),
		cmocka_unit_test(a_long_embedded_chain_is_malformed_p15),
		cmocka_unit_test(a_signers_name_is_a_directory_name_p15),
		cmocka_unit_test(a_requestor_that_is_no_general_name_is_malformed_p15),
		cmocka_unit_test(a_signed_request_asks_what_it_asks_unsigned_p15),
		cmocka_unit_test(the_parts_of_a_signature_are_what_was_sent_p15),
		cmocka_unit_test(a_refused_request_leaves_the_result_untouched),
		cmocka_unit_test(the_published_vectors_parse),
		cmocka_unit_test(every_changed_octet_is_refused_or_read_as_openssl_reads_it),
		cmocka_unit_test(
			every_removed_or_doubled_octet_is_refused_or_read_as_openssl_reads_it),
		cmocka_unit_test(the_full_request_is_read_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
