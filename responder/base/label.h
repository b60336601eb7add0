/* What is written on a ready answer: of whom it is, what it says, and how long it may be said. It
 * travels and is stored as a whole, beside the octets of the OCSPResponse. */
#pragma once

#include <stdint.h>

/* CertStatus (RFC 6960, 4.2.1). The numbers go over channels. */
enum ocsp_status { OCSP_GOOD = 0, OCSP_REVOKED = 1, OCSP_UNKNOWN = 2 };

/* What the verdict knew and every cache must know too (P-23); bits. */
enum answer_trait {
	ANSWER_STICKY = 1, /* revoked on record: true however old the evidence is (I-3) */
	ANSWER_SHARED = 2, /* HTTP caches may keep it: no issuance overtakes it (P-50) */
	ANSWER_LIGHTWEIGHT = 4, /* its HTTP head and its replacement are RFC 9919's */
	/* P-49: good, and nothing else was ever said of this certificate in an answer that bears a
	 * Last-Modified: that date alone confirms what a client holds. */
	ANSWER_UNCHANGED = 8,
};
#define ANSWER_TRAITS 15

/* Times are seconds since 1970. */
struct answer_label {
	/* Names the certificate; opaque outside the ledger. Several keys (CertID hashes) may share
	 * it, but no more than a few. */
	uint64_t tag;
	int32_t issuer;
	enum ocsp_status status; /* of the first CertID */
	uint32_t traits; /* enum answer_trait, of all CertIDs */
	int64_t produced_at, this_update, next_update;
	/* From here on no cache says it, ours or HTTP's: by then time or an issuance may have
	 * overtaken it (P-23). Never after next_update. */
	int64_t serve_until;
	int64_t refresh_at; /* ask again from here on (P-28) */
};
