#include "base/hex.h"
#include "client/ocsp_finding.h"
#include "ocsp/answer_signer.h"
#include "ocsp/der.h"
#include "tool/certname.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Of the whole answer; so that it may be critical. */
static const char *const known_extensions[] = {
	"1.3.6.1.5.5.7.48.1.2", /* nonce */
	"1.3.6.1.5.5.7.48.1.9", /* extended revoke */
	NULL,
};

static void response_freep(OCSP_RESPONSE **response)
{
	OCSP_RESPONSE_free(*response);
}

static void basic_freep(OCSP_BASICRESP **basic)
{
	OCSP_BASICRESP_free(*basic);
}

static void extensions_freep(STACK_OF(X509_EXTENSION) * *extensions)
{
	sk_X509_EXTENSION_free(*extensions);
}

void ocsp_answer_deinit(struct ocsp_answer *answer)
{
	free(answer->signer);
	free(answer->signer_serial);
	answer->signer = answer->signer_serial = NULL;
}

static int refuse(struct fault *fault, const char *why)
{
	return fault_set(fault, OCSP_ANSWER_REFUSED, "%s", why);
}

static int read_response(struct view der, OCSP_RESPONSE **ret, struct fault *fault)
{
	const unsigned char *p = der.data;
	cleanup(response_freep) OCSP_RESPONSE *response =
		d2i_OCSP_RESPONSE(NULL, &p, (long)der.size);
	if (!response || p != der.data + der.size)
		return refuse(fault, "what came is not an OCSP response");
	int status = OCSP_response_status(response);
	if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return fault_set(fault, OCSP_ANSWER_REFUSED, "the responder answers %s (%d)",
				 OCSP_response_status_str(status), status);
	*ret = response;
	response = NULL;
	return 0;
}

/* The BasicOCSPResponse within the bytes. OpenSSL reads BER too, and verifies what it would have
 * written itself; so the bytes are walked a second time, strictly. */
static struct view find_basic(struct view der)
{
	struct cursor c = cursor_of(der);
	struct cursor response = der_enter(&c, DER_SEQUENCE);
	(void)der_take(&response, DER_ENUMERATED);
	struct cursor wrapper = der_enter(&response, DER_CONTEXT_CONSTRUCTED(0));
	struct cursor bytes = der_enter(&wrapper, DER_SEQUENCE);
	(void)der_oid(&bytes);
	struct view basic = der_take(&bytes, DER_OCTET_STRING);
	der_leave(&wrapper, &bytes);
	der_leave(&response, &wrapper);
	der_leave(&c, &response);
	return cursor_end(&c) < 0 ? (struct view){0} : basic;
}

static bool is_version_1(struct view basic)
{
	struct cursor c = cursor_of(basic);
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	struct cursor data = der_enter(&fields, DER_SEQUENCE);
	return !data.failed && der_peek(&data) != DER_CONTEXT_CONSTRUCTED(0);
}

/* DER leaves out the version v1, so that whatever stands there is another one (P-24). */
static int check_encoding(struct view der, OCSP_BASICRESP *basic, struct fault *fault)
{
	struct view bytes = find_basic(der);
	unsigned char *again = NULL;
	int size = i2d_OCSP_BASICRESP(basic, &again);
	bool same = size > 0 && view_equal(view_of(again, (size_t)size), bytes);
	OPENSSL_free(again);
	if (!same)
		return refuse(fault, "the answer is not DER");
	return is_version_1(bytes) ? 0 : refuse(fault, "the answer is not of version 1");
}

static int check_extensions(OCSP_BASICRESP *basic, struct fault *fault)
{
	cleanup(extensions_freep) STACK_OF(X509_EXTENSION) *extensions =
		sk_X509_EXTENSION_new_null();
	if (!extensions)
		return refuse(fault, "out of memory");
	for (int i = 0; i < OCSP_BASICRESP_get_ext_count(basic); i++)
		(void)sk_X509_EXTENSION_push(extensions, OCSP_BASICRESP_get_ext(basic, i));
	return ocsp_extensions_check(extensions, known_extensions, fault);
}

/* The nonce that was sent, or none. Another one is an answer to somebody else. */
static int check_nonce(const struct ocsp_question *question, OCSP_BASICRESP *basic,
		       struct ocsp_answer *answer, struct fault *fault)
{
	if (question->nonce == OCSP_NONCE_NONE)
		return 0;
	int at = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
	if (at < 0)
		return question->nonce == OCSP_NONCE_REQUIRED
			       ? refuse(fault, "the answer does not repeat the nonce")
			       : 0;
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic, at));
	struct view octets =
		view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	struct cursor c = cursor_of(octets);
	struct view nonce = der_take(&c, DER_OCTET_STRING);
	if (cursor_end(&c) < 0 ||
	    !view_equal(nonce, view_of(question->nonce_octets, sizeof(question->nonce_octets))))
		return refuse(fault, "the answer's nonce is another one");
	answer->nonce_echoed = true;
	return 0;
}

static int read_produced(OCSP_BASICRESP *basic, int64_t now, int64_t skew,
			 struct ocsp_answer *answer, struct fault *fault)
{
	if (ocsp_time_read(OCSP_resp_get0_produced_at(basic), &answer->produced_at) < 0)
		return refuse(fault, "the answer's times are not readable");
	if (answer->produced_at > now + skew)
		return refuse(fault, "the answer is from the future (producedAt)");
	return 0;
}

static int64_t end_of(X509 *certificate)
{
	int days = 0, seconds = 0;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int result =
		epoch ? ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) : 0;
	ASN1_TIME_free(epoch);
	return result == 1 ? (int64_t)days * 86400 + seconds : TIME_NONE;
}

static void describe_signer(OCSP_BASICRESP *basic, X509 *signer, struct ocsp_answer *answer)
{
	unsigned char *der = NULL;
	int size = i2d_X509_NAME(X509_get_subject_name(signer), &der);
	if (size > 0)
		answer->signer = certname_subject(view_of(der, (size_t)size));
	OPENSSL_free(der);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(signer);
	answer->signer_serial = malloc((size_t)ASN1_STRING_length(serial) * 2 + 1);
	if (answer->signer_serial)
		hex_put(answer->signer_serial,
			view_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
	answer->signer_not_after = end_of(signer);
	const ASN1_OCTET_STRING *key = NULL;
	const X509_NAME *name = NULL;
	answer->by_name = OCSP_resp_get0_id(basic, &key, &name) == 1 && name;
	const ASN1_OBJECT *object = NULL;
	X509_ALGOR_get0(&object, NULL, NULL, OCSP_resp_get0_tbs_sigalg(basic));
	(void)OBJ_obj2txt(answer->algorithm, sizeof(answer->algorithm), object, 0);
}

static int read_basic(const struct ocsp_question *question, OCSP_BASICRESP *basic, int64_t now,
		      int64_t skew, struct ocsp_answer *answer, struct fault *fault)
{
	X509 *signer = NULL;
	if (ocsp_signer_prove(basic, question->issuer, now, skew, &signer, fault) < 0)
		return OCSP_ANSWER_REFUSED;
	int result = check_extensions(basic, fault);
	if (result == 0)
		result = check_nonce(question, basic, answer, fault);
	if (result == 0)
		result = read_produced(basic, now, skew, answer, fault);
	if (result)
		return result;
	for (unsigned i = 0; i < question->count; i++)
		ocsp_finding_read(question, i, basic, answer->nonce_echoed, now, skew,
				  &answer->findings[i]);
	answer->delegated = signer != question->issuer;
	answer->nocheck = X509_get_ext_by_NID(signer, NID_id_pkix_OCSP_noCheck, -1) >= 0;
	describe_signer(basic, signer, answer);
	return 0;
}

int ocsp_answer_read(const struct ocsp_question *question, struct view der, int64_t now,
		     int64_t skew, struct ocsp_answer *ret, struct fault *fault)
{
	cleanup(response_freep) OCSP_RESPONSE *response = NULL;
	struct ocsp_answer answer = {.signer_not_after = TIME_NONE};
	int result = read_response(der, &response, fault);
	if (result == 0) {
		cleanup(basic_freep) OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
		result = basic ? check_encoding(der, basic, fault)
			       : refuse(fault, "the answer is not of the basic type");
		if (result == 0)
			result = read_basic(question, basic, now, skew, &answer, fault);
	}
	ERR_clear_error();
	if (result) {
		ocsp_answer_deinit(&answer);
		return result;
	}
	*ret = answer;
	return 0;
}
