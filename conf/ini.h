/* The grammar of the file, line by line:
 *
 *   blank line · `# comment` · `; comment` · `[section]` · `[issuer "NAME"]` · `key = value`
 *
 * Blanks and tabs around each part are ignored, and so is a CR before the LF. A value goes to the
 * end of its line; `#` and `;` inside it are part of it. A value in double quotes keeps its outer
 * blanks; inside quotes \" and \\ stand for " and \, and no other backslash is allowed. Without
 * quotes a backslash is an ordinary character. Names in section heads are always quoted. The text is
 * UTF-8 without control characters; there are no continuation lines. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

enum ini_kind { INI_SECTION, INI_PAIR };

struct ini_item {
	enum ini_kind kind;
	unsigned line;
	const char *word; /* the section's word, or the key */
	const char *text; /* the section's name or NULL; the value, not empty */
};

struct ini {
	const char *path; /* for messages */
	struct view rest;
	unsigned line;
	char text[LIMIT_CONF_LINE + 1]; /* of the current item */
};

void ini_init(struct ini *ini, const char *path, struct view text);
void ini_deinit(struct ini *ini); /* wipes the last line */
/* 1: an item, valid until the next call; 0: the end; -EINVAL with a fault. No fault ever repeats a
 * value: it may be a password. */
must_check int ini_next(struct ini *ini, struct ini_item *ret, struct fault *fault);
/* Appends text in double quotes, escaped. */
void ini_put_quoted(struct buffer *out, const char *text);
/* Appends a value, in quotes only where it needs them. */
void ini_put_value(struct buffer *out, const char *text);
