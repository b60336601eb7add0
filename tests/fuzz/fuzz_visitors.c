/* Who comes to the admin listener, from the octets of a request to those of the reply, with whatever document the warden
 * gives: a reply is whole and has its safety headers, and each visit ends. Without memory there is no reply, or one
 * that says that something is wrong, or the same (doc/faults.md row 28).
 *
 *   what the visitor sends  NUL  the document: to what is asked, and what the page remembers */
#include "admin/visitors.h"
#include "alloc/refused.h"
#include "made_conf.h"

#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* ---- a clock that stands still (base/clock.c is not linked) ---- */

struct moment clock_now(void)
{
	return (struct moment){.wall_us = INT64_C(1800000000) * SECOND_US,
			       .mono_us = 100000 * SECOND_US};
}

int64_t wall_seconds(int64_t wall_us)
{
	return wall_us / SECOND_US;
}

/* ---- the world ---- */

struct world {
	const struct conf *conf;
	struct event_base *base;
	struct window *window;
	struct visitors *visitors;
	struct hour *hour;
	int warden, visitor; /* our ends */
	bool lost; /* the process would end */
	struct view document;
	struct buffer reply;
};

static void on_lost(void *context, const char *reason)
{
	struct world *w = context;
	CHECK(reason);
	w->lost = true;
}

static void look(struct world *w)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *document = json_tokener_parse_ex(
		tokener, (const char *)w->document.data, (int)w->document.size);
	json_tokener_free(tokener);
	if (json_object_is_type(document, json_type_object))
		INSIDE(hour_take(w->hour, document, clock_now()));
	json_object_put(document);
}

/* False: there is no memory for all of it. */
static bool world_init(struct world *w)
{
	static const struct window_ops ops = {.lost = on_lost};
	static struct conf *conf;
	int ends[2] = {-1, -1};
	if (!conf)
		conf = made_conf(CONF_ADMIN, MADE_DATABASE MADE_ISSUER("A"));
	w->conf = conf;
	w->warden = w->visitor = -1;
	w->base = event_base_new();
	if (INSIDE_RESULT(window_new(w->base, &ops, w, &w->window)) < 0 ||
	    INSIDE_RESULT(hour_new(&w->hour)) < 0 ||
	    INSIDE_RESULT(visitors_new(w->base, &w->conf, w->window, w->hour, &w->visitors)) < 0)
		return false;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	w->warden = ends[1];
	if (INSIDE_RESULT(window_connect(w->window, ends[0])) < 0)
		return false;
	look(w);
	return !REFUSED;
}

static void world_deinit(struct world *w)
{
	visitors_free(w->visitors);
	window_free(w->window);
	hour_free(w->hour);
	if (w->warden >= 0)
		close(w->warden);
	if (w->visitor >= 0)
		close(w->visitor);
	event_base_free(w->base);
	buffer_deinit(&w->reply);
}

/* ---- what moves ---- */

/* Another question than with all memory has another answer. */
static bool warden_answers(struct world *w)
{
	static char asked[LIMIT_CONTROL_LINE + 1];
	char line[LIMIT_CONTROL_LINE + 1] = "";
	ssize_t got = recv(w->warden, line, sizeof(line), 0);
	if (got <= 0)
		return false;
	CHECK(line[got - 1] == '\n' && !memchr(line, '\n', (size_t)got - 1));
	bool same = memcmp(line, asked, sizeof(line)) == 0;
	if (!REFUSED)
		memcpy(asked, line, sizeof(line));
	const struct view parts[] = {REFUSED && !same ? view_of_string("{}") : w->document,
				     view_of("\n", 1)};
	for (size_t i = 0; i < array_size(parts); i++)
		(void)!send(w->warden, parts[i].data, parts[i].size, MSG_NOSIGNAL);
	return true;
}

static bool visitor_reads(struct world *w)
{
	uint8_t octets[16384];
	ssize_t got = recv(w->visitor, octets, sizeof(octets), 0);
	if (got > 0)
		buffer_put(&w->reply, octets, (size_t)got);
	return got > 0;
}

static void settle(struct world *w)
{
	for (unsigned still = 0; still < 3 && !w->lost; still++) {
		CHECK(INSIDE_RESULT(event_base_loop(w->base, EVLOOP_NONBLOCK)) >= 0);
		if (warden_answers(w) || visitor_reads(w))
			still = 0;
	}
}

static void visit(struct world *w, struct view octets)
{
	int ends[2];
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	w->visitor = ends[1];
	INSIDE(visitors_admit(w->visitors, ends[0]));
	while (octets.size > 0 && !w->lost) {
		ssize_t sent = send(w->visitor, octets.data, octets.size, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			break; /* it was told to go */
		if (sent > 0)
			octets = view_of(octets.data + sent, octets.size - (size_t)sent);
		settle(w);
	}
	(void)shutdown(w->visitor, SHUT_WR);
	settle(w);
	CHECK(w->lost || visitors_counts(w->visitors).open == 0);
}

/* ---- what holds ---- */

static const char *find(const struct buffer *reply, const char *text)
{
	return reply->size ? memmem(reply->data, reply->size, text, strlen(text)) : NULL;
}

static void forget_continue(struct buffer *reply)
{
	const size_t size = strlen(CONTINUE);
	if (reply->size < size || memcmp(reply->data, CONTINUE, size) != 0)
		return;
	memmove(reply->data, reply->data + size, reply->size - size);
	reply->size -= size;
}

static unsigned status_of(const struct buffer *reply)
{
	CHECK(reply->size > 12 && memcmp(reply->data, "HTTP/1.1 ", 9) == 0);
	unsigned status = 0;
	for (unsigned i = 9; i < 12; i++)
		status = status * 10 + reply->data[i] - '0';
	CHECK(status >= 200 && status < 600);
	return status;
}

static void look_at_reply(const struct buffer *reply)
{
	const char *head_end = find(reply, "\r\n\r\n");
	const char *length = find(reply, "\r\nContent-Length: ");
	if (reply->size == 0)
		return;
	(void)status_of(reply);
	CHECK(head_end && length && length < head_end);
	CHECK(find(reply, "\r\nContent-Security-Policy: default-src 'none'"));
	CHECK(find(reply, "\r\nCache-Control: no-store\r\n"));
	size_t body = reply->size - (size_t)(head_end + 4 - (const char *)reply->data);
	CHECK(body == 0 || body == strtoull(length + 18, NULL, 10));
}

/* The same visit comes again, then with memory refused. */
static void compare(const struct world *w)
{
	static struct buffer with;
	const struct buffer *reply = &w->reply;
	if (!REFUSED) {
		buffer_reset(&with);
		buffer_put_view(&with, buffer_view(reply));
		CHECK(buffer_result(&with) == 0);
		return;
	}
	CHECK(reply->size == 0 || status_of(reply) >= 500 ||
	      view_equal(buffer_view(reply), buffer_view(&with)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	SPARE((void (*)(
		void))json_tokener_parse_ex); /* without memory for a name it dies (json-c 0.16) */
	struct world w = {.document = view_of_string("{}")};
	struct view octets = view_of(data, end ? (size_t)(end - data) : size);
	if (end)
		w.document = view_of(end + 1, size - octets.size - 1);
	if (world_init(&w)) {
		visit(&w, octets);
		forget_continue(&w.reply);
		look_at_reply(&w.reply);
		compare(&w);
	} else {
		CHECK(REFUSED);
	}
	world_deinit(&w);
	return 0;
}
