#include "cli/index_file.h"

#include "tool/operand.h"

enum field { FIELD_TYPE, FIELD_EXPIRY, FIELD_REVOCATION, FIELD_SERIAL, FIELD_FILE, FIELD_SUBJECT };
#define FIELDS 6

/* For messages: as a precision and a pointer, so that a long field does not fill the line. */
#define SHOW(view) (int)((view).size > 80 ? 80 : (view).size), (const char *)(view).data

/* A tab after a backslash belongs to the field. */
static size_t field_end(struct view rest)
{
	for (size_t i = 0; i < rest.size; i++)
		if (rest.data[i] == '\t' && (i == 0 || rest.data[i - 1] != '\\'))
			return i;
	return rest.size;
}

static size_t split(struct view line, struct view fields[FIELDS])
{
	size_t count = 0;
	struct cursor c = cursor_of(line);
	for (;;) {
		struct view field = cursor_take(&c, field_end(c.rest));
		if (count < FIELDS)
			fields[count] = field;
		count++;
		if (c.rest.size == 0)
			return count;
		(void)cursor_u8(&c); /* the tab */
	}
}

static struct view take_until_comma(struct cursor *c)
{
	const uint8_t *comma = c->rest.size ? memchr(c->rest.data, ',', c->rest.size) : NULL;
	if (!comma)
		return cursor_take(c, c->rest.size);
	struct view part = cursor_take(c, (size_t)(comma - c->rest.data));
	(void)cursor_u8(c);
	return part;
}

/* keyTime and CAkeyTime: a compromise and the date from which on the key is suspect. */
static int read_compromise(struct view extra, enum revocation_reason reason,
			   struct index_entry *entry, struct fault *fault)
{
	entry->reason = reason;
	if (operand_asn1_time(extra, &entry->invalidity_at) < 0)
		return fault_set(fault, INDEX_DOUBTFUL, "invalidity date \"%.*s\" is no time",
				 SHOW(extra));
	return 0;
}

static int read_hold(struct view extra, struct index_entry *entry, struct fault *fault)
{
	entry->reason = REASON_CERTIFICATE_HOLD;
	if (extra.size == 0)
		return fault_set(fault, INDEX_DOUBTFUL,
				 "holdInstruction without its object identifier");
	entry->hold_instruction = extra;
	return 0;
}

static int read_reason(struct view name, struct view extra, struct index_entry *entry,
		       struct fault *fault)
{
	if (view_equal_nocase(name, view_of_string("keyTime")))
		return read_compromise(extra, REASON_KEY_COMPROMISE, entry, fault);
	if (view_equal_nocase(name, view_of_string("CAkeyTime")))
		return read_compromise(extra, REASON_CA_COMPROMISE, entry, fault);
	if (view_equal_nocase(name, view_of_string("holdInstruction")))
		return read_hold(extra, entry, fault);
	if (view_equal_nocase(name, view_of_string("removeFromCRL"))) {
		entry->reason = REASON_CERTIFICATE_HOLD;
		entry->removed_from_crl = true;
		return 0;
	}
	if (operand_reason(name, &entry->reason) < 0)
		return fault_set(fault, INDEX_DOUBTFUL, "unknown revocation reason \"%.*s\"",
				 SHOW(name));
	return 0;
}

/* Of two doubts the first is said. */
static int read_revocation(struct view field, struct index_entry *entry, struct fault *fault)
{
	struct cursor c = cursor_of(field);
	struct view date = take_until_comma(&c), reason = take_until_comma(&c), extra = c.rest;
	int result = reason.size > 0 ? read_reason(reason, extra, entry, fault) : 0;
	if (date.size == 0)
		return fault_set(fault, INDEX_DOUBTFUL, "revoked, but without a revocation date");
	if (operand_asn1_time(date, &entry->revoked_at) < 0)
		return fault_set(fault, INDEX_DOUBTFUL, "revocation date \"%.*s\" is no time",
				 SHOW(date));
	return result;
}

static int read_kind(struct view field, enum index_kind *ret, struct fault *fault)
{
	uint8_t letter = field.size == 1 ? field.data[0] : 0;
	if (letter == 'V')
		*ret = INDEX_VALID;
	else if (letter == 'R')
		*ret = INDEX_REVOKED;
	else if (letter == 'E')
		*ret = INDEX_EXPIRED;
	else
		return fault_set(fault, -EINVAL, "status \"%.*s\" is none of V, R and E",
				 SHOW(field));
	return 0;
}

static int read_serial(struct view field, struct index_entry *entry, struct fault *fault)
{
	if (field.size == 0)
		return fault_set(fault, -EINVAL, "the serial number is missing");
	if (field.data[0] == '-')
		return fault_set(
			fault, -EINVAL,
			"serial number \"%.*s\" is negative: no responder can answer for it",
			SHOW(field));
	if (operand_serial(field, &entry->serial) < 0)
		return fault_set(fault, -EINVAL,
				 "serial number \"%.*s\" is not a hexadecimal number of up to %u "
				 "octets",
				 SHOW(field), LIMIT_SERIAL);
	return 0;
}

/* When it expires matters little where it is revoked. */
static int read_fields(const struct view fields[FIELDS], struct index_entry *entry,
		       struct fault *fault)
{
	struct view expiry = fields[FIELD_EXPIRY];
	if (read_kind(fields[FIELD_TYPE], &entry->kind, fault) < 0 ||
	    read_serial(fields[FIELD_SERIAL], entry, fault) < 0)
		return -EINVAL;
	bool revoked = entry->kind == INDEX_REVOKED;
	int result = revoked ? read_revocation(fields[FIELD_REVOCATION], entry, fault) : 0;
	if (expiry.size > 0 && operand_asn1_time(expiry, &entry->not_after) < 0)
		return fault_set(fault, revoked ? INDEX_DOUBTFUL : -EINVAL,
				 "expiry date \"%.*s\" is no time", SHOW(expiry));
	if (!revoked && fields[FIELD_REVOCATION].size > 0)
		return fault_set(fault, -EINVAL, "has a revocation date, but is not marked R");
	return result;
}

int index_line_read(struct view line, struct index_entry *ret, struct fault *fault)
{
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	if (line.size == 0 || line.data[0] == '#')
		return INDEX_NOTHING;
	struct view fields[FIELDS];
	size_t count = split(line, fields);
	if (count != FIELDS)
		return fault_set(fault, -EINVAL, "%zu fields between tabs, not %d", count, FIELDS);
	struct index_entry entry = {
		.not_after = TIME_NONE,
		.revoked_at = TIME_NONE,
		.reason = REASON_NONE,
		.invalidity_at = TIME_NONE,
	};
	int result = read_fields(fields, &entry, fault);
	if (result >= 0)
		*ret = entry;
	return result;
}
