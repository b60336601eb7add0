#include "signer/csr.h"

#include "base/file.h"
#include "base/limits.h"
#include "signer/certfile.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static void request_freep(X509_REQ **request)
{
	X509_REQ_free(*request);
}

/* ---- the subject ---- */

/* Up to the next comma that no backslash stands before; blanks around it go. */
static const char *take_part(const char *p, char part[512])
{
	size_t size = 0;
	while (*p == ' ')
		p++;
	for (; *p && *p != ','; p++) {
		if (*p == '\\' && p[1])
			p++;
		if (size < 511)
			part[size++] = *p;
	}
	while (size > 0 && part[size - 1] == ' ')
		size--;
	part[size] = '\0';
	return *p ? p + 1 : p;
}

static int put_part(X509_NAME *name, char *part, struct fault *fault)
{
	char *value = strchr(part, '=');
	if (!value || value == part || !value[1])
		return fault_set(fault, -EINVAL,
				 "subject: \"%.80s\" is not as in \"C=JP, O=Example, CN=OCSP\"",
				 part);
	*value++ = '\0';
	if (X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (const unsigned char *)value, -1,
				       -1, 0) == 1)
		return 0;
	return fault_set(fault, -EINVAL, "subject: %.40s = \"%.80s\" cannot be in a name (%s)",
			 part, value, openssl_reason());
}

static int put_subject(X509_REQ *request, const char *subject, struct fault *fault)
{
	char part[512];
	int result = 0;
	do {
		subject = take_part(subject, part);
		result = put_part(X509_REQ_get_subject_name(request), part, fault);
	} while (result == 0 && *subject);
	return result;
}

int csr_check_subject(const char *subject, struct fault *fault)
{
	cleanup(request_freep) X509_REQ *request = X509_REQ_new();
	return request ? put_subject(request, subject, fault)
		       : fault_set(fault, -ENOMEM, "out of memory");
}

/* ---- what it asks for ---- */

static const struct {
	int nid;
	const char *value;
} wanted[] = {
	{NID_basic_constraints, "critical,CA:FALSE"},
	{NID_key_usage, "critical,digitalSignature"},
	{NID_ext_key_usage, "OCSPSigning"},
	{NID_id_pkix_OCSP_noCheck, "ignored"}, /* it has one value: NULL */
};

static bool put_extensions(X509_REQ *request)
{
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509V3_CTX context;
	X509V3_set_ctx(&context, NULL, NULL, request, NULL, 0);
	bool done = list != NULL;
	for (size_t i = 0; done && i < array_size(wanted); i++) {
		X509_EXTENSION *made =
			X509V3_EXT_conf_nid(NULL, &context, wanted[i].nid, wanted[i].value);
		done = made && sk_X509_EXTENSION_push(list, made) > 0;
		if (!done)
			X509_EXTENSION_free(made);
	}
	done = done && X509_REQ_add_extensions(request, list) == 1;
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return done;
}

/* As whoever gets it reads it: what signed may be a token's key, which cannot verify. */
static bool verifies(X509_REQ *request)
{
	unsigned char *der = NULL;
	int size = i2d_X509_REQ(request, &der);
	const unsigned char *at = der;
	cleanup(request_freep) X509_REQ *read = size > 0 ? d2i_X509_REQ(NULL, &at, size) : NULL;
	EVP_PKEY *key = read ? X509_REQ_get0_pubkey(read) : NULL;
	OPENSSL_free(der);
	return key && X509_REQ_verify(read, key) == 1;
}

static bool sign(X509_REQ *request, EVP_PKEY *key, OSSL_LIB_CTX *library)
{
	bool whole = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
	const char *digest = whole ? NULL : EVP_PKEY_get_bits(key) == 384 ? "SHA384" : "SHA256";
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context &&
		    EVP_DigestSignInit_ex(context, NULL, digest, library, NULL, key, NULL) == 1 &&
		    X509_REQ_sign_ctx(request, context) > 0;
	EVP_MD_CTX_free(context);
	return done && verifies(request);
}

int csr_put(EVP_PKEY *key, OSSL_LIB_CTX *library, const char *subject, struct buffer *out,
	    struct fault *fault)
{
	cleanup(request_freep) X509_REQ *request = X509_REQ_new();
	cleanup(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	if (!request || !bio)
		return fault_set(fault, -ENOMEM, "out of memory");
	int result = put_subject(request, subject, fault);
	if (result < 0)
		return result;
	if (X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 || /* 3.5 wants it said */
	    X509_REQ_set_pubkey(request, key) != 1 || !put_extensions(request) ||
	    !sign(request, key, library) || PEM_write_bio_X509_REQ(bio, request) != 1)
		return fault_set(fault, -EIO, "the request cannot be made (%s)", openssl_reason());
	long size = BIO_get_mem_data(bio, &text);
	buffer_put(out, text, (size_t)size);
	return buffer_result(out);
}

int csr_read_key(const char *path, EVP_PKEY **ret, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer bytes = {0};
	int result = file_read_pem(path, LIMIT_PEM_FILE, &bytes, fault);
	if (result < 0)
		return result;
	cleanup(bio_freep) BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.size);
	cleanup(request_freep) X509_REQ *request =
		bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = request ? X509_REQ_get_pubkey(request) : NULL;
	if (key && X509_REQ_verify(request, key) == 1) {
		*ret = key;
		return 0;
	}
	EVP_PKEY_free(key);
	return fault_set(fault, -EBADMSG, "%s: no whole certificate request in it (%s)", path,
			 openssl_reason());
}
