/* The verifier under a compromised ledger, or a client whose signed request came to it (doc/faults.md row 32): any octets
 * as a whole OCSPRequest. Nobody who has no key of the configured CA's is ever let in, and nothing is kept. */
#include "alloc/refused.h"
#include "made_ca.h"
#include "made_conf.h"
#include "verifier/requestors.h"

#include "base/clock.h"

#include <openssl/err.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct requestors *requestors;

static void begin(void)
{
	struct fault fault = {""};
	struct conf_issuer issuer = made_issuer(CONF_VERIFIER);
	ca_make();
	issuer.signed_requests = SIGNED_VERIFY;
	issuer.requestors = ca_certificate;
	issuer.name = ca_folder;
	if (requestors_load(&issuer, &requestors, &fault) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int64_t now;
	const char *reason = NULL;
	if (!requestors)
		begin();
	now = wall_seconds(clock_now().wall_us);
	enum ocsp_result result = (enum ocsp_result)INSIDE_RESULT(
		(int)requestors_judge(requestors, view_of(data, size), now, &reason));
	if (result != OCSP_MALFORMED_REQUEST && result != OCSP_UNAUTHORIZED)
		abort();
	if (ERR_peek_error() != 0)
		abort();
	return 0;
}
