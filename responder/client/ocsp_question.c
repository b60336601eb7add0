#include "client/ocsp_client.h"

#include <openssl/err.h>
#include <openssl/rand.h>

static void request_freep(OCSP_REQUEST **request)
{
	OCSP_REQUEST_free(*request);
}

static bool add_nonce(OCSP_REQUEST *request, struct ocsp_question *question)
{
	return RAND_bytes(question->nonce_octets, sizeof(question->nonce_octets)) == 1 &&
	       OCSP_request_add1_nonce(request, question->nonce_octets,
				       sizeof(question->nonce_octets)) == 1;
}

const ASN1_INTEGER *ocsp_question_serial(const struct ocsp_question *question, unsigned i)
{
	return question->certificates[i] ? X509_get0_serialNumber(question->certificates[i])
					 : question->serials[i];
}

/* A certificate says how its issuer's name is encoded (P-7); for a number alone it is the CA's own
 * encoding. */
static OCSP_CERTID *make_id(const struct ocsp_question *question, unsigned i)
{
	if (question->certificates[i])
		return OCSP_cert_to_id(question->hash, question->certificates[i], question->issuer);
	return OCSP_cert_id_new(question->hash, X509_get_subject_name(question->issuer),
				X509_get0_pubkey_bitstr(question->issuer), question->serials[i]);
}

static bool add_certificate(OCSP_REQUEST *request, struct ocsp_question *question, unsigned i)
{
	question->ids[i] = make_id(question, i);
	OCSP_CERTID *id = question->ids[i] ? OCSP_CERTID_dup(question->ids[i]) : NULL;
	if (id && OCSP_request_add0_id(request, id))
		return true;
	OCSP_CERTID_free(id);
	return false;
}

static bool fill(OCSP_REQUEST *request, struct ocsp_question *question)
{
	for (unsigned i = 0; i < question->count; i++)
		if (!add_certificate(request, question, i))
			return false;
	return question->nonce == OCSP_NONCE_NONE || add_nonce(request, question);
}

int ocsp_question_write(struct ocsp_question *question, struct buffer *out, struct fault *fault)
{
	cleanup(request_freep) OCSP_REQUEST *request = OCSP_REQUEST_new();
	int size = -1;
	if (request && fill(request, question))
		size = i2d_OCSP_REQUEST(request, NULL);
	uint8_t *room = size > 0 ? buffer_reserve(out, (size_t)size) : NULL;
	bool written = room && i2d_OCSP_REQUEST(request, &room) == size;
	ERR_clear_error();
	if (!written)
		return fault_set(fault, -EIO, "the OCSP request could not be made");
	out->size += (size_t)size;
	return 0;
}

void ocsp_question_deinit(struct ocsp_question *question)
{
	for (unsigned i = 0; i < question->count; i++) {
		OCSP_CERTID_free(question->ids[i]);
		question->ids[i] = NULL;
	}
}
