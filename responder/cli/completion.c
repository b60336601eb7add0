/* A bash function that needs nothing but bash: words of commands and options stand in it as they are in
 * the tables, and what an argument's name says is completed: files, or words to choose from. */
#include "cli/completion.h"

#include "cli/command.h"

#include <stdio.h>

/* What an argument of that name is. Free text, which is not completed, has no row. */
static const struct argument_kind {
	const char *argument;
	const char *words; /* NULL: a file */
} argument_kinds[] = {
	{"FILE", NULL},
	{"PATH", NULL},
	{"CERT", NULL},
	{"ISSUER", NULL}, /* of `ask`; registered names are in a database */
	{"METHOD", "get post"},
	{"HASH", "sha1 sha256 sha384 sha512"},
	{"WHO", "subscriber ca"},
	{"REASON", "unspecified keyCompromise cACompromise affiliationChanged superseded "
		   "cessationOfOperation privilegeWithdrawn aACompromise"},
};

static size_t first_word(const char *name)
{
	return strcspn(name, " ");
}

/* A group has several rows, and is one word to complete. */
static bool is_in_a_row_before(size_t command)
{
	size_t size = first_word(commands[command].name);
	for (size_t i = 0; i < command; i++)
		if (first_word(commands[i].name) == size &&
		    memcmp(commands[i].name, commands[command].name, size) == 0)
			return true;
	return false;
}

static void print_names(void)
{
	for (size_t i = 0; i < command_count; i++)
		if (!is_in_a_row_before(i))
			printf("%.*s ", (int)first_word(commands[i].name), commands[i].name);
	printf("help --help --version --completion");
}

/* `db) init upgrade heartbeat`: a line for each command of two words, all of a group together. */
static void print_groups(void)
{
	for (size_t i = 0; i < command_count; i++) {
		const char *space = strchr(commands[i].name, ' ');
		if (space)
			printf("\t%.*s) words+=' %s' ;;&\n", (int)(space - commands[i].name),
			       commands[i].name, space + 1);
	}
}

static void print_option_words(const struct command *command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (command_takes(command, i))
			printf(" --%s", command_options[i].name);
}

static bool wants_files(const struct command *command)
{
	return strstr(command->operands, "CERT") || strstr(command->operands, "PATH") ||
	       strstr(command->operands, "FILE");
}

static void print_commands(void)
{
	for (size_t i = 0; i < command_count; i++) {
		printf("\t'%s%s) files=%s words='", commands[i].name,
		       strchr(commands[i].name, ' ') ? "'" : " '*",
		       wants_files(&commands[i]) ? "yes" : "no");
		print_option_words(&commands[i]);
		printf("' ;;\n");
	}
}

static const struct argument_kind *kind_of(const char *argument)
{
	for (size_t i = 0; i < array_size(argument_kinds); i++)
		if (strcmp(argument_kinds[i].argument, argument) == 0)
			return &argument_kinds[i];
	return NULL;
}

static void print_option_case(const struct option_row *row)
{
	const struct argument_kind *kind = kind_of(row->argument);
	printf("\t--%s", row->name);
	if (row->letter)
		printf(" | -%c", row->letter);
	printf(") files=%s words='%s' ;;\n", kind && !kind->words ? "yes" : "no",
	       kind && kind->words ? kind->words : "");
}

static void print_options(void)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (command_options[i].argument && !option_is_optional(command_options[i].argument))
			print_option_case(&command_options[i]);
}

static void print_bash(void)
{
	printf("# bash completion for stillgood " STILLGOOD_VERSION
	       ", made by `stillgood --completion bash`\n"
	       "_stillgood() {\n"
	       "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	       "\tlocal command=\"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" files=no words=''\n"
	       "\t# --name=value is three words here\n"
	       "\tif [[ $current == = ]]; then\n\t\tcurrent=''\n"
	       "\telif [[ $before == = ]]; then\n\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
	       "\tif ((COMP_CWORD == 1)); then\n\t\tbefore='' words='");
	print_names();
	printf("'\n\telse\n\tcase $command in\n");
	print_commands();
	printf("\tesac\n\tfi\n\tif ((COMP_CWORD == 2)); then\n\tcase ${COMP_WORDS[1]} in\n");
	print_groups();
	printf("\tesac\n\tfi\n\tcase $before in\n");
	print_options();
	printf("\tesac\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	       "\t[[ $files == no || $current == -* ]] || {\n"
	       "\t\tcompopt -o filenames 2>/dev/null\n"
	       "\t\tmapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -f -- \"$current\")\n"
	       "\t}\n}\ncomplete -F _stillgood stillgood\n");
}

int completion_print(const char *shell, struct fault *fault)
{
	if (strcmp(shell, "bash") != 0)
		return fault_set(fault, -ENOTSUP,
				 "--completion: there is one for bash, none for %s", shell);
	print_bash();
	return 0;
}
