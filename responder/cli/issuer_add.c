/* `issuer add`: registers CA certificates, all of one call or none. An issuer is a subject and a key
 * (P-8): the same pair in another certificate is the same issuer. */
#include "cli/certinput.h"
#include "cli/certname.h"
#include "cli/output.h"
#include "cli/registry.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>

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

static void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

/* Roots of version 1 and some later ones carry no basicConstraints and are CAs all the same; one that
 * says CA:FALSE is taken at its word. */
static int check_is_ca(struct adding *adding, struct view der, const char *where,
		       struct fault *fault)
{
	const unsigned char *p = der.data;
	cleanup(x509_freep) X509 *x509 = d2i_X509(NULL, &p, (long)der.size);
	ERR_clear_error();
	if (!x509)
		return fault_set(fault, -EBADMSG, "%s: OpenSSL cannot read the certificate", where);
	uint32_t flags = X509_get_extension_flags(x509);
	ERR_clear_error();
	if (!(flags & EXFLAG_BCONS) || (flags & EXFLAG_CA) ||
	    option_given(adding->line, OPTION_FORCE))
		return 0;
	return fault_set(fault, -EINVAL,
			 "%s: not a CA certificate (its basic constraints say CA:FALSE); --force "
			 "registers it all the same",
			 where);
}

static bool name_is_free(struct adding *adding, const char *name, int *ret_error,
			 struct fault *fault)
{
	const char *const values[] = {name};
	cleanup(result_clearp) PGresult *rows = NULL;
	*ret_error =
		database_query(&adding->database, "SELECT FROM stillgood.issuer WHERE name = $1", 1,
			       values, &rows, fault);
	return *ret_error == 0 && PQntuples(rows) == 0;
}

/* The derived name; with digits of the key identifier where another issuer has it. */
static int derive_name(struct adding *adding, const struct certificate *certificate,
		       char name[LIMIT_ISSUER_NAME + 1], struct fault *fault)
{
	static const size_t digits[] = {8, 16, 40};
	uint8_t key_id[SHA_DIGEST_LENGTH];
	int r;
	certname_derive(certificate->subject, name);
	if (name_is_free(adding, name, &r, fault) || r)
		return r;
	SHA1(certificate->key_bits.data, certificate->key_bits.size, key_id);
	for (size_t i = 0; i < array_size(digits); i++) {
		certname_derive(certificate->subject, name);
		certname_distinguish(name, view_of(key_id, sizeof(key_id)), digits[i]);
		if (name_is_free(adding, name, &r, fault) || r)
			return r;
	}
	return fault_set(fault, -EEXIST, "no free name for \"%s\"; give one with --name", name);
}

static int choose_name(struct adding *adding, const struct certificate *certificate,
		       char name[LIMIT_ISSUER_NAME + 1], struct fault *fault)
{
	const char *wanted = adding->line->values[OPTION_NAME];
	int r = 0;
	if (!wanted)
		return derive_name(adding, certificate, name, fault);
	if (!*wanted || strlen(wanted) > LIMIT_ISSUER_NAME)
		return fault_set(fault, -EINVAL, "--name: 1 to %u octets", LIMIT_ISSUER_NAME);
	for (const char *c = wanted; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return fault_set(fault, -EINVAL, "--name: no control characters");
	(void)snprintf(name, LIMIT_ISSUER_NAME + 1, "%s", wanted);
	if (name_is_free(adding, name, &r, fault) || r)
		return r;
	return fault_set(fault, -EEXIST, "the name \"%s\" belongs to another issuer", name);
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
	int r = database_query(&adding->database,
			       "INSERT INTO stillgood.issuer "
			       "(name, subject, subject_hash, key_hash, certificate) "
			       "VALUES ($1, $2, $3::bytea, $4::bytea, $5::bytea) "
			       "ON CONFLICT (subject_hash, key_hash) DO NOTHING RETURNING id",
			       5, values, &rows, fault);
	if (r == 0)
		*ret_id = PQntuples(rows) ? (int32_t)column_int(rows, 0, 0) : 0;
	return r;
}

/* Kept until everything is committed. */
static void note_outcome(struct adding *adding, const char *where, const char *name, int32_t id,
			 const char *outcome)
{
	struct json_object *result = json_object_new_object();
	output_json_string(result, "file", where);
	output_json_string(result, "outcome", outcome);
	output_json_string(result, "name", name);
	output_json_number(result, "id", id);
	json_object_array_add(adding->results, result);
}

static const char *member(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

static void print_outcome(struct json_object *result)
{
	const char *outcome = member(result, "outcome");
	cleanup(memory_freep) char *where = output_text_new(member(result, "file"));
	const char *text = strcmp(outcome, "added") == 0       ? "registered as"
			   : strcmp(outcome, "unchanged") == 0 ? "registered already as"
							       : "another certificate of the same "
								 "subject and key, registered "
								 "already as";
	printf("%s: %s \"%s\"\n", where ? where : "", text, member(result, "name"));
}

static void report(struct adding *adding)
{
	if (option_given(adding->line, OPTION_JSON)) {
		output_json(json_object_get(adding->results));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(adding->results); i++)
		print_outcome(json_object_array_get_idx(adding->results, i));
}

/* Registered before, by this call or an earlier one. */
static int say_known(struct adding *adding, const struct registered *known, struct view der,
		     const char *where, struct fault *fault)
{
	const char *wanted = adding->line->values[OPTION_NAME];
	const char *name = known->record.name;
	bool same = view_equal(known->certificate.der, der);
	if (wanted && strcmp(wanted, name) != 0)
		return fault_set(fault, -EEXIST, "%s: this issuer is registered already, as \"%s\"",
				 where, name);
	note_outcome(adding, where, name, known->record.id, same ? "unchanged" : "known");
	return 0;
}

static int reload(struct adding *adding, struct fault *fault)
{
	registry_deinit(&adding->registry);
	return registry_load(&adding->database, &adding->registry, fault);
}

static int add_certificate(struct adding *adding, struct view der, const char *where,
			   struct fault *fault)
{
	struct certificate certificate;
	char name[LIMIT_ISSUER_NAME + 1];
	int32_t id = 0;
	if (certificate_read(der, &certificate))
		return fault_set(fault, -EBADMSG, "%s: not a readable certificate", where);
	const struct registered *known =
		registry_by_identity(&adding->registry, certificate.subject, certificate.key_bits);
	if (known)
		return say_known(adding, known, certificate.der, where, fault);
	int r = check_is_ca(adding, certificate.der, where, fault);
	if (r == 0)
		r = choose_name(adding, &certificate, name, fault);
	if (r == 0)
		r = insert(adding, &certificate, name, &id, fault);
	if (r)
		return r;
	if (id == 0) /* by this call before, or by somebody else meanwhile */
		return reload(adding, fault) ?: add_certificate(adding, der, where, fault);
	note_outcome(adding, where, name, id, "added");
	return 0;
}

static int add_each(struct adding *adding, struct certinput *file, const char *path,
		    struct fault *fault)
{
	for (unsigned count = 0;; count++) {
		struct view der = {0};
		unsigned line = 0;
		char where[4200];
		int r = certinput_next(file, &der, &line, fault);
		if (r == CERTINPUT_END && count == 0)
			return fault_set(fault, -EINVAL, "%s: holds no certificate", path);
		if (r)
			return r == CERTINPUT_END ? 0 : r;
		if (count == 1 && option_given(adding->line, OPTION_NAME))
			return fault_set(fault, -EINVAL,
					 "%s: --name fits one certificate, not several", path);
		certinput_place(where, sizeof(where), path, line);
		r = add_certificate(adding, der, where, fault);
		if (r)
			return r;
	}
}

static int add_files(struct adding *adding, struct fault *fault)
{
	int r = database_run(&adding->database, "BEGIN", fault);
	for (int i = 0; i < adding->line->operand_count && r == 0; i++) {
		cleanup(certinput_closep) struct certinput *file = NULL;
		const char *path = adding->line->operands[i];
		r = certinput_open(path, &file, fault);
		if (r == 0)
			r = add_each(adding, file, path, fault);
	}
	return r ? r : database_run(&adding->database, "COMMIT", fault);
}

int command_issuer_add(const struct command_line *line, struct fault *fault)
{
	cleanup(adding_deinit) struct adding adding = {
		.line = line,
		.results = json_object_new_array(),
	};
	if (option_given(line, OPTION_NAME) && line->operand_count > 1)
		return fault_set(fault, STATUS_USAGE,
				 "issuer add: --name fits one certificate, not several");
	int r = database_open_current(line, "stillgood_admin", &adding.database, fault);
	if (r == 0)
		r = registry_load(&adding.database, &adding.registry, fault);
	if (r == 0)
		r = add_files(&adding, fault);
	if (r == 0)
		report(&adding);
	return r;
}
