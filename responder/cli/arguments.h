/* From argv to a command line: finds the command and reads its options, or answers by itself. */
#pragma once

#include "cli/command_find.h"

/* 0, or one of the results of command_find.h; on a usage error `ret->command` may be NULL. */
must_check int arguments_read(int argc, char **argv, struct command_line *ret, struct fault *fault);
/* "stillgood import --help": what to type after a usage error. */
void arguments_print_hint(const struct command_line *line);
