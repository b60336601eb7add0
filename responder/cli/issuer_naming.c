/* The name under which an issuer is registered: the operator's, or one that its subject gives. */
#include "cli/issuer_adding.h"
#include "tool/certname.h"

#include <openssl/sha.h>
#include <stdio.h>

static bool name_is_free(struct database *database, const char *name, int *ret_error,
			 struct fault *fault)
{
	const char *const values[] = {name};
	cleanup(result_clearp) PGresult *rows = NULL;
	*ret_error = database_query(database, "SELECT FROM stillgood.issuer WHERE name = $1", 1,
				    values, &rows, fault);
	return *ret_error == 0 && PQntuples(rows) == 0;
}

/* The derived name; with digits of the key identifier where another issuer has it. */
static int derive_name(struct database *database, const struct certificate *certificate,
		       char name[LIMIT_ISSUER_NAME + 1], struct fault *fault)
{
	static const size_t digits[] = {8, 16, 40};
	uint8_t key_id[SHA_DIGEST_LENGTH];
	int result;
	certname_derive(certificate->subject, name);
	if (name_is_free(database, name, &result, fault) || result)
		return result;
	SHA1(certificate->key_bits.data, certificate->key_bits.size, key_id);
	for (size_t i = 0; i < array_size(digits); i++) {
		certname_derive(certificate->subject, name);
		certname_distinguish(name, view_of(key_id, sizeof(key_id)), digits[i]);
		if (name_is_free(database, name, &result, fault) || result)
			return result;
	}
	return fault_set(fault, -EEXIST, "no free name for \"%s\"; give one with --name", name);
}

int issuer_choose_name(struct database *database, const char *wanted,
		       const struct certificate *certificate, char name[LIMIT_ISSUER_NAME + 1],
		       struct fault *fault)
{
	int result = 0;
	if (!wanted)
		return derive_name(database, certificate, name, fault);
	if (!*wanted || strlen(wanted) > LIMIT_ISSUER_NAME)
		return fault_set(fault, -EINVAL, "--name: 1 to %u octets", LIMIT_ISSUER_NAME);
	for (const char *c = wanted; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return fault_set(fault, -EINVAL, "--name: no control characters");
	(void)snprintf(name, LIMIT_ISSUER_NAME + 1, "%s", wanted);
	if (name_is_free(database, name, &result, fault) || result)
		return result;
	return fault_set(fault, -EEXIST, "the name \"%s\" belongs to another issuer", name);
}
