#include "cli/help.h"

#include <stdio.h>

void help_print_all(void)
{
	printf("stillgood: an OCSP responder\n\nusage: stillgood COMMAND [OPTION…]\n\ncommands:\n");
	for (size_t i = 0; i < command_count; i++)
		printf("  %-14s %s\n", commands[i].name, commands[i].summary);
	printf("\n`stillgood COMMAND --help` explains one; `stillgood --version` prints the "
	       "version,\n`stillgood --completion bash` what a shell needs to complete all this\n"
	       "exit status: 0 done, 1 refused or failed, 2 usage\n");
}

void help_print_group(const char *group)
{
	size_t size = strlen(group);
	printf("commands:\n");
	for (size_t i = 0; i < command_count; i++)
		if (strncmp(commands[i].name, group, size) == 0 && commands[i].name[size] == ' ')
			printf("  stillgood %-14s %s\n", commands[i].name, commands[i].summary);
}

static void print_option_help(size_t i)
{
	char letter[4] = "   ", name[40];
	const struct option_row *row = &command_options[i];
	if (row->letter)
		(void)snprintf(letter, sizeof(letter), "-%c,", row->letter);
	const char *argument = row->argument ? row->argument : "";
	(void)snprintf(name, sizeof(name), "--%s%s%s", row->name,
		       *argument && !option_is_optional(argument) ? " " : "", argument);
	printf("  %s %-22s %s\n", letter, name, row->help);
}

void help_print(const struct command *command)
{
	printf("usage: stillgood %s [OPTION…]%s%s\n\n%s\n\noptions:\n", command->name,
	       *command->operands ? " " : "", command->operands, command->help);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (command_takes(command, i))
			print_option_help(i);
}
