/* How answers that were signed beforehand come into the database: `import answers` runs these statements, and the
 * file of `presign --sql` has them. Rows are in stillgood_import first. */
#pragma once

#define ANSWERS_TABLE_SQL                                                                       \
	"CREATE TEMPORARY TABLE stillgood_import (place bigint, issuer integer, serial bytea, " \
	"certid bytea, status smallint, held boolean, this_update timestamptz, "                \
	"next_update timestamptz, answer bytea, origin text) ON COMMIT DROP"

/* Good of what is revoked or on hold, or a hold of what is revoked. Of stillgood_import i, certificate c, issuer s. */
#define ANSWERS_LESS_STRICT_SQL                                          \
	"(i.status = 0 AND (c.status <> 0 OR s.revoked_at IS NOT NULL) " \
	"OR i.held AND (c.status = 1 OR s.revoked_at IS NOT NULL))"

#define ANSWERS_DROP_UNRECORDED_SQL                                                  \
	"DELETE FROM stillgood_import i WHERE NOT EXISTS (SELECT FROM "              \
	"stillgood.certificate c WHERE c.issuer = i.issuer AND c.serial = i.serial " \
	"AND c.status <> 3)"

#define ANSWERS_DROP_LESS_STRICT_SQL                                             \
	"DELETE FROM stillgood_import d USING stillgood_import i JOIN "          \
	"stillgood.issuer s ON s.id = i.issuer JOIN stillgood.certificate c ON " \
	"c.issuer = i.issuer AND c.serial = i.serial "                           \
	"WHERE d.place = i.place AND " ANSWERS_LESS_STRICT_SQL

/* Of several the newest; never an older one than what is there. Issuers are locked by the trigger, in the order of
 * their numbers. */
#define ANSWERS_INSERT_SQL                                                                  \
	"INSERT INTO stillgood.presigned AS p (this_update, next_update, issuer, status, "  \
	"with_certificate, serial, certid, answer) "                                        \
	"SELECT DISTINCT ON (i.issuer, i.serial, i.certid) i.this_update, i.next_update, "  \
	"i.issuer, i.status, coalesce(i.next_update >= c.not_after - interval '1 second', " \
	"false), i.serial, i.certid, i.answer FROM stillgood_import i "                     \
	"JOIN stillgood.certificate c ON c.issuer = i.issuer AND c.serial = i.serial "      \
	"ORDER BY i.issuer, i.serial, i.certid, i.this_update DESC, i.next_update DESC, "   \
	"i.place ON CONFLICT ON CONSTRAINT presigned_pkey DO UPDATE SET this_update = "     \
	"EXCLUDED.this_update, next_update = EXCLUDED.next_update, imported_at = "          \
	"clock_timestamp(), status = EXCLUDED.status, with_certificate = "                  \
	"EXCLUDED.with_certificate, answer = EXCLUDED.answer "                              \
	"WHERE p.answer <> EXCLUDED.answer AND p.this_update <= EXCLUDED.this_update"
