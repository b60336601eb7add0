/* The fronts, and what goes to them: answers, purges and ticks, in one order (doc/design.md): every change is
 * purged everywhere before anybody is told that the data is newer, or of anything newer. */
#pragma once

#include "ipc/messages.h"

struct ledger;

must_check int fronts_init(struct ledger *l);
void fronts_deinit(struct ledger *l);
void fronts_attach(struct ledger *l, unsigned front);
void fronts_detach(struct ledger *l, unsigned front);
bool fronts_attached(const struct ledger *l, unsigned front);
/* What the frame holds, to one, or to all. */
void fronts_frame(struct ledger *l, unsigned front, uint8_t type);
void fronts_frame_all(struct ledger *l, uint8_t type);
void fronts_answer(struct ledger *l, unsigned front, const struct message_answer *m);
/* Also from what is stored here. A flood of them becomes one for everything. */
void fronts_purge(struct ledger *l, const struct message_purge *m);
void fronts_purge_all(struct ledger *l);
/* And of what an earlier ledger said, which may stay with them until there is evidence. */
void fronts_purge_former(struct ledger *l);
/* What was put off goes out. */
void fronts_flush(struct ledger *l);
void fronts_turn(struct ledger *l); /* a turn's end */
/* Up to when the data is proven, and until when answers may leave. */
void fronts_tick(struct ledger *l, int64_t evidence_us);
/* The same time again, by another configuration. */
void fronts_tick_again(struct ledger *l);
/* Until when what is asked can be proven by lookups (proving.h), monotonic; 0: it cannot. A turn's end. */
void fronts_live(struct ledger *l, int64_t until_us);
uint64_t fronts_purges(const struct ledger *l);
