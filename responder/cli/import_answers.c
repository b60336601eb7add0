/* `import answers`: answers that were signed beforehand become rows of the database, to be given out as they are.
 *
 *   file → what it says (strict DER) → whose certificate (both hashes of the CertID) → in time → signed by the CA
 *   or by whom it has entitled → COPY into a temporary table → compared with what is recorded → COMMIT
 *
 * None of that is believed when it is served: the responder proves each answer again. */
#include "cli/import_answers.h"

#include "base/clock.h"
#include "base/file.h"
#include "tool/certinput.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>

/* An answer may have been signed by a clock that is a little ahead of ours. */
#define SKEW_S 5

static void import_deinit(struct answers_import *import)
{
	for (size_t i = 0; import->issuers && i < import->registry.count; i++) {
		ocsp_prover_free(import->issuers[i].prover);
		free(import->issuers[i].names);
	}
	free(import->issuers);
	copy_deinit(&import->copy);
	import_report_deinit(&import->report);
	registry_deinit(&import->registry);
	database_close(&import->database);
}

/* ---- whose ---- */

static int hash_names(struct answers_issuer *issuer, struct fault *fault)
{
	const struct registered *r = issuer->registered;
	if (r->malformed)
		return 0;
	issuer->names = calloc(r->name_count + 1, sizeof(*issuer->names));
	if (!issuer->names)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (; issuer->name_count <= r->name_count; issuer->name_count++) {
		size_t i = issuer->name_count;
		struct view name = i ? buffer_view(&r->names[i - 1].der) : r->certificate.subject;
		if (ocsp_issuer_init(&issuer->names[i], name, r->certificate.key_bits) < 0)
			return fault_set(fault, -EIO, "the library refuses to hash");
	}
	return 0;
}

static int hash_issuers(struct answers_import *import, struct fault *fault)
{
	int result = 0;
	import->issuers = calloc(import->registry.count + 1, sizeof(*import->issuers));
	if (!import->issuers)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < import->registry.count && result == 0; i++) {
		import->issuers[i].registered = &import->registry.issuers[i];
		result = hash_names(&import->issuers[i], fault);
	}
	return result;
}

static struct answers_issuer *issuer_of(const struct answers_import *import,
					const struct ocsp_certid *certid)
{
	for (size_t i = 0; i < import->registry.count; i++) {
		struct answers_issuer *issuer = &import->issuers[i];
		if (import->only && import->only != issuer->registered)
			continue;
		for (size_t n = 0; n < issuer->name_count; n++)
			if (ocsp_issuer_matches(&issuer->names[n], certid))
				return issuer;
	}
	return NULL;
}

static int prove(struct answers_import *import, struct answers_issuer *issuer,
		 const struct ocsp_said *said, struct fault *fault)
{
	int result = 0;
	if (!issuer->prover)
		result = ocsp_prover_new(buffer_view(&issuer->registered->der), &issuer->prover,
					 fault);
	return result == 0 ? ocsp_prover_prove(issuer->prover, said, import->now, SKEW_S, fault)
			   : result;
}

/* ---- one answer ---- */

static int unfit(struct fault *why, const char *reason)
{
	fault_set(why, OCSP_ANSWER_UNFIT, "%s", reason);
	return OCSP_ANSWER_UNFIT;
}

/* 0, OCSP_ANSWER_UNFIT, or -errno. */
static int judge(struct answers_import *import, struct view der, struct ocsp_said *said,
		 const struct registered **ret, struct fault *why)
{
	int result = ocsp_said_read(der, said, why);
	if (result == 0)
		result = ocsp_said_timely(said, import->now, SKEW_S, why);
	if (result)
		return result;
	if (said->says.status == OCSP_UNKNOWN)
		return unfit(why, "it says unknown");
	struct answers_issuer *issuer = issuer_of(import, &said->certid);
	if (!issuer)
		return unfit(why, import->only
					  ? "it is about a certificate of another issuer"
					  : "no registered issuer has the hashes of its CertID");
	*ret = issuer->registered;
	return prove(import, issuer, said, why);
}

static int put_row(struct answers_import *import, const struct ocsp_said *said,
		   const struct registered *issuer, struct view der, const char *path,
		   struct fault *fault)
{
	uint8_t certid[SHA256_DIGEST_LENGTH];
	int result = copy_row(&import->copy, 10, fault);
	if (result < 0)
		return result;
	SHA256(said->certid.der.data, said->certid.der.size, certid);
	copy_put_int8(&import->copy, (int64_t)import->read++);
	copy_put_int4(&import->copy, issuer->record.id);
	copy_put_bytes(&import->copy, said->certid.serial);
	copy_put_bytes(&import->copy, view_of(certid, sizeof(certid)));
	copy_put_int2(&import->copy, said->says.status == OCSP_REVOKED);
	copy_put_bool(&import->copy, said->says.reason == REASON_CERTIFICATE_HOLD);
	copy_put_time(&import->copy, said->this_update);
	copy_put_time(&import->copy, said->next_update);
	copy_put_bytes(&import->copy, der);
	copy_put_bytes(&import->copy, view_of_string(path));
	return 0;
}

/* In a folder, what is no DER at all is something else (a README, an index page); a file that the operator named
 * must be an answer. */
int answers_take(struct answers_import *import, const char *path, bool named, struct view der,
		 struct fault *fault)
{
	struct ocsp_said said;
	struct fault why = {""};
	const struct registered *issuer = NULL;
	int result = judge(import, der, &said, &issuer, &why);
	if (result < 0)
		return fault_set(fault, result, "%s: %s", path, why.text);
	if (result == 0)
		return put_row(import, &said, issuer, der, path, fault);
	bool other = !named && (der.size == 0 || der.data[0] != 0x30);
	import_note(&import->report, other ? IMPORT_SKIPPED : IMPORT_PROBLEM, "%s: %s", path,
		    why.text);
	return 0;
}

static int import_file(void *context, const char *path, bool named, struct fault *fault)
{
	struct answers_import *import = context;
	cleanup(buffer_deinit) struct buffer der = {0};
	struct fault why = {""};
	int result = file_read(path, LIMIT_RESPONSE, &der, &why);
	if (result == -ENOMEM)
		return fault_set(fault, result, "%s", why.text);
	if (result < 0)
		import_note(&import->report, IMPORT_PROBLEM, "%s", why.text);
	else
		result = answers_take(import, path, named, buffer_view(&der), fault);
	progress_update(&import->report.progress, 0, import->read);
	return result < 0 && *why.text ? 0 : result;
}

/* ---- the whole ---- */

static int copy_all(struct answers_import *import, struct fault *fault)
{
	int result = database_run(&import->database, "BEGIN; " ANSWERS_TABLE_SQL, fault);
	if (result == 0)
		result = copy_begin(&import->copy, &import->database,
				    "COPY stillgood_import FROM STDIN (FORMAT binary)", fault);
	for (int i = 0; i < import->line->operand_count && result == 0; i++)
		result = import_walk(&import->report, import->line->operands[i], import_file,
				     import, fault);
	return result ? result : copy_end(&import->copy, fault);
}

static int prepare(struct answers_import *import, struct fault *fault)
{
	int result = import_report_init(&import->report, import->line, "answers", 0, fault);
	if (result == 0)
		result = registry_open(import->line, &import->database, &import->registry,
				       &import->only, fault);
	if (result == 0)
		result = hash_issuers(import, fault);
	return result ? result : copy_all(import, fault);
}

static void report(struct answers_import *import)
{
	struct import_report *report = &import->report;
	uint64_t present = import->read - import->imported - import->refused;
	if (!option_given(import->line, OPTION_JSON)) {
		printf("%" PRIu64 " %simported, %" PRIu64 " already there, %" PRIu64 " skipped",
		       import->imported, import_verb(report), present,
		       report->counts[IMPORT_SKIPPED]);
		import_print_problems(report);
		return;
	}
	struct json_object *document = json_object_new_object();
	output_json_number(document, "imported", (int64_t)import->imported);
	output_json_number(document, "already_there", (int64_t)present);
	import_report_json(report, document);
}

int command_import_answers(const struct command_line *line, struct fault *fault)
{
	cleanup(import_deinit) struct answers_import import = {
		.line = line,
		.now = wall_seconds(clock_now().wall_us),
	};
	int result = prepare(&import, fault);
	if (result == 0)
		result = answers_merge(&import, fault);
	if (result == 0)
		result = import_end(&import.report, &import.database, fault);
	if (result)
		return result;
	report(&import);
	return import_status(&import.report);
}
