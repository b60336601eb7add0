/* What libcurl and we make of a server's answer (doc/faults.md rows 28, 32, 33): any octets, after which it closes. There
 * is one outcome, its fields are lines, its body is within the bound, and the next exchange goes as if nothing had
 * been; also where memory was refused, to libcurl and libevent too.
 *
 *   octet 0  FLAG_…;  then what the server says */
#include "alloc/refused.h"
#include "net/transfer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
#define BODY_MOST 512u
#define PATIENCE_US (INT64_C(120) * 1000000)

enum { FLAG_FIELDS = 1, FLAG_BODY = 2, FLAG_PURGE = 4 };

struct outcome {
	bool told, good;
	unsigned status;
	struct buffer body;
};

static struct world {
	int door;
	unsigned port;
	struct event_base *base;
	struct transfers *transfers;
	struct view answer;
	unsigned clients;
} w;

/* ---- the server ---- */

struct client {
	struct event *event;
	int fd;
	size_t size;
	char head[4096];
};

static void client_free(struct client *c)
{
	event_free(c->event);
	close(c->fd);
	free(c);
	w.clients--;
}

/* Says its word when it has read a head, and ends. */
static void on_client(evutil_socket_t fd, short what, void *context)
{
	OUTSIDE;
	struct client *c = context;
	(void)what;
	ssize_t got = recv(fd, c->head + c->size, sizeof(c->head) - 1 - c->size, 0);
	if (got > 0)
		c->size += (size_t)got;
	if (got > 0 && !strstr(c->head, "\r\n\r\n"))
		return;
	if (got > 0)
		(void)!send(fd, w.answer.data, w.answer.size, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	while (recv(fd, c->head, sizeof(c->head), MSG_DONTWAIT) > 0)
		; /* so that no reset destroys the answer */
	client_free(c);
}

static void on_door(evutil_socket_t fd, short what, void *context)
{
	OUTSIDE;
	struct client *c = calloc(1, sizeof(*c));
	(void)what;
	(void)context;
	CHECK(c);
	c->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c->fd < 0) { /* it has left */
		free(c);
		return;
	}
	w.clients++;
	c->event = event_new(w.base, c->fd, EV_READ | EV_PERSIST, on_client, c);
	CHECK(c->event && event_add(c->event, NULL) == 0);
}

static void begin(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);
	w.door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK(bind(w.door, (struct sockaddr *)&here, size) == 0 && listen(w.door, 16) == 0);
	CHECK(getsockname(w.door, (struct sockaddr *)&here, &size) == 0);
	w.port = ntohs(here.sin_port);
}

/* ---- an exchange ---- */

static void look_at_field(const char *text)
{
	CHECK(strlen(text) < TRANSFER_FIELD && !strpbrk(text, "\r\n"));
}

static void on_done(void *context, const struct transfer_reply *reply)
{
	OUTSIDE;
	struct outcome *o = context;
	CHECK(!o->told && reply->body.size <= BODY_MOST);
	o->told = true;
	o->good = !reply->reason;
	o->status = reply->status;
	CHECK(!reply->reason ||
	      (reply->reason[0] && strcmp(reply->reason, "it took too long") != 0));
	buffer_put_view(&o->body, reply->body);
	look_at_field(reply->etag);
	look_at_field(reply->last_modified);
	look_at_field(reply->location);
	(void)event_base_loopbreak(w.base);
}

/* 0, or it could not begin. */
static int exchange(uint8_t flags, struct outcome *ret)
{
	static const char *const fields[] = {"A: b", "C: d", NULL};
	char url[64];
	struct transfer *transfer;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/a", w.port);
	const struct transfer_request request = {
		.url = url,
		.method = flags & FLAG_PURGE ? "PURGE" : NULL,
		.fields = flags & FLAG_FIELDS ? fields : NULL,
		.body = view_of_string(flags & FLAG_BODY ? "[]" : ""),
		.most = BODY_MOST,
		.timeout_us = PATIENCE_US,
	};
	*ret = (struct outcome){.told = false};
	int result = INSIDE_RESULT(transfer_start(w.transfers, &request, on_done, ret, &transfer));
	while (result == 0 && !ret->told)
		CHECK(INSIDE_RESULT(event_base_loop(w.base, EVLOOP_ONCE)) == 0);
	return result;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->good == b->good && a->status == b->status &&
	       view_equal(buffer_view(&a->body), buffer_view(&b->body));
}

/* Once more, with all memory: as it was when there was enough. */
static void again(uint8_t flags, const struct outcome *first, bool lacked)
{
	static struct outcome with;
	struct outcome now;
	CHECK(exchange(flags, &now) == 0);
	if (!lacked) {
		CHECK(same(&now, first));
		buffer_deinit(&with.body);
		with = now;
		return;
	}
	CHECK(same(&now, &with));
	CHECK(!first->told || !first->good || same(first, &with));
	buffer_deinit(&now.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault fault = {""};
	struct outcome first = {.told = false};
	if (w.port == 0)
		begin();
	if (size == 0)
		return 0;
	w.answer = view_of(data + 1, size - 1);
	w.base = event_base_new();
	struct event *door = event_new(w.base, w.door, EV_READ | EV_PERSIST, on_door, NULL);
	CHECK(door && event_add(door, NULL) == 0);
	if (INSIDE_RESULT(transfers_new(w.base, NULL, view_of_string(""), &w.transfers, &fault)) ==
	    0) {
		CHECK(exchange(data[0], &first) == 0 || REFUSED);
		bool lacked = REFUSED;
		SERVE();
		again(data[0], &first, lacked);
		transfers_free(w.transfers);
	} else {
		CHECK(REFUSED && fault.text[0]);
	}
	while (w.clients > 0)
		CHECK(event_base_loop(w.base, EVLOOP_ONCE) == 0);
	event_free(door);
	event_base_free(w.base);
	buffer_deinit(&first.body);
	return 0;
}
