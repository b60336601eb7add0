/* The octets of CRLs: from files (DER, or PEM with any number of them), folders with all below them, http, or a
 * descriptor. They are read into memory, not mapped: what was verified must not change afterwards. */
#pragma once

#include "cli/import_report.h"
#include "cli/registry.h"
#include "ocsp/crl.h"

#define CRL_OCTETS_MOST ((size_t)1 << 30)

enum crl_fate {
	CRL_LEFT_OUT, /* a finding says why */
	CRL_HAD_BEFORE, /* there was nothing to do */
	CRL_TAKEN,
};

struct crl_input {
	char *place; /* "PATH", "PATH:LINE", a URL */
	struct buffer octets; /* what `crl` points into */
	struct crl crl;
	uint8_t sha256[32];
	const struct registered
		*issuer; /* of what crl_judge() found right in every way, and of nothing else */
	uint64_t entries;
	enum crl_fate fate;
	uint64_t imported, changed, released;
	bool proves_absence; /* all CRLs of the issuer together, after this one */
};

struct crl_inputs {
	struct crl_input *list;
	size_t count;
	const char *proxy; /* that URLs are fetched by, "http://HOST:PORT"; NULL: none */
};

void crl_inputs_deinit(struct crl_inputs *inputs);
/* A path or URL of an operator. What cannot be read is a finding of the report; a fault stops everything. */
must_check int crl_inputs_add(struct crl_inputs *inputs, const char *operand,
			      struct import_report *report, struct fault *fault);
must_check int crl_inputs_add_descriptor(struct crl_inputs *inputs, int fd, const char *origin,
					 struct import_report *report, struct fault *fault);
