#include "warden/wiring.h"

#include "base/result.h"

#include <sys/socket.h>

static void send_end(struct room *room, enum control_type type, unsigned index, int fd)
{
	struct control_message message = {
		.type = type, .index = index, .descriptor_count = 1, .descriptors = {fd}};
	room_send(room, &message);
}

static enum control_type end_for(enum room_kind neighbour)
{
	switch (neighbour) {
	case ROOM_FRONT:
		return CONTROL_FRONT;
	case ROOM_VERIFIER:
		return CONTROL_VERIFIER;
	default:
		return CONTROL_SIGNER;
	}
}

static void connect_pair(struct room *ledger, struct room *neighbour)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
		room_kill(neighbour, strerror(errno));
		return;
	}
	send_end(ledger, end_for(neighbour->kind), neighbour->index, ends[0]);
	send_end(neighbour, CONTROL_LEDGER, 0, ends[1]);
	close(ends[0]);
	close(ends[1]);
}

void wiring_connect(struct rooms *rooms, struct room *room)
{
	struct room *ledger = rooms_ledger(rooms);
	if (!room_alive(ledger))
		return; /* it connects all when it starts */
	if (room != ledger) {
		connect_pair(ledger, room);
		return;
	}
	for (unsigned i = 0; i < rooms_count(rooms); i++) {
		struct room *neighbour = rooms_at(rooms, i);
		if (neighbour != ledger && room_alive(neighbour))
			connect_pair(ledger, neighbour);
	}
}
