/* The form that the page has, as a browser sends it (multipart/form-data, RFC 7578). Strict and bounded: what
 * two readers could understand differently is refused. Pure; views point into the body. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

struct form {
	struct view certificate; /* a file's octets; data NULL: the form had none */
	struct view issuer, serial; /* the same */
};

/* 0, or -EINVAL: it is no such form. */
must_check int form_read(struct view content_type, struct view body, struct form *ret);

/* What an instance is to be asked (tool/explain_words.h): the certificate where one was chosen, else issuer
 * and serial number. 0 or -errno, with a fault that a person is told. */
must_check int form_words(const struct form *form, struct buffer *out, struct fault *fault);
