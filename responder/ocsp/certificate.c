/* Certificate ::= SEQUENCE {
 *     tbsCertificate SEQUENCE {
 *         version [0] DEFAULT v1, serialNumber, signature, issuer, validity, subject,
 *         subjectPublicKeyInfo, issuerUniqueID [1], subjectUniqueID [2], extensions [3] },
 *     signatureAlgorithm, signatureValue BIT STRING }
 */
#include "ocsp/certificate.h"

#include "ocsp/der.h"
#include "ocsp/oid.h"

#define TAG_VERSION DER_CONTEXT_CONSTRUCTED(0)
#define TAG_ISSUER_UNIQUE_ID DER_CONTEXT(1)
#define TAG_SUBJECT_UNIQUE_ID DER_CONTEXT(2)
#define TAG_EXTENSIONS DER_CONTEXT_CONSTRUCTED(3)
#define TAG_KEY_IDENTIFIER DER_CONTEXT(0)

/* v1 written out happens, and so do extensions in what calls itself v1. */
static void read_version(struct cursor *tbs)
{
	if (der_peek(tbs) != TAG_VERSION)
		return;
	struct cursor version = der_enter(tbs, TAG_VERSION);
	struct view number = der_take(&version, DER_INTEGER);
	if (number.size != 1 || number.data[0] > 2)
		cursor_fail(&version);
	der_leave(tbs, &version);
}

static void read_validity(struct cursor *tbs, struct certificate *ret)
{
	struct cursor validity = der_enter(tbs, DER_SEQUENCE);
	ret->not_before = der_time(&validity);
	ret->not_after = der_time(&validity);
	der_leave(tbs, &validity);
}

/* A BIT STRING's value without its unused-bits octet. */
static struct view read_bits(struct cursor *c)
{
	struct cursor content = cursor_of(der_take(c, DER_BIT_STRING));
	if (cursor_u8(&content) > 7 || content.failed)
		cursor_fail(c);
	return content.rest;
}

static void read_key(struct cursor *tbs, struct certificate *ret)
{
	ret->spki = der_take_whole(tbs, DER_SEQUENCE);
	struct cursor whole = cursor_of(ret->spki);
	struct cursor key = der_enter(&whole, DER_SEQUENCE);
	(void)der_take(&key, DER_SEQUENCE);
	ret->key_bits = read_bits(&key);
	der_leave(tbs, &key);
}

/* The keyIdentifier of an AuthorityKeyIdentifier; without one, or malformed, there is none: it is a
 * hint, and nothing is trusted because of it. */
static struct view authority_key_id(struct view value)
{
	struct cursor content = cursor_of(value);
	struct cursor fields = der_enter(&content, DER_SEQUENCE);
	if (der_peek(&fields) != TAG_KEY_IDENTIFIER)
		return (struct view){0};
	return der_take(&fields, TAG_KEY_IDENTIFIER);
}

static struct view subject_key_id(struct view value)
{
	struct cursor content = cursor_of(value);
	return der_take(&content, DER_OCTET_STRING);
}

static void read_extension(struct cursor *list, struct certificate *ret)
{
	struct cursor extension = der_enter(list, DER_SEQUENCE);
	struct view oid = der_take(&extension, DER_OID);
	if (der_peek(&extension) == DER_BOOLEAN) /* FALSE written out happens */
		(void)der_take(&extension, DER_BOOLEAN);
	struct view value = der_take(&extension, DER_OCTET_STRING);
	der_leave(list, &extension);
	if (view_equal(oid, OID_AUTHORITY_KEY_ID))
		ret->authority_key_id = authority_key_id(value);
	else if (view_equal(oid, OID_SUBJECT_KEY_ID))
		ret->subject_key_id = subject_key_id(value);
	else if (view_equal(oid, OID_CT_POISON))
		ret->is_precertificate = true;
}

static void read_optional_fields(struct cursor *tbs, struct certificate *ret)
{
	if (der_peek(tbs) == TAG_ISSUER_UNIQUE_ID)
		(void)der_take(tbs, TAG_ISSUER_UNIQUE_ID);
	if (der_peek(tbs) == TAG_SUBJECT_UNIQUE_ID)
		(void)der_take(tbs, TAG_SUBJECT_UNIQUE_ID);
	if (der_peek(tbs) != TAG_EXTENSIONS)
		return;
	struct cursor wrapper = der_enter(tbs, TAG_EXTENSIONS);
	struct cursor list = der_enter(&wrapper, DER_SEQUENCE);
	while (list.rest.size > 0)
		read_extension(&list, ret);
	der_leave(&wrapper, &list);
	der_leave(tbs, &wrapper);
}

static void read_tbs(struct cursor *c, struct certificate *ret)
{
	ret->tbs = der_take_whole(c, DER_SEQUENCE);
	struct cursor whole = cursor_of(ret->tbs);
	struct cursor tbs = der_enter(&whole, DER_SEQUENCE);
	read_version(&tbs);
	ret->serial = der_take(&tbs, DER_INTEGER);
	if (ret->serial.size == 0)
		cursor_fail(&tbs);
	ret->algorithm = der_take_whole(&tbs, DER_SEQUENCE);
	ret->issuer = der_take_whole(&tbs, DER_SEQUENCE);
	read_validity(&tbs, ret);
	ret->subject = der_take_whole(&tbs, DER_SEQUENCE);
	read_key(&tbs, ret);
	read_optional_fields(&tbs, ret);
	der_leave(&whole, &tbs);
	if (cursor_end(&whole) < 0)
		cursor_fail(c);
}

/* The two AlgorithmIdentifiers are the same (RFC 5280, 4.1.1.2); where they are not, `algorithm` is
 * empty and nothing verifies. */
static void read_signature(struct cursor *fields, struct certificate *ret)
{
	struct view outer = der_take_whole(fields, DER_SEQUENCE);
	if (!view_equal(outer, ret->algorithm))
		ret->algorithm = (struct view){0};
	ret->signature = der_take(fields, DER_BIT_STRING);
	if (ret->signature.size == 0 || ret->signature.data[0] > 7)
		cursor_fail(fields);
}

int certificate_read(struct view der, struct certificate *ret)
{
	struct certificate certificate = {.der = der};
	struct cursor c = cursor_of(der);
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	read_tbs(&fields, &certificate);
	read_signature(&fields, &certificate);
	der_leave(&c, &fields);
	if (cursor_end(&c) < 0)
		return CERTIFICATE_MALFORMED;
	*ret = certificate;
	return 0;
}
