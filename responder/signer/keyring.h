/* All credentials of the configuration, in its order, with what each has done. */
#pragma once

#include "base/alarms.h"
#include "signer/credential.h"
#include "signer/sign.h"
#include "signer/token.h"

struct keyring_entry {
	struct credential *credential; /* NULL: its files cannot be used */
	char *trouble; /* then: which, and why */
	struct ocsp_issuer issuer; /* of the CA's file, where `named` */
	bool named;
	uint64_t signatures, failures;
	struct buffer offer; /* the message that was said last; empty: none */
	const struct responder *current; /* the default one when that was said; NULL: none */
};

struct keyring {
	struct tokens tokens;
	unsigned count;
	struct keyring_entry *entries;
	uint64_t strays; /* jobs for an issuer that is not there */
	struct alarms
		alarms; /* whose credential or token cannot be used, or ends soon; watch.c, notices.c */
};

/* Loads and proves. One issuer's trouble is its own: where its files cannot be used, or its profile refuses
 * them, or its last signer has expired (P-37), it is told tryLater, and the others are answered. Files are
 * not read again: a signer of the next configuration does that. The fault is of what concerns all. */
must_check int keyring_load(struct keyring *ret, const struct conf *conf, int64_t now,
			    struct fault *fault);
void keyring_deinit(struct keyring *keyring);

#define KEYRING_ELSEWHERE 1

/* Does one job: appends the response to `out` and fills in `ret`, whose `der` points into `out`. 0, or
 * KEYRING_ELSEWHERE: `outcome` says whose token is to be asked for which signature, and `ret` lacks the
 * response that keyring_finish() makes of it. `outcome->reason` (static storage) says why where it is
 * not OCSP_SUCCESSFUL, else it is NULL. */
int keyring_answer(struct keyring *keyring, const struct message_sign *job, int64_t now,
		   struct buffer *out, struct message_signed *ret, struct sign_outcome *outcome);
/* 0 or -EIO: it does not verify. */
must_check int keyring_finish(struct keyring *keyring, uint32_t issuer, struct responder *responder,
			      struct view message, struct view signature, struct buffer *out,
			      struct message_signed *ret, const char **reason);
/* After token_receive(): schemes of keys that became ready. */
void keyring_follow(struct keyring *keyring);

/* Appends a JSON object: {"index","strays","issuers":[{"name","algorithm","not_after","signatures",
 * "failures","warning","signers":[{"name","algorithm","not_before","not_after","state","signatures"}
 * …]}…]}, and "omitted" with a count where they would be more than `most` bytes. algorithm and
 * not_after of an issuer are those of the signer in use, null where none is in date; warning is
 * null, or says that its signers end soon, or why its files cannot be used. state: current, ready, away
 * (its token), early or expired. */
void keyring_status(struct keyring *keyring, const struct conf *conf, unsigned index, int64_t now,
		    size_t most, struct buffer *out);
