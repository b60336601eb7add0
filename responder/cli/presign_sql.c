/* Where `presign --sql` puts answers: a script for psql, of one transaction, which does in a database what `import
 * answers` does, but proves nothing: whoever serves them does. For where the key is nothing but the program can be,
 * and where the database is nothing but psql. The file is whole or not there. */
#include "cli/presign.h"

#include "base/hex.h"
#include "base/timetext.h"
#include "cli/answers_sql.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define SUFFIX ".new"

static int fail(struct fault *fault, const struct presign *p)
{
	int reason = errno;
	return fault_set(fault, -reason, "%s: %s", p->line->values[OPTION_SQL], strerror(reason));
}

/* `path` has what is being written; nothing is there before it is whole. */
static int open_new(struct presign *p, struct fault *fault)
{
	if (asprintf(&p->sql_path, "%s" SUFFIX, p->line->values[OPTION_SQL]) < 0) {
		p->sql_path = NULL;
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	int fd = open(p->sql_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		int result = errno == EEXIST
				     ? fault_set(fault, -EEXIST,
						 "%s: it is there: another presign writes it, or "
						 "was interrupted: remove it",
						 p->sql_path)
				     : fail(fault, p);
		free(p->sql_path);
		p->sql_path = NULL;
		return result;
	}
	p->sql = fdopen(fd, "w");
	if (!p->sql)
		(void)close(fd);
	return p->sql ? 0 : fail(fault, p);
}

/* Both histories may know it under another number and name. */
static int find_identity(struct presign *p, char identity[static 2][2 * 32 + 1],
			 struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	char id[16];
	const char *const values[] = {id};
	(void)snprintf(id, sizeof(id), "%d", p->issuer->record.id);
	int result = database_query(&p->database,
				    "SELECT encode(subject_hash, 'hex'), encode(key_hash, 'hex') "
				    "FROM stillgood.issuer WHERE id = $1",
				    1, values, &rows, fault);
	for (int i = 0; i < 2 && result == 0; i++)
		(void)snprintf(identity[i], sizeof(identity[i]), "%s", PQgetvalue(rows, 0, i));
	return result;
}

static int sql_open(struct presign *p, struct fault *fault)
{
	char identity[2][2 * 32 + 1];
	int result = find_identity(p, identity, fault);
	if (result == 0)
		result = open_new(p, fault);
	if (result)
		return result;
	(void)fprintf(
		p->sql,
		"-- Answers that stillgood presign has signed: psql -d CONNINFO -f FILE, with the "
		"rights "
		"of stillgood_ca.\n"
		"-- Left out is what is less strict than what is recorded there, and what is "
		"older.\n"
		"\\set ON_ERROR_STOP 1\n"
		"BEGIN;\n" ANSWERS_TABLE_SQL ";\n"
		"CREATE TEMPORARY TABLE stillgood_issuer ON COMMIT DROP AS SELECT id FROM "
		"stillgood.issuer WHERE subject_hash = '\\x%s' AND key_hash = '\\x%s';\n"
		"DO $$ BEGIN IF NOT EXISTS (SELECT FROM stillgood_issuer) THEN RAISE EXCEPTION "
		"'the issuer of these answers is not registered here'; END IF; END $$;\n"
		"COPY stillgood_import (place, serial, certid, status, held, this_update, "
		"next_update, "
		"answer) FROM STDIN;\n",
		identity[0], identity[1]);
	return 0;
}

/* Nobody knows what the other database has. */
static bool is_kept(struct presign *p, const struct presign_wish *wish)
{
	(void)p, (void)wish;
	return false;
}

static int put_bytes(struct presign *p, struct view octets)
{
	cleanup(memory_freep) char *hex = malloc(2 * octets.size + 1);
	if (!hex)
		return -ENOMEM;
	hex_put(hex, octets);
	(void)fprintf(p->sql, "\\\\x%s\t", hex);
	return 0;
}

/* Of which certificate and CertID. */
static int put_key(struct presign *p, const struct presign_wish *wish)
{
	uint8_t digest[32];
	(void)fprintf(p->sql, "%" PRIu64 "\t", ++p->sql_rows);
	int result = put_bytes(p, serial_view(&wish->serial));
	if (result == 0)
		result = ocsp_certid_digest(buffer_view(&wish->certid), digest);
	return result == 0 ? put_bytes(p, view_of(digest, sizeof(digest))) : result;
}

static int put_row(struct presign *p, const struct presign_wish *wish, struct view der,
		   const struct ocsp_said *said, struct fault *fault)
{
	char from[ISO_TIME_SIZE + 1] = "", until[ISO_TIME_SIZE + 1] = "";
	bool held =
		said->says.status == OCSP_REVOKED && said->says.reason == REASON_CERTIFICATE_HOLD;
	cleanup(memory_freep) char *hex = malloc(2 * der.size + 1);
	if (!hex || put_key(p, wish) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	hex_put(hex, der);
	time_put_iso(from, said->this_update);
	time_put_iso(until, said->next_update);
	int wrote =
		fprintf(p->sql, "%d\t%c\t%s\t%s\t\\\\x%s\n", said->says.status == OCSP_GOOD ? 0 : 1,
			held ? 't' : 'f', from, until, hex);
	return wrote < 0 ? fail(fault, p) : 0;
}

/* A row without an answer. */
static int put_removal(struct presign *p, const struct presign_wish *wish, struct fault *fault)
{
	if (put_key(p, wish) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	return fprintf(p->sql, "\\N\t\\N\t\\N\t\\N\t\\N\n") < 0 ? fail(fault, p) : 0;
}

static int sql_close(struct presign *p, struct fault *fault)
{
	(void)fputs(
		"\\.\n"
		"UPDATE stillgood_import SET issuer = (SELECT id FROM stillgood_issuer);\n"
		"DELETE FROM stillgood.presigned p USING stillgood_import i WHERE i.answer IS NULL "
		"AND p.issuer = i.issuer AND p.serial = i.serial AND p.certid = i.certid;\n"
		"DELETE FROM stillgood_import WHERE answer IS NULL;\n" ANSWERS_DROP_UNRECORDED_SQL
		";\n" ANSWERS_DROP_LESS_STRICT_SQL ";\n" ANSWERS_INSERT_SQL ";\n"
		"COMMIT;\n",
		p->sql);
	bool whole = fflush(p->sql) == 0 && !ferror(p->sql) && fsync(fileno(p->sql)) == 0;
	if (!whole || rename(p->sql_path, p->line->values[OPTION_SQL]) < 0)
		return fail(fault, p);
	free(p->sql_path);
	p->sql_path = NULL;
	return 0;
}

void presign_sql_deinit(struct presign *p)
{
	if (p->sql)
		(void)fclose(p->sql);
	if (p->sql_path)
		(void)unlink(p->sql_path);
	free(p->sql_path);
}

const struct presign_place presign_sql = {
	.open = sql_open,
	.is_kept = is_kept,
	.put = put_row,
	.remove = put_removal,
	.close = sql_close,
};
