/* What is found out about credentials that may be used all the same: each with the requirement that
 * names it, so that `check` and a profile can judge it by its kind and not by its words. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

enum finding_kind {
	FINDING_NO_NOCHECK, /* id-pkix-ocsp-nocheck is missing, or not 05 00 */
	FINDING_NO_KEY_USAGE, /* a delegate without the extension */
	FINDING_DELEGATE_IS_CA,
	FINDING_POLICIES,
	FINDING_CRL_POINTS,
	FINDING_ALTERNATIVE_NAMES,
	FINDING_NAME_CONSTRAINTS,
	FINDING_OWN_KEY_USAGE, /* the CA's own key, without digitalSignature */
	FINDING_WEAK_DIGEST, /* of the signature on the signer's certificate */
	FINDING_ENDS_SOON, /* no signer after this one */
	FINDING_EXPIRED, /* one of several */
	FINDING_CA_EXPIRED,
	FINDING_NOT_A_CA, /* by its basic constraints */
	FINDING_CA_ANSWERS, /* the CA's certificate has OCSPSigning without nocheck */
	FINDING_MORE_CERTIFICATES, /* in the file; the first is used */
	FINDING_OPEN_KEY, /* everybody may read it */
};

enum finding_severity {
	FINDING_WARNING, /* allowed, but unwise */
	FINDING_REFUSAL, /* forbidden by the profile */
};

struct finding {
	enum finding_kind kind;
	enum finding_severity severity;
	const char *requirement; /* "P-39"; static storage */
	char *text; /* "PATH: what" */
};

/* Zero-initialised it is empty. */
struct findings {
	size_t count;
	struct finding *all;
	bool failed; /* memory ran out: some are missing */
};

/* Adds a warning; one that is there already (of a CA with several signers) is not added again. */
void findings_add(struct findings *findings, enum finding_kind kind, const char *format, ...)
	printf_like(3, 4);
void findings_deinit(struct findings *findings);
/* Appends one line for each. */
void findings_print(const struct findings *findings, struct buffer *out);
