/* OCSPResponse ::= SEQUENCE {
 *     responseStatus  ENUMERATED,
 *     responseBytes   [0] SEQUENCE { responseType, response OCTET STRING } OPTIONAL }
 *
 * where the OCTET STRING holds
 *
 * BasicOCSPResponse ::= SEQUENCE {
 *     tbsResponseData, signatureAlgorithm, signature BIT STRING,
 *     certs           [0] SEQUENCE OF Certificate OPTIONAL }
 */
#include "ocsp/response.h"

#include "ocsp/der.h"
#include "ocsp/oid.h"

#include <errno.h>

const char *ocsp_result_name(enum ocsp_result result)
{
	static const char *const names[] = {
		[OCSP_SUCCESSFUL] = "successful",
		[OCSP_MALFORMED_REQUEST] = "malformedRequest",
		[OCSP_INTERNAL_ERROR] = "internalError",
		[OCSP_TRY_LATER] = "tryLater",
		[OCSP_SIG_REQUIRED] = "sigRequired",
		[OCSP_UNAUTHORIZED] = "unauthorized",
	};
	return names[result];
}

#define ERROR_RESPONSE(result) DER_SEQUENCE, 3, DER_ENUMERATED, 1, result

struct view ocsp_error_response(enum ocsp_result result)
{
	static const uint8_t malformed[] = {ERROR_RESPONSE(OCSP_MALFORMED_REQUEST)};
	static const uint8_t internal[] = {ERROR_RESPONSE(OCSP_INTERNAL_ERROR)};
	static const uint8_t try_later[] = {ERROR_RESPONSE(OCSP_TRY_LATER)};
	static const uint8_t sig_required[] = {ERROR_RESPONSE(OCSP_SIG_REQUIRED)};
	static const uint8_t unauthorized[] = {ERROR_RESPONSE(OCSP_UNAUTHORIZED)};
	switch (result) {
	case OCSP_MALFORMED_REQUEST:
		return view_of(malformed, sizeof(malformed));
	case OCSP_TRY_LATER:
		return view_of(try_later, sizeof(try_later));
	case OCSP_SIG_REQUIRED:
		return view_of(sig_required, sizeof(sig_required));
	case OCSP_UNAUTHORIZED:
		return view_of(unauthorized, sizeof(unauthorized));
	case OCSP_SUCCESSFUL: /* no error: success without a response would be one */
	case OCSP_INTERNAL_ERROR:
		break;
	}
	return view_of(internal, sizeof(internal));
}

static bool parts_fit(const struct ocsp_signed *parts)
{
	for (unsigned i = 0; i < parts->certificate_count; i++)
		if (!der_is(parts->certificates[i], DER_SEQUENCE))
			return false;
	return der_is(parts->response_data, DER_SEQUENCE) &&
	       der_is(parts->algorithm, DER_SEQUENCE) && parts->signature.size > 0;
}

static void put_certificates(struct der_writer *w, const struct ocsp_signed *parts)
{
	size_t since = w->size;
	if (parts->certificate_count == 0) /* an absent field, no empty sequence (P-24) */
		return;
	for (unsigned i = parts->certificate_count; i > 0; i--)
		der_put_view(w, parts->certificates[i - 1]);
	der_put_header(w, DER_SEQUENCE, since);
	der_put_header(w, DER_CONTEXT_CONSTRUCTED(0), since);
}

static void put_basic(struct der_writer *w, const struct ocsp_signed *parts)
{
	size_t since = w->size;
	put_certificates(w, parts);
	size_t signature_since = w->size;
	der_put_view(w, parts->signature);
	der_put_u8(w, 0); /* unused bits */
	der_put_header(w, DER_BIT_STRING, signature_since);
	der_put_view(w, parts->algorithm);
	der_put_view(w, parts->response_data);
	der_put_header(w, DER_SEQUENCE, since);
}

static void put_response(struct der_writer *w, const void *fields)
{
	put_basic(w, fields);
	der_put_header(w, DER_OCTET_STRING, 0);
	size_t since = w->size;
	der_put_view(w, OID_OCSP_BASIC);
	der_put_header(w, DER_OID, since);
	der_put_header(w, DER_SEQUENCE, 0);
	der_put_header(w, DER_CONTEXT_CONSTRUCTED(0), 0);
	since = w->size;
	der_put_u8(w, OCSP_SUCCESSFUL);
	der_put_header(w, DER_ENUMERATED, since);
	der_put_header(w, DER_SEQUENCE, 0);
}

int ocsp_response_write(struct buffer *out, const struct ocsp_signed *parts)
{
	if (!parts_fit(parts))
		return -EINVAL;
	der_append(out, put_response, parts);
	return buffer_result(out);
}
