/* `issuer add` in parts: the name of an issuer, and what is told of each certificate. */
#pragma once

#include "base/limits.h"
#include "cli/connect.h"
#include "ocsp/certificate.h"

#include <json-c/json.h>

/* `wanted`, or NULL: the subject's name, with digits of the key identifier where another issuer has
 * that. 0, -EINVAL, -EEXIST with a fault. */
must_check int issuer_choose_name(struct database *database, const char *wanted,
				  const struct certificate *certificate,
				  char name[LIMIT_ISSUER_NAME + 1], struct fault *fault);

/* Appends one outcome, to which a caller may add members: added, unchanged, replaced, kept, learnt or
 * known. */
struct json_object *issuer_note_outcome(struct json_object *outcomes, const char *where,
					const char *name, int32_t id, const char *outcome);
void issuer_report(struct json_object *all, bool json);
