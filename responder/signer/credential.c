#include "signer/credential.h"

#include "base/timetext.h"
#include "signer/choice.h"
#include "signer/sign.h"

static int load_responders(struct credential *c, const struct conf_issuer *issuer,
			   const struct tokens *tokens, struct findings *findings,
			   struct fault *fault)
{
	unsigned count = conf_signer_count(issuer);
	for (; c->count < count && c->count < LIMIT_ISSUER_SIGNERS; c->count++) {
		struct conf_signer signer = conf_signer_at(issuer, c->count);
		int result = responder_load(&signer, issuer->chain, &c->ca, tokens,
					    &c->responders[c->count], findings, fault);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Hashes of the CA for CertIDs. */
static int make_hashes(struct credential *c, struct fault *fault)
{
	if (ocsp_issuer_init(&c->issuer, c->ca.slices.subject, c->ca.slices.key_bits) < 0)
		return fault_set(fault, -EIO, "%s: the library refuses to hash (%s)", c->ca.path,
				 openssl_reason());
	return 0;
}

static bool hash_part(EVP_MD_CTX *hash, struct view part)
{
	uint64_t size = part.size;
	return EVP_DigestUpdate(hash, &size, sizeof(size)) == 1 &&
	       EVP_DigestUpdate(hash, part.data, part.size) == 1;
}

static bool hash_responder(EVP_MD_CTX *hash, const struct responder *r)
{
	/* A token may not be there to tell its algorithm; what it is told decides that. */
	struct view how =
		r->token ? view_of(&r->choice, sizeof(r->choice)) : scheme_algorithm(r->scheme);
	bool done = hash_part(hash, certfile_der(&r->certificate)) && hash_part(hash, how);
	for (unsigned i = 0; done && i < r->chain.count; i++)
		done = hash_part(hash, certfile_der(&r->chain.certificates[i]));
	return done;
}

/* Who signs, and how that shows in an answer: a reload tells by it whose stored answers are others now. */
static int hash_signers(struct credential *c, struct fault *fault)
{
	unsigned size = 0;
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool done = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
		    hash_part(hash, view_of(&c->responder_id, sizeof(c->responder_id))) &&
		    hash_part(hash, view_of(&c->archive_cutoff, sizeof(c->archive_cutoff)));
	for (unsigned i = 0; done && i < c->count; i++)
		done = hash_responder(hash, &c->responders[i]);
	done = done && EVP_DigestFinal_ex(hash, c->signers, &size) == 1 && size == SIGNERS_HASH;
	EVP_MD_CTX_free(hash);
	return done ? 0
		    : fault_set(fault, -EIO, "%s: the library refuses to hash (%s)", c->ca.path,
				openssl_reason());
}

static void take_policy(struct credential *c, const struct conf_issuer *issuer)
{
	/* For ever: as long as the signer's certificate (F-qualified). */
	c->validity = issuer->final_answers ? TIME_MOST : wall_seconds(issuer->validity_us);
	c->backdate = wall_seconds(issuer->backdate_us);
	c->known_by_crl = !issuer->policy.complete;
	c->archive_cutoff = issuer->archive_cutoff_us < 0 ? issuer->archive_cutoff_us
							  : wall_seconds(issuer->archive_cutoff_us);
	c->extensions = conf_extensions(issuer);
	c->responder_id = issuer->responder_id;
	c->data.most = LIMIT_RESPONSE;
}

/* ---- dates (P-37) ---- */

/* Nobody is in date. The first that will be is named, else the first. */
static int refuse_dates(const struct credential *c, int64_t now, struct fault *fault)
{
	char text[ISO_TIME_SIZE + 1] = "";
	for (unsigned i = 0; i < c->count; i++) {
		const struct responder *r = &c->responders[i];
		if (now >= responder_not_before(r))
			continue;
		time_put_iso(text, responder_not_before(r));
		return fault_set(fault, -EKEYREJECTED,
				 "%s: not valid before %s; wait, or use another certificate",
				 r->certificate.path, text);
	}
	time_put_iso(text, responder_not_after(&c->responders[0]));
	return fault_set(fault, -EKEYEXPIRED, "%s: expired at %s; renew the certificate",
			 c->responders[0].certificate.path, text);
}

static void advise_dates(const struct credential *c, int64_t now, struct findings *findings)
{
	char text[ISO_TIME_SIZE + 1] = "";
	const struct responder *last = choice_last(c, now);
	if (last && responder_not_after(last) - now < CREDENTIAL_NOTICE) {
		time_put_iso(text, responder_not_after(last));
		findings_add(findings, FINDING_SIGNER_ENDS_SOON, last->certificate.path, "at %s",
			     text);
	}
	for (unsigned i = 0; i < c->count; i++) {
		const struct responder *r = &c->responders[i];
		if (now <= responder_not_after(r))
			continue;
		time_put_iso(text, responder_not_after(r));
		findings_add(findings, FINDING_SIGNER_EXPIRED, r->certificate.path, "at %s", text);
	}
	if (now > c->ca.slices.not_after) {
		time_put_iso(text, c->ca.slices.not_after);
		findings_add(findings, FINDING_CA_EXPIRED, c->ca.path, "at %s", text);
	}
}

/* ---- size (P-31) ---- */

/* The buffers of some staplers; of it about so much is the HTTP head. */
#define STAPLE_MOST 10240u
#define HTTP_HEAD_ABOUT 400u

static void advise_size(struct credential *c, int64_t now, struct findings *findings)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct responder *r = &c->responders[i];
		size_t size = r->scheme ? sign_size(c, r, now) : 0; /* else its token tells later */
		if (size + HTTP_HEAD_ABOUT < STAPLE_MOST && size < STAPLE_MOST)
			continue;
		findings_add(findings, FINDING_LARGE_ANSWER, r->certificate.path,
			     "%zu octets each, and an HTTP head", size);
	}
}

/* ---- loading ---- */

static int load(struct credential *c, const struct conf_issuer *issuer, const struct tokens *tokens,
		int64_t now, struct findings *findings, struct fault *fault)
{
	int result = certfile_load(&c->ca, issuer->certificate, fault);
	if (result == 0)
		result = load_responders(c, issuer, tokens, findings, fault);
	if (result == 0)
		result = make_hashes(c, fault);
	if (result < 0)
		return result;
	take_policy(c, issuer);
	result = hash_signers(c, fault);
	if (result < 0)
		return result;
	advise_dates(c, now, findings);
	advise_size(c, now, findings);
	return 0;
}

/* The paths are the configuration's and may go before the credential does. */
static void forget_paths(struct credential *c)
{
	c->ca.path = NULL;
	for (unsigned i = 0; i < c->count; i++)
		c->responders[i].certificate.path = NULL;
}

static int load_new(const struct conf_issuer *issuer, const struct tokens *tokens, int64_t now,
		    bool any_date, struct credential **ret, struct findings *findings,
		    struct fault *fault)
{
	cleanup(credential_freep) struct credential *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(fault, -ENOMEM, "issuer \"%s\": out of memory", issuer->name);
	int result = load(c, issuer, tokens, now, findings, fault);
	any_date = any_date || c->count == 0; /* presigned: who signs is not here */
	if (result == 0 && !any_date)
		result = chain_check_dates(&c->responders[0].chain, issuer->chain, now, fault);
	if (result == 0 && !any_date && !choice_last(c, now))
		result = refuse_dates(c, now, fault);
	if (result < 0)
		return result;
	forget_paths(c);
	*ret = c;
	c = NULL;
	return 0;
}

int credential_read(const struct conf_issuer *issuer, const struct tokens *tokens, int64_t now,
		    struct credential **ret, struct findings *findings, struct fault *fault)
{
	return load_new(issuer, tokens, now, true, ret, findings, fault);
}

int credential_load(const struct conf_issuer *issuer, int64_t now, struct credential **ret,
		    struct findings *findings, struct fault *fault)
{
	cleanup(findings_deinit) struct findings unheard = {0};
	const struct tokens none = {0};
	return load_new(issuer, &none, now, false, ret, findings ? findings : &unheard, fault);
}

/* Longer than a token takes to be opened, shorter than an operator waits for nothing. */
#define TOKENS_PATIENCE_US (10 * SECOND_US)

/* The workers first: they hold copies of what this process holds. */
static int open_tokens(struct tokens *tokens, const struct conf_issuer *issuer, struct fault *fault)
{
	for (unsigned i = 0; i < conf_signer_count(issuer); i++) {
		struct conf_signer signer = conf_signer_at(issuer, i);
		int result = tokens_add(tokens, &signer, fault);
		if (result < 0)
			return result;
	}
	int result = tokens_start(tokens, fault);
	if (result == 0)
		tokens_wait(tokens, TOKENS_PATIENCE_US);
	return result;
}

int credential_prove(const struct conf_server *server, const struct conf_issuer *issuer,
		     int64_t now, bool any_date, struct credential **ret, struct findings *findings,
		     struct fault *fault)
{
	cleanup(credential_freep) struct credential *c = NULL;
	struct tokens tokens = tokens_of(server);
	int result = open_tokens(&tokens, issuer, fault);
	if (result == 0)
		result = load_new(issuer, &tokens, now, any_date, &c, findings, fault);
	if (result < 0 || !c) {
		tokens_deinit(&tokens);
		return result;
	}
	c->tokens = tokens;
	*ret = c;
	c = NULL;
	return 0;
}

void credential_free(struct credential *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->count; i++)
		responder_deinit(&c->responders[i]);
	tokens_deinit(&c->tokens);
	certfile_deinit(&c->ca);
	buffer_deinit(&c->data);
	free(c);
}

/* ---- for others ---- */

struct view credential_ca(const struct credential *c)
{
	return certfile_der(&c->ca);
}

const struct ocsp_issuer *credential_issuer(const struct credential *c)
{
	return &c->issuer;
}

unsigned credential_signer_count(const struct credential *c)
{
	return c->count;
}

struct credential_signer credential_signer_at(const struct credential *c, unsigned index)
{
	const struct responder *r = &c->responders[index];
	return (struct credential_signer){
		.name = r->name,
		.ready = responder_ready(r),
		.algorithm = r->algorithm,
		.not_before = responder_not_before(r),
		.not_after = responder_not_after(r),
	};
}
