/* The nouns that every room shares: what the database knows of one certificate. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

/* stillgood.certificate.status; the numbers are the database's. */
enum cert_status {
	CERT_GOOD = 0,
	CERT_REVOKED = 1,
	CERT_HELD = 2, /* revoked with reason certificateHold; the only one that may become good */
	CERT_WITHDRAWN = 3, /* recorded by mistake: answered as if it had no row */
};

/* CRLReason, RFC 5280 section 5.3.1. */
enum revocation_reason {
	REASON_UNSPECIFIED = 0,
	REASON_KEY_COMPROMISE = 1,
	REASON_CA_COMPROMISE = 2,
	REASON_AFFILIATION_CHANGED = 3,
	REASON_SUPERSEDED = 4,
	REASON_CESSATION_OF_OPERATION = 5,
	REASON_CERTIFICATE_HOLD = 6,
	REASON_PRIVILEGE_WITHDRAWN = 9,
	REASON_AA_COMPROMISE = 10,
	REASON_NONE = -1, /* no reason recorded; answered like unspecified (P-29) */
};

/* Absent times. */
#define TIME_NONE INT64_MIN

/* A serial number as the content octets of a minimal DER INTEGER (P-6). */
struct serial {
	uint8_t size; /* 1 … LIMIT_SERIAL */
	uint8_t octets[LIMIT_SERIAL];
};

/* What tells one hold of a certificate from another, in any history. */
struct hold {
	int64_t version; /* 0: there is none */
	int64_t revoked_at, invalidity_at;
};

/* One version of one certificate's state. Times are seconds since 1970 or TIME_NONE. */
struct cert_record {
	int32_t issuer; /* stillgood.issuer.id; small, positive */
	struct serial serial;
	int64_t version; /* per certificate, from 1, never goes back in one database history */
	enum cert_status status;
	enum revocation_reason reason;
	int64_t revoked_at; /* TIME_NONE exactly where not status_says_revoked() */
	int64_t invalidity_at;
	int64_t not_after; /* TIME_NONE: not known */
	struct hold ended; /* that was released or withdrawn last; only loads say so */
	bool hashed; /* the certificate's own hash is recorded; only lookups say so */
	/* Another hold was remembered, which the history that has this one has lost; only the revoked set says so. */
	bool covers;
};

/* What the database knows of one issuer, besides its certificate. */
struct issuer_record {
	int32_t id;
	char name[LIMIT_ISSUER_NAME + 1]; /* what [issuer "NAME"] and --issuer say */
	int64_t version;
	int64_t revoked_at; /* TIME_NONE: not revoked; else all its certificates are (P-34) */
	enum revocation_reason reason;
	/* As of when, and until when, its CRLs prove that what none of them lists is not revoked. TIME_NONE
	 * (both): nothing does. */
	int64_t crl_from, crl_until;
	/* Of answers that were signed beforehand: how often they have changed; and when the one that ends first
	 * began and ends. TIME_NONE (both): there is none. */
	int32_t presigned;
	int64_t presigned_from, presigned_until;
};

/* 0, or -EINVAL for anything but a minimal DER INTEGER's content of 1 … LIMIT_SERIAL octets. */
must_check int serial_set(struct serial *ret, struct view octets);

static inline struct view serial_view(const struct serial *serial)
{
	return view_of(serial->octets, serial->size);
}

/* A set first bit, which is a negative number; or 8 octets and more that are all of them characters of
 * a written number. As in the database: stillgood.serial_is_wrong(). */
bool serial_is_wrong(const struct serial *serial, bool hashed);

static inline bool status_says_revoked(enum cert_status status)
{
	return status != CERT_GOOD && status != CERT_WITHDRAWN;
}

/* Does an answer rest on this row? Not where it was withdrawn; nor where its serial is wrong and it
 * would be good: nobody has issued that number (P-6). */
bool record_counts(const struct cert_record *record);

/* RFC 5280's name ("keyCompromise") or NULL; and back: 0 or -EINVAL, case does not matter.
 * removeFromCRL(8) and 7 have no name: they are no state of a certificate. */
const char *reason_name(enum revocation_reason reason);
must_check int reason_parse(struct view name, enum revocation_reason *ret);
