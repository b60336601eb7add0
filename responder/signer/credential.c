#include "signer/credential.h"

#include "signer/credential_parts.h"
#include "signer/proof.h"

#include <openssl/core_names.h>

/* "EC P-256", "RSA-2048", "ED25519". */
static void name_algorithm(struct credential *c)
{
	static const struct {
		const char *group, *name;
	} curves[] = {{"prime256v1", "P-256"}, {"secp384r1", "P-384"}, {"secp521r1", "P-521"}};
	const char *type = EVP_PKEY_get0_type_name(c->key);
	char group[24];
	if (EVP_PKEY_is_a(c->key, "RSA") || EVP_PKEY_is_a(c->key, "RSA-PSS")) {
		(void)snprintf(c->algorithm, sizeof(c->algorithm), "%s-%d", type,
			       EVP_PKEY_get_bits(c->key));
		return;
	}
	if (EVP_PKEY_get_utf8_string_param(c->key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
					   NULL) != 1) {
		(void)openssl_reason();
		(void)snprintf(c->algorithm, sizeof(c->algorithm), "%s", type ? type : "unknown");
		return;
	}
	const char *name = group;
	for (size_t i = 0; i < array_size(curves); i++)
		if (strcmp(group, curves[i].group) == 0)
			name = curves[i].name;
	(void)snprintf(c->algorithm, sizeof(c->algorithm), "%s %s", type, name);
}

static int load_files(struct credential *c, const struct conf_issuer *issuer, bool *open_to_others,
		      struct fault *fault)
{
	int result = certfile_load(&c->ca, issuer->certificate, fault);
	if (result == 0)
		result = certfile_load(&c->signer, issuer->signer_certificate, fault);
	if (result == 0)
		result = keyfile_load(issuer->signer_key, &c->key, open_to_others, fault);
	return result;
}

/* Hashes of the CA for CertIDs, of the signer's key for the ResponderID. */
static int make_hashes(struct credential *c, struct fault *fault)
{
	struct view bits = c->signer.slices.key_bits;
	if (ocsp_issuer_init(&c->issuer, c->ca.slices.subject, c->ca.slices.key_bits) < 0 ||
	    EVP_Q_digest(NULL, "SHA1", NULL, bits.data, bits.size, c->key_hash, NULL) != 1)
		return fault_set(fault, -EIO, "%s: the library refuses to hash (%s)", c->ca.path,
				 openssl_reason());
	return 0;
}

static int make_scheme(struct credential *c, const char *key_path, struct fault *fault)
{
	const char *reason = "";
	int result = scheme_new(c->key, X509_get0_pubkey(c->signer.x509), &c->scheme, &reason);
	if (result == -EKEYREJECTED)
		return fault_set(
			fault, result,
			"%s: its trial signature is not verified by %s; the key is damaged",
			key_path, c->signer.path);
	if (result < 0)
		return fault_set(fault, result,
				 "%s: this key cannot sign (%s); use RSA-2048, P-256 or Ed25519",
				 key_path, reason);
	return 0;
}

static void take_policy(struct credential *c, const struct conf_issuer *issuer)
{
	c->validity = wall_seconds(issuer->validity_us);
	c->backdate = wall_seconds(issuer->backdate_us);
	c->responder_id = issuer->responder_id;
	c->data.most = LIMIT_RESPONSE;
}

static int load(struct credential *c, const struct conf_issuer *issuer, int64_t now,
		struct buffer *warnings, struct fault *fault)
{
	bool open_to_others = false;
	int result = load_files(c, issuer, &open_to_others, fault);
	if (result < 0)
		return result;
	struct proof proof = {.ca = &c->ca,
			      .signer = &c->signer,
			      .key = c->key,
			      .key_path = issuer->signer_key,
			      .now = now};
	result = proof_run(&proof, fault);
	if (result == 0)
		result = make_scheme(c, issuer->signer_key, fault);
	if (result == 0)
		result = make_hashes(c, fault);
	if (result < 0)
		return result;
	c->own = proof_is_own(&proof);
	take_policy(c, issuer);
	name_algorithm(c);
	if (warnings)
		proof_advise(&proof, open_to_others, warnings);
	/* The paths are the configuration's and may go before this does. */
	c->ca.path = c->signer.path = NULL;
	return 0;
}

int credential_load(const struct conf_issuer *issuer, int64_t now, struct credential **ret,
		    struct buffer *warnings, struct fault *fault)
{
	cleanup(credential_freep) struct credential *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(fault, -ENOMEM, "issuer \"%s\": out of memory", issuer->name);
	int result = load(c, issuer, now, warnings, fault);
	if (result < 0)
		return result;
	*ret = c;
	c = NULL;
	return 0;
}

void credential_free(struct credential *c)
{
	if (!c)
		return;
	scheme_free(c->scheme);
	EVP_PKEY_free(c->key); /* wipes the private parts */
	certfile_deinit(&c->ca);
	certfile_deinit(&c->signer);
	buffer_deinit(&c->data);
	free(c);
}

struct view credential_ca(const struct credential *c)
{
	return certfile_der(&c->ca);
}

const struct ocsp_issuer *credential_issuer(const struct credential *c)
{
	return &c->issuer;
}

int64_t credential_not_after(const struct credential *c)
{
	return c->signer.slices.not_after;
}

const char *credential_algorithm(const struct credential *c)
{
	return c->algorithm;
}
