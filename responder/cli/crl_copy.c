#include "cli/crl_copy.h"

#include "base/timetext.h"
#include "tool/operand.h"

#include <inttypes.h>
#include <stdio.h>

/* The database refuses a revocation from the future; so much may clocks differ. */
#define FUTURE_SECONDS 60

#define OID(octets) view_of(octets, sizeof(octets) - 1)

struct copying {
	const struct crl_input *input;
	struct import_report *report;
	struct copy copy;
	struct crl_rows rows;
	uint64_t place; /* of the entry, from 1 */
	int64_t now;
};

static void copying_deinit(struct copying *copying)
{
	copy_deinit(&copying->copy);
}

/* Three are in the world (ANSI X9.57); what else there may be is one note, because each note is a statement. */
static const char *instruction(struct view oid)
{
	if (view_equal(oid, OID("\x2a\x86\x48\xce\x38\x02\x01")))
		return "holdInstruction none";
	if (view_equal(oid, OID("\x2a\x86\x48\xce\x38\x02\x02")))
		return "holdInstruction callIssuer";
	if (view_equal(oid, OID("\x2a\x86\x48\xce\x38\x02\x03")))
		return "holdInstruction reject";
	return "holdInstruction of another kind";
}

/* removeFromCRL is no state: in a full CRL, where it should not stand, it is taken as a hold, the only one that
 * can end. */
static int status_of(const struct crl_input *input, const struct crl_entry *entry)
{
	bool delta = input->crl.base_number.size > 0;
	if (entry->reason == CRL_REASON_REMOVE)
		return delta ? CERT_GOOD : CERT_HELD;
	return entry->reason == REASON_CERTIFICATE_HOLD ? CERT_HELD : CERT_REVOKED;
}

void crl_put_state(struct copy *copy, const struct crl_input *input, const struct crl_entry *entry)
{
	int status = status_of(input, entry);
	copy_put_int2(copy, status);
	if (status == CERT_HELD)
		copy_put_int2(copy, REASON_CERTIFICATE_HOLD);
	else if (status == CERT_REVOKED && reason_name((enum revocation_reason)entry->reason))
		copy_put_int2(copy, entry->reason);
	else
		copy_put_null(copy);
	copy_put_time(copy, entry->revoked_at);
	copy_put_time(copy, entry->invalidity_at < TIME_LEAST ? TIME_NONE : entry->invalidity_at);
}

static void put_note(struct copying *copying, const struct crl_entry *entry)
{
	if (entry->hold_instruction.size == 0) {
		copy_put_null(&copying->copy);
		return;
	}
	copy_put_bytes(&copying->copy, view_of_string(instruction(entry->hold_instruction)));
	copying->rows.instructs = true;
}

bool crl_date_stands(const struct crl_entry *entry, int64_t now)
{
	return entry->revoked_at >= TIME_LEAST && entry->revoked_at <= now + FUTURE_SECONDS;
}

/* True: the date stands. What else is certain of an entry is recorded whatever its date. */
static bool settle_dates(struct copying *copying, struct crl_entry *entry)
{
	if (!crl_date_stands(entry, copying->now)) {
		bool future = entry->revoked_at >= TIME_LEAST;
		import_note(copying->report, IMPORT_WARNING,
			    "%s: entry %" PRIu64 ": the revocation date is %s; as of now",
			    copying->input->place, copying->place,
			    future ? "in the future" : "before the year 1");
		entry->revoked_at = copying->now;
		return false;
	}
	return true;
}

static int put_row(struct copying *copying, struct crl_entry *entry, const struct serial *serial,
		   struct fault *fault)
{
	struct copy *copy = &copying->copy;
	bool dated = settle_dates(copying, entry);
	int result = copy_row(copy, 8, fault);
	if (result)
		return result;
	copy_put_int8(copy, (int64_t)copying->place);
	copy_put_bytes(copy, serial_view(serial));
	crl_put_state(copy, copying->input, entry);
	copy_put_bool(copy, dated);
	put_note(copying, entry);
	copying->rows.rows++;
	copying->rows.has_text = copying->rows.has_text || serial_is_wrong(serial, false);
	copying->rows.removes =
		copying->rows.removes || status_of(copying->input, entry) == CERT_GOOD;
	return 0;
}

static int put_entry(struct copying *copying, struct crl_entry *entry, struct fault *fault)
{
	struct serial serial;
	if (operand_serial_octets(entry->serial, &serial) < 0) {
		import_note(copying->report, IMPORT_PROBLEM,
			    "%s: entry %" PRIu64
			    ": the serial number is negative or over %u octets: no responder can "
			    "answer for it",
			    copying->input->place, copying->place, LIMIT_SERIAL);
		return 0;
	}
	return put_row(copying, entry, &serial, fault);
}

static int copy_entries(struct copying *copying, struct fault *fault)
{
	struct cursor entries = cursor_of(copying->input->crl.entries);
	struct crl_entry entry;
	int result = 0;
	while (result == 0 && crl_next(&entries, &entry)) {
		copying->place++;
		result = put_entry(copying, &entry, fault);
		progress_update(&copying->report->progress, copying->place, copying->place);
	}
	return result;
}

int crl_copy(struct database *database, const struct crl_input *input, int64_t now,
	     struct import_report *report, struct crl_rows *ret, struct fault *fault)
{
	cleanup(copying_deinit) struct copying copying = {
		.input = input, .report = report, .now = now};
	progress_deinit(&report->progress);
	progress_init(&report->progress, "entries", input->entries);
	int result = database_run(database, "TRUNCATE stillgood_import", fault);
	if (result == 0)
		result = copy_begin(&copying.copy, database,
				    "COPY stillgood_import FROM STDIN (FORMAT binary)", fault);
	if (result == 0)
		result = copy_entries(&copying, fault);
	if (result == 0)
		result = copy_end(&copying.copy, fault);
	if (result == 0)
		*ret = copying.rows;
	return result;
}
