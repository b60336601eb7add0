/* `import certs`: certificates from files and folders become rows of the database.
 *
 *   files → one certificate at a time → issuer proven by signature → COPY into a temporary table
 *   → one INSERT … ON CONFLICT → what was there already is compared → COMMIT
 *
 * A wrong attribution would be a wrong good later, so nothing is taken on the name's word, and a
 * certificate that cannot be placed fails the whole import unless the operator says otherwise. */
#include "cli/certinput.h"
#include "cli/copy.h"
#include "cli/operand.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/registry.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>

struct import {
	const struct command_line *line;
	struct database database;
	struct registry registry;
	const struct registered *only; /* --issuer; NULL: any */
	struct copy copy;
	struct progress progress;
	uint64_t read, skipped, imported, completed;
};

static void import_deinit(struct import *import)
{
	progress_deinit(&import->progress);
	copy_deinit(&import->copy);
	registry_deinit(&import->registry);
	database_close(&import->database);
}

static void skip(struct import *import, const char *where, const char *why)
{
	import->skipped++;
	progress_deinit(&import->progress);
	output_note("skipped: %s: %s", where, why);
}

static int put_row(struct import *import, const struct certificate *certificate,
		   const struct registered *issuer, const char *where, struct fault *fault)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct serial serial;
	if (operand_serial_octets(certificate->serial, &serial) < 0)
		return fault_set(fault, -EINVAL,
				 "%s: the serial number is negative or over %u octets: no "
				 "responder can answer for it",
				 where, LIMIT_SERIAL);
	SHA256(certificate->der.data, certificate->der.size, hash);
	int r = copy_row(&import->copy, 5, fault);
	if (r)
		return r;
	copy_put_int4(&import->copy, issuer->record.id);
	copy_put_bytes(&import->copy, serial_view(&serial));
	copy_put_time(&import->copy, certificate->not_after);
	copy_put_bytes(&import->copy, view_of(hash, sizeof(hash)));
	copy_put_bytes(&import->copy, view_of_string(where));
	import->read++;
	return 0;
}

/* RFC 6962, 3.1: a precertificate has the serial number of the certificate that follows it. */
static bool is_precertificate(struct view der)
{
	static const uint8_t poison[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6,
					 0x79, 0x02, 0x04, 0x03, 0x01, 0x01, 0xff};
	return memmem(der.data, der.size, poison, sizeof(poison)) != NULL;
}

static int import_certificate(struct import *import, struct view der, const char *where,
			      struct fault *fault)
{
	struct certificate certificate;
	const struct registered *issuer = NULL;
	struct fault why = {""};
	if (certificate_read(der, &certificate))
		return fault_set(fault, -EBADMSG, "%s: not a readable certificate", where);
	if (is_precertificate(der)) {
		skip(import, where, "a precertificate");
		return 0;
	}
	int r = registry_issuer_of(&import->registry, import->only, &certificate, &issuer, &why);
	if (r == REGISTRY_UNKNOWN && option_given(import->line, OPTION_SKIP_UNKNOWN)) {
		skip(import, where, why.text);
		return 0;
	}
	if (r)
		return fault_set(fault, -EINVAL, "%s: %s", where, why.text);
	return put_row(import, &certificate, issuer, where, fault);
}

static int import_each(struct import *import, struct certinput *file, const char *path,
		       uint64_t *ret_count, struct fault *fault)
{
	for (;;) {
		struct view der = {0};
		unsigned line = 0;
		char where[4200];
		int r = certinput_next(file, &der, &line, fault);
		if (r)
			return r == CERTINPUT_END ? 0 : r;
		certinput_place(where, sizeof(where), path, line);
		r = import_certificate(import, der, where, fault);
		if (r)
			return r;
		++*ret_count;
		progress_update(&import->progress, 0, import->read);
	}
}

/* In a folder, a file that holds something else (a key, a CRL, a README) is passed over; a file that
 * the operator named must hold certificates. */
static int import_file(void *context, const char *path, bool named, struct fault *fault)
{
	struct import *import = context;
	cleanup(certinput_closep) struct certinput *file = NULL;
	uint64_t count = 0;
	int r = certinput_open(path, &file, fault);
	if (r)
		return r;
	r = import_each(import, file, path, &count, fault);
	if (r == 0 && count == 0 && named)
		return fault_set(fault, -EINVAL, "%s: holds no certificate", path);
	if (r == 0 && count == 0)
		skip(import, path, "holds no certificate");
	return r;
}

static int copy_all(struct import *import, struct fault *fault)
{
	int r = database_run(&import->database,
			     "BEGIN; CREATE TEMPORARY TABLE stillgood_import (issuer integer, "
			     "serial bytea, not_after timestamptz, hash bytea, origin text) "
			     "ON COMMIT DROP",
			     fault);
	if (r == 0)
		r = copy_begin(&import->copy, &import->database,
			       "COPY stillgood_import FROM STDIN (FORMAT binary)", fault);
	for (int i = 0; i < import->line->operand_count && r == 0; i++)
		r = certinput_walk(import->line->operands[i], import_file, import, fault);
	return r ? r : copy_end(&import->copy, fault);
}

/* Two certificates with one serial number: a fault of the CA, or a file that is not what it seems. */
static int refuse_conflicts(struct import *import, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int r = database_query(&import->database,
			       "SELECT i.origin, encode(i.serial, 'hex'), s.name "
			       "FROM stillgood_import i JOIN stillgood.certificate c "
			       "ON c.issuer = i.issuer AND c.serial = i.serial "
			       "JOIN stillgood.issuer s ON s.id = i.issuer "
			       "WHERE c.certificate_hash <> i.hash LIMIT 1",
			       0, NULL, &rows, fault);
	if (r || PQntuples(rows) == 0)
		return r;
	return fault_set(fault, -EINVAL,
			 "%s: serial %s of issuer \"%s\" already stands for another certificate; "
			 "nothing was imported",
			 PQgetvalue(rows, 0, 0), PQgetvalue(rows, 0, 1), PQgetvalue(rows, 0, 2));
}

/* Rows made from an index.txt learn the hash. */
static int complete_rows(struct import *import, struct fault *fault)
{
	cleanup(result_clearp) PGresult *result = NULL;
	int r = database_query(&import->database,
			       "UPDATE stillgood.certificate c SET certificate_hash = i.hash, "
			       "not_after = coalesce(c.not_after, i.not_after) "
			       "FROM stillgood_import i WHERE c.issuer = i.issuer "
			       "AND c.serial = i.serial AND (c.certificate_hash IS NULL OR "
			       "c.not_after IS NULL)",
			       0, NULL, &result, fault);
	if (r == 0)
		import->completed = result_affected(result);
	return r;
}

static int merge(struct import *import, struct fault *fault)
{
	cleanup(result_clearp) PGresult *result = NULL;
	progress_say(&import->progress, "writing to the database");
	int r = database_query(&import->database,
			       "INSERT INTO stillgood.certificate "
			       "(issuer, serial, not_after, certificate_hash) "
			       "SELECT issuer, serial, not_after, hash FROM stillgood_import "
			       "ON CONFLICT (issuer, serial) DO NOTHING",
			       0, NULL, &result, fault);
	if (r)
		return r;
	import->imported = result_affected(result);
	if (import->imported < import->read) {
		r = refuse_conflicts(import, fault);
		if (r == 0)
			r = complete_rows(import, fault);
	}
	return r ? r : database_run(&import->database, "COMMIT", fault);
}

static void report(const struct import *import)
{
	uint64_t present = import->read - import->imported;
	if (!option_given(import->line, OPTION_JSON)) {
		printf("%" PRIu64 " imported, %" PRIu64 " already there", import->imported,
		       present);
		if (import->completed)
			printf(" (%" PRIu64 " of them completed)", import->completed);
		printf(", %" PRIu64 " skipped\n", import->skipped);
		return;
	}
	struct json_object *document = json_object_new_object();
	output_json_number(document, "imported", (int64_t)import->imported);
	output_json_number(document, "already_there", (int64_t)present);
	output_json_number(document, "completed", (int64_t)import->completed);
	output_json_number(document, "skipped", (int64_t)import->skipped);
	output_json(document);
}

static int prepare(struct import *import, struct fault *fault)
{
	const char *name = import->line->values[OPTION_ISSUER];
	int r = database_open_current(import->line, "stillgood_ca", &import->database, fault);
	if (r == 0)
		r = registry_load(&import->database, &import->registry, fault);
	if (r == 0 && name) {
		import->only = registry_by_name(&import->registry, name);
		if (!import->only)
			return fault_set(fault, -ENOENT,
					 "no issuer is named \"%s\"; `stillgood issuer list` shows "
					 "them",
					 name);
	}
	return r;
}

int command_import_certs(const struct command_line *line, struct fault *fault)
{
	cleanup(import_deinit) struct import import = {.line = line};
	int r = prepare(&import, fault);
	if (r)
		return r;
	progress_init(&import.progress, "certificates", 0);
	r = copy_all(&import, fault);
	if (r == 0)
		r = merge(&import, fault);
	progress_deinit(&import.progress);
	if (r == 0)
		report(&import);
	return r;
}
