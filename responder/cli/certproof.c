/* X509_verify() wants an X509, and to make one OpenSSL 3 looks through its decoders for the subject's
 * key, which takes longer than to verify the signature; an import has millions to prove, and a CRL has
 * millions of entries. So what RSA (PKCS #1) and ECDSA keys sign is verified over our own slices; what has
 * parameters or no digest of its own (RSASSA-PSS, EdDSA, ML-DSA) is left to ASN1_item_verify(), which gets
 * the slice as any value. */
#include "cli/certproof.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

static void type_freep(ASN1_TYPE **type)
{
	ASN1_TYPE_free(*type);
}

static void bits_freep(ASN1_BIT_STRING **bits)
{
	ASN1_BIT_STRING_free(*bits);
}

static void algorithm_freep(X509_ALGOR **algorithm)
{
	X509_ALGOR_free(*algorithm);
}

static void context_freep(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static bool verify_item(const struct signed_octets *octets, EVP_PKEY *key)
{
	const unsigned char *p = octets->algorithm.data, *tbs = octets->tbs.data;
	cleanup(algorithm_freep) X509_ALGOR *algorithm =
		d2i_X509_ALGOR(NULL, &p, (long)octets->algorithm.size);
	cleanup(type_freep) ASN1_TYPE *value = d2i_ASN1_TYPE(NULL, &tbs, (long)octets->tbs.size);
	cleanup(bits_freep) ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	return algorithm && value && bits && octets->signature.data[0] == 0 &&
	       ASN1_STRING_set(bits, octets->signature.data + 1, (int)octets->signature.size - 1) ==
		       1 &&
	       ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, bits, value, key) == 1;
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

static bool verify_plain(const struct signed_octets *octets, const char *digest, EVP_PKEY *key)
{
	struct view bits = octets->signature, tbs = octets->tbs;
	cleanup(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	return context && bits.data[0] == 0 &&
	       EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(context, bits.data + 1, bits.size - 1, tbs.data, tbs.size) == 1;
}

bool octets_are_signed_by(const struct signed_octets *octets, EVP_PKEY *key)
{
	if (!key || octets->algorithm.size == 0 || octets->signature.size == 0)
		return false;
	const char *digest = plain_digest(octets->algorithm, key);
	bool verified = digest ? verify_plain(octets, digest, key) : verify_item(octets, key);
	ERR_clear_error();
	return verified;
}

bool certificate_is_signed_by(const struct certificate *certificate, EVP_PKEY *key)
{
	const struct signed_octets octets = {
		.tbs = certificate->tbs,
		.algorithm = certificate->algorithm,
		.signature = certificate->signature,
	};
	return octets_are_signed_by(&octets, key);
}
