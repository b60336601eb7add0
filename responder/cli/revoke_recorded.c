/* `revoke --recorded`: every certificate of an issuer that is recorded, each with a row and an event of
 * its own.
 *
 * Part by part, in the order of their serials, each in a transaction of its own: responders say so of a
 * part when it is committed, nobody else's transaction waits for long, and whoever interrupts it starts it
 * again, which passes by what is revoked already. */
#include "cli/progress.h"
#include "cli/revoke.h"

#include <stdio.h>

/* Less than a second's work for the database. */
#define PART 10000
/* Others may hold rows that a part wants, in another order. */
#define TRIES 5

int revocation_count(struct revocation *revocation, int64_t *recorded, int64_t *good,
		     struct fault *fault)
{
	char most[16];
	(void)snprintf(most, sizeof(most), "%d", COUNTED_MOST);
	const char *const parameters[] = {revocation->targets[0].issuer->record.name, most};
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(&revocation->database,
				    "SELECT recorded, good "
				    "FROM stillgood.certificate_counts($1, $2::integer)",
				    2, parameters, &rows, fault);
	if (result)
		return result;
	*recorded = column_int(rows, 0, 0);
	*good = column_int(rows, 0, 1);
	return 0;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

/* Behind the serial `after`, bytea as text; NULL: from the beginning. */
static int call_part(struct revocation *revocation, const char *after, PGresult **rows,
		     struct fault *fault)
{
	const char *const *values = revocation->line->values;
	char most[16];
	(void)snprintf(most, sizeof(most), "%d", PART);
	const char *const parameters[] = {revocation->targets[0].issuer->record.name,
					  after,
					  most,
					  revocation->reason,
					  or_null(revocation->at),
					  or_null(revocation->invalidity),
					  values[OPTION_REQUESTED_BY],
					  values[OPTION_NOTE]};
	return database_query(
		&revocation->database,
		"SELECT p.revoked, p.last FROM stillgood.revoke_recorded_part($1, $2::bytea,"
		" $3::integer, $4, $5::timestamptz, $6::timestamptz, $7, $8) AS p",
		8, parameters, rows, fault);
}

static int revoke_part(struct revocation *revocation, const char *after, PGresult **rows,
		       struct fault *fault)
{
	int result = -EAGAIN;
	for (unsigned i = 0; result == -EAGAIN && i < TRIES; i++)
		result = call_part(revocation, after, rows, fault);
	return result;
}

static int revoke_parts(struct revocation *revocation, struct progress *progress,
			struct fault *fault)
{
	cleanup(memory_freep) char *after = NULL;
	for (uint64_t passed = PART;; passed += PART) {
		cleanup(result_clearp) PGresult *rows = NULL;
		int result = revoke_part(revocation, after, &rows, fault);
		if (result)
			return result;
		revocation->revoked += (uint64_t)column_int(rows, 0, 0);
		progress_update(progress, passed, revocation->revoked);
		if (PQgetisnull(rows, 0, 1))
			return 0;
		free(after);
		after = strdup(PQgetvalue(rows, 0, 1));
		if (!after)
			return fault_set(fault, -ENOMEM, "out of memory");
	}
}

int revocation_revoke_recorded(struct revocation *revocation, struct fault *fault)
{
	struct progress progress;
	int64_t recorded, good;
	int result = revocation_count(revocation, &recorded, &good, fault);
	if (result)
		return result;
	progress_init(&progress, "certificates revoked",
		      recorded < COUNTED_MOST ? (uint64_t)recorded : 0);
	result = revoke_parts(revocation, &progress, fault);
	progress_deinit(&progress);
	return result;
}
