/* Certificate files. Every fault reads "PATH: what; what to do". */
#pragma once

#include "base/limits.h"
#include "base/result.h"
#include "ocsp/certificate.h"

#include <openssl/x509.h>

/* One certificate: its octets exactly as they stand in the file, and two readings of them. */
struct certfile {
	const char *path; /* borrowed */
	uint8_t *der;
	size_t size;
	struct certificate slices; /* point into `der` */
	X509 *x509;
	bool more; /* the file goes on after it, for example with its chain */
};

/* The first certificate of a PEM file, or a DER file. 0 or -errno. */
must_check int certfile_load(struct certfile *ret, const char *path, struct fault *fault);
/* One that something else held, as DER: a copy. */
must_check int certfile_take(struct certfile *ret, const char *path, struct view der,
			     struct fault *fault);
/* The certificates of a PEM file, in its order; more than `most` is an error. 0 or -errno; certificates
 * are the caller's on success only. */
must_check int certfile_load_all(struct certfile *ret, unsigned most, unsigned *ret_count,
				 const char *path, struct fault *fault);
void certfile_deinit(struct certfile *file);
struct view certfile_der(const struct certfile *file);

/* OpenSSL's own words for what went wrong last; empties its error queue. Static storage. */
const char *openssl_reason(void);
