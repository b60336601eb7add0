#include "admin/visitors.h"

#include "admin/route.h"
#include "base/log.h"
#include "http/incoming.h"
#include "http/reply.h"

#include <sys/socket.h>

/* A whole request of any legal size, and what chunks may add to it. */
#define INPUT_SIZE (LIMIT_HTTP_HEAD + LIMIT_REQUEST_BODY + 4096u)

enum visitor_state {
	VISITOR_READING, /* waits for a whole request */
	VISITOR_ASKING, /* for the warden */
	VISITOR_WRITING, /* for the socket to take the reply */
	VISITOR_LINGERING, /* for the client's end, so that no reset destroys the reply */
};

/* Every state ends at the visitor's deadline. */
struct visitor {
	TAILQ_ENTRY(visitor) next;
	struct visitors *all;
	int fd;
	enum visitor_state state;
	struct event *event, *deadline;
	struct incoming incoming;
	struct admin_request request; /* points into `input` */
	const struct admin_route *route;
	struct question question;
	struct buffer out;
	size_t size; /* of the input */
	uint8_t input[INPUT_SIZE];
};

struct door {
	struct visitors *all;
	int fd;
	struct event *readable;
};

struct visitors {
	struct event_base *base;
	struct window *window;
	const struct conf *const *conf;
	const struct hour *hour;
	bool paused;
	unsigned door_count;
	struct door doors[LIMIT_LISTENERS];
	TAILQ_HEAD(visitor_list, visitor) list; /* the oldest first */
	struct visitors_counts counts;
};

static const struct timeval life_time = {.tv_sec = LIMIT_ADMIN_SECONDS};

static void visitor_event(evutil_socket_t fd, short what, void *context);

/* ---- life ---- */

static void event_release(struct event *event)
{
	if (event)
		event_free(event);
}

static void visitor_free(struct visitor *v)
{
	window_forget(v->all->window, &v->question);
	TAILQ_REMOVE(&v->all->list, v, next);
	v->all->counts.open--;
	event_release(v->event);
	event_release(v->deadline);
	close(v->fd);
	buffer_deinit(&v->out);
	free(v);
}

static void visitor_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	visitor_free(context);
}

/* May free it. */
static void visitor_set_state(struct visitor *v, enum visitor_state state)
{
	v->state = state;
	event_release(v->event);
	v->event = NULL;
	if (state == VISITOR_ASKING)
		return;
	short what = state == VISITOR_WRITING ? EV_WRITE : EV_READ;
	v->event = event_new(v->all->base, v->fd, (short)(what | EV_PERSIST), visitor_event, v);
	if (!v->event || event_add(v->event, NULL) < 0)
		visitor_free(v);
}

void visitors_admit(struct visitors *all, int fd)
{
	struct visitor *v = calloc(1, sizeof(*v));
	if (!v) {
		close(fd);
		return;
	}
	if (all->counts.open >= LIMIT_ADMIN_CONNECTIONS)
		visitor_free(TAILQ_FIRST(&all->list));
	v->all = all;
	v->fd = fd;
	TAILQ_INSERT_TAIL(&all->list, v, next);
	all->counts.open++;
	all->counts.accepted++;
	(void)evutil_make_socket_nonblocking(fd);
	v->deadline = evtimer_new(all->base, visitor_deadline, v);
	if (!v->deadline || event_add(v->deadline, &life_time) < 0)
		visitor_free(v);
	else
		visitor_set_state(v, VISITOR_READING);
}

/* ---- the reply ---- */

/* May free it. */
static void visitor_write(struct visitor *v)
{
	ssize_t sent = send(v->fd, v->out.data, v->out.size, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		visitor_free(v);
		return;
	}
	if (sent > 0)
		buffer_consume(&v->out, (size_t)sent);
	if (v->out.size > 0) {
		if (v->state != VISITOR_WRITING)
			visitor_set_state(v, VISITOR_WRITING);
	} else if (shutdown(v->fd, SHUT_WR) < 0) {
		visitor_free(v);
	} else {
		visitor_set_state(v, VISITOR_LINGERING);
	}
}

/* May free it. */
static void visitor_reply(struct visitor *v, const struct admin_reply *reply)
{
	admin_reply_write(reply, v->request.method == HTTP_HEAD, clock_now(), &v->out);
	if (buffer_result(&v->out) < 0)
		visitor_free(v);
	else
		visitor_write(v);
}

/* May free it. */
static void visitor_say(struct visitor *v, unsigned status)
{
	cleanup(admin_reply_deinit) struct admin_reply reply = {0};
	admin_reply_say(&reply, status, NULL);
	v->all->counts.refused++;
	visitor_reply(v, &reply);
}

/* May free it. */
static void make_reply(struct visitor *v, struct json_object *document)
{
	cleanup(admin_reply_deinit) struct admin_reply reply = {.status = 200};
	v->route->make(&v->request, document, clock_now(), &reply);
	visitor_reply(v, &reply);
}

static void visitor_answered(void *context, struct view text)
{
	struct visitor *v = context;
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *document = NULL;
	if (tokener)
		document = json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.size);
	if (json_object_is_type(document, json_type_object))
		make_reply(v, document);
	else
		visitor_say(v, 504);
	json_object_put(document);
	if (tokener)
		json_tokener_free(tokener);
}

/* ---- the request ---- */

/* May free it. */
static void visitor_ask(struct visitor *v)
{
	cleanup(buffer_deinit) struct buffer line = {0};
	if (!v->route->question) {
		make_reply(v, NULL);
		return;
	}
	int status = v->route->question(&v->request, &line);
	if (status == 0 && (buffer_result(&line) < 0 || !window_connected(v->all->window)))
		status = 504;
	if (status == 0 && window_ask(v->all->window, &v->question, buffer_view(&line)) < 0)
		status = 400;
	if (status == 0)
		visitor_set_state(v, VISITOR_ASKING);
	else
		visitor_say(v, (unsigned)status);
}

static void refuse_method(struct visitor *v, unsigned methods)
{
	cleanup(admin_reply_deinit) struct admin_reply reply = {0};
	admin_reply_say(&reply, 405, NULL);
	reply.allow = methods == ADMIN_READS    ? "GET, HEAD"
		      : methods == ADMIN_WRITES ? "POST"
						: "GET, HEAD, POST";
	v->all->counts.refused++;
	visitor_reply(v, &reply);
}

static void read_request(struct visitor *v, const struct http_request *request, struct view body)
{
	const uint8_t *end = request->target.data + request->target.size;
	const uint8_t *query = request->path.data + request->path.size;
	v->request = (struct admin_request){
		.method = request->method,
		.path = request->path,
		.content_type = request->content_type,
		.body = body,
		.host = request->host,
		.origin = request->origin,
		.hour = v->all->hour,
	};
	if (query < end) /* at the question mark */
		v->request.query = view_of(query + 1, (size_t)(end - query) - 1);
}

/* A whole request is there. Only origin-form: what an absolute target names is not what Host does. May
 * free it. */
static void visitor_go(struct visitor *v, const struct http_request *request, struct view body)
{
	v->all->counts.requests++;
	if (request->target.data[0] != '/') {
		visitor_say(v, 400);
		return;
	}
	read_request(v, request, body);
	if (!admin_host_allowed((*v->all->conf)->server.admin_hosts, request->host)) {
		visitor_say(v, 421);
		return;
	}
	v->route = admin_route_find(&v->request);
	v->question.answered = visitor_answered;
	v->question.context = v;
	if (!v->route)
		visitor_say(v, 404);
	else if (!(v->route->methods & 1u << request->method))
		refuse_method(v, v->route->methods);
	else
		visitor_ask(v);
}

static void visitor_read(struct visitor *v)
{
	ssize_t got = recv(v->fd, v->input + v->size, INPUT_SIZE - v->size, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		visitor_free(v);
		return;
	}
	struct input input = {.data = v->input, .size = v->size + (size_t)got};
	struct http_request request;
	struct view body;
	int result = incoming_take(&v->incoming, &input, &request, &body);
	v->size = input.size;
	if (result == HTTP_INCOMPLETE && incoming_wants_continue(&v->incoming))
		(void)!send(v->fd, HTTP_CONTINUE, strlen(HTTP_CONTINUE), MSG_NOSIGNAL);
	if (result == HTTP_INCOMPLETE && v->size == INPUT_SIZE)
		result = 413;
	if (result == 0)
		visitor_go(v, &request, body);
	else if (result != HTTP_INCOMPLETE)
		visitor_say(v, (unsigned)result);
}

static void visitor_discard(struct visitor *v)
{
	ssize_t got = recv(v->fd, v->input, INPUT_SIZE, 0);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		visitor_free(v);
}

static void visitor_event(evutil_socket_t fd, short what, void *context)
{
	struct visitor *v = context;
	(void)fd;
	(void)what;
	if (v->state == VISITOR_READING)
		visitor_read(v);
	else if (v->state == VISITOR_WRITING)
		visitor_write(v);
	else
		visitor_discard(v);
}

/* ---- doors ---- */

/* Without descriptors or memory the socket stays readable: looking at it again at once would spin. */
static void pause_doors(struct visitors *all, int error)
{
	if (!all->paused)
		log_warning("accepting pauses: %s connections=%u", strerror(error),
			    all->counts.open);
	all->paused = true;
	for (unsigned i = 0; i < all->door_count; i++)
		(void)event_del(all->doors[i].readable);
}

void visitors_resume(struct visitors *all)
{
	if (!all->paused)
		return;
	all->paused = false;
	for (unsigned i = 0; i < all->door_count; i++)
		(void)event_add(all->doors[i].readable, NULL);
}

static void door_readable(evutil_socket_t fd, short what, void *context)
{
	const struct door *door = context;
	(void)what;
	int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (accepted >= 0)
		visitors_admit(door->all, accepted);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		pause_doors(door->all, errno);
}

static int door_open(struct visitors *all, int fd)
{
	struct door *door = &all->doors[all->door_count];
	if (all->door_count >= LIMIT_LISTENERS) {
		close(fd);
		return -ENOMEM;
	}
	(void)evutil_make_socket_nonblocking(fd);
	*door = (struct door){.all = all, .fd = fd};
	all->door_count++;
	door->readable = event_new(all->base, fd, EV_READ | EV_PERSIST, door_readable, door);
	return door->readable && event_add(door->readable, NULL) == 0 ? 0 : -ENOMEM;
}

int visitors_listen(struct visitors *all, const int *descriptors, unsigned count)
{
	int result = 0;
	visitors_close_doors(all);
	for (unsigned i = 0; i < count; i++) {
		int opened = door_open(all, descriptors[i]);
		result = result < 0 ? result : opened;
	}
	return result;
}

void visitors_close_doors(struct visitors *all)
{
	for (unsigned i = 0; i < all->door_count; i++) {
		event_release(all->doors[i].readable);
		close(all->doors[i].fd);
	}
	all->door_count = 0;
	all->paused = false;
}

/* ---- all of them ---- */

int visitors_new(struct event_base *base, const struct conf *const *conf, struct window *window,
		 const struct hour *hour, struct visitors **ret)
{
	struct visitors *all = calloc(1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	all->base = base;
	all->conf = conf;
	all->window = window;
	all->hour = hour;
	TAILQ_INIT(&all->list);
	*ret = all;
	return 0;
}

void visitors_free(struct visitors *all)
{
	if (!all)
		return;
	visitors_close_doors(all);
	while (!TAILQ_EMPTY(&all->list))
		visitor_free(TAILQ_FIRST(&all->list));
	free(all);
}

struct visitors_counts visitors_counts(const struct visitors *all)
{
	return all->counts;
}
