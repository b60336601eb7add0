/* OCSPRequest ::= SEQUENCE {
 *     tbsRequest SEQUENCE {
 *         version           [0] INTEGER DEFAULT v1,
 *         requestorName     [1] GeneralName OPTIONAL,
 *         requestList           SEQUENCE OF SEQUENCE {
 *             reqCert               CertID,
 *             singleRequestExtensions [0] Extensions OPTIONAL },
 *         requestExtensions [2] Extensions OPTIONAL },
 *     optionalSignature [0] SEQUENCE {
 *         signatureAlgorithm, signature BIT STRING,
 *         certs             [0] SEQUENCE OF Certificate OPTIONAL } OPTIONAL }
 */
#include "ocsp/request.h"

#include "ocsp/der.h"
#include "ocsp/request_parts.h"

#define TAG_VERSION DER_CONTEXT_CONSTRUCTED(0)
#define TAG_REQUESTOR DER_CONTEXT_CONSTRUCTED(1)
#define TAG_SIGNATURE DER_CONTEXT_CONSTRUCTED(0)
#define TAG_SIGNATURE_CERTS DER_CONTEXT_CONSTRUCTED(0)
#define TAG_DIRECTORY_NAME DER_CONTEXT_CONSTRUCTED(4)

/* Only v1, which DER leaves out; written out it is tolerated (P-4). */
static void read_version(struct cursor *tbs)
{
	if (der_peek(tbs) != TAG_VERSION)
		return;
	struct cursor version = der_enter(tbs, TAG_VERSION);
	struct view number = der_take(&version, DER_INTEGER);
	if (number.size != 1 || number.data[0] != 0)
		cursor_fail(&version);
	der_leave(tbs, &version);
}

/* A choice of [0] … [8]; otherName, x400Address, directoryName and ediPartyName are constructed. */
static bool is_general_name(const struct der_value *name)
{
	uint8_t number = name->tag & 0x1f;
	bool constructed = number == 0 || (number >= 3 && number <= 5);
	uint8_t expected = constructed ? DER_CONTEXT_CONSTRUCTED(number) : DER_CONTEXT(number);
	if (number > 8 || name->tag != expected)
		return false;
	return name->tag != TAG_DIRECTORY_NAME || der_is(name->content, DER_SEQUENCE);
}

static void read_requestor(struct cursor *tbs, struct ocsp_request *request)
{
	if (der_peek(tbs) != TAG_REQUESTOR)
		return;
	struct cursor wrapper = der_enter(tbs, TAG_REQUESTOR);
	struct der_value name = der_any(&wrapper);
	if (!is_general_name(&name))
		cursor_fail(&wrapper);
	request->requestor = name.whole;
	der_leave(tbs, &wrapper);
}

static void read_single(struct cursor *list, const struct ocsp_request_policy *policy,
			struct ocsp_certid *ret)
{
	struct cursor single = der_enter(list, DER_SEQUENCE);
	certid_read(&single, ret);
	if (der_peek(&single) == TAG_SINGLE_EXTENSIONS)
		single_extensions_read(&single, policy);
	der_leave(list, &single);
}

/* At least one (P-3), at most what the policy says (P-11). */
static void read_list(struct cursor *tbs, const struct ocsp_request_policy *policy,
		      struct ocsp_request *request)
{
	unsigned most = policy->most_certids < LIMIT_CERTIDS ? policy->most_certids : LIMIT_CERTIDS;
	struct cursor list = der_enter(tbs, DER_SEQUENCE);
	do {
		if (request->certid_count == most) {
			cursor_fail(&list);
			break;
		}
		read_single(&list, policy, &request->certids[request->certid_count++]);
	} while (list.rest.size > 0);
	der_leave(tbs, &list);
}

static void read_tbs(struct cursor *c, const struct ocsp_request_policy *policy,
		     struct ocsp_request *request)
{
	struct cursor tbs = der_enter(c, DER_SEQUENCE);
	read_version(&tbs);
	read_requestor(&tbs, request);
	read_list(&tbs, policy, request);
	if (der_peek(&tbs) == TAG_REQUEST_EXTENSIONS)
		request_extensions_read(&tbs, policy, request);
	der_leave(c, &tbs);
}

/* A bounded number of certificates, not looked into: who verifies must parse them anyway. */
static void read_signature_certs(struct cursor *signature)
{
	if (der_peek(signature) != TAG_SIGNATURE_CERTS)
		return;
	struct cursor wrapper = der_enter(signature, TAG_SIGNATURE_CERTS);
	struct cursor list = der_enter(&wrapper, DER_SEQUENCE);
	for (unsigned count = 0; list.rest.size > 0; count++) {
		(void)der_take(&list, DER_SEQUENCE);
		if (count == LIMIT_REQUEST_CHAIN)
			cursor_fail(&list);
	}
	der_leave(&wrapper, &list);
	der_leave(signature, &wrapper);
}

static void read_algorithm(struct cursor *signature)
{
	struct cursor algorithm = der_enter(signature, DER_SEQUENCE);
	(void)der_oid(&algorithm);
	if (algorithm.rest.size > 0)
		(void)der_any(&algorithm); /* the parameters of any signature algorithm */
	der_leave(signature, &algorithm);
}

/* Recognised, not verified (P-15). */
static void read_signature(struct cursor *c, struct ocsp_request *request)
{
	if (der_peek(c) != TAG_SIGNATURE)
		return;
	struct cursor wrapper = der_enter(c, TAG_SIGNATURE);
	struct cursor signature = der_enter(&wrapper, DER_SEQUENCE);
	read_algorithm(&signature);
	struct view bits = der_take(&signature, DER_BIT_STRING);
	if (bits.size < 2 || bits.data[0] != 0) /* whole octets, at least one */
		cursor_fail(&signature);
	read_signature_certs(&signature);
	der_leave(&wrapper, &signature);
	der_leave(c, &wrapper);
	request->is_signed = true;
}

/* RFC 6960, 4.1.2: who signs says who it is, by a directoryName. A missing name is left to those
 * who verify: for everybody else the signature makes no difference (P-15). */
static bool requestor_fits(const struct ocsp_request *request)
{
	return !request->is_signed || request->requestor.size == 0 ||
	       request->requestor.data[0] == TAG_DIRECTORY_NAME;
}

int ocsp_request_parse(struct view der, const struct ocsp_request_policy *policy,
		       struct ocsp_request *ret)
{
	struct ocsp_request request = {.der = der};
	struct cursor c = cursor_of(der);
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	read_tbs(&fields, policy, &request);
	read_signature(&fields, &request);
	der_leave(&c, &fields);
	if (cursor_end(&c) < 0 || !requestor_fits(&request))
		return OCSP_MALFORMED;
	*ret = request;
	return 0;
}
