#include "warden/control_socket.h"

#include "base/log.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum client_state {
	CLIENT_FREE,
	CLIENT_READING, /* waits for its line */
	CLIENT_WAITING, /* waits for the document, or for its own answer */
	CLIENT_WRITING, /* waits for the socket to take the rest of the answer */
};

/* Every state ends at the client's deadline, which nothing that it does can move; only what it asked for
 * may take longer. */
struct client {
	struct control_socket *cs;
	enum client_state state;
	int fd;
	struct event *event; /* readable or writable; NULL while it waits for the document */
	struct event *deadline; /* pending; of the looker-on only while it waits or is written to */
	uint32_t ticket; /* of what it said; 0: it asked for the status */
	char line[LIMIT_CONTROL_LINE];
	size_t line_size;
	struct buffer answer;
};

struct control_socket {
	struct event_base *base;
	char *path;
	int fd;
	struct event *acceptable;
	const struct control_socket_ops *ops;
	void *context;
	bool asked; /* status() was called, no answer yet */
	uint32_t last_ticket;
	/* The last one is the admin room's end, which no number of operators can take from it. */
	struct client clients[LIMIT_CONTROL_CLIENTS + 1];
};

#define LOOKER_ON LIMIT_CONTROL_CLIENTS

/* ---- one client ---- */

static bool looks_on(const struct client *client)
{
	return client == &client->cs->clients[LOOKER_ON];
}

static void client_event(evutil_socket_t fd, short what, void *argument);

static void event_release(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

static void client_close(struct client *client)
{
	event_release(&client->event);
	event_release(&client->deadline);
	close(client->fd);
	buffer_deinit(&client->answer);
	*client = (struct client){.cs = client->cs, .fd = -1};
}

static void client_watch(struct client *client, short what)
{
	client->event = event_new(client->cs->base, client->fd, (short)(what | EV_PERSIST),
				  client_event, client);
	if (!client->event || event_add(client->event, NULL) < 0)
		client_close(client);
}

static void client_set_state(struct client *client, enum client_state state)
{
	client->state = state;
	event_release(&client->event);
	if (state == CLIENT_READING)
		client_watch(client, EV_READ);
	else if (state == CLIENT_WRITING)
		client_watch(client, EV_WRITE);
}

static int client_set_deadline(struct client *client, long patience_ms)
{
	const struct timeval patience = {.tv_sec = patience_ms / 1000,
					 .tv_usec = patience_ms % 1000 * 1000};
	return event_add(client->deadline, &patience);
}

static void client_open(struct client *client, struct control_socket *cs, int fd)
{
	*client = (struct client){.cs = cs, .fd = fd};
	client->deadline = event_new(cs->base, -1, 0, client_event, client);
	if (!client->deadline ||
	    (!looks_on(client) && client_set_deadline(client, CONTROL_SOCKET_TIMEOUT_MS) < 0))
		client_close(client);
	else
		client_set_state(client, CLIENT_READING);
}

static void client_next_line(struct client *client);

static void client_write(struct client *client)
{
	while (client->answer.size > 0) {
		ssize_t sent =
			send(client->fd, client->answer.data, client->answer.size, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN) {
			if (client->state != CLIENT_WRITING)
				client_set_state(client, CLIENT_WRITING);
			return;
		}
		if (sent < 0 && errno != EINTR)
			break;
		if (sent > 0)
			buffer_consume(&client->answer, (size_t)sent);
	}
	if (looks_on(client) && client->answer.size == 0)
		client_next_line(client);
	else
		client_close(client);
}

static void client_answer(struct client *client, struct view text)
{
	buffer_put_view(&client->answer, text);
	client_write(client);
}

static void ask_status(struct client *client)
{
	struct control_socket *cs = client->cs;
	client_set_state(client, CLIENT_WAITING);
	if (cs->asked)
		return; /* shares the answer that is being made */
	cs->asked = true;
	cs->ops->status(cs->context);
}

/* Each question has its own answer. */
static void ask_other(struct client *client, struct view line)
{
	struct control_socket *cs = client->cs;
	client_set_state(client, CLIENT_WAITING);
	client->ticket = ++cs->last_ticket ? cs->last_ticket : ++cs->last_ticket;
	cs->ops->asked(cs->context, client->ticket, line);
}

static bool begins_with(struct view line, const char *word)
{
	size_t size = strlen(word);
	return line.size >= size && memcmp(line.data, word, size) == 0;
}

static bool may_say(const struct client *client, struct view line)
{
	return !looks_on(client) || view_equal(line, view_of_string("status")) ||
	       begins_with(line, "explain ") || begins_with(line, "explain-issued ");
}

static void client_line(struct client *client, struct view line)
{
	static const char refused[] = "{\"error\":\"this word is not for the admin room\"}\n";
	if (looks_on(client) && client_set_deadline(client, CONTROL_SOCKET_TIMEOUT_MS) < 0) {
		client_close(client);
		return;
	}
	if (!may_say(client, line)) {
		client_answer(client, view_of_string(refused));
		return;
	}
	if (view_equal(line, view_of_string("status")))
		ask_status(client);
	else
		ask_other(client, line);
}

static void client_read(struct client *client)
{
	size_t space = sizeof(client->line) - client->line_size;
	ssize_t got = recv(client->fd, client->line + client->line_size, space, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_close(client);
		return;
	}
	client->line_size += (size_t)got;
	const char *end = memchr(client->line, '\n', client->line_size);
	if (end)
		client_line(client, view_of(client->line, (size_t)(end - client->line)));
	else if (client->line_size == sizeof(client->line))
		client_close(client);
}

/* Whatever it sent before it had its answer was out of turn and is dropped. */
static void client_next_line(struct client *client)
{
	client->ticket = 0;
	client->line_size = 0;
	buffer_deinit(&client->answer);
	(void)event_del(client->deadline);
	client_set_state(client, CLIENT_READING);
}

static void client_expire(struct client *client)
{
	static const char late[] = "{\"error\":\"there is no answer in time\"}\n";
	if (client->state == CLIENT_WAITING && looks_on(client)) {
		client_answer(client, view_of_string(late));
		return;
	}
	if (client->state == CLIENT_WAITING)
		(void)!send(client->fd, late, sizeof(late) - 1, MSG_NOSIGNAL);
	client_close(client);
}

static void client_event(evutil_socket_t fd, short what, void *argument)
{
	struct client *client = argument;
	(void)fd;
	if (what & EV_READ)
		client_read(client);
	else if (what & EV_WRITE)
		client_write(client);
	else
		client_expire(client);
}

/* ---- the socket ---- */

static pid_t peer_of(int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

static bool is_refused(const struct control_socket *cs, int fd)
{
	pid_t peer = peer_of(fd);
	if (!cs->ops->is_room(cs->context, peer))
		return false;
	log_error("a room knocks at the control socket, and is not heard pid=%d", (int)peer);
	return true;
}

static void socket_acceptable(evutil_socket_t fd, short what, void *argument)
{
	struct control_socket *cs = argument;
	(void)what;
	int client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client_fd < 0)
		return;
	bool refused = is_refused(cs, client_fd);
	for (unsigned i = 0; i < LIMIT_CONTROL_CLIENTS && !refused; i++) {
		struct client *client = &cs->clients[i];
		if (client->state != CLIENT_FREE)
			continue;
		client_open(client, cs, client_fd);
		return;
	}
	close(client_fd);
}

static int unix_socket(const char *path, struct sockaddr_un *place)
{
	*place = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(place->sun_path))
		return -ENAMETOOLONG;
	memcpy(place->sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd < 0 ? -errno : fd;
}

static int fault_of(const char *path, int error, struct fault *fault)
{
	return fault_set(fault, -error, "control socket %s: %s%s", path, strerror(error),
			 error == ENOENT ? "; make its folder" : "");
}

static int find_peer(int fd, const char *path, struct fault *fault)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	return fault_set(fault, CONTROL_SOCKET_TAKEN,
			 "control socket %s: another instance is running (pid %d)", path,
			 (int)peer.pid);
}

/* What stands at the path? 0: nothing; 0 and *ret_dead: a socket that nobody listens on any more. */
static int look(const char *path, bool *ret_dead, struct fault *fault)
{
	struct stat status;
	struct sockaddr_un place;
	cleanup(descriptor_closep) int fd = unix_socket(path, &place);
	if (fd < 0)
		return fault_of(path, -fd, fault);
	if (lstat(path, &status) < 0)
		return 0;
	if (!S_ISSOCK(status.st_mode))
		return fault_set(fault, -EEXIST,
				 "control socket %s: something else is there; remove it", path);
	if (connect(fd, (struct sockaddr *)&place, sizeof(place)) == 0 || errno == EAGAIN)
		return find_peer(fd, path, fault);
	if (errno != ECONNREFUSED)
		return fault_of(path, errno, fault);
	*ret_dead = true;
	return 0;
}

static int clear_path(const char *path, struct fault *fault)
{
	bool dead = false;
	int result = look(path, &dead, fault);
	if (result == CONTROL_SOCKET_TAKEN)
		return -EADDRINUSE;
	if (result == 0 && dead && unlink(path) < 0)
		return fault_of(path, errno, fault);
	return result;
}

/* The path itself is looked at before. */
static int try_folder(const char *path, struct fault *fault)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;
	cleanup(memory_freep) char *folder = !slash ? strdup(".") : strndup(path, size ? size : 1);
	if (!folder)
		return fault_of(path, ENOMEM, fault);
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	int error = errno;
	(void)fault_of(path, error, fault);
	return error == ENOENT ? CONTROL_SOCKET_NO_FOLDER : -error;
}

int control_socket_try(const char *path, struct fault *fault)
{
	bool dead = false;
	int result = look(path, &dead, fault);
	return result != 0 ? result : try_folder(path, fault);
}

static int bind_path(const char *path, int *ret, struct fault *fault)
{
	struct sockaddr_un place;
	int result = clear_path(path, fault);
	if (result < 0)
		return result;
	cleanup(descriptor_closep) int fd = unix_socket(path, &place);
	if (fd < 0)
		return fault_of(path, -fd, fault);
	mode_t before = umask(0117);
	result = bind(fd, (struct sockaddr *)&place, sizeof(place));
	int error = errno;
	(void)umask(before);
	if (result < 0)
		return fault_of(path, error, fault);
	if (listen(fd, (int)LIMIT_CONTROL_CLIENTS) < 0)
		return fault_of(path, errno, fault);
	*ret = fd;
	fd = -1;
	return 0;
}

int control_socket_new(struct event_base *base, const char *path,
		       const struct control_socket_ops *ops, void *context,
		       struct control_socket **ret, struct fault *fault)
{
	cleanup(control_socket_freep) struct control_socket *cs = calloc(1, sizeof(*cs));
	if (!cs)
		return fault_set(fault, -ENOMEM, "out of memory");
	cs->fd = -1;
	cs->base = base;
	cs->ops = ops;
	cs->context = context;
	int result = bind_path(path, &cs->fd, fault);
	if (result < 0)
		return result;
	cs->path = strdup(path);
	cs->acceptable = event_new(base, cs->fd, EV_READ | EV_PERSIST, socket_acceptable, cs);
	if (!cs->path || !cs->acceptable || event_add(cs->acceptable, NULL) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	*ret = cs;
	cs = NULL;
	return 0;
}

void control_socket_free(struct control_socket *cs)
{
	if (!cs)
		return;
	for (unsigned i = 0; i < array_size(cs->clients); i++)
		if (cs->clients[i].state != CLIENT_FREE)
			client_close(&cs->clients[i]);
	if (cs->acceptable)
		event_free(cs->acceptable);
	if (cs->fd >= 0)
		close(cs->fd);
	if (cs->path)
		(void)unlink(cs->path);
	free(cs->path);
	free(cs);
}

int control_socket_look_on(struct control_socket *cs, int *ret)
{
	struct client *client = &cs->clients[LOOKER_ON];
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	if (client->state != CLIENT_FREE)
		client_close(client);
	client_open(client, cs, ends[0]);
	*ret = ends[1];
	return 0;
}

void control_socket_answer(struct control_socket *cs, struct view document)
{
	cs->asked = false;
	for (unsigned i = 0; i < array_size(cs->clients); i++)
		if (cs->clients[i].state == CLIENT_WAITING && cs->clients[i].ticket == 0)
			client_answer(&cs->clients[i], document);
}

static struct client *find_client(struct control_socket *cs, uint32_t ticket)
{
	for (unsigned i = 0; i < array_size(cs->clients); i++)
		if (cs->clients[i].state == CLIENT_WAITING && cs->clients[i].ticket == ticket)
			return &cs->clients[i];
	return NULL;
}

void control_socket_wait(struct control_socket *cs, uint32_t ticket, long patience_ms)
{
	struct client *client = find_client(cs, ticket);
	if (client && client_set_deadline(client, patience_ms) < 0)
		client_close(client);
}

void control_socket_reply(struct control_socket *cs, uint32_t ticket, struct view text)
{
	struct client *client = find_client(cs, ticket);
	if (!client)
		return;
	buffer_put_view(&client->answer, text);
	client_answer(client, view_of_string("\n"));
}
