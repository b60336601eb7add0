#include "client/http_exchange.h"

#include "base/clock.h"
#include "base/limits.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

static void address_list_freep(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

/* Waits until the socket is ready or the deadline is there. 0, -ETIMEDOUT or -errno. */
static int wait_ready(int fd, short events, int64_t deadline_us)
{
	for (;;) {
		int64_t left = deadline_us - clock_now().mono_us;
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd poll_fd = {.fd = fd, .events = events};
		int result = poll(&poll_fd, 1, (int)((left + 999) / 1000));
		if (result > 0)
			return 0;
		if (result < 0 && errno != EINTR)
			return -errno;
	}
}

static int connect_one(const struct addrinfo *address, int64_t deadline_us, int *ret)
{
	cleanup(descriptor_closep) int fd =
		socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return -errno;
		int result = wait_ready(fd, POLLOUT, deadline_us);
		if (result)
			return result;
		int error = 0;
		socklen_t size = sizeof(error);
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			return -errno;
		if (error)
			return -error;
	}
	*ret = fd;
	fd = -1;
	return 0;
}

/* A deadline and the times on the way there. */
struct timing {
	int64_t begin_us, deadline_us;
};

static int64_t elapsed(const struct timing *timing)
{
	return clock_now().mono_us - timing->begin_us;
}

static int connect_any(const struct client_url *url, const struct timing *timing,
		       struct client_reply *reply, int *ret, struct fault *fault)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	cleanup(address_list_freep) struct addrinfo *list = NULL;
	int e = getaddrinfo(url->host, url->port, &hints, &list);
	if (e)
		return fault_set(fault, -EHOSTUNREACH, "%s: %s", url->host, gai_strerror(e));
	reply->resolve_us = elapsed(timing);
	int result = -EHOSTUNREACH;
	for (const struct addrinfo *address = list; address; address = address->ai_next) {
		result = connect_one(address, timing->deadline_us, ret);
		if (result == 0)
			return 0;
	}
	return fault_set(fault, result, "%s port %s: %s", url->host, url->port, strerror(-result));
}

static int send_all(int fd, struct view bytes, int64_t deadline_us)
{
	while (bytes.size > 0) {
		ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
		if (sent >= 0) {
			bytes = view_of(bytes.data + sent, bytes.size - (size_t)sent);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		int result = wait_ready(fd, POLLOUT, deadline_us);
		if (result)
			return result;
	}
	return 0;
}

static int receive_reply(int fd, const struct timing *timing, struct client_reply *ret)
{
	cleanup(buffer_deinit) struct buffer bytes = {0};
	for (;;) {
		uint8_t *room = buffer_reserve(&bytes, 16384);
		if (!room)
			return -ENOMEM;
		ssize_t got = recv(fd, room, 16384, 0);
		if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
			int result = wait_ready(fd, POLLIN, timing->deadline_us);
			if (result)
				return result;
			continue;
		}
		if (got < 0)
			return -errno;
		if (bytes.size == 0)
			ret->first_octet_us = elapsed(timing);
		bytes.size += (size_t)got;
		int result = client_reply_read(buffer_view(&bytes), got == 0, ret);
		if (result != CLIENT_REPLY_MORE)
			return result;
		/* Chunk framing of a bounded body is bounded too, but generously. */
		if (bytes.size > LIMIT_HTTP_HEAD + 8 * LIMIT_RESPONSE)
			return -EMSGSIZE;
	}
}

static void write_request(const struct client_exchange *exchange, struct buffer *out)
{
	const struct client_url *url = exchange->url;
	size_t path_size = strlen(url->path);
	bool post = exchange->post_body.size > 0;
	buffer_printf(out, "%s %s", post ? "POST" : "GET", url->path);
	if (!post && path_size > 0 && url->path[path_size - 1] != '/')
		buffer_put_u8(out, '/');
	buffer_put_view(out, exchange->get_suffix);
	buffer_printf(out, " HTTP/1.1\r\nHost: %s%s%s", url->host_is_ipv6 ? "[" : "", url->host,
		      url->host_is_ipv6 ? "]" : "");
	if (strcmp(url->port, "80") != 0)
		buffer_printf(out, ":%s", url->port);
	buffer_printf(out, "\r\nUser-Agent: stillgood/" STILLGOOD_VERSION
			   "\r\nAccept: application/ocsp-response\r\nConnection: close\r\n");
	if (post)
		buffer_printf(out,
			      "Content-Type: application/ocsp-request\r\nContent-Length: %zu\r\n",
			      exchange->post_body.size);
	buffer_put_string(out, "\r\n");
	buffer_put_view(out, exchange->post_body);
}

static const char *reason_of(int result)
{
	if (result == -EBADMSG)
		return "its HTTP reply is malformed or cut off";
	if (result == -EMSGSIZE)
		return "its HTTP reply is too large";
	return strerror(-result);
}

int client_exchange_run(const struct client_exchange *exchange, struct client_reply *ret,
			struct fault *fault)
{
	const struct client_url *url = exchange->url;
	struct timing timing = {.begin_us = clock_now().mono_us};
	timing.deadline_us = timing.begin_us + exchange->timeout_us;
	cleanup(buffer_deinit) struct buffer request = {0};
	cleanup(descriptor_closep) int fd = -1;
	write_request(exchange, &request);
	int result = buffer_result(&request);
	if (result)
		return fault_set(fault, result, "out of memory");
	result = connect_any(url, &timing, ret, &fd, fault);
	if (result)
		return result;
	ret->connect_us = elapsed(&timing);
	result = send_all(fd, buffer_view(&request), timing.deadline_us);
	ret->send_us = elapsed(&timing);
	if (result == 0)
		result = receive_reply(fd, &timing, ret);
	ret->total_us = elapsed(&timing);
	if (result)
		return fault_set(fault, result, "%s port %s: %s", url->host, url->port,
				 reason_of(result));
	return 0;
}
