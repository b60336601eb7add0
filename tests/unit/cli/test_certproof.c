/* Who signed a certificate: what is said without OpenSSL's X509 is what X509_verify() says, for every
 * kind of key, and for none of the ways in which a signature may not hold. */
#include "signer/pki.h"

#include "cli/certproof.h"

#include <openssl/err.h>

struct made {
	EVP_PKEY *key;
	X509 *x509;
	uint8_t *der;
	size_t size;
};

/* Making an RSA key takes longer than all that is done with it. */
static EVP_PKEY *keep_key(const char *kind, bool other)
{
	static struct {
		const char *kind;
		EVP_PKEY *keys[2];
	} kept[8];
	for (size_t i = 0; i < array_size(kept); i++) {
		if (kept[i].kind && strcmp(kept[i].kind, kind) != 0)
			continue;
		kept[i].kind = kind;
		if (!kept[i].keys[other])
			kept[i].keys[other] = pki_key(kind);
		assert_int_equal(EVP_PKEY_up_ref(kept[i].keys[other]), 1);
		return kept[i].keys[other];
	}
	fail();
	return NULL;
}

static struct made make(const char *kind, const EVP_MD *digest)
{
	struct made made = {.key = keep_key(kind, false)};
	made.x509 = pki_certificate(&(struct pki_wish){
		.name = "CA", .key = made.key, .issuer_key = made.key, .digest = digest});
	int size = i2d_X509(made.x509, &made.der);
	assert_true(size > 0);
	made.size = (size_t)size;
	return made;
}

static void made_deinit(struct made *made)
{
	EVP_PKEY_free(made->key);
	X509_free(made->x509);
	OPENSSL_free(made->der);
}

static bool verifies(const struct made *made, EVP_PKEY *key)
{
	struct certificate certificate;
	bool verified = certificate_read(view_of(made->der, made->size), &certificate) == 0 &&
			certificate_is_signed_by(&certificate, key);
	assert_int_equal(ERR_peek_error(), 0);
	return verified;
}

static const struct {
	const char *kind;
	const EVP_MD *(*digest)(void); /* NULL: the key's own */
} signatures[] = {
	{"RSA-2048", EVP_sha256}, {"RSA-2048", EVP_sha1},     {"RSA-2048", EVP_sha512},
	{"P-256", EVP_sha256},    {"P-384", EVP_sha384},      {"P-256", EVP_sha512},
	{"ED25519", NULL},        {"RSASSA-PSS", EVP_sha256},
};

static struct made make_nth(size_t i)
{
	return make(signatures[i].kind, signatures[i].digest ? signatures[i].digest() : NULL);
}

static void whoever_signed_it_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(signatures); i++) {
		struct made made = make_nth(i);
		EVP_PKEY *other = keep_key(signatures[i].kind, true);
		assert_int_equal(X509_verify(made.x509, made.key), 1);
		assert_true(verifies(&made, made.key));
		assert_false(verifies(&made, other));
		assert_false(verifies(&made, NULL));
		EVP_PKEY_free(other);
		made_deinit(&made);
	}
}

static void a_key_of_another_kind_signed_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(signatures); i++) {
		struct made made = make_nth(i);
		const char *kind = strcmp(signatures[i].kind, "P-256") == 0 ? "RSA-2048" : "P-256";
		EVP_PKEY *other = keep_key(kind, false);
		assert_false(verifies(&made, other));
		EVP_PKEY_free(other);
		made_deinit(&made);
	}
}

/* Each octet of the whole certificate counts; of those whose verification takes long, some are tried. */
static void no_octet_may_be_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(signatures); i++) {
		struct made made = make_nth(i);
		size_t step = strcmp(signatures[i].kind, "P-384") == 0 ? 23 : i % 3 ? 7 : 1;
		for (size_t at = 0; at < made.size; at += step) {
			made.der[at] ^= 1;
			assert_false(verifies(&made, made.key));
			made.der[at] ^= 1;
		}
		assert_true(verifies(&made, made.key));
		made_deinit(&made);
	}
}

/* RFC 5280, 4.1.1.2: what is said outside is what was signed. */
static void two_algorithms_in_one_certificate_verify_nothing(void **state)
{
	(void)state;
	struct made made = make("RSA-2048", EVP_sha256());
	struct certificate certificate;
	assert_int_equal(certificate_read(view_of(made.der, made.size), &certificate), 0);
	uint8_t *outer = (uint8_t *)(uintptr_t)(certificate.tbs.data + certificate.tbs.size);
	assert_memory_equal(outer, certificate.algorithm.data, certificate.algorithm.size);
	outer[certificate.algorithm.size - 3] = 12; /* sha512WithRSAEncryption */
	assert_false(verifies(&made, made.key));
	made_deinit(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_signed_it_is_found),
		cmocka_unit_test(a_key_of_another_kind_signed_nothing),
		cmocka_unit_test(no_octet_may_be_another),
		cmocka_unit_test(two_algorithms_in_one_certificate_verify_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
