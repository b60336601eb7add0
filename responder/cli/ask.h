/* `ask` in parts: what was asked for, and what is told of it. */
#pragma once

#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/ocsp_client.h"

struct asking {
	const struct command_line *line;
	char url_text[2400];
	struct client_url url;
	bool get;
	int64_t timeout_us, skew_us;
	struct ocsp_question question; /* its certificates and serials are owned here */
	char *names[LIMIT_CERTIDS]; /* of what is asked: "FILE", "FILE:LINE", "serial 0ABC" */
	struct buffer request;
	struct client_reply reply;
	int64_t verify_us;
	struct ocsp_answer answer;
};

/* Reads options, certificates and the URL. 0, STATUS_USAGE or -errno with a fault. */
must_check int ask_prepare(struct asking *asking, struct fault *fault);

/* The part of it that fills the question. */
must_check int ask_load(struct asking *asking, struct fault *fault);

/* Writes a whole file or none; what is no regular file is written to. */
must_check int ask_write_file(const char *path, struct view bytes, struct fault *fault);

/* The status of one certificate, or of the worst of all, as an exit status and as a word. */
enum ask_status { ASK_GOOD = 0, ASK_REVOKED = 3, ASK_UNKNOWN = 4, ASK_NO_ANSWER = 5 };
enum ask_status ask_status_of(const struct ocsp_finding *finding);
enum ask_status ask_status_worst(const struct asking *asking);
const char *ask_status_name(enum ask_status status);

/* Text, metrics, or one JSON document. `refused`: why there is no authentic answer at all, or NULL. */
void ask_report(const struct asking *asking, const struct fault *refused);
void ask_report_metrics(const struct asking *asking, bool proven);
