/* PKCS #12 (.p12, .pfx): a key with its certificate, and perhaps that one's issuers, which are left to
 * the option `chain`. */
#include "signer/key.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>

static void pkcs12_freep(PKCS12 **file)
{
	PKCS12_free(*file);
}

static void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

static int refuse(const struct key_text *text, struct fault *fault)
{
	unsigned long error = ERR_peek_last_error();
	bool mac = ERR_GET_REASON(error) == PKCS12_R_MAC_VERIFY_FAILURE &&
		   ERR_GET_LIB(error) == ERR_LIB_PKCS12;
	const char *reason = openssl_reason();
	if (mac && !text->passphrase->given)
		return fault_set(fault, -EACCES,
				 "%s: the file is encrypted; give its passphrase "
				 "(signer_key_passphrase_file)",
				 text->path);
	if (mac)
		return fault_set(fault, -EACCES,
				 "%s: the passphrase does not unlock it (%s); give the right one",
				 text->path, reason);
	return fault_set(
		fault, -EBADMSG,
		"%s: this PKCS #12 file cannot be read (%s); where it is encrypted the old "
		"way (RC2), make it anew: openssl pkcs12 -legacy -in FILE | openssl pkcs12 "
		"-export -out FILE",
		text->path, reason);
}

static int take_certificate(const struct key_text *text, const X509 *x509, struct key *ret,
			    struct fault *fault)
{
	unsigned char *der = NULL;
	int size = i2d_X509(x509, &der);
	if (size < 0)
		return fault_set(fault, -ENOMEM, "%s: out of memory", text->path);
	int result =
		certfile_take(&ret->certificate, text->path, view_of(der, (size_t)size), fault);
	OPENSSL_free(der);
	return result;
}

int key_read_pkcs12(const struct key_text *text, struct key *ret, struct fault *fault)
{
	const unsigned char *at = text->bytes.data;
	cleanup(pkcs12_freep) PKCS12 *file = d2i_PKCS12(NULL, &at, (long)text->bytes.size);
	cleanup(x509_freep) X509 *x509 = NULL;
	const char *passphrase = text->passphrase->given ? text->passphrase->text : NULL;
	if (!file || PKCS12_parse(file, passphrase, &ret->pkey, &x509, NULL) != 1)
		return refuse(text, fault);
	ERR_clear_error();
	if (!ret->pkey)
		return fault_set(fault, -EBADMSG,
				 "%s: there is no private key in it; export it with one",
				 text->path);
	return x509 ? take_certificate(text, x509, ret, fault) : 0;
}
