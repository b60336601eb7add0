/* The process: control link, channel to the ledger, and the turn of work between them.
 *
 *   ledger ──SIGN──▶ jobs ──a few a turn──▶ keyring ──SIGNED──▶ ledger
 *                            clock ──watch──▶ keyring ──OFFER──▶ ledger
 *   warden ──LEDGER · STATUS_ASK · STOP──▶           ──READY · FAILED · STATUS──▶ warden */
#include "signer/signer.h"

#include "ipc/channel.h"
#include "ipc/control.h"
#include "signer/jobs.h"
#include "signer/watch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Work of one turn of the event loop, after which what was signed leaves: long enough for a handful
 * of ECDSA signatures in one write, short enough that the first does not wait for the last. */
#define TURN_US (4 * MILLISECOND_US)
/* While stopping: how often we look whether all is done. Frames that were on their way when the
 * order came arrive within one such step. */
#define STOP_STEP_US (20 * MILLISECOND_US)
/* How often we look whose certificates have begun or ended (P-37). */
#define WATCH_S 1
/* Failures are logged at most so often; a hostile ledger must not fill the log. */
#define COMPLAINT_INTERVAL_US SECOND_US

enum signer_state {
	SIGNER_SERVING, /* until the warden says otherwise */
	SIGNER_STOPPING, /* no jobs, nothing queued, nothing new during one step; or drain_timeout */
	SIGNER_ENDED, /* the loop ends */
};

struct signer {
	unsigned index;
	enum signer_state state;
	struct conf *conf;
	struct keyring keyring;
	struct event_base *base;
	struct event *control, *work, *watch, *stop_step;
	int control_fd;
	struct channel *ledger;
	struct jobs jobs;
	bool fresh; /* a job came since the last step of stopping */
	int64_t stop_before_us; /* monotonic */
	int64_t complain_after_us; /* monotonic */
	uint64_t complaints; /* not logged since then */
	struct buffer der, frame; /* reused */
	uint8_t packet[CONTROL_PACKET];
};

/* ---- state ---- */

static void signer_set_state(struct signer *s, enum signer_state state)
{
	static const struct timeval step = {.tv_usec = STOP_STEP_US};
	if (state <= s->state)
		return;
	s->state = state;
	if (state == SIGNER_STOPPING) {
		s->stop_before_us = clock_now().mono_us + s->conf->server.drain_timeout_us;
		s->fresh = true;
		if (event_add(s->stop_step, &step) < 0)
			s->state = SIGNER_ENDED;
	}
	if (s->state == SIGNER_ENDED)
		(void)event_base_loopbreak(s->base);
}

static void on_stop_step(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	struct signer *s = argument;
	bool idle = s->jobs.count == 0 && !s->fresh && (!s->ledger || !channel_queued(s->ledger));
	s->fresh = false;
	if (idle || clock_now().mono_us >= s->stop_before_us)
		signer_set_state(s, SIGNER_ENDED);
}

/* ---- work ---- */

static void complain(struct signer *s, uint32_t issuer, const char *reason, int64_t mono_us)
{
	s->complaints++;
	if (mono_us < s->complain_after_us)
		return;
	const char *name = issuer < s->keyring.count ? s->conf->issuers[issuer].name : "?";
	log_error("job not signed issuer=\"%s\" reason=\"%s\" count=%llu", name, reason,
		  (unsigned long long)s->complaints);
	s->complaints = 0;
	s->complain_after_us = mono_us + COMPLAINT_INTERVAL_US;
}

static void send_answer(struct signer *s, const struct message_signed *answer)
{
	buffer_reset(&s->frame);
	message_signed_write(&s->frame, answer);
	int result = buffer_result(&s->frame);
	if (result == 0 && s->ledger)
		result = channel_send(s->ledger, MESSAGE_SIGNED, buffer_view(&s->frame));
	/* A closed channel reports itself by closed(); the ledger gives the job to another. */
	if (result < 0 && result != -EPIPE)
		log_error("answer not sent error=\"%s\"", strerror(-result));
}

static void do_job(struct signer *s, struct view payload, struct moment now)
{
	struct message_sign job;
	struct message_signed answer;
	const char *reason;
	if (message_sign_read(payload, &job) < 0)
		return; /* was read once before it was queued */
	buffer_reset(&s->der);
	keyring_answer(&s->keyring, &job, wall_seconds(now.wall_us), &s->der, &answer, &reason);
	log_debug("signed " REQUEST_FORMAT " issuer=%u certids=%u result=%s", job.request,
		  job.issuer, job.count, ocsp_result_name(answer.result));
	if (reason)
		complain(s, job.issuer, reason, now.mono_us);
	send_answer(s, &answer);
}

static void on_work(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	struct signer *s = argument;
	struct moment now = clock_now();
	int64_t end_us = now.mono_us + TURN_US;
	for (struct view payload; now.mono_us < end_us && jobs_take(&s->jobs, &payload);
	     now = clock_now())
		do_job(s, payload, now);
	/* By way of a timer, so that the loop writes and reads in between. */
	if (s->jobs.count > 0 && event_add(s->work, &(struct timeval){0}) < 0)
		signer_set_state(s, SIGNER_ENDED);
}

/* ---- what can be signed with ---- */

static void send_offer(void *context, struct view offer)
{
	struct signer *s = context;
	if (s->ledger && channel_send(s->ledger, MESSAGE_OFFER, offer) == -ENOMEM)
		log_error("offer not sent error=\"%s\"", strerror(ENOMEM));
}

static void tell_offers(struct signer *s, bool all)
{
	watch_tell(&s->keyring, s->conf, wall_seconds(clock_now().wall_us), all, send_offer, s);
}

static void on_watch(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	tell_offers(argument, false);
}

/* ---- the ledger ---- */

static int on_frame(void *context, uint8_t type, struct view payload)
{
	struct signer *s = context;
	struct message_sign job;
	if (type != MESSAGE_SIGN || message_sign_read(payload, &job) < 0)
		return -EBADMSG;
	s->fresh = true;
	return jobs_put(&s->jobs, payload);
}

static void on_drained(void *context)
{
	struct signer *s = context;
	if (s->jobs.count > 0 && !event_pending(s->work, EV_TIMEOUT, NULL))
		event_active(s->work, EV_TIMEOUT, 0);
}

/* Nobody waits for these jobs any more. */
static void drop_ledger(struct signer *s)
{
	channel_free(s->ledger);
	s->ledger = NULL;
	jobs_clear(&s->jobs);
}

static void on_closed(void *context, const char *reason)
{
	struct signer *s = context;
	if (s->state == SIGNER_SERVING)
		log_warning("ledger gone reason=\"%s\"", reason);
	drop_ledger(s);
}

static void take_ledger(struct signer *s, struct control_message *message)
{
	static const struct channel_ops ops = {
		.frame = on_frame,
		.drained = on_drained,
		.closed = on_closed,
	};
	drop_ledger(s);
	if (channel_new(s->base, message->descriptors[0], &ops, s, &s->ledger) < 0) {
		log_error("no memory for the ledger's channel");
		return; /* the descriptor is closed with the message */
	}
	message->descriptor_count = 0;
	tell_offers(s, true);
}

/* ---- the warden ---- */

static int tell(int control_fd, enum control_type type, struct view text)
{
	const struct control_message message = {.type = type, .text = text};
	return control_send(control_fd, &message);
}

static void send_status(struct signer *s)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	keyring_status(&s->keyring, s->conf, s->index, wall_seconds(clock_now().wall_us),
		       CONTROL_PACKET / 2, &text);
	int result = buffer_result(&text);
	if (result == 0)
		result = tell(s->control_fd, CONTROL_STATUS, buffer_view(&text));
	if (result < 0)
		log_warning("status not sent error=\"%s\"", strerror(-result));
}

static void obey(struct signer *s, struct control_message *message)
{
	switch (message->type) {
	case CONTROL_LEDGER:
		take_ledger(s, message);
		break;
	case CONTROL_STATUS_ASK:
		send_status(s);
		break;
	case CONTROL_STOP:
		signer_set_state(s, SIGNER_STOPPING);
		break;
	default:
		log_warning("control message not for a signer type=%d", (int)message->type);
	}
}

static void on_control(evutil_socket_t fd, short what, void *argument)
{
	(void)what;
	struct signer *s = argument;
	for (;;) {
		struct control_message message;
		int result = control_receive((int)fd, s->packet, &message);
		if (result == -EAGAIN)
			return;
		if (result < 0) {
			if (result != -EPIPE)
				log_error("control link broken error=\"%s\"", strerror(-result));
			signer_set_state(s, SIGNER_ENDED);
			return;
		}
		obey(s, &message);
		control_message_close(&message);
	}
}

/* ---- start and end ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_ADDRESS_SANITIZER
#endif

/* Keys must not reach a core file or a debugger. The leak sanitizer is a debugger. */
static void protect_memory(void)
{
	const struct rlimit none = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef UNDER_ADDRESS_SANITIZER
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

static int load(struct signer *s, int conf_fd, struct fault *fault)
{
	int result = conf_load_descriptor(conf_fd, CONF_SIGNER, &s->conf, fault);
	close(conf_fd);
	if (result < 0)
		return result;
	log_set_level(s->conf->server.log_level);
	return keyring_load(&s->keyring, s->conf, wall_seconds(clock_now().wall_us), fault);
}

static int open_events(struct signer *s, struct fault *fault)
{
	int flags = fcntl(s->control_fd, F_GETFL);
	if (flags < 0 || fcntl(s->control_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return fault_set(fault, -errno, "signer: control link: %s", strerror(errno));
	s->base = event_base_new();
	if (s->base) {
		s->control = event_new(s->base, s->control_fd, EV_READ | EV_PERSIST, on_control, s);
		s->work = event_new(s->base, -1, 0, on_work, s);
		s->watch = event_new(s->base, -1, EV_PERSIST, on_watch, s);
		s->stop_step = event_new(s->base, -1, EV_PERSIST, on_stop_step, s);
	}
	const struct timeval second = {.tv_sec = WATCH_S};
	if (!s->control || !s->work || !s->watch || !s->stop_step ||
	    event_add(s->control, NULL) < 0 || event_add(s->watch, &second) < 0)
		return fault_set(fault, -ENOMEM, "signer: no event loop");
	return 0;
}

static int start(struct signer *s, int conf_fd)
{
	struct fault fault = {""};
	protect_memory();
	int result = load(s, conf_fd, &fault);
	if (result == 0)
		result = open_events(s, &fault);
	if (result < 0) {
		log_error("%s", fault.text);
		(void)tell(s->control_fd, CONTROL_FAILED, view_of_string(fault.text));
		return result;
	}
	return tell(s->control_fd, CONTROL_READY, (struct view){0});
}

static void event_freep(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

/* Frees private keys, which wipes them. */
static void signer_free(struct signer *s)
{
	if (!s)
		return;
	drop_ledger(s);
	event_freep(&s->control);
	event_freep(&s->work);
	event_freep(&s->watch);
	event_freep(&s->stop_step);
	if (s->base)
		event_base_free(s->base);
	keyring_deinit(&s->keyring);
	conf_free(s->conf);
	jobs_deinit(&s->jobs);
	buffer_deinit(&s->der);
	buffer_deinit(&s->frame);
	close(s->control_fd);
	free(s);
}
DEFINE_CLEANUP(struct signer, signer_free)

int signer_run(int control_fd, int conf_fd, unsigned index)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "signer %u", index);
	log_init(name, LOG_LEVEL_INFO);
	cleanup(signer_freep) struct signer *s = calloc(1, sizeof(*s));
	if (!s)
		return 1;
	s->index = index;
	s->control_fd = control_fd;
	if (start(s, conf_fd) < 0)
		return 1;
	return event_base_dispatch(s->base) < 0 ? 1 : 0;
}
