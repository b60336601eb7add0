/* Issuers that are known by their CRLs (complete = no): do these prove anything now, and for how long? A condition
 * before they end, another from then on (base/alarms.h). What is answered the verdict alone decides. */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "ledger/issuers.h"

struct ledger;

enum crl_state {
	CRL_UNNEEDED, /* nothing depends on CRLs */
	CRL_VALID,
	CRL_ENDING, /* soon, and the next one is not there */
	CRL_LAPSED, /* nothing is good but by the next one */
	CRL_MISSING, /* nor was it before */
};

must_check int crls_init(struct ledger *l);
void crls_deinit(struct ledger *l);
/* When it is due, or something has changed. */
void crls_look(struct ledger *l, struct moment now);
/* Monotonic; INT64_MAX: when something changes. */
int64_t crls_next(const struct ledger *l);
/* As it was when it was looked at. */
enum crl_state crls_state(const struct ledger *l, unsigned section);
/* Another number whenever one of them is another. */
uint64_t crls_news(const struct ledger *l);
/* The section is gone. */
void crls_forget(struct ledger *l, const char *issuer);
/* For the status: a list of those that have CRLs or need them, and how many more there are. */
void crls_put(const struct ledger *l, struct buffer *out);
