/* The operator's subcommands: everything that `stillgood` does but serve. */
#pragma once

/* Runs the command that the arguments name and returns the exit status: 0 done, 1 refused or
 * failed, 2 usage; `ask` has its own beyond these. */
int cli_main(int argc, char **argv);
