/* HTTP exchanges with a server that is as bad as servers are. */
#include "unit.h"

#include "net/resolver.h"
#include "net/transfer.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)
#define LONG (60 * SECOND)

/* ---- the server: a process that answers by the path ---- */

static void say(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

static void say_for_ever(int fd)
{
	static const char piece[4096];
	say(fd, "HTTP/1.1 200 OK\r\n\r\n");
	while (write(fd, piece, sizeof(piece)) > 0)
		;
}

/* What was asked, as the answer. */
static void echo(int fd, const char *head)
{
	char reply[8192];
	(void)snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		       strlen(head), head);
	say(fd, reply);
}

static void answer(int fd, const char *head)
{
	if (strstr(head, " /fields "))
		say(fd, "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nlast-modified:  then "
			"\r\nContent-Length: 2\r\n\r\nok");
	else if (strstr(head, " /odd-fields "))
		say(fd, "HTTP/1.1 200 OK\r\nETag: \"a\rX: y\"\r\nLast-Modified: a\x7f\r\n"
			"Location: http://127.0.0.1/\rX: y\r\nContent-Length: 2\r\n\r\nok");
	else if (strstr(head, " /redirect "))
		say(fd, "HTTP/1.1 302 Found\r\nLocation: "
			"http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n");
	else if (strstr(head, " /not-modified "))
		say(fd, "HTTP/1.1 304 Not Modified\r\n\r\n");
	else if (strstr(head, " /cut "))
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nless");
	else if (strncmp(head, "CONNECT ", 8) == 0)
		say(fd, "HTTP/1.1 403 Forbidden\r\nETag: \"b\"\r\nContent-Length: 0\r\n\r\n");
	else if (strstr(head, " /cut-head "))
		say(fd, "HTTP/1.1 200 OK\r\nContent-Le");
	else if (strstr(head, " /nonsense "))
		say(fd, "what?\r\n\r\n");
	else if (strstr(head, " /endless "))
		say_for_ever(fd);
	else if (strstr(head, " /silent "))
		(void)pause();
	else
		echo(fd, head);
}

static void serve_one(int fd)
{
	char head[4096];
	size_t size = 0;
	ssize_t got;
	while (size < sizeof(head) - 1 &&
	       (got = read(fd, head + size, sizeof(head) - 1 - size)) > 0) {
		size += (size_t)got;
		head[size] = '\0';
		if (strstr(head, "\r\n\r\n")) {
			answer(fd, head);
			break;
		}
	}
	_exit(0);
}

static _Noreturn void serve(int listening)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listening, NULL, NULL);
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve_one(fd);
		}
		close(fd);
	}
}

/* ---- the world ---- */

struct world {
	pid_t server;
	unsigned port;
	struct event_base *base;
	struct resolver *resolver;
	struct transfers *transfers;
	unsigned ended;
	unsigned status;
	char reason[200], body[4096], etag[100], last_modified[100], location[200];
};

static void take(void *context, const struct transfer_reply *reply)
{
	struct world *w = context;
	w->ended++;
	w->status = reply->status;
	(void)snprintf(w->reason, sizeof(w->reason), "%s", reply->reason ? reply->reason : "");
	(void)snprintf(w->body, sizeof(w->body), "%.*s", (int)reply->body.size,
		       (const char *)reply->body.data);
	(void)snprintf(w->etag, sizeof(w->etag), "%s", reply->etag);
	(void)snprintf(w->last_modified, sizeof(w->last_modified), "%s", reply->last_modified);
	(void)snprintf(w->location, sizeof(w->location), "%s", reply->location);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);
	struct fault fault;
	assert_non_null(w);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, size), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &size), 0);
	w->port = ntohs(here.sin_port);
	w->server = fork();
	if (w->server == 0)
		serve(fd);
	close(fd);
	w->base = event_base_new();
	assert_int_equal(resolver_new(w->base, &w->resolver), 0);
	assert_int_equal(
		transfers_new(w->base, w->resolver, (struct view){0}, &w->transfers, &fault), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	(void)unsetenv("http_proxy");
	(void)unsetenv("no_proxy");
	transfers_free(w->transfers);
	resolver_free(w->resolver);
	event_base_free(w->base);
	(void)kill(w->server, SIGKILL);
	(void)waitpid(w->server, NULL, 0);
	free(w);
	return 0;
}

static int start(struct world *w, const char *host, const char *path,
		 struct transfer_request request, struct transfer **ret)
{
	char url[300];
	(void)snprintf(url, sizeof(url), "http://%s:%u%s", host, w->port, path);
	request.url = url;
	if (!request.most)
		request.most = sizeof(w->body) - 1;
	if (!request.timeout_us)
		request.timeout_us = LONG;
	return transfer_start(w->transfers, &request, take, w, ret);
}

static void wait_until(struct world *w, unsigned ended)
{
	while (w->ended < ended)
		assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
}

static void get(struct world *w, const char *path)
{
	struct transfer *transfer;
	assert_int_equal(start(w, "127.0.0.1", path, (struct transfer_request){0}, &transfer), 0);
	wait_until(w, w->ended + 1);
}

/* ---- tests ---- */

static void what_was_asked_arrives(void **state)
{
	struct world *w = *state;
	struct transfer *transfer;
	static const char *const fields[] = {"X-Key: one, two", "Accept:", NULL};
	assert_int_equal(start(w, "127.0.0.1", "/a?b",
			       (struct transfer_request){.method = "PURGE", .fields = fields},
			       &transfer),
			 0);
	assert_int_equal(w->ended, 0);
	wait_until(w, 1);
	assert_string_equal(w->reason, "");
	assert_int_equal(w->status, 200);
	assert_non_null(strstr(w->body, "PURGE /a?b HTTP/1.1\r\n"));
	assert_non_null(strstr(w->body, "X-Key: one, two\r\n"));
	assert_null(strstr(w->body, "Accept"));
}

static void a_body_is_sent(void **state)
{
	struct world *w = *state;
	struct transfer *transfer;
	assert_int_equal(start(w, "127.0.0.1", "/",
			       (struct transfer_request){.body = view_of_string("{}")}, &transfer),
			 0);
	wait_until(w, 1);
	assert_non_null(strstr(w->body, "POST / HTTP/1.1\r\n"));
	assert_non_null(strstr(w->body, "Content-Length: 2\r\n"));
	assert_null(strstr(w->body, "Expect"));
}

static void names_are_resolved(void **state)
{
	struct world *w = *state;
	struct transfer *transfer;
	assert_int_equal(start(w, "localhost", "/", (struct transfer_request){0}, &transfer), 0);
	wait_until(w, 1);
	assert_string_equal(w->reason, "");
	assert_int_equal(
		start(w, "no-such-host.invalid", "/", (struct transfer_request){0}, &transfer), 0);
	wait_until(w, 2);
	assert_true(w->reason[0]);
}

/* The proxy looks the server's name up, which nobody here knows; its own is looked up here. Whatever the environment says. */
static void who_is_asked_may_be_a_proxy(void **state)
{
	struct world *w = *state;
	struct transfer *transfer;
	static const char *const hosts[] = {"127.0.0.1", "localhost"};
	char proxy[100], expected[100];
	assert_int_equal(setenv("no_proxy", "*", 1), 0);
	for (unsigned i = 0; i < array_size(hosts); i++) {
		(void)snprintf(proxy, sizeof(proxy), "http://%s:%u", hosts[i], w->port);
		(void)snprintf(expected, sizeof(expected),
			       "GET http://ca.invalid:%u/a?b HTTP/1.1\r\nHost: ca.invalid:%u\r\n",
			       w->port, w->port);
		assert_int_equal(start(w, "ca.invalid", "/a?b",
				       (struct transfer_request){.proxy = proxy}, &transfer),
				 0);
		wait_until(w, i + 1);
		assert_string_equal(w->reason, "");
		assert_non_null(strstr(w->body, expected));
	}
	(void)unsetenv("no_proxy");
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	get(w, "/fields");
	assert_string_equal(w->body, "ok");
}

static void a_tunnel_that_is_refused_is_told(void **state)
{
	struct world *w = *state;
	cleanup(transfers_freep) struct transfers *trusting = NULL;
	struct transfer *transfer;
	struct fault fault = {""};
	char proxy[100];
	assert_int_equal(
		transfers_new(w->base, w->resolver, view_of_string("some"), &trusting, &fault), 0);
	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", w->port);
	const struct transfer_request request = {
		.url = "https://ca.invalid/", .proxy = proxy, .most = 100, .timeout_us = LONG};
	assert_int_equal(transfer_start(trusting, &request, take, w, &transfer), 0);
	wait_until(w, 1);
	assert_string_equal(w->reason, "the proxy says 403");
	assert_string_equal(w->etag, "");
}

static void fields_of_the_answer_are_told(void **state)
{
	struct world *w = *state;
	get(w, "/fields");
	assert_string_equal(w->etag, "\"a\"");
	assert_string_equal(w->last_modified, "then");
	assert_string_equal(w->body, "ok");
	get(w, "/odd-fields");
	assert_string_equal(w->etag, "");
	assert_string_equal(w->last_modified, "");
	assert_string_equal(w->location, "");
	assert_string_equal(w->body, "ok");
}

static void a_redirect_is_not_followed(void **state)
{
	struct world *w = *state;
	get(w, "/redirect");
	assert_string_equal(w->reason, "");
	assert_int_equal(w->status, 302);
	assert_string_equal(w->location, "http://elsewhere.example/");
	get(w, "/not-modified");
	assert_int_equal(w->status, 304);
}

static void a_bad_answer_is_none(void **state)
{
	struct world *w = *state;
	static const char *const paths[] = {"/cut", "/cut-head", "/nonsense", "/endless"};
	for (size_t i = 0; i < array_size(paths); i++) {
		get(w, paths[i]);
		assert_true(w->reason[0]);
	}
	assert_string_equal(w->reason, "the answer is too large");
}

static void nobody_is_waited_for_longer_than_was_said(void **state)
{
	struct world *w = *state;
	struct transfer *transfer;
	assert_int_equal(start(w, "127.0.0.1", "/silent",
			       (struct transfer_request){.timeout_us = SECOND / 20}, &transfer),
			 0);
	wait_until(w, 1);
	assert_string_equal(w->reason, "it took too long");
}

static void what_is_cancelled_is_not_told(void **state)
{
	struct world *w = *state;
	struct transfer *silent, *resolving;
	assert_int_equal(start(w, "127.0.0.1", "/silent", (struct transfer_request){0}, &silent),
			 0);
	assert_int_equal(start(w, "localhost", "/", (struct transfer_request){0}, &resolving), 0);
	transfer_cancel(resolving);
	get(w, "/fields");
	transfer_cancel(silent);
	get(w, "/fields");
	assert_int_equal(w->ended, 2);
}

/* Of another scheme, with somebody's password, or none at all. */
static void what_is_no_url_of_http_is_refused(void **state)
{
	struct world *w = *state;
	static const char *const urls[] = {"",
					   "crl.der",
					   "ftp://127.0.0.1/",
					   "file:///etc/passwd",
					   "https://127.0.0.1/",
					   "http://a:b@127.0.0.1/",
					   "http://"};
	for (size_t i = 0; i < array_size(urls); i++) {
		struct transfer *transfer;
		const struct transfer_request request = {
			.url = urls[i], .most = 1, .timeout_us = LONG};
		assert_int_equal(transfer_start(w->transfers, &request, take, w, &transfer),
				 -EINVAL);
	}
	assert_int_equal(w->ended, 0);
}

static void start_another(void *context, const struct transfer_reply *reply)
{
	struct world *w = context;
	struct transfer *transfer;
	assert_null(reply->reason);
	assert_int_equal(start(w, "127.0.0.1", "/fields", (struct transfer_request){0}, &transfer),
			 0);
}

static void many_go_on_at_a_time_and_one_may_start_another(void **state)
{
	struct world *w = *state;
	char url[100];
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", w->port);
	for (unsigned i = 0; i < 20; i++) {
		struct transfer *transfer;
		const struct transfer_request request = {
			.url = url, .most = 4000, .timeout_us = LONG};
		assert_int_equal(
			transfer_start(w->transfers, &request, start_another, w, &transfer), 0);
	}
	wait_until(w, 20);
	assert_string_equal(w->body, "ok");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(what_was_asked_arrives),
		EACH(a_body_is_sent),
		EACH(names_are_resolved),
		EACH(who_is_asked_may_be_a_proxy),
		EACH(a_tunnel_that_is_refused_is_told),
		EACH(fields_of_the_answer_are_told),
		EACH(a_redirect_is_not_followed),
		EACH(a_bad_answer_is_none),
		EACH(nobody_is_waited_for_longer_than_was_said),
		EACH(what_is_cancelled_is_not_told),
		EACH(what_is_no_url_of_http_is_refused),
		EACH(many_go_on_at_a_time_and_one_may_start_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
