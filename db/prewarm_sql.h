/* What a filling of the memory says to PostgreSQL (prewarm.h). */
#pragma once

#include "db/session.h"

/* Pages of the table and of its key; is the extension here; does a range of pages read only these; which server,
 * since when. */
#define PREWARM_PLAN_QUERY                                                        \
	"SELECT pg_relation_size('stillgood.certificate') / s.block, "            \
	"pg_relation_size('stillgood.certificate_pkey') / s.block, "              \
	"EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_prewarm'), " \
	"current_setting('server_version_num')::integer >= 140000, "              \
	"(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint "     \
	"FROM (SELECT current_setting('block_size')::bigint AS block) AS s"
enum {
	PREWARM_PLAN_TABLE,
	PREWARM_PLAN_KEY,
	PREWARM_PLAN_EXTENSION,
	PREWARM_PLAN_RANGES,
	PREWARM_PLAN_SERVER,
	PREWARM_PLAN_FIELDS
};

/* The last entry of a portion of the key; no row: the rest was no whole portion, and was read. */
#define PREWARM_KEY_QUERY                                                             \
	"SELECT c.issuer, c.serial FROM stillgood.certificate AS c WHERE (c.issuer, " \
	"c.serial) > ($1, $2) ORDER BY c.issuer, c.serial OFFSET $3 LIMIT 1"
enum { PREWARM_KEY_ISSUER, PREWARM_KEY_SERIAL, PREWARM_KEY_FIELDS };

/* Pages from … to, both included. */
#define PREWARM_BY_EXTENSION                                                    \
	"SELECT pg_prewarm('stillgood.%s'::pg_catalog.regclass, 'read'::text, " \
	"'main'::text, %" PRIu64 "::bigint, %" PRIu64 "::bigint)"
#define PREWARM_BY_RANGE                                                           \
	"SELECT count(c.version) FROM stillgood.certificate AS c WHERE c.ctid >= " \
	"'(%" PRIu64 ",0)'::tid AND c.ctid <= '(%" PRIu64 ",65535)'::tid"

/* The extension may be in any schema; what is asked for by its name here is pg_prewarm() alone, and of
 * exactly its types. */
#define PREWARM_SETUP                                                                \
	DB_SESSION_SETUP "SET enable_seqscan = off; SET enable_bitmapscan = off; "   \
			 "SELECT set_config('search_path', 'pg_catalog, ' || "       \
			 "quote_ident(n.nspname) || ', pg_temp', false) "            \
			 "FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = " \
			 "e.extnamespace WHERE e.extname = 'pg_prewarm';"            \
			 "PREPARE stillgood_plan AS " PREWARM_PLAN_QUERY ";"         \
			 "PREPARE stillgood_key (int4, bytea, int8) AS " PREWARM_KEY_QUERY
