/* `revoke`, `hold`, `release`: certificates by their files or by issuer and serial, or a whole issuer.
 * The database's functions decide and record, all of a call or nothing; what is printed is what the
 * database says then. */
#include "cli/revoke.h"

#include "base/clock.h"
#include "base/hex.h"
#include "tool/operand.h"
#include "tool/output.h"

#include <stdio.h>

static const char *const names[] = {
	[ACTION_REVOKE] = "revoke", [ACTION_HOLD] = "hold", [ACTION_RELEASE] = "release"};

static int usage(const struct revocation *revocation, struct fault *fault, const char *text)
{
	return fault_set(fault, STATUS_USAGE, "%s: %s", names[revocation->action], text);
}

static bool is_of_whole_issuer(const struct revocation *revocation)
{
	return revocation->issuer_itself || revocation->each_recorded;
}

/* ---- options ---- */

static int read_time(struct revocation *revocation, enum command_option option, char *out,
		     struct fault *fault)
{
	const char *text = revocation->line->values[option];
	int64_t seconds;
	if (!text)
		return 0;
	if (operand_time(text, wall_seconds(clock_now().wall_us), &seconds) < 0)
		return fault_set(fault, STATUS_USAGE,
				 "%s: \"%s\" is not a time like 2026-05-09, 2026-05-09T08:30:00Z, "
				 "2026-05-09T17:30+09:00, now or -2h",
				 names[revocation->action], text);
	time_put_iso(out, seconds);
	return 0;
}

static int check_reason(struct revocation *revocation, struct fault *fault)
{
	const char *reason = revocation->line->values[OPTION_REASON];
	enum revocation_reason code = REASON_NONE;
	if (reason && operand_reason(view_of_string(reason), &code) < 0)
		return usage(revocation, fault,
			     "--reason: unspecified (0), keyCompromise (1), cACompromise (2), "
			     "affiliationChanged (3), superseded (4), cessationOfOperation (5), "
			     "privilegeWithdrawn (9) or aACompromise (10)");
	if (code == REASON_CERTIFICATE_HOLD)
		return usage(revocation, fault,
			     "--reason certificateHold is what `stillgood hold` does");
	revocation->reason = reason ? reason_name(code) : NULL;
	return 0;
}

static int check_values(struct revocation *revocation, struct fault *fault)
{
	const char *by = revocation->line->values[OPTION_REQUESTED_BY];
	if (by && strcmp(by, "subscriber") != 0 && strcmp(by, "ca") != 0)
		return usage(revocation, fault, "--requested-by: subscriber or ca");
	int result = check_reason(revocation, fault);
	if (result == 0)
		result = read_time(revocation, OPTION_AT, revocation->at, fault);
	if (result == 0)
		result = read_time(revocation, OPTION_INVALIDITY, revocation->invalidity, fault);
	return result;
}

static int check_all(const struct revocation *revocation, struct fault *fault)
{
	const struct command_line *line = revocation->line;
	if (!is_of_whole_issuer(revocation))
		return 0;
	if (option_given(line, OPTION_INVALIDITY) && !revocation->each_recorded)
		return usage(revocation, fault, "--invalidity is a certificate's, not an issuer's");
	if (!option_given(line, OPTION_YES) && !isatty(STDIN_FILENO))
		return usage(revocation, fault,
			     "what --all and --recorded do is for ever: they ask on a terminal; "
			     "without one say --yes");
	return 0;
}

/* Exactly one of: files; --issuer and --serial; --issuer and --all, --recorded or both. */
static int check_target(const struct revocation *revocation, struct fault *fault)
{
	const struct command_line *line = revocation->line;
	bool issuer = option_given(line, OPTION_ISSUER), serial = option_given(line, OPTION_SERIAL);
	bool all = is_of_whole_issuer(revocation), files = line->operand_count > 0;
	if (files && (issuer || serial || all))
		return usage(revocation, fault, "name certificate files or --issuer, not both");
	if (!files && !issuer)
		return usage(revocation, fault,
			     "name certificate files, or --issuer NAME --serial SERIAL");
	if (!files && option_given(line, OPTION_ALL_IN_FILE))
		return usage(revocation, fault, "--all-in-file goes with certificate files");
	if (!files && serial == all)
		return usage(
			revocation, fault,
			revocation->action == ACTION_REVOKE
				? "--issuer NAME goes with --serial SERIAL, with --all or with "
				  "--recorded"
				: "--issuer NAME goes with --serial SERIAL");
	return check_all(revocation, fault);
}

/* ---- asking back ---- */

static int count_certificates(struct revocation *revocation, char *out, size_t size,
			      struct fault *fault)
{
	int64_t recorded, good;
	int result = revocation_count(revocation, &recorded, &good, fault);
	if (result)
		return result;
	if (recorded >= COUNTED_MOST)
		(void)snprintf(out, size, "%d certificates or more are recorded", COUNTED_MOST);
	else
		(void)snprintf(out, size, "%lld certificate%s recorded, %lld of them good",
			       (long long)recorded, recorded == 1 ? " is" : "s are",
			       (long long)good);
	return 0;
}

static bool read_yes(void)
{
	char line[16] = "";
	if (!fgets(line, sizeof(line), stdin))
		return false;
	return strcmp(line, "yes\n") == 0;
}

static int confirm(struct revocation *revocation, struct fault *fault)
{
	const struct target *target = &revocation->targets[0];
	char counts[100];
	if (!is_of_whole_issuer(revocation) || option_given(revocation->line, OPTION_YES))
		return 0;
	int result = count_certificates(revocation, counts, sizeof(counts), fault);
	if (result)
		return result;
	output_note("Issuer \"%s\": %s.", target->issuer->record.name, counts);
	output_note(
		revocation->issuer_itself
			? "All of them, and all that are yet to be recorded, will be revoked "
			  "for ever."
			: "All of them will be revoked for ever, each by itself. What is yet to be "
			  "recorded will be good.");
	(void)fprintf(stderr, "Type \"yes\" to revoke them: ");
	if (read_yes())
		return 0;
	return fault_set(fault, -ECANCELED, "not confirmed: nothing was changed");
}

/* ---- the database's part ---- */

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

/* What the functions refuse, in the words of a command. */
static int explain(const struct revocation *revocation, const struct target *target, int result,
		   struct fault *fault)
{
	const struct command_line *line = revocation->line;
	const char *state = revocation->database.state;
	char what[LIMIT_ISSUER_NAME + 2 * LIMIT_SERIAL + 40], serial[2 * LIMIT_SERIAL + 1];
	const char *where = target->where ? target->where : "", *colon = target->where ? ": " : "";
	struct fault server = *fault;
	hex_put(serial, serial_view(&target->serial));
	if (is_of_whole_issuer(revocation))
		(void)snprintf(what, sizeof(what), "issuer \"%s\"", target->issuer->record.name);
	else
		(void)snprintf(what, sizeof(what), "serial %s of issuer \"%s\"", serial,
			       target->issuer->record.name);
	if (strcmp(state, "P0002") == 0)
		return fault_set(
			fault, result, "%s%s%s %s; record it with `stillgood import certs`", where,
			colon, what,
			strstr(server.text, "withdrawn") ? "was withdrawn" : "is not recorded");
	if (strcmp(state, "23514") == 0)
		return fault_set(fault, result,
				 "%s%s%s is revoked and stays revoked; only a hold can be released",
				 where, colon, what);
	if (strcmp(state, "22023") == 0 && strstr(server.text, "future"))
		return fault_set(fault, result,
				 "--at %s: is in the future by the database's clock; a revocation "
				 "takes effect at once and cannot be announced",
				 line->values[OPTION_AT] ? line->values[OPTION_AT] : "");
	if (strcmp(state, "22023") == 0)
		return fault_set(fault, result,
				 "%s%s%s is not recorded: its octets are text, which is no number; "
				 "`stillgood db upgrade` lists what was recorded so",
				 where, colon, what);
	return fault_set(fault, result, "%s%s%s", where, colon, server.text);
}

static int call(struct revocation *revocation, const struct target *target, PGresult **rows,
		struct fault *fault)
{
	static const char *const statements[] = {
		[ACTION_REVOKE] = "SELECT stillgood.revoke($1, $2::bytea, $3, $4::timestamptz, "
				  "$5::timestamptz, $6, $7)",
		[ACTION_HOLD] = "SELECT stillgood.hold($1, $2::bytea, $3::timestamptz, "
				"$4::timestamptz, $5, $6)",
		[ACTION_RELEASE] = "SELECT stillgood.release($1, $2::bytea, $3, $4)",
	};
	const char *const *values = revocation->line->values;
	cleanup(memory_freep) char *serial = bytea_text(serial_view(&target->serial));
	const char *parameters[7] = {target->issuer->record.name, serial};
	int count = 2;
	if (!serial)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (revocation->action == ACTION_REVOKE)
		parameters[count++] = revocation->reason;
	if (revocation->action != ACTION_RELEASE) {
		parameters[count++] = or_null(revocation->at);
		parameters[count++] = or_null(revocation->invalidity);
	}
	parameters[count++] = values[OPTION_REQUESTED_BY];
	parameters[count++] = values[OPTION_NOTE];
	return database_query(&revocation->database, statements[revocation->action], count,
			      parameters, rows, fault);
}

static int call_all(struct revocation *revocation, const struct target *target, PGresult **rows,
		    struct fault *fault)
{
	const char *const *values = revocation->line->values;
	const char *const parameters[] = {target->issuer->record.name, revocation->reason,
					  or_null(revocation->at), values[OPTION_REQUESTED_BY],
					  values[OPTION_NOTE]};
	return database_query(&revocation->database,
			      "SELECT stillgood.revoke_issuer($1, $2, $3::timestamptz, $4, $5)", 5,
			      parameters, rows, fault);
}

/* Every role that may revoke may read this. */
static int read_outcome(struct revocation *revocation, struct target *target, struct fault *fault)
{
	static const char certificate[] =
		"SELECT status, version, stillgood.seconds(revoked_at), coalesce(reason, -1), "
		"stillgood.seconds(invalidity_at), stillgood.seconds(not_after) "
		"FROM stillgood.certificate_status($1, $2::bytea)";
	static const char issuer[] =
		"SELECT CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, version, "
		"stillgood.seconds(revoked_at), coalesce(reason, -1), NULL, NULL "
		"FROM stillgood.issuer WHERE name = $1";
	bool all = revocation->issuer_itself;
	cleanup(memory_freep) char *serial = bytea_text(serial_view(&target->serial));
	const char *const parameters[] = {target->issuer->record.name, serial};
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(&revocation->database, all ? issuer : certificate, all ? 1 : 2,
				    parameters, &rows, fault);
	if (result)
		return result;
	if (PQntuples(rows) != 1)
		return fault_set(fault, -EIO, "the database does not show what it has recorded");
	target->after = (struct recorded){
		.status = (enum cert_status)column_int(rows, 0, 0),
		.version = column_int(rows, 0, 1),
		.revoked_at = column_time(rows, 0, 2),
		.reason = (enum revocation_reason)column_int(rows, 0, 3),
		.invalidity_at = column_time(rows, 0, 4),
		.not_after = column_time(rows, 0, 5),
	};
	return 0;
}

static int apply(struct revocation *revocation, struct target *target, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = revocation->issuer_itself ? call_all(revocation, target, &rows, fault)
					       : call(revocation, target, &rows, fault);
	if (result)
		return explain(revocation, target, result, fault);
	target->changed = *PQgetvalue(rows, 0, 0) == 't';
	return read_outcome(revocation, target, fault);
}

/* Whatever fails ends the connection, and with it the transaction. */
static int apply_all(struct revocation *revocation, struct fault *fault)
{
	int result = database_run(&revocation->database, "BEGIN", fault);
	for (size_t i = 0; result == 0 && i < revocation->count; i++)
		result = apply(revocation, &revocation->targets[i], fault);
	return result ? result : database_run(&revocation->database, "COMMIT", fault);
}

/* The issuer first: it is one row, and from then on nothing of it is good. */
static int apply_recorded(struct revocation *revocation, struct fault *fault)
{
	int result = revocation->issuer_itself ? apply_all(revocation, fault) : 0;
	if (result)
		return result;
	result = revocation_revoke_recorded(revocation, fault);
	if (result && revocation->revoked)
		output_note(
			"%llu certificates were revoked and stay so; the same call goes on with "
			"the others.",
			(unsigned long long)revocation->revoked);
	return result ? explain(revocation, &revocation->targets[0], result, fault) : 0;
}

static int act(const struct command_line *line, enum action action, struct fault *fault)
{
	cleanup(revocation_deinit) struct revocation revocation = {
		.line = line,
		.action = action,
		.issuer_itself = option_given(line, OPTION_ALL),
		.each_recorded = option_given(line, OPTION_RECORDED),
	};
	const char *role =
		is_of_whole_issuer(&revocation) ? "stillgood_revocation" : "stillgood_desk";
	int result = check_target(&revocation, fault);
	if (result == 0)
		result = check_values(&revocation, fault);
	if (result == 0)
		result = database_open_current(line, role, &revocation.database, fault);
	if (result == 0)
		result = revocation_find_targets(&revocation, fault);
	if (result == 0)
		result = confirm(&revocation, fault);
	if (result == 0)
		result = revocation.each_recorded ? apply_recorded(&revocation, fault)
						  : apply_all(&revocation, fault);
	if (result == 0)
		revocation_report(&revocation);
	return result;
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
