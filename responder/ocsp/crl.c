/* CertificateList ::= SEQUENCE {
 *     tbsCertList SEQUENCE {
 *         version INTEGER OPTIONAL, signature, issuer, thisUpdate, nextUpdate OPTIONAL,
 *         revokedCertificates SEQUENCE OF SEQUENCE {
 *             userCertificate INTEGER, revocationDate, crlEntryExtensions OPTIONAL } OPTIONAL,
 *         crlExtensions [0] OPTIONAL },
 *     signatureAlgorithm, signatureValue BIT STRING }
 */
#include "ocsp/crl.h"

#include "base/timetext.h"
#include "ocsp/der.h"
#include "ocsp/oid.h"

#define TAG_EXTENSIONS DER_CONTEXT_CONSTRUCTED(0)
#define TAG_KEY_IDENTIFIER DER_CONTEXT(0)

/* ---- what both levels have ---- */

static bool is_time(uint8_t tag)
{
	return tag == DER_UTC_TIME || tag == DER_GENERALIZED_TIME;
}

struct extension {
	struct view oid;
	bool critical;
	struct cursor value; /* content of extnValue */
};

static struct extension read_extension(struct cursor *list)
{
	struct extension extension = {0};
	struct cursor fields = der_enter(list, DER_SEQUENCE);
	extension.oid = der_oid(&fields);
	if (der_peek(&fields) == DER_BOOLEAN) /* FALSE written out happens */
		extension.critical = der_boolean(&fields);
	extension.value = cursor_of(der_take(&fields, DER_OCTET_STRING));
	der_leave(list, &fields);
	return extension;
}

/* The content of what is exactly one value of this tag. */
static struct view only(struct cursor *list, struct cursor *value, uint8_t tag)
{
	struct view content = der_take(value, tag);
	der_leave(list, value);
	return content;
}

/* Not negative, and not longer than RFC 5280, 5.2.3 allows. */
static struct view read_number(struct cursor *list, struct cursor *value)
{
	struct view number = only(list, value, DER_INTEGER);
	bool padded = number.size > 1 && number.data[0] == 0 && number.data[1] < 0x80;
	if (number.size == 0 || number.size > LIMIT_CRL_NUMBER || number.data[0] >= 0x80 || padded)
		cursor_fail(list);
	return number;
}

/* ---- the CRL's extensions ---- */

/* A BOOLEAN DEFAULT FALSE, implicit. */
static bool is_said(struct cursor *fields, struct view content)
{
	if (content.size != 1 || (content.data[0] != 0x00 && content.data[0] != 0xff)) {
		cursor_fail(fields);
		return false;
	}
	return content.data[0] == 0xff;
}

static void read_distribution_field(struct cursor *fields, const struct der_value *field,
				    unsigned *limits)
{
	static const unsigned said[] = {0, CRL_USER_ONLY, CRL_CA_ONLY,
					0, CRL_INDIRECT,  CRL_ATTRIBUTE_ONLY};
	unsigned number = field->tag & 0x1f;
	if (field->tag == DER_CONTEXT_CONSTRUCTED(0))
		return; /* where it is to be had */
	if (field->tag != DER_CONTEXT(number) || number == 0 || number >= array_size(said))
		cursor_fail(fields);
	else if (number == 3)
		*limits |= CRL_SOME_REASONS;
	else if (is_said(fields, field->content))
		*limits |= said[number];
}

/* IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0], onlyContainsUserCerts [1], onlyContainsCACerts [2],
 * onlySomeReasons [3], indirectCRL [4], onlyContainsAttributeCerts [5] }, in this order. */
static void read_distribution(struct cursor *list, struct cursor *value, struct crl *crl)
{
	crl->distribution = value->rest;
	struct cursor fields = der_enter(value, DER_SEQUENCE);
	int before = -1;
	while (fields.rest.size > 0) {
		struct der_value field = der_any(&fields);
		read_distribution_field(&fields, &field, &crl->limits);
		if ((field.tag & 0x1f) <= before)
			cursor_fail(&fields);
		before = field.tag & 0x1f;
	}
	der_leave(value, &fields);
	der_leave(list, value);
}

/* A hint: nothing is trusted because of it. */
static struct view key_identifier(struct cursor *value)
{
	struct cursor fields = der_enter(value, DER_SEQUENCE);
	if (der_peek(&fields) != TAG_KEY_IDENTIFIER)
		return (struct view){0};
	return der_take(&fields, TAG_KEY_IDENTIFIER);
}

static void read_crl_extension(struct cursor *list, struct extension *extension, struct crl *crl)
{
	struct view oid = extension->oid;
	if (view_equal(oid, OID_CRL_NUMBER) && crl->number.size == 0)
		crl->number = read_number(list, &extension->value);
	else if (view_equal(oid, OID_DELTA_CRL) && crl->base_number.size == 0)
		crl->base_number = read_number(list, &extension->value);
	else if (view_equal(oid, OID_DISTRIBUTION_POINT) && crl->distribution.size == 0)
		read_distribution(list, &extension->value, crl);
	else if (view_equal(oid, OID_AUTHORITY_KEY_ID))
		crl->authority_key_id = key_identifier(&extension->value);
	else if (view_equal(oid, OID_CRL_NUMBER) || view_equal(oid, OID_DELTA_CRL) ||
		 view_equal(oid, OID_DISTRIBUTION_POINT))
		cursor_fail(list); /* a second one */
	else if (extension->critical && crl->unknown.size == 0)
		crl->unknown = oid;
}

static void read_crl_extensions(struct cursor *tbs, struct crl *crl)
{
	if (der_peek(tbs) != TAG_EXTENSIONS)
		return;
	struct cursor wrapper = der_enter(tbs, TAG_EXTENSIONS);
	struct cursor list = der_enter(&wrapper, DER_SEQUENCE);
	while (list.rest.size > 0) {
		struct extension extension = read_extension(&list);
		read_crl_extension(&list, &extension, crl);
	}
	der_leave(&wrapper, &list);
	der_leave(tbs, &wrapper);
}

/* ---- the CRL ---- */

/* Version 1 leaves it out; version 2 is written as 1. */
static void read_version(struct cursor *tbs)
{
	if (der_peek(tbs) != DER_INTEGER)
		return;
	struct view number = der_take(tbs, DER_INTEGER);
	if (number.size != 1 || number.data[0] > 1)
		cursor_fail(tbs);
}

static void read_tbs(struct cursor *fields, struct crl *ret)
{
	ret->tbs = der_take_whole(fields, DER_SEQUENCE);
	struct cursor whole = cursor_of(ret->tbs);
	struct cursor tbs = der_enter(&whole, DER_SEQUENCE);
	read_version(&tbs);
	ret->algorithm = der_take_whole(&tbs, DER_SEQUENCE);
	ret->issuer = der_take_whole(&tbs, DER_SEQUENCE);
	ret->this_update = der_time(&tbs);
	ret->next_update = is_time(der_peek(&tbs)) ? der_time(&tbs) : TIME_NONE;
	if (der_peek(&tbs) == DER_SEQUENCE)
		ret->entries = der_take(&tbs, DER_SEQUENCE);
	read_crl_extensions(&tbs, ret);
	der_leave(&whole, &tbs);
	if (cursor_end(&whole) < 0)
		cursor_fail(fields);
}

int crl_read(struct view der, struct crl *ret)
{
	struct crl crl = {.der = der};
	struct cursor c = cursor_of(der);
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	read_tbs(&fields, &crl);
	if (!view_equal(der_take_whole(&fields, DER_SEQUENCE), crl.algorithm))
		crl.algorithm = (struct view){0};
	crl.signature = der_take(&fields, DER_BIT_STRING);
	if (crl.signature.size == 0 || crl.signature.data[0] > 7)
		cursor_fail(&fields);
	der_leave(&c, &fields);
	if (cursor_end(&c) < 0)
		return CRL_MALFORMED;
	*ret = crl;
	return 0;
}

/* ---- entries ---- */

static int read_reason(struct cursor *list, struct cursor *value)
{
	struct view content = only(list, value, DER_ENUMERATED);
	if (content.size == 1 && content.data[0] < 0x80)
		return content.data[0];
	cursor_fail(list);
	return REASON_NONE;
}

static int64_t read_invalidity(struct cursor *list, struct cursor *value)
{
	int64_t seconds = TIME_NONE;
	if (time_parse_generalized(only(list, value, DER_GENERALIZED_TIME), &seconds) < 0)
		cursor_fail(list);
	return seconds;
}

static void read_entry_extension(struct cursor *list, struct extension *extension,
				 struct crl_entry *entry)
{
	struct view oid = extension->oid;
	if (view_equal(oid, OID_REASON_CODE) && entry->reason == REASON_NONE)
		entry->reason = read_reason(list, &extension->value);
	else if (view_equal(oid, OID_INVALIDITY_DATE))
		entry->invalidity_at = read_invalidity(list, &extension->value);
	else if (view_equal(oid, OID_HOLD_INSTRUCTION))
		entry->hold_instruction = only(list, &extension->value, DER_OID);
	else if (view_equal(oid, OID_CERTIFICATE_ISSUER))
		entry->other_issuer = true;
	else if (view_equal(oid, OID_REASON_CODE))
		cursor_fail(list); /* a second one */
	else if (extension->critical && entry->unknown.size == 0)
		entry->unknown = oid;
}

bool crl_next(struct cursor *entries, struct crl_entry *ret)
{
	if (entries->failed || entries->rest.size == 0)
		return false;
	struct crl_entry entry = {.reason = REASON_NONE, .invalidity_at = TIME_NONE};
	struct cursor fields = der_enter(entries, DER_SEQUENCE);
	entry.serial = der_take(&fields, DER_INTEGER);
	if (entry.serial.size == 0)
		cursor_fail(&fields);
	entry.revoked_at = der_time(&fields);
	if (fields.rest.size > 0) {
		struct cursor list = der_enter(&fields, DER_SEQUENCE);
		while (list.rest.size > 0) {
			struct extension extension = read_extension(&list);
			read_entry_extension(&list, &extension, &entry);
		}
		der_leave(&fields, &list);
	}
	der_leave(entries, &fields);
	if (entries->failed)
		return false;
	*ret = entry;
	return true;
}
