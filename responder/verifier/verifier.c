/* The process: control link, channel to the ledger. A question is answered as it comes: the ledger
 * asks at most LIMIT_VERIFICATIONS at a time, and nobody else waits here. */
#include "verifier/verifier.h"

#include "ipc/channel.h"
#include "ipc/control.h"
#include "ipc/messages.h"
#include "verifier/requestors.h"

#include <fcntl.h>
#include <sys/resource.h>

/* A flood of signed requests takes what the other rooms leave. */
#define NICENESS 10
/* Refusals are logged at most so often. */
#define LOG_INTERVAL_US SECOND_US

struct trust {
	struct requestors *requestors; /* NULL: signatures are ignored */
};

struct verifier {
	struct conf *conf;
	struct trust *each; /* by place of the issuer */
	struct event_base *base;
	struct event *control;
	int control_fd;
	struct channel *ledger;
	struct buffer frame; /* reused */
	int64_t log_after_us; /* monotonic */
	uint64_t verified, refused;
	uint8_t packet[CONTROL_PACKET];
};

/* ---- work ---- */

static enum ocsp_result judge(struct verifier *v, const struct message_verify *m)
{
	struct moment now = clock_now();
	const char *reason = "its issuer asks for no signatures";
	enum ocsp_result result = OCSP_UNAUTHORIZED;
	if (m->issuer < v->conf->issuer_count && v->each[m->issuer].requestors)
		result = requestors_judge(v->each[m->issuer].requestors, m->signed_request,
					  wall_seconds(now.wall_us), &reason);
	if (result == OCSP_SUCCESSFUL) {
		v->verified++;
		return result;
	}
	v->refused++;
	if (now.mono_us >= v->log_after_us) {
		v->log_after_us = now.mono_us + LOG_INTERVAL_US;
		log_info("a signed request is refused: %s refused=%llu", reason,
			 (unsigned long long)v->refused);
	}
	return result;
}

static int on_frame(void *context, uint8_t type, struct view payload)
{
	struct verifier *v = context;
	struct message_verify m;
	if (type != MESSAGE_VERIFY || message_verify_read(payload, &m) < 0)
		return -EBADMSG;
	struct message_verified answer = {.id = m.id, .result = judge(v, &m)};
	log_debug("verified " REQUEST_FORMAT " issuer=%u result=%s", m.request, m.issuer,
		  ocsp_result_name(answer.result));
	buffer_reset(&v->frame);
	message_verified_write(&v->frame, &answer);
	int result = buffer_result(&v->frame);
	if (result == 0)
		result = channel_send(v->ledger, MESSAGE_VERIFIED, buffer_view(&v->frame));
	return result == -EPIPE ? 0 : result;
}

static void on_closed(void *context, const char *reason)
{
	struct verifier *v = context;
	log_info("the ledger is gone reason=\"%s\"", reason);
	channel_free(v->ledger);
	v->ledger = NULL;
}

/* ---- the warden ---- */

static void tell(struct verifier *v, enum control_type type, struct view text)
{
	const struct control_message m = {.type = type, .text = text};
	if (control_send(v->control_fd, &m) < 0)
		log_warning("the warden was not told type=%d", (int)type);
}

static void tell_status(struct verifier *v)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	buffer_printf(&text, "{\"verified\":%llu,\"refused\":%llu}",
		      (unsigned long long)v->verified, (unsigned long long)v->refused);
	if (buffer_result(&text) == 0)
		tell(v, CONTROL_STATUS, buffer_view(&text));
}

static void take_ledger(struct verifier *v, struct control_message *m)
{
	static const struct channel_ops ops = {.frame = on_frame, .closed = on_closed};
	channel_free(v->ledger);
	v->ledger = NULL;
	if (channel_new(v->base, m->descriptors[0], &ops, v, &v->ledger) == 0)
		m->descriptor_count = 0;
	else
		log_error("out of memory, a channel is refused");
}

static void obey(struct verifier *v, struct control_message *m)
{
	switch (m->type) {
	case CONTROL_LEDGER:
		take_ledger(v, m);
		break;
	case CONTROL_STATUS_ASK:
		tell_status(v);
		break;
	case CONTROL_STOP:
		(void)event_base_loopbreak(v->base);
		break;
	default:
		log_warning("control message not for a verifier type=%d", (int)m->type);
	}
}

static void on_control(evutil_socket_t fd, short what, void *context)
{
	struct verifier *v = context;
	struct control_message m = {0};
	(void)what;
	int result = control_receive(fd, v->packet, &m);
	if (result == 0) {
		obey(v, &m);
		control_message_close(&m);
	} else if (result != -EAGAIN) {
		(void)event_base_loopbreak(v->base);
	}
}

/* ---- life ---- */

static int load_all(struct verifier *v, struct fault *fault)
{
	v->each = calloc(v->conf->issuer_count + 1u, sizeof(*v->each));
	if (!v->each)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < v->conf->issuer_count; i++) {
		const struct conf_issuer *issuer = &v->conf->issuers[i];
		struct fault inner = {""};
		if (issuer->signed_requests == SIGNED_IGNORE)
			continue;
		int result = requestors_load(issuer, &v->each[i].requestors, &inner);
		if (result < 0)
			return fault_set(fault, result, "issuer \"%s\": %.700s", issuer->name,
					 inner.text);
	}
	return 0;
}

static int start(struct verifier *v, int conf_fd, struct fault *fault)
{
	int result = conf_load_descriptor(conf_fd, CONF_VERIFIER, &v->conf, fault);
	close(conf_fd);
	if (result < 0)
		return result;
	log_set_level(v->conf->server.log_level);
	(void)setpriority(PRIO_PROCESS, 0, NICENESS);
	result = load_all(v, fault);
	if (result < 0)
		return result;
	v->base = event_base_new();
	if (v->base && evutil_make_socket_nonblocking(v->control_fd) == 0)
		v->control = event_new(v->base, v->control_fd, EV_READ | EV_PERSIST, on_control, v);
	if (!v->control || event_add(v->control, NULL) < 0)
		return fault_set(fault, -ENOMEM, "no event loop");
	return 0;
}

static void verifier_free(struct verifier *v)
{
	if (!v)
		return;
	channel_free(v->ledger);
	if (v->control)
		event_free(v->control);
	if (v->base)
		event_base_free(v->base);
	for (unsigned i = 0; v->each && i < v->conf->issuer_count; i++)
		requestors_free(v->each[i].requestors);
	free(v->each);
	conf_free(v->conf);
	buffer_deinit(&v->frame);
	close(v->control_fd);
	free(v);
}
DEFINE_CLEANUP(struct verifier, verifier_free)

int verifier_run(int control_fd, int conf_fd)
{
	log_init("verifier", LOG_LEVEL_INFO);
	cleanup(verifier_freep) struct verifier *v = calloc(1, sizeof(*v));
	struct fault fault = {""};
	if (!v)
		return 1;
	v->control_fd = control_fd;
	if (start(v, conf_fd, &fault) < 0) {
		log_error("%s", fault.text);
		tell(v, CONTROL_FAILED, view_of_string(fault.text));
		return 1;
	}
	tell(v, CONTROL_READY, (struct view){0});
	return event_base_dispatch(v->base) < 0 ? 1 : 0;
}
