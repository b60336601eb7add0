#include "verifier/strength.h"

#include <openssl/objects.h>
#include <openssl/rsa.h>

#define DIGEST_SIZE_LEAST 32

static bool digest_is_enough(int nid)
{
	const EVP_MD *digest = EVP_get_digestbynid(nid);
	return digest && EVP_MD_get_size(digest) >= DIGEST_SIZE_LEAST;
}

/* Left out, the digest of RSASSA-PSS is SHA-1 (RFC 4055, 3.1). */
static bool pss_is_enough(const X509_ALGOR *algorithm)
{
	const ASN1_TYPE *parameter = algorithm->parameter;
	if (!parameter || parameter->type != V_ASN1_SEQUENCE)
		return false;
	const ASN1_STRING *octets = parameter->value.sequence;
	const unsigned char *p = ASN1_STRING_get0_data(octets);
	RSA_PSS_PARAMS *pss = d2i_RSA_PSS_PARAMS(NULL, &p, ASN1_STRING_length(octets));
	bool enough = pss && pss->hashAlgorithm &&
		      digest_is_enough(OBJ_obj2nid(pss->hashAlgorithm->algorithm));
	RSA_PSS_PARAMS_free(pss);
	return enough;
}

bool strength_is_enough(const X509_ALGOR *algorithm)
{
	int nid = OBJ_obj2nid(algorithm->algorithm), digest = NID_undef, key = NID_undef;
	if (nid == NID_rsassaPss)
		return pss_is_enough(algorithm);
	if (OBJ_find_sigid_algs(nid, &digest, &key) != 1)
		return false;
	return digest == NID_undef || digest_is_enough(digest);
}
