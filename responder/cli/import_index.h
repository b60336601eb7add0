/* Private to import_index*.c. */
#pragma once

#include "cli/copy.h"
#include "cli/import_proof.h"
#include "cli/import_report.h"

struct index_import {
	const struct command_line *line;
	const char *path;
	struct database database;
	struct registry registry;
	const struct registered *issuer;
	struct index_file *file;
	struct copy copy;
	struct import_report report;
	struct import_proof proof;
	char issuer_id[16]; /* as text */
	int64_t now;
	bool has_text; /* a serial whose octets are those of written numbers */
	uint64_t read, imported, changed, refused;
	uint64_t instructions, removed; /* lines with a hold instruction, with removeFromCRL */
};

#define INDEX_TABLE_SQL                                                        \
	"CREATE TEMPORARY TABLE stillgood_import (line bigint, serial bytea, " \
	"status smallint, reason smallint, revoked_at timestamptz, "           \
	"invalidity_at timestamptz, not_after timestamptz, note text) ON COMMIT DROP"

/* From stillgood_import into the database. */
must_check int index_merge(struct index_import *import, struct fault *fault);
