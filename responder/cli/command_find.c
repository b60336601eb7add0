/* Which command argv means, and what is answered where it means none: help, the version, a guess. */
#include "cli/command_find.h"

#include "cli/completion.h"
#include "cli/help.h"
#include "cli/suggest.h"

#include <stdio.h>

int command_matches(const struct command *command, int argc, char **argv)
{
	const char *space = strchr(command->name, ' ');
	if (!space)
		return strcmp(command->name, argv[1]) == 0;
	size_t first = (size_t)(space - command->name);
	bool both = argc > 2 && strlen(argv[1]) == first &&
		    strncmp(command->name, argv[1], first) == 0 && strcmp(space + 1, argv[2]) == 0;
	return both ? 2 : 0;
}

static bool is_group(const char *word)
{
	size_t size = strlen(word);
	for (size_t i = 0; i < command_count; i++)
		if (strncmp(commands[i].name, word, size) == 0 && commands[i].name[size] == ' ')
			return true;
	return false;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "db" of "db init". */
static const char *first_word(const char *name, char out[32])
{
	(void)snprintf(out, 32, "%.*s", (int)strcspn(name, " "), name);
	return out;
}

static const char *second_word(const char *name)
{
	const char *space = strchr(name, ' ');
	return space ? space + 1 : NULL;
}

/* A command of the group that was named, or NULL; by itself "init" is no command, and still it tells
 * which one is meant. */
static int no_such_command(const char *group, const char *word, struct fault *fault)
{
	const char *words[32] = {NULL};
	char firsts[32][32], guess[SUGGESTION_SIZE];
	size_t count = 0;
	for (size_t i = 0; i < command_count && count < array_size(words); i++) {
		const char *name = commands[i].name, *second = second_word(name);
		const char *first = first_word(name, firsts[count]);
		if (group)
			words[count++] = second && strcmp(first, group) == 0 ? second : NULL;
		else
			words[count++] = second && strcmp(second, word) == 0 ? name : first;
	}
	suggest(word, words, count, "", guess);
	/* The whole name where only its end was typed. */
	for (size_t i = 0; !group && i < count; i++)
		if (second_word(words[i]))
			(void)snprintf(guess, sizeof(guess), "; did you mean %s?", words[i]);
	return fault_set(fault, ARGUMENTS_WRONG, "%s%sno such command: %s%s", group ? group : "",
			 group ? ": " : "", word, guess);
}

static int answer_group(int argc, char **argv, struct fault *fault)
{
	if (argc > 2 && is_help(argv[2])) {
		help_print_group(argv[1]);
		return ARGUMENTS_ANSWERED;
	}
	if (argc > 2)
		return no_such_command(argv[1], argv[2], fault);
	return fault_set(fault, ARGUMENTS_WRONG, "%s: name one of its commands", argv[1]);
}

/* `stillgood help db init`; argv[0] is "help". */
static int answer_help(int argc, char **argv, struct fault *fault)
{
	for (size_t i = 0; i < command_count; i++) {
		if (!command_matches(&commands[i], argc, argv))
			continue;
		help_print(&commands[i]);
		return ARGUMENTS_ANSWERED;
	}
	if (!is_group(argv[1]))
		return no_such_command(NULL, argv[1], fault);
	if (argc > 2)
		return no_such_command(argv[1], argv[2], fault);
	help_print_group(argv[1]);
	return ARGUMENTS_ANSWERED;
}

static int answer_completion(int argc, char **argv, struct fault *fault)
{
	if (argc != 3)
		return fault_set(fault, ARGUMENTS_WRONG, "--completion: name the shell: bash");
	return completion_print(argv[2], fault) < 0 ? ARGUMENTS_WRONG : ARGUMENTS_ANSWERED;
}

int command_answer_none(int argc, char **argv, struct fault *fault)
{
	if (argc < 2)
		return fault_set(fault, ARGUMENTS_WRONG, "name a command");
	if (strcmp(argv[1], "help") == 0 && argc > 2)
		return answer_help(argc - 1, argv + 1, fault);
	if (is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
		help_print_all();
		return ARGUMENTS_ANSWERED;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("stillgood %s\n", STILLGOOD_VERSION);
		return ARGUMENTS_ANSWERED;
	}
	if (strcmp(argv[1], "--completion") == 0)
		return answer_completion(argc, argv, fault);
	if (is_group(argv[1]))
		return answer_group(argc, argv, fault);
	if (*argv[1] == '-')
		return fault_set(fault, ARGUMENTS_WRONG, "name a command before its options (%s)",
				 argv[1]);
	return no_such_command(NULL, argv[1], fault);
}
