/* One option's value: from text, to text, and into the member of its struct. */
#pragma once

#include "conf/options.h"

/* A number in the member's own unit (microseconds, bytes, enum value), or a text. */
struct value {
	int64_t number;
	char *text; /* owned; NULL for numbers */
};

/* Is its member one text, an owned char *? */
bool value_is_text(const struct option *option);
/* Is it the name of a file, which starts at the configuration's folder if it is relative? */
bool value_is_path(const struct option *option, const char *text);
/* Is this one of the words that may stand in place of a number or text? */
bool value_is_word(const struct option *option, const char *text);

/* 0; -EINVAL where the text is not what option_expectation() (expectation.h) says; -ENOMEM. */
must_check int value_parse(const struct option *option, const char *text, struct value *ret);
void value_deinit(struct value *value); /* wipes the text */

/* Copies into the struct at `base` (conf_server, conf_database, conf_issuer or
 * conf_signer). 0 or -ENOMEM. */
must_check int value_store(const struct option *option, const struct value *value, void *base);
/* Frees what value_store() put there; wipes it. */
void value_unstore(const struct option *option, void *base);

/* Appends the member as text that value_parse() takes. */
void value_print(const struct option *option, const void *base, struct buffer *out);
void value_print_number(const struct option *option, int64_t number, struct buffer *out);
/* A duration's member. */
int64_t value_duration(const struct option *option, const void *base);
