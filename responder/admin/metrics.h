/* /metrics: the instance as Prometheus reads it (text format 0.0.4). One metric is one row of a table
 * (metrics_table.c): where its figure stands in the document that `stillgood status` shows too, its labels,
 * and what it means; doc/metrics.md is made from the same rows.
 *
 * No label's value is a client's to choose: names come from the configuration and from our own words.
 * Figures are per process: label `room`. A counter begins at 0 again when its room is started again, as
 * rate() expects; it never goes back otherwise. */
#pragma once

#include "admin/reply.h"
#include "admin/request.h"

#include <json-c/json.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* What the figures are of: which objects of the document are looked at, and whether label `room` tells
 * which. */
enum metric_of {
	OF_INSTANCE, /* the document itself */
	OF_EACH_ROOM, /* the entries of "rooms": state, restarts */
	OF_FRONT, /* the status of each room of the kind */
	OF_LEDGER,
	OF_SIGNER,
	OF_VERIFIER,
	OF_ADMIN,
	OF_FETCHER,
};

struct metric {
	const char *name;
	enum metric_type type;
	enum metric_of of;
	/* A list in the object, with dots into it and lists below lists: "issuers.signers"; each entry gives
	 * a sample. NULL: the object itself gives the one. */
	const char *list;
	/* Members that become labels, separated by spaces; "member=label" where the names differ; of a
	 * list below a list "../member" is the outer entry's. NULL: none. */
	const char *labels;
	/* The figure's member: a number, a switch (1 or 0), or a time of day (seconds since 1970), times
	 * `factor`; where `word` is given, 1 where the text is this word. NULL: 1. What is null or not there
	 * gives no sample. */
	const char *member;
	double factor; /* 0: 1 */
	const char *word;
	const char *help;
};

extern const struct metric metrics[];
extern const size_t metric_count;

/* Appends all of them, whatever the document holds. */
void metrics_put(struct json_object *document, struct buffer *out);
/* The route. */
void metrics_make(const struct admin_request *request, struct json_object *document,
		  struct moment now, struct admin_reply *reply);
/* Appends the table of doc/metrics.md. */
void metrics_put_manual(struct buffer *out);
