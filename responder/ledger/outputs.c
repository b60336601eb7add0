/* What the core says, carried out: frames to channels, lookups to the database, alarms to the log. */
#include "ipc/messages.h"
#include "ledger/edge.h"
#include "ocsp/answer.h"

#define ALARM_LINES_A_SECOND 20u

/* A closed channel says so itself; a hole in a stream ends the process (room/room.h). */
static void send_frame(struct edge *edge, struct peer peer, uint8_t type, struct view payload)
{
	(void)shell_send(edge->shell, peer, type, payload);
}

static void to_front(void *context, unsigned front, uint8_t type, struct view payload)
{
	send_frame(context, (struct peer){ROOM_FRONT, front}, type, payload);
}

static void to_signer(void *context, unsigned signer, uint8_t type, struct view payload)
{
	send_frame(context, (struct peer){ROOM_SIGNER, signer}, type, payload);
}

static void to_verifier(void *context, unsigned verifier, uint8_t type, struct view payload)
{
	send_frame(context, (struct peer){ROOM_VERIFIER, verifier}, type, payload);
}

static void to_fetcher(void *context, uint8_t type, struct view payload)
{
	send_frame(context, (struct peer){ROOM_FETCHER, 0}, type, payload);
}

static int lookup(void *context, uint64_t batch, const struct db_key *keys, size_t count,
		  bool proves)
{
	struct edge *edge = context;
	return db_source_lookup(edge->source, batch, keys, count, proves);
}

/* The first one makes the connection: most configurations need none. */
static int stored(void *context, uint64_t batch, const struct db_stored_key *keys, size_t count)
{
	struct edge *edge = context;
	int result = 0;
	if (!edge->stored) {
		const struct db_settings settings = edge_settings(edge);
		result = db_stored_new(edge->shell->base, &settings, &edge_stored_ops, edge,
				       &edge->stored);
	}
	edge->stored_batch = batch;
	return result == 0 ? db_stored_send(edge->stored, batch, keys, count) : result;
}

static void reload(void *context, const char *reason)
{
	struct edge *edge = context;
	db_source_reload(edge->source, reason);
}

static void look_elsewhere(void *context, const char *reason)
{
	struct edge *edge = context;
	db_source_look_elsewhere(edge->source, reason);
}

static int journal(void *context, struct view octets)
{
	struct edge *edge = context;
	return journal_store_append(&edge->journal, octets);
}

static int journal_swap(void *context)
{
	struct edge *edge = context;
	return journal_store_swap(&edge->journal);
}

static int keep(void *context, struct view octets)
{
	struct edge *edge = context;
	return journal_store_append(&edge->answers, octets);
}

static int keep_swap(void *context)
{
	struct edge *edge = context;
	return journal_store_swap(&edge->answers);
}

static bool read_answer(void *context, struct view der, struct ocsp_said *ret)
{
	(void)context;
	return ocsp_said_read(der, ret, NULL) == 0;
}

/* The status shows it too (signers_hung). The signer is asked again as soon as it says anything. */
static void signer_hung(void *context, unsigned signer)
{
	(void)context;
	log_warning("a signer does not answer, its jobs go to others signer=%u", signer);
}

static void alarm_line(void *context, const char *text)
{
	struct edge *edge = context;
	int64_t second = clock_now().mono_us / SECOND_US;
	if (second != edge->alarm_second) {
		edge->alarm_second = second;
		edge->alarms_logged = 0;
	}
	if (edge->alarms_logged++ < ALARM_LINES_A_SECOND)
		log_error("%s", text);
}

static void explained(void *context, uint32_t ticket, struct view text)
{
	struct edge *edge = context;
	shell_answer(edge->shell, ticket, text);
}

/* There are so many at most, and each speaks once a day. */
static void condition(void *context, enum alarm_event event, const char *text)
{
	(void)context;
	log_line(event == ALARM_ENDS ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "%s", text);
}

static void trace(void *context, uint64_t request, const char *step)
{
	(void)context;
	log_debug("%s " REQUEST_FORMAT, step, request);
}

const struct ledger_ops edge_ledger_ops = {
	.to_front = to_front,
	.to_fetcher = to_fetcher,
	.to_verifier = to_verifier,
	.to_signer = to_signer,
	.lookup = lookup,
	.stored = stored,
	.reload = reload,
	.look_elsewhere = look_elsewhere,
	.journal = journal,
	.journal_swap = journal_swap,
	.keep = keep,
	.keep_swap = keep_swap,
	.read_answer = read_answer,
	.signer_hung = signer_hung,
	.alarm = alarm_line,
	.explained = explained,
	.condition = condition,
	.trace = trace,
};
