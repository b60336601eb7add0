/* What is said to a running instance to have an answer explained (ledger_explain()), from what people hand
 * in: a certificate, or an issuer's name and a serial number as it was copied from anywhere. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* Of a certificate's DER. Appends a line without its end. 0, or -errno with a fault that says what is wrong
 * with it. */
must_check int explain_words_of_certificate(struct view der, struct buffer *out,
					    struct fault *fault);
must_check int explain_words_of_serial(struct view issuer, struct view serial, struct buffer *out,
				       struct fault *fault);
