/* CRLs: every slice lies within the input, the entries end, and where OpenSSL reads the CRL too, it reads the same
 * numbers, times and entries. */
#include "ocsp/crl.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void expect_within(struct view slice, struct view whole)
{
	expect(slice.size == 0 ||
	       (slice.data >= whole.data && slice.data + slice.size <= whole.data + whole.size));
}

static void check_slices(const struct crl *crl, struct view whole)
{
	expect_within(crl->tbs, whole);
	expect_within(crl->algorithm, crl->tbs);
	expect_within(crl->signature, whole);
	expect_within(crl->issuer, crl->tbs);
	expect_within(crl->entries, crl->tbs);
	expect_within(crl->number, crl->tbs);
	expect_within(crl->base_number, crl->tbs);
	expect_within(crl->authority_key_id, crl->tbs);
	expect_within(crl->distribution, crl->tbs);
	expect_within(crl->unknown, crl->tbs);
}

static void check_entry(const struct crl_entry *ours, X509_REVOKED *theirs)
{
	uint8_t *der = NULL;
	int size = i2d_ASN1_INTEGER(X509_REVOKED_get0_serialNumber(theirs), &der);
	struct serial serial;
	if (serial_set(&serial, ours->serial) == 0) /* minimal, so nothing was written anew */
		expect(size >= 2 && view_equal(view_of(der + 2, (size_t)size - 2), ours->serial));
	OPENSSL_free(der);
	int critical = 0;
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(theirs, NID_crl_reason, &critical, NULL);
	if (reason)
		expect(ASN1_ENUMERATED_get(reason) == ours->reason);
	ASN1_ENUMERATED_free(reason);
}

/* Gives how many entries there are. */
static int check_entries(const struct crl *crl, STACK_OF(X509_REVOKED) * theirs)
{
	struct cursor entries = cursor_of(crl->entries);
	struct crl_entry entry;
	int count = 0;
	while (crl_next(&entries, &entry)) {
		expect_within(entry.serial, crl->entries);
		expect_within(entry.unknown, crl->entries);
		if (theirs && count < sk_X509_REVOKED_num(theirs))
			check_entry(&entry, sk_X509_REVOKED_value(theirs, count));
		count++;
	}
	return entries.failed ? -1 : count;
}

static void check_against(const struct crl *ours, X509_CRL *theirs)
{
	/* In the order of the file: as long as nobody has looked for one. */
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(theirs);
	int count = check_entries(ours, revoked);
	expect(count < 0 || count == (revoked ? sk_X509_REVOKED_num(revoked) : 0));
	uint8_t *der = NULL;
	int size = i2d_X509_NAME(X509_CRL_get_issuer(theirs), &der);
	expect(size >= 0 && view_equal(view_of(der, (size_t)size), ours->issuer));
	OPENSSL_free(der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crl crl;
	if (crl_read(view_of(data, size), &crl) != 0)
		return 0;
	check_slices(&crl, view_of(data, size));
	const uint8_t *at = data;
	X509_CRL *theirs = d2i_X509_CRL(NULL, &at, (long)size);
	if (theirs)
		check_against(&crl, theirs);
	else
		(void)check_entries(&crl, NULL);
	ERR_clear_error();
	X509_CRL_free(theirs);
	return 0;
}
