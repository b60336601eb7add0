/* The inside of a credential, for this room. */
#pragma once

#include "ocsp/issuer.h"
#include "signer/responder.h"

#define SIGNERS_HASH 32u

struct credential {
	struct certfile ca;
	struct ocsp_issuer issuer;
	unsigned count;
	struct responder responders[LIMIT_ISSUER_SIGNERS]; /* in order of preference */
	uint8_t signers[SIGNERS_HASH]; /* a hash of all of them: others have another one */

	struct tokens tokens; /* of a proof; of a signer they are its keyring's */

	/* What the configuration allows, in seconds. */
	int64_t validity, backdate;
	bool known_by_crl; /* complete = no */
	int64_t archive_cutoff; /* or ARCHIVE_CUTOFF_… */
	unsigned extensions; /* EXTENSION_BIT()s */
	bool answers_unknown_issuers; /* the default issuer's (P-22) */
	enum ocsp_responder_id responder_id;

	struct buffer data; /* reused for each ResponseData */
};
