#include "signer/sign_wait.h"

#include "base/clock.h"
#include "signer/credential_parts.h"

#include <poll.h>

/* One signature at a time, so that one number is enough. */
#define ONLY_ID 1u

struct awaited {
	bool came;
	struct buffer signature; /* empty: the token could not */
};

static void on_signed(void *context, struct token *token, uint64_t id, struct view signature)
{
	struct awaited *awaited = context;
	(void)token;
	if (id != ONLY_ID)
		return;
	awaited->came = true;
	buffer_put_view(&awaited->signature, signature);
}

/* False: it said nothing in time, or has gone. */
static bool wait_for_token(struct token *token, int64_t patience_us, struct awaited *awaited)
{
	struct moment now = clock_now();
	int64_t end_us = now.mono_us + patience_us;
	for (; !awaited->came && token->fd >= 0 && now.mono_us < end_us; now = clock_now()) {
		struct pollfd polled = {.fd = token->fd, .events = POLLIN};
		int rest = (int)((end_us - now.mono_us) / MILLISECOND_US) + 1;
		if (poll(&polled, 1, rest) > 0)
			token_receive(token, clock_now().mono_us, on_signed, awaited);
	}
	return awaited->came && awaited->signature.size > 0;
}

static int sign_elsewhere(const struct sign_outcome *outcome, int64_t patience_us,
			  struct buffer *out, const char **reason)
{
	struct responder *r = outcome->responder;
	struct awaited awaited = {0};
	*reason = "its token cannot be used now";
	int result = SIGN_LATER;
	if (token_ask(r->token, r->token_key, ONLY_ID, outcome->message, clock_now().mono_us) &&
	    wait_for_token(r->token, patience_us, &awaited)) {
		*reason = NULL;
		result = sign_finish(r, outcome->message, buffer_view(&awaited.signature), out,
				     reason);
	}
	buffer_deinit(&awaited.signature);
	return result;
}

int sign_wait(struct credential *credential, const struct message_sign *job, int64_t now,
	      int64_t patience_us, struct buffer *out, struct sign_outcome *ret)
{
	for (unsigned i = 0; i < credential->count; i++)
		responder_follow(&credential->responders[i]);
	int result = sign_job(credential, job, now, out, ret);
	if (result != SIGN_ELSEWHERE)
		return result;
	return sign_elsewhere(ret, patience_us, out, &ret->reason);
}
