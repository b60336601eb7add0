#include "ocsp/answer_signer.h"

#include "base/limits.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

static bool is_named(OCSP_BASICRESP *basic, X509 *certificate)
{
	const ASN1_OCTET_STRING *key = NULL;
	const X509_NAME *name = NULL;
	if (OCSP_resp_get0_id(basic, &key, &name) != 1)
		return false;
	if (name)
		return X509_NAME_cmp(name, X509_get_subject_name(certificate)) == 0;
	unsigned char hash[SHA_DIGEST_LENGTH];
	unsigned size = 0;
	return key && X509_pubkey_digest(certificate, EVP_sha1(), hash, &size) == 1 &&
	       ASN1_STRING_length(key) == (int)size &&
	       memcmp(ASN1_STRING_get0_data(key), hash, size) == 0;
}

/* ---- digests (P-36): collisions of these can be made ---- */

static bool is_weak(int digest)
{
	return digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2 ||
	       digest == NID_mdc2 || digest == NID_md5_sha1;
}

/* RSASSA-PSS says its digest in the parameters; left out it is SHA-1 (RFC 4055, 3.1). */
static int pss_digest(const X509_ALGOR *algorithm)
{
	int type = V_ASN1_UNDEF;
	const void *value = NULL;
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	const ASN1_STRING *octets = value;
	if (type != V_ASN1_SEQUENCE)
		return NID_sha1;
	const unsigned char *p = ASN1_STRING_get0_data(octets);
	RSA_PSS_PARAMS *parameters = d2i_RSA_PSS_PARAMS(NULL, &p, ASN1_STRING_length(octets));
	const ASN1_OBJECT *object = NULL;
	if (parameters && parameters->hashAlgorithm)
		X509_ALGOR_get0(&object, NULL, NULL, parameters->hashAlgorithm);
	int digest = object ? OBJ_obj2nid(object) : NID_sha1;
	RSA_PSS_PARAMS_free(parameters);
	return digest;
}

static bool is_signed_weakly(OCSP_BASICRESP *basic)
{
	const X509_ALGOR *algorithm = OCSP_resp_get0_tbs_sigalg(basic);
	const ASN1_OBJECT *object = NULL;
	int digest = NID_undef, key = NID_undef;
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	if (OBJ_obj2nid(object) == NID_rsassaPss)
		return is_weak(pss_digest(algorithm));
	return OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, &key) == 1 && is_weak(digest);
}

/* ---- delegates ---- */

static bool is_in_date(X509 *certificate, int64_t now, int64_t skew)
{
	/* OpenSSL counts a certificate as ended in its last second. */
	time_t latest = (time_t)(now + skew), earliest = (time_t)(now - skew - 1);
	return X509_cmp_time(X509_get0_notBefore(certificate), &latest) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(certificate), &earliest) > 0;
}

static bool is_issued_by(X509 *delegate, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	return key &&
	       X509_NAME_cmp(X509_get_issuer_name(delegate), X509_get_subject_name(issuer)) == 0 &&
	       X509_verify(delegate, key) == 1;
}

static const char *why_not(X509 *delegate, X509 *issuer, int64_t now, int64_t skew)
{
	uint32_t flags = X509_get_extension_flags(delegate);
	int digest = NID_undef;
	if (!is_issued_by(delegate, issuer))
		return "the signer's certificate was not issued by this CA's key";
	if (X509_get_signature_info(delegate, &digest, NULL, NULL, NULL) == 1 && is_weak(digest))
		return "the signer's certificate is signed with a weak digest";
	if (flags & EXFLAG_INVALID)
		return "the signer's certificate contradicts itself";
	if (flags & EXFLAG_CRITICAL)
		return "the signer's certificate has a critical extension that is not understood";
	if (!(flags & EXFLAG_XKUSAGE) || !(X509_get_extended_key_usage(delegate) & XKU_OCSP_SIGN))
		return "the signer's certificate lacks the OCSPSigning purpose";
	if ((flags & EXFLAG_KUSAGE) &&
	    !(X509_get_key_usage(delegate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		return "the signer's certificate may not sign (key usage)";
	if (!is_in_date(delegate, now, skew))
		return "the signer's certificate is out of date";
	return NULL;
}

static void stack_freep(STACK_OF(X509) * *stack)
{
	sk_X509_free(*stack);
}

/* The signature alone: who may sign is settled elsewhere. */
static bool verifies(OCSP_BASICRESP *basic, X509 *signer)
{
	const unsigned long flags = OCSP_NOINTERN | OCSP_NOVERIFY;
	cleanup(stack_freep) STACK_OF(X509) *stack = sk_X509_new_null();
	return stack && sk_X509_push(stack, signer) > 0 &&
	       OCSP_basic_verify(basic, stack, NULL, flags) == 1;
}

static int prove(OCSP_BASICRESP *basic, X509 *candidate, X509 *issuer, int64_t now, int64_t skew,
		 struct fault *fault)
{
	const char *why = candidate == issuer ? NULL : why_not(candidate, issuer, now, skew);
	if (!why && !verifies(basic, candidate))
		why = "the signature does not verify";
	return why ? fault_set(fault, -EPERM, "%s", why) : 0;
}

/* Every certificate that bears the name, the CA's own first. */
static int try_each(OCSP_BASICRESP *basic, X509 *issuer, int64_t now, int64_t skew, X509 **ret,
		    struct fault *fault)
{
	const STACK_OF(X509) *certificates = OCSP_resp_get0_certs(basic);
	unsigned tried = 0;
	int result =
		fault_set(fault, -EPERM,
			  "the answer is not signed by this CA and holds no certificate of its "
			  "signer");
	for (int i = -1; result && (i < 0 || i < sk_X509_num(certificates)); i++) {
		X509 *candidate = i < 0 ? issuer : sk_X509_value(certificates, i);
		if (!is_named(basic, candidate))
			continue;
		if (++tried > LIMIT_ANSWER_SIGNERS)
			break;
		result = prove(basic, candidate, issuer, now, skew, fault);
		if (result == 0)
			*ret = candidate;
	}
	return result;
}

int ocsp_signer_prove(OCSP_BASICRESP *basic, X509 *issuer, int64_t now, int64_t skew, X509 **ret,
		      struct fault *fault)
{
	int result = is_signed_weakly(basic)
			     ? fault_set(fault, -EPERM, "the answer is signed with a weak digest")
			     : try_each(basic, issuer, now, skew, ret, fault);
	ERR_clear_error();
	return result;
}
