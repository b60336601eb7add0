/* One authorized responder (RFC 6960, 4.2.2.2): a key, and the certificate that says that it may
 * answer for the CA; proven before use (P-35). */
#pragma once

#include "conf/finding.h"
#include "signer/certfile.h"
#include "signer/chain.h"
#include "signer/scheme.h"
#include "signer/token.h"

#define KEY_HASH_SIZE 20u

struct responder {
	char *name; /* of its section */
	struct certfile certificate;
	struct chain chain; /* after it in every answer (P-26) */
	EVP_PKEY *key; /* of a key in a token the public half */
	struct scheme *scheme; /* NULL: its token is not ready */
	struct token *token; /* NULL: it is in none */
	unsigned token_key; /* its number there */
	uint64_t readied; /* which readiness of it `scheme` is from */
	enum signature_choice choice;
	bool own; /* the CA signs itself: no certificate in the response (P-26) */
	uint8_t key_hash[KEY_HASH_SIZE]; /* P-25 */
	char algorithm[48]; /* "RSA-2048", "EC P-256" …, for people */
	uint64_t signatures;
};

/* Reads and proves, `chain` too (a file, or NULL); whether it is in date is left to who uses it. The fault names file, reason and
 * remedy. 0 or -errno. */
must_check int responder_load(const struct conf_signer *signer, const char *chain,
			      const struct certfile *ca, const struct tokens *tokens,
			      struct responder *ret, struct findings *findings,
			      struct fault *fault);
/* Of a key in a token: follows what its worker has told. What does not prove itself takes it down. */
void responder_follow(struct responder *responder);
/* Can it sign, whatever the date? */
bool responder_ready(const struct responder *responder);
/* Where it is; NULL: in no token. */
const struct token_key *responder_token_key(const struct responder *responder);
void responder_deinit(struct responder *responder);

/* Of its certificate and its chain. Times are seconds since 1970; a certificate is valid at both
 * ends. */
int64_t responder_not_before(const struct responder *responder);
int64_t responder_not_after(const struct responder *responder);
bool responder_in_date(const struct responder *responder, int64_t now);
