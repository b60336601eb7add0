/* `ask` in parts: what was asked for, and what is told of it. */
#pragma once

#include "client/ask.h"
#include "client/http_exchange.h"

struct asking {
	const struct ask_wish *wish;
	char url_text[2400];
	struct client_url url;
	struct ocsp_question question; /* its certificates and serials are owned here */
	char *names[LIMIT_CERTIDS]; /* of what is asked: "FILE", "FILE:LINE", "serial 0ABC" */
	struct buffer request;
	struct client_reply reply;
	int64_t verify_us;
	struct ocsp_answer answer;
};

/* Fills the question from certificates, serials and the issuer. 0, STATUS_USAGE or -errno with a
 * fault, as below. */
must_check int ask_load(struct asking *asking, struct fault *fault);
/* Finds the URL: the wished one, or that of the certificates. */
must_check int ask_locate(struct asking *asking, struct fault *fault);

/* Writes a whole file or none; what is no regular file is written to. No path: nothing. */
must_check int ask_write_file(const char *path, struct view bytes, struct fault *fault);

enum ask_status ask_status_of(const struct ocsp_finding *finding);
enum ask_status ask_status_worst(const struct asking *asking);
const char *ask_status_name(enum ask_status status);

/* Text, metrics, or one JSON document. `refused`: why there is no authentic answer at all, or NULL. */
void ask_report(const struct asking *asking, const struct fault *refused);
void ask_report_metrics(const struct asking *asking, bool proven);
