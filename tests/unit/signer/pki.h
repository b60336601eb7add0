/* Keys and certificates for the tests of the signer, made anew in a folder of their own; the largest keys
 * are kept. */
#pragma once

#include "unit.h"

#include "made_conf.h"

#include <limits.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#define PKI_DAY 86400L

struct pki_extension {
	int nid;
	const char *value;
};

/* What a certificate is to say; zeros are sensible. */
struct pki_wish {
	const char *name; /* UTF-8 */
	EVP_PKEY *key;
	X509 *issuer; /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	const EVP_MD *digest; /* NULL: SHA-256, or none where the key wants none */
	long from, until; /* seconds from now; 0, 0: one day ago to ten days ahead */
	struct pki_extension extensions[8];
};

static const struct pki_extension pki_ca_extensions[] = {
	{NID_basic_constraints, "critical,CA:TRUE"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
};
static const struct pki_extension pki_delegate_extensions[] = {
	{NID_key_usage, "critical,digitalSignature"},
	{NID_ext_key_usage, "OCSPSigning"},
	{NID_id_pkix_OCSP_noCheck, "ignored"},
};

static inline EVP_PKEY *pki_pss_key(void)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* An RSASSA-PSS key whose parameters allow this digest only. */
static inline EVP_PKEY *pki_restricted_key(const char *digest)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context, digest, NULL), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(context, digest), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(context, 20), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* RSA keys that take seconds to make are kept beside the build, as integration/harness.py does; no two
 * of one process are the same. */
static inline EVP_PKEY *pki_kept_rsa(unsigned bits)
{
	static unsigned made;
	char path[PATH_MAX], fresh[PATH_MAX + 16];
	(void)mkdir(STILLGOOD_KEYS, 0755);
	snprintf(path, sizeof(path), "%s/rsa-%u-%u.pem", STILLGOOD_KEYS, bits, made++);
	snprintf(fresh, sizeof(fresh), "%s.%d", path, (int)getpid());
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : EVP_RSA_gen(bits);
	if (!file) {
		mode_t old = umask(077);
		file = fopen(fresh, "w");
		(void)umask(old);
		assert_non_null(file);
		assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
		assert_int_equal(rename(fresh, path), 0);
	}
	fclose(file);
	return key;
}

static inline EVP_PKEY *pki_key(const char *kind)
{
	EVP_PKEY *key = NULL;
	if (strcmp(kind, "RSA-3072") == 0 || strcmp(kind, "RSA-4096") == 0)
		key = pki_kept_rsa((unsigned)strtoul(kind + 4, NULL, 10));
	else if (strncmp(kind, "RSA-", 4) == 0)
		key = EVP_RSA_gen((unsigned)strtoul(kind + 4, NULL, 10));
	else if (strncmp(kind, "P-", 2) == 0)
		key = EVP_EC_gen(kind);
	else if (strcmp(kind, "RSASSA-PSS") == 0)
		key = pki_pss_key();
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	assert_non_null(key);
	return key;
}

static inline void pki_extend(X509 *x509, X509 *issuer, const struct pki_extension *extension)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	X509_EXTENSION *made =
		X509V3_EXT_conf_nid(NULL, &context, extension->nid, extension->value);
	assert_non_null(made);
	assert_int_equal(X509_add_ext(x509, made, -1), 1);
	X509_EXTENSION_free(made);
}

static inline X509 *pki_certificate(const struct pki_wish *wish)
{
	X509 *x509 = X509_new();
	EVP_PKEY *by = wish->issuer_key ? wish->issuer_key : wish->key;
	X509_NAME *name = X509_get_subject_name(x509);
	static long serial = 1000;
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->name, -1,
				   -1, 0);
	X509_set_issuer_name(x509, wish->issuer ? X509_get_subject_name(wish->issuer) : name);
	X509_gmtime_adj(X509_getm_notBefore(x509), wish->until ? wish->from : -PKI_DAY);
	X509_gmtime_adj(X509_getm_notAfter(x509), wish->until ? wish->until : 100 * PKI_DAY);
	assert_int_equal(X509_set_pubkey(x509, wish->key), 1);
	for (size_t i = 0; i < array_size(wish->extensions) && wish->extensions[i].nid; i++)
		pki_extend(x509, wish->issuer ? wish->issuer : x509, &wish->extensions[i]);
	char usual[32] = "";
	bool plain = EVP_PKEY_get_default_digest_name(by, usual, sizeof(usual)) == 2 &&
		     (!usual[0] || strcmp(usual, "UNDEF") == 0);
	const EVP_MD *digest = plain ? NULL : wish->digest ? wish->digest : EVP_sha256();
	assert_true(X509_sign(x509, by, digest) > 0);
	return x509;
}

static inline X509 *pki_ca(const char *name, EVP_PKEY *key)
{
	struct pki_wish wish = {.name = name, .key = key};
	memcpy(wish.extensions, pki_ca_extensions, sizeof(pki_ca_extensions));
	return pki_certificate(&wish);
}

static inline struct pki_wish pki_delegate(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	struct pki_wish wish = {
		.name = "OCSP signer", .key = key, .issuer = issuer, .issuer_key = issuer_key};
	memcpy(wish.extensions, pki_delegate_extensions, sizeof(pki_delegate_extensions));
	return wish;
}

/* ---- files ---- */

struct pki_files {
	char folder[32];
	char ca[64], certificate[64], key[64], other[64];
	struct conf_issuer issuer;
};

static inline void pki_files_init(struct pki_files *files)
{
	static char name[] = "A";
	(void)snprintf(files->folder, sizeof(files->folder), "/tmp/stillgood-XXXXXX");
	assert_non_null(mkdtemp(files->folder));
	(void)snprintf(files->ca, sizeof(files->ca), "%s/ca.pem", files->folder);
	(void)snprintf(files->certificate, sizeof(files->certificate), "%s/ocsp.pem",
		       files->folder);
	(void)snprintf(files->key, sizeof(files->key), "%s/ocsp.key", files->folder);
	(void)snprintf(files->other, sizeof(files->other), "%s/other", files->folder);
	files->issuer = made_issuer(CONF_SIGNER);
	files->issuer.name = name;
	files->issuer.certificate = files->ca;
	files->issuer.signer_certificate = files->certificate;
	files->issuer.signer_key = files->key;
}

static inline void pki_files_deinit(struct pki_files *files)
{
	(void)unlink(files->ca);
	(void)unlink(files->certificate);
	(void)unlink(files->key);
	(void)unlink(files->other);
	(void)rmdir(files->folder);
}

static inline void pki_write_certificate(const char *path, X509 *x509)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, x509), 1);
	assert_int_equal(fclose(file), 0);
}

static inline void pki_write_key(const char *path, EVP_PKEY *key, const char *passphrase)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	int size = passphrase ? (int)strlen(passphrase) : 0;
	assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, passphrase ? EVP_aes_128_cbc() : NULL,
						   passphrase, size, NULL, NULL),
			 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}
