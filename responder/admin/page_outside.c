/* The part of the page about what comes from outside and is told there: CRLs and HTTP caches. */
#include "admin/page_parts.h"

static void put_at(struct buffer *out, const char *words, const char *time)
{
	if (!*time)
		return;
	buffer_put_string(out, words);
	html_put_time(out, time);
}

/* ---- CRLs ---- */

/* Of an issuer that is known by its CRLs: how long they prove what is good. */
static void put_proof(struct json_object *crl, struct buffer *out)
{
	const char *state = document_text(crl, "state");
	bool ending = strcmp(state, "ending") == 0;
	if (!crl || strcmp(state, "unneeded") == 0)
		return;
	buffer_printf(out, "<p class=\"%s\">",
		      strcmp(state, "valid") == 0 ? "quiet"
		      : ending                    ? "warn"
						  : "bad");
	if (*document_text(crl, "next_update")) {
		put_at(out, W_CRL_FROM, document_text(crl, "this_update"));
		put_at(out, W_CRL_UNTIL, document_text(crl, "next_update"));
	} else {
		buffer_put_string(out, W_NO_CRL);
	}
	buffer_put_string(out, "</p>");
}

static bool differs(struct json_object *source)
{
	struct json_object *differences = document_list(source, "differences");
	for (size_t i = 0; i < document_length(differences); i++)
		if (document_number(document_at(differences, i), "count") > 0)
			return true;
	return false;
}

static const char *class_of(struct json_object *source)
{
	const char *validity = document_text(source, "validity");
	if (document_true(source, "failing") || strcmp(validity, "lapsed") == 0)
		return "bad";
	return strcmp(validity, "ending") == 0 || differs(source) ? "warn" : "fine";
}

static void put_source(struct json_object *source, struct buffer *out)
{
	bool watched = strcmp(document_text(source, "kind"), "watch") == 0;
	buffer_printf(out, "<li class=\"%s\">", class_of(source));
	html_put(out, document_text(source, "url"));
	buffer_printf(out, " <span class=\"quiet\">%s", watched ? W_COMPARED : W_RECORDED);
	bool ended = strcmp(document_text(source, "validity"), "lapsed") == 0;
	put_at(out, ended ? W_ENDED : W_ENDS, document_text(source, "next_update"));
	put_at(out, W_NEXT_FETCH, document_text(source, "next_fetch"));
	buffer_put_string(out, "</span>");
	const char *trouble =
		document_text(source, document_true(source, "failing") ? "error" : "outcome");
	if (*trouble && strcmp(class_of(source), "fine") != 0) {
		buffer_put_string(out, " &ndash; ");
		html_put(out, trouble);
	}
	buffer_put_string(out, "</li>");
}

static void put_sources(struct json_object *sources, const char *issuer, struct buffer *out)
{
	bool begun = false;
	for (size_t i = 0; i < document_length(sources); i++) {
		struct json_object *source = document_at(sources, i);
		if (strcmp(document_text(source, "issuer"), issuer) != 0)
			continue;
		buffer_put_string(out, begun ? "" : "<ul class=\"signers crls\">");
		begun = true;
		put_source(source, out);
	}
	buffer_put_string(out, begun ? "</ul>" : "");
}

void page_put_crls(struct json_object *document, const char *issuer, struct buffer *out)
{
	struct json_object *proven = document_list(document_room(document, "ledger"), "crls");
	struct json_object *fetched = document_list(document_room(document, "fetcher"), "sources");
	put_proof(document_named(proven, "issuer", issuer), out);
	put_sources(fetched, issuer, out);
}

/* ---- caches ---- */

static void put_untold(struct json_object *cache, struct buffer *out)
{
	html_put_number(out, (uint64_t)document_number(cache, "unpurged"));
	buffer_put_string(out, " " W_UNTOLD " ");
	html_put_duration(out, document_number(cache, "oldest_unpurged_ms") * 1000);
	if (*document_text(cache, "failure"))
		buffer_put_string(out, ": ");
	html_put(out, document_text(cache, "failure"));
}

static void put_cache(struct json_object *cache, struct buffer *out)
{
	bool untold = document_number(cache, "unpurged") > 0;
	bool fails = untold && *document_text(cache, "failure");
	buffer_put_string(out, "<tr><th scope=\"row\">");
	html_put(out, document_text(cache, "name"));
	buffer_printf(out, "</th><td class=\"%s\"><span class=\"dot\" aria-hidden=\"true\"></span>",
		      fails    ? "bad"
		      : untold ? "warn"
			       : "fine");
	if (untold)
		put_untold(cache, out);
	else
		buffer_put_string(out, W_TOLD);
	buffer_put_string(out, "</td><td class=\"number\">");
	html_put_number(out, (uint64_t)document_number(cache, "purges"));
	buffer_put_string(out, "</td></tr>");
}

void page_put_caches(struct json_object *document, struct buffer *out)
{
	struct json_object *caches = document_list(document_room(document, "fetcher"), "caches");
	if (document_length(caches) == 0)
		return;
	buffer_put_string(
		out, "<section aria-labelledby=\"caches\"><h2 id=\"caches\">" W_CACHES
		     "</h2><table><caption class=\"hidden\">" W_CACHES_CAPTION
		     "</caption><thead><tr><th scope=\"col\">Cache</th>"
		     "<th scope=\"col\">State</th><th scope=\"col\" class=\"number\">Purges</th>"
		     "</tr></thead><tbody>");
	for (size_t i = 0; i < document_length(caches); i++)
		put_cache(document_at(caches, i), out);
	buffer_put_string(out, "</tbody></table></section>");
}
