#include "net/resolver.h"

#include "base/bytes.h"

#include <event2/util.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is asked at a time, and what was given up and is still being asked. */
#define WAITING_MOST 16
#define CHILDREN_MOST 16
#define NAME_MOST 1024
/* Addresses of one name; more are not tried. */
#define ADDRESSES_MOST 8
#define TEXT_MOST 1024

struct question {
	uint64_t number;
	char name[NAME_MOST];
};

struct reply {
	uint64_t number;
	bool found;
	char text[TEXT_MOST]; /* addresses, or why there are none */
};

struct resolver {
	int fd;
	struct event *readable;
	uint64_t numbers;
	struct {
		uint64_t number; /* 0: free */
		resolver_done *resolved;
		void *context;
	} waiting[WAITING_MOST];
};

/* ---- in the child of the resolver ---- */

static void put_addresses(const struct addrinfo *list, struct reply *reply)
{
	char numeric[256];
	size_t used = 0;
	for (unsigned i = 0; list && i < ADDRESSES_MOST; i++, list = list->ai_next) {
		if (getnameinfo(list->ai_addr, list->ai_addrlen, numeric, sizeof(numeric), NULL, 0,
				NI_NUMERICHOST) != 0)
			continue;
		int size = snprintf(reply->text + used, sizeof(reply->text) - used, "%s%s",
				    used ? "," : "", numeric);
		used += size > 0 && (size_t)size < sizeof(reply->text) - used ? (size_t)size : 0;
	}
	reply->found = used > 0;
}

/* As libpq asks. */
static _Noreturn void resolve(int fd, const struct question *question)
{
	static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct reply reply = {.number = question->number};
	struct addrinfo *list = NULL;
	(void)alarm(RESOLVER_PATIENCE_SECONDS);
	int result = getaddrinfo(question->name, NULL, &hints, &list);
	if (result == 0)
		put_addresses(list, &reply);
	if (!reply.found)
		(void)snprintf(reply.text, sizeof(reply.text), "%s",
			       result ? gai_strerror(result) : "it has no address");
	(void)send(fd, &reply, sizeof(reply), MSG_NOSIGNAL);
	_exit(0);
}

/* ---- in the resolver ---- */

static void reap(unsigned *children)
{
	while (*children > 0 && waitpid(-1, NULL, WNOHANG) > 0)
		(*children)--;
}

/* Ends with whoever asks. */
static _Noreturn void serve(int fd)
{
	unsigned children = 0;
	struct question question;
	while (recv(fd, &question, sizeof(question), 0) == sizeof(question)) {
		question.name[sizeof(question.name) - 1] = '\0';
		reap(&children);
		if (children >= CHILDREN_MOST)
			continue; /* the asker's deadline passes */
		pid_t pid = fork();
		if (pid == 0)
			resolve(fd, &question);
		children += pid > 0;
	}
	_exit(0);
}

/* It needs nothing but its socket. */
static _Noreturn void begin(int fd)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "sg-resolver", 0, 0, 0);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_IGN);
	if (fd != STDERR_FILENO + 1)
		(void)dup2(fd, STDERR_FILENO + 1);
	closefrom(STDERR_FILENO + 2);
	serve(STDERR_FILENO + 1);
}

/* ---- in the process that asks ---- */

static void end_waiting(struct resolver *r, const struct reply *reply)
{
	for (size_t i = 0; i < WAITING_MOST; i++) {
		if (r->waiting[i].number != reply->number)
			continue;
		r->waiting[i].number = 0;
		r->waiting[i].resolved(r->waiting[i].context, reply->found ? reply->text : NULL,
				       reply->found ? NULL : reply->text);
		return;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct resolver *r = context;
	struct reply reply;
	(void)what;
	ssize_t size = read(fd, &reply, sizeof(reply));
	if (size == 0) /* it has ended: every question from now on fails */
		event_del(r->readable);
	if (size != sizeof(reply) || reply.number == 0)
		return;
	reply.text[sizeof(reply.text) - 1] = '\0';
	end_waiting(r, &reply);
}

static int start(struct resolver *r)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	r->fd = ends[0];
	pid_t pid = fork();
	if (pid == 0)
		begin(ends[1]);
	int result = pid < 0 ? -errno : 0;
	close(ends[1]);
	return result < 0 ? result : evutil_make_socket_nonblocking(r->fd);
}

int resolver_new(struct event_base *base, struct resolver **ret)
{
	cleanup(resolver_freep) struct resolver *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->fd = -1;
	int result = start(r);
	if (result < 0)
		return result;
	r->readable = event_new(base, r->fd, EV_READ | EV_PERSIST, on_readable, r);
	if (!r->readable || event_add(r->readable, NULL) < 0)
		return -ENOMEM;
	*ret = r;
	r = NULL;
	return 0;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	if (r->readable)
		event_free(r->readable);
	if (r->fd >= 0)
		close(r->fd); /* it ends, and is nobody's to wait for: a room may signal nobody */
	free(r);
}

int resolver_ask(struct resolver *r, const char *name, resolver_done *resolved, void *context,
		 uint64_t *ret)
{
	struct question question = {.number = r->numbers + 1};
	size_t place = 0;
	while (place < WAITING_MOST && r->waiting[place].number)
		place++;
	if (place == WAITING_MOST)
		return -EAGAIN;
	(void)snprintf(question.name, sizeof(question.name), "%s", name);
	if (write(r->fd, &question, sizeof(question)) < 0)
		return -errno;
	r->waiting[place].number = *ret = ++r->numbers;
	r->waiting[place].resolved = resolved;
	r->waiting[place].context = context;
	return 0;
}

void resolver_forget(struct resolver *r, uint64_t question)
{
	for (size_t i = 0; question && i < WAITING_MOST; i++)
		if (r->waiting[i].number == question)
			r->waiting[i].number = 0;
}
