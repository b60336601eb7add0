/* Keys that anybody may have made, judged before anything is computed with them (P-15). */
#include "unit.h"

#include "base/limits.h"
#include "verifier/strength.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

static const char *fault_of(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(key, &der);
	assert_true(size > 0);
	const char *fault = strength_key_fault(view_of(der, (size_t)size));
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return fault;
}

/* A modulus of so many bits, of which nobody has a factor. */
static EVP_PKEY *rsa(int bits, const char *exponent, bool odd)
{
	BIGNUM *n = BN_new(), *e = NULL;
	EVP_PKEY *key = NULL;
	assert_int_equal(
		BN_rand(n, bits, BN_RAND_TOP_ONE, odd ? BN_RAND_BOTTOM_ODD : BN_RAND_BOTTOM_ANY),
		1);
	if (!odd)
		assert_int_equal(BN_clear_bit(n, 0), 1);
	assert_true(BN_hex2bn(&e, exponent) > 0);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e), 1);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	return key;
}

static void assert_fault(const char *fault, const char *expected)
{
	assert_non_null(fault);
	assert_non_null(strstr(fault, expected));
}

static void an_rsa_key_is_bounded_on_both_sides(void **state) /* P-15 */
{
	(void)state;
	assert_fault(fault_of(rsa(1024, "10001", true)), "less than 2048");
	assert_fault(fault_of(rsa(2040, "10001", true)), "less than 2048");
	assert_fault(fault_of(rsa(2047, "10001", true)), "less than 2048");
	assert_null(fault_of(rsa(2048, "10001", true)));
	assert_null(fault_of(rsa(3072, "10001", true)));
	assert_null(fault_of(rsa(4096, "10001", true)));
	assert_fault(fault_of(rsa(4097, "10001", true)), "more than 4096");
	assert_fault(fault_of(rsa(16384, "10001", true)), "more than 4096");
}

static void an_rsa_exponent_is_small_and_odd(void **state) /* P-15 */
{
	(void)state;
	assert_null(fault_of(rsa(2048, "3", true)));
	assert_null(fault_of(rsa(2048, "FFFFFFFF", true)));
	assert_fault(fault_of(rsa(2048, "100000001", true)), "32 bits");
	assert_fault(fault_of(rsa(2048, "10000", true)), "even");
	assert_fault(fault_of(rsa(2048, "1", true)), "1,");
	assert_fault(fault_of(rsa(2048, "10001", false)), "even");
}

static void only_named_curves_that_are_known_are_taken(void **state) /* P-15 */
{
	(void)state;
	static const char *const known[] = {
		"P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"};
	static const char *const unknown[] = {"P-224", "secp256k1", "sect571r1"};
	for (size_t i = 0; i < array_size(known); i++)
		assert_null(fault_of(EVP_EC_gen(known[i])));
	for (size_t i = 0; i < array_size(unknown); i++)
		assert_fault(fault_of(EVP_EC_gen(unknown[i])), "curve");
}

static void curves_of_ones_own_making_are_not_taken(void **state) /* P-15 */
{
	(void)state;
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"P-256"}, 5),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, (char[]){"explicit"}, 8),
		OSSL_PARAM_END,
	};
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(context, params), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	assert_fault(fault_of(key), "curve");
}

static void edwards_curves_are_taken_and_other_kinds_are_not(void **state) /* P-15 */
{
	(void)state;
	assert_null(fault_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")));
	assert_null(fault_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED448")));
	assert_fault(fault_of(EVP_PKEY_Q_keygen(NULL, NULL, "X25519")), "kind");
	/* DSA and DH: 1.2.840.10040.4.1, 1.2.840.113549.1.3.1 */
	static const uint8_t dsa[] = {0x30, 0x0f, 0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48,
				      0xce, 0x38, 0x04, 0x01, 0x03, 0x02, 0x00, 0x00};
	static const uint8_t dh[] = {0x30, 0x11, 0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
				     0xf7, 0x0d, 0x01, 0x03, 0x01, 0x03, 0x02, 0x00, 0x00};
	assert_fault(strength_key_fault(view_of(dsa, sizeof(dsa))), "kind");
	assert_fault(strength_key_fault(view_of(dh, sizeof(dh))), "kind");
}

static void a_key_cut_short_or_with_more_behind_it_is_malformed(void **state) /* P-15 */
{
	(void)state;
	EVP_PKEY *keys[] = {rsa(2048, "10001", true), EVP_EC_gen("P-256")};
	for (size_t i = 0; i < array_size(keys); i++) {
		unsigned char *der = NULL;
		int size = i2d_PUBKEY(keys[i], &der);
		assert_true(size > 0);
		for (int cut = 0; cut < size; cut++)
			assert_non_null(strength_key_fault(view_of(der, (size_t)cut)));
		uint8_t longer[1024] = {0};
		assert_true((size_t)size < sizeof(longer));
		memcpy(longer, der, (size_t)size);
		assert_fault(strength_key_fault(view_of(longer, (size_t)size + 1)), "malformed");
		OPENSSL_free(der);
		EVP_PKEY_free(keys[i]);
	}
}

/* A row a signature algorithm, by OpenSSL's name. */
static void weak_digests_are_not_worth_verifying(void **state) /* P-15 */
{
	(void)state;
	static const struct {
		const char *name;
		bool enough;
	} rows[] = {
		{"RSA-SHA1", false},   {"RSA-MD5", false},           {"ecdsa-with-SHA1", false},
		{"RSA-SHA224", false}, {"ecdsa-with-SHA224", false}, {"RSA-SHA256", true},
		{"RSA-SHA384", true},  {"ecdsa-with-SHA256", true},  {"ED25519", true},
		{"SHA256", false}, /* no signature algorithm */
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		X509_ALGOR *algorithm = X509_ALGOR_new();
		assert_int_equal(X509_ALGOR_set0(algorithm, OBJ_txt2obj(rows[i].name, 0),
						 V_ASN1_UNDEF, NULL),
				 1);
		if (strength_is_enough(algorithm) != rows[i].enough)
			fail_msg("%s", rows[i].name);
		X509_ALGOR_free(algorithm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_rsa_key_is_bounded_on_both_sides),
		cmocka_unit_test(an_rsa_exponent_is_small_and_odd),
		cmocka_unit_test(only_named_curves_that_are_known_are_taken),
		cmocka_unit_test(curves_of_ones_own_making_are_not_taken),
		cmocka_unit_test(weak_digests_are_not_worth_verifying),
		cmocka_unit_test(edwards_curves_are_taken_and_other_kinds_are_not),
		cmocka_unit_test(a_key_cut_short_or_with_more_behind_it_is_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
