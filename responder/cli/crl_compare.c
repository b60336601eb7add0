#include "cli/crl_compare.h"

#include "base/timetext.h"
#include "cli/crl_copy.h"
#include "cli/crl_scope.h"

const char *const crl_difference_names[CRL_DIFFERENCES] = {
	[CRL_MISSING] = "missing",     [CRL_EXTRA] = "extra",     [CRL_OTHER_STATUS] = "status",
	[CRL_OTHER_REASON] = "reason", [CRL_OTHER_DATE] = "date", [CRL_LAPSED] = "lapsed",
	[CRL_OLDER] = "older",
};

void crl_comparison_deinit(struct crl_comparison *comparison)
{
	PQclear(comparison->rows);
	comparison->rows = NULL;
}

uint64_t crl_comparison_sum(const struct crl_comparison *comparison)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < CRL_DIFFERENCES; i++)
		sum += comparison->counts[i];
	return sum;
}

/* Of several entries about one certificate the strictest counts. A part's CRL can lack only what CRLs of that part
 * have brought: which certificates are its own nobody knows. $1 the issuer, $2 the scope, $3 thisUpdate. */
#define DIFFERENCES                                                                            \
	"WITH said AS (SELECT DISTINCT ON (serial) serial, status, reason, revoked_at, dated " \
	"FROM stillgood_import ORDER BY serial, status = 1 DESC, place), "                     \
	"kept AS (SELECT c.serial, c.status, c.reason, c.revoked_at, "                         \
	"(c.not_after IS NULL OR c.not_after > $3::timestamptz) "                              \
	"AND c.revoked_at < $3::timestamptz AND ($2::bytea = '' OR c.crl IN (SELECT k.id "     \
	"FROM stillgood.crl k WHERE k.issuer = $1::integer AND k.scope = $2::bytea)) AS due "  \
	"FROM stillgood.certificate c WHERE c.issuer = $1::integer AND c.status IN (1, 2)), "  \
	"pairs AS (SELECT serial, k.status, k.reason, k.revoked_at, s.status AS its_status, "  \
	"s.reason AS its_reason, s.revoked_at AS its_date, "                                   \
	"CASE WHEN s.serial IS NULL THEN CASE WHEN k.due THEN 'missing' END "                  \
	"WHEN k.serial IS NULL THEN 'extra' WHEN k.status <> s.status THEN 'status' "          \
	"WHEN coalesce(k.reason, 0) <> coalesce(s.reason, 0) THEN 'reason' "                   \
	"WHEN s.dated AND date_trunc('second', k.revoked_at) <> s.revoked_at THEN 'date' "     \
	"END AS kind FROM (SELECT * FROM kept) AS k FULL JOIN said s USING (serial)) "

static int count(struct crl_run *run, const char *const *values, struct crl_comparison *comparison,
		 struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(
		&run->database,
		DIFFERENCES "SELECT kind, count(*) FROM pairs WHERE kind IS NOT NULL GROUP BY kind",
		3, values, &rows, fault);
	for (int row = 0; result == 0 && row < PQntuples(rows); row++)
		for (size_t i = 0; i < CRL_DIFFERENCES; i++)
			if (strcmp(PQgetvalue(rows, row, 0), crl_difference_names[i]) == 0)
				comparison->counts[i] = (uint64_t)column_int(rows, row, 1);
	return result;
}

static int list(struct crl_run *run, const char *const *values, struct crl_comparison *comparison,
		struct fault *fault)
{
	return database_query(&run->database,
			      DIFFERENCES
			      "SELECT kind, encode(serial, 'hex'), status, reason, "
			      "stillgood.seconds(revoked_at), its_status, its_reason, "
			      "stillgood.seconds(its_date) FROM pairs WHERE kind IS NOT NULL "
			      "ORDER BY kind = 'extra' DESC, kind = 'missing' DESC, kind, serial "
			      "LIMIT 1000",
			      3, values, &comparison->rows, fault);
}

/* What it is by itself. */
static void compare_whole(const struct crl_run *run, const struct crl_input *input,
			  const struct crl_scope *scope, struct crl_comparison *comparison)
{
	struct fault why;
	struct view sha256 = view_of(input->sha256, sizeof(input->sha256));
	comparison->counts[CRL_LAPSED] =
		input->crl.next_update != TIME_NONE && input->crl.next_update <= run->now;
	comparison->counts[CRL_OLDER] =
		crl_place_of(&input->crl, sha256, &scope->known, &why) == CRL_MISPLACED;
}

static int compare(struct crl_run *run, const struct crl_input *input,
		   struct crl_comparison *comparison, struct fault *fault)
{
	cleanup(crl_scope_deinit) struct crl_scope scope = {0};
	struct crl_rows copied;
	char since[ISO_TIME_SIZE + 1] = "";
	int result = database_run(&run->database, "BEGIN; " CRL_TABLE_SQL, fault);
	if (result == 0)
		result = crl_scope_lock(&run->database, input, &scope, fault);
	if (result == 0)
		result = crl_copy(&run->database, input, run->now, &run->report, &copied, fault);
	if (result == 0)
		result =
			database_run(&run->database,
				     IMPORT_STATISTICS_SQL "; SET LOCAL work_mem = '256MB'", fault);
	if (result)
		return result;
	time_put_iso(since, input->crl.this_update);
	const char *const values[] = {scope.issuer, scope.name, since};
	compare_whole(run, input, &scope, comparison);
	progress_say(&run->report.progress, "comparing");
	result = count(run, values, comparison, fault);
	return result ? result : list(run, values, comparison, fault);
}

int crl_compare(struct crl_run *run, const struct crl_input *input, struct crl_comparison *ret,
		struct fault *fault)
{
	cleanup(crl_comparison_deinit) struct crl_comparison comparison = {0};
	int result = compare(run, input, &comparison, fault);
	progress_deinit(&run->report.progress);
	if (result == 0)
		result = database_run(&run->database, "ROLLBACK", fault);
	if (result)
		return result;
	*ret = comparison;
	comparison = (struct crl_comparison){0};
	return 0;
}
