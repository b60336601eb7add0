/* From when to when an answer counts, decided with the verdict and carried whole to every cache (P-23,
 * P-27, P-28):
 *
 *   thisUpdate ≤ producedAt          refresh_at     serve_until ≤ nextUpdate
 *      │ proven     │ signed             │ replaced      │ said no more
 *   ───┴────────────┴────────────────────┴───────────────┴──────────────▶
 *
 * nextUpdate is the signed promise (P-27); serve_until is when the verdict may be another one without
 * that anything is purged (P-23): the certificate ends under `expired = unauthorized`, or a serial
 * without a row is issued. */
#pragma once

#include "ledger/question.h"

enum times {
	TIMES_RIGHT,
	TIMES_STALE, /* nothing is left to sign: newer evidence would help */
	/* It would not: the database's clock is behind ours by the whole validity. */
	TIMES_NEVER,
};
/* Sets the question's times by its verdicts; `final`: all are revoked for good. */
enum times times_decide(const struct ledger *l, struct question *q, bool final, struct moment now);
/* Of what was signed: from when on no cache may say it (P-23), and when it is to be asked for anew. */
void times_of_answer(const struct ledger *l, const struct question *q, struct answer_label *label);
