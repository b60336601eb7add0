/* Asks for one serial after the other on each of its connections, as fast as answers come, and judges every one.
 *
 *   asker PORT CONNECTIONS REQUEST OFFSET SERIALS >RECORDS
 *
 * REQUEST is a file with a whole HTTP request, in which a serial of 16 octets stands at OFFSET; SERIALS one of serials.
 * It ends when its standard input does, lets what is open be answered, and writes what it has seen: when it began, then
 * three numbers an answer: when it came, how long it took (microseconds both), and what it was. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SERIAL_SIZE 16
#define TIME_SIZE 15 /* YYYYMMDDHHMMSSZ */
#define DRAIN_US 30000000 /* what is not answered then never is */
#define RECORDS_MOST (16u << 20)

/* lost.py has their names. */
enum kind { GOOD, TRY_LATER, WRONG, EXPIRED, NOT_YET_VALID, LOST };

struct record {
	uint32_t at_us, took_us, kind;
};

struct connection {
	int fd;
	bool open; /* a question */
	uint64_t asked_us;
	char asked[TIME_SIZE + 1]; /* the wall clock's second then */
	const uint8_t *serial;
	char *request;
	size_t got;
	char answer[8192];
};

static struct {
	uint16_t port;
	char *request;
	uint8_t *serials;
	size_t request_size, offset, serials_size, next;
	uint64_t begun_us;
	struct connection *connections;
	struct record *records;
	size_t connection_count, count;
	int events;
	bool ended;
} all;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Made once a second; times of DER compare as text. */
static const char *wall_text(void)
{
	static char text[64];
	static time_t made;
	time_t now = time(NULL);
	struct tm parts;
	if (now != made && gmtime_r(&now, &parts))
		(void)strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &parts);
	made = now;
	return text;
}

static void record(const struct connection *c, enum kind kind)
{
	uint64_t now = now_us();
	if (all.count == RECORDS_MOST)
		fail("too many answers");
	all.records[all.count++] = (struct record){.at_us = (uint32_t)(now - all.begun_us),
						   .took_us = (uint32_t)(now - c->asked_us),
						   .kind = kind};
}

/* ---- what an answer is ---- */

/* certID's serialNumber, certStatus good, thisUpdate and nextUpdate; all lengths are always the same. It was expired
 * when it was sent if it was when we asked; and is not yet valid if it is not now, when it has come. */
static enum kind judge(const struct connection *c, const char *body, size_t size)
{
	static const char try_later[] = {0x30, 0x03, 0x0a, 0x01, 0x03};
	static const char good_since[] = {(char)0x80, 0x00, 0x18, TIME_SIZE};
	static const char until[] = {(char)0xa0, TIME_SIZE + 2, 0x18, TIME_SIZE};
	enum {
		SINCE = SERIAL_SIZE + sizeof(good_since),
		UNTIL = SINCE + TIME_SIZE + sizeof(until)
	};
	if (size == sizeof(try_later) && memcmp(body, try_later, size) == 0)
		return TRY_LATER;
	const char *at = memmem(body, size, c->serial, SERIAL_SIZE);
	if (!at || (size_t)(body + size - at) < UNTIL + TIME_SIZE ||
	    memcmp(at + SERIAL_SIZE, good_since, sizeof(good_since)) != 0 ||
	    memcmp(at + SINCE + TIME_SIZE, until, sizeof(until)) != 0)
		return WRONG;
	if (memcmp(at + UNTIL, c->asked, TIME_SIZE) <= 0)
		return EXPIRED;
	return memcmp(at + SINCE, wall_text(), TIME_SIZE) > 0 ? NOT_YET_VALID : GOOD;
}

/* ---- connections ---- */

static void ask(struct connection *c)
{
	c->serial = all.serials + all.next;
	all.next = (all.next + SERIAL_SIZE) % all.serials_size;
	memcpy(c->request + all.offset, c->serial, SERIAL_SIZE);
	memcpy(c->asked, wall_text(), TIME_SIZE);
	c->asked_us = now_us();
	c->got = 0;
	c->open = true;
	if (send(c->fd, c->request, all.request_size, MSG_NOSIGNAL) != (ssize_t)all.request_size)
		c->open = false; /* the reader is told why */
}

static void reopen(struct connection *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(all.port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    epoll_ctl(all.events, EPOLL_CTL_ADD, c->fd, &event) < 0)
		fail("connect");
}

/* A connection that ends in the middle of an exchange is none of what is promised. */
static void lost(struct connection *c)
{
	record(c, LOST);
	(void)close(c->fd);
	c->open = false;
	reopen(c);
	if (!all.ended)
		ask(c);
}

static void answered(struct connection *c)
{
	char *body = memmem(c->answer, c->got, "\r\n\r\n", 4);
	if (!body)
		return;
	char *length = strcasestr(c->answer, "content-length:");
	size_t size = length ? strtoul(length + 15, NULL, 10) : 0,
	       head = (size_t)(body + 4 - c->answer);
	if (c->got < head + size)
		return;
	bool right = c->got == head + size && memcmp(c->answer, "HTTP/1.1 200 ", 13) == 0;
	record(c, right ? judge(c, body + 4, size) : WRONG);
	c->open = false;
	if (!all.ended)
		ask(c);
}

static void readable(struct connection *c)
{
	ssize_t size = recv(c->fd, c->answer + c->got, sizeof(c->answer) - 1 - c->got, 0);
	if (size <= 0) {
		lost(c);
		return;
	}
	c->got += (size_t)size;
	c->answer[c->got] = 0;
	answered(c);
}

/* ---- from its begin to its end ---- */

static void *contents(const char *path, size_t *ret)
{
	FILE *file = fopen(path, "rbe");
	char *text = malloc(1u << 22);
	if (!file || !text)
		fail(path);
	*ret = fread(text, 1, 1u << 22, file);
	(void)fclose(file);
	return text;
}

static size_t still_open(void)
{
	size_t open = 0;
	for (size_t i = 0; i < all.connection_count; i++)
		open += all.connections[i].open;
	return open;
}

/* Whoever started it is gone, or has said so. */
static void watch_end(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	if (poll(&input, 1, 0) > 0)
		all.ended = true;
}

static void run(void)
{
	struct epoll_event events[256];
	uint64_t end_us = 0;
	while (!all.ended || still_open() > 0) {
		int ready = epoll_wait(all.events, events, 256, 100);
		for (int i = 0; i < ready; i++)
			readable(events[i].data.ptr);
		watch_end();
		if (all.ended && end_us == 0)
			end_us = now_us() + DRAIN_US;
		if (all.ended && now_us() > end_us)
			break;
	}
	for (size_t i = 0; i < all.connection_count; i++)
		if (all.connections[i].open)
			record(&all.connections[i], LOST);
}

static void begin(struct connection *c)
{
	c->request = malloc(all.request_size);
	if (!c->request)
		fail("begin");
	memcpy(c->request, all.request, all.request_size);
	reopen(c);
	ask(c);
}

static void write_records(void)
{
	if (fwrite(&all.begun_us, sizeof(all.begun_us), 1, stdout) != 1 ||
	    fwrite(all.records, sizeof(*all.records), all.count, stdout) != all.count ||
	    fflush(stdout) != 0)
		fail("write");
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	all.connection_count = strtoul(argv[2], NULL, 10);
	all.connections = calloc(all.connection_count, sizeof(*all.connections));
	all.port = (uint16_t)strtoul(argv[1], NULL, 10);
	all.request = contents(argv[3], &all.request_size);
	all.offset = strtoul(argv[4], NULL, 10);
	all.serials = contents(argv[5], &all.serials_size);
	all.records = malloc(RECORDS_MOST * sizeof(*all.records)); /* touched as it fills */
	all.events = epoll_create1(EPOLL_CLOEXEC);
	all.begun_us = now_us();
	if (!all.connections || !all.records || all.events < 0)
		fail("begin");
	for (size_t i = 0; i < all.connection_count; i++)
		begin(&all.connections[i]);
	run();
	write_records();
	return 0;
}
