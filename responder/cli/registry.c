#include "cli/registry.h"

#include "cli/certproof.h"
#include "cli/suggest.h"
#include "tool/certname.h"

#include <openssl/err.h>
#include <stdio.h>

enum column {
	ID,
	NAME,
	VERSION,
	ADDED,
	REVOKED,
	REASON,
	CERTIFICATE,
	PRESIGNED,
	PRESIGNED_FROM,
	PRESIGNED_UNTIL,
	CRL_FROM,
	CRL_UNTIL
};

static const char query[] = "SELECT id, name, version, stillgood.seconds(added_at), "
			    "stillgood.seconds(revoked_at), reason, certificate, "
			    "presigned, stillgood.seconds(presigned_from), "
			    "stillgood.seconds(presigned_until), "
			    "stillgood.seconds(crl_from), stillgood.seconds(crl_until) "
			    "FROM stillgood.issuer ORDER BY name";

static const char names_query[] = "SELECT issuer, name, stillgood.seconds(added_at) "
				  "FROM stillgood.issuer_name ORDER BY added_at, name_hash";

static void registered_deinit(struct registered *issuer)
{
	for (size_t i = 0; i < issuer->name_count; i++)
		buffer_deinit(&issuer->names[i].der);
	free(issuer->names);
	X509_NAME_free(issuer->subject);
	buffer_deinit(&issuer->der);
	EVP_PKEY_free(issuer->key);
}

void registry_deinit(struct registry *registry)
{
	for (size_t i = 0; i < registry->count; i++)
		registered_deinit(&registry->issuers[i]);
	free(registry->issuers);
	*registry = (struct registry){0};
}

static EVP_PKEY *read_key(struct view spki)
{
	const unsigned char *p = spki.data;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.size);
	ERR_clear_error();
	return key;
}

static void name_freep(X509_NAME **name)
{
	X509_NAME_free(*name);
}

static X509_NAME *read_name(struct view der)
{
	const unsigned char *p = der.data;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.size);
	ERR_clear_error();
	return name;
}

static int read_row(const PGresult *rows, int row, struct registered *issuer, struct fault *fault)
{
	struct issuer_record *record = &issuer->record;
	record->id = (int32_t)column_int(rows, row, ID);
	record->version = column_int(rows, row, VERSION);
	record->revoked_at = column_time(rows, row, REVOKED);
	record->reason = PQgetisnull(rows, row, REASON)
				 ? REASON_NONE
				 : (enum revocation_reason)column_int(rows, row, REASON);
	record->crl_from = column_time(rows, row, CRL_FROM);
	record->crl_until = column_time(rows, row, CRL_UNTIL);
	issuer->added_at = column_time(rows, row, ADDED);
	record->presigned = (int32_t)column_int(rows, row, PRESIGNED);
	record->presigned_from = column_time(rows, row, PRESIGNED_FROM);
	record->presigned_until = column_time(rows, row, PRESIGNED_UNTIL);
	const char *name = PQgetvalue(rows, row, NAME);
	(void)snprintf(record->name, sizeof(record->name), "%s", name);
	int result = column_bytes(rows, row, CERTIFICATE, &issuer->der);
	if (result)
		return fault_set(fault, result, "issuer \"%s\": its row cannot be read", name);
	issuer->malformed = certificate_read(buffer_view(&issuer->der), &issuer->certificate) != 0;
	if (issuer->malformed)
		return 0;
	issuer->key = read_key(issuer->certificate.spki);
	issuer->subject = read_name(issuer->certificate.subject);
	return 0;
}

static int add_name(struct registered *issuer, const PGresult *rows, int row, struct fault *fault)
{
	size_t size = (issuer->name_count + 1) * sizeof(*issuer->names);
	struct registered_name *grown = realloc(issuer->names, size);
	if (!grown)
		return fault_set(fault, -ENOMEM, "out of memory");
	issuer->names = grown;
	struct registered_name name = {.added_at = column_time(rows, row, 2)};
	int result = column_bytes(rows, row, 1, &name.der);
	if (result) {
		buffer_deinit(&name.der);
		return fault_set(fault, result, "issuer \"%s\": a further name cannot be read",
				 issuer->record.name);
	}
	issuer->names[issuer->name_count++] = name;
	return 0;
}

static int load_names(struct database *database, struct registry *registry, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(database, names_query, 0, NULL, &rows, fault);
	for (int row = 0; result == 0 && row < PQntuples(rows); row++)
		for (size_t i = 0; result == 0 && i < registry->count; i++)
			if (registry->issuers[i].record.id == column_int(rows, row, 0))
				result = add_name(&registry->issuers[i], rows, row, fault);
	return result;
}

int registry_load(struct database *database, struct registry *ret, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	cleanup(registry_deinit) struct registry registry = {0};
	int result = database_query(database, query, 0, NULL, &rows, fault);
	if (result)
		return result;
	size_t count = (size_t)PQntuples(rows);
	registry.issuers = calloc(count + 1, sizeof(*registry.issuers));
	if (!registry.issuers)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (; registry.count < count && result == 0; registry.count++)
		result = read_row(rows, (int)registry.count, &registry.issuers[registry.count],
				  fault);
	if (result == 0)
		result = load_names(database, &registry, fault);
	if (result)
		return result;
	*ret = registry;
	registry = (struct registry){0};
	return 0;
}

const struct registered *registry_by_name(const struct registry *registry, const char *name)
{
	for (size_t i = 0; i < registry->count; i++)
		if (strcmp(registry->issuers[i].record.name, name) == 0)
			return &registry->issuers[i];
	return NULL;
}

int registry_find(const struct registry *registry, const char *name, const struct registered **ret,
		  struct fault *fault)
{
	static const char others[] = "; `stillgood issuer list` names those that are";
	const struct registered *found = registry_by_name(registry, name);
	if (found) {
		*ret = found;
		return 0;
	}
	if (registry->count == 0)
		return fault_set(fault, -ENOENT,
				 "no issuer is registered; add one with `stillgood issuer add`");
	cleanup(memory_freep) const char **names = calloc(registry->count, sizeof(*names));
	if (!names)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < registry->count; i++)
		names[i] = registry->issuers[i].record.name;
	char nearest[SUGGESTION_SIZE];
	suggest(name, names, registry->count, "\"", nearest);
	return fault_set(fault, -ENOENT, "no issuer is named \"%s\"%s", name,
			 *nearest ? nearest : others);
}

int registry_find_whole(const struct registry *registry, const char *name,
			const struct registered **ret, struct fault *fault)
{
	int result = registry_find(registry, name, ret, fault);
	if (result || !(*ret)->malformed)
		return result;
	return fault_set(fault, -EBADMSG, REGISTRY_MALFORMED, name);
}

int registry_open(const struct command_line *line, struct database *database,
		  struct registry *registry, const struct registered **ret_only,
		  struct fault *fault)
{
	const char *name = line->values[OPTION_ISSUER];
	int result = database_open_current(line, "stillgood_ca", database, fault);
	if (result == 0)
		result = registry_load(database, registry, fault);
	if (result == 0 && name)
		result = registry_find_whole(registry, name, ret_only, fault);
	return result;
}

const struct registered *registry_by_identity(const struct registry *registry, struct view subject,
					      struct view key_bits)
{
	for (size_t i = 0; i < registry->count; i++) {
		const struct certificate *certificate = &registry->issuers[i].certificate;
		if (view_equal(certificate->subject, subject) &&
		    view_equal(certificate->key_bits, key_bits))
			return &registry->issuers[i];
	}
	return NULL;
}

bool registered_knows_name(const struct registered *issuer, struct view name)
{
	bool known = view_equal(issuer->certificate.subject, name);
	for (size_t i = 0; !known && i < issuer->name_count; i++)
		known = view_equal(buffer_view(&issuer->names[i].der), name);
	return known;
}

bool registered_has_name(const struct registered *issuer, const X509_NAME *name)
{
	return issuer->subject && X509_NAME_cmp(issuer->subject, name) == 0;
}

/* By name first, because that is cheap; then by signature, because only that is true. Names byte for
 * byte, or as people read them. */
static const struct registered *find_signer_by(const struct registry *registry,
					       const struct registered *only, bool exactly,
					       const struct certificate *certificate,
					       bool *ret_named, bool *ret_ambiguous)
{
	const struct registered *found = NULL;
	cleanup(name_freep) X509_NAME *name = exactly ? NULL : read_name(certificate->issuer);
	for (size_t i = 0; i < registry->count; i++) {
		const struct registered *issuer = &registry->issuers[i];
		bool named = exactly ? registered_knows_name(issuer, certificate->issuer)
				     : name && registered_has_name(issuer, name);
		if (!named || (only && issuer != only))
			continue;
		*ret_named = true;
		if (!certificate_is_signed_by(certificate, issuer->key))
			continue;
		*ret_ambiguous = found != NULL;
		found = issuer;
	}
	return found;
}

/* The very encoding first: two CAs of one key may differ in nothing else (P-8). */
static const struct registered *find_signer(const struct registry *registry,
					    const struct registered *only,
					    const struct certificate *certificate, bool *ret_named,
					    bool *ret_ambiguous)
{
	const struct registered *found =
		find_signer_by(registry, only, true, certificate, ret_named, ret_ambiguous);
	return found ? found
		     : find_signer_by(registry, only, false, certificate, ret_named, ret_ambiguous);
}

/* Ends a sentence that says that no issuer was found. */
static const char *what_else(const struct registry *registry)
{
	for (size_t i = 0; i < registry->count; i++)
		if (registry->issuers[i].malformed)
			return " (unless it is one whose certificate in the database is malformed; "
			       "`stillgood check` names them)";
	return "";
}

int registry_issuer_of(const struct registry *registry, const struct registered *only,
		       const struct certificate *certificate, const struct registered **ret,
		       struct fault *fault)
{
	bool named = false, ambiguous = false;
	const struct registered *found =
		find_signer(registry, only, certificate, &named, &ambiguous);
	if (ambiguous)
		return fault_set(
			fault, REGISTRY_UNKNOWN,
			"two registered issuers have this key and differ only in how their "
			"names are encoded; --issuer says which");
	if (found) {
		*ret = found;
		return 0;
	}
	cleanup(memory_freep) char *name = certname_subject(certificate->issuer);
	if (named)
		return fault_set(fault, REGISTRY_UNKNOWN,
				 "its issuer is named \"%s\", but that CA's registered key did not "
				 "sign it",
				 name ? name : "");
	if (only)
		return fault_set(fault, REGISTRY_UNKNOWN,
				 "issued by \"%s\", not by the subject of \"%s\"", name ? name : "",
				 only->record.name);
	return fault_set(fault, REGISTRY_UNKNOWN,
			 "no issuer \"%s\" is registered; add it with `stillgood issuer add`%s",
			 name ? name : "", what_else(registry));
}

const struct registered *registry_signer_of(const struct registry *registry,
					    const struct certificate *certificate)
{
	for (size_t i = 0; i < registry->count; i++)
		if (certificate_is_signed_by(certificate, registry->issuers[i].key))
			return &registry->issuers[i];
	return NULL;
}

int registry_learn(struct database *database, const struct registered *issuer,
		   const struct certificate *certificate, bool *ret_new, struct fault *fault)
{
	cleanup(memory_freep) char *der = bytea_text(certificate->der);
	cleanup(result_clearp) PGresult *rows = NULL;
	if (!der)
		return fault_set(fault, -ENOMEM, "out of memory");
	const char *const values[] = {issuer->record.name, der};
	int result = database_query(database, "SELECT stillgood.learn_issuer_name($1, $2::bytea)",
				    2, values, &rows, fault);
	if (result == 0)
		*ret_new = *PQgetvalue(rows, 0, 0) == 't';
	return result;
}
