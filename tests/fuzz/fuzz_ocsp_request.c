/* Requests, differentially: whatever we accept, OpenSSL must accept and read the same way. */
#include "../unit/ocsp/openssl_agrees.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A CertID travels between rooms by itself; it must be read there as it was within the request. */
static void check_certid(const struct ocsp_certid *within)
{
	struct ocsp_certid alone;
	if (ocsp_certid_parse(within->der, &alone) != 0 || alone.hash != within->hash ||
	    !view_equal(alone.serial, within->serial))
		abort();
}

static void check(struct view der, enum ocsp_critical critical)
{
	const struct ocsp_request_policy policy = {
		.most_certids = LIMIT_CERTIDS,
		.critical = critical,
	};
	struct ocsp_request request;
	if (ocsp_request_parse(der, &policy, &request) != 0)
		return;
	for (unsigned i = 0; i < request.certid_count; i++)
		check_certid(&request.certids[i]);
	const char *difference = openssl_disagrees(der, &request);
	if (difference) {
		(void)fprintf(stderr, "OpenSSL reads another %s\n", difference);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(view_of(data, size), OCSP_CRITICAL_REFUSE);
	check(view_of(data, size), OCSP_CRITICAL_IGNORE);
	return 0;
}
