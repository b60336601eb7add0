#include "signer/key_make.h"

#include "signer/certfile.h"
#include "signer/csr.h"
#include "signer/pkcs11_key.h"
#include "signer/pkcs11_module.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

static const struct {
	unsigned rsa_bits; /* 0: no RSA key */
	const char *curve; /* of an EC key, as OpenSSL names it; NULL: no EC key */
	struct view oid; /* … and as tokens do */
} algorithms[] = {
	{0, "P-256", {(const uint8_t *)"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10}},
	{0, "P-384", {(const uint8_t *)"\x06\x05\x2b\x81\x04\x00\x22", 7}},
	{2048, NULL, {0}},
	{3072, NULL, {0}},
	{0, NULL, {0}},
};
const char *const key_make_algorithms[] = {"p256", "p384", "rsa2048", "rsa3072", "ed25519", NULL};

static int find_algorithm(const char *name, size_t *ret, struct fault *fault)
{
	for (size_t i = 0; key_make_algorithms[i]; i++)
		if (strcmp(key_make_algorithms[i], name) == 0) {
			*ret = i;
			return 0;
		}
	return fault_set(
		fault, -EINVAL,
		"--algorithm %.40s: not known; say p256, p384, rsa2048, rsa3072 or ed25519", name);
}

/* ---- in a file ---- */

static EVP_PKEY *generate(size_t algorithm)
{
	if (algorithms[algorithm].rsa_bits)
		return EVP_RSA_gen(algorithms[algorithm].rsa_bits);
	if (algorithms[algorithm].curve)
		return EVP_EC_gen(algorithms[algorithm].curve);
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

/* Whole on disk before anybody asks for its certificate. */
static int write_key(int fd, const char *path, EVP_PKEY *key, const struct passphrase *p,
		     struct fault *fault)
{
	BIO *bio = BIO_new_fd(fd, BIO_NOCLOSE);
	bool done = bio && PEM_write_bio_PKCS8PrivateKey(
				   bio, key, p->given ? EVP_aes_256_cbc() : NULL,
				   p->given ? p->text : NULL, p->given ? (int)strlen(p->text) : 0,
				   NULL, NULL) == 1;
	BIO_free(bio);
	if (done && fsync(fd) == 0)
		return 0;
	return fault_set(fault, -EIO, "%s: cannot be written (%s)", path,
			 done ? strerror(errno) : openssl_reason());
}

static int make_file(const struct key_wish *wish, size_t algorithm, const struct passphrase *p,
		     EVP_PKEY **ret, struct fault *fault)
{
	cleanup(descriptor_closep) int fd =
		open(wish->key, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s%s", wish->key, strerror(errno),
				 errno == EEXIST ? "; nothing is ever replaced: name another" : "");
	EVP_PKEY *key = generate(algorithm);
	int result = key ? write_key(fd, wish->key, key, p, fault)
			 : fault_set(fault, -EIO, "no key can be made (%s)", openssl_reason());
	if (result < 0) {
		EVP_PKEY_free(key);
		(void)unlink(wish->key);
		return result;
	}
	*ret = key;
	return 0;
}

static int make_in_file(const struct key_wish *wish, size_t algorithm, struct buffer *request,
			struct fault *fault)
{
	cleanup(passphrase_wipe) struct passphrase passphrase = {0};
	EVP_PKEY *key = NULL;
	int result = passphrase_read(wish->passphrase_file, wish->key, &passphrase, fault);
	if (result == 0)
		result = make_file(wish, algorithm, &passphrase, &key, fault);
	if (result < 0)
		return result;
	result = csr_put(key, NULL, wish->subject, request, fault);
	EVP_PKEY_free(key);
	if (result < 0)
		(void)unlink(wish->key); /* ours, and nobody knows of it */
	return result;
}

/* ---- in a token ---- */

static int request_for(struct pkcs11_module *opened, const struct pkcs11_address *address,
		       const char *subject, struct buffer *request, struct fault *fault)
{
	struct pkcs11_key key = {0};
	int result = pkcs11_key_open(address, pkcs11_module_pin(opened), &key, fault);
	if (result == 0)
		result = csr_put(key.pkey, key.library, subject, request, fault);
	EVP_PKEY_free(key.pkey);
	return result;
}

/* OpenSSL has what is in it too, so it stays until the process ends. */
static struct pkcs11_module *module;

static int make_in_token(const struct key_wish *wish, size_t algorithm, struct buffer *request,
			 struct fault *fault)
{
	struct pkcs11_address address = {0};
	enum pkcs11_trouble trouble;
	const struct pkcs11_kind kind = {algorithms[algorithm].rsa_bits, algorithms[algorithm].oid};
	if (!kind.rsa_bits && !kind.curve.size)
		return fault_set(
			fault, -ENOTSUP,
			"--algorithm %s: not in tokens; say p256, p384, rsa2048 or rsa3072",
			wish->algorithm);
	int result = pkcs11_address_parse(wish->key, wish->passphrase_file, wish->module, &address,
					  fault);
	if (result == 0)
		result = pkcs11_module_open(&address, &module, &trouble, fault);
	if (result == 0)
		result = pkcs11_module_make(module, &address, &kind, fault);
	if (result == 0)
		result = request_for(module, &address, wish->subject, request, fault);
	pkcs11_address_deinit(&address);
	return result;
}

int key_make(const struct key_wish *wish, struct buffer *request, struct fault *fault)
{
	size_t algorithm = 0;
	int result = find_algorithm(wish->algorithm, &algorithm, fault);
	if (result == 0) /* before there is a key that nobody wants */
		result = csr_check_subject(wish->subject, fault);
	if (result < 0)
		return result;
	return strncmp(wish->key, CONF_PKCS11, strlen(CONF_PKCS11)) == 0
		       ? make_in_token(wish, algorithm, request, fault)
		       : make_in_file(wish, algorithm, request, fault);
}
