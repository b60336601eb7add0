/* The schema refuses all of this today. It may be there from before, from a dump, or from somebody who
 * may switch triggers off. */
#include "cli/check_integrity.h"

#include "cli/certproof.h"
#include "tool/certname.h"

#include <openssl/evp.h>

/* Serial numbers that are named one by one. */
#define SERIALS_NAMED "3"
#define SHA256_SIZE 32

/* 0, or there is a finding. */
static int query(struct database *database, const char *sql, PGresult **ret,
		 struct preflight *preflight)
{
	struct fault fault = {""};
	int result = database_query(database, sql, 0, NULL, ret, &fault);
	if (result)
		preflight_find(preflight, SERVE_WARNED, "", "%s", fault.text);
	return result;
}

/* ---- certificates ---- */

static void check_orphans(struct database *database, struct preflight *preflight)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	if (query(database,
		  "SELECT issuer, certificates, certificates >= 10000 FROM stillgood.orphans "
		  "ORDER BY issuer LIMIT 10",
		  &rows, preflight))
		return;
	for (int row = 0; row < PQntuples(rows); row++)
		preflight_find(preflight, SERVE_REGARDLESS, "",
			       "database: %s%s certificates are recorded under the issuer id %s, "
			       "which no issuer has, so they are never answered; record them under "
			       "their issuer",
			       PQgetvalue(rows, row, 1),
			       *PQgetvalue(rows, row, 2) == 't' ? " or more" : "",
			       PQgetvalue(rows, row, 0));
}

static const char *kind_words(const char *kind)
{
	return strcmp(kind, "text") == 0 ? "are text that was stored as octets"
					 : "lack their leading 00, which makes them negative";
}

static void check_serials(struct database *database, struct preflight *preflight)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	if (query(database,
		  "SELECT coalesce('issuer \"' || issuer || '\"', 'issuer id ' || issuer_id), "
		  "kind, count(*), array_to_string((array_agg(encode(serial, 'hex') "
		  "ORDER BY serial))[1:" SERIALS_NAMED "], ', ') "
		  "FROM stillgood.wrong_serials GROUP BY 1, 2 ORDER BY 1, 2",
		  &rows, preflight))
		return;
	for (int row = 0; row < PQntuples(rows); row++)
		preflight_find(preflight, SERVE_REGARDLESS, "P-6",
			       "%s: serial numbers %s: %s of them, such as %s, so the certificates "
			       "that are meant are not answered by them; set them right with "
			       "`stillgood db upgrade --correct-serials`",
			       PQgetvalue(rows, row, 0), kind_words(PQgetvalue(rows, row, 1)),
			       PQgetvalue(rows, row, 2), PQgetvalue(rows, row, 3));
}

/* ---- issuers ---- */

static const struct registered *issuer_of_row(const struct registry *registry, const PGresult *rows,
					      int row)
{
	for (size_t i = 0; i < registry->count; i++)
		if (registry->issuers[i].record.id == column_int(rows, row, 0))
			return &registry->issuers[i];
	return NULL;
}

static bool has_hash(const PGresult *rows, int row, int column, struct view octets)
{
	cleanup(buffer_deinit) struct buffer stored = {0};
	uint8_t hash[SHA256_SIZE];
	return column_bytes(rows, row, column, &stored) == 0 &&
	       EVP_Digest(octets.data, octets.size, hash, NULL, EVP_sha256(), NULL) == 1 &&
	       view_equal(buffer_view(&stored), view_of(hash, sizeof(hash)));
}

static void check_identities(struct database *database, const struct registry *registry,
			     struct preflight *preflight)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	if (query(database, "SELECT id, subject_hash, key_hash FROM stillgood.issuer", &rows,
		  preflight))
		return;
	for (int row = 0; row < PQntuples(rows); row++) {
		const struct registered *issuer = issuer_of_row(registry, rows, row);
		if (issuer && !issuer->malformed &&
		    (!has_hash(rows, row, 1, issuer->certificate.subject) ||
		     !has_hash(rows, row, 2, issuer->certificate.key_bits)))
			preflight_find(preflight, SERVE_WITHOUT_ISSUER, "P-8",
				       "issuer \"%s\": the certificate in its row is not that of "
				       "its subject and key, so nothing is said of its "
				       "certificates; put the right one back",
				       issuer->record.name);
	}
}

/* P-7: was the name learned from a certificate of this issuer? */
static bool is_proven(const struct registered *issuer, struct view name, struct view der)
{
	struct certificate certificate;
	return certificate_read(der, &certificate) == 0 && view_equal(certificate.issuer, name) &&
	       certificate_is_signed_by(&certificate, issuer->key);
}

static void check_name(const struct registered *issuer, const PGresult *rows, int row,
		       struct preflight *preflight)
{
	cleanup(buffer_deinit) struct buffer name = {0}, certificate = {0};
	if (column_bytes(rows, row, 1, &name) == 0 &&
	    column_bytes(rows, row, 2, &certificate) == 0 &&
	    is_proven(issuer, buffer_view(&name), buffer_view(&certificate)))
		return;
	cleanup(memory_freep) char *text = certname_subject(buffer_view(&name));
	preflight_find(
		preflight, SERVE_REGARDLESS, "P-7",
		"issuer \"%s\": the further encoding \"%s\" of its name was not learned from "
		"a certificate that its key signed, yet questions with it are answered; remove "
		"it from stillgood.issuer_name",
		issuer->record.name, text ? text : "?");
}

static void check_names(struct database *database, const struct registry *registry,
			struct preflight *preflight)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	if (query(database, "SELECT issuer, name, certificate FROM stillgood.issuer_name", &rows,
		  preflight))
		return;
	for (int row = 0; row < PQntuples(rows); row++) {
		const struct registered *issuer = issuer_of_row(registry, rows, row);
		if (issuer && issuer->key) /* without one this OpenSSL cannot tell */
			check_name(issuer, rows, row, preflight);
	}
}

void check_integrity(struct database *database, const struct registry *registry,
		     struct preflight *preflight)
{
	check_orphans(database, preflight);
	check_serials(database, preflight);
	check_identities(database, registry, preflight);
	check_names(database, registry, preflight);
}
