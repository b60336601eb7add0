#include "base/limits.h"
#include "ocsp/answer.h"
#include "ocsp/answer_signer.h"

#include <openssl/err.h>

int ocsp_certid_digest(struct view certid, uint8_t ret[static 32])
{
	return EVP_Q_digest(NULL, "SHA256", NULL, certid.data, certid.size, ret, NULL) == 1 ? 0
											    : -EIO;
}

struct ocsp_prover {
	X509 *issuer;
};

static void basic_freep(OCSP_BASICRESP **basic)
{
	OCSP_BASICRESP_free(*basic);
}

int ocsp_prover_new(struct view certificate, struct ocsp_prover **ret, struct fault *fault)
{
	cleanup(ocsp_prover_freep) struct ocsp_prover *prover = calloc(1, sizeof(*prover));
	const unsigned char *at = certificate.data;
	if (!prover)
		return fault_set(fault, -ENOMEM, "out of memory");
	prover->issuer = d2i_X509(NULL, &at, (long)certificate.size);
	ERR_clear_error();
	if (!prover->issuer || at != certificate.data + certificate.size)
		return fault_set(fault, -EINVAL, "the CA's certificate is not readable");
	*ret = prover;
	prover = NULL;
	return 0;
}

void ocsp_prover_free(struct ocsp_prover *prover)
{
	if (prover)
		X509_free(prover->issuer);
	free(prover);
}

/* What the library verifies is what it would write itself, so that must be what was read. */
static OCSP_BASICRESP *read_same(struct view der)
{
	const unsigned char *at = der.data;
	unsigned char *again = NULL;
	cleanup(basic_freep) OCSP_BASICRESP *basic = d2i_OCSP_BASICRESP(NULL, &at, (long)der.size);
	int size = basic ? i2d_OCSP_BASICRESP(basic, &again) : -1;
	bool same = size > 0 && view_equal(view_of(again, (size_t)size), der);
	OPENSSL_free(again);
	OCSP_BASICRESP *ret = same ? basic : NULL;
	if (same)
		basic = NULL;
	return ret;
}

int ocsp_prover_prove(const struct ocsp_prover *prover, const struct ocsp_said *said, int64_t now,
		      int64_t skew, struct fault *fault)
{
	X509 *signer = NULL;
	cleanup(basic_freep) OCSP_BASICRESP *basic = read_same(said->basic);
	int result = basic ? ocsp_signer_prove(basic, prover->issuer, now, skew, &signer, fault)
			   : fault_set(fault, -EPERM, "it is not an OCSP answer in DER");
	ERR_clear_error();
	return result < 0 ? OCSP_ANSWER_UNFIT : 0;
}
