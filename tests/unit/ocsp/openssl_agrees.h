/* Does OpenSSL's parser see in a request what ours saw? It is laxer, so it must accept whatever we
 * accept, and read the same fields. Used by unit tests and by the fuzz target. */
#pragma once

#include "ocsp/request.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

static inline bool same_octets(const ASN1_OCTET_STRING *theirs, struct view ours)
{
	return view_equal(
		view_of(ASN1_STRING_get0_data(theirs), (size_t)ASN1_STRING_length(theirs)), ours);
}

static inline bool same_certid(OCSP_ONEREQ *theirs, const struct ocsp_certid *ours)
{
	ASN1_OCTET_STRING *name_hash = NULL, *key_hash = NULL;
	ASN1_INTEGER *serial = NULL;
	OCSP_CERTID *id = OCSP_onereq_get0_id(theirs);
	OCSP_id_get0_info(&name_hash, NULL, &key_hash, &serial, id);
	uint8_t *id_der = NULL, *serial_der = NULL;
	int id_size = i2d_OCSP_CERTID(id, &id_der);
	int serial_size = i2d_ASN1_INTEGER(serial, &serial_der);
	bool same = id_size > 0 && serial_size > 2 &&
		    view_equal(view_of(id_der, (size_t)id_size), ours->der) &&
		    view_equal(view_of(serial_der + 2, (size_t)serial_size - 2), ours->serial) &&
		    same_octets(name_hash, ours->name_hash) &&
		    same_octets(key_hash, ours->key_hash);
	OPENSSL_free(id_der);
	OPENSSL_free(serial_der);
	return same;
}

static inline bool same_nonce(OCSP_REQUEST *theirs, const struct ocsp_request *ours)
{
	int index = OCSP_REQUEST_get_ext_by_NID(theirs, NID_id_pkix_OCSP_Nonce, -1);
	if (index < 0 || !ours->has_nonce)
		return (index >= 0) == ours->has_nonce && ours->nonce.size == 0;
	const ASN1_OCTET_STRING *value =
		X509_EXTENSION_get_data(OCSP_REQUEST_get_ext(theirs, index));
	const uint8_t *data = ASN1_STRING_get0_data(value);
	if (ours->raw_nonce) /* OpenSSL 3 says nothing of it: what stands there is what we took */
		return same_octets(value, ours->nonce);
	ASN1_OCTET_STRING *inner = d2i_ASN1_OCTET_STRING(NULL, &data, ASN1_STRING_length(value));
	bool same = inner && same_octets(inner, ours->nonce);
	ASN1_OCTET_STRING_free(inner);
	return same;
}

/* What we read is DER, so it comes back as it was. */
static inline bool same_encoding(OCSP_REQUEST *theirs, struct view der)
{
	uint8_t *again = NULL;
	int size = i2d_OCSP_REQUEST(theirs, &again);
	bool same = size > 0 && view_equal(view_of(again, (size_t)size), der);
	OPENSSL_free(again);
	return same;
}

/* Inside a requestorName and an optionalSignature OpenSSL looks deeper than we do (string types,
 * certificates), so there it may refuse, or write in another way, what we accept. */
static inline bool has_opaque_parts(const struct ocsp_request *ours)
{
	return ours->is_signed || ours->requestor.size > 0;
}

static inline const char *compare_request(OCSP_REQUEST *theirs, struct view der,
					  const struct ocsp_request *ours)
{
	if (OCSP_request_onereq_count(theirs) != (int)ours->certid_count)
		return "count of CertIDs";
	for (int i = 0; i < (int)ours->certid_count; i++)
		if (!same_certid(OCSP_request_onereq_get0(theirs, i), &ours->certids[i]))
			return "CertID";
	if (!same_nonce(theirs, ours))
		return "nonce";
	if ((OCSP_request_is_signed(theirs) != 0) != ours->is_signed)
		return "signature";
	if (!has_opaque_parts(ours) && !same_encoding(theirs, der))
		return "encoding";
	return NULL;
}

/* NULL, or what they disagree on. */
static inline const char *openssl_disagrees(struct view der, const struct ocsp_request *ours)
{
	const uint8_t *data = der.data;
	OCSP_REQUEST *theirs = d2i_OCSP_REQUEST(NULL, &data, (long)der.size);
	ERR_clear_error();
	if (!theirs)
		return has_opaque_parts(ours) ? NULL : "acceptance";
	const char *difference =
		data == der.data + der.size ? compare_request(theirs, der, ours) : "size";
	OCSP_REQUEST_free(theirs);
	return difference;
}
