/* What the rows of the database say that cannot be, or that a profile does not want. Rows change while
 * serve runs, so none of it keeps it from starting. */
#include "cli/check_integrity.h"
#include "cli/check_steps.h"
#include "cli/check_take.h"
#include "db/migrate.h"
#include "ocsp/verdict.h"

#include <stdio.h>

/* Room for an issuer's id as text. */
#define ID_SIZE 16

struct rows {
	struct database *database;
	const struct registered *issuer;
	char id[ID_SIZE];
	struct findings *findings;
};

static int judge_held(const struct rows *rows, struct fault *fault)
{
	/* Through the index of what is not good, however many good ones there are. */
	static const char query[] = "SELECT count(*), min(encode(serial, 'hex')) "
				    "FROM stillgood.certificate WHERE issuer = $1 AND status = 2";
	const char *values[] = {rows->id};
	cleanup(result_clearp) PGresult *found = NULL;
	int result = database_query(rows->database, query, 1, values, &found, fault);
	if (result)
		return result;
	int64_t count = column_int(found, 0, 0);
	if (count > 0)
		findings_add(rows->findings, FINDING_HELD, "database", "%lld, the first is %s",
			     (long long)count, PQgetvalue(found, 0, 1));
	return 0;
}

/* CA/Browser Forum BR, 7.2.2 and 7.3. */
static bool reason_permitted(enum revocation_reason reason)
{
	switch (reason) {
	case REASON_KEY_COMPROMISE:
	case REASON_AFFILIATION_CHANGED:
	case REASON_SUPERSEDED:
	case REASON_CESSATION_OF_OPERATION:
	case REASON_PRIVILEGE_WITHDRAWN:
		return true;
	case REASON_UNSPECIFIED:
	case REASON_CA_COMPROMISE:
	case REASON_CERTIFICATE_HOLD:
	case REASON_AA_COMPROMISE:
	case REASON_NONE:
		break;
	}
	return false;
}

static int read_status(const struct rows *rows, const struct registered *ca, PGresult **ret,
		       struct fault *fault)
{
	static const char query[] = "SELECT status, coalesce(reason, -1), "
				    "stillgood.seconds(revoked_at) "
				    "FROM stillgood.certificate WHERE issuer = $1 AND serial = $2";
	cleanup(memory_freep) char *serial = bytea_text(ca->certificate.serial);
	const char *values[] = {rows->id, serial};
	if (!serial)
		return fault_set(fault, -ENOMEM, "out of memory");
	return database_query(rows->database, query, 2, values, ret, fault);
}

/* What is answered about this CA's certificate. */
static int find_verdict(const struct rows *rows, const struct registered *ca, struct verdict *ret,
			struct fault *fault)
{
	static const struct issuer_policy policy = {.complete = true};
	cleanup(result_clearp) PGresult *status = NULL;
	int result = read_status(rows, ca, &status, fault);
	if (result)
		return result;
	bool found = PQntuples(status) > 0;
	struct cert_record record = {.invalidity_at = TIME_NONE, .not_after = TIME_NONE};
	if (found) {
		record.status = (enum cert_status)column_int(status, 0, 0);
		record.reason = (enum revocation_reason)column_int(status, 0, 1);
		record.revoked_at = column_time(status, 0, 2);
	}
	*ret = verdict_of(&policy, &rows->issuer->record, found ? &record : NULL, 0);
	return 0;
}

static int judge_ca(const struct rows *rows, const struct registered *ca, struct fault *fault)
{
	struct verdict verdict;
	int result = find_verdict(rows, ca, &verdict, fault);
	if (result == 0 && verdict.says.status == OCSP_REVOKED &&
	    !reason_permitted(verdict.says.reason)) {
		const char *name = reason_name(verdict.says.reason);
		findings_add(rows->findings, FINDING_CA_REASON, "database", "CA \"%s\", reason %s",
			     ca->record.name, name ? name : "none");
	}
	return result;
}

/* CA certificates that this issuer gave to registered CAs (P-32); a root's own is none. */
static bool is_below(const struct registered *ca, const struct registered *issuer)
{
	return ca != issuer && !ca->malformed &&
	       view_equal(ca->certificate.issuer, issuer->certificate.subject);
}

/* Asks only what the list's profile minds. 0 or a negative result with a fault. */
static int rows_judge(struct database *database, const struct registry *registry,
		      const struct registered *issuer, struct findings *ret, struct fault *fault)
{
	struct rows rows = {.database = database, .issuer = issuer, .findings = ret};
	int result = 0;
	(void)snprintf(rows.id, sizeof(rows.id), "%d", issuer->record.id);
	if (finding_severity(FINDING_HELD, ret->profile) != SEVERITY_NONE)
		result = judge_held(&rows, fault);
	if (finding_severity(FINDING_CA_REASON, ret->profile) == SEVERITY_NONE)
		return result;
	for (size_t i = 0; result == 0 && i < registry->count; i++)
		if (is_below(&registry->issuers[i], issuer))
			result = judge_ca(&rows, &registry->issuers[i], fault);
	return result;
}

/* ---- the step ---- */

static void judge_section(struct database *database, const struct registry *registry,
			  const struct conf_issuer *section, struct preflight *preflight)
{
	cleanup(findings_deinit) struct findings findings = {.profile = section->profile};
	const struct registered *registered = registry_by_name(registry, section->name);
	struct fault fault = {""};
	if (!registered)
		return;
	if (rows_judge(database, registry, registered, &findings, &fault))
		preflight_find(preflight, SERVE_WARNED, "", "%s", fault.text);
	check_take(preflight, section, &findings, SERVE_REGARDLESS);
}

void check_rows(const struct conf *conf, struct preflight *preflight)
{
	cleanup(database_close) struct database database = {0};
	cleanup(registry_deinit) struct registry registry = {0};
	struct fault unheard = {""};
	if (preflight->counts[SERVE_LATER] > 0 ||
	    database_open_conninfo(conf->database.conninfo, DB_READER, "check", &database,
				   &unheard) ||
	    db_schema_check(database.connection, &unheard) ||
	    registry_load(&database, &registry, &unheard))
		return;
	check_integrity(&database, &registry, preflight);
	for (unsigned i = 0; i < conf->issuer_count; i++)
		judge_section(&database, &registry, &conf->issuers[i], preflight);
}
