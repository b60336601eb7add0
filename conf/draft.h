/* What the file says, not yet applied: its sections with the values given in each, and the lines
 * they stand in. Order in the file does not matter afterwards: [defaults] may come last. */
#pragma once

#include "conf/value.h"

struct given {
	unsigned line; /* a place; 0: not given */
	struct value value;
};

struct draft_section {
	enum option_section kind;
	unsigned line; /* a place */
	char *name; /* of an issuer or signer; else NULL */
	struct given given[OPTIONS_MOST]; /* index: row of the option table */
};

struct draft {
	const char *path; /* of the file that is being read */
	enum conf_room room;
	bool may_include; /* `include` is obeyed; else it is refused */
	size_t octets; /* of all files */
	unsigned file, file_count; /* the one that is being read; 0: the configuration itself */
	char **files; /* paths */
	size_t count;
	struct draft_section *sections;
	size_t current; /* the section that is being read; SIZE_MAX: none yet, in this file */
	unsigned issuer_count;
	struct fault *fault;
};

/* A place is a line of one of the files. */
const char *draft_file(const struct draft *draft, unsigned place);
unsigned draft_line(unsigned place);

/* Reads the text of `path`, and what it includes. 0 or a negative result with its fault. */
must_check int draft_read(struct draft *draft, struct view text);
void draft_deinit(struct draft *draft);
/* NULL: not in the file. `name` of an issuer or signer, else NULL. */
const struct draft_section *draft_find(const struct draft *draft, enum option_section kind,
				       const char *name);
/* The value that holds for an option in a section that may be NULL: its own or that of [defaults].
 * NULL: not given. */
const struct given *draft_given(const struct draft *draft, const struct draft_section *section,
				const struct option *option);
