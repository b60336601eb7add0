#include "front/doors.h"

#include "base/log.h"
#include "front/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

struct door {
	struct doors *doors;
	uint32_t number; /* of no other door before it */
	int64_t until_us; /* closes then, monotonic; 0: it is to stay */
	int fd;
	struct event *readable;
};

struct doors {
	struct front *front;
	unsigned count;
	uint32_t number; /* of the latest */
	bool paused;
	struct door *each[2 * LIMIT_LISTENERS]; /* those that are left still wait for a moment */
};

int doors_new(struct front *front, struct doors **ret)
{
	struct doors *doors = calloc(1, sizeof(*doors));
	if (!doors)
		return -ENOMEM;
	doors->front = front;
	*ret = doors;
	return 0;
}

static void door_free(struct door *door)
{
	if (door->readable)
		event_free(door->readable);
	close(door->fd);
	free(door);
}

static void close_all(struct doors *doors)
{
	while (doors->count > 0)
		door_free(doors->each[--doors->count]);
}

void doors_free(struct doors *doors)
{
	if (!doors)
		return;
	close_all(doors);
	free(doors);
}

/* ---- accepting ---- */

/* A front at its cap takes the place of a connection that asks for nothing. */
static void admit(const struct door *door, int fd, const struct sockaddr_storage *peer,
		  const struct moment *now)
{
	struct front *front = door->doors->front;
	struct client client = {.door = door->number};
	struct ip_address address = ip_of_peer(peer);
	bool full =
		front->connection_count >= front->conf->connections && !connection_make_room(front);
	if (full || client_arrive(front, &client, &address) != 0) {
		const char *why = full ? "every connection is busy, one is refused"
				       : "a client has its most connections";
		front_log_refusal(front, &address, why, now);
		front->counts.refused_connections++;
		close(fd);
		return;
	}
	front->counts.accepted++;
	if (connection_open(front, fd, &client, now) < 0)
		front->counts.refused_connections++;
}

/* Without descriptors or memory the socket stays readable: looking at it again at once would spin
 * (doc/faults.md row 30). */
static void pause_doors(struct doors *doors, int error)
{
	if (!doors->paused)
		log_warning("accepting pauses: %s connections=%u", strerror(error),
			    doors->front->connection_count);
	doors->paused = true;
	(void)connection_make_room(doors->front);
	for (unsigned i = 0; i < doors->count; i++)
		(void)event_del(doors->each[i]->readable);
}

/* False: nothing more to accept now. */
static bool accept_one(const struct door *door, const struct moment *now)
{
	struct doors *doors = door->doors;
	struct sockaddr_storage peer = {0};
	socklen_t size = sizeof(peer);
	int fd = accept4(door->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		admit(door, fd, &peer, now);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		pause_doors(doors, errno);
	/* Anything else but EAGAIN is about one connection that ended before we took it. */
	return !doors->paused && errno != EAGAIN;
}

static void door_readable(evutil_socket_t fd, short what, void *context)
{
	const struct door *door = context;
	struct moment now = clock_now();
	(void)fd;
	(void)what;
	for (unsigned i = 0; i < LIMIT_ACCEPTS; i++)
		if (!accept_one(door, &now))
			return;
}

/* Replies leave in one write and must not wait for acknowledgements; connections inherit it. */
static void set_options(int fd)
{
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)evutil_make_socket_nonblocking(fd);
}

static int door_new(struct doors *doors, int fd, struct door **ret)
{
	struct door *door = calloc(1, sizeof(*door));
	if (!door)
		return -ENOMEM;
	*door = (struct door){.doors = doors, .fd = fd, .number = ++doors->number};
	door->readable =
		event_new(doors->front->base, fd, EV_READ | EV_PERSIST, door_readable, door);
	if (!door->readable || event_add(door->readable, NULL) < 0) {
		if (door->readable)
			event_free(door->readable);
		free(door);
		return -ENOMEM;
	}
	*ret = door;
	return 0;
}

static int add(struct doors *doors, int fd)
{
	int result = doors->count < array_size(doors->each) ? 0 : -ENOSPC;
	set_options(fd);
	if (result == 0)
		result = door_new(doors, fd, &doors->each[doors->count]);
	if (result < 0)
		close(fd);
	else
		doors->count++;
	return result;
}

/* The same socket, by another descriptor? */
static bool is_same(int a, int b)
{
	struct stat one, other;
	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static bool is_among(int fd, const int *sockets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (is_same(fd, sockets[i]))
			return true;
	return false;
}

/* No queue is longer than SOMAXCONN. Of a socket that others go on listening on we take no more than that. */
static void empty_queue(const struct door *door)
{
	struct moment now = clock_now();
	for (unsigned i = 0; i <= SOMAXCONN; i++)
		if (!accept_one(door, &now))
			return;
}

/* The warden lets nobody new begin to connect there (warden/listeners.h); whose handshake is under way still
 * arrives. */
static void leave(struct doors *doors, struct door *door)
{
	struct moment now = clock_now();
	door->until_us = now.mono_us + LIMIT_HTTP_LAST_CALL_MS * MILLISECOND_US;
	empty_queue(door);
	connections_leave(doors->front, door->number, &now);
}

/* Those whose time is over. */
static void close_left(struct doors *doors)
{
	struct moment now = clock_now();
	for (unsigned i = doors->count; i-- > 0;) {
		struct door *door = doors->each[i];
		if (!door->until_us || now.mono_us < door->until_us)
			continue;
		doors->each[i] = doors->each[--doors->count];
		empty_queue(door);
		connections_leave(doors->front, door->number, &now);
		door_free(door);
	}
}

static bool is_known(const struct doors *doors, int fd)
{
	for (unsigned i = 0; i < doors->count; i++)
		if (is_same(doors->each[i]->fd, fd))
			return true;
	return false;
}

int doors_take(struct doors *doors, const int *sockets, unsigned count)
{
	int result = 0;
	for (unsigned i = doors->count; i-- > 0;)
		if (!doors->each[i]->until_us && !is_among(doors->each[i]->fd, sockets, count))
			leave(doors, doors->each[i]);
	for (unsigned i = 0; i < count; i++) {
		int added = 0;
		if (is_known(doors, sockets[i]))
			close(sockets[i]);
		else
			added = add(doors, sockets[i]);
		result = result < 0 ? result : added;
	}
	return result;
}

void doors_resume(struct doors *doors)
{
	close_left(doors);
	if (!doors->paused)
		return;
	doors->paused = false;
	for (unsigned i = 0; i < doors->count; i++)
		(void)event_add(doors->each[i]->readable, NULL);
}

void doors_close(struct doors *doors)
{
	for (unsigned i = 0; i < doors->count; i++)
		empty_queue(doors->each[i]);
	close_all(doors);
}

bool doors_open(const struct doors *doors)
{
	return doors->count > 0;
}
