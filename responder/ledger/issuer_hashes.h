/* What an issuer's row of the database says in CertIDs' terms: the hashes of its subject, of its key and of
 * further encodings of its name, and who it therefore is. */
#pragma once

#include "base/result.h"
#include "db/types.h"
#include "ocsp/issuer.h"

#define ISSUER_IDENTITY OCSP_ISSUER_IDENTITY

/* A further encoding of an issuer's subject (P-7). */
struct issuer_encoding {
	struct ocsp_issuer hashes;
	struct view name; /* DER, in the memory behind the encodings */
};

struct issuer_hashes {
	struct ocsp_issuer own; /* by the subject of its certificate */
	uint8_t identity[ISSUER_IDENTITY];
	struct issuer_encoding *encodings; /* followed by their names; or NULL */
	unsigned count;
};

/* 0; -EINVAL, with a fault, for a certificate that cannot be read or is not of the subject and the key that
 * the issuer was registered with; -ENOMEM, -EIO. `ret`, which starts as zeros, is to be released in any
 * case. */
must_check int issuer_hashes_read(const struct db_issuer *issuer, struct issuer_hashes *ret,
				  struct fault *fault);
void issuer_hashes_deinit(struct issuer_hashes *hashes);
