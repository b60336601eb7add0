/* PEM: PKCS #8, encrypted or not, and what OpenSSL and others wrote before there was that. */
#include "signer/key.h"

#include <openssl/err.h>
#include <openssl/pem.h>

struct asking {
	const struct passphrase *passphrase;
	bool asked;
};

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static int give_passphrase(char *out, int size, int writing, void *context)
{
	struct asking *asking = context;
	size_t length = strlen(asking->passphrase->text);
	(void)writing;
	asking->asked = true;
	if (!asking->passphrase->given || length > (size_t)size)
		return -1;
	memcpy(out, asking->passphrase->text, length);
	return (int)length;
}

static int refuse(const struct key_text *text, const struct asking *asking, const char *reason,
		  struct fault *fault)
{
	if (asking->asked && !asking->passphrase->given)
		return fault_set(fault, -EACCES,
				 "%s: the key is encrypted; give its passphrase "
				 "(signer_key_passphrase_file), or store it without one, readable "
				 "by the service alone",
				 text->path);
	if (asking->asked)
		return fault_set(fault, -EACCES,
				 "%s: the passphrase does not unlock it (%s); give the right one",
				 text->path, reason);
	return fault_set(fault, -EBADMSG,
			 "%s: no whole PEM private key in it (%s); is the file cut short, or a "
			 "certificate?",
			 text->path, reason);
}

int key_read_pem(const struct key_text *text, struct key *ret, struct fault *fault)
{
	struct asking asking = {.passphrase = text->passphrase};
	cleanup(bio_freep) BIO *bio = BIO_new_mem_buf(text->bytes.data, (int)text->bytes.size);
	if (!bio)
		return fault_set(fault, -ENOMEM, "%s: out of memory", text->path);
	ret->pkey = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &asking);
	if (!ret->pkey)
		return refuse(text, &asking, openssl_reason(), fault);
	ret->passphrase_unused = text->passphrase->given && !asking.asked;
	ERR_clear_error(); /* of what else stands in the file */
	return 0;
}
