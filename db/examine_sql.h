/* Is the schema still what the responder relies on (doc/faults.md rows 38–40)? Triggers write the log that
 * is followed; whoever switches them off, hides rows or replaces a function leaves a trace in the catalogs,
 * even if nothing in the rows does. Asked at each load, every quarter of a minute beside the polls, and
 * by `stillgood check`.
 *
 * Rows: is it vital, and a sentence. Vital: what the feed tells may not be whole, so nothing counts until it
 * is mended. Functions are told by a digest of their text and properties, which is that of our own
 * migrations; a test holds the two together. */
#pragma once

#include "db/row.h"

#include <libpq-fe.h>

/* Log rows, marks of trimming, or on a standby a heartbeat, of transactions that this cluster has not
 * reached: they came with a dump of another one, and numbers that are still to come would be taken for
 * theirs. Of the tables with the aliases b (heartbeat) and t (change_log_trim). */
#define DB_LOG_IS_FOREIGN                                                           \
	"(EXISTS (SELECT FROM stillgood.change_log AS l"                            \
	" WHERE l.xid >= pg_snapshot_xmax(pg_current_snapshot()))"                  \
	" OR coalesce(t.highest >= pg_snapshot_xmax(pg_current_snapshot()), false)" \
	" OR coalesce(current_setting('transaction_read_only')::boolean AND"        \
	" pg_snapshot_xmax(b.snapshot) > pg_snapshot_xmax(pg_current_snapshot()), false))"

#define DB_FOREIGN_LOG                                                         \
	"database: its change log comes from another server (restored from a " \
	"dump): run `stillgood db upgrade` to clear it"

#define DB_EXAMINE_TABLES                                                            \
	"('certificate'), ('issuer'), ('issuer_name'), ('change_log'), "             \
	"('change_log_trim'), ('heartbeat'), ('followed'), ('crl'), ('crl_scope'), " \
	"('certificate_sct')"

#define DB_EXAMINE_FUNCTIONS                                  \
	"('certificate_after_insert', '9834d1e42e69f428'), "  \
	"('certificate_after_update', '191b4e56fca8aed1'), "  \
	"('certificate_before_update', 'e81a2de9293fa448'), " \
	"('certificate_parts', '0c57dec0909beb3e'), "         \
	"('change_log_after_delete', '0d03c531ab30e0d2'), "   \
	"('crl_scope_after_change', '8939c937b81e73eb'), "    \
	"('der_element', '20d5833e8f6b5f08'), "               \
	"('follow_row', 'ed23016a758f3ee2'), "                \
	"('heartbeat', '80c1d5d4b9345854'), "                 \
	"('issuer_after_change', '9c35c232853bcea8'), "       \
	"('issuer_before_update', 'c74c2bc2384b1661'), "      \
	"('issuer_certificate', 'ab6d30c487e80346'), "        \
	"('issuer_name_after_change', '6ed7dc4b6f1b9955'), "  \
	"('issuer_name_before_insert', 'd9bcf00f2a886521'), " \
	"('presigned_after_change', '05c1f466b87981b8'), "    \
	"('refuse_future', '7487dad371da72e5'), "             \
	"('refuse_serial', '7814376255341d8e'), "             \
	"('refuse_statement', '04b32630f1f262be'), "          \
	"('serial_is_wrong', 'a4f06156ca3891da'), "           \
	"('settle_crl_window', 'ffa5064b1c9be7f0'), "         \
	"('settle_presigned', 'ff615e1c44ecb5d0'), "          \
	"('trim_change_log', 'ec21a45ddb610569')"

/* Table, trigger, function, pg_trigger.tgtype. */
#define DB_EXAMINE_TRIGGERS                                                               \
	"('certificate', 'certificate_after_insert', 'certificate_after_insert', 4), "    \
	"('certificate', 'certificate_after_update', 'certificate_after_update', 16), "   \
	"('certificate', 'certificate_before_update', 'certificate_before_update', 19), " \
	"('certificate', 'certificate_refuse', 'refuse_statement', 42), "                 \
	"('change_log', 'change_log_after_delete', 'change_log_after_delete', 8), "       \
	"('crl_scope', 'crl_scope_after_change', 'crl_scope_after_change', 29), "         \
	"('issuer', 'issuer_after_change', 'issuer_after_change', 21), "                  \
	"('issuer', 'issuer_before_update', 'issuer_before_update', 19), "                \
	"('issuer', 'issuer_certificate', 'issuer_certificate', 23), "                    \
	"('issuer', 'issuer_refuse', 'refuse_statement', 42), "                           \
	"('issuer_name', 'issuer_name_after_change', 'issuer_name_after_change', 13), "   \
	"('issuer_name', 'issuer_name_before_insert', 'issuer_name_before_insert', 7), "  \
	"('issuer_name', 'issuer_name_refuse', 'refuse_statement', 50), "                 \
	"('presigned', 'presigned_after_delete', 'presigned_after_change', 8), "          \
	"('presigned', 'presigned_after_insert', 'presigned_after_change', 4), "          \
	"('presigned', 'presigned_after_update', 'presigned_after_change', 16), "         \
	"('presigned', 'presigned_refuse', 'refuse_statement', 34), "                     \
	"('revocation_event', 'revocation_event_refuse', 'refuse_statement', 58)"

#define DB_EXAMINE_CONSTRAINTS                                                                    \
	"('certificate', 'certificate_hash_sha256'), ('certificate', "                            \
	"'certificate_issuer_check'), "                                                           \
	"('certificate', 'certificate_pkey'), ('certificate', 'certificate_serial_length'), "     \
	"('certificate', 'certificate_serial_minimal'), ('certificate', "                         \
	"'certificate_serial_right'), "                                                           \
	"('certificate', 'certificate_state'), ('certificate', 'certificate_times'), "            \
	"('certificate', 'certificate_version_check'), ('issuer', 'issuer_certificate_check'), "  \
	"('issuer', 'issuer_id_check'), ('issuer', 'issuer_identity'), "                          \
	"('issuer', 'issuer_key_hash_check'), ('issuer', 'issuer_name_check'), "                  \
	"('issuer', 'issuer_name_key'), ('issuer', 'issuer_pkey'), "                              \
	"('issuer', 'issuer_reason_check'), ('issuer', 'issuer_reason_needs_revocation'), "       \
	"('issuer', 'issuer_revoked_at_check'), ('issuer', 'issuer_subject_hash_check'), "        \
	"('issuer', 'issuer_version_check'), ('issuer_name', 'issuer_name_pkey'), "               \
	"('issuer_name', 'issuer_name_issuer_fkey'), ('heartbeat', 'heartbeat_pkey'), "           \
	"('heartbeat', 'heartbeat_one_row_check'), ('change_log_trim', 'change_log_trim_pkey'), " \
	"('change_log_trim', 'change_log_trim_one_row_check')"

#define DB_EXAMINE_INDEXES                                                    \
	"('certificate_pkey'), ('certificate_notable'), ('change_log_xid'), " \
	"('issuer_pkey'), ('issuer_name_pkey'), ('certificate_sct_pkey'), ('crl_pkey')"

#define DB_EXAMINE_QUERY                                                                           \
	"WITH tabs (tab) AS MATERIALIZED (VALUES " DB_EXAMINE_TABLES "), "                         \
	"triggers (tab, name, function, type) AS MATERIALIZED (VALUES " DB_EXAMINE_TRIGGERS ") "   \
	"SELECT vital, text FROM ("                                                                \
	"SELECT g.tab NOT IN ('presigned', 'revocation_event') AS vital, format('database: "       \
	"trigger %s of "                                                                           \
	"stillgood.%s is %s', g.name, g.tab, CASE WHEN t.oid IS NULL THEN 'missing: restore it' "  \
	"WHEN t.tgenabled NOT IN ('O', 'A') THEN format('switched off: ALTER TABLE "               \
	"stillgood.%s ENABLE TRIGGER %s', g.tab, g.name) ELSE 'another than this version of "      \
	"stillgood made: restore it' END) AS text FROM triggers AS g "                             \
	"LEFT JOIN pg_trigger AS t ON t.tgrelid = to_regclass('stillgood.' || g.tab) AND "         \
	"t.tgname = g.name "                                                                       \
	"WHERE t.oid IS NULL OR t.tgenabled NOT IN ('O', 'A') OR t.tgtype <> g.type OR "           \
	"t.tgqual IS NOT NULL OR NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.oid = t.tgfoid "     \
	"AND p.pronamespace = 'stillgood'::regnamespace AND p.proname = g.function) "              \
	"UNION ALL "                                                                               \
	"SELECT true, format('database: trigger %I of %s is none of stillgood''s: drop it', "      \
	"t.tgname, t.tgrelid::regclass) FROM pg_trigger AS t "                                     \
	"WHERE NOT t.tgisinternal AND t.tgname <> 'change_log_after_delete' AND t.tgrelid IN "     \
	"(to_regclass('stillgood.change_log'), to_regclass('stillgood.change_log_trim'), "         \
	"to_regclass('stillgood.heartbeat')) "                                                     \
	"UNION ALL "                                                                               \
	"SELECT f.name NOT LIKE '%presigned%', format('database: function stillgood.%s() is "      \
	"another than this version "                                                               \
	"of stillgood made: restore it', f.name) FROM (VALUES " DB_EXAMINE_FUNCTIONS               \
	") AS f (name, digest) WHERE NOT EXISTS (SELECT FROM pg_proc AS p WHERE "                  \
	"p.pronamespace = 'stillgood'::regnamespace AND p.proname = f.name AND left(encode("       \
	"sha256(convert_to(p.prosrc || p.prosecdef || coalesce(p.proconfig::text, ''), "           \
	"'UTF8')), 'hex'), 16) = f.digest) "                                                       \
	"UNION ALL "                                                                               \
	"SELECT true, format('database: stillgood.%s has row security, which hides rows: "         \
	"ALTER TABLE stillgood.%s DISABLE ROW LEVEL SECURITY', r.tab, r.tab) FROM tabs AS r "      \
	"JOIN pg_class AS c ON c.oid = to_regclass('stillgood.' || r.tab) WHERE c.relrowsecurity " \
	"UNION ALL "                                                                               \
	"SELECT true, format('database: rule %I of stillgood.%s is none of stillgood''s: "         \
	"drop it', w.rulename, r.tab) FROM tabs AS r "                                             \
	"JOIN pg_rewrite AS w ON w.ev_class = to_regclass('stillgood.' || r.tab) "                 \
	"UNION ALL "                                                                               \
	"SELECT true, format('database: stillgood.%s is no ordinary, logged table: ALTER TABLE "   \
	"stillgood.%s SET LOGGED', r.tab, r.tab) FROM tabs AS r "                                  \
	"JOIN pg_class AS c ON c.oid = to_regclass('stillgood.' || r.tab) "                        \
	"WHERE c.relkind <> 'r' OR c.relpersistence <> 'p' "                                       \
	"UNION ALL "                                                                               \
	"SELECT true, format('database: rows of stillgood.%s come by logical replication, "        \
	"which passes the triggers by: use a physical standby', r.tab) FROM tabs AS r "            \
	"WHERE to_regclass('stillgood.' || r.tab) IN (SELECT s.srrelid FROM pg_subscription_rel "  \
	"AS s) "                                                                                   \
	"UNION ALL "                                                                               \
	"SELECT true, format('database: trigger stillgood_follow_%s of %s is missing, switched "   \
	"off or another, so what %s changes there does not come: SELECT "                          \
	"stillgood.follow_live(%L)'"                                                               \
	", e.name, p.place, w.name, w.name) FROM stillgood.followed AS w "                         \
	"CROSS JOIN unnest(w.tables) AS p (place) CROSS JOIN (VALUES ('insert', 4), ('update', "   \
	"16)) AS e (name, type) WHERE w.live AND NOT EXISTS (SELECT FROM pg_trigger AS t "         \
	"JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = "               \
	"c.relnamespace "                                                                          \
	"JOIN pg_proc AS f ON f.oid = t.tgfoid JOIN pg_namespace AS m ON m.oid = f.pronamespace "  \
	"WHERE format('%I.%I', n.nspname, c.relname) = p.place AND t.tgname = "                    \
	"'stillgood_follow_' "                                                                     \
	"|| e.name AND t.tgtype = e.type AND t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL "      \
	"AND format('%I.%I', m.nspname, f.proname) = w.changed) "                                  \
	"UNION ALL "                                                                               \
	"SELECT true, 'database: stillgood.change_log.xid has another default than "               \
	"pg_current_xact_id(): restore it' WHERE NOT EXISTS (SELECT FROM pg_attrdef AS d "         \
	"JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum "                 \
	"WHERE d.adrelid = to_regclass('stillgood.change_log') AND a.attname = 'xid' "             \
	"AND pg_get_expr(d.adbin, d.adrelid) = 'pg_current_xact_id()') "                           \
	"UNION ALL "                                                                               \
	"SELECT true, '" DB_FOREIGN_LOG "' FROM (SELECT) AS one "                                  \
	"LEFT JOIN stillgood.heartbeat AS b ON true LEFT JOIN stillgood.change_log_trim AS t "     \
	"ON true WHERE " DB_LOG_IS_FOREIGN " "                                                     \
	"UNION ALL "                                                                               \
	"SELECT false, format('database: constraint %s of stillgood.%s is missing, so rows "       \
	"that cannot be may come: restore it', k.name, k.tab) FROM "                               \
	"(VALUES " DB_EXAMINE_CONSTRAINTS                                                          \
	") AS k (tab, name) WHERE NOT EXISTS (SELECT FROM pg_constraint AS n "                     \
	"WHERE n.conrelid = to_regclass('stillgood.' || k.tab) AND n.conname = k.name) "           \
	"UNION ALL "                                                                               \
	"SELECT false, format('database: index stillgood.%s is missing or invalid: restore "       \
	"it', x.name) FROM (VALUES " DB_EXAMINE_INDEXES ") AS x (name) WHERE NOT EXISTS ("         \
	"SELECT FROM pg_index AS i WHERE i.indexrelid = to_regclass('stillgood.' || x.name) "      \
	"AND i.indisvalid) "                                                                       \
	"UNION ALL "                                                                               \
	"SELECT false, format('database: %s certificates of %s contradict what is recorded, and "  \
	"what is stricter is answered: SELECT * FROM stillgood.follow_contradictions(%L)', "       \
	"w.contradictions, w.name, w.name) FROM stillgood.followed AS w WHERE w.contradictions > " \
	"0 "                                                                                       \
	"UNION ALL "                                                                               \
	"SELECT false, 'database: the row of stillgood.heartbeat is gone: call "                   \
	"stillgood.heartbeat() on the primary' WHERE NOT EXISTS (SELECT FROM "                     \
	"stillgood.heartbeat) "                                                                    \
	"UNION ALL "                                                                               \
	"SELECT false, format('database: prepared transaction \"%s\" of \"%s\" has been open "     \
	"since %s: COMMIT PREPARED or ROLLBACK PREPARED it', "                                     \
	"regexp_replace(x.gid, '[[:cntrl:]]', '?', 'g'), x.owner, "                                \
	"to_char(x.prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS\"Z\"')) "                   \
	"FROM pg_prepared_xacts AS x WHERE x.database = current_database() "                       \
	"AND x.prepared < clock_timestamp() - interval '1 minute'"                                 \
	" UNION ALL "                                                                              \
	"SELECT false, format('database: the primary has prepared transactions that nobody "       \
	"ends: %s: COMMIT PREPARED or ROLLBACK PREPARED them', b.prepared) FROM "                  \
	"stillgood.heartbeat AS b WHERE b.prepared IS NOT NULL AND "                               \
	"current_setting('transaction_read_only')::boolean"                                        \
	" UNION ALL "                                                                              \
	"SELECT false, format('database: session_replication_role = replica is set for %s: "       \
	"what is written so passes the triggers by and reaches no cache: ALTER ROLE or ALTER "     \
	"DATABASE, RESET session_replication_role', CASE WHEN s.setrole = 0 THEN 'all roles' "     \
	"ELSE 'role ' || quote_ident(pg_get_userbyid(s.setrole)) END) FROM pg_db_role_setting "    \
	"AS s JOIN pg_database AS d ON d.datname = current_database() AND s.setdatabase IN (0, "   \
	"d.oid) WHERE 'session_replication_role=replica' = ANY (s.setconfig)"                      \
	") AS findings ORDER BY vital DESC, text LIMIT 32"
enum { DB_EXAMINE_VITAL, DB_EXAMINE_TEXT, DB_EXAMINE_FIELDS };
