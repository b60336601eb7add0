#include "http/incoming.h"

void input_drop(struct input *input, size_t size)
{
	input->data += size;
	input->size -= size;
}

/* Decodes what has arrived of a chunked body to behind the head; what follows moves up. */
static int collect_chunked(struct incoming *incoming, struct input *input)
{
	uint8_t *body = input->data + incoming->head_size;
	size_t raw_at = incoming->head_size + incoming->chunked.body_size;
	struct view raw = view_of(input->data + raw_at, input->size - raw_at);
	size_t used = 0;
	int result = http_chunked_decode(&incoming->chunked, raw, body, &used);
	if (result != 0 && result != HTTP_INCOMPLETE)
		return result;
	size_t left = raw.size - used;
	memmove(body + incoming->chunked.body_size, raw.data + used, left);
	input->size = incoming->head_size + incoming->chunked.body_size + left;
	return result;
}

/* 0: the whole body is in the input, behind the head. HTTP_INCOMPLETE or a refusal's status. */
static int collect_body(struct incoming *incoming, struct input *input, size_t *ret_size)
{
	int result = 0;
	switch (incoming->framing) {
	case HTTP_NO_BODY:
		*ret_size = 0;
		break;
	case HTTP_SIZED_BODY:
		*ret_size = incoming->content_length;
		if (input->size - incoming->head_size < incoming->content_length)
			result = HTTP_INCOMPLETE;
		break;
	case HTTP_CHUNKED_BODY:
		result = collect_chunked(incoming, input);
		*ret_size = incoming->chunked.body_size;
		break;
	}
	return result;
}

static void begin_body(struct incoming *incoming, const struct http_request *request,
		       const struct input *input)
{
	incoming->head_size = request->head_size;
	incoming->framing = request->framing;
	incoming->content_length = request->content_length;
	incoming->wants_continue = request->expect_continue && input->size == request->head_size;
}

/* A head whose body was not there with it is read a second time when it is: the octets may have
 * moved, and keeping what was read would cost every connection more than this does a few. */
int incoming_take(struct incoming *incoming, struct input *input, struct http_request *request,
		  struct view *body)
{
	bool again = incoming_has_head(incoming);
	int result = 0;
	if (!again) {
		result = http_request_parse(&incoming->scan, view_of(input->data, input->size),
					    request);
		if (result != 0)
			return result;
		begin_body(incoming, request, input);
	}
	size_t body_size = 0;
	result = collect_body(incoming, input, &body_size);
	if (result != 0)
		return result;
	if (again) {
		struct http_scan scan = {0};
		result = http_request_parse(&scan, view_of(input->data, input->size), request);
	}
	*body = view_of(input->data + incoming->head_size, body_size);
	return result;
}

bool incoming_has_head(const struct incoming *incoming)
{
	return incoming->head_size > 0;
}

bool incoming_wants_continue(struct incoming *incoming)
{
	bool wants = incoming->wants_continue;
	incoming->wants_continue = false;
	return wants;
}
