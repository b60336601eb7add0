/* What a database may send that is not ours any more: streams of COPY, rows, facts, issuers, evidence.
 * Whatever comes, only what the ledger's core is promised gets through (db/row.h), views stay within
 * the message, and what is refused says why.
 *
 *   octet 0  which columns;  then messages: a size of two octets and as many octets */
#include "base/timetext.h"
#include "db/copy.h"
#include "db/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

enum columns { COLUMNS_ROW, COLUMNS_ISSUER, COLUMNS_FACTS, COLUMNS_EVIDENCE, COLUMNS_KINDS };

static const unsigned widths[COLUMNS_KINDS] = {
	[COLUMNS_ROW] = DB_ROW_FIELDS,
	[COLUMNS_ISSUER] = DB_ISSUER_FIELDS,
	[COLUMNS_FACTS] = DB_FACTS_FIELDS,
	[COLUMNS_EVIDENCE] = DB_EVIDENCE_FIELDS,
};

struct reader {
	enum columns columns;
	struct view message; /* in which all views must be */
	struct db_beat beat;
};

static void check_inside(const struct reader *reader, struct view part)
{
	CHECK(part.size == 0 ||
	      (part.data >= reader->message.data &&
	       part.data + part.size <= reader->message.data + reader->message.size));
}

static bool time_fits(int64_t seconds)
{
	return seconds == TIME_NONE || (seconds >= TIME_LEAST && seconds <= TIME_MOST);
}

static void check_text(const struct fault *fault)
{
	CHECK(*fault->text && memchr(fault->text, 0, sizeof(fault->text)));
}

static void read_row(const struct db_field *fields)
{
	struct cert_record r;
	struct db_bad_row bad = {0};
	if (db_row_read(fields, &r, &bad) != 0) {
		check_text(&bad.fault);
		CHECK(!bad.keyed || (bad.key.issuer > 0 && bad.key.serial.size > 0 &&
				     bad.key.serial.size <= LIMIT_SERIAL));
		return;
	}
	struct serial minimal;
	CHECK(r.issuer > 0 && r.version > 0 && serial_set(&minimal, serial_view(&r.serial)) == 0);
	CHECK(status_says_revoked(r.status) == (r.revoked_at != TIME_NONE));
	CHECK((r.status == CERT_HELD) == (r.reason == REASON_CERTIFICATE_HOLD));
	CHECK(r.reason == REASON_NONE || (status_says_revoked(r.status) && reason_name(r.reason)));
	CHECK(time_fits(r.revoked_at) && time_fits(r.invalidity_at) && time_fits(r.not_after));
}

static void read_issuer(const struct reader *reader, const struct db_field *fields)
{
	struct db_issuer issuer = {0};
	struct fault fault = {""};
	if (db_issuer_read(fields, &issuer, &fault) != 0) {
		check_text(&fault);
		return;
	}
	CHECK(issuer.record.id > 0 && issuer.record.version > 0);
	CHECK(*issuer.record.name && strlen(issuer.record.name) <= LIMIT_ISSUER_NAME);
	CHECK(time_fits(issuer.record.revoked_at) && issuer.certificate.size > 0);
	check_inside(reader, issuer.certificate);
	check_inside(reader, issuer.names);
	CHECK(facts_fit(&issuer.crl)); /* P-30 */
	check_inside(reader, issuer.crl.crl_url);
	check_inside(reader, issuer.crl.crl_number);
}

static void read_facts(const struct reader *reader, const struct db_field *fields)
{
	struct cert_facts facts;
	db_facts_read(fields, &facts);
	CHECK(facts_fit(&facts)); /* P-30: what does not fit is left out */
	CHECK(facts_size(&facts) <= reader->message.size);
	check_inside(reader, facts.certificate_hash);
	check_inside(reader, facts.crl_url);
	check_inside(reader, facts.crl_number);
	check_inside(reader, facts.sct_list);
}

/* However the server's clocks go, proof is never younger than the question. */
static void read_evidence(struct reader *reader, const struct db_field *fields)
{
	static const struct moment sent = {.wall_us = 1800000000 * SECOND_US,
					   .mono_us = 1000 * SECOND_US};
	struct db_evidence evidence;
	if (db_evidence_read(fields, sent, &reader->beat, &evidence) == 0)
		CHECK(evidence.mono_us <= sent.mono_us);
}

static void take_row(void *context, const struct db_field *fields)
{
	struct reader *reader = context;
	for (unsigned i = 0; i < widths[reader->columns]; i++)
		if (!fields[i].null)
			check_inside(reader, fields[i].bytes);
	switch (reader->columns) {
	case COLUMNS_ROW:
		read_row(fields);
		break;
	case COLUMNS_ISSUER:
		read_issuer(reader, fields);
		break;
	case COLUMNS_FACTS:
		read_facts(reader, fields);
		break;
	case COLUMNS_EVIDENCE:
	case COLUMNS_KINDS:
		read_evidence(reader, fields);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(view_of(data, size));
	struct reader reader = {.columns = (enum columns)(cursor_u8(&in) % COLUMNS_KINDS)};
	struct db_copy copy = {.columns = widths[reader.columns]};
	while (!in.failed && in.rest.size > 0) {
		size_t next = cursor_u16(&in);
		reader.message = cursor_take(&in, next < in.rest.size ? next : in.rest.size);
		if (db_copy_message(&copy, reader.message, take_row, &reader) < 0)
			break;
	}
	return 0;
}
