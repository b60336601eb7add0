#include "admin/window.h"

#include "base/clock.h"
#include "base/result.h"

#include <sys/socket.h>

/* The least time between two questions to the warden. */
static const struct timeval pause_time = {.tv_usec = 50 * MILLISECOND_US};

#define READ_STEP 65536u

struct window {
	struct event_base *base;
	const struct window_ops *ops;
	void *context;
	int fd;
	struct event *readable, *pause;
	TAILQ_HEAD(, question) questions;
	bool waiting; /* for the answer to `line` */
	bool answering; /* answered() is being called */
	size_t line_size;
	uint8_t line[LIMIT_CONTROL_LINE];
	struct buffer answer;
};

static void window_lost(struct window *window, const char *reason)
{
	(void)event_del(window->readable);
	window->ops->lost(window->context, reason);
}

/* ---- asking ---- */

static void send_line(struct window *window, const struct question *question)
{
	uint8_t line[LIMIT_CONTROL_LINE + 1];
	memcpy(line, question->line, question->size);
	line[question->size] = '\n';
	ssize_t sent = send(window->fd, line, question->size + 1, MSG_NOSIGNAL);
	if (sent != (ssize_t)question->size + 1) {
		window_lost(window, "the warden takes no line");
		return;
	}
	window->waiting = true;
	window->line_size = question->size;
	memcpy(window->line, question->line, question->size);
	buffer_reset(&window->answer);
	(void)event_add(window->pause, &pause_time);
}

static void ask_next(struct window *window)
{
	const struct question *first = TAILQ_FIRST(&window->questions);
	if (window->fd >= 0 && !window->waiting && !window->answering && first &&
	    !event_pending(window->pause, EV_TIMEOUT, NULL))
		send_line(window, first);
}

static void pause_over(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	ask_next(context);
}

int window_ask(struct window *window, struct question *question, struct view line)
{
	if (line.size == 0 || line.size >= LIMIT_CONTROL_LINE || memchr(line.data, '\n', line.size))
		return -EINVAL;
	window_forget(window, question);
	question->size = line.size;
	memcpy(question->line, line.data, line.size);
	question->asked = true;
	TAILQ_INSERT_TAIL(&window->questions, question, next);
	ask_next(window);
	return 0;
}

void window_forget(struct window *window, struct question *question)
{
	if (!question->asked)
		return;
	question->asked = false;
	TAILQ_REMOVE(&window->questions, question, next);
}

/* ---- answers ---- */

static struct question *find_asked(const struct window *window)
{
	struct question *question;
	struct view line = view_of(window->line, window->line_size);
	TAILQ_FOREACH(question, &window->questions, next)
		if (view_equal(view_of(question->line, question->size), line))
			return question;
	return NULL;
}

/* A call may forget other questions. */
static void answer_all(struct window *window, struct view document)
{
	struct question *question;
	window->answering = true;
	while ((question = find_asked(window))) {
		window_forget(window, question);
		question->answered(question->context, document);
	}
	window->answering = false;
	window->waiting = false;
	ask_next(window);
}

static void take_octets(struct window *window)
{
	struct buffer *answer = &window->answer;
	if (!window->waiting) {
		window_lost(window, "the warden speaks unasked");
		return;
	}
	if (answer->data[answer->size - 1] == '\n')
		answer_all(window, view_of(answer->data, answer->size - 1));
	else if (answer->size > LIMIT_ADMIN_DOCUMENT)
		window_lost(window, "the warden's answer does not end");
}

static void stream_readable(evutil_socket_t fd, short what, void *context)
{
	struct window *window = context;
	(void)what;
	uint8_t *room = buffer_reserve(&window->answer, READ_STEP);
	ssize_t got = room ? recv(fd, room, READ_STEP, 0) : 0;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		window_lost(window, room ? "the warden has ended it" : "out of memory");
		return;
	}
	window->answer.size += (size_t)got;
	take_octets(window);
}

/* ---- the stream ---- */

static void disconnect(struct window *window)
{
	if (window->readable)
		event_free(window->readable);
	window->readable = NULL;
	if (window->fd >= 0)
		close(window->fd);
	window->fd = -1;
	window->waiting = false;
}

int window_connect(struct window *window, int fd)
{
	disconnect(window);
	window->fd = fd;
	(void)evutil_make_socket_nonblocking(fd);
	window->readable =
		event_new(window->base, fd, EV_READ | EV_PERSIST, stream_readable, window);
	if (!window->readable || event_add(window->readable, NULL) < 0) {
		disconnect(window);
		return -ENOMEM;
	}
	ask_next(window);
	return 0;
}

bool window_connected(const struct window *window)
{
	return window->fd >= 0;
}

int window_new(struct event_base *base, const struct window_ops *ops, void *context,
	       struct window **ret)
{
	cleanup(window_freep) struct window *window = calloc(1, sizeof(*window));
	if (!window)
		return -ENOMEM;
	window->base = base;
	window->ops = ops;
	window->context = context;
	window->fd = -1;
	TAILQ_INIT(&window->questions);
	window->pause = evtimer_new(base, pause_over, window);
	if (!window->pause)
		return -ENOMEM;
	*ret = window;
	window = NULL;
	return 0;
}

void window_free(struct window *window)
{
	if (!window)
		return;
	disconnect(window);
	if (window->pause)
		event_free(window->pause);
	buffer_deinit(&window->answer);
	free(window);
}
