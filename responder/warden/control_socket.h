/* The operator's door: a Unix stream socket (mode 0660, [server] control_socket) on which
 * `stillgood status` asks a running instance how it is.
 *
 *   client → warden   status LF                       one line, then it waits
 *   warden → client   one JSON document and LF, then the end of the stream
 *
 *   client → warden   anything else LF                words for the warden (words.h) or the ledger (ledger/run.c)
 *   warden → client   one JSON object and LF          the answer; {"error":"…"} if there is none
 *
 * The admin room has one end of a socket pair instead, on which it may say the same again and again, one line
 * after the answer to the one before, but only `status` and `explain …`: whoever takes that room over
 * can look, and do nothing.
 *
 * At most LIMIT_CONTROL_CLIENTS at a time, each for
 * CONTROL_SOCKET_TIMEOUT_MS; others are closed at once. The document of `status`:
 *
 *   {"version":"0.1.0", "pid":1, "started_at":"2026-07-01T12:00:00Z",
 *    "ready":true, "reason":"",                 why not, in one line
 *    "degraded":"",                             what is wrong though it is ready, in one line
 *    "alarms":[{"since":"…Z", "kind":"…",       what lasts, of all rooms (base/alarms.h)
 *               "issuer":"", "text":"…"}],
 *    "draining":false,
 *    "listen":["127.0.0.1:8080"], "issuers":["NAME"],
 *    "policies":[{"issuer":"NAME", "profile":"private", …}],    some of each issuer's options
 *    "rooms":[{"name":"front 0", "pid":2, "restarts":0,
 *              "user":"stillgood-front",       whose rights it has
 *              "locks":{"uid":61003,           as it says when it is ready: its user, is there a
 *                       "seccomp":true,        filter of system calls, which version of Landlock
 *                       "landlock":7,          (0: none), how much memory is never swapped
 *                       "locked_kib":0},
 *              "state":"running",               starting | running | stopping | waiting (to restart)
 *              "answered":true,                 false: did not report within CONTROL_SOCKET_ASK_MS
 *              "status":{…}}]}                  the room's own report; {} if it did not answer
 *
 * `ready` needs that it does not drain, every room running and the ledger's report to say "ready":true; `reason` is then the
 * ledger's "reason". */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

#include <event2/event.h>
#include <sys/types.h>

#define CONTROL_SOCKET_TIMEOUT_MS 5000L
#define CONTROL_SOCKET_ASK_MS 1000L

struct control_socket;

struct control_socket_ops {
	/* Is this process a room? None has any business here, and the ledger's user may own the socket. */
	bool (*is_room)(void *context, pid_t pid);
	/* A client asked for the status: control_socket_answer() follows, now or later. Not called
	 * again before that. */
	void (*status)(void *context);
	/* A client said something else: control_socket_reply() follows, now, later or never.
	 * The line is valid during the call. */
	void (*asked)(void *context, uint32_t ticket, struct view line);
};

/* Binds `path`, replacing what a dead instance left there. The fault names the path and the reason
 * ("another instance is running (pid 1)"). 0 or -errno. */
must_check int control_socket_new(struct event_base *base, const char *path,
				  const struct control_socket_ops *ops, void *context,
				  struct control_socket **ret, struct fault *fault);
/* Positive results of control_socket_try(). */
#define CONTROL_SOCKET_TAKEN 1 /* another instance is running */
#define CONTROL_SOCKET_NO_FOLDER 2

/* Could it be bound? Changes nothing. 0, one of the above or -errno, all but 0 with a fault. */
must_check int control_socket_try(const char *path, struct fault *fault);
/* Closes it and removes the path. */
void control_socket_free(struct control_socket *cs);
DEFINE_CLEANUP(struct control_socket, control_socket_free)
/* A new end for the admin room, which is closed by the caller once it is sent; a former one ends. 0 or
 * -errno. */
must_check int control_socket_look_on(struct control_socket *cs, int *ret);
/* Answers every client that waits for the status. */
void control_socket_answer(struct control_socket *cs, struct view document);
/* From now on the client with this ticket waits as long as this for its answer. */
void control_socket_wait(struct control_socket *cs, uint32_t ticket, long patience_ms);
/* Answers the client with this ticket, if it still waits; a line's end is added. */
void control_socket_reply(struct control_socket *cs, uint32_t ticket, struct view text);
