/* Which command argv means. A command's name has one word or, in a group, two. */
#pragma once

#include "cli/command.h"

/* Positive results. */
#define ARGUMENTS_ANSWERED 1 /* help or version was printed: done */
#define ARGUMENTS_WRONG 2 /* usage error; the fault says which */

/* How many words of argv the command's name is: 0 where it is another command. */
int command_matches(const struct command *command, int argc, char **argv);
/* argv names no command: ARGUMENTS_ANSWERED or ARGUMENTS_WRONG with a fault. */
must_check int command_answer_none(int argc, char **argv, struct fault *fault);
