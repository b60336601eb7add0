/* Slices of certificates: P-6, P-7; and every certificate that this system trusts. */
#include "unit.h"

#include "ocsp/certificate.h"

#include "dertext.h"
#include "pki.h"

#include <openssl/pem.h>

#define TRUSTED "/etc/ssl/certs/ca-certificates.crt"

#define ALGORITHM "30{06{2a864886f70d01010b}0500}"
#define NAME "30{31{30{06{550403}0c{41}}}}"
#define YEAR_2020 "17{3230303130313030303030305a}"
#define YEAR_2060 "18{32303630303130313030303030305a}"
#define VALIDITY "30{" YEAR_2020 YEAR_2060 "}"
#define KEY "30{" ALGORITHM "03{00 3030}}"
#define SIGNED(tbs) "30{30{" tbs "}" ALGORITHM "03{00 5a*8}}"
#define TBS_WITH(version, serial, validity, key, rest) \
	version "02{" serial "}" ALGORITHM NAME validity NAME key rest
#define V3 "a003020102"
#define CERT_WITH(serial, validity, rest) SIGNED(TBS_WITH(V3, serial, validity, KEY, rest))
#define CERT CERT_WITH("2a", VALIDITY, "")
#define EXTENSIONS(list) CERT_WITH("2a", VALIDITY, "a3{30{" list "}}")

struct read {
	struct view der;
	int result;
	struct certificate certificate;
};

static void read_deinit(struct read *read)
{
	der_text_free(&read->der);
}

static struct read read_text(const char *text)
{
	struct read read = {.der = der_text(text)};
	read.result = certificate_read(read.der, &read.certificate);
	return read;
}

#define READ(name, text) cleanup(read_deinit) struct read name = read_text(text)

static void assert_refused(const char *text)
{
	READ(read, text);
	assert_int_equal(read.result, CERTIFICATE_MALFORMED);
}

static void assert_readable(const char *text)
{
	READ(read, text);
	assert_int_equal(read.result, 0);
}

static void what_is_no_certificate_is_malformed(void **state)
{
	(void)state;
	assert_refused("");
	assert_refused("3000");
	assert_refused("30{30{}}");
	assert_refused("2d2d2d2d2d424547494e");
	assert_refused(CERT "00");
	assert_refused(CERT CERT);
	assert_refused("30{30{" TBS_WITH(V3, "2a", VALIDITY, KEY, "") "}" ALGORITHM "}");
	assert_refused("30{30{" TBS_WITH(V3, "2a", VALIDITY, KEY, "") "}" ALGORITHM "0300}");
}

static void every_truncation_is_malformed(void **state)
{
	(void)state;
	struct view der = der_text(EXTENSIONS("30{06{551d0e}04{0401aa}}"));
	struct certificate certificate;
	assert_int_equal(certificate_read(der, &certificate), 0);
	for (size_t size = 0; size < der.size; size++) {
		uint8_t *exact = malloc(size ? size : 1);
		memcpy(exact, der.data, size);
		assert_int_equal(certificate_read(view_of(exact, size), &certificate),
				 CERTIFICATE_MALFORMED);
		free(exact);
	}
	der_text_free(&der);
}

static void impossible_times_are_malformed(void **state)
{
	(void)state;
	assert_refused(CERT_WITH("2a", "30{" YEAR_2020 "}", ""));
	assert_refused(CERT_WITH("2a", "30{" YEAR_2020 YEAR_2060 YEAR_2060 "}", ""));
	assert_refused(CERT_WITH("2a", "30{" YEAR_2020 "16{3230303130313030303030305a}}", ""));
	assert_refused(CERT_WITH("2a", "30{" YEAR_2020 "17{3230313330313030303030305a}}", ""));
}

static void a_serial_without_octets_is_malformed(void **state)
{
	(void)state;
	assert_refused(CERT_WITH("", VALIDITY, ""));
}

static void fields_after_the_extensions_are_malformed(void **state)
{
	(void)state;
	assert_refused(CERT_WITH("2a", VALIDITY, "a3{30{}} 0500"));
	assert_refused(CERT_WITH("2a", VALIDITY, "0500"));
	assert_refused(EXTENSIONS("30{06{551d0e}}"));
}

/* CAs have issued them; whether to load them is the caller's business. */
static void odd_serials_are_given_as_they_are_p6(void **state)
{
	(void)state;
	READ(negative, CERT_WITH("ff7f", VALIDITY, ""));
	assert_int_equal(negative.result, 0);
	assert_int_equal(negative.certificate.serial.size, 2);
	READ(padded, CERT_WITH("000001", VALIDITY, ""));
	assert_int_equal(padded.certificate.serial.size, 3);
	READ(longest, CERT_WITH("7b*80", VALIDITY, ""));
	assert_int_equal(longest.certificate.serial.size, 80);
}

static void all_versions_are_read(void **state)
{
	(void)state;
	assert_readable(SIGNED(TBS_WITH("", "2a", VALIDITY, KEY, "")));
	assert_readable(SIGNED(TBS_WITH("a003020100", "2a", VALIDITY, KEY, "")));
	assert_readable(SIGNED(TBS_WITH("a003020101", "2a", VALIDITY, KEY, "8102005a 8202005a")));
	assert_readable(SIGNED(TBS_WITH("", "2a", VALIDITY, KEY, "a3{30{}}")));
	assert_refused(SIGNED(TBS_WITH("a003020103", "2a", VALIDITY, KEY, "")));
}

static void both_kinds_of_time_are_read(void **state)
{
	(void)state;
	READ(read, CERT);
	assert_int_equal(read.result, 0);
	assert_int_equal(read.certificate.not_before, INT64_C(1577836800));
	assert_int_equal(read.certificate.not_after, INT64_C(2840140800));
}

static void the_unused_bits_octet_is_no_part_of_the_key_p7(void **state)
{
	(void)state;
	READ(read, SIGNED(TBS_WITH(V3, "2a", VALIDITY, "30{" ALGORITHM "03{03 abc8}}", "")));
	static const uint8_t bits[] = {0xab, 0xc8};
	assert_int_equal(read.result, 0);
	assert_view_equal(read.certificate.key_bits, view_of(bits, 2));
	assert_refused(SIGNED(TBS_WITH(V3, "2a", VALIDITY, "30{" ALGORITHM "03{}}", "")));
	assert_refused(SIGNED(TBS_WITH(V3, "2a", VALIDITY, "30{" ALGORITHM "03{08ab}}", "")));
}

static void key_ids_are_found_and_may_be_missing(void **state)
{
	(void)state;
	READ(none, CERT);
	assert_int_equal(none.certificate.subject_key_id.size, 0);
	assert_int_equal(none.certificate.authority_key_id.size, 0);
	READ(both, EXTENSIONS("30{06{551d0f}010100 04{03020106}}" /* FALSE written out */
			      "30{06{551d0e}04{0402abcd}}"
			      "30{06{551d23}04{30{8003010203 a1{} 820101}}}"));
	assert_int_equal(both.result, 0);
	assert_int_equal(both.certificate.subject_key_id.size, 2);
	assert_int_equal(both.certificate.authority_key_id.size, 3);
}

static void odd_key_ids_count_as_none(void **state)
{
	(void)state;
	READ(odd, EXTENSIONS("30{06{551d0e}04{ff}}"
			     "30{06{551d23}04{30{a1{} 820101}}}"));
	assert_int_equal(odd.result, 0);
	assert_int_equal(odd.certificate.subject_key_id.size, 0);
	assert_int_equal(odd.certificate.authority_key_id.size, 0);
}

static void assert_same_octets(struct view ours, const uint8_t *theirs, int size)
{
	assert_true(size >= 0);
	assert_view_equal(ours, view_of(theirs, (size_t)size));
}

static void assert_same_names_and_key(const struct certificate *ours, X509 *theirs)
{
	uint8_t *der = NULL;
	int size = i2d_X509_NAME(X509_get_issuer_name(theirs), &der);
	assert_same_octets(ours->issuer, der, size);
	OPENSSL_free(der);
	der = NULL;
	size = i2d_X509_NAME(X509_get_subject_name(theirs), &der);
	assert_same_octets(ours->subject, der, size);
	OPENSSL_free(der);
	der = NULL;
	size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(theirs), &der);
	assert_same_octets(ours->spki, der, size);
	OPENSSL_free(der);
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(theirs);
	assert_same_octets(ours->key_bits, bits->data, bits->length);
}

static void assert_same_key_id(struct view ours, const ASN1_OCTET_STRING *theirs)
{
	if (theirs)
		assert_same_octets(ours, ASN1_STRING_get0_data(theirs), ASN1_STRING_length(theirs));
	else
		assert_int_equal(ours.size, 0);
}

static void assert_same_certificate(struct view der, X509 *theirs)
{
	struct certificate ours;
	if (certificate_read(der, &ours) != 0)
		fail_msg("%s is not read",
			 X509_NAME_oneline(X509_get_subject_name(theirs), NULL, 0));
	assert_view_equal(ours.der, der);
	assert_same_names_and_key(&ours, theirs);
	uint8_t *serial = NULL;
	int size = i2d_ASN1_INTEGER(X509_get_serialNumber(theirs), &serial);
	assert_same_octets(ours.serial, serial + 2, size - 2);
	OPENSSL_free(serial);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(theirs), ours.not_before), 0);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(theirs), ours.not_after), 0);
	assert_same_key_id(ours.subject_key_id, X509_get0_subject_key_id(theirs));
	assert_same_key_id(ours.authority_key_id, X509_get0_authority_key_id(theirs));
}

static void every_trusted_ca_is_read_as_openssl_reads_it_p7(void **state)
{
	(void)state;
	BIO *file = BIO_new_file(TRUSTED, "r");
	if (!file)
		fail_msg("%s: install the package ca-certificates", TRUSTED);
	unsigned count = 0;
	for (X509 *cert; (cert = PEM_read_bio_X509(file, NULL, NULL, NULL)); count++) {
		uint8_t *der = NULL;
		struct view bytes = pki_der(cert, &der);
		assert_same_certificate(bytes, cert);
		OPENSSL_free(der);
		X509_free(cert);
	}
	assert_true(count > 100);
	BIO_free(file);
}

static void certificates_with_utf8_names_are_read_as_openssl_reads_them_p7(void **state)
{
	(void)state;
	struct pki pki;
	pki_init(&pki);
	assert_same_certificate(pki.ca_view, pki.ca);
	assert_same_certificate(pki.signer_view, pki.signer);
	pki_deinit(&pki);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_certificate_is_malformed),
		cmocka_unit_test(every_truncation_is_malformed),
		cmocka_unit_test(impossible_times_are_malformed),
		cmocka_unit_test(a_serial_without_octets_is_malformed),
		cmocka_unit_test(fields_after_the_extensions_are_malformed),
		cmocka_unit_test(odd_serials_are_given_as_they_are_p6),
		cmocka_unit_test(all_versions_are_read),
		cmocka_unit_test(both_kinds_of_time_are_read),
		cmocka_unit_test(the_unused_bits_octet_is_no_part_of_the_key_p7),
		cmocka_unit_test(key_ids_are_found_and_may_be_missing),
		cmocka_unit_test(odd_key_ids_count_as_none),
		cmocka_unit_test(every_trusted_ca_is_read_as_openssl_reads_it_p7),
		cmocka_unit_test(certificates_with_utf8_names_are_read_as_openssl_reads_them_p7),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
