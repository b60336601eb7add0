/* The text of `explain`: one subject a line, the answer first. */
#include "cli/explain.h"

#include "cli/instance.h"

#include <stdio.h>

/* ---- pieces ---- */

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;
	(void)json_object_object_get_ex(object, key, &value);
	return value;
}

static bool is_true(struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(object, key));
}

/* "reason keyCompromise" and the like, where it is there. */
static void print_part(struct json_object *object, const char *key, const char *before)
{
	cleanup(memory_freep) char *text = output_text_new(instance_text(object, key));
	if (text && *text)
		printf("%s%s", before, text);
}

static void print_title(const char *title)
{
	printf("  %-9s ", title);
}

/* ---- the answer ---- */

static void print_answer(struct json_object *document)
{
	cleanup(memory_freep) char *issuer = output_text_new(instance_text(document, "issuer"));
	printf("%s, serial %s: %s", issuer ? issuer : "", instance_text(document, "serial"),
	       instance_text(document, "answer"));
	print_part(document, "reason", ", ");
	print_part(document, "revoked_at", ", since ");
	print_part(document, "invalidity_at", ", invalid since ");
	printf("\n");
	print_title("because");
	printf("%s (%s)\n", instance_text(document, "because"),
	       instance_text(document, "requirement"));
	if (!member(document, "this_update"))
		return;
	print_title("times");
	print_part(document, "this_update", "thisUpdate ");
	print_part(document, "next_update", ", nextUpdate ");
	print_part(document, "true_until", ", true until ");
	printf("\n");
}

/* ---- what it rests on ---- */

static void print_row(struct json_object *row)
{
	printf("%s", instance_text(row, "status"));
	print_part(row, "reason", ", ");
	print_part(row, "revoked_at", ", since ");
	print_part(row, "invalidity_at", ", invalid since ");
	print_part(row, "not_after", ", certificate ends ");
	print_part(row, "version", ", version ");
	printf("%s", is_true(row, "counts") ? "" : ", does not count");
}

static void print_basis(struct json_object *document)
{
	struct json_object *row = member(document, "row");
	if (!member(document, "found_in"))
		return;
	print_title("row");
	if (row)
		print_row(row);
	else
		printf("none");
	printf("; found in: %s%s\n", instance_text(document, "found_in"),
	       is_true(document, "needs_lookup") ? " (a client's question waits for it, too)" : "");
}

static void print_database(struct json_object *document)
{
	struct json_object *database = member(document, "database"), *row = member(database, "row");
	if (!database)
		return;
	print_title("database");
	if (!is_true(database, "answered"))
		printf("%s", is_true(database, "asked") ? "did not answer" : "was not asked");
	else
		printf("says now: %s", row ? "" : instance_text(database, "says"));
	if (row)
		print_row(row);
	print_part(database, "reason", ": ");
	printf("\n");
}

static void print_evidence(struct json_object *document)
{
	struct json_object *evidence = member(document, "evidence");
	print_title("evidence");
	if (!member(evidence, "time")) {
		printf("none yet; feed %s", instance_text(evidence, "feed"));
	} else {
		printf("%s, %s ms old, bound %s ms, from a %s; feed %s",
		       instance_text(evidence, "time"), instance_text(evidence, "age_ms"),
		       instance_text(evidence, "freshness_ms"), instance_text(evidence, "role"),
		       instance_text(evidence, "feed"));
		printf("%s%s", is_true(evidence, "fresh") ? "" : "; too old",
		       is_true(evidence, "proven_by_lookup") ? "; proven by its own lookup" : "");
	}
	print_part(evidence, "reason", ": ");
	printf("\n");
}

static void print_history(struct json_object *document)
{
	struct json_object *history = member(document, "history");
	if (!history)
		return;
	print_title("history");
	printf("system %s, timeline %s, database %s, position %s; %s revocations lost\n",
	       instance_text(history, "system"), instance_text(history, "timeline"),
	       instance_text(history, "database"), instance_text(history, "position"),
	       instance_text(history, "lost"));
}

/* ---- whose rules, whose signature ---- */

/* " validity=8h", on a new line where this one is full. */
static void print_options(struct json_object *policy)
{
	const size_t indent = 11, width = 90;
	size_t column = width;
	json_object_object_foreach(policy, key, value) {
		cleanup(memory_freep) char *text = output_text_new(json_object_get_string(value));
		size_t size = text ? strlen(key) + strlen(text) + 2 : 0;
		if (!text || !json_object_is_type(value, json_type_string) ||
		    strcmp(key, "section") == 0)
			continue;
		if (column + size > width) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		}
		printf(" %s=%s", key, text);
		column += size;
	}
	printf("\n");
}

static void print_policy(struct json_object *document)
{
	struct json_object *policy = member(document, "policy");
	struct json_object *without = member(document, "without_record");
	if (!policy)
		return;
	print_title("policy");
	print_part(policy, "section", "[issuer \"");
	printf("\"]%s", is_true(policy, "stands_for_unknown_issuers")
				? ", which stands for unknown issuers"
				: "");
	print_options(policy);
	print_title("unknown");
	printf("a serial number without a record is answered: %s (%s)\n",
	       instance_text(without, "answer"), instance_text(without, "requirement"));
}

static void print_presigned(struct json_object *document)
{
	struct json_object *presigned = member(document, "presigned");
	if (!presigned)
		return;
	print_title("signer");
	printf("none here (source = presigned)");
	if (!is_true(presigned, "recorded"))
		printf("; no answer is recorded");
	print_part(presigned, "first_end", "; the first of the recorded answers ends at ");
	printf("\n");
}

/* Of an issuer that is known by its CRLs alone. */
static void print_crl(struct json_object *document)
{
	struct json_object *crl = member(document, "crl");
	if (!crl)
		return;
	print_title("CRL");
	if (!*instance_text(crl, "this_update"))
		printf("none is recorded");
	print_part(crl, "this_update", "good as of ");
	print_part(crl, "next_update", ", until ");
	printf("%s (P-22)\n", is_true(crl, "proves") ? "" : "; nothing is good now");
}

static void print_signer(struct json_object *document)
{
	struct json_object *signers = member(document, "signers"),
			   *signer = member(document, "signer");
	if (!signers)
		return;
	print_title("signer");
	if (signer) {
		print_part(signer, "name", "");
		print_part(signer, "algorithm", ", ");
		print_part(signer, "not_after", ", until ");
	} else {
		printf("no certificate is valid now");
	}
	printf("; %s process%s\n", instance_text(signers, "processes"),
	       json_object_get_int64(member(signers, "processes")) == 1 ? "" : "es");
}

/* ---- what is stored ---- */

static void print_stored(const char *where, struct json_object *list)
{
	size_t count = list ? json_object_array_length(list) : 0;
	print_title("");
	printf("%s: %s", where, count ? "" : "nothing");
	for (size_t i = 0; i < count; i++) {
		struct json_object *each = json_object_array_get_idx(list, i);
		printf("%s%s", i ? "; " : "", instance_text(each, "status"));
		print_part(each, "this_update", ", of ");
		print_part(each, "until", ", until ");
		printf("%s", is_true(each, "served") ? "" : ", not said any more");
	}
	printf("\n");
}

static void print_all_stored(struct json_object *document)
{
	struct json_object *fronts = member(document, "fronts"),
			   *ledger = member(document, "ledger_cache");
	size_t count = fronts ? json_object_array_length(fronts) : 0;
	if (!ledger)
		return;
	printf("  stored answers\n");
	print_stored("ledger", ledger);
	for (size_t i = 0; i < count; i++) {
		struct json_object *front = json_object_array_get_idx(fronts, i);
		char where[64];
		(void)snprintf(where, sizeof(where), "front %s%s", instance_text(front, "front"),
			       is_true(front, "answered") ? "" : ", which did not answer");
		print_stored(where, member(front, "stored"));
	}
}

static void print_disagreements(struct json_object *document)
{
	struct json_object *list = member(document, "disagreements");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		print_title("but");
		printf("%s\n", json_object_get_string(json_object_array_get_idx(list, i)));
	}
	if (json_object_get_int64(member(document, "stored_contradictions")) > 0) {
		print_title("but");
		printf("a stored answer still says something else\n");
	}
	if (is_true(document, "issuer_by_name_alone")) {
		print_title("but");
		printf("the issuer was found by its name alone: the certificate names another "
		       "key\n");
	}
}

void explain_print(struct json_object *document)
{
	print_answer(document);
	print_disagreements(document);
	print_basis(document);
	print_database(document);
	print_evidence(document);
	print_history(document);
	print_policy(document);
	print_crl(document);
	print_signer(document);
	print_presigned(document);
	print_all_stored(document);
}
