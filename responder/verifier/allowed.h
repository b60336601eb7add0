/* The list of requestors that are allowed: a text file with one of them a line, as the SHA-256 of its
 * certificate (64 hexadecimal digits, colons allowed) or as its subject in the form of RFC 2253
 * (`openssl x509 -subject -nameopt RFC2253`). Blank lines and lines that begin with # are ignored. */
#pragma once

#include "base/result.h"

#include <openssl/x509.h>
#include <stdbool.h>

struct allowed;

/* 0 or -errno with a fault. */
must_check int allowed_load(const char *path, struct allowed **ret, struct fault *fault);
void allowed_free(struct allowed *allowed);
DEFINE_CLEANUP(struct allowed, allowed_free)

bool allowed_has(const struct allowed *allowed, X509 *certificate);
