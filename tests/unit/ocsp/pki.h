/* A CA and a delegated signer, made by OpenSSL for one test program. */
#pragma once

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

struct pki {
	EVP_PKEY *ca_key, *signer_key;
	X509 *ca, *signer;
	uint8_t *ca_der, *signer_der;
	struct view ca_view, signer_view;
};

static inline void pki_add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static inline X509 *pki_certificate(EVP_PKEY *key, const char *name, X509 *issuer, long serial)
{
	X509 *cert = X509_new();
	assert_non_null(cert);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
	X509_set_pubkey(cert, key);
	return cert;
}

static inline struct view pki_der(X509 *cert, uint8_t **storage)
{
	int size = i2d_X509(cert, storage);
	assert_true(size > 0);
	return view_of(*storage, (size_t)size);
}

static inline void pki_init(struct pki *pki)
{
	*pki = (struct pki){.ca_key = EVP_EC_gen("P-256"), .signer_key = EVP_EC_gen("P-256")};
	pki->ca = pki_certificate(pki->ca_key, "認証局 CA", NULL, 1);
	pki_add_extension(pki->ca, pki->ca, NID_basic_constraints, "critical,CA:TRUE");
	pki_add_extension(pki->ca, pki->ca, NID_subject_key_identifier, "hash");
	assert_true(X509_sign(pki->ca, pki->ca_key, EVP_sha256()) > 0);
	pki->signer = pki_certificate(pki->signer_key, "OCSP signer", pki->ca, 2);
	pki_add_extension(pki->signer, pki->ca, NID_ext_key_usage, "OCSPSigning");
	pki_add_extension(pki->signer, pki->ca, NID_authority_key_identifier, "keyid");
	pki_add_extension(pki->signer, pki->ca, NID_id_pkix_OCSP_noCheck, "NULL");
	assert_true(X509_sign(pki->signer, pki->ca_key, EVP_sha256()) > 0);
	pki->ca_view = pki_der(pki->ca, &pki->ca_der);
	pki->signer_view = pki_der(pki->signer, &pki->signer_der);
}

static inline void pki_deinit(struct pki *pki)
{
	EVP_PKEY_free(pki->ca_key);
	EVP_PKEY_free(pki->signer_key);
	X509_free(pki->ca);
	X509_free(pki->signer);
	OPENSSL_free(pki->ca_der);
	OPENSSL_free(pki->signer_der);
}
