/* The channel to the ledger: questions go out, its messages come in and to the answers in order. */
#pragma once

#include "front/answers.h"

#include <event2/event.h>

struct ledger_link;

/* 0 or -ENOMEM. */
must_check int ledger_link_new(struct event_base *base, struct ledger_link **ret);
void ledger_link_free(struct ledger_link *link);
DEFINE_CLEANUP(struct ledger_link, ledger_link_free)

/* To be called before the first channel; `answers` must outlive the link. */
void ledger_link_set_answers(struct ledger_link *link, struct answers *answers);
/* A channel to a (new) ledger; the former one is closed. Takes the descriptor over. 0 or -errno. */
must_check int ledger_link_connect(struct ledger_link *link, int fd);
/* answers_ops.query */
bool ledger_link_query(struct ledger_link *link, const struct message_query *question);
