#include "cli/ocsp_signer.h"

#include <openssl/err.h>
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

static int check_delegate(X509 *delegate, X509 *issuer, int64_t now, struct fault *fault)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	time_t at = (time_t)now;
	if (X509_NAME_cmp(X509_get_issuer_name(delegate), X509_get_subject_name(issuer)) != 0 ||
	    !key || X509_verify(delegate, key) != 1)
		return fault_set(fault, -EPERM,
				 "the signer's certificate was not issued by this CA's key");
	if (!(X509_get_extension_flags(delegate) & EXFLAG_XKUSAGE) ||
	    !(X509_get_extended_key_usage(delegate) & XKU_OCSP_SIGN))
		return fault_set(fault, -EPERM,
				 "the signer's certificate lacks the OCSPSigning purpose");
	if ((X509_get_extension_flags(delegate) & EXFLAG_KUSAGE) &&
	    !(X509_get_key_usage(delegate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		return fault_set(fault, -EPERM,
				 "the signer's certificate may not sign (key usage)");
	if (X509_cmp_time(X509_get0_notBefore(delegate), &at) >= 0 ||
	    X509_cmp_time(X509_get0_notAfter(delegate), &at) <= 0)
		return fault_set(fault, -EPERM, "the signer's certificate is out of date");
	return 0;
}

static void stack_freep(STACK_OF(X509) * *stack)
{
	sk_X509_free(*stack);
}

/* The signature alone: who may sign was settled before. */
static bool verifies(OCSP_BASICRESP *basic, X509 *signer)
{
	const unsigned long flags = OCSP_NOINTERN | OCSP_NOVERIFY;
	cleanup(stack_freep) STACK_OF(X509) *stack = sk_X509_new_null();
	return stack && sk_X509_push(stack, signer) > 0 &&
	       OCSP_basic_verify(basic, stack, NULL, flags) == 1;
}

static X509 *find_signer(OCSP_BASICRESP *basic, X509 *issuer)
{
	const STACK_OF(X509) *certificates = OCSP_resp_get0_certs(basic);
	if (is_named(basic, issuer))
		return issuer;
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (is_named(basic, sk_X509_value(certificates, i)))
			return sk_X509_value(certificates, i);
	return NULL;
}

int ocsp_signer_prove(OCSP_BASICRESP *basic, X509 *issuer, int64_t now, X509 **ret,
		      struct fault *fault)
{
	X509 *signer = find_signer(basic, issuer);
	int r = 0;
	if (!signer)
		r = fault_set(fault, -EPERM,
			      "the answer is not signed by this CA and holds no certificate of its "
			      "signer");
	if (r == 0 && signer != issuer)
		r = check_delegate(signer, issuer, now, fault);
	if (r == 0 && !verifies(basic, signer))
		r = fault_set(fault, -EPERM, "the signature does not verify");
	ERR_clear_error();
	if (r == 0)
		*ret = signer;
	return r;
}
