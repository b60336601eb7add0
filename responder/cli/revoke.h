/* `revoke`, `hold`, `release` in parts: which certificates are meant, what the database does with
 * them, and what is told of it. */
#pragma once

#include "base/timetext.h"
#include "cli/registry.h"

enum action { ACTION_REVOKE, ACTION_HOLD, ACTION_RELEASE };

/* What the database says of a certificate or an issuer. */
struct recorded {
	enum cert_status status;
	int64_t version, revoked_at, invalidity_at, not_after; /* TIME_NONE: none */
	enum revocation_reason reason;
};

struct target {
	char *where; /* "FILE:LINE"; NULL: named by --issuer */
	const struct registered *issuer;
	struct serial serial;
	bool changed;
	struct recorded after;
};

struct revocation {
	const struct command_line *line;
	enum action action;
	struct database database;
	struct registry registry;
	/* --at and --invalidity in full, with Z: a bare date would be read in the session's zone. */
	char at[ISO_TIME_SIZE + 1], invalidity[ISO_TIME_SIZE + 1]; /* "": not given */
	struct target *targets; /* --all: one, without serial */
	size_t count;
};

void revocation_deinit(struct revocation *revocation);

/* The operands, or --issuer with --serial or --all, as targets: each certificate once. Nothing is
 * changed. 0 or -errno with a fault. */
must_check int revocation_find_targets(struct revocation *revocation, struct fault *fault);

/* Text, or one JSON document. */
void revocation_report(const struct revocation *revocation);
