/* The part of the page that says what is answered about a certificate, and why. */
#include "admin/page_parts.h"

void page_put_problem(const char *text, struct buffer *out)
{
	buffer_put_string(out, "<section class=\"result problem\" aria-labelledby=\"result\">"
			       "<h2 id=\"result\" tabindex=\"-1\">" W_WRONG "</h2><p>");
	html_put(out, text);
	buffer_put_string(out, "</p></section>");
}

/* ---- pieces ---- */

static void put_part(struct buffer *out, struct json_object *object, const char *key,
		     const char *before)
{
	struct json_object *member = document_member(object, key);
	if (!member || (json_object_is_type(member, json_type_string) &&
			json_object_get_string_len(member) == 0))
		return;
	buffer_put_string(out, before);
	html_put_time(out, document_written(member, out));
}

static void begin_term(struct buffer *out, const char *name)
{
	buffer_printf(out, "<dt>%s</dt><dd>", name);
}

static void put_row(struct buffer *out, struct json_object *row)
{
	if (!row) {
		buffer_put_string(out, "none");
		return;
	}
	put_part(out, row, "status", "");
	put_part(out, row, "reason", ", ");
	put_part(out, row, "revoked_at", ", since ");
	put_part(out, row, "invalidity_at", ", invalid since ");
	put_part(out, row, "not_after", ", certificate ends ");
	put_part(out, row, "version", ", version ");
	if (document_member(row, "counts") && !document_true(row, "counts"))
		buffer_put_string(out, ", does not count");
}

/* ---- the answer ---- */

static const char *class_of(const char *answer)
{
	static const char *const known[] = {"good", "revoked", "unknown"};
	for (size_t i = 0; i < array_size(known); i++)
		if (strcmp(answer, known[i]) == 0)
			return known[i];
	return "later";
}

static void put_verdict(struct json_object *e, struct buffer *out)
{
	const char *answer = document_text(e, "answer");
	buffer_put_string(out, "<h2 id=\"result\" tabindex=\"-1\"><span class=\"quiet\">");
	html_put(out, document_text(e, "issuer"));
	put_part(out, e, "serial", ", serial ");
	buffer_printf(out, "</span><span class=\"verdict %s\">", class_of(answer));
	html_put(out, answer);
	buffer_put_string(out, "</span></h2><p>" W_BECAUSE " ");
	html_put(out, document_text(e, "because"));
	put_part(out, e, "requirement", " (");
	buffer_put_string(out, ").</p>");
}

static void put_but(struct buffer *out, const char *text)
{
	buffer_put_string(out, "<p class=\"but\"><strong>" W_BUT "</strong> ");
	html_put(out, text);
	buffer_put_string(out, "</p>");
}

static void put_disagreements(struct json_object *e, struct buffer *out)
{
	struct json_object *list = document_list(e, "disagreements");
	for (size_t i = 0; i < document_length(list); i++)
		put_but(out, document_written(document_at(list, i), out));
	if (json_object_get_int64(document_member(e, "stored_contradictions")) > 0)
		put_but(out, "a stored answer still says something else.");
	if (document_true(e, "issuer_by_name_alone"))
		put_but(out, "the issuer was found by its name alone: the certificate names "
			     "another key.");
}

/* ---- why ---- */

static void put_basis(struct json_object *e, struct buffer *out)
{
	struct json_object *database = document_member(e, "database");
	if (!document_member(e, "found_in"))
		return;
	begin_term(out, "Record");
	put_row(out, document_member(e, "row"));
	put_part(out, e, "found_in", "; found in: ");
	buffer_put_string(out, "</dd>");
	begin_term(out, "The database now");
	if (!document_true(database, "answered"))
		buffer_put_string(out, document_true(database, "asked") ? "did not answer"
									: "was not asked");
	else if (document_member(database, "row"))
		put_row(out, document_member(database, "row"));
	else
		put_part(out, database, "says", "");
	put_part(out, database, "reason", ": ");
	buffer_put_string(out, "</dd>");
}

static void put_evidence(struct json_object *e, struct buffer *out)
{
	struct json_object *evidence = document_member(e, "evidence");
	begin_term(out, "Evidence");
	if (document_member(evidence, "time")) {
		put_part(out, evidence, "time", "up to ");
		buffer_put_string(out, ", ");
		html_put_duration(
			out, 1000 * json_object_get_int64(document_member(evidence, "age_ms")));
		put_part(out, evidence, "role", " old, from a ");
		buffer_put_string(out, document_true(evidence, "fresh") ? "" : ", too old");
	} else {
		buffer_put_string(out, "none yet");
	}
	buffer_put_string(out, "</dd>");
}

static void put_times(struct json_object *e, struct buffer *out)
{
	if (!document_member(e, "this_update"))
		return;
	begin_term(out, "Times of an answer");
	put_part(out, e, "this_update", "thisUpdate ");
	put_part(out, e, "next_update", ", nextUpdate ");
	buffer_put_string(out, "</dd>");
}

static void put_policy(struct json_object *e, struct buffer *out)
{
	struct json_object *policy = document_member(e, "policy"),
			   *without = document_member(e, "without_record");
	if (!policy)
		return;
	begin_term(out, "Policy");
	put_part(out, policy, "section", "of section ");
	put_part(out, policy, "profile", ", profile ");
	put_part(out, without, "answer", "; without a record a serial number is answered ");
	buffer_put_string(out, "</dd>");
}

/* The one that signs now, as signers tell. */
static struct json_object *signer_of(struct json_object *status, const char *issuer)
{
	struct json_object *rooms = document_list(status, "rooms");
	for (size_t i = 0; i < document_length(rooms); i++) {
		struct json_object *issuers =
			document_list(document_member(document_at(rooms, i), "status"), "issuers");
		for (size_t k = 0; k < document_length(issuers); k++) {
			struct json_object *each = document_at(issuers, k);
			struct json_object *signers = document_list(each, "signers");
			bool meant = strcmp(document_text(each, "name"), issuer) == 0;
			for (size_t n = 0; meant && n < document_length(signers); n++)
				if (strcmp(document_text(document_at(signers, n), "state"),
					   "current") == 0)
					return document_at(signers, n);
		}
	}
	return NULL;
}

static void put_presigned(struct json_object *presigned, struct buffer *out)
{
	begin_term(out, "Signer");
	buffer_put_string(out,
			  document_true(presigned, "recorded") ? W_PRESIGNED : W_PRESIGNED_NONE);
	put_part(out, presigned, "first_end", ", " W_PRESIGNED_END " ");
	buffer_put_string(out, "</dd>");
}

static void put_signer(struct json_object *e, struct json_object *status, struct moment now,
		       struct buffer *out)
{
	struct json_object *signer = signer_of(status, document_text(e, "issuer"));
	long days;
	if (document_member(e, "presigned"))
		put_presigned(document_member(e, "presigned"), out);
	if (!document_member(e, "signers"))
		return;
	begin_term(out, "Signer");
	if (signer) {
		put_part(out, signer, "name", "");
		put_part(out, signer, "algorithm", ", ");
		put_part(out, signer, "not_after", ", until ");
		if (page_days_left(document_text(signer, "not_after"), now, &days))
			buffer_printf(out, ", %ld days left", days);
	} else {
		buffer_put_string(out, "no certificate is valid now");
	}
	buffer_put_string(out, "</dd>");
}

/* ---- what is stored ---- */

static void put_stored(struct json_object *list, const char *where, struct buffer *out)
{
	buffer_printf(out, "<li>%s: %s", where, document_length(list) ? "" : "nothing");
	for (size_t i = 0; i < document_length(list); i++) {
		struct json_object *each = document_at(list, i);
		put_part(out, each, "status", i ? "; " : "");
		put_part(out, each, "this_update", " of ");
		put_part(out, each, "until", ", until ");
		buffer_put_string(out, document_true(each, "served") ? "" : ", not said any more");
	}
	buffer_put_string(out, "</li>");
}

static void put_all_stored(struct json_object *e, struct buffer *out)
{
	struct json_object *fronts = document_list(e, "fronts");
	if (!document_list(e, "ledger_cache"))
		return;
	begin_term(out, "Stored answers");
	buffer_put_string(out, "<ul>");
	put_stored(document_list(e, "ledger_cache"), "ledger", out);
	for (size_t i = 0; i < document_length(fronts); i++) {
		struct json_object *front = document_at(fronts, i);
		char where[64];
		(void)snprintf(where, sizeof(where), "front %lld%s",
			       (long long)json_object_get_int64(document_member(front, "front")),
			       document_true(front, "answered") ? "" : " (did not answer)");
		put_stored(document_list(front, "stored"), where, out);
	}
	buffer_put_string(out, "</ul></dd>");
}

/* ---- all of it ---- */

void page_put_answer(struct json_object *e, struct json_object *status, struct moment now,
		     struct buffer *out)
{
	const char *error = document_text(e, "error");
	if (*error) {
		page_put_problem(error, out);
		return;
	}
	buffer_put_string(out, "<section class=\"result\" aria-labelledby=\"result\">");
	put_verdict(e, out);
	put_disagreements(e, out);
	buffer_put_string(out, "<dl class=\"terms\">");
	put_part(out, e, "reason", "<dt>Reason</dt><dd>");
	if (document_text(e, "reason")[0])
		buffer_put_string(out, "</dd>");
	page_put_term(out, "Revoked since", document_text(e, "revoked_at"));
	page_put_term(out, "Issuer revoked since", document_text(e, "issuer_revoked_at"));
	put_times(e, out);
	put_basis(e, out);
	put_evidence(e, out);
	put_policy(e, out);
	put_signer(e, status, now, out);
	put_all_stored(e, out);
	buffer_put_string(out, "</dl></section>");
}
