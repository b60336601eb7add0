#include "admin/page.h"

#include "admin/form.h"
#include "admin/page_parts.h"

#define HTML "text/html; charset=utf-8"
/* Its own style, script and icon, its own form, and nothing else. */
#define POLICY                                                                          \
	"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; " \
	"img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/* ---- what is asked ---- */

/* Browsers say where a form comes from: another site's is not ours. There is nothing that it could change,
 * and it would read nothing of the answer. */
static bool is_from_here(const struct admin_request *request)
{
	static const char http[] = "http://", https[] = "https://";
	struct view origin = request->origin;
	if (!origin.data)
		return true;
	size_t skip = origin.size > 8 && memcmp(origin.data, https, 8) == 0  ? 8
		      : origin.size > 7 && memcmp(origin.data, http, 7) == 0 ? 7
									     : origin.size;
	return view_equal_nocase(view_of(origin.data + skip, origin.size - skip), request->host);
}

static int form_line(const struct admin_request *request, struct buffer *line, struct fault *fault)
{
	struct form form;
	if (form_read(request->content_type, request->body, &form) < 0)
		return fault_set(fault, -EINVAL, W_FORM_BROKEN);
	return form_words(&form, line, fault);
}

/* A form that is wrong is answered with the page, too: it is asked how everything is then. */
int page_question(const struct admin_request *request, struct buffer *line)
{
	struct fault fault = {""};
	bool form = request->method == HTTP_POST;
	if (form && !is_from_here(request))
		return 403;
	int result = form ? form_line(request, line, &fault) : -EINVAL;
	if (result == -ENOMEM)
		return 500;
	if (result < 0) {
		buffer_reset(line);
		buffer_put_string(line, "status");
	}
	return 0;
}

/* ---- the form ---- */

static void put_issuer_options(struct json_object *document, struct buffer *out)
{
	struct json_object *issuers = document_list(document, "issuers");
	for (size_t i = 0; i < document_length(issuers); i++) {
		buffer_put_string(out, "<option value=\"");
		html_put(out, document_written(document_at(issuers, i), out));
		buffer_put_string(out, "\"></option>");
	}
}

static void put_form(struct json_object *document, struct buffer *out)
{
	buffer_put_string(
		out,
		"<section id=\"ask\" class=\"ask\" aria-labelledby=\"ask-title\"><h2 "
		"id=\"ask-title\">" W_ASK "</h2><p class=\"quiet\">" W_ASK_MORE "</p>"
		"<form method=\"post\" action=\"/\" enctype=\"multipart/form-data\"><div "
		"class=\"ways\">"
		"<div class=\"field\"><label for=\"certificate\">" W_FILE "</label>"
		"<input type=\"file\" id=\"certificate\" name=\"certificate\" "
		"aria-describedby=\"file-hint\"><p class=\"hint\" id=\"file-hint\">" W_FILE_HINT
		"</p></div>"
		"<p class=\"or\">" W_OR "</p>"
		"<div class=\"field\"><label for=\"issuer\">" W_ISSUER "</label>"
		"<input type=\"text\" id=\"issuer\" name=\"issuer\" list=\"known-issuers\" "
		"maxlength=\"200\" autocomplete=\"off\"><datalist id=\"known-issuers\">");
	put_issuer_options(document, out);
	buffer_put_string(out,
			  "</datalist></div><div class=\"field\"><label for=\"serial\">" W_SERIAL
			  "</label>"
			  "<input type=\"text\" id=\"serial\" name=\"serial\" maxlength=\"200\" "
			  "autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" "
			  "aria-describedby=\"serial-hint\"><p class=\"hint\" "
			  "id=\"serial-hint\">" W_SERIAL_HINT
			  "</p></div></div><p><button type=\"submit\">" W_SUBMIT
			  "</button></p></form></section>");
}

/* ---- the page ---- */

static void put_head(struct buffer *out)
{
	buffer_put_string(
		out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" W_TITLE
		"</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		"<meta name=\"color-scheme\" content=\"light dark\">"
		"<link rel=\"icon\" href=\"/icon.svg\"><link rel=\"stylesheet\" href=\"/page.css\">"
		"<script src=\"/page.js\" defer></script></head>\n<body>"
		"<a class=\"skip\" href=\"#ask\">" W_SKIP "</a>");
}

/* The answer to a form, or why there is none. */
static void put_result(const struct admin_request *request, struct json_object *document,
		       struct json_object *status, struct moment now, struct buffer *out)
{
	cleanup(buffer_deinit) struct buffer line = {0};
	struct fault fault = {""};
	if (request->method != HTTP_POST)
		return;
	int result = form_line(request, &line, &fault);
	if (result == -ENOMEM)
		out->failed = true; /* no page, rather than one that says something else */
	else if (result < 0)
		page_put_problem(fault.text, out);
	else
		page_put_answer(document, status, now, out);
}

void page_make(const struct admin_request *request, struct json_object *document, struct moment now,
	       struct admin_reply *reply)
{
	struct buffer *out = &reply->body;
	struct json_object *latest = hour_document(request->hour);
	/* An explanation has no rooms, and what was taken last is a second old at most. */
	struct json_object *status = document_list(document, "rooms") ? document : latest;
	reply->type = HTML;
	reply->policy = POLICY;
	put_head(out);
	buffer_put_string(out, "<header><h1>" W_TITLE "</h1><div id=\"state\">");
	page_put_header(status, out);
	buffer_put_string(out, "</div></header>\n<main>");
	buffer_put_string(out, "<div id=\"trouble\">");
	page_put_alarms(status, out);
	buffer_put_string(out, "</div>");
	put_result(request, document, status, now, out);
	put_form(status, out);
	buffer_put_string(out, "<div id=\"live\">");
	page_put_status(status, request->hour, now, out);
	buffer_put_string(out, "</div></main>\n<footer><p>" W_FOOT "</p></footer></body></html>\n");
}
