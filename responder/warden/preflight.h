/* The proof of a configuration: everything that a start would meet, found before anything is started,
 * and for each finding what `serve` does about it. One list for both: `check` prints it, `serve` logs
 * it and obeys it. The steps that find things are cli/check_*.c; main.c hands them to the warden,
 * which runs them in short-lived processes: it never has a key in its memory itself and never talks
 * to the database. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"
#include "warden/users.h"

#include <stdint.h>

/* What serve does, from the best to the worst. A finding about one issuer has one issuer's
 * consequence. */
enum consequence {
	SERVE_WELL, /* as it should be */
	SERVE_WARNED, /* starts and answers; somebody should know */
	SERVE_REGARDLESS, /* starts and answers what the database says, and that is wrong */
	SERVE_WITHOUT_ISSUER, /* starts, is ready for the others, and answers tryLater for one issuer */
	SERVE_LATER, /* starts, but is not ready and answers tryLater */
	SERVE_REFUSED, /* does not start */
};
#define CONSEQUENCE_COUNT 6

struct preflight_finding {
	enum consequence consequence;
	char requirement[24]; /* "P-39", "F-webpki"; "": of no numbered requirement */
	char issuer[LIMIT_ISSUER_NAME + 1]; /* whom it is about; "": all */
	char text[FAULT_TEXT_SIZE]; /* object, what is wrong, what to do; one line */
};

/* Where findings go, one after the other. */
struct preflight {
	const struct users *users; /* whose rights the steps have; NULL: those of whoever asks */
	bool serving; /* a start is about to follow: nobody else may hold our places */
	const char *issuer; /* whom findings are about from here on; NULL: all */
	void (*found)(void *context, const struct preflight_finding *finding);
	void *context;
	unsigned counts[CONSEQUENCE_COUNT];
};

/* `requirement` may be "". Text too long is cut. */
void preflight_find(struct preflight *preflight, enum consequence consequence,
		    const char *requirement, const char *format, ...) printf_like(4, 5);
/* What follows where the files of one issuer of several cannot be used (promise 7). */
enum consequence preflight_of_issuer(const struct conf *conf);
/* At least as bad as `least`. */
unsigned preflight_count(const struct preflight *preflight, enum consequence least);

/* For people and programs, static storage: "ok", "warning", "error", "refused"; */
const char *consequence_level(enum consequence consequence);
/* what serve comes to: "starts", "degraded", "not ready", "refuses"; */
const char *consequence_serve(enum consequence consequence);
/* the same in a sentence; "" where nothing follows. */
const char *consequence_words(enum consequence consequence);

/* One step. It reports what it finds and goes on. */
struct preflight_step {
	const char *object; /* what cannot be proven if it takes longer than … */
	int64_t patience_us;
	enum consequence unproven; /* … and what follows */
	enum room_kind
		as; /* whose rights it has: that room will do the same; ROOM_KINDS: the warden's */
	void (*prove)(const struct conf *conf, struct preflight *preflight);
};

/* Runs a step in a process of its own; what that found goes to `preflight`, also if it did not end in
 * time. */
void preflight_run(const struct preflight_step *step, const struct conf *conf,
		   struct preflight *preflight);
/* All steps, one after the other, in a process that writes what they find to `*ret_fd`, until its end: for who
 * cannot wait. 0 or -errno. */
must_check int preflight_fork(const struct preflight_step *steps, const struct conf *conf,
			      const struct preflight *preflight, pid_t *ret_pid, int *ret_fd);
/* What it wrote, whole. */
void preflight_take(struct preflight *preflight, struct buffer *text);
/* For `found`: logs it, with what follows; what is well is not logged. `context` is not used. */
void preflight_log(void *context, const struct preflight_finding *finding);
