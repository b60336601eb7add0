/* What `--help` prints, from the rows of commands and options. */
#pragma once

#include "cli/command.h"

/* `stillgood --help`, `stillgood import --help`, `stillgood import index --help`. */
void help_print_all(void);
void help_print_group(const char *group);
void help_print(const struct command *command);
