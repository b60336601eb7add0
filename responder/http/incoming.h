/* One request as it arrives: the head, then the body, in whatever pieces. Pure. */
#pragma once

#include "http/chunked.h"
#include "http/request.h"

/* Unread octets of a connection; chunked bodies are decoded in place. */
struct input {
	uint8_t *data;
	size_t size;
};

/* Zero-initialise it for each request. The other fields are set once the head is complete. */
struct incoming {
	struct http_scan scan;
	size_t head_size; /* 0: the head is not complete */
	enum http_framing framing;
	uint32_t content_length;
	struct http_chunked chunked;
	bool wants_continue;
};

void input_drop(struct input *input, size_t size);

/* The request at the beginning of the input. 0: it is whole, and `request` and `body` point into the
 * input; HTTP_INCOMPLETE; or a refusal's status. Input of which no whole request could be taken is to
 * be given again, in front of what arrives next. */
must_check int incoming_take(struct incoming *incoming, struct input *input,
			     struct http_request *request, struct view *body);
/* The head is complete, the body is not. */
bool incoming_has_head(const struct incoming *incoming);
/* The client waits for 100 Continue: true once, and not if its body arrives already. */
bool incoming_wants_continue(struct incoming *incoming);
