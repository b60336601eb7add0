/* `db init`, `db upgrade`: the schema; `db heartbeat`: what standbys need to tell how current they
 * are. */
#include "base/clock.h"
#include "base/timetext.h"
#include "cli/connect.h"
#include "cli/wrong_serials.h"
#include "db/migrate.h"
#include "tool/operand.h"
#include "tool/output.h"

#include <signal.h>
#include <stdio.h>

#define HEARTBEAT_EVERY_US (100 * MILLISECOND_US)
/* Before the connection is tried again. */
#define HEARTBEAT_RETRY_US SECOND_US

static void print_applied(const struct database *database, size_t applied)
{
	char where[256];
	database_describe(database, where, sizeof(where));
	if (applied == 0)
		printf("%s: the schema is up to date, nothing to do\n", where);
	else
		printf("%s: %zu migration%s applied, the schema is up to date\n", where, applied,
		       output_plural(applied));
}

static void report(const struct command_line *line, const struct database *database, size_t applied,
		   struct wrong_serials *wrong)
{
	if (!option_given(line, OPTION_JSON)) {
		print_applied(database, applied);
		wrong_serials_print(wrong);
		return;
	}
	struct json_object *document = json_object_new_object();
	output_json_string(document, "database", PQdb(database->connection));
	output_json_number(document, "applied", (int64_t)applied);
	if (wrong->rows)
		wrong_serials_add(wrong, document);
	output_json(document);
}

int command_db_init(const struct command_line *line, struct fault *fault)
{
	cleanup(database_close) struct database database = {0};
	struct wrong_serials none = {0};
	size_t applied = 0;
	int result = database_open(line, "stillgood_admin", &database, fault);
	if (result == 0)
		result = db_migrate(database.connection, DB_MIGRATE_INIT, &applied, fault);
	if (result == 0)
		report(line, &database, applied, &none);
	return result;
}

static int read_digits(const struct command_line *line, enum digits *ret, struct fault *fault)
{
	const char *how = line->values[OPTION_CORRECT_SERIALS];
	*ret = DIGITS_UNSAID;
	if (!how || !*how)
		return 0;
	if (strcmp(how, "hex") != 0 && strcmp(how, "decimal") != 0)
		return fault_set(fault, STATUS_USAGE,
				 "db upgrade: --correct-serials, or with =hex or =decimal, which "
				 "serials of digits alone were written in");
	*ret = *how == 'h' ? DIGITS_HEX : DIGITS_DECIMAL;
	return 0;
}

int command_db_upgrade(const struct command_line *line, struct fault *fault)
{
	cleanup(database_close) struct database database = {0};
	cleanup(wrong_serials_deinit) struct wrong_serials wrong = {0};
	bool correct = option_given(line, OPTION_CORRECT_SERIALS);
	enum digits digits;
	size_t applied = 0;
	int result = read_digits(line, &digits, fault);
	if (result == 0)
		result = database_open(line, "stillgood_admin", &database, fault);
	if (result == 0)
		result = db_migrate(database.connection, DB_MIGRATE_UPGRADE, &applied, fault);
	if (result == 0 && correct)
		result = wrong_serials_correct(&database, digits, &wrong, fault);
	if (result == 0)
		result = wrong_serials_load(&database, &wrong, fault);
	if (result)
		return result;
	report(line, &database, applied, &wrong);
	return correct && wrong.left ? STATUS_REFUSED : STATUS_DONE;
}

/* Nothing is left to put in order, and a statement that hangs must not keep the process. */
static void end_now(int signal)
{
	(void)signal;
	_exit(STATUS_DONE);
}

static void pause_until(int64_t mono_us)
{
	const struct timespec time = {.tv_sec = mono_us / SECOND_US,
				      .tv_nsec = mono_us % SECOND_US * 1000};
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

/* Beats until the database fails (-errno). */
static int beat(struct database *database, int64_t every_us, struct fault *fault)
{
	int64_t next = clock_now().mono_us;
	for (;;) {
		int result = database_run(database, "SELECT stillgood.heartbeat()", fault);
		if (result)
			return result;
		int64_t now = clock_now().mono_us;
		next += every_us;
		if (next < now) /* slower than asked for: no burst to catch up */
			next = now;
		pause_until(next);
	}
}

/* The first connection must succeed, so that a mistake shows at once; later ones are tried for ever,
 * because a failover takes its time. */
static int beat_for_ever(const struct command_line *line, struct database *database,
			 int64_t every_us, struct fault *fault)
{
	(void)signal(SIGTERM, end_now);
	(void)signal(SIGINT, end_now);
	for (;;) {
		int result = beat(database, every_us, fault);
		if (result == -EACCES || result == -ENOENT)
			return result;
		output_error(fault);
		database_close(database);
		do
			pause_until(clock_now().mono_us + HEARTBEAT_RETRY_US);
		while (database_open(line, "stillgood_heartbeat", database, fault) != 0);
		output_note("stillgood: connected again");
	}
}

int command_db_heartbeat(const struct command_line *line, struct fault *fault)
{
	cleanup(database_close) struct database database = {0};
	int64_t every_us = HEARTBEAT_EVERY_US;
	const char *every = line->values[OPTION_EVERY];
	if (every && (operand_duration(every, &every_us) < 0 || every_us < MILLISECOND_US))
		return fault_set(fault, STATUS_USAGE,
				 "db heartbeat: --every: a duration like 100ms, at least 1ms");
	int result = database_open_current(line, "stillgood_heartbeat", &database, fault);
	if (result == 0)
		result = beat_for_ever(line, &database, every_us, fault);
	return result;
}
