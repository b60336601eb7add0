/* What travels on the channels between the rooms. Every decoder is strict: a field
 * out of its range, a count over its limit or a byte too many is -EBADMSG, so a compromised room
 * gains nothing by sending nonsense. Views in a decoded message point into the payload. */
#pragma once

#include "base/facts.h"
#include "base/label.h"
#include "base/limits.h"
#include "base/public_name.h"
#include "base/record.h"
#include "ocsp/request.h"
#include "ocsp/response.h"

#include <inttypes.h>

enum message_type {
	/* front → ledger */
	MESSAGE_QUERY = 1,
	MESSAGE_SIGNED_QUERY = 2,
	MESSAGE_EXPLAINED = 3,
	/* ledger → front */
	MESSAGE_ANSWER = 16,
	MESSAGE_PURGE = 17,
	MESSAGE_TICK = 18,
	MESSAGE_READINESS = 19,
	MESSAGE_ALGORITHMS = 20,
	MESSAGE_ISSUER = 22,
	MESSAGE_EXPLAIN = 21,
	/* ledger → signer */
	MESSAGE_SIGN = 32,
	/* signer → ledger */
	MESSAGE_SIGNED = 48,
	MESSAGE_OFFER = 49,
	/* ledger → verifier */
	MESSAGE_VERIFY = 64,
	/* verifier → ledger */
	MESSAGE_VERIFIED = 80,
	/* ledger → fetcher */
	MESSAGE_FORGET = 96,
};

/* How a request's number is written in the debug log. The front numbers what it is asked; the number
 * travels with the question and with the work for it, so that the lines of all rooms can be put
 * together. An answer needs none: it repeats its question's id. Decides nothing; 0: nobody's. */
#define REQUEST_FORMAT "request=%016" PRIx64

/* A question. The front has parsed the request; the ledger parses each CertID again. */
struct message_query {
	uint64_t id; /* the front's; repeated in the answer */
	uint64_t request;
	struct view nonce; /* empty: none */
	bool raw_nonce; /* it came without its OCTET STRING (P-16) */
	bool refresh; /* nobody waits: what is stored is to be renewed before its time is over */
	unsigned certid_count; /* 1 … LIMIT_CERTIDS */
	struct view certids[LIMIT_CERTIDS];
	/* P-17: OBJECT IDENTIFIERs with their headers, one after the other, in the client's order:
	 * those of its preferred signature algorithms that can make a difference. Mostly empty. */
	struct view preferred;
	/* The whole OCSPRequest where its signature may count (P-15); it travels around the question, in
	 * message_signed_query, and is not written or read with it. */
	struct view signed_request;
};

/* A question and the signed request that it was taken from. */
struct message_signed_query {
	struct view signed_request; /* DER */
	struct view query; /* a MESSAGE_QUERY's payload */
};

/* Where an answer belongs, so that a purge can find it, and how long it is true. */
struct message_answer {
	uint64_t id;
	enum ocsp_result result; /* unless SUCCESSFUL, nothing below is used; read as zeros */
	bool cacheable; /* one CertID, no nonce */
	struct answer_label label;
	struct public_name name; /* for HTTP caches, where [server] cache_tag is on */
	/* Not 0: it is proven by itself, whatever the ticks say, and leaves before this (monotonic) or not at all. */
	int64_t leave_until_mono_us;
	struct view der; /* the OCSPResponse */
};

enum purge_scope { PURGE_TAG = 1, PURGE_ISSUER = 2, PURGE_ALL = 3 };
struct message_purge {
	enum purge_scope scope;
	uint64_t tag;
	int32_t issuer;
};

/* The data is proven current up to `evidence_us` (wall clock of the database); answers other than
 * revoked may leave until `serve_until_mono_us` (monotonic clock of this machine). Never earlier
 * than the tick before it. Where `live_until_mono_us` is not 0 the ledger can prove until then what it is
 * asked, though what is stored may leave no more. */
struct message_tick {
	int64_t evidence_us;
	int64_t serve_until_mono_us;
	int64_t live_until_mono_us;
};

/* What can be said of one issuer, as /readyz/NAME tells it. */
enum issuer_readiness {
	ISSUER_READY,
	ISSUER_NOT_REGISTERED,
	ISSUER_OTHER_KEY, /* registered with another key than its file's */
	ISSUER_UNREADABLE, /* its row cannot be understood */
	ISSUER_UNSIGNED, /* no signer has a certificate that is valid now */
	ISSUER_NO_ANSWERS, /* source = presigned, and none are recorded */
	ISSUER_NO_CRL, /* complete = no, and none that lasts is recorded: only revoked is answered */
	ISSUER_READINESSES
};

/* For /readyz: may this instance receive traffic? `reason`: why not, or, where it may, what is wrong all
 * the same; one line that anybody may read. The whole is in the ledger's part of `stillgood status`.
 * `issuers`: an octet for each section, in the configuration's order: enum issuer_readiness. */
struct message_readiness {
	bool ready;
	struct view reason;
	struct view issuers;
};

/* What the issuer with this number (struct answer_label) is called in the configuration, for counting. Comes
 * before the first answer about it, and again when it changes. */
struct message_issuer {
	uint32_t number; /* 1 … LIMIT_ISSUERS */
	struct view name; /* 1 … LIMIT_ISSUER_NAME octets */
};

/* P-17: the signature algorithms among which clients of some issuer can choose; a front ignores every
 * other preference, so that wishes that change nothing do not multiply what it stores. Replaces what
 * was said before. */
struct message_algorithm {
	struct view oid; /* an OBJECT IDENTIFIER with its header */
	/* Every issuer that leaves a choice has it: what a client would like less does not matter. */
	bool decisive;
};
struct message_algorithms {
	unsigned count;
	struct message_algorithm algorithms[LIMIT_ALGORITHMS];
};

/* What has a front stored about this certificate? An operator asks. */
struct message_explain {
	uint64_t id; /* the ledger's; repeated in the answer */
	uint64_t tag;
};
struct explained_entry {
	struct answer_label label; /* its tag and issuer are not told: zeros */
	bool served; /* it would be said now */
};
struct message_explained {
	uint64_t id;
	unsigned count; /* more are not told */
	struct explained_entry entries[LIMIT_EXPLAINED];
};

struct sign_entry {
	struct view certid;
	struct ocsp_cert_status says;
	struct cert_facts facts; /* those that fit the status (ocsp_facts_fit()) */
	/* P-7: the issuer's name as the CertID means it, DER; empty: as its certificate has it. */
	struct view issuer_name;
};

/* A job: fields only, never a digest or bytes to be signed. */
struct message_sign {
	uint64_t id; /* the ledger's; repeated in the result */
	uint64_t request; /* of the first who asked */
	uint32_t issuer; /* index of the [issuer] section, from 0, in the order of the file */
	struct view nonce;
	bool raw_nonce; /* written without an OCTET STRING around it (P-16) */
	bool extended_revoke;
	/* No CertID is of an issuer that this configuration has: all are unknown, and `issuer` is the
	 * default issuer (P-22). */
	bool unknown_issuer;
	int64_t this_update,
		next_update; /* seconds since 1970; the signer may shorten the latter */
	unsigned count;
	struct sign_entry entries[LIMIT_CERTIDS];
	/* P-17: an OBJECT IDENTIFIER with its header; empty, or of no signer in use: the default. */
	struct view algorithm;
};

struct message_signed {
	uint64_t id;
	/* SUCCESSFUL, TRY_LATER (no usable key now) or INTERNAL_ERROR; unless SUCCESSFUL, nothing
	 * below is used; read as zeros. */
	enum ocsp_result result;
	int64_t produced_at, next_update;
	uint32_t cost_us; /* of the signer's time, or of its token's, that this one took */
	struct view der;
};

/* What a signer can do now for one issuer (P-37): said for each when the channel opens, and again
 * when it changes. */
struct message_offer {
	uint32_t issuer; /* as in message_sign */
	unsigned count; /* 0: no certificate is valid now */
	/* Of the CA's key as the files have it, by enum ocsp_hash − 1. */
	struct view key_hashes[OCSP_HASHES];
	struct view
		signers; /* a hash of all that its answers are signed with; others: another one */
	/* OBJECT IDENTIFIERs with their headers: the default's, and others that may be asked for. */
	struct view algorithms[LIMIT_ISSUER_SIGNERS];
};

/* Who signed this, and may they ask this issuer (P-15)? */
struct message_verify {
	uint64_t id; /* the ledger's; repeated in the result */
	uint64_t request;
	uint32_t issuer; /* as in message_sign */
	struct view signed_request; /* DER */
};

struct message_verified {
	uint64_t id;
	/* SUCCESSFUL, MALFORMED_REQUEST, UNAUTHORIZED; TRY_LATER: nobody can tell now. */
	enum ocsp_result result;
};

/* Something has changed: HTTP caches shall forget what was said of it before. All of it is public, and more than
 * the names only because some caches know answers by their URLs alone. */
struct message_forget {
	enum purge_scope scope;
	struct public_name name; /* as far as the scope goes; zeros beyond */
	struct view issuer; /* as the database calls it, for people */
	/* The rest of PURGE_TAG alone: what clients' CertIDs hold. */
	struct view serial;
	struct view name_hashes[OCSP_HASHES], key_hashes[OCSP_HASHES]; /* by enum ocsp_hash − 1 */
	bool several_names; /* clients may know the issuer by another name too (P-7) */
};

/* Each appends to `out`; look at buffer_result(): a field that the decoder would refuse fails too.
 * A readiness reason too long is cut. */
void message_query_write(struct buffer *out, const struct message_query *m);
void message_answer_write(struct buffer *out, const struct message_answer *m);
void message_purge_write(struct buffer *out, const struct message_purge *m);
void message_tick_write(struct buffer *out, const struct message_tick *m);
void message_readiness_write(struct buffer *out, const struct message_readiness *m);
void message_issuer_write(struct buffer *out, const struct message_issuer *m);
void message_sign_write(struct buffer *out, const struct message_sign *m);
void message_signed_write(struct buffer *out, const struct message_signed *m);
void message_algorithms_write(struct buffer *out, const struct message_algorithms *m);
void message_explain_write(struct buffer *out, const struct message_explain *m);
void message_explained_write(struct buffer *out, const struct message_explained *m);
void message_offer_write(struct buffer *out, const struct message_offer *m);
void message_signed_query_write(struct buffer *out, const struct message_signed_query *m);
void message_verify_write(struct buffer *out, const struct message_verify *m);
void message_verified_write(struct buffer *out, const struct message_verified *m);
void message_forget_write(struct buffer *out, const struct message_forget *m);

/* Each: 0 or -EBADMSG. Times are within TIME_LEAST … TIME_MOST (or TIME_NONE where it may be). */
must_check int message_query_read(struct view payload, struct message_query *ret);
must_check int message_answer_read(struct view payload, struct message_answer *ret);
must_check int message_purge_read(struct view payload, struct message_purge *ret);
must_check int message_tick_read(struct view payload, struct message_tick *ret);
must_check int message_readiness_read(struct view payload, struct message_readiness *ret);
must_check int message_issuer_read(struct view payload, struct message_issuer *ret);
must_check int message_sign_read(struct view payload, struct message_sign *ret);
must_check int message_signed_read(struct view payload, struct message_signed *ret);
must_check int message_algorithms_read(struct view payload, struct message_algorithms *ret);
must_check int message_explain_read(struct view payload, struct message_explain *ret);
must_check int message_explained_read(struct view payload, struct message_explained *ret);
must_check int message_offer_read(struct view payload, struct message_offer *ret);
must_check int message_signed_query_read(struct view payload, struct message_signed_query *ret);
must_check int message_verify_read(struct view payload, struct message_verify *ret);
must_check int message_verified_read(struct view payload, struct message_verified *ret);
must_check int message_forget_read(struct view payload, struct message_forget *ret);
