/* One request, one reply: what a whole HTTP request asks for and what is put into the turn for it. */
#pragma once

#include "front/front.h"

/* A positive result: the reply comes later, through ops.deliver() and exchange_deliver(). */
#define EXCHANGE_WAITING 1

/* 0: the reply is in the front's turn. */
must_check int exchange(struct front *front, const struct http_request *request, struct view body,
			struct flight_waiter *waiter, const struct moment *now,
			struct reply_style *style);
/* Puts an answer to who waited; `request` is looked at for its method and conditions. */
void exchange_deliver(struct front *front, const struct http_request *request,
		      struct flight_waiter *waiter, const struct answer *answer,
		      const struct moment *now, const struct reply_style *style);
/* Puts an OCSP error of our own making, whatever the request is. */
void exchange_error(struct front *front, const struct http_request *request,
		    enum ocsp_result result, const struct moment *now, struct reply_style *style);
/* Puts a refusal by HTTP status; the connection is to be closed. */
void exchange_refuse(struct front *front, int status, const struct moment *now);
