#include "cli/arguments.h"

#include "cli/command_find.h"
#include "cli/suggest.h"

#include <getopt.h>
#include <stdio.h>

/* One option, one row; the index is enum command_option. */
static const struct {
	const char *name;
	char letter;
	const char *argument; /* NULL: takes none; "[=…]": may have one */
	const char *help;
} options[OPTION_COUNT] = {
	[OPTION_HELP] = {"help", 'h', NULL, "print this help"},
	[OPTION_JSON] = {"json", 0, NULL, "print one JSON document instead of text"},
	[OPTION_CONFIG] = {"config", 'c', "FILE",
			   "configuration file (/etc/stillgood/stillgood.conf)"},
	[OPTION_DATABASE] = {"database", 'd', "CONNINFO",
			     "libpq connection string; else STILLGOOD_DATABASE, else the "
			     "configuration's"},
	[OPTION_NAME] = {"name", 'n', "NAME", "register under this name"},
	[OPTION_HASHES] = {"hashes", 0, NULL, "print the CertID hashes of each issuer"},
	[OPTION_FORCE] = {"force", 0, NULL, "go on whatever certificates say against it"},
	[OPTION_ISSUER] = {"issuer", 'i', "ISSUER",
			   "the issuer: its registered name (ask: its certificate file)"},
	[OPTION_SKIP_UNKNOWN] = {"skip-unknown", 0, NULL,
				 "pass over certificates of issuers that are not registered"},
	[OPTION_SERIAL] = {"serial", 's', "SERIAL",
			   "the serial number: hexadecimal, or decimal:123"},
	[OPTION_ALL] = {"all", 0, NULL, "every certificate of the issuer, at once"},
	[OPTION_REASON] = {"reason", 'r', "REASON",
			   "keyCompromise, superseded, … or its number (RFC 5280)"},
	[OPTION_AT] = {"at", 0, "TIME",
		       "the time that is recorded: 2026-05-09, 2026-05-09T17:30+09:00, -2h (now)"},
	[OPTION_INVALIDITY] = {"invalidity", 0, "TIME",
			       "since when the key is thought to be compromised"},
	[OPTION_REQUESTED_BY] = {"requested-by", 0, "WHO",
				 "subscriber or ca: whose decision it was"},
	[OPTION_NOTE] = {"note", 0, "TEXT", "kept with the event"},
	[OPTION_SOCKET] = {"socket", 0, "PATH", "control socket of the running instance"},
	[OPTION_URL] = {"url", 'u', "URL",
			"where to ask; else the certificate's own access location"},
	[OPTION_METHOD] = {"method", 'm', "METHOD", "get or post (post)"},
	[OPTION_NONCE] = {"nonce", 0, NULL, "send a nonce and require it in the answer"},
	[OPTION_NO_NONCE] = {"no-nonce", 0, NULL, "send no nonce (default of GET)"},
	[OPTION_HASH] = {"hash", 0, "HASH", "of the CertID: sha1, sha256, sha384, sha512 (sha1)"},
	[OPTION_TIMEOUT] = {"timeout", 0, "DURATION", "give up after this time (10s)"},
	[OPTION_SKEW] = {"skew", 0, "DURATION", "tolerated difference of clocks (5s)"},
	[OPTION_VERBOSE] = {"verbose", 'v', NULL, "print more"},
	[OPTION_NAME_FROM] = {"name-from", 0, "CERT",
			      "learn how certificates of an issuer encode its name from these"},
	[OPTION_ALL_IN_FILE] = {"all-in-file", 0, NULL,
				"every certificate of a file that holds several"},
	[OPTION_YES] = {"yes", 'y', NULL, "do not ask back (for scripts)"},
	[OPTION_RESPOUT] = {"respout", 0, "FILE", "write the answer there, as it came (DER)"},
	[OPTION_REQOUT] = {"reqout", 0, "FILE", "write the request there (DER)"},
	[OPTION_PROMETHEUS] = {"prometheus", 0, NULL,
			       "print metrics in Prometheus' text format instead of text"},
	[OPTION_CORRECT_SERIALS] = {"correct-serials", 0, "[=hex|decimal]",
				    "set wrong serials right (digits alone: as which)"},
	[OPTION_DRY_RUN] = {"dry-run", 0, NULL, "say what would change, and change nothing"},
	[OPTION_STRICT] = {"strict", 0, NULL, "all or nothing: one problem refuses the import"},
	[OPTION_WITHDRAW] = {"withdraw", 0, NULL,
			     "take back what was imported by mistake and is still good"},
	[OPTION_EVERY] = {"every", 0, "DURATION", "time between two heartbeats (100ms)"},
};

#define GETOPT_BASE 256 /* above every letter */

static bool takes(const struct command *command, size_t option)
{
	return option == OPTION_HELP || command->options & OPTION_BIT(option);
}

static bool is_optional(const char *argument)
{
	return argument && *argument == '[';
}

static void print_option_help(size_t i)
{
	char letter[4] = "   ", name[40];
	if (options[i].letter)
		(void)snprintf(letter, sizeof(letter), "-%c,", options[i].letter);
	const char *argument = options[i].argument ? options[i].argument : "";
	(void)snprintf(name, sizeof(name), "--%s%s%s", options[i].name,
		       *argument && !is_optional(argument) ? " " : "", argument);
	printf("  %s %-22s %s\n", letter, name, options[i].help);
}

void arguments_print_help(const struct command *command)
{
	printf("usage: stillgood %s [OPTION…]%s%s\n\n%s\n\noptions:\n", command->name,
	       *command->operands ? " " : "", command->operands, command->help);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (takes(command, i))
			print_option_help(i);
}

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
		if (!takes(command, i))
			continue;
		*row++ = (struct option){
			.name = options[i].name,
			.has_arg = !options[i].argument               ? no_argument
				   : is_optional(options[i].argument) ? optional_argument
								      : required_argument,
			.val = GETOPT_BASE + (int)i,
		};
		if (options[i].letter) {
			*letter++ = options[i].letter;
			if (options[i].argument)
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
		if (options[i].letter && options[i].letter == value)
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
		(void)snprintf(words->names[i], sizeof(words->names[i]), "--%s", options[i].name);
		words->words[i] = takes(command, i) ? words->names[i] : NULL;
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
		if (!takes(command, i) || strncmp(options[i].name, word + 2, typed) != 0)
			continue;
		int wrote = snprintf(out + used, size - used, "%s--%s", count ? ", " : "",
				     options[i].name);
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
				 command->name, options[optopt - GETOPT_BASE].name, word);
	if (is_ambiguous(command, word, which, sizeof(which)))
		return fault_set(fault, ARGUMENTS_WRONG, "%s: %s may mean %s", command->name, word,
				 which);
	return no_such_option(command, word, word, fault);
}

/* -json, as OpenSSL's users write it, is -j, -s, -o and -n to getopt. */
static bool is_long_with_one_dash(const struct command *command, const char *word)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (takes(command, i) && word[0] == '-' && strcmp(options[i].name, word + 1) == 0)
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
				 command->name, options[option_of(optopt)].name);
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
				 options[option].name);
	line->values[option] = options[option].argument && optarg ? optarg : "";
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
		int r = read_option(line, value, argc, argv, fault);
		if (r)
			return r;
	}
	line->operand_count = argc - optind;
	line->operands = argv + optind;
	return 0;
}

/* "--correct-serials hex": what may be given needs a "=". */
static const char *option_without_equals(const struct command_line *line)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (is_optional(options[i].argument) && line->values[i] && !*line->values[i])
			return options[i].name;
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
	int r = read_options(ret, argc - words, argv + words, fault);
	if (r)
		return r;
	if (option_given(ret, OPTION_HELP)) {
		arguments_print_help(ret->command);
		return ARGUMENTS_ANSWERED;
	}
	return check_operands(ret, fault);
}

void arguments_print_hint(const struct command_line *line)
{
	(void)fprintf(stderr, "try: stillgood %s%s--help\n",
		      line->command ? line->command->name : "", line->command ? " " : "");
}
