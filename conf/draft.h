/* What the file says, not yet applied: its sections with the values given in each, and the lines
 * they stand in. Order in the file does not matter afterwards: [defaults] may come last. */
#pragma once

#include "conf/value.h"

struct given {
	unsigned line; /* 0: not given */
	struct value value;
};

struct draft_section {
	enum option_section kind;
	unsigned line;
	char *name; /* of an issuer or signer; else NULL */
	struct given given[OPTIONS_MOST]; /* index: row of the option table */
};

struct draft {
	const char *path;
	enum conf_room room;
	size_t count;
	struct draft_section *sections;
	unsigned issuer_count;
	struct fault *fault;
};

/* Reads the text. 0 or a negative result with its fault. */
must_check int draft_read(struct draft *draft, struct view text);
void draft_deinit(struct draft *draft);
/* NULL: not in the file. `name` of an issuer or signer, else NULL. */
const struct draft_section *draft_find(const struct draft *draft, enum option_section kind,
				       const char *name);
/* The value that holds for an option in a section that may be NULL: its own or that of [defaults].
 * NULL: not given. */
const struct given *draft_given(const struct draft *draft, const struct draft_section *section,
				const struct option *option);
