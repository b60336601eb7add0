/* stillgood.crl_scope: the latest CRL of each part of an issuer's certificates, and with it how long absence
 * proves something. */
#pragma once

#include "cli/connect.h"
#include "cli/crl_input.h"
#include "cli/crl_sequence.h"

struct crl_scope {
	char issuer[16]; /* its id as text */
	char *name; /* SHA-256 of the issuingDistributionPoint, or no octets, as text of a bytea */
	struct crl_known known;
	bool proves_absence; /* the last one did */
	struct buffer number, full_number, sha256; /* what `known` points into */
};

/* Of this CRL's scope, under a lock until the transaction ends: two imports for one issuer come one after the
 * other. */
must_check int crl_scope_lock(struct database *database, const struct crl_input *input,
			      struct crl_scope *ret, struct fault *fault);
void crl_scope_deinit(struct crl_scope *scope);

/* The CRL's id in stillgood.crl, as text. */
must_check int crl_scope_name(struct database *database, const struct crl_input *input,
			      const struct crl_scope *scope, char ret[16], struct fault *fault);
/* It is the latest now. */
must_check int crl_scope_record(struct database *database, const struct crl_input *input,
				const struct crl_scope *scope, const char *crl, bool proves_absence,
				struct fault *fault);
/* Whether absence proves something now; if not, or not any more, why. */
must_check int crl_scope_proves(struct database *database, const struct crl_scope *scope,
				bool *ret_proves, struct fault *why, struct fault *fault);
