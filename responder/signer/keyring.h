/* All credentials of the configuration, in its order, with what each has done. */
#pragma once

#include "signer/credential.h"
#include "signer/sign.h"

struct keyring_entry {
	struct credential *credential;
	uint64_t signatures, failures;
	struct buffer offer; /* the message that was said last; empty: none */
	const struct responder *current; /* the default one when that was said; NULL: none */
};

struct keyring {
	unsigned count;
	struct keyring_entry *entries;
	uint64_t strays; /* jobs for an issuer that is not there */
};

/* Loads and proves all or nothing, but for dates: an issuer whose last signer has expired is told
 * tryLater (P-37), the others are answered. The fault names the issuer and the file. */
must_check int keyring_load(struct keyring *ret, const struct conf *conf, int64_t now,
			    struct fault *fault);
void keyring_deinit(struct keyring *keyring);

/* Does one job: appends the response to `out` and fills in `ret`, whose `der` points into `out`.
 * `reason` (static storage) says why where it is not OCSP_SUCCESSFUL, else NULL. */
void keyring_answer(struct keyring *keyring, const struct message_sign *job, int64_t now,
		    struct buffer *out, struct message_signed *ret, const char **reason);

/* Appends a JSON object: {"index","strays","issuers":[{"name","algorithm","not_after","signatures",
 * "failures","warning","signers":[{"name","algorithm","not_before","not_after","state","signatures"}
 * …]}…]}, and "omitted" with a count where they would be more than `most` bytes. algorithm and
 * not_after of an issuer are those of the signer in use, null where none is in date; warning is
 * null, or says that its signers end soon. state: current, ready, early or expired. */
void keyring_status(struct keyring *keyring, const struct conf *conf, unsigned index, int64_t now,
		    size_t most, struct buffer *out);
