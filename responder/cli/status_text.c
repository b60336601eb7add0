/* The text of `status`: how the instance is, then what it does. */
#include "cli/instance.h"
#include "cli/status.h"
#include "tool/output.h"

#include <stdarg.h>
#include <stddef.h>

/* What cannot be written is missed by whoever closes the stream. */
static void put(FILE *out, const char *format, ...) printf_like(2, 3);
static void put(FILE *out, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vfprintf(out, format, arguments);
	va_end(arguments);
}

/* A scalar member as " key=value", on a new line where this one is full. */
static void print_member(FILE *out, const char *key, struct json_object *value, size_t *column)
{
	const size_t width = 78, indent = 4;
	cleanup(memory_freep) char *text = output_text_new(json_object_get_string(value));
	size_t size = text ? strlen(key) + strlen(text) + 2 : 0;
	if (!text || !*text)
		return;
	if (*column == 0 || *column + size > width) {
		put(out, "%s%*s", *column ? "\n" : "", (int)indent, "");
		*column = indent;
	}
	put(out, " %s=%s", key, text);
	*column += size;
}

/* What a room says of itself, without what stands in its first line. */
static void print_report(FILE *out, struct json_object *report)
{
	size_t column = 0;
	if (!json_object_is_type(report, json_type_object))
		return;
	json_object_object_foreach(report, key, value) {
		bool nested = json_object_is_type(value, json_type_object) ||
			      json_object_is_type(value, json_type_array);
		if (value && !nested && strcmp(key, "room") != 0 && strcmp(key, "index") != 0)
			print_member(out, key, value, &column);
	}
	if (column)
		put(out, "\n");
}

static void print_room(FILE *out, struct json_object *room, bool verbose)
{
	bool answered = json_object_get_boolean(json_object_object_get(room, "answered"));
	put(out, "  %-10s pid %-8s %-9s %s restarts%s\n", instance_text(room, "name"),
	    instance_text(room, "pid"), instance_text(room, "state"),
	    instance_text(room, "restarts"), answered ? "" : ", did not answer");
	if (verbose)
		print_report(out, json_object_object_get(room, "status"));
}

static void print_list(FILE *out, struct json_object *document, const char *title, const char *key)
{
	struct json_object *list = json_object_object_get(document, key);
	put(out, "%-10s", title);
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		put(out, "%s %s", i ? "," : "",
		    json_object_get_string(json_object_array_get_idx(list, i)));
	put(out, "\n");
}

/* "  Example CA: next, EC P-256, ready until 2027-01-01T00:00:00Z" (P-37). */
static void print_signer(FILE *out, const char *issuer, struct json_object *signer)
{
	static const struct {
		const char *state, *shown, *time;
	} shown[] = {{"current", "signs until", "not_after"},
		     {"ready", "ready until", "not_after"},
		     {"early", "starts at", "not_before"},
		     {"expired", "expired at", "not_after"}};
	cleanup(memory_freep) char *of = output_text_new(issuer);
	cleanup(memory_freep) char *name = output_text_new(instance_text(signer, "name"));
	for (size_t i = 0; i < array_size(shown); i++)
		if (strcmp(instance_text(signer, "state"), shown[i].state) == 0)
			put(out, "  %s: %s, %s, %s %s\n", of ? of : "", name ? name : "",
			    instance_text(signer, "algorithm"), shown[i].shown,
			    instance_text(signer, shown[i].time));
}

static void print_issuer(FILE *out, struct json_object *issuer)
{
	struct json_object *signers = json_object_object_get(issuer, "signers");
	const char *name = instance_text(issuer, "name"),
		   *warning = instance_text(issuer, "warning");
	cleanup(memory_freep) char *shown = output_text_new(name);
	for (size_t i = 0; signers && i < json_object_array_length(signers); i++)
		print_signer(out, name, json_object_array_get_idx(signers, i));
	if (*warning)
		put(out, "  warning: %s: %s\n", shown ? shown : "", warning);
}

/* All signer rooms hold the same keys: one speaks for all. */
static void print_signers(FILE *out, struct json_object *rooms)
{
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++) {
		struct json_object *room = json_object_array_get_idx(rooms, i);
		struct json_object *issuers =
			json_object_object_get(json_object_object_get(room, "status"), "issuers");
		if (strncmp(instance_text(room, "name"), "signer", 6) != 0 ||
		    !json_object_is_type(issuers, json_type_array))
			continue;
		put(out, "signers\n");
		for (size_t k = 0; k < json_object_array_length(issuers); k++)
			print_issuer(out, json_object_array_get_idx(issuers, k));
		return;
	}
}

/* Whose answers were signed beforehand, and until when: there is no signer to be told of. */
static void print_presigned(FILE *out, struct json_object *status)
{
	struct json_object *list = json_object_object_get(status, "presigned");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *each = json_object_array_get_idx(list, i);
		cleanup(memory_freep) char *name = output_text_new(instance_text(each, "issuer"));
		const char *end = instance_text(each, "first_end");
		bool any = json_object_get_boolean(json_object_object_get(each, "recorded"));
		put(out, "presigned  %s: %s%s\n", name ? name : "",
		    !any   ? "no answer is recorded"
		    : *end ? "the first answer ends at "
			   : "no answer ends before its certificate",
		    any ? end : "");
	}
}

/* P-22: a person must see where good does not mean that the certificate is known. */
static void print_crl_only(FILE *out, struct json_object *document)
{
	struct json_object *list = json_object_object_get(document, "crl_only");
	if (list && json_object_array_length(list) > 0)
		print_list(out, document, "CRL-only", "crl_only");
}

/* How long they prove what is good. */
static void print_crls(FILE *out, struct json_object *ledger)
{
	struct json_object *list = json_object_object_get(ledger, "crls");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *crl = json_object_array_get_idx(list, i);
		cleanup(memory_freep) char *name = output_text_new(instance_text(crl, "issuer"));
		const char *state = instance_text(crl, "state"),
			   *until = instance_text(crl, "next_update");
		put(out, "CRL        %s: ", name ? name : "");
		if (*until)
			put(out, "as of %s, until %s%s%s\n", instance_text(crl, "this_update"),
			    until, strcmp(state, "unneeded") == 0 ? "" : ", ",
			    strcmp(state, "unneeded") == 0 ? "" : state);
		else
			put(out, "none is recorded: nothing is good\n");
	}
}

/* What was signed before the start and after it, for the next one. */
static void print_kept(FILE *out, struct json_object *ledger)
{
	const char *state = instance_text(ledger, "kept_answers");
	if (*state && strcmp(state, "none") != 0)
		put(out, "kept       answers %s, %s bytes; %s given out again since the start\n",
		    state, instance_text(ledger, "kept_bytes"),
		    instance_text(ledger, "kept_reused"));
}

/* ---- figures ---- */

static void print_rate(FILE *out, uint64_t count, double seconds)
{
	double rate = seconds > 0 ? (double)count / seconds : 0;
	put(out, " %10.*f", rate < 10 && count > 0 ? 1 : 0, rate);
}

static void print_rates(FILE *out, const struct status_view *view)
{
	static const struct {
		const char *name;
		size_t offset;
	} rows[] = {{"from memory", offsetof(struct figures, hits)},
		    {"requests", offsetof(struct figures, requests)},
		    {"signatures", offsetof(struct figures, signatures)},
		    {"lookups", offsetof(struct figures, lookups)}};
	for (unsigned answer = 0; answer < FIGURE_ANSWERS; answer++) {
		put(out, "  %-18s", figure_answer_name((enum figure_answer)answer));
		for (unsigned i = 0; i < view->span_count; i++)
			print_rate(out, view->spans[i].figures.answers[answer],
				   view->spans[i].seconds);
		put(out, "\n");
	}
	for (size_t row = 0; row < array_size(rows); row++) {
		put(out, "  %-18s", rows[row].name);
		for (unsigned i = 0; i < view->span_count; i++)
			print_rate(out,
				   *(const uint64_t *)(const void *)((const char *)&view->spans[i]
									     .figures +
								     rows[row].offset),
				   view->spans[i].seconds);
		put(out, "\n");
	}
}

static void print_time(FILE *out, int64_t us)
{
	if (us < 0)
		put(out, " %10s", "-");
	else if (us < 1000)
		put(out, " %7lld us", (long long)us);
	else
		put(out, " %7.*f ms", us < 100000 ? 1 : 0, (double)us / 1000);
}

/* Of the longest span. */
static void print_times(FILE *out, const struct status_view *view)
{
	static const char *const names[FIGURE_TIMES] = {
		[FIGURE_LIVE] = "answers, live",
		[FIGURE_LOOKUP] = "lookups",
		[FIGURE_SIGNING] = "signatures",
	};
	static const double shares[] = {0.5, 0.9, 0.99};
	const struct status_span *span = &view->spans[view->span_count - 1];
	put(out, "times, last %2.0f s   %10s %10s %10s\n", span->seconds, "50 %", "90 %", "99 %");
	for (unsigned time = 0; time < FIGURE_TIMES; time++) {
		put(out, "  %-18s", names[time]);
		for (size_t i = 0; i < array_size(shares); i++)
			print_time(out, figures_percentile(view->feed, &span->figures,
							   (enum figure_time)time, shares[i]));
		put(out, "\n");
	}
}

static void print_figures(FILE *out, const struct status_view *view)
{
	if (view->span_count == 0)
		return;
	put(out, "a second, over the last");
	for (unsigned i = 0; i < view->span_count; i++)
		put(out, "%s%.0f s", i ? "       " : "   ", view->spans[i].seconds);
	put(out, "\n");
	print_rates(out, view);
	print_times(out, view);
}

/* ---- all of it ---- */

/* How current it is, and what it knows. */
static void print_truth(FILE *out, struct json_object *rooms)
{
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++) {
		struct json_object *room = json_object_array_get_idx(rooms, i);
		struct json_object *status = json_object_object_get(room, "status");
		const char *age = instance_text(status, "evidence_age_ms"),
			   *looked = instance_text(status, "lookup_evidence_age_ms"),
			   *lost = instance_text(status, "lost");
		if (strcmp(instance_text(room, "name"), "ledger") != 0 ||
		    !json_object_object_get_ex(status, "revoked", NULL))
			continue;
		put(out, "evidence   %s%s, feed %s\n", *age ? age : "none yet",
		    *age ? " ms old" : "", instance_text(status, "feed"));
		if (*looked)
			put(out,
			    "           that of lookups, which prove what is asked: %s ms old\n",
			    looked);
		put(out, "revoked    %s certificates known", instance_text(status, "revoked"));
		if (*lost && strcmp(lost, "0") != 0)
			put(out, "; %s lost in the database, see stillgood accept-history --show",
			    lost);
		put(out, "\n");
		print_kept(out, status);
		print_presigned(out, status);
		print_crls(out, status);
	}
}

/* "ready      yes", "… yes, degraded: …", "… no: …". */
static void print_ready(FILE *out, struct json_object *document, bool ready)
{
	const char *words = instance_text(document, ready ? "degraded" : "reason");
	cleanup(memory_freep) char *shown = output_text_new(words);
	put(out, "ready      %s%s%s\n", ready ? "yes" : "no",
	    !*words ? ""
	    : ready ? ", degraded: "
		    : ": ",
	    shown ? shown : "");
}

static void print_alarms(FILE *out, struct json_object *document)
{
	struct json_object *list = json_object_object_get(document, "alarms");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *alarm = json_object_array_get_idx(list, i);
		cleanup(memory_freep) char *text = output_text_new(instance_text(alarm, "text"));
		cleanup(memory_freep) char *issuer =
			output_text_new(instance_text(alarm, "issuer"));
		put(out, "alarm      %s%s%s since %s: %s\n", instance_text(alarm, "kind"),
		    issuer && *issuer ? " of " : "", issuer ? issuer : "",
		    instance_text(alarm, "since"), text ? text : "");
	}
}

void status_print(FILE *out, struct json_object *document, const struct status_view *view)
{
	bool ready = json_object_get_boolean(json_object_object_get(document, "ready"));
	put(out, "stillgood  %s, pid %s, since %s\n", instance_text(document, "version"),
	    instance_text(document, "pid"), instance_text(document, "started_at"));
	print_ready(out, document, ready);
	print_alarms(out, document);
	print_list(out, document, "listens on", "listen");
	print_list(out, document, "issuers", "issuers");
	print_crl_only(out, document);
	struct json_object *rooms = json_object_object_get(document, "rooms");
	print_truth(out, rooms);
	put(out, "rooms\n");
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++)
		print_room(out, json_object_array_get_idx(rooms, i), view->verbose);
	print_signers(out, rooms);
	status_fetching_print(out, rooms);
	print_figures(out, view);
}
