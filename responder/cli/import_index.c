/* `import index`: the index.txt of an `openssl ca` becomes rows of the database.
 *
 *   file → one line at a time → COPY into a temporary table → one INSERT … ON CONFLICT
 *   → only if some rows were there already: contradictions are named, revocations applied → COMMIT
 *
 * What is revoked in the database stays revoked, whatever the file says, and what the file says is
 * revoked becomes so, whatever else is wrong with it. */
#include "cli/import_index.h"

#include "base/clock.h"
#include "base/hex.h"
#include "cli/index_file.h"
#include "tool/output.h"

#include <inttypes.h>
#include <stdio.h>

/* The database refuses a revocation from the future; so much may clocks differ. */
#define FUTURE_SECONDS 60

static void import_deinit(struct index_import *import)
{
	copy_deinit(&import->copy);
	import_report_deinit(&import->report);
	index_file_close(import->file);
	registry_deinit(&import->registry);
	database_close(&import->database);
}

static int status_of(const struct index_entry *entry)
{
	if (entry->kind != INDEX_REVOKED)
		return CERT_GOOD;
	return entry->reason == REASON_CERTIFICATE_HOLD ? CERT_HELD : CERT_REVOKED;
}

static void put_note(struct index_import *import, const struct index_entry *entry)
{
	char note[128];
	if (entry->hold_instruction.size == 0) {
		copy_put_null(&import->copy);
		return;
	}
	int size =
		snprintf(note, sizeof(note), "holdInstruction %.*s",
			 entry->hold_instruction.size > 80 ? 80 : (int)entry->hold_instruction.size,
			 (const char *)entry->hold_instruction.data);
	copy_put_bytes(&import->copy, view_of(note, (size_t)size));
	import->instructions++;
}

static int put_row(struct index_import *import, const struct index_entry *entry, uint64_t line,
		   struct fault *fault)
{
	int result = copy_row(&import->copy, 8, fault);
	if (result)
		return result;
	copy_put_int8(&import->copy, (int64_t)line);
	copy_put_bytes(&import->copy, serial_view(&entry->serial));
	copy_put_int2(&import->copy, status_of(entry));
	if (entry->reason == REASON_NONE)
		copy_put_null(&import->copy);
	else
		copy_put_int2(&import->copy, (int)entry->reason);
	copy_put_time(&import->copy, entry->revoked_at);
	copy_put_time(&import->copy, entry->invalidity_at);
	copy_put_time(&import->copy, entry->not_after);
	put_note(import, entry);
	import->removed += entry->removed_from_crl;
	import->has_text = import->has_text || serial_is_wrong(&entry->serial, false);
	return 0;
}

static int put_withdrawal(struct index_import *import, const struct index_entry *entry,
			  uint64_t line, struct fault *fault)
{
	char origin[4200];
	(void)snprintf(origin, sizeof(origin), "%s:%" PRIu64, import->path, line);
	struct import_row row = {
		.place = (int64_t)line,
		.issuer = import->issuer->record.id,
		.serial = entry->serial,
		.not_after = entry->not_after,
		.origin = origin,
	};
	return import_put_row(&import->copy, &row, fault);
}

/* What is certain of a doubtful line is recorded: a certificate that its CA has revoked is not good
 * because a date is misspelt. */
static void settle_doubts(struct index_import *import, struct index_entry *entry, uint64_t line,
			  int result, const struct fault *why)
{
	const char *done = status_of(entry) == CERT_HELD ? "put on hold" : "revoked";
	bool future =
		entry->revoked_at != TIME_NONE && entry->revoked_at > import->now + FUTURE_SECONDS;
	if (result == INDEX_DOUBTFUL)
		import_note(&import->report, IMPORT_PROBLEM, "%s; %s all the same", why->text,
			    done);
	else if (future)
		import_note(&import->report, IMPORT_PROBLEM,
			    "%s:%" PRIu64 ": the revocation date is in the future; %s as of now",
			    import->path, line, done);
	if (future || entry->revoked_at == TIME_NONE)
		entry->revoked_at = import->now;
}

static int take_line(struct index_import *import, struct index_entry *entry, uint64_t line,
		     int result, const struct fault *why, struct fault *fault)
{
	import->read++;
	if (option_given(import->line, OPTION_WITHDRAW))
		return put_withdrawal(import, entry, line, fault);
	import_proof_line(&import->proof, &entry->serial, line);
	if (entry->kind == INDEX_REVOKED)
		settle_doubts(import, entry, line, result, why);
	return put_row(import, entry, line, fault);
}

/* The next line that can be taken; one that cannot keeps nothing else out. */
static int next_line(struct index_import *import, struct index_entry *entry, uint64_t *line,
		     struct fault *why, struct fault *fault)
{
	for (;;) {
		int result = index_file_next(import->file, entry, line, why);
		if (result >= 0)
			return result;
		if (result != -EINVAL)
			return fault_set(fault, result, "%s", why->text);
		import_note(&import->report, IMPORT_PROBLEM, "%s", why->text);
	}
}

static int copy_lines(struct index_import *import, struct fault *fault)
{
	for (;;) {
		struct index_entry entry;
		struct fault why = {""};
		uint64_t line = 0;
		int result = next_line(import, &entry, &line, &why, fault);
		if (result < 0 || result == INDEX_END)
			return result < 0 ? result : 0;
		result = take_line(import, &entry, line, result, &why, fault);
		if (result)
			return result;
		progress_update(&import->report.progress, index_file_position(import->file),
				import->read);
	}
}

static int copy_all(struct index_import *import, struct fault *fault)
{
	bool withdraw = option_given(import->line, OPTION_WITHDRAW);
	int result = database_run(&import->database,
				  withdraw ? "BEGIN; " IMPORT_TABLE_SQL : "BEGIN; " INDEX_TABLE_SQL,
				  fault);
	if (result == 0)
		result = copy_begin(&import->copy, &import->database,
				    "COPY stillgood_import FROM STDIN (FORMAT binary)", fault);
	if (result == 0)
		result = copy_lines(import, fault);
	return result ? result : copy_end(&import->copy, fault);
}

/* Everything under the wrong issuer would be wrong answers for two CAs. */
static int judge_proof(struct index_import *import, struct fault *fault)
{
	const struct import_proof *proof = &import->proof;
	if (proof->contradicted && option_given(import->line, OPTION_FORCE))
		import_note(&import->report, IMPORT_WARNING, "%s", proof->contradiction.text);
	else if (proof->contradicted)
		return fault_set(fault, -EINVAL,
				 "%s; nothing was imported, --force does it all the same",
				 proof->contradiction.text);
	else if (proof->proven == 0 && import->read > 0)
		import_note(&import->report, IMPORT_WARNING,
			    "%s: nothing proves that this is the index of \"%s\": beside it is no "
			    "newcerts/ with its certificates",
			    import->path, import->issuer->record.name);
	return 0;
}

static void report(struct index_import *import)
{
	struct import_report *report = &import->report;
	uint64_t present = import->read - import->imported - import->refused;
	if (import->removed)
		import_note(report, IMPORT_WARNING,
			    "%" PRIu64 " lines say removeFromCRL, which is no state of a "
			    "certificate: put on hold; `stillgood release` makes them good",
			    import->removed);
	if (!option_given(import->line, OPTION_JSON)) {
		printf("%" PRIu64 " %simported, %" PRIu64 " already there, %" PRIu64
		       " of them %schanged",
		       import->imported, import_verb(report), present, import->changed,
		       import_verb(report));
		import_print_problems(report);
		return;
	}
	struct json_object *document = json_object_new_object();
	output_json_number(document, "imported", (int64_t)import->imported);
	output_json_number(document, "already_there", (int64_t)present);
	output_json_number(document, "changed", (int64_t)import->changed);
	output_json_number(document, "removed_from_crl", (int64_t)import->removed);
	output_json_number(document, "issuer_proven_by", (int64_t)import->proof.proven);
	import_report_json(report, document);
}

static int prepare(struct index_import *import, struct fault *fault)
{
	const char *name = import->line->values[OPTION_ISSUER];
	if (!name)
		return fault_set(fault, STATUS_USAGE,
				 "import index: --issuer NAME is missing; an index.txt does not "
				 "say whose it is");
	int result = index_file_open(import->path, &import->file, fault);
	if (result == 0)
		result = import_report_init(&import->report, import->line, "lines",
					    index_file_size(import->file), fault);
	if (result == 0)
		result = database_open_current(import->line, "stillgood_ca", &import->database,
					       fault);
	if (result == 0)
		result = registry_load(&import->database, &import->registry, fault);
	if (result == 0)
		result = registry_find(&import->registry, name, &import->issuer, fault);
	if (result)
		return result;
	(void)snprintf(import->issuer_id, sizeof(import->issuer_id), "%d",
		       import->issuer->record.id);
	import_proof_init(&import->proof, import->path, &import->registry, import->issuer);
	return copy_all(import, fault);
}

static int record(struct index_import *import, struct fault *fault)
{
	int result = judge_proof(import, fault);
	if (result == 0)
		result = index_merge(import, fault);
	if (result == 0)
		result = import_end(&import->report, &import->database, fault);
	if (result)
		return result;
	report(import);
	return import_status(&import->report);
}

int command_import_index(const struct command_line *line, struct fault *fault)
{
	cleanup(import_deinit) struct index_import import = {
		.line = line,
		.path = line->operands[0],
		.now = wall_seconds(clock_now().wall_us),
	};
	int result = prepare(&import, fault);
	if (result)
		return result;
	return option_given(line, OPTION_WITHDRAW)
		       ? import_take_back(&import.report, &import.database, fault)
		       : record(&import, fault);
}
