/* The metrics, in the order in which they are shown. CONTRIBUTING.md says how to add one. */
#include "admin/metrics.h"

#include "base/compiler.h"

#define MILLI 1e-3

const struct metric metrics[] = {
	/* ---- the instance ---- */
	{"stillgood_build_info", METRIC_GAUGE, OF_INSTANCE, NULL, "version", NULL, 0, NULL,
	 "Always 1; the version of the program as a label."},
	{"stillgood_ready", METRIC_GAUGE, OF_INSTANCE, NULL, NULL, "ready", 0, NULL,
	 "1 where the instance may receive traffic, as /readyz says."},
	{"stillgood_draining", METRIC_GAUGE, OF_INSTANCE, NULL, NULL, "draining", 0, NULL,
	 "1 while the instance is drained: it answers, and asks load balancers to go elsewhere."},
	{"stillgood_start_time_seconds", METRIC_GAUGE, OF_INSTANCE, NULL, NULL, "started_at", 0,
	 NULL, "When the instance was started, seconds since 1970."},
	{"stillgood_alarm_since_seconds", METRIC_GAUGE, OF_INSTANCE, "alarms", "kind issuer",
	 "since", 0, NULL,
	 "An alarm that lasts, and since when, seconds since 1970. It has no sample while there is "
	 "no "
	 "alarm; an alarm about no single issuer has the issuer \"\"."},

	/* ---- its rooms ---- */
	{"stillgood_room_up", METRIC_GAUGE, OF_EACH_ROOM, NULL, NULL, "state", 0, "running",
	 "1 where the room's process runs and has said that it is ready."},
	{"stillgood_room_answers", METRIC_GAUGE, OF_EACH_ROOM, NULL, NULL, "answered", 0, NULL,
	 "1 where the room told its figures in time; 0: it is down or hangs, and its other figures "
	 "are "
	 "missing."},
	{"stillgood_room_restarts_total", METRIC_COUNTER, OF_EACH_ROOM, NULL, NULL, "restarts", 0,
	 NULL, "How often the room was started again after it had died."},

	/* ---- fronts ---- */
	{"stillgood_http_requests_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "requests", 0, NULL,
	 "HTTP requests that were whole and allowed: OCSP, health pages and everything else."},
	{"stillgood_http_refusals_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "refusals", 0, NULL,
	 "HTTP requests that were refused by status (400 … 431), with the connection closed."},
	{"stillgood_http_not_modified_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "not_modified",
	 0, NULL, "Answers as 304: the client's copy is still right."},
	{"stillgood_connections", METRIC_GAUGE, OF_FRONT, NULL, NULL, "connections", 0, NULL,
	 "Client connections that are open."},
	{"stillgood_connections_accepted_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "accepted",
	 0, NULL, "Client connections that were accepted."},
	{"stillgood_connections_refused_total", METRIC_COUNTER, OF_FRONT, NULL, NULL,
	 "refused_connections", 0, NULL,
	 "Client connections that were closed at once, because a cap was reached."},

	/* ---- the ledger ---- */
	{"stillgood_ledger_ready", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "ready", 0, NULL,
	 "1 where the ledger can answer: evidence, lookups, signers."},
	{"stillgood_evidence_age_seconds", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "evidence_age_ms",
	 MILLI, NULL,
	 "Age of the proof that what is known is current. Beyond [database] freshness \"good\" is "
	 "not answered any more. No sample: the database has not been read yet."},
};
const size_t metric_count = array_size(metrics);
