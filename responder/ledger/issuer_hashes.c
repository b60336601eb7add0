#include "ledger/issuer_hashes.h"

#include "ocsp/certificate.h"
#include "ocsp/der.h"

#include <errno.h>
#include <stdlib.h>

void issuer_hashes_deinit(struct issuer_hashes *hashes)
{
	free(hashes->encodings);
}

/* The next of the names, or an empty view after the last; the database has read each of them, so one
 * that cannot be read is no name of anybody's. */
static struct view next_name(struct cursor *c)
{
	struct view name = der_take_whole(c, DER_SEQUENCE);
	return name.size <= LIMIT_NAME ? name : (struct view){0};
}

static int hash_encodings(struct view names, struct view key, struct issuer_hashes *ret)
{
	size_t places = LIMIT_ISSUER_ENCODINGS * sizeof(*ret->encodings);
	if (names.size == 0)
		return 0;
	ret->encodings = calloc(1, places + names.size);
	if (!ret->encodings)
		return -ENOMEM;
	uint8_t *kept = (uint8_t *)ret->encodings + places;
	memcpy(kept, names.data, names.size);
	struct cursor c = cursor_of(view_of(kept, names.size));
	for (; ret->count < LIMIT_ISSUER_ENCODINGS; ret->count++) {
		struct issuer_encoding *encoding = &ret->encodings[ret->count];
		encoding->name = next_name(&c);
		if (encoding->name.size == 0)
			break;
		int result = ocsp_issuer_init(&encoding->hashes, encoding->name, key);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Registered with this certificate? Another one's that was put in its place speaks for nobody. */
static bool is_registered(const struct db_issuer *issuer, const struct ocsp_issuer *own)
{
	size_t size = ocsp_hash_size(OCSP_HASH_SHA256);
	const uint8_t *name = own->hashes[OCSP_HASH_SHA256 - 1].name;
	const uint8_t *key = own->hashes[OCSP_HASH_SHA256 - 1].key;
	return issuer->subject_hash.size == 0 ||
	       (view_equal(issuer->subject_hash, view_of(name, size)) &&
		view_equal(issuer->key_hash, view_of(key, size)));
}

int issuer_hashes_read(const struct db_issuer *issuer, struct issuer_hashes *ret,
		       struct fault *fault)
{
	struct certificate certificate;
	if (certificate_read(issuer->certificate, &certificate) != 0)
		return fault_set(fault, -EINVAL,
				 "issuer \"%s\": its certificate in the database cannot be read, "
				 "nothing is answered about it; register it again",
				 issuer->record.name);
	int result = ocsp_issuer_init(&ret->own, certificate.subject, certificate.key_bits);
	if (result == 0 && !is_registered(issuer, &ret->own))
		return fault_set(
			fault, -EINVAL,
			"issuer \"%s\": its certificate in the database is not of the subject "
			"and key that it was registered with, nothing is answered about it",
			issuer->record.name);
	if (result == 0)
		result = ocsp_issuer_identity(&ret->own, ret->identity);
	return result < 0 ? result : hash_encodings(issuer->names, certificate.key_bits, ret);
}
