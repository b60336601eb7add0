#include "signer/responder.h"

#include "signer/key.h"
#include "signer/proof.h"

#include <openssl/core_names.h>

/* "EC P-256", "RSA-2048", "ED25519". */
static void name_algorithm(struct responder *r)
{
	static const struct {
		const char *group, *name;
	} curves[] = {{"prime256v1", "P-256"}, {"secp384r1", "P-384"}, {"secp521r1", "P-521"}};
	const char *type = EVP_PKEY_get0_type_name(r->key);
	char group[24];
	if (EVP_PKEY_is_a(r->key, "RSA") || EVP_PKEY_is_a(r->key, "RSA-PSS")) {
		(void)snprintf(r->algorithm, sizeof(r->algorithm), "%s-%d", type,
			       EVP_PKEY_get_bits(r->key));
		return;
	}
	if (EVP_PKEY_get_utf8_string_param(r->key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
					   NULL) != 1) {
		(void)openssl_reason();
		(void)snprintf(r->algorithm, sizeof(r->algorithm), "%s", type ? type : "unknown");
		return;
	}
	const char *name = group;
	for (size_t i = 0; i < array_size(curves); i++)
		if (strcmp(group, curves[i].group) == 0)
			name = curves[i].name;
	(void)snprintf(r->algorithm, sizeof(r->algorithm), "%s %s", type, name);
}

static int hash_key(struct responder *r, struct fault *fault)
{
	struct view bits = r->certificate.slices.key_bits;
	if (EVP_Q_digest(NULL, "SHA1", NULL, bits.data, bits.size, r->key_hash, NULL) != 1)
		return fault_set(fault, -EIO, "%s: the library refuses to hash (%s)",
				 r->certificate.path, openssl_reason());
	return 0;
}

static int make_scheme(struct responder *r, const struct conf_signer *signer, struct fault *fault)
{
	const char *reason = "";
	int result = scheme_new(r->key, X509_get0_pubkey(r->certificate.x509), signer->signature,
				&r->scheme, &reason);
	if (result == -EKEYREJECTED)
		return fault_set(
			fault, result,
			"%s: its trial signature is not verified by %s; the key is damaged",
			signer->key, r->certificate.path);
	if (result < 0 && signer->signature != SIGNATURE_AUTO)
		return fault_set(fault, result,
				 "%s: this key cannot sign as its option signature says (%s)",
				 signer->key, reason);
	if (result < 0)
		return fault_set(fault, result,
				 "%s: this key cannot sign (%s); use RSA-2048, P-256 or Ed25519",
				 signer->key, reason);
	return 0;
}

/* The one that came with the key, where no other is named; both must be the same. */
static int take_certificate(struct responder *r, const struct conf_signer *signer, struct key *key,
			    struct fault *fault)
{
	struct certfile *own = &key->certificate;
	if (signer->certificate)
		return !own->der || view_equal(certfile_der(own), certfile_der(&r->certificate))
			       ? 0
			       : fault_set(fault, -EKEYREJECTED,
					   "%s: the certificate in it is not that of %s; leave one "
					   "of them out",
					   signer->key, signer->certificate);
	if (!own->der)
		return fault_set(fault, -ENOENT,
				 "%s: no certificate came with it; name its file "
				 "(signer_certificate)",
				 signer->key);
	r->certificate = *own;
	*own = (struct certfile){0};
	return 0;
}

/* ---- keys in tokens ---- */

bool responder_ready(const struct responder *r)
{
	return r->scheme && (!r->token || r->token->keys[r->token_key].state == TOKEN_UP);
}

const struct token_key *responder_token_key(const struct responder *r)
{
	return r->token ? &r->token->keys[r->token_key] : NULL;
}

void responder_follow(struct responder *r)
{
	struct token_key *key = r->token ? &r->token->keys[r->token_key] : NULL;
	const char *reason = "";
	if (!key || key->state != TOKEN_UP || r->readied == key->readied)
		return;
	r->readied = key->readied;
	scheme_free(r->scheme);
	r->scheme = NULL;
	int result = scheme_new_verifying(X509_get0_pubkey(r->certificate.x509), r->choice,
					  buffer_view(&key->algorithm), buffer_view(&key->trial),
					  &r->scheme, &reason);
	if (result == -EKEYREJECTED)
		token_key_down(key, PKCS11_HOPELESS,
			       "this is not the key of its certificate: what it signs is not "
			       "verified by that");
	else if (result < 0)
		token_key_down(key, PKCS11_HOPELESS, reason);
}

/* What tokens_add() did not take. */
static int refuse_address(const struct conf_signer *signer, const struct tokens *tokens,
			  struct fault *fault)
{
	struct pkcs11_address address = {0};
	int result = pkcs11_address_parse(signer->key, signer->key_passphrase_file,
					  tokens->module ? tokens->module : "", &address, fault);
	pkcs11_address_deinit(&address);
	return result < 0 ? result
			  : fault_set(fault, -ENOTSUP, "%s: no token is open", signer->name);
}

/* Its private half stays where it is: who it is the certificate says, and that it is so each signature. */
static int load_token_key(struct responder *r, const struct conf_signer *signer,
			  const struct tokens *tokens, struct findings *findings,
			  struct fault *fault)
{
	r->key = X509_get_pubkey(r->certificate.x509);
	if (!r->key)
		return fault_set(fault, -ENOTSUP, "%s: its public key cannot be read (%s)",
				 r->certificate.path, openssl_reason());
	r->choice = signer->signature;
	r->token = tokens_find(tokens, signer, &r->token_key);
	if (!r->token)
		return refuse_address(signer, tokens, fault);
	responder_follow(r);
	const struct token_key *key = responder_token_key(r);
	if (key->state == TOKEN_UP || tokens->lasting) /* then it is an alarm of its own */
		return 0;
	findings_add(findings,
		     key->state == TOKEN_DOWN && key->trouble != PKCS11_AWAY ? FINDING_PROOF_FAILED
									     : FINDING_TOKEN_AWAY,
		     NULL, "%s", key->text);
	return 0;
}

static bool in_token(const struct conf_signer *signer)
{
	return strncmp(signer->key, CONF_PKCS11, strlen(CONF_PKCS11)) == 0;
}

static int load_key_file(struct responder *r, const struct conf_signer *signer, struct key *key,
			 struct fault *fault)
{
	int result = key_load(signer, key, fault);
	if (result == 0)
		result = take_certificate(r, signer, key, fault);
	if (result < 0)
		return result;
	r->key = key->pkey;
	key->pkey = NULL;
	return 0;
}

static int load_files(struct responder *r, const struct conf_signer *signer,
		      const struct tokens *tokens, struct key *key, struct findings *findings,
		      struct fault *fault)
{
	r->name = strdup(signer->name);
	if (!r->name)
		return fault_set(fault, -ENOMEM, "%s: out of memory", signer->key);
	int result = signer->certificate
			     ? certfile_load(&r->certificate, signer->certificate, fault)
			     : 0;
	if (result < 0)
		return result;
	return in_token(signer) ? load_token_key(r, signer, tokens, findings, fault)
				: load_key_file(r, signer, key, fault);
}

static int load(struct responder *r, const struct conf_signer *signer, const char *chain,
		const struct certfile *ca, const struct tokens *tokens, struct findings *findings,
		struct fault *fault)
{
	cleanup(key_deinit) struct key key = {0};
	int result = load_files(r, signer, tokens, &key, findings, fault);
	if (result < 0)
		return result;
	struct proof proof = {
		.ca = ca, .signer = &r->certificate, .key = r->key, .key_path = signer->key};
	result = proof_run(&proof, fault);
	if (result == 0 && !r->token)
		result = make_scheme(r, signer, fault);
	if (result == 0)
		result = hash_key(r, fault);
	if (result == 0)
		result = chain_load(&r->chain, chain, &r->certificate, ca, fault);
	if (result < 0)
		return result;
	r->own = proof_is_own(&proof);
	name_algorithm(r);
	proof_advise(&proof, findings);
	if (key.open_path)
		findings_add(findings, FINDING_KEY_OPEN, key.open_path, NULL);
	if (key.passphrase_unused)
		findings_add(findings, FINDING_KEY_NOT_ENCRYPTED, signer->key, NULL);
	return 0;
}

int responder_load(const struct conf_signer *signer, const char *chain, const struct certfile *ca,
		   const struct tokens *tokens, struct responder *ret, struct findings *findings,
		   struct fault *fault)
{
	struct responder r = {0};
	int result = load(&r, signer, chain, ca, tokens, findings, fault);
	if (result < 0) {
		responder_deinit(&r);
		return result;
	}
	*ret = r;
	return 0;
}

void responder_deinit(struct responder *r)
{
	scheme_free(r->scheme);
	EVP_PKEY_free(r->key); /* wipes the private parts */
	certfile_deinit(&r->certificate);
	chain_deinit(&r->chain);
	free(r->name);
	*r = (struct responder){0};
}

int64_t responder_not_before(const struct responder *r)
{
	int64_t chain = chain_not_before(&r->chain), own = r->certificate.slices.not_before;
	return chain > own ? chain : own;
}

/* P-27: of every certificate in the answer. */
int64_t responder_not_after(const struct responder *r)
{
	int64_t chain = chain_not_after(&r->chain), own = r->certificate.slices.not_after;
	return chain < own ? chain : own;
}

bool responder_in_date(const struct responder *r, int64_t now)
{
	return now >= responder_not_before(r) && now <= responder_not_after(r);
}
