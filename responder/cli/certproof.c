/* X509_verify() wants an X509, and to make one OpenSSL 3 looks through its decoders for the subject's
 * key, which takes longer than to verify the signature; an import has millions to prove. So what RSA
 * (PKCS #1) and ECDSA keys sign is verified over our own slices of the certificate; what has
 * parameters or no digest of its own (RSASSA-PSS, EdDSA, ML-DSA) is left to X509_verify(). */
#include "cli/certproof.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

static void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

static void algorithm_freep(X509_ALGOR **algorithm)
{
	X509_ALGOR_free(*algorithm);
}

static void context_freep(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static bool verify_x509(const struct certificate *certificate, EVP_PKEY *key)
{
	const unsigned char *p = certificate->der.data;
	cleanup(x509_freep) X509 *x509 = d2i_X509(NULL, &p, (long)certificate->der.size);
	return x509 && X509_verify(x509, key) == 1;
}

/* The digest that goes with RSA (PKCS #1) or ECDSA and this key's type, or NULL. */
static const char *plain_digest(struct view der, const EVP_PKEY *key)
{
	const unsigned char *p = der.data;
	cleanup(algorithm_freep) X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &p, (long)der.size);
	const ASN1_OBJECT *oid = NULL;
	int digest = NID_undef, kind = NID_undef;
	if (!algorithm)
		return NULL;
	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	if (!OBJ_find_sigid_algs(OBJ_obj2nid(oid), &digest, &kind) || digest == NID_undef)
		return NULL;
	bool plain = (kind == NID_rsaEncryption && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) ||
		     (kind == NID_X9_62_id_ecPublicKey && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC);
	return plain ? OBJ_nid2sn(digest) : NULL;
}

static bool verify_plain(const struct certificate *certificate, const char *digest, EVP_PKEY *key)
{
	struct view bits = certificate->signature, tbs = certificate->tbs;
	cleanup(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	return context && bits.data[0] == 0 &&
	       EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(context, bits.data + 1, bits.size - 1, tbs.data, tbs.size) == 1;
}

bool certificate_is_signed_by(const struct certificate *certificate, EVP_PKEY *key)
{
	if (!key || certificate->algorithm.size == 0)
		return false;
	const char *digest = plain_digest(certificate->algorithm, key);
	bool verified =
		digest ? verify_plain(certificate, digest, key) : verify_x509(certificate, key);
	ERR_clear_error();
	return verified;
}
