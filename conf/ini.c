#include "conf/ini.h"

#include <stdbool.h>

void ini_init(struct ini *ini, const char *path, struct view text)
{
	*ini = (struct ini){.path = path, .rest = text};
}

void ini_deinit(struct ini *ini)
{
	explicit_bzero(ini->text, sizeof(ini->text));
}

static int refuse(const struct ini *ini, struct fault *fault, const char *what)
{
	return fault_set(fault, -EINVAL, "%s:%u: %s", ini->path, ini->line, what);
}

/* ---- lines ---- */

/* Length of the UTF-8 sequence that starts here, or 0 (overlong, surrogate, beyond U+10FFFF). */
static size_t utf8_size(const uint8_t *p, size_t left)
{
	uint8_t lead = p[0];
	size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (size == 0 || size > left || lead > 0xf4)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f) ||
	    (lead == 0xf0 && p[1] < 0x90) || (lead == 0xf4 && p[1] > 0x8f))
		return 0;
	return size;
}

static const char *line_fault(struct view line)
{
	for (size_t i = 0, size; i < line.size; i += size) {
		uint8_t c = line.data[i];
		if (c == '\0')
			return "a NUL byte; this is not a text file";
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "a control character; remove it";
		size = utf8_size(line.data + i, line.size - i);
		if (size == 0)
			return "not UTF-8; save the file as UTF-8";
	}
	return NULL;
}

static struct view trim(struct view v)
{
	while (v.size > 0 && (v.data[0] == ' ' || v.data[0] == '\t'))
		v = view_of(v.data + 1, v.size - 1);
	while (v.size > 0 && (v.data[v.size - 1] == ' ' || v.data[v.size - 1] == '\t'))
		v.size--;
	return v;
}

/* 1: a line without its end and outer blanks; 0: no more; -EINVAL. */
static int next_line(struct ini *ini, struct view *ret, struct fault *fault)
{
	if (ini->rest.size == 0)
		return 0;
	ini->line++;
	const uint8_t *end = memchr(ini->rest.data, '\n', ini->rest.size);
	size_t size = end ? (size_t)(end - ini->rest.data) : ini->rest.size;
	struct view line = view_of(ini->rest.data, size);
	size_t used = size + (end ? 1 : 0);
	ini->rest = view_of(ini->rest.data + used, ini->rest.size - used);
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	if (line.size > LIMIT_CONF_LINE)
		return fault_set(fault, -EINVAL, "%s:%u: the line is longer than %u bytes",
				 ini->path, ini->line, LIMIT_CONF_LINE);
	const char *what = line_fault(line);
	if (what)
		return refuse(ini, fault, what);
	if (line.size >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0)
		return refuse(ini, fault, "a byte order mark; save the file as UTF-8 without one");
	*ret = trim(line);
	return 1;
}

/* ---- parts of a line, copied into ini->text ---- */

/* Words are lower-case names; anything else is no word of ours and is kept for the message. */
static size_t word_size(struct view v)
{
	size_t size = 0;
	while (size < v.size && ((v.data[size] >= 'a' && v.data[size] <= 'z') ||
				 (v.data[size] >= 'A' && v.data[size] <= 'Z') ||
				 (v.data[size] >= '0' && v.data[size] <= '9') ||
				 v.data[size] == '_' || v.data[size] == '-' || v.data[size] == '.'))
		size++;
	return size;
}

static const char *put_text(struct ini *ini, size_t *used, struct view v)
{
	char *start = ini->text + *used;
	if (v.size > 0)
		memcpy(start, v.data, v.size);
	start[v.size] = '\0';
	*used += v.size + 1;
	return start;
}

/* `quoted` starts and ends with a double quote. NULL: a stray quote or backslash inside. */
static const char *put_unquoted(struct ini *ini, size_t *used, struct view quoted)
{
	char *start = ini->text + *used, *out = start;
	struct view in = view_of(quoted.data + 1, quoted.size - 2);
	for (size_t i = 0; i < in.size; i++) {
		if (in.data[i] == '"')
			return NULL;
		if (in.data[i] == '\\') {
			i++;
			if (i == in.size || (in.data[i] != '"' && in.data[i] != '\\'))
				return NULL;
		}
		*out++ = (char)in.data[i];
	}
	*out++ = '\0';
	*used += (size_t)(out - start);
	return start;
}

static bool is_quoted(struct view v)
{
	return v.size >= 2 && v.data[0] == '"' && v.data[v.size - 1] == '"';
}

static int read_section(struct ini *ini, struct view line, struct ini_item *ret,
			struct fault *fault)
{
	size_t used = 0;
	if (line.data[line.size - 1] != ']')
		return refuse(ini, fault, "the section's head does not end with ]");
	struct view inner = trim(view_of(line.data + 1, line.size - 2));
	size_t size = word_size(inner);
	struct view name = trim(view_of(inner.data + size, inner.size - size));
	struct ini_item item = {.kind = INI_SECTION, .line = ini->line};
	if (size == 0)
		return refuse(ini, fault, "a section's head without a name");
	item.word = put_text(ini, &used, view_of(inner.data, size));
	if (name.size > 0) {
		item.text = is_quoted(name) ? put_unquoted(ini, &used, name) : NULL;
		if (!item.text)
			return refuse(ini, fault,
				      "the name in a section's head must be in double quotes, as "
				      "in [issuer \"NAME\"]; write \\\" and \\\\ for \" and \\");
	}
	*ret = item;
	return 1;
}

static int read_pair(struct ini *ini, struct view line, struct ini_item *ret, struct fault *fault)
{
	size_t used = 0, size = word_size(line);
	struct view after = trim(view_of(line.data + size, line.size - size));
	if (size == 0 || after.size == 0 || after.data[0] != '=')
		return refuse(ini, fault,
			      "neither [section] nor key = value nor # comment; a value cannot "
			      "go on in the next line");
	struct view value = trim(view_of(after.data + 1, after.size - 1));
	struct ini_item item = {.kind = INI_PAIR, .line = ini->line};
	item.word = put_text(ini, &used, view_of(line.data, size));
	if (value.size > 0 && value.data[0] == '"')
		item.text = is_quoted(value) ? put_unquoted(ini, &used, value) : NULL;
	else
		item.text = put_text(ini, &used, value);
	if (!item.text)
		return fault_set(fault, -EINVAL,
				 "%s:%u: the quotes of %.40s do not match; inside quotes write "
				 "\\\" and \\\\ for \" and \\",
				 ini->path, ini->line, item.word);
	if (!item.text[0])
		return fault_set(fault, -EINVAL,
				 "%s:%u: %.40s has no value; give one or remove the line",
				 ini->path, ini->line, item.word);
	*ret = item;
	return 1;
}

int ini_next(struct ini *ini, struct ini_item *ret, struct fault *fault)
{
	for (;;) {
		struct view line = {0};
		int result = next_line(ini, &line, fault);
		if (result <= 0)
			return result;
		if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';')
			continue;
		return line.data[0] == '[' ? read_section(ini, line, ret, fault)
					   : read_pair(ini, line, ret, fault);
	}
}

/* ---- writing ---- */

void ini_put_quoted(struct buffer *out, const char *text)
{
	buffer_put_u8(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buffer_put_u8(out, '\\');
		buffer_put_u8(out, (uint8_t)*text);
	}
	buffer_put_u8(out, '"');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void ini_put_value(struct buffer *out, const char *text)
{
	size_t size = strlen(text);
	if (size == 0 || text[0] == '"' || is_blank(text[0]) || is_blank(text[size - 1]))
		ini_put_quoted(out, text);
	else
		buffer_put_string(out, text);
}
