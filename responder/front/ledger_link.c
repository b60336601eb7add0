#include "front/ledger_link.h"

#include "base/log.h"
#include "ipc/channel.h"

struct ledger_link {
	struct event_base *base;
	struct answers *answers;
	struct channel *channel; /* NULL: there is no ledger */
	struct buffer out;
};

int ledger_link_new(struct event_base *base, struct ledger_link **ret)
{
	struct ledger_link *link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->base = base;
	*ret = link;
	return 0;
}

void ledger_link_free(struct ledger_link *link)
{
	if (!link)
		return;
	channel_free(link->channel);
	buffer_deinit(&link->out);
	free(link);
}

void ledger_link_set_answers(struct ledger_link *link, struct answers *answers)
{
	link->answers = answers;
}

static bool send_frame(struct ledger_link *link, uint8_t type, const struct buffer *frame)
{
	return buffer_result(frame) == 0 &&
	       channel_send(link->channel, type, buffer_view(frame)) == 0;
}

bool ledger_link_query(struct ledger_link *link, const struct message_query *question)
{
	if (!link->channel)
		return false;
	buffer_reset(&link->out);
	message_query_write(&link->out, question);
	if (question->signed_request.size == 0)
		return send_frame(link, MESSAGE_QUERY, &link->out);
	const struct message_signed_query around = {.signed_request = question->signed_request,
						    .query = buffer_view(&link->out)};
	cleanup(buffer_deinit) struct buffer frame = {0};
	message_signed_query_write(&frame, &around);
	return buffer_result(&link->out) == 0 && send_frame(link, MESSAGE_SIGNED_QUERY, &frame);
}

/* ---- from the ledger ---- */

static int take_answer(struct answers *answers, struct view payload)
{
	struct message_answer m;
	int r = message_answer_read(payload, &m);
	if (r < 0)
		return r;
	struct moment now = clock_now();
	answers_answer(answers, &m, &now);
	return 0;
}

static int take_purge(struct answers *answers, struct view payload)
{
	struct message_purge m;
	struct moment now = clock_now();
	int r = message_purge_read(payload, &m);
	if (r == 0)
		answers_purge(answers, &m, &now);
	return r;
}

static int take_tick(struct answers *answers, struct view payload)
{
	struct message_tick m;
	int r = message_tick_read(payload, &m);
	if (r == 0)
		answers_tick(answers, &m);
	return r;
}

static int take_algorithms(struct answers *answers, struct view payload)
{
	struct message_algorithms m;
	int r = message_algorithms_read(payload, &m);
	if (r == 0)
		answers_algorithms(answers, &m);
	return r;
}

static int take_readiness(struct answers *answers, struct view payload)
{
	struct message_readiness m;
	int r = message_readiness_read(payload, &m);
	if (r == 0)
		answers_readiness(answers, &m);
	return r;
}

static int link_frame(void *context, uint8_t type, struct view payload)
{
	struct ledger_link *link = context;
	switch (type) {
	case MESSAGE_ANSWER:
		return take_answer(link->answers, payload);
	case MESSAGE_PURGE:
		return take_purge(link->answers, payload);
	case MESSAGE_TICK:
		return take_tick(link->answers, payload);
	case MESSAGE_READINESS:
		return take_readiness(link->answers, payload);
	case MESSAGE_ALGORITHMS:
		return take_algorithms(link->answers, payload);
	default:
		return -EBADMSG;
	}
}

static void link_closed(void *context, const char *reason)
{
	struct ledger_link *link = context;
	log_warning("the channel to the ledger is closed: %s", reason);
	channel_free(link->channel);
	link->channel = NULL;
	answers_ledger_lost(link->answers);
}

int ledger_link_connect(struct ledger_link *link, int fd)
{
	static const struct channel_ops ops = {.frame = link_frame, .closed = link_closed};
	channel_free(link->channel);
	link->channel = NULL;
	answers_ledger_lost(link->answers);
	int r = channel_new(link->base, fd, &ops, link, &link->channel);
	if (r < 0) {
		close(fd);
		return r;
	}
	answers_ledger_connected(link->answers);
	return 0;
}
