/* Private to import_answers*.c. */
#pragma once

#include "cli/answers_sql.h"
#include "cli/copy.h"
#include "cli/import_report.h"
#include "cli/registry.h"
#include "ocsp/answer.h"
#include "ocsp/issuer.h"

/* A registered issuer, as CertIDs and signatures know it. */
struct answers_issuer {
	const struct registered *registered;
	size_t name_count;
	struct ocsp_issuer *names; /* its subject's hashes, and those of further encodings */
	struct ocsp_prover *prover; /* NULL: not needed yet */
};

struct answers_import {
	const struct command_line *line;
	struct database database;
	struct registry registry;
	const struct registered *only; /* --issuer; NULL: any */
	struct answers_issuer *issuers; /* of the registry, in its order */
	struct copy copy;
	struct import_report report;
	int64_t now;
	uint64_t read, imported, refused;
};

/* What `file` says, and who says so, proven; into the table. What is no answer that can be kept is noted.
 * 0 or -errno. */
must_check int answers_take(struct answers_import *import, const char *path, bool named,
			    struct view der, struct fault *fault);
/* From stillgood_import into the database. */
must_check int answers_merge(struct answers_import *import, struct fault *fault);
