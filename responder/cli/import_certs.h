/* Private to import_certs*.c. */
#pragma once

#include "cli/copy.h"
#include "cli/import_report.h"
#include "cli/registry.h"

/* A certificate whose issuer field is encoded in a way that is not known yet. */
struct lesson {
	const struct registered *issuer;
	struct buffer der;
	char *where;
};
/* The database keeps 16 for an issuer. */
#define LESSONS_MOST 64

struct certs_import {
	const struct command_line *line;
	struct database database;
	struct registry registry;
	const struct registered *only; /* --issuer; NULL: any */
	struct copy copy;
	struct import_report report;
	struct lesson lessons[LESSONS_MOST];
	size_t lesson_count;
	uint64_t read, imported, completed, refused;
};

/* From stillgood_import into the database. */
must_check int certs_merge(struct certs_import *import, struct fault *fault);
/* Records the encodings of names that were met. */
must_check int certs_learn(struct certs_import *import, struct fault *fault);
