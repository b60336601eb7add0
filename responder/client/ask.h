/* `ask`: an OCSP client for people and monitors. It prints only what is proven; everything else is
 * "no authentic answer". */
#pragma once

#include "client/ocsp_client.h"

enum ask_form { ASK_TEXT, ASK_JSON, ASK_PROMETHEUS };

/* What is wished; everything is borrowed. */
struct ask_wish {
	char *const *paths; /* of certificates; "-": standard input */
	int path_count;
	const char *serials; /* "0A:BC,0A:BD" or NULL */
	const char *issuer; /* file of the CA's certificate, or of several */
	const char *url; /* NULL: where the certificates say */
	const char *respout, *reqout; /* files for what came and what was sent, or NULL */
	const char *hash_name;
	const EVP_MD *hash; /* of the CertIDs */
	enum ocsp_nonce nonce;
	bool get;
	int64_t timeout_us, skew_us;
	enum ask_form form;
	bool verbose;
};

/* The status of one certificate, or of the worst of all, as an exit status. */
enum ask_status { ASK_GOOD = 0, ASK_REVOKED = 3, ASK_UNKNOWN = 4, ASK_NO_ANSWER = 5 };

/* Asks, verifies, reports. The exit status, or a negative result (STATUS_USAGE too) with a fault. */
must_check int ask(const struct ask_wish *wish, struct fault *fault);
