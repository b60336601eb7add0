/* The channels to fronts and signers: frames in, comings and goings. */
#include "ledger/edge.h"

static void link_drop(struct link *link)
{
	channel_free(link->channel);
	link->channel = NULL;
}

/* ---- fronts ---- */

static int front_frame(void *context, uint8_t type, struct view payload)
{
	struct link *link = context;
	edge_turn(link->edge);
	return ledger_front_frame(link->edge->ledger, link->index, type, payload, clock_now());
}

static void front_closed(void *context, const char *reason)
{
	struct link *link = context;
	log_info("channel closed front=%u reason=\"%s\"", link->index, reason);
	link_drop(link);
	ledger_front_detach(link->edge->ledger, link->index);
	edge_turn(link->edge);
}

static const struct channel_ops front_ops = {.frame = front_frame, .closed = front_closed};

/* ---- signers ---- */

static int signer_frame(void *context, uint8_t type, struct view payload)
{
	struct link *link = context;
	edge_turn(link->edge);
	return ledger_signer_frame(link->edge->ledger, link->index, type, payload, clock_now());
}

static void signer_closed(void *context, const char *reason)
{
	struct link *link = context;
	log_info("channel closed signer=%u reason=\"%s\"", link->index, reason);
	link_drop(link);
	ledger_signer_detach(link->edge->ledger, link->index, clock_now());
	edge_turn(link->edge);
}

static const struct channel_ops signer_ops = {.frame = signer_frame, .closed = signer_closed};

/* ---- the verifier ---- */

static int verifier_frame(void *context, uint8_t type, struct view payload)
{
	struct link *link = context;
	edge_turn(link->edge);
	return ledger_verifier_frame(link->edge->ledger, type, payload, clock_now());
}

static void verifier_closed(void *context, const char *reason)
{
	struct link *link = context;
	log_info("channel closed to the verifier reason=\"%s\"", reason);
	link_drop(link);
	ledger_verifier_detach(link->edge->ledger);
	edge_turn(link->edge);
}

static const struct channel_ops verifier_ops = {.frame = verifier_frame, .closed = verifier_closed};

/* ---- connecting ---- */

static bool link_connect(struct edge *edge, struct link *link, unsigned index, int fd,
			 const struct channel_ops *ops)
{
	link->edge = edge;
	link->index = index;
	if (channel_new(edge->base, fd, ops, link, &link->channel) == 0)
		return true;
	log_error("out of memory, a channel is refused index=%u", index);
	close(fd);
	return false;
}

void links_connect_front(struct edge *edge, unsigned index, int fd)
{
	struct link *link = &edge->fronts[index];
	link_drop(link);
	ledger_front_detach(edge->ledger, index);
	if (link_connect(edge, link, index, fd, &front_ops))
		ledger_front_attach(edge->ledger, index, clock_now());
	edge_turn(edge);
}

void links_connect_signer(struct edge *edge, unsigned index, int fd)
{
	struct link *link = &edge->signers[index];
	link_drop(link);
	ledger_signer_detach(edge->ledger, index, clock_now());
	if (link_connect(edge, link, index, fd, &signer_ops))
		ledger_signer_attach(edge->ledger, index, clock_now());
	edge_turn(edge);
}

void links_connect_verifier(struct edge *edge, int fd)
{
	struct link *link = &edge->verifier;
	link_drop(link);
	ledger_verifier_detach(edge->ledger);
	if (link_connect(edge, link, 0, fd, &verifier_ops))
		ledger_verifier_attach(edge->ledger);
	edge_turn(edge);
}

void links_close(struct edge *edge)
{
	for (unsigned i = 0; i < LIMIT_FRONTS; i++)
		link_drop(&edge->fronts[i]);
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		link_drop(&edge->signers[i]);
	link_drop(&edge->verifier);
}

size_t links_queued(const struct edge *edge)
{
	size_t queued = 0;
	for (unsigned i = 0; i < LIMIT_FRONTS; i++)
		if (edge->fronts[i].channel)
			queued += channel_queued(edge->fronts[i].channel);
	return queued;
}
