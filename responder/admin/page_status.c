/* The part of the page that tells how the instance is. */
#include "admin/chart.h"
#include "admin/page_parts.h"
#include "base/timetext.h"

/* Beyond it a page is no page any more. */
#define ISSUERS_SHOWN 50u

void page_put_term(struct buffer *out, const char *name, const char *text)
{
	if (!*text)
		return;
	buffer_printf(out, "<dt>%s</dt><dd>", name);
	html_put_time(out, text);
	buffer_put_string(out, "</dd>");
}

bool page_days_left(const char *time, struct moment now, long *ret)
{
	int64_t seconds;
	if (time_parse_iso(view_of_string(time), &seconds) < 0)
		return false;
	*ret = (long)((seconds - wall_seconds(now.wall_us)) / 86400);
	return true;
}

/* ---- the header ---- */

void page_put_header(struct json_object *document, struct buffer *out)
{
	bool ready = document_true(document, "ready");
	const char *why = document_text(document, ready ? "degraded" : "reason");
	const char *state = !ready ? "bad" : *why ? "warn" : "fine";
	const char *words = !ready ? W_NOT_READY : *why ? W_DEGRADED : W_READY;
	buffer_printf(out,
		      "<p class=\"state %s\"><span class=\"dot\" aria-hidden=\"true\"></span>%s",
		      document ? state : "warn", document ? words : W_NOT_KNOWN);
	if (*why) {
		buffer_put_string(out, "<span class=\"why\">");
		html_put(out, why);
		buffer_put_string(out, "</span>");
	}
	buffer_put_string(out, "</p>");
	if (!document)
		return;
	buffer_put_string(out, "<p class=\"since\">Version ");
	html_put(out, document_text(document, "version"));
	buffer_put_string(out, ", since ");
	html_put_time(out, document_text(document, "started_at"));
	buffer_printf(out, "%s</p>", document_true(document, "draining") ? ", draining" : "");
}

/* ---- alarms ---- */

/* "database_away" is a monitor's name. */
static void put_kind(const char *kind, struct buffer *out)
{
	char words[64];
	(void)snprintf(words, sizeof(words), "%s", kind);
	for (char *p = words; *p; p++)
		if (*p == '_')
			*p = ' ';
	html_put(out, words);
}

static void put_alarm(struct json_object *alarm, struct buffer *out)
{
	buffer_put_string(out, "<li><strong>");
	put_kind(document_text(alarm, "kind"), out);
	buffer_put_string(out, "</strong> ");
	if (*document_text(alarm, "issuer")) {
		buffer_put_string(out, "of ");
		html_put(out, document_text(alarm, "issuer"));
		buffer_put_string(out, ": ");
	}
	html_put(out, document_text(alarm, "text"));
	buffer_put_string(out, " <span class=\"quiet\">since ");
	html_put_time(out, document_text(alarm, "since"));
	buffer_put_string(out, "</span></li>");
}

void page_put_alarms(struct json_object *document, struct buffer *out)
{
	struct json_object *alarms = document_list(document, "alarms");
	if (document_length(alarms) == 0)
		return;
	buffer_put_string(
		out,
		"<section class=\"alarms\" aria-labelledby=\"alarms\"><h2 id=\"alarms\">" W_ALARMS
		"</h2><ul>");
	for (size_t i = 0; i < document_length(alarms); i++)
		put_alarm(document_at(alarms, i), out);
	buffer_put_string(out, "</ul></section>");
}

/* ---- at a glance ---- */

static void put_glance(struct json_object *document, const struct hour *hour, struct moment now,
		       struct buffer *out)
{
	int64_t second = now.mono_us / SECOND_US;
	struct hour_counts last = hour_between(hour, second - 10, second);
	uint64_t all = 0;
	for (unsigned i = 0; i < FIGURE_ANSWERS; i++)
		all += last.answers[i];
	struct json_object *ledger = document_room(document, "ledger");
	bool proven = document_member(ledger, "evidence_age_ms") != NULL;
	buffer_put_string(
		out,
		"<section aria-labelledby=\"glance\"><h2 id=\"glance\" class=\"hidden\">" W_GLANCE
		"</h2><dl class=\"glance\"><div><dt>" W_ANSWERS_NOW "</dt><dd>");
	html_put_number(out, last.seconds ? (all + last.seconds / 2) / last.seconds : 0);
	buffer_put_string(out, "</dd></div><div><dt>" W_FROM_MEMORY "</dt><dd>");
	if (all)
		buffer_printf(out, "%.0f&nbsp;%%", 100.0 * (double)last.hits / (double)all);
	else
		buffer_put_string(out, "&ndash;");
	buffer_put_string(out, "</dd></div><div><dt>" W_LIVE_99 "</dt><dd>");
	html_put_duration(out, hour_percentile(hour, 1, FIGURE_LIVE, 0.99));
	buffer_put_string(out, "</dd></div><div><dt>" W_EVIDENCE_AGE "</dt><dd>");
	html_put_duration(out, proven ? document_number(ledger, "evidence_age_ms") * 1000 : -1);
	buffer_put_string(out, "</dd></div></dl></section>");
}

/* ---- times ---- */

static void put_times_row(const struct hour *hour, enum figure_time time, const char *name,
			  struct buffer *out)
{
	static const double shares[] = {0.5, 0.9, 0.99};
	buffer_printf(out, "<tr><th scope=\"row\">%s</th>", name);
	for (unsigned wide = 0; wide < 2; wide++)
		for (size_t i = 0; i < array_size(shares); i++) {
			buffer_put_string(out, wide ? "<td class=\"wide\">" : "<td>");
			html_put_duration(out, hour_percentile(hour, wide ? HOUR_MINUTES : 1, time,
							       shares[i]));
			buffer_put_string(out, "</td>");
		}
	buffer_put_string(out, "</tr>");
}

static void put_times(const struct hour *hour, struct buffer *out)
{
	static const char shares[] =
		"<th scope=\"col\">50&nbsp;%</th><th scope=\"col\">90&nbsp;%</th>"
		"<th scope=\"col\">99&nbsp;%</th>";
	static const char wide[] = "<th scope=\"col\" class=\"wide\">50&nbsp;%</th>"
				   "<th scope=\"col\" class=\"wide\">90&nbsp;%</th>"
				   "<th scope=\"col\" class=\"wide\">99&nbsp;%</th>";
	buffer_put_string(out,
			  "<section aria-labelledby=\"times\"><h2 id=\"times\">" W_TIMES
			  "</h2><table class=\"numbers\"><caption class=\"hidden\">" W_TIMES_CAPTION
			  "</caption><thead><tr><td></td>"
			  "<th scope=\"colgroup\" colspan=\"3\">last minute</th>"
			  "<th scope=\"colgroup\" colspan=\"3\" class=\"wide\">last hour</th>"
			  "</tr><tr><td></td>");
	buffer_printf(out, "%s%s</tr></thead><tbody>", shares, wide);
	put_times_row(hour, FIGURE_LIVE, "Live answers", out);
	put_times_row(hour, FIGURE_LOOKUP, "Lookups", out);
	put_times_row(hour, FIGURE_SIGNING, "Signatures", out);
	buffer_put_string(out, "</tbody></table></section>");
}

/* ---- truth ---- */

static void put_kept(struct json_object *ledger, struct buffer *out)
{
	const char *state = document_text(ledger, "kept_answers");
	if (!*state || strcmp(state, "none") == 0)
		return;
	buffer_put_string(out, "<dt>" W_KEPT "</dt><dd>");
	html_put(out, state);
	buffer_put_string(out, ", ");
	html_put_number(out, (uint64_t)document_number(ledger, "kept_bytes") / 1024);
	buffer_put_string(out, "&nbsp;KiB; " W_KEPT_REUSED " ");
	html_put_number(out, (uint64_t)document_number(ledger, "kept_reused"));
	buffer_put_string(out, "</dd>");
}

static void put_truth(struct json_object *document, struct buffer *out)
{
	struct json_object *ledger = document_room(document, "ledger");
	char time[ISO_TIME_SIZE + 1] = {0};
	buffer_put_string(out, "<section aria-labelledby=\"truth\"><h2 id=\"truth\">" W_TRUTH
			       "</h2><dl class=\"terms\">");
	if (document_member(ledger, "evidence_us"))
		time_put_iso(time, document_number(ledger, "evidence_us") / SECOND_US);
	page_put_term(out, W_EVIDENCE, time);
	page_put_term(out, "Database", document_text(ledger, "role"));
	page_put_term(out, W_FEED, document_text(ledger, "feed"));
	/* An alarm has the reason, mostly for both. */
	if (document_length(document_list(document, "alarms")) == 0) {
		page_put_term(out, "Its reason", document_text(ledger, "feed_reason"));
		page_put_term(out, "Lookups", document_text(ledger, "lookup_reason"));
	}
	buffer_put_string(out, "<dt>" W_REVOKED "</dt><dd>");
	html_put_number(out, (uint64_t)document_number(ledger, "revoked"));
	buffer_put_string(out, "</dd>");
	if (document_number(ledger, "lost") > 0) {
		buffer_put_string(out, "<dt>" W_LOST "</dt><dd>");
		html_put_number(out, (uint64_t)document_number(ledger, "lost"));
		buffer_put_string(out, ". " W_LOST_MORE "</dd>");
	}
	put_kept(ledger, out);
	buffer_put_string(out, "</dl></section>");
}

/* ---- issuers ---- */

static void put_signer(struct json_object *signer, struct moment now, struct buffer *out)
{
	long days = 0;
	const char *state = document_text(signer, "state");
	bool early = strcmp(state, "early") == 0, expired = strcmp(state, "expired") == 0;
	const char *time = document_text(signer, early ? "not_before" : "not_after");
	bool known = page_days_left(time, now, &days);
	buffer_printf(out, "<li class=\"%s\">",
		      expired                        ? "bad"
		      : known && !early && days < 30 ? "warn"
						     : "fine");
	html_put(out, document_text(signer, "name"));
	buffer_put_string(out, " <span class=\"quiet\">");
	html_put(out, document_text(signer, "algorithm"));
	buffer_put_string(out, early ? ", starts " : expired ? ", ended " : ", until ");
	html_put_day(out, time);
	if (known && !early && !expired)
		buffer_printf(out, "</span> <strong>%ld day%s left</strong></li>", days,
			      days == 1 ? "" : "s");
	else
		buffer_put_string(out, "</span></li>");
}

static void put_signers(struct json_object *issuer, struct moment now, struct buffer *out)
{
	struct json_object *signers = document_list(issuer, "signers");
	if (document_length(signers) == 0) {
		buffer_put_string(out, "<p class=\"quiet\">" W_NO_SIGNER "</p>");
		return;
	}
	buffer_put_string(out, "<ul class=\"signers\">");
	for (size_t i = 0; i < document_length(signers); i++)
		put_signer(document_at(signers, i), now, out);
	buffer_put_string(out, "</ul>");
	if (*document_text(issuer, "warning")) {
		buffer_put_string(out, "<p class=\"warn\">");
		html_put(out, document_text(issuer, "warning"));
		buffer_put_string(out, "</p>");
	}
}

/* {"issuer":…, "unassigned":"unknown", …} */
static void put_policy(struct json_object *policy, struct buffer *out)
{
	if (!json_object_is_type(policy, json_type_object))
		return;
	buffer_put_string(out, "<p class=\"policy\">");
	json_object_object_foreach(policy, key, value) {
		if (!json_object_is_type(value, json_type_string) || strcmp(key, "issuer") == 0)
			continue;
		buffer_put_string(out, "<span><code>");
		html_put(out, key);
		buffer_put_string(out, " = ");
		html_put(out, json_object_get_string(value));
		buffer_put_string(out, "</code></span> ");
	}
	buffer_put_string(out, "</p>");
}

/* In the place of signers. */
static void put_presigned(struct json_object *presigned, struct moment now, struct buffer *out)
{
	const char *end = document_text(presigned, "first_end");
	long days = 0;
	bool known = page_days_left(end, now, &days);
	bool none = !document_true(presigned, "recorded");
	buffer_printf(out, "<ul class=\"signers\"><li class=\"%s\">%s",
		      none || (known && days < 1) ? "bad"
		      : known && days < 30        ? "warn"
						  : "fine",
		      none ? W_PRESIGNED_NONE : W_PRESIGNED);
	if (*end) {
		buffer_put_string(out, " <span class=\"quiet\">" W_PRESIGNED_END " ");
		html_put_day(out, end);
		buffer_printf(out, "</span> <strong>%ld day%s left</strong>", days,
			      days == 1 ? "" : "s");
	}
	buffer_put_string(out, "</li></ul>");
}

static void put_issuer(struct json_object *document, const char *name, struct moment now,
		       struct buffer *out)
{
	struct json_object *signers = document_list(document_room(document, "signer"), "issuers");
	buffer_put_string(out, "<article><h3>");
	html_put(out, name);
	buffer_put_string(out, "</h3>");
	struct json_object *presigned = document_named(
		document_list(document_room(document, "ledger"), "presigned"), "issuer", name);
	if (presigned)
		put_presigned(presigned, now, out);
	else
		put_signers(document_named(signers, "name", name), now, out);
	page_put_crls(document, name, out);
	put_policy(document_named(document_list(document, "policies"), "issuer", name), out);
	buffer_put_string(out, "</article>");
}

static void put_issuers(struct json_object *document, struct moment now, struct buffer *out)
{
	struct json_object *issuers = document_list(document, "issuers");
	size_t count = document_length(issuers);
	buffer_put_string(out, "<section aria-labelledby=\"issuers\"><h2 id=\"issuers\">" W_ISSUERS
			       "</h2><div class=\"cards\">");
	for (size_t i = 0; i < count && i < ISSUERS_SHOWN; i++) {
		struct json_object *name = document_at(issuers, i);
		if (json_object_is_type(name, json_type_string))
			put_issuer(document, json_object_get_string(name), now, out);
	}
	buffer_put_string(out, "</div>");
	if (count > ISSUERS_SHOWN) {
		buffer_put_string(out, "<p>");
		html_put_number(out, count - ISSUERS_SHOWN);
		buffer_put_string(out, " " W_ISSUERS_MORE "</p>");
	}
	buffer_put_string(out, "</section>");
}

/* ---- rooms ---- */

static void put_room(struct json_object *room, struct buffer *out)
{
	const char *state = document_text(room, "state");
	bool fine = strcmp(state, "running") == 0 && document_true(room, "answered");
	buffer_put_string(out, "<tr><th scope=\"row\">");
	html_put(out, document_text(room, "name"));
	buffer_printf(out, "</th><td><span class=\"dot %s\" aria-hidden=\"true\"></span>",
		      fine ? "fine" : "bad");
	html_put(out, state);
	buffer_printf(out,
		      "%s</td><td class=\"number\">%lld</td><td class=\"number\">%lld</td></tr>",
		      document_true(room, "answered") ? "" : ", did not answer",
		      (long long)document_number(room, "restarts"),
		      (long long)document_number(room, "pid"));
}

static void put_rooms(struct json_object *document, struct buffer *out)
{
	struct json_object *rooms = document_list(document, "rooms");
	buffer_put_string(
		out, "<section aria-labelledby=\"rooms\"><h2 id=\"rooms\">" W_ROOMS
		     "</h2><table><caption class=\"hidden\">" W_ROOMS_CAPTION
		     "</caption><thead><tr><th scope=\"col\">Room</th>"
		     "<th scope=\"col\">State</th><th scope=\"col\" class=\"number\">Restarts</th>"
		     "<th scope=\"col\" class=\"number\">Process</th></tr></thead><tbody>");
	for (size_t i = 0; i < document_length(rooms); i++)
		put_room(document_at(rooms, i), out);
	buffer_put_string(out, "</tbody></table></section>");
}

/* ---- all of it ---- */

void page_put_status(struct json_object *document, const struct hour *hour, struct moment now,
		     struct buffer *out)
{
	if (!document) {
		buffer_put_string(out, "<p>" W_NOT_KNOWN_MORE "</p>");
		return;
	}
	put_glance(document, hour, now, out);
	buffer_put_string(out,
			  "<section aria-labelledby=\"chart\"><h2 id=\"chart\">" W_CHART "</h2>");
	chart_put(hour, now, out);
	buffer_put_string(out, "</section><div class=\"pair\">");
	put_times(hour, out);
	put_truth(document, out);
	buffer_put_string(out, "</div>");
	put_issuers(document, now, out);
	page_put_caches(document, out);
	put_rooms(document, out);
}
