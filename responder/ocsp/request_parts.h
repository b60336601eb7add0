/* The parts of the request parser, each reading from a cursor with its sticky error. Private to
 * ocsp/. What they fill in means nothing if the cursor has failed. */
#pragma once

#include "ocsp/request.h"

/* certid.c */
void certid_read(struct cursor *c, struct ocsp_certid *ret);

/* extensions.c: the wrapper ([2] of the request, [0] of one of its CertIDs) is next. */
void request_extensions_read(struct cursor *c, const struct ocsp_request_policy *policy,
			     struct ocsp_request *request);
void single_extensions_read(struct cursor *c, const struct ocsp_request_policy *policy);

#define TAG_REQUEST_EXTENSIONS DER_CONTEXT_CONSTRUCTED(2)
#define TAG_SINGLE_EXTENSIONS DER_CONTEXT_CONSTRUCTED(0)
