/* Whose index.txt it is: an `openssl ca` keeps each certificate as newcerts/SERIAL.pem beside it, and
 * the signatures of a few prove the issuer. */
#pragma once

#include "cli/registry.h"

struct import_proof {
	const struct registry *registry;
	const struct registered *issuer;
	char folder[4000]; /* where the index is */
	uint64_t lines, proven, contradicted;
	struct fault contradiction; /* the first */
};

void import_proof_init(struct import_proof *proof, const char *index,
		       const struct registry *registry, const struct registered *issuer);
/* Looks at the certificate of some lines. */
void import_proof_line(struct import_proof *proof, const struct serial *serial, uint64_t line);
