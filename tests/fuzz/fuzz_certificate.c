/* Certificates: every slice lies within the input, and where OpenSSL reads the certificate too, it
 * reads the same serial, names and key. */
#include "ocsp/certificate.h"

#include <openssl/err.h>
#include <openssl/x509.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct view slice, struct view whole)
{
	if (slice.size > 0 &&
	    (slice.data < whole.data || slice.data + slice.size > whole.data + whole.size))
		abort();
}

static void check_slices(const struct certificate *certificate, struct view whole)
{
	check_within(certificate->der, whole);
	check_within(certificate->serial, whole);
	check_within(certificate->issuer, whole);
	check_within(certificate->subject, whole);
	check_within(certificate->spki, whole);
	check_within(certificate->key_bits, certificate->spki);
	check_within(certificate->authority_key_id, whole);
	check_within(certificate->subject_key_id, whole);
}

/* Frees what OpenSSL encoded. */
static void check_same(struct view ours, uint8_t *theirs, int size, int skip)
{
	if (size < skip || !view_equal(view_of(theirs + skip, (size_t)(size - skip)), ours))
		abort();
	OPENSSL_free(theirs);
}

static void check_against(const struct certificate *ours, X509 *theirs)
{
	uint8_t *der = NULL;
	int size = i2d_X509_NAME(X509_get_issuer_name(theirs), &der);
	check_same(ours->issuer, der, size, 0);
	der = NULL;
	size = i2d_X509_NAME(X509_get_subject_name(theirs), &der);
	check_same(ours->subject, der, size, 0);
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(theirs);
	if ((bits->flags & 7) == 0 &&
	    !view_equal(ours->key_bits, view_of(bits->data, (size_t)bits->length)))
		abort();
	der = NULL;
	size = i2d_ASN1_INTEGER(X509_get0_serialNumber(theirs), &der);
	if (ours->serial.size < 0x80)
		check_same(ours->serial, der, size, 2);
	else
		OPENSSL_free(der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificate certificate;
	if (certificate_read(view_of(data, size), &certificate) != 0)
		return 0;
	check_slices(&certificate, view_of(data, size));
	const uint8_t *at = data;
	X509 *theirs = d2i_X509(NULL, &at, (long)size);
	if (theirs)
		check_against(&certificate, theirs);
	ERR_clear_error();
	X509_free(theirs);
	return 0;
}
