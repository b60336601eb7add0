/* Requests, differentially: whatever we accept, OpenSSL must accept and read the same way; and where
 * we refuse what OpenSSL accepts, one of the documented reasons of refusals.h must hold, which hold of
 * nothing that we accept. So the differences are exactly that list. (doc/faults.md row 24) */
#include "../unit/ocsp/openssl_agrees.h"
#include "ocsp/signature.h"
#include "refusals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A CertID travels between rooms by itself; it must be read there as it was within the request. */
static void check_certid(const struct ocsp_certid *within)
{
	struct ocsp_certid alone;
	if (ocsp_certid_parse(within->der, &alone) != 0 || alone.hash != within->hash ||
	    !view_equal(alone.serial, within->serial))
		abort();
}

/* Of a request that we take only a missing name, or no signature, can be wrong (P-15). */
static void check_signature(struct view der, const struct ocsp_request *request)
{
	struct ocsp_request_signature parts;
	bool whole = request->is_signed && request->requestor.size > 0;
	if ((ocsp_request_signature(der, &parts) == 0) != whole)
		abort();
}

static void complain(const char *what, const char *detail)
{
	(void)fprintf(stderr, "%s%s\n", what, detail);
	abort();
}

static void check_accepted(struct view der, const struct ocsp_request_policy *policy,
			   const struct ocsp_request *request)
{
	for (unsigned i = 0; i < request->certid_count; i++)
		check_certid(&request->certids[i]);
	check_signature(der, request);
	const char *difference = openssl_disagrees(der, request);
	if (difference)
		complain("OpenSSL reads another ", difference);
	const uint8_t *data = der.data;
	OCSP_REQUEST *theirs = d2i_OCSP_REQUEST(NULL, &data, (long)der.size);
	const char *why =
		theirs ? refusal_of(theirs, der, has_opaque_parts(request), policy) : NULL;
	if (why)
		complain("accepted in spite of ", why);
	OCSP_REQUEST_free(theirs);
}

/* What OpenSSL accepts, read from its first octet on; octets after it are P-2. What it read, written
 * as DER, is the same question without BER in the way: that is judged too. */
static void check_refused(struct view der, bool canonical_too,
			  const struct ocsp_request_policy *policy)
{
	struct ocsp_request ours;
	const uint8_t *data = der.data;
	OCSP_REQUEST *theirs = d2i_OCSP_REQUEST(NULL, &data, (long)der.size);
	if (!theirs)
		return;
	unsigned char *again = NULL;
	int size = i2d_OCSP_REQUEST(theirs, &again);
	struct view canonical = view_of(again, size > 0 ? (size_t)size : 0);
	if (data == der.data + der.size && !refusal_of(theirs, der, false, policy))
		complain("refused without a documented reason", "");
	if (canonical_too && size > 0 && !view_equal(canonical, der)) {
		if (ocsp_request_parse(canonical, policy, &ours) != 0)
			check_refused(canonical, false, policy);
		else
			check_accepted(canonical, policy, &ours);
	}
	OPENSSL_free(again);
	OCSP_REQUEST_free(theirs);
}

static void check(struct view der, enum ocsp_critical critical)
{
	const struct ocsp_request_policy policy = {
		.most_certids = LIMIT_CERTIDS,
		.critical = critical,
	};
	struct ocsp_request request;
	if (ocsp_request_parse(der, &policy, &request) == 0)
		check_accepted(der, &policy, &request);
	else
		check_refused(der, true, &policy);
	ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(view_of(data, size), OCSP_CRITICAL_REFUSE);
	check(view_of(data, size), OCSP_CRITICAL_IGNORE);
	return 0;
}
