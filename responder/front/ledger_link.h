/* The messages to and from the ledger: questions go out, what comes goes to the answers in order. */
#pragma once

#include "front/answers.h"
#include "room/room.h"

struct ledger_link;

/* 0 or -ENOMEM. */
must_check int ledger_link_new(struct shell *shell, struct ledger_link **ret);
void ledger_link_free(struct ledger_link *link);
DEFINE_CLEANUP(struct ledger_link, ledger_link_free)

/* answers_ops.query */
bool ledger_link_query(struct ledger_link *link, const struct message_query *question);
/* 0 or -EBADMSG. */
must_check int ledger_link_frame(struct ledger_link *link, struct answers *answers, uint8_t type,
				 struct view payload);
