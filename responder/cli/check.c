/* `check`: finds out what `serve` would refuse, without serving. Goes on after a finding where it
 * can, so that one run shows everything. */
#include "base/clock.h"
#include "base/timetext.h"
#include "cli/check_rows.h"
#include "cli/output.h"
#include "cli/registry.h"
#include "conf/profile.h"
#include "db/migrate.h"
#include "signer/credential.h"
#include "verifier/requestors.h"

#include <stdarg.h>
#include <stdio.h>

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_REFUSED };

static const char *const level_names[] = {"ok", "warning", "refused"};

struct checking {
	const struct command_line *line;
	const char *path;
	int64_t now; /* seconds since 1970 */
	struct conf *conf;
	struct database database; /* connection NULL: not reached */
	struct registry registry;
	bool registry_read;
	struct buffer configuration; /* as effective, passwords masked */
	struct json_object *findings;
	unsigned refused, warnings;
};

static void checking_deinit(struct checking *checking)
{
	json_object_put(checking->findings);
	buffer_deinit(&checking->configuration);
	registry_deinit(&checking->registry);
	database_close(&checking->database);
	conf_free(checking->conf);
}

/* `requirement` may be "". */
static void add(struct checking *checking, enum level level, const char *requirement,
		const char *text)
{
	struct json_object *finding = json_object_new_object();
	output_json_string(finding, "level", level_names[level]);
	if (*requirement)
		output_json_string(finding, "requirement", requirement);
	output_json_string(finding, "text", text);
	json_object_array_add(checking->findings, finding);
	checking->refused += level == LEVEL_REFUSED;
	checking->warnings += level == LEVEL_WARNING;
}

static void printf_like(3, 4)
	find(struct checking *checking, enum level level, const char *format, ...)
{
	struct fault text;
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text.text, sizeof(text.text), format, arguments);
	va_end(arguments);
	add(checking, level, "", text.text);
}

/* What was found out about one issuer, judged by its profile. */
static void take_findings(struct checking *checking, const struct conf_issuer *section,
			  const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		struct fault text;
		(void)fault_set(&text, 0, "issuer \"%s\": %.800s", section->name, finding->text);
		add(checking, finding->severity == SEVERITY_REFUSED ? LEVEL_REFUSED : LEVEL_WARNING,
		    finding->requirement, text.text);
	}
	if (findings->failed)
		find(checking, LEVEL_REFUSED, "issuer \"%s\": out of memory", section->name);
}

static bool check_configuration(struct checking *checking)
{
	struct fault fault = {""};
	if (conf_load(checking->path, &checking->conf, &fault)) {
		find(checking, LEVEL_REFUSED, "%s", fault.text);
		return false;
	}
	conf_render(checking->conf, CONF_ALL, false, &checking->configuration);
	find(checking, LEVEL_OK, "%s: read", checking->path);
	return true;
}

/* What the responder reads; and nothing more than reading should be its right (DESIGN.md, rooms). */
static void check_rights(struct checking *checking)
{
	static const char query[] =
		"SELECT current_user, has_table_privilege('stillgood.certificate', 'SELECT') "
		"AND has_table_privilege('stillgood.issuer', 'SELECT') "
		"AND has_table_privilege('stillgood.change_log', 'SELECT') "
		"AND has_table_privilege('stillgood.heartbeat', 'SELECT'), "
		"has_any_column_privilege('stillgood.certificate', 'INSERT, UPDATE'), "
		"pg_is_in_recovery(), (SELECT extract(epoch from clock_timestamp() - beat_at) "
		"FROM stillgood.heartbeat)::bigint";
	cleanup(result_clearp) PGresult *rows = NULL;
	struct fault fault = {""};
	if (database_query(&checking->database, query, 0, NULL, &rows, &fault)) {
		find(checking, LEVEL_REFUSED, "%s", fault.text);
		return;
	}
	const char *user = PQgetvalue(rows, 0, 0);
	if (*PQgetvalue(rows, 0, 1) != 't')
		find(checking, LEVEL_REFUSED,
		     "database: \"%s\" may not read certificates; GRANT stillgood_responder TO "
		     "\"%s\"",
		     user, user);
	if (*PQgetvalue(rows, 0, 2) == 't')
		find(checking, LEVEL_WARNING,
		     "database: \"%s\" may write certificates; the responder needs "
		     "stillgood_responder only",
		     user);
	int64_t age = column_int(rows, 0, 4);
	if (*PQgetvalue(rows, 0, 3) == 't' &&
	    age * SECOND_US > checking->conf->database.freshness_us)
		find(checking, LEVEL_WARNING,
		     "database: a standby whose last heartbeat is %lld s old; run `stillgood db "
		     "heartbeat` on the primary",
		     (long long)age);
}

static void check_database(struct checking *checking)
{
	struct fault fault = {""};
	char where[256];
	if (database_open_conninfo(checking->conf->database.conninfo, "stillgood_responder",
				   &checking->database, &fault)) {
		find(checking, LEVEL_REFUSED, "%s", fault.text);
		return;
	}
	database_describe(&checking->database, where, sizeof(where));
	if (db_schema_check(checking->database.connection, &fault)) {
		find(checking, LEVEL_REFUSED, "%s: %s", where, fault.text);
		return;
	}
	find(checking, LEVEL_OK, "%s: reached, its schema is the right one", where);
	check_rights(checking);
	if (registry_load(&checking->database, &checking->registry, &fault))
		find(checking, LEVEL_REFUSED, "%s", fault.text);
	else
		checking->registry_read = true;
}

static void check_rows(struct checking *checking, const struct conf_issuer *section,
		       const struct registered *registered)
{
	cleanup(findings_deinit) struct findings findings = {.profile = section->profile};
	struct fault fault = {""};
	if (rows_judge(&checking->database, &checking->registry, registered, &findings, &fault))
		find(checking, LEVEL_REFUSED, "%s", fault.text);
	take_findings(checking, section, &findings);
}

static void check_registered(struct checking *checking, const struct conf_issuer *section,
			     const struct certificate *ca)
{
	const struct registry *registry = &checking->registry;
	const struct registered *named = registry_by_name(registry, section->name);
	const struct registered *same = registry_by_identity(registry, ca->subject, ca->key_bits);
	if (named && named == same) {
		find(checking, LEVEL_OK, "issuer \"%s\": registered with this subject and key",
		     section->name);
		if (named->record.revoked_at != TIME_NONE)
			find(checking, LEVEL_WARNING,
			     "issuer \"%s\": revoked as a whole; every certificate of it is "
			     "answered as revoked",
			     section->name);
		check_rows(checking, section, named);
	} else if (named) {
		find(checking, LEVEL_REFUSED,
		     "%s:%u: issuer \"%s\" is registered with another subject or key than that of "
		     "%s",
		     checking->path, section->line, section->name, section->certificate);
	} else if (same) {
		find(checking, LEVEL_REFUSED,
		     "%s:%u: the CA of %s is registered as \"%s\", not as \"%s\"; rename the "
		     "section",
		     checking->path, section->line, section->certificate, same->record.name,
		     section->name);
	} else {
		find(checking, LEVEL_REFUSED,
		     "%s:%u: issuer \"%s\" is not registered; run: stillgood issuer add %s --name "
		     "\"%s\"",
		     checking->path, section->line, section->name, section->certificate,
		     section->name);
	}
}

/* P-37: each signer with its time; expired ones were found before. */
static void check_signers(struct checking *checking, const struct conf_issuer *section,
			  const struct credential *credential)
{
	for (unsigned i = 0; i < credential_signer_count(credential); i++) {
		struct credential_signer signer = credential_signer_at(credential, i);
		char from[ISO_TIME_SIZE + 1] = "", until[ISO_TIME_SIZE + 1] = "";
		bool early = checking->now < signer.not_before;
		time_put_iso(from, signer.not_before);
		time_put_iso(until, signer.not_after);
		if (checking->now <= signer.not_after)
			find(checking, LEVEL_OK, "issuer \"%s\": signs with %s%s%s until %s",
			     section->name, signer.algorithm, early ? " from " : "",
			     early ? from : "", until);
	}
}

static void check_requestors(struct checking *checking, const struct conf_issuer *section)
{
	cleanup(requestors_freep) struct requestors *requestors = NULL;
	struct fault fault = {""};
	if (section->signed_requests == SIGNED_IGNORE)
		return;
	if (requestors_load(section, &requestors, &fault))
		find(checking, LEVEL_REFUSED, "issuer \"%s\": %s", section->name, fault.text);
	else
		find(checking, LEVEL_OK, "issuer \"%s\": requestors are read", section->name);
}

static void check_issuer(struct checking *checking, const struct conf_issuer *section)
{
	cleanup(credential_freep) struct credential *credential = NULL;
	cleanup(findings_deinit) struct findings findings = {.profile = section->profile};
	struct certificate ca;
	struct fault fault = {""};
	check_requestors(checking, section);
	profile_judge(section, &findings);
	int r = credential_load(section, checking->now, &credential, &findings, &fault);
	if (r)
		findings_add(&findings, FINDING_PROOF_FAILED, NULL, "%s", fault.text);
	take_findings(checking, section, &findings);
	if (r)
		return;
	check_signers(checking, section, credential);
	if (!checking->registry_read)
		return;
	if (certificate_read(credential_ca(credential), &ca))
		find(checking, LEVEL_REFUSED, "%s: not a readable certificate",
		     section->certificate);
	else
		check_registered(checking, section, &ca);
}

static void check_left_out(struct checking *checking)
{
	const struct conf *conf = checking->conf;
	for (size_t i = 0; i < checking->registry.count; i++) {
		const char *name = checking->registry.issuers[i].record.name;
		bool configured = false;
		for (unsigned k = 0; k < conf->issuer_count && !configured; k++)
			configured = strcmp(conf->issuers[k].name, name) == 0;
		if (!configured)
			find(checking, LEVEL_WARNING,
			     "issuer \"%s\" is registered but has no section: questions about it "
			     "are not answered",
			     name);
	}
}

static void report_json(struct checking *checking)
{
	struct json_object *document = json_object_new_object();
	output_json_bool(document, "ok", checking->refused == 0);
	output_json_string(document, "file", checking->path);
	output_json_view(document, "configuration", buffer_view(&checking->configuration));
	json_object_object_add(document, "findings", json_object_get(checking->findings));
	output_json(document);
}

static void report(struct checking *checking)
{
	if (checking->configuration.size)
		printf("%.*s", (int)checking->configuration.size,
		       (const char *)checking->configuration.data);
	for (size_t i = 0; i < json_object_array_length(checking->findings); i++) {
		struct json_object *finding = json_object_array_get_idx(checking->findings, i);
		cleanup(memory_freep) char *text = output_text_new(
			json_object_get_string(json_object_object_get(finding, "text")));
		const char *requirement =
			json_object_get_string(json_object_object_get(finding, "requirement"));
		printf("%s: %s%s%s\n",
		       json_object_get_string(json_object_object_get(finding, "level")),
		       requirement ? requirement : "", requirement ? ": " : "", text ? text : "");
	}
}

int command_check(const struct command_line *line, struct fault *fault)
{
	const char *path = line->values[OPTION_CONFIG];
	cleanup(checking_deinit) struct checking checking = {
		.line = line,
		.path = path ? path : DEFAULT_CONFIGURATION,
		.now = wall_seconds(clock_now().wall_us),
		.findings = json_object_new_array(),
	};
	if (check_configuration(&checking)) {
		check_database(&checking);
		for (unsigned i = 0; i < checking.conf->issuer_count; i++)
			check_issuer(&checking, &checking.conf->issuers[i]);
		check_left_out(&checking);
	}
	if (option_given(line, OPTION_JSON))
		report_json(&checking);
	else
		report(&checking);
	if (checking.refused == 0)
		return STATUS_DONE;
	return fault_set(fault, -EINVAL, "%s: %u refused, %u warnings; serve would not start",
			 checking.path, checking.refused, checking.warnings);
}
