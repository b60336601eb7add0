/* A command is one row of the table in commands.c: name, operands, options, help, function. Options
 * too are rows of one table, because most of them mean the same wherever they stand. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "tool/output.h"

enum command_option {
	OPTION_HELP,
	OPTION_JSON,
	OPTION_CONFIG,
	OPTION_DATABASE,
	OPTION_NAME,
	OPTION_HASHES,
	OPTION_FORCE,
	OPTION_ISSUER,
	OPTION_SKIP_UNKNOWN,
	OPTION_SERIAL,
	OPTION_ALL,
	OPTION_REASON,
	OPTION_AT,
	OPTION_INVALIDITY,
	OPTION_REQUESTED_BY,
	OPTION_NOTE,
	OPTION_SOCKET,
	OPTION_URL,
	OPTION_METHOD,
	OPTION_NONCE,
	OPTION_NO_NONCE,
	OPTION_HASH,
	OPTION_TIMEOUT,
	OPTION_SKEW,
	OPTION_EVERY,
	OPTION_VERBOSE,
	OPTION_NAME_FROM,
	OPTION_ALL_IN_FILE,
	OPTION_YES,
	OPTION_RESPOUT,
	OPTION_REQOUT,
	OPTION_PROMETHEUS,
	OPTION_CORRECT_SERIALS,
	OPTION_DRY_RUN,
	OPTION_STRICT,
	OPTION_WITHDRAW,
	OPTION_SHOW,
	OPTION_WATCH,
	OPTION_OFF,
	OPTION_KEY_AT,
	OPTION_ALGORITHM,
	OPTION_SUBJECT,
	OPTION_PASSPHRASE_FILE,
	OPTION_OUT,
	OPTION_SQL,
	OPTION_CA,
	OPTION_REQUEST,
	OPTION_VALIDITY,
	OPTION_UNTIL,
	OPTION_JOBS,
	OPTION_RECORDED,
	OPTION_CRL,
	OPTION_PROXY_AT,
	OPTION_COUNT
};
#define OPTION_BIT(option) (UINT64_C(1) << (option))
_Static_assert(OPTION_COUNT <= 64, "options are bits of a mask");

struct option_row {
	const char *name;
	char letter;
	const char *argument; /* NULL: takes none; "[=…]": may have one */
	const char *help;
};
extern const struct option_row command_options[OPTION_COUNT];

struct command_line {
	const struct command *command;
	const char *values[OPTION_COUNT]; /* NULL: not given; "" for one without argument */
	int operand_count;
	char **operands;
};

struct command {
	const char *name; /* "check", "db init" */
	const char *operands; /* for the usage line */
	const char *summary; /* one line for `stillgood --help` */
	const char *help; /* what `stillgood COMMAND --help` says between usage and options */
	uint64_t options; /* OPTION_BIT()s */
	int least, most; /* operands; most < 0: no bound */
	/* The exit status, or a negative result with the fault (exit 1). STATUS_USAGE comes with a
	 * fault too. NULL for `serve`, which is no command of this room: main starts it. */
	int (*run)(const struct command_line *line, struct fault *fault);
};

static inline bool command_takes(const struct command *command, size_t option)
{
	return option == OPTION_HELP || command->options & OPTION_BIT(option);
}

static inline bool option_is_optional(const char *argument)
{
	return argument && *argument == '[';
}

extern const struct command commands[];
extern const size_t command_count;

static inline bool option_given(const struct command_line *line, enum command_option option)
{
	return line->values[option] != NULL;
}

/* Each command's function lives in the file of its name. */
int command_accept_history(const struct command_line *line, struct fault *fault);
int command_ask(const struct command_line *line, struct fault *fault);
int command_check(const struct command_line *line, struct fault *fault);
int command_db_follow(const struct command_line *line, struct fault *fault);
int command_db_heartbeat(const struct command_line *line, struct fault *fault);
int command_db_init(const struct command_line *line, struct fault *fault);
int command_db_upgrade(const struct command_line *line, struct fault *fault);
int command_reload(const struct command_line *line, struct fault *fault);
int command_diff(const struct command_line *line, struct fault *fault);
int command_drain(const struct command_line *line, struct fault *fault);
int command_explain(const struct command_line *line, struct fault *fault);
int command_fetch(const struct command_line *line, struct fault *fault);
int command_hold(const struct command_line *line, struct fault *fault);
int command_import_answers(const struct command_line *line, struct fault *fault);
int command_import_certs(const struct command_line *line, struct fault *fault);
int command_import_crl(const struct command_line *line, struct fault *fault);
int command_import_index(const struct command_line *line, struct fault *fault);
int command_issuer_add(const struct command_line *line, struct fault *fault);
int command_issuer_list(const struct command_line *line, struct fault *fault);
int command_presign(const struct command_line *line, struct fault *fault);
int command_release(const struct command_line *line, struct fault *fault);
int command_revoke(const struct command_line *line, struct fault *fault);
int command_signer_check(const struct command_line *line, struct fault *fault);
int command_signer_request(const struct command_line *line, struct fault *fault);
int command_status(const struct command_line *line, struct fault *fault);
