/* ResponseData ::= SEQUENCE {
 *     responderID         CHOICE { byName [1] Name, byKey [2] OCTET STRING },
 *     producedAt          GeneralizedTime,
 *     responses           SEQUENCE OF SingleResponse,
 *     responseExtensions  [1] Extensions OPTIONAL }
 *
 * The version is left out, being v1 (P-24). Fields are checked first; then the template is written
 * from its end to its beginning (der.h). */
#include "base/timetext.h"
#include "ocsp/der.h"
#include "ocsp/oid.h"
#include "ocsp/request.h"
#include "ocsp/response.h"

#include <errno.h>

#define KEY_HASH_SIZE 20

/* ---- what no response may say ---- */

static bool time_fits(int64_t seconds)
{
	return seconds >= TIME_LEAST && seconds <= TIME_MOST;
}

/* No 7, and no removeFromCRL(8), which only delta CRLs have (P-29). */
static bool reason_fits(enum revocation_reason reason)
{
	return reason == REASON_NONE || reason_name(reason) != NULL;
}

static bool revocation_fits(const struct ocsp_single *single)
{
	switch (single->says.status) {
	case OCSP_GOOD:
	case OCSP_UNKNOWN:
		return single->says.invalidity_at == TIME_NONE;
	case OCSP_REVOKED:
		return time_fits(single->says.revoked_at) && reason_fits(single->says.reason) &&
		       (single->says.invalidity_at == TIME_NONE ||
			time_fits(single->says.invalidity_at));
	}
	return false;
}

bool ocsp_never_issued(const struct ocsp_cert_status *says)
{
	return says->status == OCSP_REVOKED && says->revoked_at == 0 &&
	       says->reason == REASON_CERTIFICATE_HOLD;
}

bool ocsp_facts_fit(enum ocsp_status status, const struct cert_facts *facts)
{
	return facts_fit(facts) && !(facts_extensions(facts) & ~extensions_with(status));
}

/* P-23: neither a reference to a CRL nor an extension of a CRL entry, and nothing else either. */
static bool is_bare(const struct ocsp_single *single)
{
	return single->says.invalidity_at == TIME_NONE && single->archive_cutoff == 0 &&
	       facts_extensions(&single->facts) == 0;
}

static bool extended_fits(const struct ocsp_response_data *data)
{
	bool any = false;
	for (unsigned i = 0; data->extended_revoke && i < data->count; i++) {
		const struct ocsp_single *s = &data->singles[i];
		if (!ocsp_never_issued(&s->says))
			continue;
		any = true;
		if (!is_bare(s))
			return false;
	}
	return any || !data->extended_revoke;
}

static bool single_fits(const struct ocsp_single *single, int64_t produced_at)
{
	struct ocsp_certid certid;
	return time_fits(single->this_update) && time_fits(single->next_update) &&
	       single->this_update < single->next_update && single->this_update <= produced_at &&
	       revocation_fits(single) && ocsp_facts_fit(single->says.status, &single->facts) &&
	       (single->archive_cutoff == 0 || time_fits(single->archive_cutoff)) &&
	       ocsp_certid_parse(single->certid, &certid) == 0;
}

static bool responder_fits(const struct ocsp_response_data *data)
{
	switch (data->responder_id) {
	case OCSP_BY_KEY:
		return data->responder.size == KEY_HASH_SIZE;
	case OCSP_BY_NAME:
		return der_is(data->responder, DER_SEQUENCE);
	}
	return false;
}

static bool data_fits(const struct ocsp_response_data *data)
{
	if (data->count == 0 || data->count > LIMIT_CERTIDS || data->nonce.size > LIMIT_NONCE ||
	    !time_fits(data->produced_at) || !responder_fits(data))
		return false;
	for (unsigned i = 0; i < data->count; i++)
		if (!single_fits(&data->singles[i], data->produced_at))
			return false;
	return extended_fits(data);
}

/* ---- the template; each function writes its last field first ---- */

/* The OID and headers of a non-critical extension around the value written since `since`. */
static void put_extension(struct der_writer *w, struct view oid, size_t since)
{
	der_put_header(w, DER_OCTET_STRING, since);
	size_t oid_since = w->size;
	der_put_view(w, oid);
	der_put_header(w, DER_OID, oid_since);
	der_put_header(w, DER_SEQUENCE, since);
}

/* RevokedInfo, implicitly tagged; the reason unspecified is left out (P-29). */
static void put_revoked(struct der_writer *w, const struct ocsp_single *single)
{
	size_t since = w->size;
	if (single->says.reason > REASON_UNSPECIFIED) {
		der_put_u8(w, (uint8_t)single->says.reason);
		der_put_header(w, DER_ENUMERATED, since);
		der_put_header(w, DER_CONTEXT_CONSTRUCTED(0), since);
	}
	der_put_time(w, single->says.revoked_at);
	der_put_header(w, DER_CONTEXT_CONSTRUCTED(1), since);
}

static void put_status(struct der_writer *w, const struct ocsp_single *single)
{
	switch (single->says.status) {
	case OCSP_GOOD:
		der_put_header(w, DER_CONTEXT(0), w->size);
		break;
	case OCSP_REVOKED:
		put_revoked(w, single);
		break;
	case OCSP_UNKNOWN:
		der_put_header(w, DER_CONTEXT(2), w->size);
		break;
	}
}

static void put_time_extension(struct der_writer *w, struct view oid, int64_t seconds)
{
	size_t since = w->size;
	der_put_time(w, seconds);
	put_extension(w, oid, since);
}

/* CrlID ::= SEQUENCE { crlUrl [0] IA5String, crlNum [1] INTEGER, crlTime [2] GeneralizedTime }, all
 * of them optional and explicit (RFC 6960, 4.4.2). */
static void put_crl_id(struct der_writer *w, const struct cert_facts *facts)
{
	size_t since = w->size, field_since = w->size;
	if (facts->crl_time != 0) {
		der_put_time(w, facts->crl_time);
		der_put_header(w, DER_CONTEXT_CONSTRUCTED(2), field_since);
	}
	field_since = w->size;
	if (facts->crl_number.size > 0) {
		der_put_view(w, facts->crl_number);
		der_put_header(w, DER_INTEGER, field_since);
		der_put_header(w, DER_CONTEXT_CONSTRUCTED(1), field_since);
	}
	field_since = w->size;
	if (facts->crl_url.size > 0) {
		der_put_view(w, facts->crl_url);
		der_put_header(w, DER_IA5_STRING, field_since);
		der_put_header(w, DER_CONTEXT_CONSTRUCTED(0), field_since);
	}
	der_put_header(w, DER_SEQUENCE, since);
	put_extension(w, OID_OCSP_CRL, since);
}

/* CertHash ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, certificateHash OCTET STRING }; SHA-256
 * without parameters (RFC 5754, 2). */
static void put_cert_hash(struct der_writer *w, const struct cert_facts *facts)
{
	size_t since = w->size;
	der_put_view(w, facts->certificate_hash);
	der_put_header(w, DER_OCTET_STRING, since);
	size_t algorithm_since = w->size;
	der_put_view(w, OID_SHA256);
	der_put_header(w, DER_OID, algorithm_since);
	der_put_header(w, DER_SEQUENCE, algorithm_since);
	der_put_header(w, DER_SEQUENCE, since);
	put_extension(w, OID_CERT_HASH, since);
}

static void put_sct_list(struct der_writer *w, const struct cert_facts *facts)
{
	size_t since = w->size;
	der_put_view(w, facts->sct_list);
	der_put_header(w, DER_OCTET_STRING, since);
	put_extension(w, OID_OCSP_SCT_LIST, since);
}

typedef void extension_writer(struct der_writer *w, const struct cert_facts *facts);

static extension_writer *const writers[EXTENSION_COUNT] = {
	[EXTENSION_CRL_ID] = put_crl_id,
	[EXTENSION_CERT_HASH] = put_cert_hash,
	[EXTENSION_SCT_LIST] = put_sct_list,
};

static void put_single_extensions(struct der_writer *w, const struct ocsp_single *single)
{
	size_t since = w->size;
	unsigned there = facts_extensions(&single->facts);
	for (unsigned i = EXTENSION_COUNT; i > 0; i--)
		if (there & EXTENSION_BIT(i - 1))
			writers[i - 1](w, &single->facts);
	if (single->archive_cutoff != 0)
		put_time_extension(w, OID_OCSP_ARCHIVE_CUTOFF, single->archive_cutoff);
	if (single->says.invalidity_at != TIME_NONE)
		put_time_extension(w, OID_INVALIDITY_DATE, single->says.invalidity_at);
	if (w->size == since) /* no empty sequence (P-24) */
		return;
	der_put_header(w, DER_SEQUENCE, since);
	der_put_header(w, DER_CONTEXT_CONSTRUCTED(1), since);
}

static void put_single(struct der_writer *w, const struct ocsp_single *single)
{
	size_t since = w->size;
	put_single_extensions(w, single);
	size_t next_since = w->size;
	der_put_time(w, single->next_update);
	der_put_header(w, DER_CONTEXT_CONSTRUCTED(0), next_since);
	der_put_time(w, single->this_update);
	put_status(w, single);
	der_put_view(w, single->certid);
	der_put_header(w, DER_SEQUENCE, since);
}

/* Only those that are asked for: without them there is no field at all (P-24, P-31). */
static void put_response_extensions(struct der_writer *w, const struct ocsp_response_data *data)
{
	size_t since = w->size;
	if (data->extended_revoke) {
		size_t value_since = w->size;
		der_put_header(w, DER_NULL, value_since);
		put_extension(w, OID_OCSP_EXTENDED_REVOKE, value_since);
	}
	if (data->nonce.size > 0) {
		size_t value_since = w->size;
		der_put_view(w, data->nonce);
		if (!data->raw_nonce)
			der_put_header(w, DER_OCTET_STRING, value_since);
		put_extension(w, OID_OCSP_NONCE, value_since);
	}
	if (w->size == since)
		return;
	der_put_header(w, DER_SEQUENCE, since);
	der_put_header(w, DER_CONTEXT_CONSTRUCTED(1), since);
}

static void put_responder(struct der_writer *w, const struct ocsp_response_data *data)
{
	size_t since = w->size;
	der_put_view(w, data->responder);
	if (data->responder_id == OCSP_BY_KEY) {
		der_put_header(w, DER_OCTET_STRING, since);
		der_put_header(w, DER_CONTEXT_CONSTRUCTED(2), since);
	} else {
		der_put_header(w, DER_CONTEXT_CONSTRUCTED(1), since);
	}
}

static void put_data(struct der_writer *w, const void *fields)
{
	const struct ocsp_response_data *data = fields;
	put_response_extensions(w, data);
	size_t singles_since = w->size;
	for (unsigned i = data->count; i > 0; i--)
		put_single(w, &data->singles[i - 1]);
	der_put_header(w, DER_SEQUENCE, singles_since);
	der_put_time(w, data->produced_at);
	put_responder(w, data);
	der_put_header(w, DER_SEQUENCE, 0);
}

int ocsp_response_data_write(struct buffer *out, const struct ocsp_response_data *data)
{
	if (!data_fits(data))
		return -EINVAL;
	der_append(out, put_data, data);
	return buffer_result(out);
}
