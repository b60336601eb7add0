/* What lookups say to PostgreSQL. */
#pragma once

#include "db/evidence.h"
#include "db/row.h"
#include "db/session.h"

/* One walk down the index for each key, at every size of the table and whatever its statistics. */
#define LOOKUP_STATEMENT(name, columns, joins)                                             \
	"PREPARE " name " (int4[], bytea[]) AS"                                            \
	" WITH h AS MATERIALIZED (SELECT " DB_EVIDENCE_COLUMN DB_EVIDENCE_FROM ")"         \
	" SELECT h.*, k.ordinal, c.certificate_hash IS NOT "                               \
	"NULL, " DB_ROW_COLUMNS columns                                                    \
	" FROM h CROSS JOIN unnest($1, $2) WITH ORDINALITY AS k (issuer, serial, ordinal)" \
	" LEFT JOIN stillgood.certificate AS c"                                            \
	" ON c.issuer = k.issuer AND c.serial = k.serial" joins

/* What the second statement brings more: only while it is needed (ledger/proving.h), because whoever locks the
 * issuers locks it out. */
#define LOOKUP_ISSUER_VERSION ", CASE WHEN i.revoked_at IS NULL THEN i.version END"
#define LOOKUP_ISSUER_JOIN " LEFT JOIN stillgood.issuer AS i ON i.id = k.issuer"

#define LOOKUP_SESSION                                                                             \
	DB_SESSION_SETUP DB_HISTORY_SETUP                                                          \
		"SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off;" \
		"SET enable_bitmapscan = off; SET enable_material = off;"
#define LOOKUP_SETUP(columns, joins)                                           \
	LOOKUP_SESSION                                                         \
	LOOKUP_STATEMENT("stillgood_lookup", columns, joins)                   \
	";" LOOKUP_STATEMENT("stillgood_proof", columns LOOKUP_ISSUER_VERSION, \
			     joins LOOKUP_ISSUER_JOIN)

#define LOOKUP_SETUP_PLAIN LOOKUP_SETUP("", "")
#define LOOKUP_SETUP_FACTS                                                                   \
	LOOKUP_SETUP(", " DB_FACTS_COLUMNS,                                                  \
		     " LEFT JOIN stillgood.crl AS l ON l.id = c.crl AND l.issuer = c.issuer" \
		     " LEFT JOIN stillgood.certificate_sct AS s"                             \
		     " ON s.issuer = c.issuer AND s.serial = c.serial")
