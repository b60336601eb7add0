#include "front/doors.h"

#include "base/log.h"
#include "front/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

struct door {
	struct doors *doors;
	int fd;
	struct event *readable;
};

struct doors {
	struct front *front;
	unsigned count;
	bool paused;
	struct door each[LIMIT_LISTENERS];
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

static void close_all(struct doors *doors)
{
	for (unsigned i = 0; i < doors->count; i++) {
		if (doors->each[i].readable)
			event_free(doors->each[i].readable);
		close(doors->each[i].fd);
	}
	doors->count = 0;
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
static void admit(struct front *front, int fd, const struct sockaddr_storage *peer,
		  const struct moment *now)
{
	struct client client = {0};
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
		(void)event_del(doors->each[i].readable);
}

void doors_resume(struct doors *doors)
{
	if (!doors->paused)
		return;
	doors->paused = false;
	for (unsigned i = 0; i < doors->count; i++)
		(void)event_add(doors->each[i].readable, NULL);
}

/* False: nothing more to accept now. */
static bool accept_one(struct doors *doors, int door, const struct moment *now)
{
	struct sockaddr_storage peer = {0};
	socklen_t size = sizeof(peer);
	int fd = accept4(door, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		admit(doors->front, fd, &peer, now);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		pause_doors(doors, errno);
	/* Anything else but EAGAIN is about one connection that ended before we took it. */
	return !doors->paused && errno != EAGAIN;
}

static void door_readable(evutil_socket_t fd, short what, void *context)
{
	struct door *door = context;
	struct moment now = clock_now();
	(void)what;
	for (unsigned i = 0; i < LIMIT_ACCEPTS; i++)
		if (!accept_one(door->doors, fd, &now))
			return;
}

/* Replies leave in one write and must not wait for acknowledgements; connections inherit it. */
static void set_options(int fd)
{
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)evutil_make_socket_nonblocking(fd);
}

int doors_add(struct doors *doors, int fd)
{
	struct door *door = &doors->each[doors->count];
	if (doors->count >= LIMIT_LISTENERS) {
		close(fd);
		return -ENOSPC;
	}
	set_options(fd);
	*door = (struct door){.doors = doors, .fd = fd};
	doors->count++;
	door->readable =
		event_new(doors->front->base, fd, EV_READ | EV_PERSIST, door_readable, door);
	if (!door->readable || event_add(door->readable, NULL) < 0)
		return -ENOMEM;
	return 0;
}

void doors_close(struct doors *doors)
{
	for (unsigned i = 0; i < doors->count; i++)
		door_readable(doors->each[i].fd, EV_READ, &doors->each[i]);
	close_all(doors);
}
