#include "cli/arguments.h"

#include "cli/command_find.h"
#include "cli/help.h"
#include "cli/suggest.h"

#include <getopt.h>
#include <stdio.h>

#define GETOPT_BASE 256 /* above every letter */

/* The tables that getopt_long() wants, made from our rows. */
struct getopt_tables {
	struct option rows[OPTION_COUNT + 1];
	char letters[2 + OPTION_COUNT * 2 + 1];
};

static void getopt_tables_fill(struct getopt_tables *tables, const struct command *command)
{
	struct option *row = tables->rows;
	char *letter = tables->letters;
	*letter++ = ':'; /* a missing argument is told apart */
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!command_takes(command, i))
			continue;
		*row++ = (struct option){
			.name = command_options[i].name,
			.has_arg = !command_options[i].argument ? no_argument
				   : option_is_optional(command_options[i].argument)
					   ? optional_argument
					   : required_argument,
			.val = GETOPT_BASE + (int)i,
		};
		if (command_options[i].letter) {
			*letter++ = command_options[i].letter;
			if (command_options[i].argument)
				*letter++ = ':';
		}
	}
	*row = (struct option){0};
	*letter = '\0';
}

static size_t option_of(int value)
{
	if (value >= GETOPT_BASE)
		return (size_t)(value - GETOPT_BASE);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (command_options[i].letter && command_options[i].letter == value)
			return i;
	return OPTION_COUNT;
}

/* ---- what getopt found wrong, in words ---- */

/* "--serial" and so on, for guesses. */
struct option_words {
	char names[OPTION_COUNT][24];
	const char *words[OPTION_COUNT];
};

static void option_words_fill(struct option_words *words, const struct command *command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		(void)snprintf(words->names[i], sizeof(words->names[i]), "--%s",
			       command_options[i].name);
		words->words[i] = command_takes(command, i) ? words->names[i] : NULL;
	}
}

static int no_such_option(const struct command *command, const char *word, const char *guessed_from,
			  struct fault *fault)
{
	struct option_words words;
	char name[64], guess[SUGGESTION_SIZE];
	option_words_fill(&words, command);
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(guessed_from, "="), guessed_from);
	suggest(name, words.words, OPTION_COUNT, "", guess);
	return fault_set(fault, ARGUMENTS_WRONG, "%s: no such option: %s%s", command->name, word,
			 guess);
}

/* "--no" where that begins several options. */
static bool is_ambiguous(const struct command *command, const char *word, char *out, size_t size)
{
	size_t typed = strcspn(word + 2, "="), used = 0, count = 0;
	*out = '\0';
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!command_takes(command, i) ||
		    strncmp(command_options[i].name, word + 2, typed) != 0)
			continue;
		int wrote = snprintf(out + used, size - used, "%s--%s", count ? ", " : "",
				     command_options[i].name);
		used += wrote > 0 && (size_t)wrote < size - used ? (size_t)wrote : 0;
		count++;
	}
	return typed > 0 && count > 1;
}

static int wrong_long_option(const struct command *command, const char *word, struct fault *fault)
{
	char which[200];
	if (optopt >= GETOPT_BASE) /* known, but takes no argument */
		return fault_set(fault, ARGUMENTS_WRONG, "%s: --%s takes no argument: %s",
				 command->name, command_options[optopt - GETOPT_BASE].name, word);
	if (is_ambiguous(command, word, which, sizeof(which)))
		return fault_set(fault, ARGUMENTS_WRONG, "%s: %s may mean %s", command->name, word,
				 which);
	return no_such_option(command, word, word, fault);
}

/* -json, as OpenSSL's users write it, is -j, -s, -o and -n to getopt. */
static bool is_long_with_one_dash(const struct command *command, const char *word)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (command_takes(command, i) && word[0] == '-' &&
		    strcmp(command_options[i].name, word + 1) == 0)
			return true;
	return false;
}

/* `word` may hold several letters: -vx. */
static int wrong_letter(const struct command *command, const char *word, struct fault *fault)
{
	char letter[3] = {'-', (char)optopt, '\0'}, doubled[64];
	(void)snprintf(doubled, sizeof(doubled), "-%s", word);
	if (is_long_with_one_dash(command, word))
		return no_such_option(command, word, doubled, fault);
	if (strlen(word) == 2)
		return no_such_option(command, letter, letter, fault);
	return fault_set(fault, ARGUMENTS_WRONG, "%s: no such option: %s (in %s)", command->name,
			 letter, word);
}

/* The word in which getopt stands: it moves on after a word's last letter only. */
static const char *current_word(int argc, char **argv)
{
	const char *last = argv[optind - 1];
	bool there = last[0] == '-' && (last[1] == '-' || last[strlen(last) - 1] == optopt);
	return there || optind >= argc ? last : argv[optind];
}

static int wrong_option(const struct command *command, int value, int argc, char **argv,
			struct fault *fault)
{
	const char *word = current_word(argc, argv);
	if (value == ':')
		return fault_set(fault, ARGUMENTS_WRONG, "%s: --%s needs an argument",
				 command->name, command_options[option_of(optopt)].name);
	return strncmp(word, "--", 2) == 0 ? wrong_long_option(command, word, fault)
					   : wrong_letter(command, word, fault);
}

static int read_option(struct command_line *line, int value, int argc, char **argv,
		       struct fault *fault)
{
	const struct command *command = line->command;
	size_t option = option_of(value);
	if (option == OPTION_COUNT)
		return wrong_option(command, value, argc, argv, fault);
	/* -issuer: not the issuer "ssuer". */
	if (value < GETOPT_BASE && optarg == argv[optind - 1] + 2 &&
	    is_long_with_one_dash(command, argv[optind - 1]))
		return wrong_letter(command, argv[optind - 1], fault);
	if (line->values[option])
		return fault_set(fault, ARGUMENTS_WRONG, "%s: --%s is given twice", command->name,
				 command_options[option].name);
	line->values[option] = command_options[option].argument && optarg ? optarg : "";
	return 0;
}

static int read_options(struct command_line *line, int argc, char **argv, struct fault *fault)
{
	struct getopt_tables tables;
	getopt_tables_fill(&tables, line->command);
	opterr = 0;
	optind = 0; /* starts getopt anew */
	int value;
	while ((value = getopt_long(argc, argv, tables.letters, tables.rows, NULL)) != -1) {
		int result = read_option(line, value, argc, argv, fault);
		if (result)
			return result;
	}
	line->operand_count = argc - optind;
	line->operands = argv + optind;
	return 0;
}

/* "--correct-serials hex": what may be given needs a "=". */
static const char *option_without_equals(const struct command_line *line)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_is_optional(command_options[i].argument) && line->values[i] &&
		    !*line->values[i])
			return command_options[i].name;
	return NULL;
}

static int check_operands(const struct command_line *line, struct fault *fault)
{
	const struct command *command = line->command;
	if (line->operand_count < command->least)
		return fault_set(fault, ARGUMENTS_WRONG, "%s: %s is missing", command->name,
				 command->operands);
	bool many = command->most >= 0 && line->operand_count > command->most;
	const char *option = option_without_equals(line);
	if (many && option)
		return fault_set(fault, ARGUMENTS_WRONG,
				 "%s: too many arguments: %s; did you mean --%s=%s?", command->name,
				 line->operands[command->most], option,
				 line->operands[command->most]);
	if (many)
		return fault_set(fault, ARGUMENTS_WRONG, "%s: too many arguments: %s",
				 command->name, line->operands[command->most]);
	return 0;
}

int arguments_read(int argc, char **argv, struct command_line *ret, struct fault *fault)
{
	*ret = (struct command_line){0};
	int words = 0;
	for (size_t i = 0; argc > 1 && i < command_count && !words; i++) {
		words = command_matches(&commands[i], argc, argv);
		if (words)
			ret->command = &commands[i];
	}
	if (!words)
		return command_answer_none(argc, argv, fault);
	int result = read_options(ret, argc - words, argv + words, fault);
	if (result)
		return result;
	if (option_given(ret, OPTION_HELP)) {
		help_print(ret->command);
		return ARGUMENTS_ANSWERED;
	}
	return check_operands(ret, fault);
}

void arguments_print_hint(const struct command_line *line)
{
	(void)fprintf(stderr, "try: stillgood %s%s--help\n",
		      line->command ? line->command->name : "", line->command ? " " : "");
}
