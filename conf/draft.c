#include "conf/draft.h"

#include "base/file.h"
#include "conf/expectation.h"
#include "conf/include.h"
#include "conf/ini.h"
#include "conf/nearest.h"

#include <limits.h>

#define LINE_BITS 21 /* no file has more of them than octets: LIMIT_CONF_FILE */

_Static_assert(LIMIT_CONF_FILE <= 1u << LINE_BITS && LIMIT_CONF_INCLUDES < 1u << (32 - LINE_BITS),
	       "a place does not fit");

static unsigned place_of(const struct draft *draft, unsigned line)
{
	return draft->file << LINE_BITS | line;
}

const char *draft_file(const struct draft *draft, unsigned place)
{
	return draft->files[place >> LINE_BITS];
}

unsigned draft_line(unsigned place)
{
	return place & ((1u << LINE_BITS) - 1);
}

static int refuse(const struct draft *draft, unsigned line, const char *format, ...)
	printf_like(3, 4);

static int refuse(const struct draft *draft, unsigned line, const char *format, ...)
{
	char text[FAULT_TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return fault_set(draft->fault, -EINVAL, "%s:%u: %s", draft->path, line, text);
}

static int out_of_memory(const struct draft *draft)
{
	return fault_set(draft->fault, -ENOMEM, "%s: out of memory", draft->path);
}

const struct draft_section *draft_find(const struct draft *draft, enum option_section kind,
				       const char *name)
{
	for (size_t i = 0; i < draft->count; i++) {
		const struct draft_section *s = &draft->sections[i];
		if (s->kind == kind && (!name || strcmp(s->name, name) == 0))
			return s;
	}
	return NULL;
}

const struct given *draft_given(const struct draft *draft, const struct draft_section *section,
				const struct option *option)
{
	size_t row = (size_t)(option - options);
	if (section && section->given[row].line)
		return &section->given[row];
	section = option->shared ? draft_find(draft, SECTION_DEFAULTS, NULL) : NULL;
	return section && section->given[row].line ? &section->given[row] : NULL;
}

/* ---- sections ---- */

static int refuse_section(const struct draft *draft, const struct ini_item *item)
{
	int nearest = 0;
	for (int i = 1; i < SECTION_COUNT; i++)
		if (edit_distance(item->word, section_name((enum option_section)i)) <
		    edit_distance(item->word, section_name((enum option_section)nearest)))
			nearest = i;
	return refuse(
		draft, item->line,
		"unknown section [%.60s]; did you mean [%s]? (sections: [server], [database], "
		"[defaults], [issuer \"NAME\"], [signer \"NAME\"], [cache \"NAME\"])",
		item->word, section_name((enum option_section)nearest));
}

static int section_kind(const char *word, enum option_section *ret)
{
	for (int i = 0; i < SECTION_COUNT; i++)
		if (strcmp(word, section_name((enum option_section)i)) == 0) {
			*ret = (enum option_section)i;
			return 0;
		}
	return -EINVAL;
}

static int check_name(const struct draft *draft, const struct ini_item *item,
		      enum option_section kind)
{
	const char *word = section_name(kind);
	if (!section_named(kind))
		return item->text ? refuse(draft, item->line, "[%s] takes no name; write [%s]",
					   word, word)
				  : 0;
	if (!item->text || !item->text[0])
		return refuse(draft, item->line,
			      "[%s] needs the %s's name, as in [%s \"Example CA\"]", word, word,
			      word);
	if (strlen(item->text) > LIMIT_ISSUER_NAME)
		return refuse(draft, item->line, "the %s's name is longer than %u bytes", word,
			      LIMIT_ISSUER_NAME);
	return 0;
}

static int refuse_again(const struct draft *draft, const struct ini_item *item,
			const struct draft_section *first)
{
	const char *name = first->name ? first->name : "", *quote = first->name ? "\"" : "";
	const char *file = draft_file(draft, first->line);
	bool here = strcmp(file, draft->path) == 0;
	return refuse(draft, item->line, "[%s%s%s%s%s] again; the first is in %s%s%u: join them",
		      item->word, first->name ? " " : "", quote, name, quote, here ? "line " : file,
		      here ? "" : ":", draft_line(first->line));
}

/* Is the head's name as its kind wants it, and the section new? */
static int check_section(const struct draft *draft, const struct ini_item *item,
			 enum option_section kind)
{
	int result = check_name(draft, item, kind);
	if (result < 0)
		return result;
	if (kind == SECTION_ISSUER && draft->issuer_count == LIMIT_ISSUERS)
		return refuse(draft, item->line, "more than %u issuers", LIMIT_ISSUERS);
	const struct draft_section *first = draft_find(draft, kind, item->text);
	return first ? refuse_again(draft, item, first) : 0;
}

static int draft_section(struct draft *draft, const struct ini_item *item)
{
	enum option_section kind;
	if (section_kind(item->word, &kind) < 0)
		return refuse_section(draft, item);
	int result = check_section(draft, item, kind);
	if (result < 0)
		return result;
	struct draft_section *sections =
		reallocarray(draft->sections, draft->count + 1, sizeof(*sections));
	if (!sections)
		return out_of_memory(draft);
	draft->sections = sections;
	char *name = item->text ? strdup(item->text) : NULL;
	if (item->text && !name)
		return out_of_memory(draft);
	draft->current = draft->count++;
	sections[draft->current] = (struct draft_section){
		.kind = kind, .line = place_of(draft, item->line), .name = name};
	draft->issuer_count += kind == SECTION_ISSUER;
	return 0;
}

/* ---- options ---- */

static const char *nearest_option(const char *word, enum option_section section)
{
	const char *nearest = "";
	unsigned distance = UINT_MAX;
	for (size_t i = 0; i < option_count; i++) {
		unsigned d = edit_distance(word, options[i].name);
		if (option_fits(&options[i], section) && d < distance) {
			nearest = options[i].name;
			distance = d;
		}
	}
	return nearest;
}

static int refuse_option(const struct draft *draft, const struct ini_item *item,
			 enum option_section section)
{
	for (int i = 0; i < SECTION_COUNT; i++) {
		enum option_section other = (enum option_section)i;
		if (option_find(other, item->word))
			return refuse(draft, item->line,
				      "%s does not belong in [%s]; move it to [%s]", item->word,
				      section_name(section), section_name(other));
	}
	return refuse(draft, item->line, "unknown option %.60s in [%s]; did you mean %s?",
		      item->word, section_name(section), nearest_option(item->word, section));
}

static bool may_be_secret(const struct option *option, const char *text)
{
	bool url = option->type == OPTION_URLS || option->type == OPTION_URL ||
		   option->type == OPTION_PROXY;
	return option->type == OPTION_TEXT || option->type == OPTION_KEY ||
	       (url && strchr(text, '@'));
}

/* Numbers and words are repeated in the message, free text is not: it may hold a password. */
static int refuse_value(const struct draft *draft, const struct ini_item *item,
			const struct option *option)
{
	struct buffer expected = {0};
	option_expectation(option, &expected);
	buffer_put_u8(&expected, '\0');
	int result;
	if (buffer_result(&expected) < 0)
		result = out_of_memory(draft);
	else if (may_be_secret(option, item->text))
		result = refuse(draft, item->line, "the value of %s must be %s", option->name,
				(char *)expected.data);
	else
		result = refuse(draft, item->line, "%s = %.80s is not valid; write %s",
				option->name, item->text, (char *)expected.data);
	buffer_deinit(&expected);
	return result;
}

/* A relative path starts at the folder of the configuration file. */
static char *resolve(const char *conf_path, const char *path)
{
	char *resolved = NULL;
	const char *slash = strrchr(conf_path, '/');
	int folder = slash ? (int)(slash - conf_path) : 0;
	if (path[0] == '/')
		return strdup(path);
	if (conf_path[0] == '/')
		return asprintf(&resolved, "%.*s/%s", folder, conf_path, path) < 0 ? NULL
										   : resolved;
	cleanup(memory_freep) char *here = getcwd(NULL, 0);
	if (!here)
		return NULL;
	int size = asprintf(&resolved, "%s%s%.*s/%s", here, folder ? "/" : "", folder, conf_path,
			    path);
	return size < 0 ? NULL : resolved;
}

static int parse_value(const struct draft *draft, const struct ini_item *item,
		       const struct option *option, struct value *ret)
{
	cleanup(memory_freep) char *resolved = NULL;
	const char *text = item->text;
	if (value_is_path(option, text)) {
		resolved = resolve(draft->path, text);
		if (!resolved)
			return out_of_memory(draft);
		text = resolved;
	}
	int result = value_parse(option, text, ret);
	if (result == -EINVAL)
		return refuse_value(draft, item, option);
	return result < 0 ? out_of_memory(draft) : 0;
}

static int draft_pair(struct draft *draft, const struct ini_item *item)
{
	if (draft->current == SIZE_MAX)
		return refuse(draft, item->line, "%.60s stands before the first [section]",
			      item->word);
	struct draft_section *section = &draft->sections[draft->current];
	const struct option *option = option_find(section->kind, item->word);
	if (!option)
		return refuse_option(draft, item, section->kind);
	if (!(option->rooms & draft->room) && draft->room != CONF_ALL)
		return refuse(draft, item->line, "%s is not for this process", option->name);
	struct given *given = &section->given[option - options];
	if (given->line)
		return refuse(draft, item->line,
			      "%s again; it is already in line %u: remove one of them",
			      option->name, draft_line(given->line));
	int result = parse_value(draft, item, option, &given->value);
	if (result == 0)
		given->line = place_of(draft, item->line);
	return result;
}

/* ---- files ---- */

static int draft_include(struct draft *draft, const struct ini_item *item);

static int draft_text(struct draft *draft, struct view text)
{
	struct ini ini;
	struct ini_item item;
	int result;
	ini_init(&ini, draft->path, text);
	while ((result = ini_next(&ini, &item, draft->fault)) == 1) {
		if (item.kind == INI_SECTION)
			result = draft_section(draft, &item);
		else if (strcmp(item.word, "include") == 0)
			result = draft_include(draft, &item);
		else
			result = draft_pair(draft, &item);
		if (result < 0)
			break;
	}
	ini_deinit(&ini);
	return result;
}

static int draft_add_file(struct draft *draft, const char *path)
{
	char **files = reallocarray(draft->files, draft->file_count + 1, sizeof(*files));
	if (!files)
		return out_of_memory(draft);
	draft->files = files;
	files[draft->file_count] = strdup(path);
	if (!files[draft->file_count])
		return out_of_memory(draft);
	draft->file = draft->file_count++;
	draft->path = files[draft->file];
	return 0;
}

/* Its sections are its own: what stood before it does not go on in it, and goes on after it. */
static int draft_included(struct draft *draft, const char *path)
{
	const struct draft before = *draft;
	struct buffer text = {0};
	int result = draft_add_file(draft, path);
	if (result == 0)
		result = file_read(path, LIMIT_CONF_FILE - draft->octets, &text, draft->fault);
	draft->octets += text.size < LIMIT_CONF_FILE - draft->octets
				 ? text.size
				 : LIMIT_CONF_FILE - draft->octets;
	draft->current = SIZE_MAX;
	if (result == 0)
		result = draft_text(draft, buffer_view(&text));
	if (text.data)
		explicit_bzero(text.data, text.size); /* conninfo may be in it */
	buffer_deinit(&text);
	draft->path = before.path;
	draft->file = before.file;
	draft->current = before.current;
	return result;
}

/* An included file includes nothing, so there is no end to look for. */
static int draft_include(struct draft *draft, const struct ini_item *item)
{
	struct include_list list = {0};
	if (!draft->may_include)
		return refuse(draft, item->line, "include is not for this process");
	if (draft->file > 0)
		return refuse(draft, item->line,
			      "an included file includes no other; include it in %s",
			      draft->files[0]);
	cleanup(memory_freep) char *pattern = resolve(draft->path, item->text);
	const char *reason = "";
	int result = pattern ? include_find(pattern, &list, &reason) : -ENOMEM;
	if (result < 0)
		result = refuse(draft, item->line, "include = %.200s: %s", item->text,
				pattern ? reason : "out of memory");
	for (size_t i = 0; result == 0 && i < list.count; i++) {
		if (draft->file_count > LIMIT_CONF_INCLUDES)
			result = refuse(draft, item->line, "more than %u files are included",
					LIMIT_CONF_INCLUDES);
		else
			result = draft_included(draft, list.paths[i]);
	}
	include_list_deinit(&list);
	return result;
}

int draft_read(struct draft *draft, struct view text)
{
	draft->current = SIZE_MAX;
	draft->octets = text.size < LIMIT_CONF_FILE ? text.size : LIMIT_CONF_FILE;
	int result = draft_add_file(draft, draft->path);
	return result < 0 ? result : draft_text(draft, text);
}

void draft_deinit(struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		free(draft->sections[i].name);
		for (size_t row = 0; row < option_count; row++)
			value_deinit(&draft->sections[i].given[row].value);
	}
	free(draft->sections);
	draft->sections = NULL;
	draft->count = 0;
	for (unsigned i = 0; i < draft->file_count; i++)
		free(draft->files[i]);
	free(draft->files);
	draft->files = NULL;
	draft->file_count = 0;
}
