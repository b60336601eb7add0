/* Applying what the database says; issuers by our numbers (issuers.h). Every change is purged everywhere
 * before anybody is told that the data is newer, and what is being said of it now is decided anew. */
#pragma once

#include "base/record.h"
#include "db/types.h"
#include "ledger/revoked.h"

struct ledger;

/* To the revoked set; purges what changed, counts and names what is refused. */
void changes_apply(struct ledger *l, const struct cert_record *record, enum revoked_source source);
void changes_apply_issuers(struct ledger *l, const struct db_issuer *issuers, size_t count);
/* Everything has come that came with them: what their CRLs prove counts. */
void changes_count_crls(struct ledger *l);
/* Its row cannot be understood. */
void changes_bad_issuer(struct ledger *l, int32_t database_id);
/* What is said of this certificate, or is known from lookups, counts no more. */
void changes_doubt(struct ledger *l, const struct cert_record *record);
/* Nor what is said of this issuer's, by our number. */
void changes_purge_issuer(struct ledger *l, int32_t issuer);
/* Nor of any. */
void changes_purge_all(struct ledger *l);
/* What the database tells cannot be believed; once until it has told everything anew. */
void changes_distrust(struct ledger *l, const char *format, ...) printf_like(2, 3);
/* What the journal is to remember goes out before any answer that rests on it (I-10). */
void changes_remember(struct ledger *l);
void changes_journal_alarm(struct ledger *l);
void certificate_alarm(struct ledger *l, const char *fact, const struct cert_record *record);
