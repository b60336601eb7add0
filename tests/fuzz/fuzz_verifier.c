/* The verifier under a compromised ledger, or a client whose signed request came to it (doc/faults.md row 32): any octets
 * as a whole OCSPRequest. Nobody who has no key of the configured CA's is ever let in, and nothing is kept. An input
 * "signed AT" is a request that this CA has signed, with the octet at AT bent, where there is one: only the whole one
 * is let in. */
#include "alloc/refused.h"
#include "made_ca.h"
#include "made_conf.h"
#include "verifier/requestors.h"

#include "base/clock.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
#define WORD "signed"

static struct requestors *requestors;
static struct buffer signed_request;

static void sign_request(void)
{
	unsigned char *der = NULL;
	BIO *files[] = {BIO_new_file(ca_certificate, "r"), BIO_new_file(ca_key, "r")};
	X509 *ca = PEM_read_bio_X509(files[0], NULL, NULL, NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(files[1], NULL, NULL, NULL);
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	CHECK(OCSP_request_add0_id(request, OCSP_cert_to_id(EVP_sha1(), ca, ca)));
	CHECK(OCSP_request_sign(request, ca, key, EVP_sha256(), NULL, 0));
	int size = i2d_OCSP_REQUEST(request, &der);
	CHECK(size > 0);
	buffer_put(&signed_request, der, (size_t)size);
	OPENSSL_free(der);
	OCSP_REQUEST_free(request);
	EVP_PKEY_free(key);
	X509_free(ca);
	BIO_free(files[0]);
	BIO_free(files[1]);
}

static void begin(void)
{
	struct fault fault = {""};
	struct conf_issuer issuer = made_issuer(CONF_VERIFIER);
	ca_make();
	issuer.signed_requests = SIGNED_VERIFY;
	issuer.requestors = ca_certificate;
	issuer.name = ca_folder;
	CHECK(requestors_load(&issuer, &requestors, &fault) == 0);
	sign_request();
}

static enum ocsp_result judge(struct view request)
{
	const char *reason = NULL;
	int64_t now = wall_seconds(clock_now().wall_us);
	enum ocsp_result result = (enum ocsp_result)INSIDE_RESULT(
		(int)requestors_judge(requestors, request, now, &reason));
	CHECK(result == OCSP_SUCCESSFUL || reason);
	CHECK(ERR_peek_error() == 0);
	return result;
}

static void judge_signed(size_t at)
{
	bool bent = at < signed_request.size;
	if (bent)
		signed_request.data[at] ^= 0x20;
	enum ocsp_result result = judge(buffer_view(&signed_request));
	if (bent)
		signed_request.data[at] ^= 0x20;
	CHECK((result == OCSP_SUCCESSFUL) == !bent || (REFUSED && result == OCSP_UNAUTHORIZED));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t word = strlen(WORD);
	if (!requestors)
		begin();
	if (size >= word && memcmp(data, WORD, word) == 0) {
		size_t at = 0;
		for (size_t i = word + 1; i < size && data[i] >= '0' && data[i] <= '9' && i < 20;
		     i++)
			at = at * 10 + data[i] - '0';
		judge_signed(size > word + 1 ? at : SIZE_MAX);
		return 0;
	}
	enum ocsp_result result = judge(view_of(data, size));
	CHECK(result == OCSP_MALFORMED_REQUEST || result == OCSP_UNAUTHORIZED);
	return 0;
}
