/* Who comes to the admin listener, over socket pairs, with this test as the warden. */
#include "unit.h"

#include "admin/visitors.h"
#include "made_conf.h"

#include <poll.h>
#include <sys/socket.h>

struct world {
	struct event_base *base;
	struct conf *conf;
	const struct conf *seen;
	struct window *window;
	struct visitors *visitors;
	struct hour *hour;
	int warden; /* our end of the stream */
	unsigned lost;
};

static void on_lost(void *context, const char *reason)
{
	struct world *w = context;
	(void)reason;
	w->lost++;
}

static void give_stream(struct world *w)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(window_connect(w->window, ends[0]), 0);
	w->warden = ends[1];
}

static int set_up(void **state)
{
	static const struct window_ops ops = {.lost = on_lost};
	struct world *w = calloc(1, sizeof(*w));
	w->base = event_base_new();
	w->conf = made_conf(CONF_ADMIN,
			    "[server]\nadmin_hosts = ocsp1\n" MADE_DATABASE MADE_ISSUER("A"));
	w->seen = w->conf;
	assert_int_equal(window_new(w->base, &ops, w, &w->window), 0);
	assert_int_equal(hour_new(&w->hour), 0);
	assert_int_equal(visitors_new(w->base, &w->seen, w->window, w->hour, &w->visitors), 0);
	give_stream(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	visitors_free(w->visitors);
	window_free(w->window);
	hour_free(w->hour);
	close(w->warden);
	conf_free(w->conf);
	event_base_free(w->base);
	free(w);
	return 0;
}

static int visit(struct world *w, const char *request)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	visitors_admit(w->visitors, ends[0]);
	if (request)
		assert_int_equal(send(ends[1], request, strlen(request), MSG_NOSIGNAL),
				 strlen(request));
	return ends[1];
}

static void turn(struct world *w)
{
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static bool readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	return poll(&poll_fd, 1, 1) == 1;
}

/* The whole reply, once the other side has ended. */
static const char *reply(struct world *w, int fd)
{
	static char text[65536];
	size_t size = 0;
	while (size < sizeof(text) - 1) {
		turn(w);
		if (!readable(fd))
			continue;
		ssize_t got = recv(fd, text + size, sizeof(text) - 1 - size, 0);
		if (got <= 0)
			break;
		size += (size_t)got;
	}
	text[size] = '\0';
	close(fd);
	turn(w);
	return text;
}

static void expect(struct world *w, const char *request, const char *status)
{
	const char *text = reply(w, visit(w, request));
	char line[64];
	(void)snprintf(line, sizeof(line), "HTTP/1.1 %s\r\n", status);
	if (strncmp(text, line, strlen(line)) != 0)
		fail_msg("%s gave %s", request, text);
}

/* The line that the warden is asked. */
static const char *asked(struct world *w)
{
	static char line[1024];
	while (!readable(w->warden))
		turn(w);
	ssize_t got = recv(w->warden, line, sizeof(line) - 1, 0);
	assert_true(got > 0);
	line[got] = '\0';
	return line;
}

static void tell(struct world *w, const char *document)
{
	assert_int_equal(send(w->warden, document, strlen(document), MSG_NOSIGNAL),
			 strlen(document));
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

static void what_needs_no_warden_is_answered_at_once(void **state)
{
	struct world *w = *state;
	const char *text = reply(w, visit(w, GET("/healthz")));
	assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(strstr(text, "\r\nContent-Security-Policy: default-src 'none'"));
	assert_non_null(strstr(text, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(text, "\r\n\r\nok\n"));
	text = reply(w, visit(w, "HEAD /healthz HTTP/1.1\r\nHost: [::1]\r\n\r\n"));
	assert_non_null(strstr(text, "\r\nContent-Length: 3\r\n"));
	assert_null(strstr(text, "ok\n"));
	assert_int_equal(visitors_counts(w->visitors).open, 0);
}

static void what_is_not_allowed_is_refused(void **state)
{
	struct world *w = *state;
	expect(w, GET("/etc/passwd"), "404 Not Found");
	expect(w, "POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "405 Method Not Allowed");
	expect(w, "PUT /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "405 Method Not Allowed");
	expect(w, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421 Misdirected Request");
	expect(w, "GET /healthz HTTP/1.1\r\nHost: ocsp1:9180\r\n\r\n", "200 OK");
	expect(w, "GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	       "400 Bad Request");
	expect(w, "GET /healthz HTTP/1.1\r\n\r\n", "400 Bad Request");
	expect(w, "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request");
	expect(w, "GET /healthz HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", "400 Bad Request");
	expect(w, "POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20000\r\n\r\n",
	       "413 Content Too Large");
	assert_int_equal(visitors_counts(w->visitors).open, 0);
	assert_true(visitors_counts(w->visitors).refused >= 8);
}

static void a_head_without_end_is_refused_at_its_limit(void **state)
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer request = {0};
	buffer_put_string(&request, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ");
	while (request.size < LIMIT_HTTP_HEAD + 10)
		buffer_put_u8(&request, 'x');
	buffer_put_u8(&request, '\0');
	expect(w, (const char *)request.data, "431 Request Header Fields Too Large");
}

static void the_warden_is_asked_once_for_all_who_wait(void **state)
{
	struct world *w = *state;
	int first = visit(w, GET("/readyz")), second = visit(w, GET("/readyz/A"));
	assert_string_equal(asked(w), "status\n");
	for (int i = 0; i < 10; i++)
		turn(w);
	assert_false(readable(w->warden));
	tell(w, "{\"ready\":true,");
	turn(w);
	tell(w, "\"issuers\":[\"A\"]}\n");
	assert_non_null(strstr(reply(w, first), "HTTP/1.1 200 OK"));
	assert_non_null(strstr(reply(w, second), "HTTP/1.1 200 OK"));
	int third = visit(w, GET("/readyz"));
	assert_string_equal(asked(w), "status\n");
	tell(w, "{\"ready\":false,\"reason\":\"nothing works\"}\n");
	assert_non_null(strstr(reply(w, third), "\r\n\r\nnothing works\n"));
	assert_int_equal(w->lost, 0);
}

static void nonsense_from_the_warden_is_no_answer(void **state)
{
	struct world *w = *state;
	static const char *const documents[] = {"\n", "[]\n", "{\n", "null\n", "{\"ready\":true\n"};
	for (size_t i = 0; i < array_size(documents); i++) {
		int fd = visit(w, GET("/readyz"));
		(void)asked(w);
		tell(w, documents[i]);
		assert_non_null(strstr(reply(w, fd), "HTTP/1.1 504 "));
	}
}

static void a_visitor_who_leaves_is_forgotten(void **state)
{
	struct world *w = *state;
	int fd = visit(w, GET("/readyz"));
	(void)asked(w);
	visitors_close_doors(w->visitors);
	for (unsigned i = 0; i < LIMIT_ADMIN_CONNECTIONS; i++) /* the first one has to go */
		close(visit(w, NULL));
	assert_int_equal(visitors_counts(w->visitors).open, LIMIT_ADMIN_CONNECTIONS);
	tell(w, "{\"ready\":true}\n");
	assert_string_equal(reply(w, fd), "");
	while (visitors_counts(w->visitors).open > 0)
		turn(w);
}

static void one_more_takes_the_place_of_the_oldest(void **state)
{
	struct world *w = *state;
	int held[LIMIT_ADMIN_CONNECTIONS];
	for (unsigned i = 0; i < LIMIT_ADMIN_CONNECTIONS; i++)
		held[i] = visit(w, "GET /hea");
	turn(w);
	expect(w, GET("/healthz"), "200 OK");
	assert_string_equal(reply(w, held[0]), "");
	for (unsigned i = 1; i < LIMIT_ADMIN_CONNECTIONS; i++) {
		assert_false(readable(held[i]));
		close(held[i]);
	}
}

/* LIMIT_ADMIN_SECONDS, whatever arrives meanwhile: octets do not move it. */
static void a_trickle_is_cut_off(void **state)
{
	struct world *w = *state;
	int fd = visit(w, "GET /healthz HTTP/1.1\r\nX: ");
	unsigned sent = 0;
	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1 && visitors_counts(w->visitors).open > 0) {
		turn(w);
		(void)poll(NULL, 0, 100);
		sent++;
	}
	assert_true(sent > 1);
	assert_int_equal(visitors_counts(w->visitors).open, 0);
	close(fd);
}

static void a_lost_stream_is_told(void **state)
{
	struct world *w = *state;
	close(w->warden);
	while (w->lost == 0)
		turn(w);
	give_stream(w);
	int fd = visit(w, GET("/readyz"));
	assert_string_equal(asked(w), "status\n");
	tell(w, "{\"ready\":true}\n");
	assert_non_null(strstr(reply(w, fd), "200 OK"));
	tell(w, "unasked\n");
	while (w->lost == 1)
		turn(w);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_needs_no_warden_is_answered_at_once),
		TEST(what_is_not_allowed_is_refused),
		TEST(a_head_without_end_is_refused_at_its_limit),
		TEST(the_warden_is_asked_once_for_all_who_wait),
		TEST(nonsense_from_the_warden_is_no_answer),
		TEST(a_visitor_who_leaves_is_forgotten),
		TEST(one_more_takes_the_place_of_the_oldest),
		TEST(a_trickle_is_cut_off),
		TEST(a_lost_stream_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
