/* The optional extensions of a SingleResponse, octet for octet, and where each may stand: P-22, P-23,
 * P-24, P-30. */
#include "unit.h"

#include "ocsp/response.h"

#include "dertext.h"
#include "requesttext.h"

#include <errno.h>

#define NOW INT64_C(1800000000) /* 2027-01-15T08:00:00Z */

static const uint8_t hash[32] = {0xab};
static const uint8_t number[2] = {0x00, 0x80};
static const uint8_t scts[5] = {0, 3, 0, 1, 9};
static const uint8_t key_hash[20];
static struct view certid;

static int setup(void **state)
{
	(void)state;
	certid = der_text(CERTID_SERIAL("07"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	der_text_free(&certid);
	return 0;
}

static struct ocsp_single single_of(enum ocsp_status status)
{
	return (struct ocsp_single){
		.certid = certid,
		.says.status = status,
		.says.revoked_at = status == OCSP_REVOKED ? NOW - 5000 : TIME_NONE,
		.says.reason = REASON_NONE,
		.says.invalidity_at = TIME_NONE,
		.this_update = NOW - 10,
		.next_update = NOW + 3600,
	};
}

static int write_data(struct buffer *out, const struct ocsp_single *single, bool extended_revoke)
{
	struct ocsp_response_data data = {
		.responder_id = OCSP_BY_KEY,
		.responder = view_of(key_hash, sizeof(key_hash)),
		.produced_at = NOW,
		.count = 1,
		.singles = single,
		.extended_revoke = extended_revoke,
	};
	return ocsp_response_data_write(out, &data);
}

static void refused(const struct ocsp_single *single, bool extended_revoke)
{
	struct buffer out = {0};
	assert_int_equal(write_data(&out, single, extended_revoke), -EINVAL);
	assert_int_equal(out.size, 0);
	buffer_deinit(&out);
}

/* The response ends with these single extensions, [1] wrapper and all. */
static void ends_with(const struct ocsp_single *single, const uint8_t *expected, size_t size)
{
	struct buffer out = {0};
	assert_int_equal(write_data(&out, single, false), 0);
	assert_true(out.size > size);
	assert_memory_equal(out.data + out.size - size, expected, size);
	buffer_deinit(&out);
}

#define ENDS_WITH(single, text) ends_with(single, (const uint8_t *)(text), sizeof(text) - 1)

static struct cert_facts all_facts(void)
{
	return (struct cert_facts){
		.certificate_hash = view_of(hash, sizeof(hash)),
		.crl_url = view_of_string("http://c/"),
		.crl_number = view_of(number, sizeof(number)),
		.crl_time = NOW,
		.sct_list = view_of(scts, sizeof(scts)),
	};
}

/* ---- what is refused ---- */

static void a_fact_stands_only_where_its_status_is_p30(void **state)
{
	(void)state;
	struct cert_facts all = all_facts();
	static const struct {
		bool hash, crl, scts;
	} may[] = {[OCSP_GOOD] = {true, true, true},
		   [OCSP_REVOKED] = {true, true, false},
		   [OCSP_UNKNOWN] = {false, false, false}};
	for (int status = OCSP_GOOD; status <= OCSP_UNKNOWN; status++) {
		struct cert_facts only_hash = {.certificate_hash = all.certificate_hash};
		struct cert_facts only_url = {.crl_url = all.crl_url};
		struct cert_facts only_number = {.crl_number = all.crl_number};
		struct cert_facts only_time = {.crl_time = all.crl_time};
		struct cert_facts only_scts = {.sct_list = all.sct_list};
		enum ocsp_status as = (enum ocsp_status)status;
		assert_int_equal(ocsp_facts_fit(as, &only_hash), may[status].hash);
		assert_int_equal(ocsp_facts_fit(as, &only_url), may[status].crl);
		assert_int_equal(ocsp_facts_fit(as, &only_number), may[status].crl);
		assert_int_equal(ocsp_facts_fit(as, &only_time), may[status].crl);
		assert_int_equal(ocsp_facts_fit(as, &only_scts), may[status].scts);
		struct ocsp_single single = single_of(as);
		single.facts = all;
		if (as !=
		    OCSP_GOOD) /* which may have each of them: the CRL that does not list it */
			refused(&single, false);
	}
}

static void facts_that_do_not_fit_are_refused_p30(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	single.facts.sct_list = view_of(scts, 4);
	refused(&single, false);
	single.facts = (struct cert_facts){.certificate_hash = view_of(hash, 20)};
	refused(&single, false);
	single = single_of(OCSP_GOOD);
	single.archive_cutoff = INT64_MAX;
	refused(&single, false);
}

static void a_serial_never_issued_carries_nothing_p23(void **state)
{
	(void)state;
	struct ocsp_single bare = single_of(OCSP_REVOKED);
	bare.says.revoked_at = 0;
	bare.says.reason = REASON_CERTIFICATE_HOLD;
	struct buffer out = {0};
	assert_int_equal(write_data(&out, &bare, true), 0);
	buffer_deinit(&out);
	struct ocsp_single with = bare;
	with.says.invalidity_at = NOW - 1;
	refused(&with, true);
	with = bare;
	with.archive_cutoff = NOW - 1;
	refused(&with, true);
	with = bare;
	with.facts.crl_number = view_of(number, sizeof(number));
	refused(&with, true);
	with = bare;
	with.facts.certificate_hash = view_of(hash, sizeof(hash));
	refused(&with, true);
}

static void the_extended_definition_needs_a_serial_never_issued_p23(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	refused(&single, true);
	single = single_of(OCSP_REVOKED);
	refused(&single, true);
	single.says.reason = REASON_CERTIFICATE_HOLD; /* a hold of today */
	refused(&single, true);
}

/* ---- what is written ---- */

static void an_archive_cutoff_is_a_time_p30(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	single.archive_cutoff = NOW;
	ENDS_WITH(&single, "\xa1\x22\x30\x20\x30\x1e\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x06"
			   "\x04\x11\x18\x0f"
			   "20270115080000Z");
}

static void a_crl_id_has_the_parts_that_are_known_p30(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_REVOKED);
	single.facts = all_facts();
	single.facts.sct_list = single.facts.certificate_hash = (struct view){0};
	ENDS_WITH(&single, "\xa1\x39\x30\x37\x30\x35\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x03"
			   "\x04\x28\x30\x26"
			   "\xa0\x0b\x16\x09http://c/"
			   "\xa1\x04\x02\x02\x00\x80"
			   "\xa2\x11\x18\x0f"
			   "20270115080000Z");
	single.facts.crl_url = (struct view){0};
	single.facts.crl_time = 0;
	ENDS_WITH(&single, "\xa1\x19\x30\x17\x30\x15\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x03"
			   "\x04\x08\x30\x06\xa1\x04\x02\x02\x00\x80");
}

static void a_cert_hash_names_sha256_p30(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	uint8_t expected[] = "\xa1\x3e\x30\x3c\x30\x3a\x06\x05\x2b\x24\x08\x03\x0d\x04\x31\x30\x2f"
			     "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"
			     "0123456789abcdef0123456789abcdef";
	size_t size = sizeof(expected) - 1;
	memcpy(expected + size - 32, hash, 32);
	single.facts.certificate_hash = view_of(hash, sizeof(hash));
	ends_with(&single, expected, size);
}

static void an_sct_list_is_an_octet_string_in_the_extension_p30(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	single.facts.sct_list = view_of(scts, sizeof(scts));
	ENDS_WITH(&single,
		  "\xa1\x19\x30\x17\x30\x15\x06\x0a\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x05"
		  "\x04\x07\x04\x05\x00\x03\x00\x01\x09");
}

/* No empty SEQUENCE: NSS, for one, refuses it. */
static void without_extensions_there_is_no_field_p24(void **state)
{
	(void)state;
	struct ocsp_single good = single_of(OCSP_GOOD), revoked = single_of(OCSP_REVOKED);
	ENDS_WITH(&good, "\xa0\x11\x18\x0f"
			 "20270115090000Z");
	ENDS_WITH(&revoked, "\xa0\x11\x18\x0f"
			    "20270115090000Z");
}

/* BOOLEAN critical is left out everywhere, being FALSE: no client may be made to refuse an answer. */
static void no_extension_is_critical_p24_p30(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_REVOKED);
	struct buffer out = {0};
	single.facts = all_facts();
	single.facts.sct_list = (struct view){0};
	single.archive_cutoff = NOW;
	single.says.invalidity_at = NOW - 3;
	assert_int_equal(write_data(&out, &single, false), 0);
	assert_null(memmem(out.data, out.size, "\x01\x01\xff", 3));
	buffer_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fact_stands_only_where_its_status_is_p30),
		cmocka_unit_test(facts_that_do_not_fit_are_refused_p30),
		cmocka_unit_test(a_serial_never_issued_carries_nothing_p23),
		cmocka_unit_test(the_extended_definition_needs_a_serial_never_issued_p23),
		cmocka_unit_test(an_archive_cutoff_is_a_time_p30),
		cmocka_unit_test(a_crl_id_has_the_parts_that_are_known_p30),
		cmocka_unit_test(a_cert_hash_names_sha256_p30),
		cmocka_unit_test(an_sct_list_is_an_octet_string_in_the_extension_p30),
		cmocka_unit_test(without_extensions_there_is_no_field_p24),
		cmocka_unit_test(no_extension_is_critical_p24_p30),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
