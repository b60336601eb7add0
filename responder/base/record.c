#include "base/record.h"

#include <errno.h>

int serial_set(struct serial *ret, struct view octets)
{
	if (octets.size == 0 || octets.size > LIMIT_SERIAL)
		return -EINVAL;
	/* DER: the first nine bits are neither all zero nor all one (X.690, 8.3.2). */
	if (octets.size > 1) {
		uint8_t first = octets.data[0], next = octets.data[1] & 0x80;
		if ((first == 0x00 && !next) || (first == 0xff && next))
			return -EINVAL;
	}
	ret->size = (uint8_t)octets.size;
	memcpy(ret->octets, octets.data, octets.size);
	return 0;
}

static bool is_written(uint8_t octet)
{
	return octet != 0 && strchr("0123456789ABCDEFabcdefXx: -\\", octet) != NULL;
}

/* P-6. Below 8 octets, real serials look like text too often. */
bool serial_is_wrong(const struct serial *serial, bool hashed)
{
	if (serial->octets[0] & 0x80)
		return true;
	if (serial->size < 8 || hashed)
		return false;
	for (size_t i = 0; i < serial->size; i++)
		if (!is_written(serial->octets[i]))
			return false;
	return true;
}

bool record_counts(const struct cert_record *record)
{
	if (record->status == CERT_WITHDRAWN)
		return false;
	return record->status != CERT_GOOD || !serial_is_wrong(&record->serial, record->hashed);
}

static const struct {
	enum revocation_reason reason;
	const char *name;
} reasons[] = {
	{REASON_UNSPECIFIED, "unspecified"},
	{REASON_KEY_COMPROMISE, "keyCompromise"},
	{REASON_CA_COMPROMISE, "cACompromise"},
	{REASON_AFFILIATION_CHANGED, "affiliationChanged"},
	{REASON_SUPERSEDED, "superseded"},
	{REASON_CESSATION_OF_OPERATION, "cessationOfOperation"},
	{REASON_CERTIFICATE_HOLD, "certificateHold"},
	{REASON_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn"},
	{REASON_AA_COMPROMISE, "aACompromise"},
};

const char *reason_name(enum revocation_reason reason)
{
	for (size_t i = 0; i < array_size(reasons); i++)
		if (reasons[i].reason == reason)
			return reasons[i].name;
	return NULL;
}

int reason_parse(struct view name, enum revocation_reason *ret)
{
	for (size_t i = 0; i < array_size(reasons); i++) {
		if (view_equal_nocase(name, view_of_string(reasons[i].name))) {
			*ret = reasons[i].reason;
			return 0;
		}
	}
	return -EINVAL;
}
