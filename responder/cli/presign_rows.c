/* The rows that `presign` makes answers of: one snapshot, so that no row is newer than what the answers say of
 * their own age. */
#include "cli/presign.h"

#include "base/timetext.h"

#include <stdio.h>

#define ROWS_A_TIME "1000"

/* As db/evidence.h has it: on a primary the beginning of the transaction, which is before its snapshot; on a
 * standby the heartbeat; no later than the last look at another program's tables. */
static const char begin_query[] =
	"SELECT stillgood.seconds(least(CASE WHEN "
	"current_setting('transaction_read_only')::boolean "
	"THEN coalesce((SELECT b.beat_at FROM stillgood.heartbeat b), '-infinity') "
	"ELSE transaction_timestamp() END, "
	"(SELECT min(f.complete_at) FROM stillgood.followed f WHERE NOT f.live)))";

static const char issuer_query[] =
	"SELECT stillgood.seconds(i.revoked_at), i.reason, stillgood.seconds(i.crl_from), "
	"stillgood.seconds(i.crl_until), l.url, l.number, stillgood.seconds(l.issued_at) "
	"FROM stillgood.issuer AS i LEFT JOIN stillgood.crl AS l ON l.id = i.crl "
	"AND i.crl_from IS NOT NULL AND coalesce(i.crl_scopes, 1) = 1 WHERE i.id = $1";

enum {
	SERIAL,
	VERSION,
	STATUS,
	REASON,
	REVOKED_AT,
	INVALIDITY_AT,
	NOT_AFTER,
	HASHED,
	FACTS,
};
static const char rows_query[] =
	"SELECT c.serial, c.version, c.status, c.reason, stillgood.seconds(c.revoked_at), "
	"stillgood.seconds(c.invalidity_at), stillgood.seconds(c.not_after), "
	"c.certificate_hash IS NOT NULL, "
	"c.certificate_hash, l.url, l.number, stillgood.seconds(l.issued_at), s.list "
	"FROM stillgood.certificate AS c "
	"LEFT JOIN stillgood.crl AS l ON l.id = c.crl AND l.issuer = c.issuer "
	"LEFT JOIN stillgood.certificate_sct AS s ON s.issuer = c.issuer AND s.serial = c.serial "
	"WHERE c.issuer = $1 AND c.serial > $2::bytea ORDER BY c.serial LIMIT " ROWS_A_TIME;

static enum revocation_reason column_reason(const PGresult *rows, int row, int column)
{
	return PQgetisnull(rows, row, column)
		       ? REASON_NONE
		       : (enum revocation_reason)column_int(rows, row, column);
}

/* ---- the beginning ---- */

static int read_evidence(struct presign *p, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(&p->database, begin_query, 0, NULL, &rows, fault);
	if (result < 0)
		return result;
	if (PQgetisnull(rows, 0, 0))
		return fault_set(fault, -EAGAIN,
				 "no evidence how current the database is: on a standby, "
				 "stillgood.heartbeat() must be called on the primary");
	int64_t proven = column_int(rows, 0, 0);
	p->this_update = proven < p->now ? proven : p->now;
	return 0;
}

/* The number comes first: the octets of the address do not move it then. */
static int read_crl(struct presign *p, const PGresult *rows)
{
	buffer_reset(&p->crl_octets);
	p->crl = (struct cert_facts){0};
	if (!PQgetisnull(rows, 0, 5) && column_bytes(rows, 0, 5, &p->crl_octets) < 0)
		return -EINVAL;
	size_t number = p->crl_octets.size;
	if (!PQgetisnull(rows, 0, 4))
		buffer_put_string(&p->crl_octets, PQgetvalue(rows, 0, 4));
	if (buffer_result(&p->crl_octets) < 0)
		return -ENOMEM;
	struct view octets = buffer_view(&p->crl_octets);
	fact_set_octets(&p->crl, FACT_crl_number, view_of(octets.data, number));
	fact_set_octets(&p->crl, FACT_crl_url, view_of(octets.data + number, octets.size - number));
	if (!PQgetisnull(rows, 0, 6))
		fact_set_time(&p->crl, FACT_crl_time, column_int(rows, 0, 6));
	return 0;
}

static int read_issuer(struct presign *p, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	char id[16];
	const char *const values[] = {id};
	(void)snprintf(id, sizeof(id), "%d", p->issuer->record.id);
	int result = database_query(&p->database, issuer_query, 1, values, &rows, fault);
	if (result < 0)
		return result;
	p->record = p->issuer->record;
	p->record.revoked_at = column_time(rows, 0, 0);
	p->record.reason = column_reason(rows, 0, 1);
	p->record.crl_from = column_time(rows, 0, 2);
	p->record.crl_until = column_time(rows, 0, 3);
	return read_crl(p, rows);
}

/* For the bar alone. */
static int count_rows(struct presign *p, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	char id[16];
	const char *const values[] = {id};
	if (!p->report.progress.shown)
		return 0;
	(void)snprintf(id, sizeof(id), "%d", p->issuer->record.id);
	int result = database_query(&p->database,
				    "SELECT count(*) FROM stillgood.certificate WHERE issuer = $1",
				    1, values, &rows, fault);
	if (result == 0)
		p->report.progress.total = (uint64_t)column_int(rows, 0, 0);
	return result;
}

int presign_begin(struct presign *p, struct fault *fault)
{
	int result = database_run(&p->database, "BEGIN ISOLATION LEVEL REPEATABLE READ", fault);
	if (result == 0)
		result = read_evidence(p, fault);
	if (result == 0)
		result = registry_load(&p->database, &p->registry, fault);
	if (result == 0)
		result = registry_find_whole(&p->registry, p->section.name, &p->issuer, fault);
	if (result == 0)
		result = read_issuer(p, fault);
	return result == 0 ? count_rows(p, fault) : result;
}

/* ---- one row after the other ---- */

/* Room for all of them first, so that what points to them stays right. */
static int read_facts(const PGresult *rows, int row, struct presign_row *ret)
{
	size_t size = 1;
	for (int i = 0; i < FACT_COUNT; i++)
		size += (size_t)PQgetlength(rows, row, FACTS + i);
	buffer_reset(&ret->octets);
	ret->facts = (struct cert_facts){0};
	if (!buffer_reserve(&ret->octets, size))
		return -ENOMEM;
	for (int i = 0; i < FACT_COUNT; i++) {
		size_t before = ret->octets.size;
		if (PQgetisnull(rows, row, FACTS + i))
			continue;
		if (fact_is_time((enum fact)i)) {
			fact_set_time(&ret->facts, (enum fact)i, column_int(rows, row, FACTS + i));
			continue;
		}
		if (i == FACT_crl_url)
			buffer_put_string(&ret->octets, PQgetvalue(rows, row, FACTS + i));
		else if (column_bytes(rows, row, FACTS + i, &ret->octets) < 0)
			return -EINVAL;
		fact_set_octets(&ret->facts, (enum fact)i,
				view_of(ret->octets.data + before, ret->octets.size - before));
	}
	return 0;
}

static int read_serial(const PGresult *rows, int row, struct serial *ret)
{
	cleanup(buffer_deinit) struct buffer octets = {0};
	int result = column_bytes(rows, row, SERIAL, &octets);
	return result < 0 ? result : serial_set(ret, buffer_view(&octets));
}

static int read_row(const PGresult *rows, int row, int32_t issuer, struct presign_row *ret)
{
	struct cert_record *record = &ret->record;
	int64_t status = column_int(rows, row, STATUS);
	*record = (struct cert_record){
		.issuer = issuer,
		.version = column_int(rows, row, VERSION),
		.status = (enum cert_status)status,
		.reason = column_reason(rows, row, REASON),
		.revoked_at = column_time(rows, row, REVOKED_AT),
		.invalidity_at = column_time(rows, row, INVALIDITY_AT),
		.not_after = column_time(rows, row, NOT_AFTER),
		.hashed = *PQgetvalue(rows, row, HASHED) == 't',
	};
	int result = read_serial(rows, row, &record->serial);
	if (result < 0)
		return result;
	if (status < CERT_GOOD || status > CERT_WITHDRAWN ||
	    status_says_revoked(record->status) != (record->revoked_at != TIME_NONE))
		return -EINVAL;
	return read_facts(rows, row, ret);
}

/* One that cannot be understood is named, and nothing is said of it. */
static int take_rows(struct presign *p, const PGresult *rows, struct presign_row *place,
		     int (*take)(struct presign *, const struct presign_row *, struct fault *),
		     struct fault *fault)
{
	int result = 0;
	for (int row = 0; row < PQntuples(rows) && result == 0; row++) {
		int read = read_row(rows, row, p->issuer->record.id, place);
		p->counts.certificates++;
		if (read == -ENOMEM)
			result = fault_set(fault, read, "out of memory");
		else if (read < 0)
			import_note(&p->report, IMPORT_PROBLEM,
				    "serial %s: its row cannot be understood",
				    PQgetvalue(rows, row, SERIAL));
		else
			result = take(p, place, fault);
		progress_update(&p->report.progress, p->counts.certificates,
				p->counts.certificates);
	}
	return result;
}

int presign_each(struct presign *p,
		 int (*take)(struct presign *p, const struct presign_row *row, struct fault *fault),
		 struct fault *fault)
{
	struct presign_row row = {0};
	char id[16];
	cleanup(memory_freep) char *after = strdup("\\x");
	(void)snprintf(id, sizeof(id), "%d", p->issuer->record.id);
	int result = 0;
	for (bool more = true; more && result == 0;) {
		cleanup(result_clearp) PGresult *rows = NULL;
		const char *const values[] = {id, after};
		if (!after)
			result = fault_set(fault, -ENOMEM, "out of memory");
		else
			result = database_query(&p->database, rows_query, 2, values, &rows, fault);
		more = result == 0 && PQntuples(rows) > 0;
		if (!more)
			break;
		free(after);
		after = strdup(PQgetvalue(rows, PQntuples(rows) - 1, SERIAL));
		result = take_rows(p, rows, &row, take, fault);
	}
	buffer_deinit(&row.octets);
	return result;
}
