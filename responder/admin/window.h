/* The admin room's one window: a stream on which the warden answers a few words
 * (warden/control_socket.h). One question is under way at a time; whoever asks the same meanwhile gets
 * the same answer, and between two questions there is a pause, so that no number of visitors keeps the
 * other rooms busy. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

#include <event2/event.h>
#include <sys/queue.h>

struct window;

/* Zero-initialised it is nobody's; stays where it is while it is asked. */
struct question {
	TAILQ_ENTRY(question) next;
	bool asked; /* is in the queue */
	size_t size;
	uint8_t line[LIMIT_CONTROL_LINE];
	/* A JSON document, without a line's end; valid during the call. */
	void (*answered)(void *context, struct view document);
	void *context;
};

struct window_ops {
	/* The warden has ended the stream, or says what it never says. */
	void (*lost)(void *context, const char *reason);
};

must_check int window_new(struct event_base *base, const struct window_ops *ops, void *context,
			  struct window **ret);
void window_free(struct window *window);
DEFINE_CLEANUP(struct window, window_free)
/* The stream, instead of a former one; what was asked is asked again. Takes it over, on failure too.
 * 0 or -ENOMEM. */
must_check int window_connect(struct window *window, int fd);
bool window_connected(const struct window *window);
/* One line without its end. answered() follows, unless window_forget() is called. 0, or -EINVAL: too
 * long, or of more than one line. */
must_check int window_ask(struct window *window, struct question *question, struct view line);
void window_forget(struct window *window, struct question *question);
