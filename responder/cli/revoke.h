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
	bool issuer_itself, each_recorded; /* --all, --recorded: not single certificates */
	const char *
		reason; /* as we call it: people type spellings that SQL does not take; NULL: not given */
	struct database database;
	struct registry registry;
	/* --at and --invalidity in full, with Z: a bare date would be read in the session's zone. */
	char at[ISO_TIME_SIZE + 1], invalidity[ISO_TIME_SIZE + 1]; /* "": not given */
	struct target *targets; /* of a whole issuer one, without serial */
	size_t count;
	uint64_t revoked; /* --recorded: that were not before */
};

void revocation_deinit(struct revocation *revocation);

/* The operands, or --issuer with --serial or --all, as targets: each certificate once. Nothing is
 * changed. 0 or -errno with a fault. */
must_check int revocation_find_targets(struct revocation *revocation, struct fault *fault);

/* How many certificates are recorded of an issuer, and how many of them are good: up to a bound, because
 * somebody waits who is in a hurry. */
#define COUNTED_MOST 1000000
must_check int revocation_count(struct revocation *revocation, int64_t *recorded, int64_t *good,
				struct fault *fault);
/* --recorded: part by part, each in a transaction of its own; what was revoked before a fault stays so. */
must_check int revocation_revoke_recorded(struct revocation *revocation, struct fault *fault);

/* Text, or one JSON document. */
void revocation_report(const struct revocation *revocation);
