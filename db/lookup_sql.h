/* What lookups say to PostgreSQL. */
#pragma once

#include "db/evidence.h"
#include "db/row.h"
#include "db/session.h"

/* One walk down the index for each key, at every size of the table and whatever its statistics. */
#define LOOKUP_SETUP(columns, joins)                                                               \
	DB_SESSION_SETUP DB_HISTORY_SETUP                                                          \
		"SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off;" \
		"SET enable_bitmapscan = off; SET enable_material = off;"                          \
		"PREPARE stillgood_lookup (int4[], bytea[]) AS"                                    \
		" WITH h AS MATERIALIZED (SELECT " DB_EVIDENCE_COLUMN DB_EVIDENCE_FROM ")"         \
		" SELECT h.*, k.ordinal, c.certificate_hash IS NOT "                               \
		"NULL, " DB_ROW_COLUMNS columns                                                    \
		" FROM h CROSS JOIN unnest($1, $2) WITH ORDINALITY AS k (issuer, serial, ordinal)" \
		" LEFT JOIN stillgood.certificate AS c"                                            \
		" ON c.issuer = k.issuer AND c.serial = k.serial" joins

#define LOOKUP_SETUP_PLAIN LOOKUP_SETUP("", "")
#define LOOKUP_SETUP_FACTS                                                                   \
	LOOKUP_SETUP(", " DB_FACTS_COLUMNS,                                                  \
		     " LEFT JOIN stillgood.crl AS l ON l.id = c.crl AND l.issuer = c.issuer" \
		     " LEFT JOIN stillgood.certificate_sct AS s"                             \
		     " ON s.issuer = c.issuer AND s.serial = c.serial")
