/* `issuer add`: registers CA certificates, all of one call or none. An issuer is a subject and a key
 * (P-8): the same pair in another certificate is the same issuer, renewed. Certificates that it issued
 * may encode its name in other ways, which are learnt from them (P-7). */
#include "cli/issuer_adding.h"
#include "cli/issuer_certificate.h"
#include "cli/registry.h"
#include "tool/certinput.h"
#include "tool/certname.h"
#include "tool/output.h"

#include <openssl/sha.h>

struct adding {
	const struct command_line *line;
	struct database database;
	struct registry registry; /* what was there before this call */
	struct json_object *results; /* an array, a certificate each */
};

static void adding_deinit(struct adding *adding)
{
	registry_deinit(&adding->registry);
	database_close(&adding->database);
	json_object_put(adding->results);
}

static int insert(struct adding *adding, const struct certificate *certificate, const char *name,
		  int32_t *ret_id, struct fault *fault)
{
	uint8_t subject_hash[SHA256_DIGEST_LENGTH], key_hash[SHA256_DIGEST_LENGTH];
	SHA256(certificate->subject.data, certificate->subject.size, subject_hash);
	SHA256(certificate->key_bits.data, certificate->key_bits.size, key_hash);
	cleanup(memory_freep) char *subject = certname_subject(certificate->subject);
	cleanup(memory_freep) char *subject_text = bytea_text(view_of(subject_hash, 32));
	cleanup(memory_freep) char *key_text = bytea_text(view_of(key_hash, 32));
	cleanup(memory_freep) char *der = bytea_text(certificate->der);
	cleanup(result_clearp) PGresult *rows = NULL;
	if (!subject || !subject_text || !key_text || !der)
		return fault_set(fault, -ENOMEM, "out of memory");
	const char *const values[] = {name, subject, subject_text, key_text, der};
	int result = database_query(&adding->database,
				    "INSERT INTO stillgood.issuer "
				    "(name, subject, subject_hash, key_hash, certificate) "
				    "VALUES ($1, $2, $3::bytea, $4::bytea, $5::bytea) "
				    "ON CONFLICT (subject_hash, key_hash) DO NOTHING RETURNING id",
				    5, values, &rows, fault);
	if (result == 0)
		*ret_id = PQntuples(rows) ? (int32_t)column_int(rows, 0, 0) : 0;
	return result;
}

static int reload(struct adding *adding, struct fault *fault)
{
	registry_deinit(&adding->registry);
	return registry_load(&adding->database, &adding->registry, fault);
}

/* ---- one certificate ---- */

static int update(struct adding *adding, const struct registered *known, struct view der,
		  struct fault *fault)
{
	cleanup(memory_freep) char *text = bytea_text(der);
	if (!text)
		return fault_set(fault, -ENOMEM, "out of memory");
	const char *const values[] = {known->record.name, text};
	return database_query(&adding->database,
			      "UPDATE stillgood.issuer SET certificate = $2::bytea WHERE name = $1",
			      2, values, NULL, fault);
}

/* Another certificate of a registered issuer. */
static int renew(struct adding *adding, const struct registered *known,
		 const struct certificate *certificate, const char *where, struct fault *fault)
{
	bool force = option_given(adding->line, OPTION_FORCE);
	bool newer = issuer_certificate_outlives(certificate, &known->certificate);
	int result = force ? 0 : issuer_certificate_check(certificate->der, where, fault);
	if (result == 0 && (newer || force))
		result = update(adding, known, certificate->der, fault);
	if (result)
		return result;
	struct json_object *outcome =
		issuer_note_outcome(adding->results, where, known->record.name, known->record.id,
				    newer || force ? "replaced" : "kept");
	output_json_time(outcome, "not_after", certificate->not_after);
	output_json_time(outcome, "was_not_after", known->certificate.not_after);
	return newer || force ? reload(adding, fault) : 0;
}

/* Registered before, by this call or an earlier one. */
static int take_known(struct adding *adding, const struct registered *known,
		      const struct certificate *certificate, const char *where, struct fault *fault)
{
	const char *wanted = adding->line->values[OPTION_NAME];
	const char *name = known->record.name;
	if (wanted && strcmp(wanted, name) != 0)
		return fault_set(fault, -EEXIST, "%s: this issuer is registered already, as \"%s\"",
				 where, name);
	if (!view_equal(known->certificate.der, certificate->der))
		return renew(adding, known, certificate, where, fault);
	(void)issuer_note_outcome(adding->results, where, name, known->record.id, "unchanged");
	return 0;
}

static int learn(struct adding *adding, const struct registered *issuer,
		 const struct certificate *certificate, const char *where, struct fault *fault)
{
	bool is_new = false;
	int result = registry_learn(&adding->database, issuer, certificate, &is_new, fault);
	if (result == 0)
		(void)issuer_note_outcome(adding->results, where, issuer->record.name,
					  issuer->record.id, is_new ? "learnt" : "known");
	return result;
}

/* A CA that moved to UTF8String and kept its key: the same issuer, not a second one. What it signed
 * itself proves the encoding. */
static int take_same_name(struct adding *adding, const struct registered *known,
			  const struct certificate *certificate, const char *where,
			  struct fault *fault)
{
	const struct registered *issuer = NULL;
	if (view_equal(certificate->subject, certificate->issuer) &&
	    registry_issuer_of(&adding->registry, known, certificate, &issuer, NULL) == 0)
		return learn(adding, known, certificate, where, fault);
	return fault_set(fault, -EEXIST,
			 "%s: the key and, encoded otherwise, the name of \"%s\"; `issuer add "
			 "--name-from CERT` learns the encoding from a certificate that it issued; "
			 "--force registers another issuer",
			 where, known->record.name);
}

/* Another session, or an earlier certificate of this call, may have brought what is not loaded. */
static int load_others_of_key(struct adding *adding, struct view key_bits, struct fault *fault)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA256(key_bits.data, key_bits.size, hash);
	cleanup(memory_freep) char *text = bytea_text(view_of(hash, sizeof(hash)));
	cleanup(result_clearp) PGresult *rows = NULL;
	const char *const values[] = {text};
	int64_t loaded = 0;
	if (!text)
		return fault_set(fault, -ENOMEM, "out of memory");
	int result =
		database_query(&adding->database,
			       "SELECT count(*) FROM stillgood.issuer WHERE key_hash = $1::bytea",
			       1, values, &rows, fault);
	for (size_t i = 0; i < adding->registry.count; i++)
		loaded += view_equal(adding->registry.issuers[i].certificate.key_bits, key_bits);
	if (result)
		return result;
	return column_int(rows, 0, 0) == loaded ? 0 : reload(adding, fault);
}

static const struct registered *same_name_and_key(const struct registry *registry,
						  const struct certificate *certificate)
{
	const unsigned char *p = certificate->subject.data;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)certificate->subject.size);
	const struct registered *found = NULL;
	for (size_t i = 0; name && !found && i < registry->count; i++)
		if (view_equal(registry->issuers[i].certificate.key_bits, certificate->key_bits) &&
		    registered_has_name(&registry->issuers[i], name))
			found = &registry->issuers[i];
	X509_NAME_free(name);
	return found;
}

static int add_new(struct adding *adding, const struct certificate *certificate, const char *where,
		   struct fault *fault)
{
	char name[LIMIT_ISSUER_NAME + 1];
	int32_t id = 0;
	int result = issuer_choose_name(&adding->database, adding->line->values[OPTION_NAME],
					certificate, name, fault);
	if (result == 0)
		result = insert(adding, certificate, name, &id, fault);
	if (result == 0 && id == 0)
		return fault_set(fault, -EAGAIN,
				 "%s: another session registers it now; run this again", where);
	if (result == 0)
		(void)issuer_note_outcome(adding->results, where, name, id, "added");
	return result;
}

static int add_certificate(struct adding *adding, struct view der, const char *where,
			   struct fault *fault)
{
	struct certificate certificate;
	bool force = option_given(adding->line, OPTION_FORCE);
	if (certificate_read(der, &certificate))
		return fault_set(fault, -EBADMSG, "%s: not a readable certificate", where);
	int result = load_others_of_key(adding, certificate.key_bits, fault);
	if (result)
		return result;
	const struct registered *known =
		registry_by_identity(&adding->registry, certificate.subject, certificate.key_bits);
	if (known)
		return take_known(adding, known, &certificate, where, fault);
	result = force ? 0 : issuer_certificate_check(certificate.der, where, fault);
	if (result)
		return result;
	known = same_name_and_key(&adding->registry, &certificate);
	if (known && !force)
		return take_same_name(adding, known, &certificate, where, fault);
	return add_new(adding, &certificate, where, fault);
}

/* --name-from. The key proves that the issuer wrote its name so; that the name is the same to people
 * keeps issuers apart that share a key (P-8). */
static int learn_from(struct adding *adding, struct view der, const char *where,
		      struct fault *fault)
{
	const struct registered *issuer = NULL;
	struct certificate certificate;
	struct fault why = {""};
	if (certificate_read(der, &certificate))
		return fault_set(fault, -EBADMSG, "%s: not a readable certificate", where);
	if (registry_issuer_of(&adding->registry, NULL, &certificate, &issuer, &why) == 0)
		return learn(adding, issuer, &certificate, where, fault);
	issuer = registry_signer_of(&adding->registry, &certificate);
	if (!issuer)
		return fault_set(fault, -ENOENT, "%s: %s", where, why.text);
	if (option_given(adding->line, OPTION_FORCE))
		return learn(adding, issuer, &certificate, where, fault);
	cleanup(memory_freep) char *name = certname_subject(certificate.issuer);
	return fault_set(fault, -EINVAL,
			 "%s: signed by the key of \"%s\", but under another name, \"%s\": that is "
			 "another issuer; --force learns it as a name of this one",
			 where, issuer->record.name, name ? name : "");
}

/* ---- files ---- */

typedef int take_certificate(struct adding *adding, struct view der, const char *where,
			     struct fault *fault);

struct source {
	struct adding *adding;
	const char *path;
	take_certificate *take;
};

static int take_from(void *context, struct view der, unsigned line, unsigned number,
		     struct fault *fault)
{
	const struct source *source = context;
	char where[CERTINPUT_PLACE_SIZE];
	if (number == 1 && source->take == add_certificate &&
	    option_given(source->adding->line, OPTION_NAME))
		return fault_set(fault, -EINVAL, "%s: --name fits one certificate, not several",
				 source->path);
	certinput_place(where, sizeof(where), source->path, line);
	return source->take(source->adding, der, where, fault);
}

static int take_file(struct adding *adding, const char *path, take_certificate *take,
		     struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *file = NULL;
	struct source source = {adding, path, take};
	int result = certinput_open(path, &file, fault);
	return result ? result : certinput_each(file, take_from, &source, fault);
}

static int take_files(struct adding *adding, struct fault *fault)
{
	const char *names = adding->line->values[OPTION_NAME_FROM];
	int result = database_run(&adding->database, "BEGIN", fault);
	for (int i = 0; i < adding->line->operand_count && result == 0; i++)
		result = take_file(adding, adding->line->operands[i], add_certificate, fault);
	if (result == 0 && names)
		result = reload(adding, fault);
	if (result == 0 && names)
		result = take_file(adding, names, learn_from, fault);
	return result ? result : database_run(&adding->database, "COMMIT", fault);
}

static int check_usage(const struct command_line *line, struct fault *fault)
{
	bool name = option_given(line, OPTION_NAME);
	if (line->operand_count == 0 && !option_given(line, OPTION_NAME_FROM))
		return fault_set(fault, STATUS_USAGE,
				 "issuer add: CERT… is missing, or --name-from CERT");
	if (name && line->operand_count != 1)
		return fault_set(fault, STATUS_USAGE, "issuer add: --name fits one CA certificate");
	return 0;
}

int command_issuer_add(const struct command_line *line, struct fault *fault)
{
	cleanup(adding_deinit) struct adding adding = {
		.line = line,
		.results = json_object_new_array(),
	};
	int result = check_usage(line, fault);
	if (result == 0)
		result = database_open_current(line, "stillgood_admin", &adding.database, fault);
	if (result == 0)
		result = registry_load(&adding.database, &adding.registry, fault);
	if (result == 0)
		result = take_files(&adding, fault);
	if (result == 0)
		issuer_report(adding.results, option_given(line, OPTION_JSON));
	return result;
}
