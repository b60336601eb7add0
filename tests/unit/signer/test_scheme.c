/* What was signed wrongly never leaves (P-38). The library's two ways of signing are this program's own here:
 * they sign as ever, and then spoil every signature that is told to be. */
#include "pki.h"

#include "signer/scheme.h"

#include <dlfcn.h>

static bool spoil;

static void spoil_signature(unsigned char *signature, size_t size)
{
	if (spoil && signature)
		signature[size - 1] ^= 1;
}

int EVP_PKEY_sign(EVP_PKEY_CTX *context, unsigned char *signature, size_t *size,
		  const unsigned char *digest, size_t digest_size)
{
	int (*real)(EVP_PKEY_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);
	void *found = dlsym(RTLD_NEXT, "EVP_PKEY_sign");
	memcpy(&real, &found, sizeof(real));
	int result = real(context, signature, size, digest, digest_size);
	spoil_signature(signature, *size);
	return result;
}

int EVP_DigestSign(EVP_MD_CTX *context, unsigned char *signature, size_t *size,
		   const unsigned char *message, size_t message_size)
{
	int (*real)(EVP_MD_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);
	void *found = dlsym(RTLD_NEXT, "EVP_DigestSign");
	memcpy(&real, &found, sizeof(real));
	int result = real(context, signature, size, message, message_size);
	spoil_signature(signature, *size);
	return result;
}

static struct scheme *scheme_of(EVP_PKEY *key)
{
	struct scheme *scheme = NULL;
	const char *reason = "";
	spoil = false;
	if (scheme_new(key, key, SIGNATURE_AUTO, &scheme, &reason) != 0)
		fail_msg("%s", reason);
	return scheme;
}

static int sign(struct scheme *scheme)
{
	struct view signature;
	return scheme_sign(scheme, view_of_string("an answer"), &signature);
}

/* One fault while signing with CRT gives the key away (Boneh, DeMillo, Lipton): each is verified. */
static void no_wrong_rsa_signature_leaves(void **state)
{
	(void)state;
	EVP_PKEY *key = pki_key("RSA-2048");
	struct scheme *scheme = scheme_of(key);
	for (unsigned i = 0; i < 3; i++) {
		spoil = false;
		assert_int_equal(sign(scheme), 0);
		spoil = true;
		assert_int_equal(sign(scheme), -EKEYREJECTED);
	}
	scheme_free(scheme);
	EVP_PKEY_free(key);
}

/* Others are verified at the first and then now and then: a key that has gone bad is found out. */
static void a_key_that_goes_bad_is_found_out(void **state)
{
	(void)state;
	static const char *const kinds[] = {"P-256", "ED25519"};
	for (size_t i = 0; i < array_size(kinds); i++) {
		EVP_PKEY *key = pki_key(kinds[i]);
		struct scheme *scheme = scheme_of(key);
		spoil = true;
		assert_int_equal(sign(scheme), -EKEYREJECTED);
		spoil = false;
		assert_int_equal(sign(scheme), 0);
		spoil = true;
		unsigned passed = 1;
		for (; sign(scheme) == 0; passed++)
			assert_true(passed < SCHEME_VERIFY_ONE_IN);
		assert_int_equal(passed, SCHEME_VERIFY_ONE_IN);
		scheme_free(scheme);
		EVP_PKEY_free(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wrong_rsa_signature_leaves), /* P-38 */
		cmocka_unit_test(a_key_that_goes_bad_is_found_out), /* P-38 */
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
