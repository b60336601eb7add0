#include "front/ledger_link.h"

struct ledger_link {
	struct shell *shell;
	struct buffer query, frame; /* reused */
};

static const struct peer ledger = {ROOM_LEDGER, 0};

int ledger_link_new(struct shell *shell, struct ledger_link **ret)
{
	struct ledger_link *link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->shell = shell;
	*ret = link;
	return 0;
}

void ledger_link_free(struct ledger_link *link)
{
	if (!link)
		return;
	buffer_deinit(&link->query);
	buffer_deinit(&link->frame);
	free(link);
}

bool ledger_link_query(struct ledger_link *link, const struct message_query *question)
{
	buffer_reset(&link->query);
	message_query_write(&link->query, question);
	if (question->signed_request.size == 0)
		return shell_send_buffer(link->shell, ledger, MESSAGE_QUERY, &link->query);
	const struct message_signed_query around = {.signed_request = question->signed_request,
						    .query = buffer_view(&link->query)};
	buffer_reset(&link->frame);
	message_signed_query_write(&link->frame, &around);
	link->frame.failed = link->frame.failed || link->query.failed;
	return shell_send_buffer(link->shell, ledger, MESSAGE_SIGNED_QUERY, &link->frame);
}

/* ---- from the ledger ---- */

static int take_answer(struct answers *answers, struct view payload)
{
	struct message_answer m;
	int result = message_answer_read(payload, &m);
	if (result < 0)
		return result;
	struct moment now = clock_now();
	answers_answer(answers, &m, &now);
	return 0;
}

static int take_purge(struct answers *answers, struct view payload)
{
	struct message_purge m;
	struct moment now = clock_now();
	int result = message_purge_read(payload, &m);
	if (result == 0)
		answers_purge(answers, &m, &now);
	return result;
}

static int take_tick(struct answers *answers, struct view payload)
{
	struct message_tick m;
	int result = message_tick_read(payload, &m);
	if (result == 0)
		answers_tick(answers, &m);
	return result;
}

static int take_algorithms(struct answers *answers, struct view payload)
{
	struct message_algorithms m;
	int result = message_algorithms_read(payload, &m);
	if (result == 0)
		answers_algorithms(answers, &m);
	return result;
}

static int take_issuer(struct answers *answers, struct view payload)
{
	struct message_issuer m;
	int result = message_issuer_read(payload, &m);
	if (result == 0)
		answers_issuer(answers, &m);
	return result;
}

static int take_readiness(struct answers *answers, struct view payload)
{
	struct message_readiness m;
	int result = message_readiness_read(payload, &m);
	if (result == 0)
		answers_readiness(answers, &m);
	return result;
}

/* An operator asks; as many at a time as the ledger lets. */
static int take_explain(struct ledger_link *link, const struct answers *answers,
			struct view payload)
{
	struct message_explain m;
	struct message_explained answer;
	struct moment now = clock_now();
	int result = message_explain_read(payload, &m);
	if (result < 0)
		return result;
	answers_explain(answers, &m, &now, &answer);
	buffer_reset(&link->frame);
	message_explained_write(&link->frame, &answer);
	(void)shell_send_buffer(link->shell, ledger, MESSAGE_EXPLAINED, &link->frame);
	return 0;
}

int ledger_link_frame(struct ledger_link *link, struct answers *answers, uint8_t type,
		      struct view payload)
{
	switch (type) {
	case MESSAGE_EXPLAIN:
		return take_explain(link, answers, payload);
	case MESSAGE_ANSWER:
		return take_answer(answers, payload);
	case MESSAGE_PURGE:
		return take_purge(answers, payload);
	case MESSAGE_TICK:
		return take_tick(answers, payload);
	case MESSAGE_READINESS:
		return take_readiness(answers, payload);
	case MESSAGE_ISSUER:
		return take_issuer(answers, payload);
	case MESSAGE_ALGORITHMS:
		return take_algorithms(answers, payload);
	default:
		return -EBADMSG;
	}
}
