#include "signer/proof.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* RSA-2048 and P-224 have 112 bits; what has less is refused (P-35). */
#define SECURITY_BITS_LEAST 112
#define RSA_BITS_LEAST 2048

bool proof_is_own(const struct proof *p)
{
	return view_equal(p->ca->slices.subject, p->signer->slices.subject) &&
	       view_equal(p->ca->slices.spki, p->signer->slices.spki);
}

static int prove_strength(const struct proof *p, struct fault *fault)
{
	int bits = EVP_PKEY_get_bits(p->key);
	bool short_rsa = (EVP_PKEY_is_a(p->key, "RSA") || EVP_PKEY_is_a(p->key, "RSA-PSS")) &&
			 bits < RSA_BITS_LEAST;
	if (!short_rsa && EVP_PKEY_get_security_bits(p->key) >= SECURITY_BITS_LEAST)
		return 0;
	return fault_set(fault, -EKEYREJECTED,
			 "%s: the key is too weak (%s, %d bits); use RSA-2048, P-256, Ed25519 or "
			 "stronger",
			 p->key_path, EVP_PKEY_get0_type_name(p->key), bits);
}

static int prove_key(const struct proof *p, struct fault *fault)
{
	EVP_PKEY *public_key = X509_get0_pubkey(p->signer->x509);
	if (!public_key)
		return fault_set(fault, -ENOTSUP,
				 "%s: its public key cannot be read (%s); use another kind of key",
				 p->signer->path, openssl_reason());
	if (EVP_PKEY_eq(public_key, p->key) != 1) {
		ERR_clear_error();
		return fault_set(fault, -EKEYREJECTED,
				 "%s: this is not the key of %s; give the pair that belongs "
				 "together",
				 p->key_path, p->signer->path);
	}
	return prove_strength(p, fault);
}

static int prove_extensions(const struct certfile *file, struct fault *fault)
{
	if (!(X509_get_extension_flags(file->x509) & EXFLAG_INVALID))
		return 0;
	ERR_clear_error();
	return fault_set(fault, -EBADMSG, "%s: its extensions are not valid; issue it anew",
			 file->path);
}

/* Issued by this very key, not only by a CA of this name (P-35). */
static int prove_issued(const struct proof *p, struct fault *fault)
{
	if (X509_NAME_cmp(X509_get_issuer_name(p->signer->x509),
			  X509_get_subject_name(p->ca->x509)) != 0)
		return fault_set(fault, -EKEYREJECTED,
				 "%s: its issuer is not the subject of %s; use a certificate that "
				 "this CA issued",
				 p->signer->path, p->ca->path);
	EVP_PKEY *ca_key = X509_get0_pubkey(p->ca->x509);
	if (ca_key && X509_verify(p->signer->x509, ca_key) == 1)
		return 0;
	ERR_clear_error();
	return fault_set(fault, -EKEYREJECTED,
			 "%s: not signed by the key of %s; is that another CA (or another key) of "
			 "the same name?",
			 p->signer->path, p->ca->path);
}

static int prove_delegate(const struct proof *p, struct fault *fault)
{
	X509 *signer = p->signer->x509;
	if (!(X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) ||
	    !(X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN))
		return fault_set(fault, -EKEYREJECTED,
				 "%s: lacks the extended key usage OCSPSigning; issue it anew with "
				 "extendedKeyUsage = OCSPSigning",
				 p->signer->path);
	if (!(X509_get_key_usage(signer) & KU_DIGITAL_SIGNATURE))
		return fault_set(fault, -EKEYREJECTED,
				 "%s: its key usage does not allow digitalSignature; issue it anew "
				 "with keyUsage = digitalSignature",
				 p->signer->path);
	return prove_issued(p, fault);
}

/* The CA's own key signs: CAs often allow it certificates and CRLs only, and clients accept that. */
static int prove_own(const struct proof *p, struct fault *fault)
{
	uint32_t usage = X509_get_key_usage(p->signer->x509);
	if (usage & (KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN | KU_CRL_SIGN))
		return 0;
	return fault_set(fault, -EKEYREJECTED,
			 "%s: its key usage allows no signatures; use a delegated signer",
			 p->signer->path);
}

int proof_run(const struct proof *p, struct fault *fault)
{
	int result = prove_extensions(p->ca, fault);
	if (result == 0)
		result = prove_extensions(p->signer, fault);
	if (result == 0)
		result = prove_key(p, fault);
	if (result == 0)
		result = proof_is_own(p) ? prove_own(p, fault) : prove_delegate(p, fault);
	return result;
}
