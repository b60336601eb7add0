/* What `ask` believes, and what of it is kept to be served (ocsp/answer.h): nothing that was not signed, and of
 * what is signed nothing that OpenSSL reads differently (P-24, P-27).
 *
 * The first octet says how the rest becomes an answer, so that the code behind the signature is
 * reached too (and its third bit, whether the nonce is required):
 *   0  it is one
 *   1  it is a ResponseData that the CA signs
 *   2  it is a ResponseData that the delegate signs, with the delegate's certificate
 *   3  two octets of length, certificates to embed, and a ResponseData that the delegate signs */
#include "../unit/client/forge.h"
#include "ask_answers.h"

#include "ocsp/answer.h"

#include <openssl/err.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct forge forge;
static struct buffer signed_before[ASK_ANSWERS]; /* each a ResponseData */

static void prepare(void)
{
	if (forge.ca)
		return;
	forge_init(&forge);
	for (unsigned i = 0; i < ASK_ANSWERS; i++) {
		struct forge_wish wish = ask_answer(i);
		forge_data(&forge, &wish, &signed_before[i]);
	}
}

static struct view response_data(OCSP_BASICRESP *basic, unsigned char **der)
{
	int size = i2d_OCSP_BASICRESP(basic, der);
	struct cursor c = cursor_of(view_of(*der, size > 0 ? (size_t)size : 0));
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	return der_take_whole(&fields, DER_SEQUENCE);
}

/* Nobody but the forge has the keys. */
static void check_known(OCSP_BASICRESP *basic)
{
	unsigned char *der = NULL;
	struct view data = response_data(basic, &der);
	bool known = false;
	for (unsigned i = 0; i < ASK_ANSWERS && !known; i++)
		known = view_equal(data, buffer_view(&signed_before[i]));
	forge_must(known);
	OPENSSL_free(der);
}

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm civil;
	forge_must(time && ASN1_TIME_to_tm(time, &civil) == 1);
	return timegm(&civil);
}

static void check_finding(OCSP_BASICRESP *basic, OCSP_CERTID *id, bool nonce_echoed,
			  const struct ocsp_finding *finding)
{
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
	int status = -1;
	if (!finding->proven)
		return;
	forge_must(OCSP_resp_find_status(basic, id, &status, NULL, NULL, &from, &until) == 1);
	forge_must((finding->status == OCSP_GOOD) == (status == V_OCSP_CERTSTATUS_GOOD));
	forge_must((finding->status == OCSP_REVOKED) == (status == V_OCSP_CERTSTATUS_REVOKED));
	forge_must(seconds_of(from) == finding->this_update &&
		   finding->this_update <= FORGE_NOW + FORGE_SKEW);
	if (until)
		forge_must(seconds_of(until) == finding->next_update &&
			   finding->next_update >= FORGE_NOW - FORGE_SKEW);
	else
		forge_must(nonce_echoed);
}

static void check_nonce(OCSP_BASICRESP *basic, const struct ocsp_answer *answer)
{
	int at = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
	if (!answer->nonce_echoed) {
		forge_must(at < 0);
		return;
	}
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(OCSP_BASICRESP_get_ext(basic, at));
	forge_must(ASN1_STRING_length(value) == 34 &&
		   memcmp(ASN1_STRING_get0_data(value) + 2, forge.question.nonce_octets, 32) == 0);
}

static void check_believed(struct view der, const struct ocsp_answer *answer, bool forged_here)
{
	const uint8_t *p = der.data;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.size);
	forge_must(response && p == der.data + der.size);
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	forge_must(basic != NULL);
	if (!forged_here)
		check_known(basic);
	check_nonce(basic, answer);
	for (unsigned i = 0; i < forge.question.count; i++)
		check_finding(basic, forge.question.ids[i], answer->nonce_echoed,
			      &answer->findings[i]);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
}

/* ---- kept ---- */

static struct ocsp_prover *prover_of_forge(void)
{
	struct ocsp_prover *prover = NULL;
	unsigned char *der = NULL;
	int size = i2d_X509(forge.ca, &der);
	forge_must(size > 0 && ocsp_prover_new(view_of(der, (size_t)size), &prover, NULL) == 0);
	OPENSSL_free(der);
	return prover;
}

static void check_kept(OCSP_BASICRESP *basic, const struct ocsp_said *said)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *until = NULL;
	int reason = -1;
	forge_must(OCSP_resp_count(basic) == 1);
	forge_must(OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1) < 0);
	OCSP_SINGLERESP *single = OCSP_resp_get0(basic, 0);
	int status = OCSP_single_get0_status(single, &reason, &revoked, &from, &until);
	forge_must((said->says.status == OCSP_GOOD) == (status == V_OCSP_CERTSTATUS_GOOD));
	forge_must((said->says.status == OCSP_REVOKED) == (status == V_OCSP_CERTSTATUS_REVOKED));
	forge_must(seconds_of(from) == said->this_update);
	forge_must(seconds_of(until) == said->next_update);
	forge_must(seconds_of(OCSP_resp_get0_produced_at(basic)) == said->produced_at);
	if (said->says.status != OCSP_REVOKED)
		return;
	forge_must(seconds_of(revoked) == said->says.revoked_at);
	forge_must(reason == (said->says.reason == REASON_NONE ? -1 : (int)said->says.reason));
}

/* What our own reader and the library make of the same octets. */
static void keep_answer(struct view der, bool forged_here)
{
	static struct ocsp_prover *prover;
	struct ocsp_said said;
	struct fault fault = {""};
	if (!prover)
		prover = prover_of_forge();
	if (ocsp_said_read(der, &said, &fault) != 0) {
		forge_must(*fault.text);
		return;
	}
	forge_must(said.this_update < said.next_update && said.basic.size < der.size);
	if (ocsp_prover_prove(prover, &said, FORGE_NOW, FORGE_SKEW, &fault) != 0)
		return;
	const uint8_t *p = said.basic.data;
	OCSP_BASICRESP *basic = d2i_OCSP_BASICRESP(NULL, &p, (long)said.basic.size);
	forge_must(basic != NULL);
	if (!forged_here)
		check_known(basic);
	check_kept(basic, &said);
	OCSP_BASICRESP_free(basic);
}

static void read_answer(struct view der, bool forged_here)
{
	keep_answer(der, forged_here);
	struct ocsp_answer answer = {0};
	struct fault fault = {""};
	int result = ocsp_answer_read(&forge.question, der, FORGE_NOW, FORGE_SKEW, &answer, &fault);
	if (result == 0)
		check_believed(der, &answer, forged_here);
	else
		forge_must(result == OCSP_ANSWER_REFUSED && *fault.text);
	ocsp_answer_deinit(&answer);
	forge_must(ERR_peek_error() == 0 || result != 0);
	ERR_clear_error();
}

static void sign_and_read(struct view data, EVP_PKEY *key, struct view certificates)
{
	struct buffer der = {0};
	forge_sign(data, key, certificates, &der);
	read_answer(buffer_view(&der), true);
	buffer_deinit(&der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(view_of(data, size));
	struct buffer certificates = {0};
	uint8_t how = cursor_u8(&c);
	prepare();
	if (c.failed)
		return 0;
	forge.question.nonce = how & 4 ? OCSP_NONCE_REQUIRED : OCSP_NONCE_OFFERED;
	switch (how & 3) {
	case 0:
		read_answer(c.rest, false);
		break;
	case 1:
		sign_and_read(c.rest, forge.ca_key, (struct view){0});
		break;
	case 2:
		forge_embed(forge.delegate, &certificates);
		sign_and_read(c.rest, forge.delegate_key, buffer_view(&certificates));
		break;
	default: {
		struct view embedded = cursor_take(&c, cursor_u16(&c));
		if (!c.failed)
			sign_and_read(c.rest, forge.delegate_key, embedded);
	}
	}
	buffer_deinit(&certificates);
	return 0;
}
