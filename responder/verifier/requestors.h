/* Who may ask an issuer's responder by signed requests (P-15): CA certificates that requestors'
 * certificates must lead to, and perhaps a list of those that are allowed.
 *
 * Nothing is fetched: neither missing certificates nor revocation of the requestor's. */
#pragma once

#include "base/clock.h"
#include "conf/conf.h"

struct requestors;

/* Reads the files that the issuer names. The fault names the file, what is wrong and a remedy. 0 or
 * -errno. */
must_check int requestors_load(const struct conf_issuer *issuer, struct requestors **ret,
			       struct fault *fault);
void requestors_free(struct requestors *requestors);
DEFINE_CLEANUP(struct requestors, requestors_free)

/* A whole OCSPRequest. OCSP_SUCCESSFUL: signed by somebody who may ask; OCSP_MALFORMED_REQUEST;
 * OCSP_UNAUTHORIZED, with a reason (static storage). `now`: seconds since 1970. */
enum ocsp_result requestors_judge(const struct requestors *requestors, struct view request,
				  int64_t now, const char **reason);
