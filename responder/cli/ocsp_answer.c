#include "cli/ocsp_client.h"

#include "base/timetext.h"
#include "cli/certname.h"
#include "cli/ocsp_signer.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static void response_freep(OCSP_RESPONSE **response)
{
	OCSP_RESPONSE_free(*response);
}

static void basic_freep(OCSP_BASICRESP **basic)
{
	OCSP_BASICRESP_free(*basic);
}

static void generalized_freep(ASN1_GENERALIZEDTIME **time)
{
	ASN1_GENERALIZEDTIME_free(*time);
}

void ocsp_answer_deinit(struct ocsp_answer *answer)
{
	free(answer->signer);
	answer->signer = NULL;
}

static int refuse(struct fault *fault, const char *why)
{
	return fault_set(fault, OCSP_ANSWER_REFUSED, "%s", why);
}

/* GeneralizedTime of an answer in the one form that P-27 allows. */
static int read_time(const ASN1_GENERALIZEDTIME *time, int64_t *ret)
{
	if (!time)
		return -EINVAL;
	return time_parse_generalized(
		view_of(ASN1_STRING_get0_data(time), (size_t)ASN1_STRING_length(time)), ret);
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

/* An answer without a nonce is as much a refusal as one with another: it may be a replay. */
static int check_nonce(const struct ocsp_question *question, OCSP_BASICRESP *basic,
		       struct ocsp_answer *answer, struct fault *fault)
{
	if (!question->nonce)
		return 0;
	int at = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
	if (at < 0)
		return refuse(fault, "the answer does not repeat the nonce");
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic, at));
	struct view octets =
		view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	struct cursor c = cursor_of(octets);
	uint8_t tag = cursor_u8(&c), size = cursor_u8(&c);
	struct view expected = view_of(question->nonce_octets, sizeof(question->nonce_octets));
	if (tag != V_ASN1_OCTET_STRING || size != expected.size || !view_equal(c.rest, expected))
		return refuse(fault, "the answer's nonce is another one");
	answer->nonce_echoed = true;
	return 0;
}

static OCSP_SINGLERESP *find_single(const struct ocsp_question *question, OCSP_BASICRESP *basic)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
		if (OCSP_id_cmp(id, question->id) == 0)
			return single;
	}
	return NULL;
}

static void read_invalidity(OCSP_SINGLERESP *single, struct ocsp_answer *answer)
{
	cleanup(generalized_freep) ASN1_GENERALIZEDTIME *time =
		OCSP_SINGLERESP_get1_ext_d2i(single, NID_invalidity_date, NULL, NULL);
	if (time && read_time(time, &answer->invalidity_at) < 0)
		answer->invalidity_at = TIME_NONE;
}

static int check_times(const struct ocsp_answer *answer, int64_t now, int64_t skew,
		       struct fault *fault)
{
	char text[ISO_TIME_SIZE + 1] = "";
	time_put_iso(text, answer->this_update);
	if (answer->this_update > now + skew)
		return fault_set(fault, OCSP_ANSWER_REFUSED,
				 "the answer is from the future (thisUpdate %s)", text);
	if (answer->next_update == TIME_NONE)
		return 0;
	time_put_iso(text, answer->next_update);
	if (answer->next_update < answer->this_update)
		return refuse(fault, "the answer's nextUpdate is before its thisUpdate");
	if (answer->next_update < now - skew)
		return fault_set(fault, OCSP_ANSWER_REFUSED,
				 "the answer is out of date (nextUpdate %s)", text);
	return 0;
}

static int read_single(OCSP_SINGLERESP *single, struct ocsp_answer *answer, struct fault *fault)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
	int reason = -1;
	int status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
	if (read_time(this_update, &answer->this_update) < 0 ||
	    (next_update && read_time(next_update, &answer->next_update) < 0))
		return refuse(fault, "the answer's times are not readable");
	if (status == V_OCSP_CERTSTATUS_REVOKED && read_time(revoked, &answer->revoked_at) < 0)
		return refuse(fault, "the answer's revocation time is not readable");
	answer->status = status == V_OCSP_CERTSTATUS_GOOD      ? OCSP_GOOD
			 : status == V_OCSP_CERTSTATUS_REVOKED ? OCSP_REVOKED
							       : OCSP_UNKNOWN;
	answer->reason = (enum revocation_reason)reason;
	if (!reason_name(answer->reason))
		answer->reason = REASON_NONE;
	read_invalidity(single, answer);
	return 0;
}

static void describe_signer(OCSP_BASICRESP *basic, X509 *signer, struct ocsp_answer *answer)
{
	unsigned char *der = NULL;
	int size = i2d_X509_NAME(X509_get_subject_name(signer), &der);
	if (size > 0)
		answer->signer = certname_subject(view_of(der, (size_t)size));
	OPENSSL_free(der);
	const X509_ALGOR *algorithm = OCSP_resp_get0_tbs_sigalg(basic);
	const ASN1_OBJECT *object = NULL;
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	(void)OBJ_obj2txt(answer->algorithm, sizeof(answer->algorithm), object, 0);
}

static int read_basic(const struct ocsp_question *question, OCSP_BASICRESP *basic, int64_t now,
		      int64_t skew, struct ocsp_answer *answer, struct fault *fault)
{
	X509 *signer = NULL;
	if (ocsp_signer_prove(basic, question->issuer, now, &signer, fault) < 0)
		return OCSP_ANSWER_REFUSED;
	OCSP_SINGLERESP *single = find_single(question, basic);
	if (!single)
		return refuse(fault, "the answer is about another certificate");
	if (read_time(OCSP_resp_get0_produced_at(basic), &answer->produced_at) < 0)
		return refuse(fault, "the answer's times are not readable");
	int r = check_nonce(question, basic, answer, fault);
	if (r == 0)
		r = read_single(single, answer, fault);
	if (r == 0)
		r = check_times(answer, now, skew, fault);
	if (r)
		return r;
	answer->delegated = signer != question->issuer;
	describe_signer(basic, signer, answer);
	return 0;
}

int ocsp_answer_read(const struct ocsp_question *question, struct view der, int64_t now,
		     int64_t skew, struct ocsp_answer *ret, struct fault *fault)
{
	cleanup(response_freep) OCSP_RESPONSE *response = NULL;
	struct ocsp_answer answer = {
		.revoked_at = TIME_NONE,
		.invalidity_at = TIME_NONE,
		.next_update = TIME_NONE,
		.reason = REASON_NONE,
	};
	int r = read_response(der, &response, fault);
	if (r == 0) {
		cleanup(basic_freep) OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
		r = basic ? read_basic(question, basic, now, skew, &answer, fault)
			  : refuse(fault, "the answer is not of the basic type");
	}
	ERR_clear_error();
	if (r) {
		ocsp_answer_deinit(&answer);
		return r;
	}
	*ret = answer;
	return 0;
}
