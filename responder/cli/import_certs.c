/* `import certs`: certificates from files and folders become rows of the database.
 *
 *   files → one certificate at a time → issuer proven by signature → COPY into a temporary table
 *   → one INSERT … ON CONFLICT → what was there already is compared → COMMIT
 *
 * A wrong attribution would be a wrong good later, so nothing is taken on the name's word. What cannot
 * be recorded is named and keeps nothing else out, unless the operator wants all or nothing. */
#include "cli/import_certs.h"

#include "tool/certinput.h"
#include "tool/operand.h"
#include "tool/output.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>

static void import_deinit(struct certs_import *import)
{
	for (size_t i = 0; i < import->lesson_count; i++) {
		buffer_deinit(&import->lessons[i].der);
		free(import->lessons[i].where);
	}
	copy_deinit(&import->copy);
	import_report_deinit(&import->report);
	registry_deinit(&import->registry);
	database_close(&import->database);
}

static bool is_lesson_already(const struct certs_import *import, const struct registered *issuer,
			      struct view name)
{
	bool found = false;
	for (size_t i = 0; i < import->lesson_count && !found; i++) {
		struct certificate certificate;
		found = import->lessons[i].issuer == issuer &&
			certificate_read(buffer_view(&import->lessons[i].der), &certificate) == 0 &&
			view_equal(certificate.issuer, name);
	}
	return found;
}

/* While rows are copied the connection can do nothing else: lessons wait. */
static int note_lesson(struct certs_import *import, const struct certificate *certificate,
		       const struct registered *issuer, const char *where, struct fault *fault)
{
	if (option_given(import->line, OPTION_WITHDRAW) ||
	    registered_knows_name(issuer, certificate->issuer) ||
	    import->lesson_count == LESSONS_MOST ||
	    is_lesson_already(import, issuer, certificate->issuer))
		return 0;
	struct lesson *lesson = &import->lessons[import->lesson_count++];
	lesson->issuer = issuer;
	lesson->where = strdup(where);
	buffer_put_view(&lesson->der, certificate->der);
	if (!lesson->where || buffer_result(&lesson->der))
		return fault_set(fault, -ENOMEM, "out of memory");
	return 0;
}

static int put_row(struct certs_import *import, const struct certificate *certificate,
		   const struct registered *issuer, const char *where, struct fault *fault)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct import_row row = {
		.place = (int64_t)import->read,
		.issuer = issuer->record.id,
		.not_after = certificate->not_after,
		.precertificate = certificate->is_precertificate,
		.origin = where,
	};
	if (operand_serial_octets(certificate->serial, &row.serial) < 0) {
		import_note(&import->report, IMPORT_PROBLEM,
			    "%s: the serial number is negative or over %u octets: no responder can "
			    "answer for it",
			    where, LIMIT_SERIAL);
		return 0;
	}
	SHA256(certificate->der.data, certificate->der.size, hash);
	if (!certificate->is_precertificate)
		row.hash = view_of(hash, sizeof(hash));
	import->read++;
	int result = import_put_row(&import->copy, &row, fault);
	return result ? result : note_lesson(import, certificate, issuer, where, fault);
}

static int import_certificate(struct certs_import *import, struct view der, const char *where,
			      struct fault *fault)
{
	struct certificate certificate;
	const struct registered *issuer = NULL;
	struct fault why = {"not a readable certificate"};
	enum import_finding finding = IMPORT_PROBLEM;
	if (certificate_read(der, &certificate) == 0) {
		if (registry_issuer_of(&import->registry, import->only, &certificate, &issuer,
				       &why) == 0)
			return put_row(import, &certificate, issuer, where, fault);
		if (option_given(import->line, OPTION_SKIP_UNKNOWN))
			finding = IMPORT_SKIPPED;
	}
	import_note(&import->report, finding, "%s: %s", where, why.text);
	return 0;
}

/* Whether the file could be read does not decide about the others. */
static int go_on(struct certs_import *import, int result, const struct fault *why,
		 struct fault *fault)
{
	if (result == -ENOMEM)
		return fault_set(fault, result, "%s", why->text);
	import_note(&import->report, IMPORT_PROBLEM, "%s", why->text);
	return 0;
}

static int import_each(struct certs_import *import, struct certinput *file, const char *path,
		       uint64_t *ret_count, struct fault *fault)
{
	for (;; ++*ret_count) {
		struct fault why = {""};
		struct view der = {0};
		unsigned line = 0;
		char where[CERTINPUT_PLACE_SIZE];
		int result = certinput_next(file, &der, &line, &why);
		if (result == CERTINPUT_END)
			return 0;
		if (result && result != -EBADMSG) {
			++*ret_count;
			return go_on(import, result, &why, fault);
		}
		certinput_place(where, sizeof(where), path, line);
		result = result ? go_on(import, result, &why, fault)
				: import_certificate(import, der, where, fault);
		if (result)
			return result;
		progress_update(&import->report.progress, 0, import->read);
	}
}

/* In a folder, a file that holds something else (a key, a CRL, a README) is passed over; a file that
 * the operator named must hold certificates. */
static int import_file(void *context, const char *path, bool named, struct fault *fault)
{
	struct certs_import *import = context;
	cleanup(certinput_closep) struct certinput *file = NULL;
	struct fault why = {""};
	uint64_t count = 0;
	int result = certinput_open(path, &file, &why);
	if (result)
		return go_on(import, result, &why, fault);
	result = import_each(import, file, path, &count, fault);
	if (result == 0 && count == 0) {
		(void)certinput_nothing(file, &why);
		import_note(&import->report, named ? IMPORT_PROBLEM : IMPORT_SKIPPED, "%s",
			    why.text);
	}
	return result;
}

static int copy_all(struct certs_import *import, struct fault *fault)
{
	int result = database_run(&import->database, "BEGIN; " IMPORT_TABLE_SQL, fault);
	if (result == 0)
		result = copy_begin(&import->copy, &import->database,
				    "COPY stillgood_import FROM STDIN (FORMAT binary)", fault);
	for (int i = 0; i < import->line->operand_count && result == 0; i++)
		result = import_walk(&import->report, import->line->operands[i], import_file,
				     import, fault);
	return result ? result : copy_end(&import->copy, fault);
}

static void report(struct certs_import *import)
{
	struct import_report *report = &import->report;
	uint64_t present = import->read - import->imported - import->refused;
	if (!option_given(import->line, OPTION_JSON)) {
		printf("%" PRIu64 " %simported, %" PRIu64 " already there", import->imported,
		       import_verb(report), present);
		if (import->completed)
			printf(" (%" PRIu64 " of them completed)", import->completed);
		printf(", %" PRIu64 " skipped", report->counts[IMPORT_SKIPPED]);
		import_print_problems(report);
		return;
	}
	struct json_object *document = json_object_new_object();
	output_json_number(document, "imported", (int64_t)import->imported);
	output_json_number(document, "already_there", (int64_t)present);
	output_json_number(document, "completed", (int64_t)import->completed);
	import_report_json(report, document);
}

static int prepare(struct certs_import *import, struct fault *fault)
{
	int result = import_report_init(&import->report, import->line, "certificates", 0, fault);
	if (result == 0)
		result = registry_open(import->line, &import->database, &import->registry,
				       &import->only, fault);
	return result ? result : copy_all(import, fault);
}

static int record(struct certs_import *import, struct fault *fault)
{
	int result = certs_merge(import, fault);
	if (result == 0)
		result = certs_learn(import, fault);
	if (result == 0)
		result = import_end(&import->report, &import->database, fault);
	if (result)
		return result;
	report(import);
	return import_status(&import->report);
}

int command_import_certs(const struct command_line *line, struct fault *fault)
{
	cleanup(import_deinit) struct certs_import import = {.line = line};
	int result = prepare(&import, fault);
	if (result)
		return result;
	return option_given(line, OPTION_WITHDRAW)
		       ? import_take_back(&import.report, &import.database, fault)
		       : record(&import, fault);
}
