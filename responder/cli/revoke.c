/* `revoke`, `hold`, `release`: one certificate by its file or by issuer and serial, or a whole issuer.
 * The database's functions decide and record; what is printed is what they did. */
#include "base/hex.h"
#include "base/timetext.h"
#include "cli/certinput.h"
#include "cli/operand.h"
#include "cli/output.h"
#include "cli/registry.h"

#include <stdio.h>

enum action { ACTION_REVOKE, ACTION_HOLD, ACTION_RELEASE };

static const struct {
	const char *name, *done, *unchanged;
} actions[] = {
	[ACTION_REVOKE] = {"revoke", "revoked", "was revoked already"},
	[ACTION_HOLD] = {"hold", "put on hold", "was on hold already"},
	[ACTION_RELEASE] = {"release", "released: good again", "was good already"},
};

struct revocation {
	const struct command_line *line;
	enum action action;
	struct database database;
	char issuer[LIMIT_ISSUER_NAME + 1];
	struct serial serial;
	/* --at and --invalidity in full, with Z: a bare date would be read in the session's zone. */
	char at[ISO_TIME_SIZE + 1], invalidity[ISO_TIME_SIZE + 1]; /* "": not given */
	bool changed;
	/* What the database says afterwards; known where the login may read certificates. */
	bool shown;
	int64_t version, revoked_at;
	enum revocation_reason reason;
};

static void revocation_deinit(struct revocation *revocation)
{
	database_close(&revocation->database);
}

static int usage(const struct revocation *revocation, struct fault *fault, const char *text)
{
	return fault_set(fault, STATUS_USAGE, "%s: %s", actions[revocation->action].name, text);
}

static int read_time(struct revocation *revocation, enum command_option option, char *out,
		     struct fault *fault)
{
	const char *text = revocation->line->values[option];
	int64_t seconds;
	if (!text)
		return 0;
	if (time_parse_iso(view_of_string(text), &seconds) < 0)
		return fault_set(fault, STATUS_USAGE,
				 "%s: \"%s\" is not a time like 2026-05-09T08:30:00Z",
				 actions[revocation->action].name, text);
	time_put_iso(out, seconds);
	return 0;
}

static int check_reason(const struct revocation *revocation, struct fault *fault)
{
	const char *reason = revocation->line->values[OPTION_REASON];
	enum revocation_reason code = REASON_NONE;
	if (reason && operand_reason(view_of_string(reason), &code) < 0)
		return usage(revocation, fault,
			     "--reason: unspecified, keyCompromise, cACompromise, "
			     "affiliationChanged, superseded, cessationOfOperation, "
			     "privilegeWithdrawn or aACompromise");
	if (code == REASON_CERTIFICATE_HOLD)
		return usage(revocation, fault,
			     "--reason certificateHold is what `stillgood hold` does");
	return 0;
}

static int check_values(struct revocation *revocation, struct fault *fault)
{
	const char *by = revocation->line->values[OPTION_REQUESTED_BY];
	if (by && strcmp(by, "subscriber") != 0 && strcmp(by, "ca") != 0)
		return usage(revocation, fault, "--requested-by: subscriber or ca");
	int r = check_reason(revocation, fault);
	if (r == 0)
		r = read_time(revocation, OPTION_AT, revocation->at, fault);
	if (r == 0)
		r = read_time(revocation, OPTION_INVALIDITY, revocation->invalidity, fault);
	return r;
}

/* Exactly one of: a file; --issuer and --serial; --issuer and --all. */
static int check_target(const struct revocation *revocation, struct fault *fault)
{
	const struct command_line *line = revocation->line;
	bool issuer = option_given(line, OPTION_ISSUER), serial = option_given(line, OPTION_SERIAL);
	bool all = option_given(line, OPTION_ALL), file = line->operand_count == 1;
	if (file && (issuer || serial || all))
		return usage(revocation, fault, "name a certificate file or --issuer, not both");
	if (!file && !issuer)
		return usage(revocation, fault,
			     "name a certificate file, or --issuer NAME --serial HEX");
	if (!file && serial == all)
		return usage(revocation, fault,
			     revocation->action == ACTION_REVOKE
				     ? "--issuer NAME goes with --serial HEX or with --all"
				     : "--issuer NAME goes with --serial HEX");
	if (all && option_given(line, OPTION_INVALIDITY))
		return usage(revocation, fault, "--invalidity is a certificate's, not an issuer's");
	return 0;
}

static int read_certificate(struct revocation *revocation, struct certinput *file,
			    struct fault *fault)
{
	const char *path = revocation->line->operands[0];
	cleanup(registry_deinit) struct registry registry = {0};
	const struct registered *issuer = NULL;
	struct certificate certificate;
	struct fault why = {""};
	struct view der = {0};
	unsigned line = 0;
	int r = certinput_next(file, &der, &line, fault);
	if (r == CERTINPUT_END)
		return fault_set(fault, -EINVAL, "%s: holds no certificate", path);
	if (r)
		return r;
	if (certificate_read(der, &certificate) ||
	    operand_serial_octets(certificate.serial, &revocation->serial) < 0)
		return fault_set(fault, -EBADMSG, "%s: not a readable certificate", path);
	r = registry_load(&revocation->database, &registry, fault);
	if (r)
		return r;
	if (registry_issuer_of(&registry, NULL, &certificate, &issuer, &why))
		return fault_set(fault, -ENOENT, "%s: %s", path, why.text);
	(void)snprintf(revocation->issuer, sizeof(revocation->issuer), "%s", issuer->record.name);
	return 0;
}

static int find_target(struct revocation *revocation, struct fault *fault)
{
	const struct command_line *line = revocation->line;
	cleanup(certinput_closep) struct certinput *file = NULL;
	if (line->operand_count == 1) {
		int r = certinput_open(line->operands[0], &file, fault);
		return r ? r : read_certificate(revocation, file, fault);
	}
	(void)snprintf(revocation->issuer, sizeof(revocation->issuer), "%s",
		       line->values[OPTION_ISSUER]);
	if (option_given(line, OPTION_SERIAL) &&
	    operand_serial(view_of_string(line->values[OPTION_SERIAL]), &revocation->serial) < 0)
		return fault_set(fault, -EINVAL, "--serial %s: not a hexadecimal serial number",
				 line->values[OPTION_SERIAL]);
	return 0;
}

/* Our names, because people type spellings that SQL does not take; NULL: not given. */
static const char *reason_value(const struct revocation *revocation)
{
	const char *text = revocation->line->values[OPTION_REASON];
	enum revocation_reason reason = REASON_NONE;
	if (!text || operand_reason(view_of_string(text), &reason) < 0)
		return NULL;
	return reason_name(reason);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static int call(struct revocation *revocation, struct fault *fault)
{
	static const char *const statements[] = {
		[ACTION_REVOKE] = "SELECT stillgood.revoke($1, $2::bytea, $3, $4::timestamptz, "
				  "$5::timestamptz, $6, $7)",
		[ACTION_HOLD] = "SELECT stillgood.hold($1, $2::bytea, $3::timestamptz, "
				"$4::timestamptz, $5, $6)",
		[ACTION_RELEASE] = "SELECT stillgood.release($1, $2::bytea, $3, $4)",
	};
	const char *const *values = revocation->line->values;
	cleanup(memory_freep) char *serial = bytea_text(serial_view(&revocation->serial));
	cleanup(result_clearp) PGresult *rows = NULL;
	const char *parameters[7] = {revocation->issuer, serial};
	int count = 2;
	if (!serial)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (revocation->action == ACTION_REVOKE)
		parameters[count++] = reason_value(revocation);
	if (revocation->action != ACTION_RELEASE) {
		parameters[count++] = or_null(revocation->at);
		parameters[count++] = or_null(revocation->invalidity);
	}
	parameters[count++] = values[OPTION_REQUESTED_BY];
	parameters[count++] = values[OPTION_NOTE];
	int r = database_query(&revocation->database, statements[revocation->action], count,
			       parameters, &rows, fault);
	if (r == 0)
		revocation->changed = *PQgetvalue(rows, 0, 0) == 't';
	return r;
}

static int call_all(struct revocation *revocation, struct fault *fault)
{
	const char *const *values = revocation->line->values;
	const char *const parameters[] = {revocation->issuer, reason_value(revocation),
					  or_null(revocation->at), values[OPTION_REQUESTED_BY],
					  values[OPTION_NOTE]};
	cleanup(result_clearp) PGresult *rows = NULL;
	int r = database_query(&revocation->database,
			       "SELECT stillgood.revoke_issuer($1, $2, $3::timestamptz, $4, $5)", 5,
			       parameters, &rows, fault);
	if (r == 0)
		revocation->changed = *PQgetvalue(rows, 0, 0) == 't';
	return r;
}

/* The revocation desk may not read certificates; then only the fact is printed. */
static int read_outcome(struct revocation *revocation, struct fault *fault)
{
	static const char certificate[] =
		"SELECT c.version, stillgood.seconds(c.revoked_at), c.reason "
		"FROM stillgood.certificate c JOIN stillgood.issuer i ON i.id = c.issuer "
		"WHERE i.name = $1 AND c.serial = $2::bytea";
	static const char issuer[] = "SELECT version, stillgood.seconds(revoked_at), reason "
				     "FROM stillgood.issuer WHERE name = $1";
	bool all = option_given(revocation->line, OPTION_ALL);
	cleanup(memory_freep) char *serial = bytea_text(serial_view(&revocation->serial));
	const char *const parameters[] = {revocation->issuer, serial};
	cleanup(result_clearp) PGresult *may = NULL, *rows = NULL;
	int r = database_query(&revocation->database,
			       "SELECT has_table_privilege('stillgood.certificate', 'SELECT')", 0,
			       NULL, &may, fault);
	if (r || (!all && *PQgetvalue(may, 0, 0) != 't'))
		return r;
	r = database_query(&revocation->database, all ? issuer : certificate, all ? 1 : 2,
			   parameters, &rows, fault);
	if (r || PQntuples(rows) == 0)
		return r;
	revocation->shown = true;
	revocation->version = column_int(rows, 0, 0);
	revocation->revoked_at = column_time(rows, 0, 1);
	revocation->reason = PQgetisnull(rows, 0, 2)
				     ? REASON_NONE
				     : (enum revocation_reason)column_int(rows, 0, 2);
	return 0;
}

static void report_json(const struct revocation *revocation)
{
	struct json_object *document = json_object_new_object();
	output_json_bool(document, "changed", revocation->changed);
	output_json_string(document, "issuer", revocation->issuer);
	if (!option_given(revocation->line, OPTION_ALL))
		output_json_hex(document, "serial", serial_view(&revocation->serial));
	if (revocation->shown) {
		output_json_number(document, "version", revocation->version);
		output_json_time(document, "revoked_at", revocation->revoked_at);
		output_json_string(document, "reason", reason_name(revocation->reason));
	}
	output_json(document);
}

static void report(const struct revocation *revocation)
{
	char serial[2 * LIMIT_SERIAL + 1], time[ISO_TIME_SIZE + 1] = "";
	hex_put(serial, serial_view(&revocation->serial));
	const char *outcome = revocation->changed ? actions[revocation->action].done
						  : actions[revocation->action].unchanged;
	if (option_given(revocation->line, OPTION_ALL))
		printf("issuer \"%s\": %s", revocation->issuer, outcome);
	else
		printf("serial %s of issuer \"%s\": %s", serial, revocation->issuer, outcome);
	if (revocation->shown) {
		const char *reason = reason_name(revocation->reason);
		if (revocation->revoked_at != TIME_NONE) {
			time_put_iso(time, revocation->revoked_at);
			printf(", since %s", time);
		}
		printf("%s%s, version %lld", reason ? ", " : "", reason ? reason : "",
		       (long long)revocation->version);
	}
	printf("\n");
}

static int act(const struct command_line *line, enum action action, struct fault *fault)
{
	cleanup(revocation_deinit) struct revocation revocation = {
		.line = line,
		.action = action,
	};
	bool all = option_given(line, OPTION_ALL);
	int r = check_target(&revocation, fault);
	if (r == 0)
		r = check_values(&revocation, fault);
	if (r == 0)
		r = database_open_current(line, "stillgood_revocation", &revocation.database,
					  fault);
	if (r == 0)
		r = find_target(&revocation, fault);
	if (r == 0)
		r = all ? call_all(&revocation, fault) : call(&revocation, fault);
	if (r == 0)
		r = read_outcome(&revocation, fault);
	if (r)
		return r;
	if (option_given(line, OPTION_JSON))
		report_json(&revocation);
	else
		report(&revocation);
	return 0;
}

int command_revoke(const struct command_line *line, struct fault *fault)
{
	return act(line, ACTION_REVOKE, fault);
}

int command_hold(const struct command_line *line, struct fault *fault)
{
	return act(line, ACTION_HOLD, fault);
}

int command_release(const struct command_line *line, struct fault *fault)
{
	return act(line, ACTION_RELEASE, fault);
}
