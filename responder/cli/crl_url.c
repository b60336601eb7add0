#include "cli/crl_url.h"

#include "base/clock.h"
#include "net/resolver.h"
#include "net/transfer.h"

#define PATIENCE_US (300 * SECOND_US)

struct fetching {
	struct event_base *base;
	const char *url, *proxy;
	struct buffer *out;
	struct fault *fault;
	int result;
};

static void base_freep(struct event_base **base)
{
	if (*base)
		event_base_free(*base);
}

static int judge(const struct fetching *fetching, const struct transfer_reply *reply)
{
	struct fault *fault = fetching->fault;
	if (reply->reason)
		return fault_set(fault, -EIO, "%s: %s", fetching->url, reply->reason);
	if (*reply->location && reply->status >= 300 && reply->status < 400)
		return fault_set(fault, -EIO, "%s: leads to %s, which was not asked for",
				 fetching->url, reply->location);
	if (reply->status != 200)
		return fault_set(fault, -EIO, "%s: the server says %u", fetching->url,
				 reply->status);
	buffer_put_view(fetching->out, reply->body);
	return buffer_result(fetching->out)
		       ? fault_set(fault, -ENOMEM, "%s: out of memory", fetching->url)
		       : 0;
}

static void done(void *context, const struct transfer_reply *reply)
{
	struct fetching *fetching = context;
	fetching->result = judge(fetching, reply);
	(void)event_base_loopbreak(fetching->base);
}

static int exchange(struct fetching *fetching, struct transfers *transfers, size_t most)
{
	const struct transfer_request request = {.url = fetching->url,
						 .proxy = fetching->proxy,
						 .most = most,
						 .timeout_us = PATIENCE_US};
	struct transfer *transfer = NULL;
	int result = transfer_start(transfers, &request, done, fetching, &transfer);
	if (result)
		return fault_set(
			fetching->fault, result,
			"%s: only http is spoken here, without a password: a CRL is signed",
			fetching->url);
	(void)event_base_dispatch(fetching->base);
	return fetching->result;
}

int crl_url_fetch(const char *url, const char *proxy, size_t most, struct buffer *out,
		  struct fault *fault)
{
	cleanup(base_freep) struct event_base *base = event_base_new();
	cleanup(resolver_freep) struct resolver *resolver = NULL;
	cleanup(transfers_freep) struct transfers *transfers = NULL;
	struct fetching fetching = {.base = base,
				    .url = url,
				    .proxy = proxy,
				    .out = out,
				    .fault = fault,
				    .result = -EIO};
	int result = base ? resolver_new(base, &resolver) : -ENOMEM;
	if (result)
		return fault_set(fault, result, "%s: cannot resolve names: %s", url,
				 strerror(-result));
	result = transfers_new(base, resolver, (struct view){0}, &transfers, fault);
	return result ? result : exchange(&fetching, transfers, most);
}
