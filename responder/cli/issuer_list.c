/* `issuer list`: who is registered, and what a CertID of each contains (P-7, P-9). */
#include "base/hex.h"
#include "base/timetext.h"
#include "cli/registry.h"
#include "ocsp/issuer.h"
#include "tool/certname.h"
#include "tool/output.h"

#include <openssl/objects.h>
#include <stdio.h>

static const char *const hash_names[OCSP_HASHES] = {"sha1", "sha256", "sha384", "sha512"};

/* "RSA-2048", "EC P-256", "ED25519" … */
static void describe_key(const struct registered *issuer, char *out, size_t size)
{
	char group[64] = "";
	EVP_PKEY *key = issuer->key;
	if (!key)
		(void)snprintf(out, size, "not usable by this OpenSSL");
	else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
		 EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		(void)snprintf(out, size, "EC %s", group);
	else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		(void)snprintf(out, size, "RSA-%d", EVP_PKEY_get_bits(key));
	else
		(void)snprintf(out, size, "%s", OBJ_nid2sn(EVP_PKEY_get_base_id(key)));
}

/* One encoding of the name: the subject, or a further one. */
struct described_name {
	char *text, *encoding;
	struct ocsp_issuer hashes;
};

struct described {
	const struct registered *issuer;
	char key[80];
	char serial[2 * 128 + 1];
	char not_after[ISO_TIME_SIZE + 1];
	struct described_name *names; /* the subject, then issuer->names */
	size_t name_count;
};

static void described_deinit(struct described *described)
{
	for (size_t i = 0; i < described->name_count; i++) {
		free(described->names[i].text);
		free(described->names[i].encoding);
	}
	free(described->names);
}

static int describe_name(const struct registered *issuer, struct view name,
			 struct described_name *ret, struct fault *fault)
{
	ret->text = certname_subject(name);
	ret->encoding = certname_encoding(name);
	if (!ret->text || !ret->encoding)
		return fault_set(fault, -ENOMEM, "out of memory");
	int result = ocsp_issuer_init(&ret->hashes, name, issuer->certificate.key_bits);
	if (result)
		return fault_set(fault, result, "issuer \"%s\": OpenSSL refuses a hash",
				 issuer->record.name);
	return 0;
}

static int describe(const struct registered *issuer, struct described *ret, struct fault *fault)
{
	const struct certificate *certificate = &issuer->certificate;
	struct view serial = certificate->serial;
	ret->issuer = issuer;
	describe_key(issuer, ret->key, sizeof(ret->key));
	if (serial.size > sizeof(ret->serial) / 2)
		serial.size = sizeof(ret->serial) / 2;
	hex_put(ret->serial, serial);
	time_put_iso(ret->not_after, certificate->not_after);
	ret->not_after[ISO_TIME_SIZE] = '\0';
	ret->names = calloc(1 + issuer->name_count, sizeof(*ret->names));
	if (!ret->names)
		return fault_set(fault, -ENOMEM, "out of memory");
	ret->name_count = 1 + issuer->name_count;
	int result = describe_name(issuer, certificate->subject, &ret->names[0], fault);
	for (size_t i = 0; i < issuer->name_count && result == 0; i++)
		result = describe_name(issuer, buffer_view(&issuer->names[i].der),
				       &ret->names[i + 1], fault);
	return result;
}

/* Every encoding has the same key. */
static void print_hashes(const struct described_name *name, bool key)
{
	char hex[2 * 64 + 1];
	for (size_t i = 0; i < OCSP_HASHES; i++) {
		size_t size = ocsp_hash_size((enum ocsp_hash)(i + 1));
		hex_put(hex, view_of(name->hashes.hashes[i].name, size));
		printf("  %-6s name %s\n", hash_names[i], hex);
		hex_put(hex, view_of(name->hashes.hashes[i].key, size));
		if (key)
			printf("         key  %s\n", hex);
	}
}

static void print_presigned(const struct issuer_record *record)
{
	char end[ISO_TIME_SIZE + 1] = "";
	if (record->presigned == 0 || record->presigned_until == TIME_NONE)
		return;
	time_put_iso(end, record->presigned_until);
	printf("  answers signed beforehand, the first ends at %s\n", end);
}

static void print_crl(const struct issuer_record *record)
{
	char from[ISO_TIME_SIZE + 1] = "", until[ISO_TIME_SIZE + 1] = "";
	if (record->crl_from == TIME_NONE)
		return;
	time_put_iso(from, record->crl_from);
	time_put_iso(until, record->crl_until);
	printf("  CRL of %s, until %s\n", from, until);
}

static void print_revocation(const struct issuer_record *record)
{
	char revoked[ISO_TIME_SIZE + 1] = "";
	const char *reason = reason_name(record->reason);
	if (record->revoked_at == TIME_NONE)
		return;
	time_put_iso(revoked, record->revoked_at);
	printf("  REVOKED since %s%s%s: every certificate of it is answered as revoked\n", revoked,
	       reason ? ", " : "", reason ? reason : "");
}

static void print_issuer(const struct described *described, bool hashes)
{
	const struct issuer_record *record = &described->issuer->record;
	printf("%s\n  id %d, subject %s\n  serial %s, key %s, not after %s\n", record->name,
	       record->id, described->names[0].text, described->serial, described->key,
	       described->not_after);
	print_revocation(record);
	print_presigned(record);
	print_crl(record);
	if (hashes)
		print_hashes(&described->names[0], true);
	for (size_t i = 1; i < described->name_count; i++) {
		printf("  also encoded as %s (%s)\n", described->names[i].text,
		       described->names[i].encoding);
		if (hashes)
			print_hashes(&described->names[i], false);
	}
}

static struct json_object *hashes_document(const struct described_name *name, bool key)
{
	struct json_object *all = json_object_new_object();
	for (size_t i = 0; i < OCSP_HASHES; i++) {
		size_t size = ocsp_hash_size((enum ocsp_hash)(i + 1));
		struct json_object *pair = json_object_new_object();
		output_json_hex(pair, "name", view_of(name->hashes.hashes[i].name, size));
		if (key)
			output_json_hex(pair, "key", view_of(name->hashes.hashes[i].key, size));
		json_object_object_add(all, hash_names[i], pair);
	}
	return all;
}

/* What besides the subject is answered (P-7). */
static struct json_object *names_document(const struct described *described)
{
	struct json_object *all = json_object_new_array();
	for (size_t i = 1; i < described->name_count; i++) {
		const struct described_name *name = &described->names[i];
		struct json_object *object = json_object_new_object();
		output_json_string(object, "name", name->text);
		output_json_string(object, "encoding", name->encoding);
		output_json_time(object, "added_at", described->issuer->names[i - 1].added_at);
		json_object_object_add(object, "hashes", hashes_document(name, false));
		json_object_array_add(all, object);
	}
	return all;
}

static struct json_object *issuer_document(const struct described *described)
{
	const struct registered *issuer = described->issuer;
	struct json_object *document = json_object_new_object();
	output_json_string(document, "name", issuer->record.name);
	output_json_number(document, "id", issuer->record.id);
	output_json_string(document, "subject", described->names[0].text);
	output_json_string(document, "encoding", described->names[0].encoding);
	output_json_string(document, "serial", described->serial);
	output_json_string(document, "key", described->key);
	output_json_time(document, "not_before", issuer->certificate.not_before);
	output_json_time(document, "not_after", issuer->certificate.not_after);
	output_json_time(document, "added_at", issuer->added_at);
	output_json_number(document, "version", issuer->record.version);
	output_json_time(document, "revoked_at", issuer->record.revoked_at);
	output_json_string(document, "reason", reason_name(issuer->record.reason));
	output_json_time(document, "presigned_first_end", issuer->record.presigned_until);
	output_json_time(document, "crl_from", issuer->record.crl_from);
	output_json_time(document, "crl_until", issuer->record.crl_until);
	json_object_object_add(document, "hashes", hashes_document(&described->names[0], true));
	json_object_object_add(document, "names", names_document(described));
	return document;
}

/* What can be said of it; the others are listed all the same. */
static void show_malformed(const struct registered *issuer, struct json_object *documents)
{
	const struct issuer_record *record = &issuer->record;
	if (!documents) {
		printf("%s\n  id %d: the certificate in the database is malformed; put the right "
		       "one "
		       "back\n",
		       record->name, record->id);
		print_revocation(record);
		return;
	}
	struct json_object *document = json_object_new_object();
	output_json_string(document, "name", record->name);
	output_json_number(document, "id", record->id);
	output_json_bool(document, "malformed", true);
	output_json_time(document, "added_at", issuer->added_at);
	output_json_number(document, "version", record->version);
	output_json_time(document, "revoked_at", record->revoked_at);
	output_json_string(document, "reason", reason_name(record->reason));
	json_object_array_add(documents, document);
}

static int list(const struct command_line *line, const struct registry *registry,
		struct fault *fault)
{
	cleanup(output_json_freep) struct json_object *documents = json_object_new_array();
	bool json = option_given(line, OPTION_JSON);
	for (size_t i = 0; i < registry->count; i++) {
		cleanup(described_deinit) struct described described = {0};
		if (registry->issuers[i].malformed) {
			show_malformed(&registry->issuers[i], json ? documents : NULL);
			continue;
		}
		int result = describe(&registry->issuers[i], &described, fault);
		if (result)
			return result;
		if (json)
			json_object_array_add(documents, issuer_document(&described));
		else
			print_issuer(&described, option_given(line, OPTION_HASHES));
	}
	if (json)
		output_json(json_object_get(documents));
	else if (registry->count == 0)
		printf("no issuer is registered; add one with `stillgood issuer add`\n");
	return 0;
}

int command_issuer_list(const struct command_line *line, struct fault *fault)
{
	cleanup(database_close) struct database database = {0};
	cleanup(registry_deinit) struct registry registry = {0};
	int result = database_open_current(line, "stillgood_responder", &database, fault);
	if (result == 0)
		result = registry_load(&database, &registry, fault);
	if (result == 0)
		result = list(line, &registry, fault);
	return result;
}
