/* Rows in PostgreSQL's binary format → records. Pure: bytes in, records out; strict, because a row
 * that was corrupted must be named, never guessed at (doc/faults.md row 15). */
#pragma once

#include "base/result.h"
#include "db/types.h"

/* One column's value as it arrived. */
struct db_field {
	bool null;
	struct view bytes;
};

/* The columns of one state, of a table with the alias c: what db_row_read() takes, in this order. */
#define DB_ROW_COLUMNS                                                      \
	"c.issuer, c.serial, c.version, c.status, c.reason, c.revoked_at, " \
	"c.invalidity_at, c.not_after"
#define DB_ROW_FIELDS 8
/* What db_hold_read() takes: version, revoked_at and invalidity_at of a hold, or NULLs. */
#define DB_HOLD_FIELDS 3

/* The same for issuers, alias i. Names are DER, which says where each of them ends. After them: is the
 * certificate that of the row's subject and key? Where it is not, somebody has put another CA's there,
 * past the triggers. At the end the facts of the CRL, where one alone is about all its certificates. */
#define DB_ISSUER_CRL(column)                                                       \
	"CASE WHEN i.crl_from IS NOT NULL AND coalesce(i.crl_scopes, 1) = 1 THEN (" \
	"SELECT k." column " FROM stillgood.crl AS k WHERE k.id = i.crl) END"
#define DB_ISSUER_COLUMNS                                                         \
	"i.id, i.name, i.version, i.revoked_at, i.reason, i.certificate, "        \
	"i.subject_hash, i.key_hash, "                                            \
	"CASE WHEN i.names > 1 THEN (SELECT string_agg(n.name, '' ORDER BY"       \
	" n.added_at, n.name_hash) FROM stillgood.issuer_name AS n"               \
	" WHERE n.issuer = i.id) END, CASE WHEN i.id IS NOT NULL THEN ("          \
	"SELECT sha256(p.subject) = i.subject_hash AND sha256(p.key) ="           \
	" i.key_hash FROM stillgood.certificate_parts(i.certificate) AS p) END, " \
	"i.crl_from, i.crl_until, i.presigned, i.presigned_from, "                \
	"i.presigned_until, " DB_ISSUER_CRL("url") ", " DB_ISSUER_CRL(            \
		"number") ", " DB_ISSUER_CRL("issued_at")
#define DB_ISSUER_FIELDS 18

/* Of the tables with the aliases c, l (crl) and s (certificate_sct): what db_facts_read() takes, in
 * the order of FACT_ROWS (base/facts.h). */
#define DB_FACTS_COLUMNS "c.certificate_hash, l.url, l.number, l.issued_at, s.list"
#define DB_FACTS_FIELDS FACT_COUNT

/* What is known of a row that cannot be understood. */
struct db_bad_row {
	bool keyed; /* issuer and serial were readable */
	struct db_key key;
	struct fault fault;
};

/* A positive result. */
#define DB_ROW_BAD 1

/* 0 or DB_ROW_BAD. A not_after of `infinity` becomes TIME_NONE: it never passes. Fractions of a
 * second are cut off. */
must_check int db_row_read(const struct db_field fields[DB_ROW_FIELDS], struct cert_record *ret,
			   struct db_bad_row *bad);
/* One that cannot be understood is none. */
struct hold db_hold_read(const struct db_field fields[DB_HOLD_FIELDS]);
/* What does not fit (the tables' constraints let nothing such in) is left out, as if it were NULL: no
 * fact is worth an answer. Points into the fields. */
void db_facts_read(const struct db_field fields[DB_FACTS_FIELDS], struct cert_facts *ret);
/* The certificate, the hashes, the names and the CRL's facts point into the fields. 0, or DB_ROW_BAD: then only ret->record.id is set,
 * where it can be read. */
must_check int db_issuer_read(const struct db_field fields[DB_ISSUER_FIELDS], struct db_issuer *ret,
			      struct fault *fault);

/* Single values. 0 or DB_ROW_BAD: NULL, or not of the type's size. */
must_check int db_read_bool(const struct db_field *field, bool *ret);
must_check int db_read_u64(const struct db_field *field, uint64_t *ret);
/* timestamptz as microseconds since 1970. Infinite, or of a year that no answer can say: DB_ROW_BAD. */
must_check int db_read_time_us(const struct db_field *field, int64_t *ret);
