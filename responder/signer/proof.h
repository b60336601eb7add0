/* What must hold before a key may answer for an issuer (P-35), and what is allowed but unwise
 * (P-39). */
#pragma once

#include "conf/finding.h"
#include "signer/certfile.h"

struct proof {
	const struct certfile *ca, *signer;
	EVP_PKEY *key;
	const char *key_path;
};

/* The CA signs itself: the same subject and the same key. */
bool proof_is_own(const struct proof *proof);
/* 0, or a negative result whose fault names the file, the reason and a remedy. Dates are not looked
 * at: they pass. */
must_check int proof_run(const struct proof *proof, struct fault *fault);
/* Adds what can be used but is unwise, or refused by the profile; without dates. */
void proof_advise(const struct proof *proof, struct findings *findings);
