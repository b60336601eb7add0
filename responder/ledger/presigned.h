/* Answers that were signed beforehand, where an issuer's section says source = presigned. What is true is decided
 * as always; in a signer's place an answer is fetched from the database, proven, and given out as it is, unless
 * what was decided is stricter. */
#pragma once

#include "db/stored.h"
#include "ledger/question.h"

must_check int presigned_init(struct ledger *l);
void presigned_deinit(struct ledger *l);

/* ---- fetching ---- */

/* Can they be asked for now? */
bool presigned_possible(const struct ledger *l, struct moment now);
/* A batch of those that wait (QUESTION_FETCHING), while none is in flight. */
void presigned_send(struct ledger *l, struct moment now);
/* What came: marks the questions. */
void presigned_take(struct ledger *l, uint64_t batch, const struct db_stored_found *found,
		    size_t count);
void presigned_fail(struct ledger *l, uint64_t batch, struct moment now);
/* It does not wait any more. */
void presigned_leave(struct ledger *l, struct question *q);

/* ---- judging ---- */

/* May what came (MARK_SIGNED) be said? SUCCESSFUL: the question has what is delivered. Else its cause, and an
 * alarm where there is an answer that may not be said. */
enum ocsp_result presigned_judge(struct ledger *l, struct question *q, struct moment now);

/* ---- what lasts ---- */

/* Are any recorded for the issuer of this section? */
bool presigned_any(const struct ledger *l, unsigned section);
/* Now and then: do answers end soon? */
void presigned_look(struct ledger *l, struct moment now);
int64_t presigned_next(const struct ledger *l);
/* "recorded" and "first_end" of an issuer; NULL: its row is not known. */
void presigned_put_json(const struct issuer *issuer, struct buffer *out);
/* A member of the ledger's status: each issuer whose section says source = presigned. */
void presigned_status(const struct ledger *l, struct buffer *out);
/* Its alarms end; what is still so begins anew. */
void presigned_forget(struct ledger *l, const char *issuer);
