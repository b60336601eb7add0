/* What answers say besides the status (P-30). Only lookups bring it, the revoked set has no room for
 * it; so where the configuration wants it, a revoked certificate is looked up too. But no fact is
 * worth a revoked answer: while the database does not answer, that goes out without. */
#pragma once

#include "ledger/question.h"

/* Does the question's section want facts that only a lookup gives with a revoked answer? Good ones are
 * looked up in any case. */
bool extensions_wanted(const struct question *q);
/* Any that only a lookup gives, whatever the answer? */
bool extensions_configured(const struct conf_issuer *section);
/* Is a lookup worth while for them? `row`: that of the revoked set, or NULL. */
bool extensions_lacking(const struct entry *entry, const struct cert_record *row);
/* Keeps its own copy of those that are wanted. Without memory: none. */
void extensions_keep(struct entry *entry, const struct cert_facts *facts);
/* Those that go with the entry's verdict; they point into the entry and its issuer. */
struct cert_facts extensions_of(const struct entry *entry);
/* Was it decided without facts that the configuration wants, so that it is worth another try? */
bool extensions_missing(const struct question *q);
