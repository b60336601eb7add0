#include "warden/wiring.h"

#include "base/result.h"

#include <sys/socket.h>

/* `other`: whose channel it is, and at which place. */
static void send_end(struct room *room, const struct room *other, unsigned index, int fd)
{
	const struct control_message message = {.type = CONTROL_CHANNEL,
						.kind = (uint8_t)other->kind,
						.index = index,
						.descriptor_count = 1,
						.descriptors = {fd}};
	room_send(room, &message);
}

static bool have_channel(enum room_kind one, enum room_kind other)
{
	return (kind_plan(one)->peers & ROOM_BIT(other)) &&
	       (kind_plan(other)->peers & ROOM_BIT(one));
}

static void connect_pair(struct room *ledger, struct room *neighbour)
{
	int ends[2];
	if (!have_channel(ledger->kind, neighbour->kind))
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
		room_kill(neighbour, strerror(errno));
		return;
	}
	send_end(ledger, neighbour, room_slot(neighbour, ledger), ends[0]);
	send_end(neighbour, ledger, ledger->index, ends[1]);
	close(ends[0]);
	close(ends[1]);
}

void wiring_connect(struct rooms *rooms, struct room *room)
{
	struct room *ledger = rooms_ledger(rooms);
	if (!room_alive(ledger) || !room_joins(room))
		return; /* it connects all when it starts; or it is too early, or too late */
	if (room != ledger) {
		connect_pair(ledger, room);
		return;
	}
	for (unsigned i = 0; i < rooms_count(rooms); i++) {
		struct room *neighbour = rooms_at(rooms, i);
		if (neighbour != ledger && room_alive(neighbour) && room_joins(neighbour))
			connect_pair(ledger, neighbour);
	}
}
