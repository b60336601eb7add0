#include "signer/examine.h"

#include "signer/csr.h"
#include "signer/proof.h"

static int prove(const struct certfile *ca, const struct certfile *signer, const char *request,
		 struct findings *findings, struct fault *fault)
{
	EVP_PKEY *key = NULL;
	int result = 0;
	if (request)
		result = csr_read_key(request, &key, fault);
	else if (!(key = X509_get_pubkey(signer->x509)))
		result = fault_set(fault, -ENOTSUP, "%s: its public key cannot be read (%s)",
				   signer->path, openssl_reason());
	if (result < 0)
		return result;
	const struct proof proof = {.ca = ca,
				    .signer = signer,
				    .key = key,
				    .key_path = request ? request : signer->path};
	result = proof_run(&proof, fault);
	if (result == 0)
		proof_advise(&proof, findings);
	EVP_PKEY_free(key);
	return result;
}

int examine(const struct conf_issuer *issuer, const char *request, struct findings *findings,
	    struct fault *fault)
{
	cleanup(certfile_deinit) struct certfile ca = {0}, signer = {0};
	int result = certfile_load(&ca, issuer->certificate, fault);
	if (result == 0)
		result = certfile_load(&signer, issuer->signer_certificate, fault);
	return result < 0 ? result : prove(&ca, &signer, request, findings, fault);
}
