/* The reply of a server that may be anybody: strict framing, bounded head and body. */
#include "client/http_exchange.h"

#include "base/limits.h"

#include <ctype.h>

enum framing { FRAMING_TO_END, FRAMING_LENGTH, FRAMING_CHUNKED };

struct head {
	enum framing framing;
	size_t length; /* FRAMING_LENGTH */
	bool has_length;
};

void client_reply_deinit(struct client_reply *reply)
{
	buffer_deinit(&reply->body);
}

/* A line that ends with CRLF; false (and the cursor failed) if there is none. */
static bool take_line(struct cursor *c, struct view *ret)
{
	const uint8_t *end = c->rest.size ? memmem(c->rest.data, c->rest.size, "\r\n", 2) : NULL;
	if (!end) {
		cursor_fail(c);
		return false;
	}
	*ret = cursor_take(c, (size_t)(end - c->rest.data));
	(void)cursor_u16(c);
	return true;
}

static struct view trim(struct view text)
{
	while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = view_of(text.data + 1, text.size - 1);
	while (text.size > 0 &&
	       (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
		text.size--;
	return text;
}

/* Digits of this base only; more than `most` is refused. */
static int read_number(struct view text, unsigned base, size_t most, size_t *ret)
{
	size_t value = 0;
	if (text.size == 0)
		return -EBADMSG;
	for (size_t i = 0; i < text.size; i++) {
		int c = tolower(text.data[i]);
		unsigned digit = isdigit(c)             ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							: base;
		if (digit >= base)
			return -EBADMSG;
		value = value * base + digit;
		if (value > most)
			return -EMSGSIZE;
	}
	*ret = value;
	return 0;
}

static int read_header(struct view line, struct head *head, struct client_reply *reply)
{
	const uint8_t *colon = line.size ? memchr(line.data, ':', line.size) : NULL;
	if (!colon || colon == line.data)
		return -EBADMSG;
	struct view name = view_of(line.data, (size_t)(colon - line.data));
	struct view value = trim(view_of(colon + 1, line.size - name.size - 1));
	if (view_equal_nocase(name, view_of_string("Content-Length"))) {
		if (head->has_length)
			return -EBADMSG;
		head->has_length = true;
		if (head->framing == FRAMING_TO_END)
			head->framing = FRAMING_LENGTH;
		return read_number(value, 10, LIMIT_RESPONSE, &head->length);
	}
	if (view_equal_nocase(name, view_of_string("Transfer-Encoding"))) {
		if (!view_equal_nocase(value, view_of_string("chunked")))
			return -EBADMSG;
		head->framing = FRAMING_CHUNKED;
	}
	if (view_equal_nocase(name, view_of_string("Content-Type"))) {
		size_t size = value.size < sizeof(reply->content_type)
				      ? value.size
				      : sizeof(reply->content_type) - 1;
		memcpy(reply->content_type, value.data, size);
		reply->content_type[size] = '\0';
	}
	return 0;
}

static int read_status_line(struct view line, unsigned *ret)
{
	struct cursor c = cursor_of(line);
	struct view version = cursor_take(&c, 9), digits = cursor_take(&c, 3);
	size_t status;
	if (c.failed || (memcmp(version.data, "HTTP/1.0 ", 9) != 0 &&
			 memcmp(version.data, "HTTP/1.1 ", 9) != 0))
		return -EBADMSG;
	if (read_number(digits, 10, 999, &status) < 0 || (c.rest.size > 0 && c.rest.data[0] != ' '))
		return -EBADMSG;
	*ret = (unsigned)status;
	return 0;
}

/* The head must be there as a whole. */
static int read_head(struct cursor *c, struct head *head, struct client_reply *reply)
{
	struct view line = {0};
	unsigned count = 0;
	int result = take_line(c, &line) ? read_status_line(line, &reply->status) : -EBADMSG;
	while (result == 0 && take_line(c, &line) && line.size > 0) {
		if (++count > LIMIT_HTTP_HEADERS)
			return -EMSGSIZE;
		result = read_header(line, head, reply);
	}
	/* Both a length and chunks: nobody knows where such a body ends. */
	if (result == 0 && head->has_length && head->framing == FRAMING_CHUNKED)
		return -EBADMSG;
	return result;
}

static int read_chunk_size(struct cursor *c, size_t *ret)
{
	struct view line = {0};
	if (!take_line(c, &line))
		return c->rest.size > LIMIT_HTTP_CHUNK_LINE ? -EBADMSG : CLIENT_REPLY_MORE;
	const uint8_t *extension = line.size ? memchr(line.data, ';', line.size) : NULL;
	if (extension)
		line.size = (size_t)(extension - line.data);
	return read_number(trim(line), 16, LIMIT_RESPONSE, ret);
}

static int read_chunks(struct cursor c, struct buffer *body)
{
	for (;;) {
		size_t size = 0;
		int result = read_chunk_size(&c, &size);
		if (result)
			return result;
		if (size == 0)
			return 0; /* trailers do not matter: the connection is closed */
		if (body->size + size > LIMIT_RESPONSE)
			return -EMSGSIZE;
		struct view data = cursor_take(&c, size), end = cursor_take(&c, 2);
		if (c.failed)
			return CLIENT_REPLY_MORE;
		if (memcmp(end.data, "\r\n", 2) != 0)
			return -EBADMSG;
		buffer_put_view(body, data);
	}
}

static int read_body(struct cursor c, const struct head *head, bool at_end, struct buffer *body)
{
	if (head->framing == FRAMING_CHUNKED)
		return read_chunks(c, body);
	if (head->framing == FRAMING_LENGTH) {
		if (c.rest.size < head->length)
			return CLIENT_REPLY_MORE;
		buffer_put(body, c.rest.data, head->length);
		return 0;
	}
	if (c.rest.size > LIMIT_RESPONSE)
		return -EMSGSIZE;
	if (!at_end)
		return CLIENT_REPLY_MORE;
	buffer_put_view(body, c.rest);
	return 0;
}

int client_reply_read(struct view bytes, bool at_end, struct client_reply *ret)
{
	struct head head = {.framing = FRAMING_TO_END};
	const void *end = bytes.size ? memmem(bytes.data, bytes.size, "\r\n\r\n", 4) : NULL;
	if (!end)
		return bytes.size > LIMIT_HTTP_HEAD ? -EMSGSIZE
		       : at_end                     ? -EBADMSG
						    : CLIENT_REPLY_MORE;
	struct cursor c = cursor_of(bytes);
	buffer_reset(&ret->body);
	int result = read_head(&c, &head, ret);
	if (result == 0)
		result = read_body(c, &head, at_end, &ret->body);
	if (result == CLIENT_REPLY_MORE && at_end)
		return -EBADMSG; /* cut off */
	return result ? result : buffer_result(&ret->body);
}
