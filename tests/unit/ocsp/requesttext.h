/* Requests as text (dertext.h), and what the parser makes of them. */
#pragma once

#include "dertext.h"
#include "ocsp/request.h"

#define OID_SHA1_TEXT "06{2b0e03021a}"
#define OID_SHA256_TEXT "06{608648016503040201}"
#define OID_NONCE_TEXT "06{2b0601050507300102}"
#define OID_BASIC_TEXT "06{2b0601050507300101}"

#define CERTID_OF(algorithm, name_hash, key_hash, serial) \
	"30{30{" algorithm "}04{" name_hash "}04{" key_hash "}02{" serial "}}"
#define CERTID_SERIAL(serial) CERTID_OF(OID_SHA1_TEXT "0500", "11*20", "22*20", serial)
#define CERTID CERTID_SERIAL("2a")
#define SINGLE "30{" CERTID "}"
/* requestList's content, and what follows it within tbsRequest */
#define REQUEST(singles, rest) "30{30{30{" singles "}" rest "}}"
#define PLAIN_REQUEST REQUEST(SINGLE, "")
#define EXTENSION(oid, value) "30{" oid "04{" value "}}"
#define CRITICAL_EXTENSION(oid, value) "30{" oid "0101ff 04{" value "}}"
#define WITH_EXTENSIONS(extensions) REQUEST(SINGLE, "a2{30{" extensions "}}")
#define WITH_SINGLE_EXTENSIONS(extensions) REQUEST("30{" CERTID "a0{30{" extensions "}}}", "")
#define OID_UNKNOWN_TEXT "06{2a03040506}"

static const struct ocsp_request_policy usual_policy = {
	.most_certids = LIMIT_CERTIDS,
	.critical = OCSP_CRITICAL_REFUSE,
};

struct parsed {
	struct view der;
	int result;
	struct ocsp_request request;
};

static inline void parsed_deinit(struct parsed *parsed)
{
	der_text_free(&parsed->der);
}

static inline struct parsed parse_with(const char *text, const struct ocsp_request_policy *policy)
{
	struct parsed parsed = {.der = der_text(text)};
	parsed.result = ocsp_request_parse(parsed.der, policy, &parsed.request);
	return parsed;
}

#define PARSED(name, text) \
	cleanup(parsed_deinit) struct parsed name = parse_with(text, &usual_policy)

#define assert_malformed(text)                                       \
	do {                                                         \
		PARSED(malformed_, text);                            \
		assert_int_equal(malformed_.result, OCSP_MALFORMED); \
	} while (0)

#define assert_accepted(text)                          \
	do {                                           \
		PARSED(accepted_, text);               \
		assert_int_equal(accepted_.result, 0); \
	} while (0)
