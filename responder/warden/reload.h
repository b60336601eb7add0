/* Another configuration without an end (promise 5): build aside, prove, swap once, keep the old on failure.
 *
 *   NONE ──asked──▶ PROVING ─▶ ASKING ─▶ STARTING ─▶ PREPARING ─▶ COMMITTING ─▶ LEAVING ──▶ NONE
 *                      │          │          │            │
 *                      └──────────┴── refused ┴───────────┘ nothing has changed
 *
 * The new sockets are opened and the new signers are started beside the old, and every room builds aside
 * what it needs. Up to there anything may fail, or die, and all that is new is thrown away. From COMMITTING
 * on nothing fails: whatever is started is of the new configuration, and a room that does not take it over
 * is started anew. */
#pragma once

#include "warden/listeners.h"
#include "warden/preflight.h"
#include "warden/rooms.h"

struct reload;

/* The warden's, which a reload changes. */
struct reload_parts {
	struct event_base *base;
	const struct preflight_step *steps;
	const struct conf **conf; /* the first one is the warden's, later ones are the reload's */
	struct rooms *rooms;
	struct users *users;
	struct listeners *listeners, *admin_listeners;
};

struct reload_ops {
	void (*began)(void *context);
	/* The listening sockets of its kind are others: it must be told. */
	void (*listen)(void *context, struct room *room);
	void (*reply)(void *context, uint32_t ticket, struct view text);
	void (*ended)(void *context);
};

/* 0, -ENOMEM or -EIO. */
must_check int reload_new(const struct reload_parts *parts, const struct reload_ops *ops,
			  void *context, struct reload **ret);
void reload_free(struct reload *reload);

/* Somebody asks for it: `ticket` 0 by a signal. While one runs another one follows it, for all who asked
 * meanwhile together. */
void reload_ask(struct reload *reload, uint32_t ticket);
/* From here on it may begin: the instance serves. */
void reload_allow(struct reload *reload);
/* The instance ends. */
void reload_stop(struct reload *reload);

/* What the rooms tell. */
void reload_room_started(struct reload *reload, struct room *room);
void reload_room_changed(struct reload *reload); /* ready, dead or gone */
void reload_room_failed(struct reload *reload, const char *reason); /* one of the next generation */
void reload_room_stepped(struct reload *reload, struct room *room, enum control_step step,
			 struct view why);
/* Their reports have come, all that do. */
void reload_reported(struct reload *reload);
