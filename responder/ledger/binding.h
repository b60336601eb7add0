/* Whom a question is about, what its issuer's configuration makes of it, and under which key its answer is
 * shared. Done anew whenever something of an issuer may have changed. */
#pragma once

#include "ledger/question.h"

must_check int binding_init(struct ledger *l);
void binding_deinit(struct ledger *l);
/* The ledger's configuration is another one. */
void binding_configure(struct ledger *l);
/* Is this the section of all issuers that are not ours? It stays in its place. */
bool binding_is_of_unknown(const struct ledger *l, const struct conf_issuer *section);
/* OCSP_SUCCESSFUL, or what is answered at once. A signed request counts as verified here. */
enum ocsp_result binding_make(struct ledger *l, struct question *q, struct moment now);
/* The verifier is asked first (P-15). */
bool binding_wants_verifier(const struct question *q);
/* What only those may have who sign is stored here, where every question is judged, and by no front
 * and no HTTP cache (P-15). */
bool binding_is_shareable(const struct question *q);
