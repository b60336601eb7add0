/* One URL that is followed, or watched: it is asked for, led through redirects, looked at, handed over, and rests. Its
 * list is follow.h's. */
#pragma once

#include "base/clock.h"
#include "base/limits.h"
#include "base/record.h"
#include "conf/conf.h"
#include "fetcher/arrival.h"
#include "ipc/control.h"
#include "net/location.h"
#include "net/transfer.h"

#include <sys/queue.h>

enum source_kind { SOURCE_RECORDED, SOURCE_COMPARED, SOURCE_KINDS };

enum source_state {
	SOURCE_RESTING, /* until due_us */
	SOURCE_FETCHING, /* until its transfer's end, which is bounded */
	SOURCE_WAITING, /* until no other one is recorded */
	SOURCE_RECORDING, /* until due_us: the warden bounds it, and answers earlier */
};

/* Of a CRL that is recorded. What an issuer proves by its CRLs alone (complete = no) is the ledger's to tell. */
enum source_validity {
	VALIDITY_UNTOLD, /* none came that says when it ends, or that is told elsewhere */
	VALIDITY_VALID,
	VALIDITY_ENDING, /* soon, and the next one is not there */
	VALIDITY_LAPSED,
};

/* How what is compared may differ: report.c names them. */
#define SOURCE_DIFFERENCES 7

struct validators {
	char etag[LIMIT_VALIDATOR + 1], last_modified[LIMIT_VALIDATOR + 1]; /* "": none */
};

struct source;

/* What all of them share. */
struct source_world {
	const struct conf *conf;
	struct transfers *transfers;
	uint32_t ticket; /* the last that was given */
	void *context;
	/* "KIND ISSUER"; source_outcome() follows. The descriptor stays the caller's. */
	bool (*hand_over)(void *context, uint32_t ticket, const char *text, int fd);
	/* What is told of it is not what it was; something may be due earlier. */
	void (*changed)(void *context, const struct source *source, struct moment now);
};

struct source {
	TAILQ_ENTRY(source) others;
	struct source_world *world;
	enum source_kind kind;
	char issuer[LIMIT_ISSUER_NAME + 1];
	char url[LIMIT_CRL_URL + 1];

	enum source_state state;
	enum source_validity validity; /* as it was when it was looked at */
	int64_t due_us; /* monotonic */
	struct transfer *transfer; /* while FETCHING */
	unsigned redirects;
	struct location at; /* where it is fetched from, after redirects */
	bool conditional; /* it was asked under a condition */
	int fd; /* while WAITING; else -1 */
	uint32_t ticket; /* while RECORDING */

	struct validators known, coming;
	struct arrival times, coming_times; /* of the CRLs: as `known`, as `coming` */
	int64_t warned_from; /* seconds since 1970; INT64_MAX: nobody is told that it ends */
	int64_t whole_us; /* monotonic: when it came whole, and was taken; INT64_MIN: never */
	bool again; /* whatever was known: fetch it whole */
	bool at_once; /* as soon as this round ends */

	/* ---- what is told ---- */
	unsigned failures, overdue; /* in a row */
	uint64_t fetched, failed, recorded;
	int64_t answered_at, recorded_at; /* seconds since 1970; TIME_NONE: never */
	uint64_t size; /* octets, of the last that was taken */
	bool differs;
	uint64_t differences[SOURCE_DIFFERENCES];
	char error[LIMIT_OUTCOME + 1]; /* "": none */
	char outcome[LIMIT_OUTCOME + 1]; /* of the last that was taken */
};

TAILQ_HEAD(source_list, source);

const char *source_kind_name(enum source_kind kind);

uint32_t source_chance(void);
/* In a list of its own. NULL: no memory. */
struct source *source_new(struct source_world *world, enum source_kind kind, const char *issuer,
			  struct view url);
void source_free(struct source *source);
/* It rests and is due. */
void source_start(struct source *source, struct moment now);
/* It waits, and nobody else is RECORDING. */
void source_hand_over(struct source *source, struct moment now);
void source_outcome(struct source *source, enum control_outcome outcome, struct view text,
		    struct moment now);
void source_fail(struct source *source, struct moment now, const char *format, ...)
	printf_like(3, 4);
/* Another configuration. Is `validity` another one by it? */
bool source_reconfigure(struct source *source, struct moment now);
/* When `validity` becomes another one by itself, monotonic; INT64_MAX: never. It is looked at anew; *ret_changed: and
 * is another. */
int64_t source_look(struct source *source, struct moment now, bool *ret_changed);
/* As soon as may be, and whole. */
void source_now(struct source *source, struct moment now);
