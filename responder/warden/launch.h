/* The other side of spawn.h: this process was started as a room. */
#pragma once

#include "warden/kind.h"

/* Closes doors (harden.h), names the process and becomes the room. The exit status. */
int launch_room(enum room_kind kind, unsigned index);
