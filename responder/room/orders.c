/* What the warden says. */
#include "room/process.h"

void shell_answer(struct shell *shell, uint32_t ticket, struct view text)
{
	tell((struct process *)shell,
	     &(struct control_message){.type = CONTROL_ANSWER, .index = ticket, .text = text});
}

/* What an operator asks may be wrong; that is no fault of the warden's. */
static void answer(struct process *p, const struct control_message *m)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	struct moment now = clock_now();
	int result = 0;
	if (view_equal(m->text, view_of_string("status")))
		p->plan->status(p->context, now, &text);
	else
		result = p->plan->command
				 ? p->plan->command(p->context, m->index, m->text, now, &text)
				 : -ENOENT;
	if (result < 0)
		buffer_put_string(&text, "{\"error\":\"unknown command\"}");
	if (result != ROOM_LATER && buffer_result(&text) == 0)
		shell_answer(&p->shell, m->index, buffer_view(&text));
}

/* An order to stop may have overtaken the message that brought them. */
static int take(struct process *p, struct control_message *m, struct fault *fault)
{
	unsigned count = m->descriptor_count;
	if (p->shell.stopping)
		return 0;
	m->descriptor_count = 0;
	return p->plan->take(p->context, m->descriptors, count, fault);
}

static int connect_peer(struct process *p, struct control_message *m)
{
	m->descriptor_count = 0;
	return links_connect(p, (struct peer){m->kind, m->index}, m->descriptors[0]);
}

static int drain(struct process *p, const struct control_message *m)
{
	if (!p->plan->drain)
		return -EBADMSG;
	p->plan->drain(p->context, m->index != 0);
	return 0;
}

static int take_access_log(struct process *p, struct control_message *m)
{
	if (!p->plan->access_log)
		return -EBADMSG;
	p->plan->access_log(p->context, m->descriptor_count ? m->descriptors[0] : -1);
	m->descriptor_count = 0;
	return 0;
}

static int take_words(struct process *p, struct control_message *m, struct fault *fault)
{
	if (!p->plan->words)
		return -EBADMSG;
	m->descriptor_count = 0;
	return p->plan->words(p->context, m->descriptors[0], fault);
}

static int take_outcome(struct process *p, const struct control_message *m)
{
	if (!p->plan->imported || m->kind < CONTROL_TAKEN || m->kind > CONTROL_LATER)
		return -EBADMSG;
	p->plan->imported(p->context, m->index, (enum control_outcome)m->kind, m->text);
	return 0;
}

/* 0 or -errno; -EBADMSG: not for this kind of room. */
static int obey(struct process *p, struct control_message *m, struct fault *fault)
{
	if (p->plan->takes && m->type == p->plan->takes)
		return take(p, m, fault);
	switch (m->type) {
	case CONTROL_CHANNEL:
		return connect_peer(p, m);
	case CONTROL_CONF:
		return reconfigure(p, m);
	case CONTROL_WORDS:
		return take_words(p, m, fault);
	case CONTROL_ACCESS_LOG:
		return take_access_log(p, m);
	case CONTROL_IMPORTED:
		return take_outcome(p, m);
	case CONTROL_ASK:
		answer(p, m);
		return 0;
	case CONTROL_DRAIN:
		return drain(p, m);
	case CONTROL_STOP:
		drain_begin(p);
		return 0;
	default:
		return -EBADMSG;
	}
}

void orders_readable(evutil_socket_t fd, short what, void *process)
{
	struct process *p = process;
	struct control_message m = {0};
	struct fault fault = {""};
	(void)what;
	int result = control_receive(fd, p->packet, &m);
	if (result == -EAGAIN)
		return;
	if (result == -EPIPE) { /* the warden is gone, and nobody would ever stop us */
		shell_end(&p->shell, 0);
		return;
	}
	if (result == 0)
		result = obey(p, &m, &fault);
	control_message_close(&m);
	if (result == 0) {
		tell_ready(p);
		return;
	}
	if (!fault.text[0])
		(void)fault_set(&fault, result, "cannot do what the warden says type=%d: %s",
				(int)m.type, strerror(-result));
	tell_failed(p, &fault);
	shell_end(&p->shell, 1);
}
