/* From argv to a command line: finds the command, reads its options, prints help. */
#pragma once

#include "cli/command.h"

/* Positive results of arguments_read(). */
#define ARGUMENTS_ANSWERED 1 /* help or version was printed: done */
#define ARGUMENTS_WRONG 2 /* usage error; the fault says which, `ret->command` may be NULL */

must_check int arguments_read(int argc, char **argv, struct command_line *ret, struct fault *fault);
/* What `stillgood COMMAND --help` prints. */
void arguments_print_help(const struct command *command);
/* "stillgood import --help": what to type after a usage error. */
void arguments_print_hint(const struct command_line *line);
