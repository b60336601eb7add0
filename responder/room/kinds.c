#include "room/kinds.h"

#include <stdio.h>

struct line {
	const char *name;
	unsigned most;
	enum room_place place;
};

#define LINE(KIND, name, most, place) [ROOM_##KIND] = {#name, most, ROOM_##place},
static const struct line lines[] = {ROOMS(LINE)};

const char *room_kind_name(enum room_kind kind)
{
	return lines[kind].name;
}

unsigned room_most(enum room_kind kind)
{
	return lines[kind].most;
}

unsigned room_slots(enum room_kind kind)
{
	return room_place(kind) == ROOM_SERVES_LEDGER ? 2 * room_most(kind) : room_most(kind);
}

enum room_place room_place(enum room_kind kind)
{
	return lines[kind].place;
}

void room_name(enum room_kind kind, unsigned index, char ret[ROOM_NAME_SIZE])
{
	if (room_most(kind) > 1)
		(void)snprintf(ret, ROOM_NAME_SIZE, "%s %u", room_kind_name(kind), index);
	else
		(void)snprintf(ret, ROOM_NAME_SIZE, "%s", room_kind_name(kind));
}
