/* The operator's subcommands: everything that `stillgood` does but serve. */
#pragma once

#include <stdbool.h>

/* Runs the command that the arguments name and returns the exit status: 0 done, 1 refused or
 * failed, 2 usage; `ask` has its own beyond these. */
int cli_main(int argc, char **argv);

/* Reads the arguments of `serve` as those of every other command are read. True: main serves, with
 * the configuration *ret_path. False: help or a usage error was printed and *ret_status is the end. */
bool cli_serve_arguments(int argc, char **argv, const char **ret_path, int *ret_status);
