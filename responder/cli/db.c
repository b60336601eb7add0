/* `db init`, `db upgrade`: the schema; and what is done in it again and again: `db heartbeat`, from which
 * standbys tell how current they are, and `db follow`, which reads another CA program's tables. */
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
#define FOLLOW_EVERY_US (10 * SECOND_US)
/* Before the connection is tried again. */
#define BEAT_RETRY_US SECOND_US
#define FOLLOWED_NAME_MOST 63 /* characters; migration 5 */

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

/* A statement that is run again and again. */
struct beat {
	const char *sql, *role;
	int64_t every_us;
};

/* Until the database fails (-errno). */
static int beat(struct database *database, const struct beat *what, struct fault *fault)
{
	int64_t next = clock_now().mono_us;
	for (;;) {
		int result = database_run(database, what->sql, fault);
		if (result)
			return result;
		int64_t now = clock_now().mono_us;
		next += what->every_us;
		if (next < now) /* slower than asked for: no burst to catch up */
			next = now;
		pause_until(next);
	}
}

/* The first connection must succeed, so that a mistake shows at once; later ones are tried for ever,
 * because a failover takes its time. */
static int beat_for_ever(const struct command_line *line, const struct beat *what,
			 struct fault *fault)
{
	cleanup(database_close) struct database database = {0};
	int result = database_open_current(line, what->role, &database, fault);
	if (result)
		return result;
	(void)signal(SIGTERM, end_now);
	(void)signal(SIGINT, end_now);
	for (;;) {
		result = beat(&database, what, fault);
		if (result == -EACCES || result == -ENOENT || result == -EINVAL)
			return result;
		output_error(fault);
		database_close(&database);
		do
			pause_until(clock_now().mono_us + BEAT_RETRY_US);
		while (database_open(line, what->role, &database, fault) != 0);
		output_note("stillgood: connected again");
	}
}

static int read_every(const struct command_line *line, const char *example, int64_t least_us,
		      int64_t *every_us, struct fault *fault)
{
	const char *every = line->values[OPTION_EVERY];
	if (every && (operand_duration(every, every_us) < 0 || *every_us < least_us))
		return fault_set(fault, STATUS_USAGE,
				 "%s: --every: a duration like %s, at least %dms",
				 line->command->name, example, (int)(least_us / MILLISECOND_US));
	return 0;
}

int command_db_heartbeat(const struct command_line *line, struct fault *fault)
{
	struct beat what = {"SELECT stillgood.heartbeat()", "stillgood_heartbeat",
			    HEARTBEAT_EVERY_US};
	int result = read_every(line, "100ms", MILLISECOND_US, &what.every_us, fault);
	return result ? result : beat_for_ever(line, &what, fault);
}

/* Names of what is followed are plain words (migration 5). */
static bool is_plain_word(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	return name[0] >= 'a' && name[0] <= 'z' && strspn(name, allowed) == strlen(name) &&
	       strlen(name) <= FOLLOWED_NAME_MOST;
}

int command_db_follow(const struct command_line *line, struct fault *fault)
{
	char sql[sizeof("SELECT stillgood.follow('')") + FOLLOWED_NAME_MOST];
	struct beat what = {sql, "stillgood_ca", FOLLOW_EVERY_US};
	if (!is_plain_word(line->operands[0]))
		return fault_set(
			fault, STATUS_USAGE,
			"db follow: \"%.80s\" is no name of an adapter; e.g. ejbca, step-ca",
			line->operands[0]);
	(void)snprintf(sql, sizeof(sql), "SELECT stillgood.follow('%s')", line->operands[0]);
	int result = read_every(line, "10s", 100 * MILLISECOND_US, &what.every_us, fault);
	return result ? result : beat_for_ever(line, &what, fault);
}
