/* Who an issuer is: P-7, P-8, P-9. */
#include "unit.h"

#include "ocsp/certificate.h"
#include "ocsp/issuer.h"

#include "pki.h"

#include <openssl/ocsp.h>

static struct pki pki;

static int setup(void **state)
{
	(void)state;
	pki_init(&pki);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_deinit(&pki);
	return 0;
}

static struct ocsp_issuer issuer_of(X509 *cert)
{
	uint8_t *der = NULL;
	struct certificate slices;
	struct ocsp_issuer issuer;
	assert_int_equal(certificate_read(pki_der(cert, &der), &slices), 0);
	assert_int_equal(ocsp_issuer_init(&issuer, slices.subject, slices.key_bits), 0);
	OPENSSL_free(der);
	return issuer;
}

/* The CertID that a client makes for a certificate of `issuer`; its bytes are the caller's. */
static struct ocsp_certid ask(X509 *issuer, const EVP_MD *md, uint8_t **der)
{
	OCSP_CERTID *id =
		OCSP_cert_id_new(md, X509_get_subject_name(issuer), X509_get0_pubkey_bitstr(issuer),
				 X509_get0_serialNumber(pki.signer));
	int size = i2d_OCSP_CERTID(id, der);
	struct ocsp_certid certid;
	assert_int_equal(ocsp_certid_parse(view_of(*der, (size_t)size), &certid), 0);
	OCSP_CERTID_free(id);
	return certid;
}

static bool matches(X509 *known, X509 *asked, const EVP_MD *md)
{
	uint8_t *der = NULL;
	struct ocsp_issuer issuer = issuer_of(known);
	struct ocsp_certid certid = ask(asked, md, &der);
	bool match = ocsp_issuer_matches(&issuer, &certid);
	OPENSSL_free(der);
	return match;
}

static void another_key_under_the_same_name_is_another_issuer_p8(void **state)
{
	(void)state;
	X509 *rekeyed = pki_certificate(pki.signer_key, "認証局 CA", NULL, 3);
	X509_sign(rekeyed, pki.signer_key, EVP_sha256());
	assert_false(matches(pki.ca, rekeyed, EVP_sha1()));
	assert_false(matches(pki.ca, rekeyed, EVP_sha512()));
	X509_free(rekeyed);
}

static void another_name_with_the_same_key_is_another_issuer_p8(void **state)
{
	(void)state;
	X509 *renamed = pki_certificate(pki.ca_key, "認証局 CA 2", NULL, 3);
	X509_sign(renamed, pki.ca_key, EVP_sha256());
	assert_false(matches(pki.ca, renamed, EVP_sha1()));
	assert_false(matches(pki.ca, renamed, EVP_sha384()));
	X509_free(renamed);
}

/* The hashes of one algorithm under the name of another of the same size, and of none we know. */
static void a_hash_is_compared_under_its_own_algorithm_only_p9(void **state)
{
	(void)state;
	uint8_t *der = NULL;
	struct ocsp_issuer issuer = issuer_of(pki.ca);
	struct ocsp_certid certid = ask(pki.ca, EVP_sha256(), &der);
	assert_true(ocsp_issuer_matches(&issuer, &certid));
	certid.hash = OCSP_HASH_OTHER;
	assert_false(ocsp_issuer_matches(&issuer, &certid));
	certid.hash = OCSP_HASH_SHA1;
	assert_false(ocsp_issuer_matches(&issuer, &certid));
	OPENSSL_free(der);
	assert_false(matches(pki.ca, pki.ca, EVP_sha224()));
}

static void openssls_certids_match_with_each_hash_p7_p9(void **state)
{
	(void)state;
	const EVP_MD *const hashes[] = {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()};
	for (size_t i = 0; i < array_size(hashes); i++)
		assert_true(matches(pki.ca, pki.ca, hashes[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_key_under_the_same_name_is_another_issuer_p8),
		cmocka_unit_test(another_name_with_the_same_key_is_another_issuer_p8),
		cmocka_unit_test(a_hash_is_compared_under_its_own_algorithm_only_p9),
		cmocka_unit_test(openssls_certids_match_with_each_hash_p7_p9),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
