#include "cli/crl_scope.h"

#include "base/timetext.h"

#include <openssl/sha.h>
#include <stdio.h>

static char *name_of(const struct crl *crl)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	if (crl->distribution.size == 0)
		return bytea_text((struct view){0});
	SHA256(crl->distribution.data, crl->distribution.size, hash);
	return bytea_text(view_of(hash, sizeof(hash)));
}

void crl_scope_deinit(struct crl_scope *scope)
{
	free(scope->name);
	buffer_deinit(&scope->number);
	buffer_deinit(&scope->full_number);
	buffer_deinit(&scope->sha256);
}

static int read_octets(const PGresult *rows, int column, struct buffer *out, struct view *ret,
		       struct fault *fault)
{
	if (PQgetisnull(rows, 0, column))
		return 0;
	int result = column_bytes(rows, 0, column, out);
	if (result)
		return fault_set(fault, result, "stillgood.crl_scope: a row cannot be read");
	*ret = buffer_view(out);
	return 0;
}

static int read_known(const PGresult *rows, struct crl_scope *scope, struct fault *fault)
{
	struct crl_known *known = &scope->known;
	known->there = PQntuples(rows) == 1;
	if (!known->there)
		return 0;
	known->this_update = column_time(rows, 0, 0);
	scope->proves_absence = *PQgetvalue(rows, 0, 4) == 't';
	int result = read_octets(rows, 1, &scope->number, &known->number, fault);
	if (result == 0)
		result = read_octets(rows, 2, &scope->full_number, &known->full_number, fault);
	return result ? result : read_octets(rows, 3, &scope->sha256, &known->sha256, fault);
}

/* The key's first half is "crls". */
static int lock(struct database *database, const struct crl_scope *scope, struct fault *fault)
{
	const char *const values[] = {scope->issuer};
	return database_query(database, "SELECT pg_advisory_xact_lock(1668443251, $1::integer)", 1,
			      values, NULL, fault);
}

int crl_scope_lock(struct database *database, const struct crl_input *input, struct crl_scope *ret,
		   struct fault *fault)
{
	cleanup(crl_scope_deinit) struct crl_scope scope = {.name = name_of(&input->crl)};
	cleanup(result_clearp) PGresult *rows = NULL;
	const char *const values[] = {scope.issuer, scope.name};
	if (!scope.name)
		return fault_set(fault, -ENOMEM, "out of memory");
	(void)snprintf(scope.issuer, sizeof(scope.issuer), "%d", input->issuer->record.id);
	int result = lock(database, &scope, fault);
	if (result == 0)
		result = database_query(
			database,
			"SELECT stillgood.seconds(this_update), number, full_number, sha256, "
			"proves_absence FROM stillgood.crl_scope "
			"WHERE issuer = $1::integer AND scope = $2::bytea",
			2, values, &rows, fault);
	if (result == 0)
		result = read_known(rows, &scope, fault);
	if (result)
		return result;
	*ret = scope;
	scope = (struct crl_scope){0};
	return 0;
}

/* Text of a bytea, NULL for none; *ret_failed is set without memory. */
static char *optional_octets(struct view octets, bool *ret_failed)
{
	if (octets.size == 0)
		return NULL;
	char *text = bytea_text(octets);
	*ret_failed = *ret_failed || !text;
	return text;
}

int crl_scope_name(struct database *database, const struct crl_input *input,
		   const struct crl_scope *scope, char ret[16], struct fault *fault)
{
	bool failed = false;
	char since[ISO_TIME_SIZE + 1] = "";
	cleanup(memory_freep) char *number = optional_octets(input->crl.number, &failed);
	cleanup(result_clearp) PGresult *rows = NULL;
	const char *const values[] = {scope->issuer, scope->name, number, since};
	if (failed)
		return fault_set(fault, -ENOMEM, "out of memory");
	time_put_iso(since, input->crl.this_update);
	int result = database_query(
		database,
		"WITH made AS (INSERT INTO stillgood.crl (issuer, scope, number, issued_at) "
		"VALUES ($1::integer, $2::bytea, $3::bytea, $4::timestamptz) "
		"ON CONFLICT DO NOTHING RETURNING id) SELECT id FROM made UNION ALL "
		"SELECT id FROM stillgood.crl WHERE issuer = $1::integer AND scope = $2::bytea "
		"AND number IS NOT DISTINCT FROM $3::bytea AND url IS NULL "
		"AND issued_at = $4::timestamptz LIMIT 1",
		4, values, &rows, fault);
	if (result == 0)
		(void)snprintf(ret, 16, "%s", PQgetvalue(rows, 0, 0));
	return result;
}

int crl_scope_record(struct database *database, const struct crl_input *input,
		     const struct crl_scope *scope, const char *crl, bool proves_absence,
		     struct fault *fault)
{
	bool failed = false, delta = input->crl.base_number.size > 0;
	char since[ISO_TIME_SIZE + 1] = "", until[ISO_TIME_SIZE + 1] = "";
	struct view full = delta ? scope->known.full_number : input->crl.number;
	cleanup(memory_freep) char *number = optional_octets(input->crl.number, &failed);
	cleanup(memory_freep) char *full_number = optional_octets(full, &failed);
	cleanup(memory_freep) char *sha256 =
		optional_octets(view_of(input->sha256, sizeof(input->sha256)), &failed);
	bool ends = input->crl.next_update != TIME_NONE;
	const char *const values[] = {
		scope->issuer, scope->name,         crl,
		since,         ends ? until : NULL, proves_absence ? "true" : "false",
		number,        full_number,         sha256};
	if (failed)
		return fault_set(fault, -ENOMEM, "out of memory");
	time_put_iso(since, input->crl.this_update);
	if (ends)
		time_put_iso(until, input->crl.next_update);
	return database_query(
		database,
		"INSERT INTO stillgood.crl_scope (issuer, scope, crl, this_update, next_update, "
		"proves_absence, number, full_number, sha256) VALUES ($1::integer, $2::bytea, "
		"$3::integer, $4::timestamptz, $5::timestamptz, $6::boolean, $7::bytea, $8::bytea, "
		"$9::bytea) ON CONFLICT ON CONSTRAINT crl_scope_pkey DO UPDATE SET "
		"crl = EXCLUDED.crl, this_update = EXCLUDED.this_update, "
		"next_update = EXCLUDED.next_update, recorded_at = clock_timestamp(), "
		"proves_absence = EXCLUDED.proves_absence, number = EXCLUDED.number, "
		"full_number = EXCLUDED.full_number, sha256 = EXCLUDED.sha256",
		9, values, NULL, fault);
}

int crl_scope_proves(struct database *database, const struct crl_scope *scope, bool *ret_proves,
		     struct fault *why, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	const char *const values[] = {scope->issuer};
	int result = database_query(
		database,
		"SELECT i.crl_until IS NOT NULL, CASE "
		"WHEN i.crl_until <= clock_timestamp() THEN 'it has lapsed' "
		"WHEN i.crl_until IS NOT NULL THEN '' "
		"WHEN NOT s.proven THEN 'a CRL says no nextUpdate, has some reasons only, or has "
		"what cannot be recorded' WHEN i.crl_scopes IS NULL THEN 'it may be about a part "
		"of "
		"the certificates only (issuingDistributionPoint); set_crl_scopes() says how many "
		"parts there are' ELSE format('set_crl_scopes() says that there are %s parts, and "
		"%s have CRLs', i.crl_scopes, s.parts) END "
		"FROM stillgood.issuer i, (SELECT count(*) AS parts, "
		"bool_and(proves_absence AND next_update IS NOT NULL) AS proven "
		"FROM stillgood.crl_scope WHERE issuer = $1::integer) AS s WHERE i.id = "
		"$1::integer",
		1, values, &rows, fault);
	if (result)
		return result;
	*ret_proves = *PQgetvalue(rows, 0, 0) == 't' && *PQgetvalue(rows, 0, 1) == '\0';
	(void)fault_set(why, 0, "%s", PQgetvalue(rows, 0, 1));
	return 0;
}
