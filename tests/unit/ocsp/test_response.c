/* Responses, read back by OpenSSL: P-1, P-10, P-16, P-20, P-21, P-23 … P-31. */
#include "unit.h"

#include "ocsp/response.h"

#include "dertext.h"
#include "pki.h"
#include "requesttext.h"

#include <errno.h>
#include <openssl/ocsp.h>
#include <time.h>

static struct pki pki;
static struct view certid_der, second_certid_der;
static uint8_t key_hash[20];
static int64_t now;

/* What a client asks for the signer's own certificate: OpenSSL verifies a delegated signer only for
 * certificates of its own issuer. */
static struct view real_certid(void)
{
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), pki.signer, pki.ca);
	uint8_t *der = malloc(LIMIT_CERTID), *at = der;
	assert_non_null(der);
	int size = i2d_OCSP_CERTID(id, &at);
	OCSP_CERTID_free(id);
	return view_of(der, (size_t)size);
}

static int setup(void **state)
{
	(void)state;
	pki_init(&pki);
	unsigned size = 0;
	X509_pubkey_digest(pki.signer, EVP_sha1(), key_hash, &size);
	certid_der = real_certid();
	second_certid_der = der_text(CERTID_SERIAL("07"));
	now = (int64_t)time(NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	der_text_free(&certid_der);
	der_text_free(&second_certid_der);
	pki_deinit(&pki);
	return 0;
}

static struct ocsp_single single_of(enum ocsp_status status)
{
	return (struct ocsp_single){
		.certid = certid_der,
		.says.status = status,
		.says.revoked_at = status == OCSP_REVOKED ? now - 5000 : TIME_NONE,
		.says.reason = REASON_NONE,
		.says.invalidity_at = TIME_NONE,
		.this_update = now - 10,
		.next_update = now + 3600,
	};
}

static struct ocsp_response_data data_of(const struct ocsp_single *singles, unsigned count)
{
	return (struct ocsp_response_data){
		.responder_id = OCSP_BY_KEY,
		.responder = view_of(key_hash, sizeof(key_hash)),
		.produced_at = now,
		.count = count,
		.singles = singles,
	};
}

/* A response as a client would have it: bytes, and what OpenSSL reads in them. */
struct answer {
	struct buffer data, der;
	OCSP_RESPONSE *response;
	OCSP_BASICRESP *basic;
};

static void answer_deinit(struct answer *answer)
{
	buffer_deinit(&answer->data);
	buffer_deinit(&answer->der);
	OCSP_RESPONSE_free(answer->response);
	OCSP_BASICRESP_free(answer->basic);
}

static struct view sign(struct view bytes, uint8_t *out, size_t most)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = most;
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pki.signer_key), 1);
	assert_int_equal(EVP_DigestSign(context, out, &size, bytes.data, bytes.size), 1);
	EVP_MD_CTX_free(context);
	return view_of(out, size);
}

/* P-24: what OpenSSL read, it writes as the same bytes, outside and inside. */
static void assert_same_again(struct answer *answer)
{
	uint8_t *again = NULL;
	int size = i2d_OCSP_RESPONSE(answer->response, &again);
	assert_view_equal(view_of(again, (size_t)size), buffer_view(&answer->der));
	OPENSSL_free(again);
	again = NULL;
	size = i2d_OCSP_BASICRESP(answer->basic, &again);
	assert_true(size > 0);
	assert_memory_equal(answer->der.data + answer->der.size - (size_t)size, again,
			    (size_t)size);
	OPENSSL_free(again);
	again = NULL;
	size = i2d_OCSP_RESPDATA((OCSP_RESPDATA *)(uintptr_t)OCSP_resp_get0_respdata(answer->basic),
				 &again);
	assert_view_equal(view_of(again, (size_t)size), buffer_view(&answer->data));
	OPENSSL_free(again);
}

static struct answer answer_with(const struct ocsp_response_data *data, unsigned certificates)
{
	struct answer answer = {0};
	uint8_t signature[256];
	struct view algorithm = der_text("30{06{2a8648ce3d040302}}");
	const struct view chain[] = {pki.signer_view, pki.ca_view};
	assert_int_equal(ocsp_response_data_write(&answer.data, data), 0);
	struct ocsp_signed parts = {
		.response_data = buffer_view(&answer.data),
		.algorithm = algorithm,
		.signature = sign(buffer_view(&answer.data), signature, sizeof(signature)),
		.certificate_count = certificates,
		.certificates = chain,
	};
	assert_int_equal(ocsp_response_write(&answer.der, &parts), 0);
	der_text_free(&algorithm);
	const uint8_t *at = answer.der.data;
	answer.response = d2i_OCSP_RESPONSE(NULL, &at, (long)answer.der.size);
	assert_non_null(answer.response);
	assert_ptr_equal(at, answer.der.data + answer.der.size);
	assert_int_equal(OCSP_response_status(answer.response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
	answer.basic = OCSP_response_get1_basic(answer.response);
	assert_non_null(answer.basic);
	assert_same_again(&answer);
	return answer;
}

#define ANSWER(name, data) cleanup(answer_deinit) struct answer name = answer_with(data, 1)

static void assert_time(const ASN1_GENERALIZEDTIME *time, int64_t expected)
{
	assert_non_null(time);
	assert_int_equal(ASN1_STRING_length(time), 15); /* YYYYMMDDHHMMSSZ (P-27) */
	assert_int_equal(ASN1_TIME_cmp_time_t(time, (time_t)expected), 0);
}

static OCSP_SINGLERESP *assert_single(struct answer *answer, int index, int status, int reason,
				      int64_t revoked_at)
{
	OCSP_SINGLERESP *single = OCSP_resp_get0(answer->basic, index);
	ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
	int found_reason = -2;
	assert_int_equal(OCSP_single_get0_status(single, &found_reason, &revoked, &this_update,
						 &next_update),
			 status);
	assert_time(this_update, now - 10);
	assert_time(next_update, now + 3600);
	if (status == V_OCSP_CERTSTATUS_REVOKED) {
		assert_int_equal(found_reason, reason);
		assert_time(revoked, revoked_at);
	}
	return single;
}

/* ---- what is refused ---- */

static void assert_refused(const struct ocsp_response_data *data)
{
	struct buffer out = {0};
	assert_int_equal(ocsp_response_data_write(&out, data), -EINVAL);
	assert_int_equal(out.size, 0);
	buffer_deinit(&out);
}

static void assert_single_refused(struct ocsp_single single)
{
	struct ocsp_response_data data = data_of(&single, 1);
	assert_refused(&data);
}

static void times_that_contradict_are_refused_p27(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	single.next_update = single.this_update;
	assert_single_refused(single);
	single.next_update = single.this_update - 1;
	assert_single_refused(single);
	single = single_of(OCSP_GOOD);
	single.this_update = now + 1; /* later than producedAt */
	assert_single_refused(single);
}

static void times_out_of_range_are_refused_p27(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	single.next_update = INT64_C(253402300800); /* the year 10000 */
	assert_single_refused(single);
	single = single_of(OCSP_GOOD);
	single.this_update = TIME_NONE;
	assert_single_refused(single);
	single = single_of(OCSP_REVOKED);
	single.says.revoked_at = TIME_NONE;
	assert_single_refused(single);
	single = single_of(OCSP_REVOKED);
	single.says.invalidity_at = INT64_MAX;
	assert_single_refused(single);
	single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	data.produced_at = INT64_MAX;
	assert_refused(&data);
}

static void reasons_7_and_8_are_refused_p29(void **state)
{
	(void)state;
	static const int reasons[] = {7, 8, 11, -2, 255};
	for (size_t i = 0; i < array_size(reasons); i++) {
		struct ocsp_single single = single_of(OCSP_REVOKED);
		single.says.reason = (enum revocation_reason)reasons[i];
		assert_single_refused(single);
	}
}

static void an_invalidity_date_of_what_is_not_revoked_is_refused_p30(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	single.says.invalidity_at = now - 100;
	assert_single_refused(single);
	single = single_of(OCSP_UNKNOWN);
	single.says.invalidity_at = now - 100;
	assert_single_refused(single);
}

static void unknown_states_are_refused(void **state)
{
	(void)state;
	struct ocsp_single single = single_of((enum ocsp_status)3);
	assert_single_refused(single);
}

static void certids_that_are_none_are_refused_p10(void **state)
{
	(void)state;
	static const uint8_t wrong[] = {0x30, 0x00};
	struct ocsp_single single = single_of(OCSP_GOOD);
	single.certid = view_of(wrong, sizeof(wrong));
	assert_single_refused(single);
	single.certid = view_of(NULL, 0);
	assert_single_refused(single);
	single.certid = view_of(certid_der.data, certid_der.size - 1);
	assert_single_refused(single);
}

static void counts_out_of_range_are_refused_p11(void **state)
{
	(void)state;
	struct ocsp_single singles[LIMIT_CERTIDS + 1];
	for (size_t i = 0; i < array_size(singles); i++)
		singles[i] = single_of(OCSP_GOOD);
	struct ocsp_response_data none = data_of(singles, 0);
	assert_refused(&none);
	struct ocsp_response_data many = data_of(singles, LIMIT_CERTIDS + 1);
	assert_refused(&many);
}

static void responder_ids_that_are_none_are_refused_p25(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	data.responder.size = 19;
	assert_refused(&data);
	data = data_of(&single, 1);
	data.responder_id = OCSP_BY_NAME;
	assert_refused(&data);
	data.responder_id = (enum ocsp_responder_id)2;
	assert_refused(&data);
}

static void nonces_above_128_octets_are_refused_p16(void **state)
{
	(void)state;
	static const uint8_t nonce[LIMIT_NONCE + 1];
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	data.nonce = view_of(nonce, sizeof(nonce));
	assert_refused(&data);
}

static void a_buffer_too_small_is_said_and_left_as_it_was(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	struct buffer whole = {0};
	assert_int_equal(ocsp_response_data_write(&whole, &data), 0);
	struct buffer exact = {.most = whole.size}, small = {.most = whole.size - 1};
	assert_int_equal(ocsp_response_data_write(&exact, &data), 0);
	assert_int_equal(ocsp_response_data_write(&small, &data), -EMSGSIZE);
	assert_int_equal(small.size, 0);
	buffer_deinit(&whole);
	buffer_deinit(&exact);
	buffer_deinit(&small);
}

static void parts_that_are_no_der_values_are_refused_p24(void **state)
{
	(void)state;
	static const uint8_t sequence[] = {0x30, 0x00}, trailing[] = {0x30, 0x00, 0x00};
	const struct view good = view_of(sequence, 2), bad = view_of(trailing, 3);
	const struct ocsp_signed wrong[] = {
		{.response_data = bad, .algorithm = good, .signature = good},
		{.response_data = good, .algorithm = bad, .signature = good},
		{.response_data = good, .algorithm = good},
		{.response_data = good,
		 .algorithm = good,
		 .signature = good,
		 .certificate_count = 1,
		 .certificates = &bad},
	};
	for (size_t i = 0; i < array_size(wrong); i++) {
		struct buffer out = {0};
		assert_int_equal(ocsp_response_write(&out, &wrong[i]), -EINVAL);
		assert_int_equal(out.size, 0);
		buffer_deinit(&out);
	}
}

/* ---- errors ---- */

static void errors_are_five_octets_p1_p20(void **state)
{
	(void)state;
	static const struct {
		enum ocsp_result result;
		uint8_t code;
	} errors[] = {
		{OCSP_MALFORMED_REQUEST, 1}, {OCSP_INTERNAL_ERROR, 2}, {OCSP_TRY_LATER, 3},
		{OCSP_SIG_REQUIRED, 5},      {OCSP_UNAUTHORIZED, 6},
	};
	for (size_t i = 0; i < array_size(errors); i++) {
		const uint8_t expected[] = {0x30, 0x03, 0x0a, 0x01, errors[i].code};
		assert_view_equal(ocsp_error_response(errors[i].result),
				  view_of(expected, sizeof(expected)));
	}
}

/* "successful" without a response must never leave. */
static void success_is_no_error_response_p21(void **state)
{
	(void)state;
	assert_int_equal(ocsp_error_response(OCSP_SUCCESSFUL).data[4], OCSP_INTERNAL_ERROR);
	assert_int_equal(ocsp_error_response((enum ocsp_result)4).data[4], OCSP_INTERNAL_ERROR);
}

/* ---- what is written ---- */

static void good_and_unknown_are_answered(void **state)
{
	(void)state;
	struct ocsp_single singles[2] = {single_of(OCSP_GOOD), single_of(OCSP_UNKNOWN)};
	struct ocsp_response_data data = data_of(singles, 2);
	ANSWER(answer, &data);
	assert_int_equal(OCSP_resp_count(answer.basic), 2);
	assert_single(&answer, 0, V_OCSP_CERTSTATUS_GOOD, 0, 0);
	assert_single(&answer, 1, V_OCSP_CERTSTATUS_UNKNOWN, 0, 0);
	assert_time(OCSP_resp_get0_produced_at(answer.basic), now);
}

static void every_reason_is_answered_p29(void **state)
{
	(void)state;
	static const int reasons[] = {1, 2, 3, 4, 5, 6, 9, 10};
	for (size_t i = 0; i < array_size(reasons); i++) {
		struct ocsp_single single = single_of(OCSP_REVOKED);
		single.says.reason = (enum revocation_reason)reasons[i];
		struct ocsp_response_data data = data_of(&single, 1);
		ANSWER(answer, &data);
		assert_single(&answer, 0, V_OCSP_CERTSTATUS_REVOKED, reasons[i], now - 5000);
	}
}

static void unspecified_and_no_reason_are_left_out_p29(void **state)
{
	(void)state;
	static const enum revocation_reason reasons[] = {REASON_UNSPECIFIED, REASON_NONE};
	for (size_t i = 0; i < array_size(reasons); i++) {
		struct ocsp_single single = single_of(OCSP_REVOKED);
		single.says.reason = reasons[i];
		struct ocsp_response_data data = data_of(&single, 1);
		ANSWER(answer, &data);
		assert_single(&answer, 0, V_OCSP_CERTSTATUS_REVOKED, OCSP_REVOKED_STATUS_NOSTATUS,
			      now - 5000);
	}
}

static void old_and_far_times_are_written_p27(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_REVOKED);
	single.says.revoked_at = -INT64_C(631152000); /* 1950 */
	single.next_update = INT64_C(253402300799);
	struct ocsp_response_data data = data_of(&single, 1);
	struct buffer out = {0};
	assert_int_equal(ocsp_response_data_write(&out, &data), 0);
	assert_non_null(memmem(out.data, out.size, "19500101000000Z", 15));
	assert_non_null(memmem(out.data, out.size, "99991231235959Z", 15));
	buffer_deinit(&out);
}

static void an_invalidity_date_is_a_single_extension_p30(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_REVOKED);
	single.says.invalidity_at = now - 9000;
	struct ocsp_response_data data = data_of(&single, 1);
	ANSWER(answer, &data);
	OCSP_SINGLERESP *found =
		assert_single(&answer, 0, V_OCSP_CERTSTATUS_REVOKED, -1, now - 5000);
	assert_int_equal(OCSP_SINGLERESP_get_ext_count(found), 1);
	int critical = -1;
	ASN1_GENERALIZEDTIME *time =
		OCSP_SINGLERESP_get1_ext_d2i(found, NID_invalidity_date, &critical, NULL);
	assert_time(time, now - 9000);
	assert_int_equal(critical, 0);
	ASN1_GENERALIZEDTIME_free(time);
}

static void certids_are_echoed_in_order_p10_p11(void **state)
{
	(void)state;
	struct ocsp_single singles[3] = {single_of(OCSP_GOOD), single_of(OCSP_REVOKED),
					 single_of(OCSP_GOOD)};
	singles[1].certid = second_certid_der;
	struct ocsp_response_data data = data_of(singles, 3);
	ANSWER(answer, &data);
	for (int i = 0; i < 3; i++) {
		uint8_t *der = NULL;
		const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(OCSP_resp_get0(answer.basic, i));
		int size = i2d_OCSP_CERTID((OCSP_CERTID *)(uintptr_t)id, &der);
		assert_view_equal(view_of(der, (size_t)size), singles[i].certid);
		OPENSSL_free(der);
	}
}

static void the_responder_is_named_by_key_or_name_p25(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	const ASN1_OCTET_STRING *by_key = NULL;
	const X509_NAME *by_name = NULL;
	ANSWER(keyed, &data);
	assert_int_equal(OCSP_resp_get0_id(keyed.basic, &by_key, &by_name), 1);
	assert_memory_equal(ASN1_STRING_get0_data(by_key), key_hash, sizeof(key_hash));
	uint8_t *name = NULL;
	int size = i2d_X509_NAME(X509_get_subject_name(pki.signer), &name);
	data.responder_id = OCSP_BY_NAME;
	data.responder = view_of(name, (size_t)size);
	ANSWER(named, &data);
	assert_int_equal(OCSP_resp_get0_id(named.basic, &by_key, &by_name), 1);
	assert_int_equal(X509_NAME_cmp(by_name, X509_get_subject_name(pki.signer)), 0);
	OPENSSL_free(name);
}

static void without_a_nonce_there_are_no_response_extensions_p31(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	ANSWER(answer, &data);
	assert_int_equal(OCSP_BASICRESP_get_ext_count(answer.basic), 0);
	assert_int_equal(OCSP_SINGLERESP_get_ext_count(OCSP_resp_get0(answer.basic, 0)), 0);
}

static void the_nonce_is_echoed_exactly_and_not_critical_p16(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 8, 32, 128};
	uint8_t nonce[LIMIT_NONCE];
	memset(nonce, 0xa7, sizeof(nonce));
	for (size_t i = 0; i < array_size(sizes); i++) {
		struct ocsp_single single = single_of(OCSP_GOOD);
		struct ocsp_response_data data = data_of(&single, 1);
		data.nonce = view_of(nonce, sizes[i]);
		ANSWER(answer, &data);
		assert_int_equal(OCSP_BASICRESP_get_ext_count(answer.basic), 1);
		OCSP_REQUEST *request = OCSP_REQUEST_new();
		OCSP_request_add1_nonce(request, nonce, (int)sizes[i]);
		assert_int_equal(OCSP_check_nonce(request, answer.basic), 1);
		OCSP_REQUEST_free(request);
		X509_EXTENSION *extension = OCSP_BASICRESP_get_ext(answer.basic, 0);
		assert_int_equal(X509_EXTENSION_get_critical(extension), 0);
	}
}

static void a_raw_nonce_is_echoed_without_an_octet_string_p16(void **state)
{
	(void)state;
	static const uint8_t nonce[] = {0x04, 0x09, 0xa7};
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	data.nonce = view_of(nonce, sizeof(nonce));
	data.raw_nonce = true;
	ANSWER(answer, &data);
	assert_int_equal(OCSP_BASICRESP_get_ext_count(answer.basic), 1);
	const ASN1_OCTET_STRING *value =
		X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(answer.basic, 0));
	assert_view_equal(view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)),
			  data.nonce);
}

static void extended_revoke_is_an_extension_with_null_p23(void **state)
{
	(void)state;
	static const uint8_t expected[] = {0x30, 0x0f, 0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05,
					   0x07, 0x30, 0x01, 0x09, 0x04, 0x02, 0x05, 0x00};
	static const uint8_t nonce[] = {1, 2, 3};
	struct ocsp_single single = single_of(OCSP_REVOKED);
	single.says.reason = REASON_CERTIFICATE_HOLD;
	single.says.revoked_at = 0;
	struct ocsp_response_data data = data_of(&single, 1);
	data.extended_revoke = true;
	data.nonce = view_of(nonce, sizeof(nonce));
	ANSWER(answer, &data);
	assert_int_equal(OCSP_BASICRESP_get_ext_count(answer.basic), 2);
	assert_non_null(memmem(answer.data.data, answer.data.size, expected, sizeof(expected)));
	assert_non_null(memmem(answer.data.data, answer.data.size, "19700101000000Z", 15));
	assert_single(&answer, 0, V_OCSP_CERTSTATUS_REVOKED, OCSP_REVOKED_STATUS_CERTIFICATEHOLD,
		      0);
}

static void certificates_come_in_order_or_not_at_all_p24_p26(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	cleanup(answer_deinit) struct answer without = answer_with(&data, 0);
	assert_int_equal(sk_X509_num(OCSP_resp_get0_certs(without.basic)), -1); /* no field */
	cleanup(answer_deinit) struct answer with = answer_with(&data, 2);
	const STACK_OF(X509) *certs = OCSP_resp_get0_certs(with.basic);
	assert_int_equal(sk_X509_num(certs), 2);
	assert_int_equal(X509_cmp(sk_X509_value(certs, 0), pki.signer), 0);
	assert_int_equal(X509_cmp(sk_X509_value(certs, 1), pki.ca), 0);
}

static int verify(OCSP_BASICRESP *basic)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_add_cert(store, pki.ca);
	int result = OCSP_basic_verify(basic, NULL, store, 0);
	X509_STORE_free(store);
	return result;
}

static void the_signature_verifies_and_no_other_does_p24(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	ANSWER(answer, &data);
	assert_int_equal(verify(answer.basic), 1);
	const uint8_t *at = answer.der.data;
	uint8_t *found = memmem(answer.der.data, answer.der.size, certid_der.data, certid_der.size);
	found[certid_der.size - 1] ^= 1; /* another serial under the same signature */
	OCSP_RESPONSE *forged = d2i_OCSP_RESPONSE(NULL, &at, (long)answer.der.size);
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(forged);
	assert_int_not_equal(verify(basic), 1);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(forged);
}

/* Lengths around 128 and 256 octets, where the form of the header changes. */
static void every_size_is_der_p24(void **state)
{
	(void)state;
	uint8_t nonce[LIMIT_NONCE] = {0};
	struct ocsp_single singles[LIMIT_CERTIDS];
	for (size_t i = 0; i < array_size(singles); i++)
		singles[i] = single_of(i % 2 ? OCSP_GOOD : OCSP_REVOKED);
	for (unsigned count = 1; count <= LIMIT_CERTIDS; count++) {
		for (size_t size = 1; size <= LIMIT_NONCE; size += 9) {
			struct ocsp_response_data data = data_of(singles, count);
			data.nonce = view_of(nonce, size);
			ANSWER(answer, &data);
			assert_int_equal(OCSP_resp_count(answer.basic), (int)count);
		}
	}
}

static void it_is_appended_to_what_is_there(void **state)
{
	(void)state;
	struct ocsp_single single = single_of(OCSP_GOOD);
	struct ocsp_response_data data = data_of(&single, 1);
	struct buffer out = {0};
	buffer_put_string(&out, "head");
	assert_int_equal(ocsp_response_data_write(&out, &data), 0);
	assert_memory_equal(out.data, "head\x30", 5);
	buffer_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_that_contradict_are_refused_p27),
		cmocka_unit_test(times_out_of_range_are_refused_p27),
		cmocka_unit_test(reasons_7_and_8_are_refused_p29),
		cmocka_unit_test(an_invalidity_date_of_what_is_not_revoked_is_refused_p30),
		cmocka_unit_test(unknown_states_are_refused),
		cmocka_unit_test(certids_that_are_none_are_refused_p10),
		cmocka_unit_test(counts_out_of_range_are_refused_p11),
		cmocka_unit_test(responder_ids_that_are_none_are_refused_p25),
		cmocka_unit_test(nonces_above_128_octets_are_refused_p16),
		cmocka_unit_test(a_buffer_too_small_is_said_and_left_as_it_was),
		cmocka_unit_test(parts_that_are_no_der_values_are_refused_p24),
		cmocka_unit_test(errors_are_five_octets_p1_p20),
		cmocka_unit_test(success_is_no_error_response_p21),
		cmocka_unit_test(good_and_unknown_are_answered),
		cmocka_unit_test(every_reason_is_answered_p29),
		cmocka_unit_test(unspecified_and_no_reason_are_left_out_p29),
		cmocka_unit_test(old_and_far_times_are_written_p27),
		cmocka_unit_test(an_invalidity_date_is_a_single_extension_p30),
		cmocka_unit_test(certids_are_echoed_in_order_p10_p11),
		cmocka_unit_test(the_responder_is_named_by_key_or_name_p25),
		cmocka_unit_test(without_a_nonce_there_are_no_response_extensions_p31),
		cmocka_unit_test(the_nonce_is_echoed_exactly_and_not_critical_p16),
		cmocka_unit_test(a_raw_nonce_is_echoed_without_an_octet_string_p16),
		cmocka_unit_test(extended_revoke_is_an_extension_with_null_p23),
		cmocka_unit_test(certificates_come_in_order_or_not_at_all_p24_p26),
		cmocka_unit_test(the_signature_verifies_and_no_other_does_p24),
		cmocka_unit_test(every_size_is_der_p24),
		cmocka_unit_test(it_is_appended_to_what_is_there),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
