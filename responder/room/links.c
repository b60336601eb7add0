/* The channels to the peers: frames in, comings and goings. */
#include "room/process.h"

#include "base/log.h"

static void link_drop(struct link *link)
{
	struct process *p = link->process;
	if (!link->channel)
		return;
	channel_free(link->channel);
	link->channel = NULL;
	if (p->context && p->plan->detached)
		p->plan->detached(p->context, link->peer);
}

static int link_frame(void *context, uint8_t type, struct view payload)
{
	struct link *link = context;
	link->process->fresh = true;
	return link->process->plan->frame(link->process->context, link->peer, type, payload);
}

/* Every channel has the ledger at one end; the other end asks for a new one. */
static void link_miss(struct process *p)
{
	static const struct timeval wait = {.tv_sec = RECONNECT_LOOK_US / SECOND_US};
	if (room_place(p->kind) != ROOM_IS_THE_LEDGER &&
	    !event_pending(p->missing, EV_TIMEOUT, NULL) && event_add(p->missing, &wait) < 0)
		shell_end(&p->shell, 1);
}

static void link_closed(void *context, const char *reason)
{
	struct link *link = context;
	char name[ROOM_NAME_SIZE];
	room_name(link->peer.kind, link->peer.index % room_most(link->peer.kind), name);
	/* Of a room that died the warden tells, and who was told nonsense says so itself. */
	if (channel_peer_ended(link->channel))
		log_debug("the channel is closed to=%s: %s", log_quoted(name), reason);
	else if (!link->process->shell.stopping)
		log_warning("the channel is closed to=%s: %s", log_quoted(name), reason);
	link_drop(link);
	link->lost = true;
	link_miss(link->process);
}

static struct link *link_find(const struct process *p, struct peer peer)
{
	bool there = (unsigned)peer.kind < ROOM_KINDS && p->links[peer.kind] &&
		     peer.index < room_slots(peer.kind);
	return there ? &p->links[peer.kind][peer.index] : NULL;
}

int links_connect(struct process *p, struct peer peer, int fd)
{
	static const struct channel_ops ops = {.frame = link_frame, .closed = link_closed};
	struct link *link = link_find(p, peer);
	int result = -EINVAL;
	if (link) {
		link_drop(link);
		link->lost = false;
		result = channel_new(p->shell.base, fd, &ops, link, &link->channel);
	}
	if (result < 0)
		close(fd);
	else if (p->plan->attached)
		p->plan->attached(p->context, peer);
	return result;
}

static void hole(struct shell *shell, uint8_t type, int result)
{
	log_error("ending: a frame cannot be sent type=%u: %s", type, strerror(-result));
	shell_end(shell, 1);
}

bool shell_send(struct shell *shell, struct peer peer, uint8_t type, struct view payload)
{
	struct process *p = (struct process *)shell;
	struct link *link = link_find(p, peer);
	if (!link || !link->channel || p->status != 0)
		return false;
	int result = channel_send(link->channel, type, payload);
	/* A channel that is closed, or full and given up, says so itself. */
	if (result < 0 && result != -EPIPE && result != -ENOBUFS)
		hole(shell, type, result);
	return result == 0;
}

bool shell_send_buffer(struct shell *shell, struct peer peer, uint8_t type,
		       const struct buffer *payload)
{
	int result = buffer_result(payload);
	if (result == 0)
		return shell_send(shell, peer, type, buffer_view(payload));
	hole(shell, type, result);
	return false;
}

int links_new(struct process *p)
{
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++) {
		if (!(p->plan->peers & ROOM_BIT(kind)))
			continue;
		p->links[kind] = calloc(room_slots(kind), sizeof(struct link));
		if (!p->links[kind])
			return -ENOMEM;
		for (unsigned i = 0; i < room_slots(kind); i++)
			p->links[kind][i] = (struct link){.process = p, .peer = {kind, i}};
	}
	return 0;
}

void links_free(struct process *p)
{
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++) {
		for (unsigned i = 0; p->links[kind] && i < room_slots(kind); i++)
			channel_free(p->links[kind][i].channel);
		free(p->links[kind]);
		p->links[kind] = NULL;
	}
}

bool links_lost(struct process *p, void (*each)(struct process *p, struct peer peer))
{
	bool any = false;
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++) {
		for (unsigned i = 0; p->links[kind] && i < room_slots(kind); i++) {
			if (!p->links[kind][i].lost)
				continue;
			any = true;
			each(p, p->links[kind][i].peer);
		}
	}
	return any;
}

size_t links_queued(const struct process *p)
{
	size_t queued = 0;
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++)
		for (unsigned i = 0; p->links[kind] && i < room_slots(kind); i++)
			if (p->links[kind][i].channel)
				queued += channel_queued(p->links[kind][i].channel);
	return queued;
}
