/* What the core says, carried out: frames to channels, lookups to the database, alarms to the log. */
#include "ledger/edge.h"

#define ALARM_LINES_A_SECOND 20u

/* A channel that is closed or full says so later by itself (ipc/channel.h), and its peer gets nothing
 * more. Any other failure would leave a hole in the stream, perhaps where a purge should be; then
 * nothing more may leave at all, and a new ledger starts over. */
static void send_frame(struct link *link, uint8_t type, struct view payload)
{
	if (!link->channel || link->edge->status != 0)
		return;
	int result = channel_send(link->channel, type, payload);
	if (result == 0 || result == -EPIPE || result == -ENOBUFS)
		return;
	log_error("a frame cannot be sent, ending index=%u type=%u error=%d", link->index, type,
		  -result);
	edge_end(link->edge, 1);
}

static void to_front(void *context, unsigned front, uint8_t type, struct view payload)
{
	struct edge *edge = context;
	send_frame(&edge->fronts[front], type, payload);
}

static void to_verifier(void *context, uint8_t type, struct view payload)
{
	struct edge *edge = context;
	send_frame(&edge->verifier, type, payload);
}

static void to_signer(void *context, unsigned signer, uint8_t type, struct view payload)
{
	struct edge *edge = context;
	send_frame(&edge->signers[signer], type, payload);
}

static int lookup(void *context, uint64_t batch, const struct db_key *keys, size_t count)
{
	struct edge *edge = context;
	return db_source_lookup(edge->source, batch, keys, count);
}

static void reload(void *context, const char *reason)
{
	struct edge *edge = context;
	db_source_reload(edge->source, reason);
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

const struct ledger_ops edge_ledger_ops = {
	.to_front = to_front,
	.to_verifier = to_verifier,
	.to_signer = to_signer,
	.lookup = lookup,
	.reload = reload,
	.signer_hung = signer_hung,
	.alarm = alarm_line,
};
