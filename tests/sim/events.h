/* Everything that can happen in a world, one at a time. Any event may come at any time: where it makes no
 * sense nothing happens, so that a list of events stays one when some are left out. */
#pragma once

#include "world.h"

#define EVENT_ARGUMENTS 5

/* EVENT(name, number of arguments, what they are) */
#define EVENTS(EVENT)                                                                              \
	EVENT(TIME, 1, "microseconds pass, with all that goes by itself")                          \
	EVENT(SETTLE, 0, "all that goes by itself, in no time")                                    \
	EVENT(ASK, 5, "instance, front, issuer, serial, 1: SHA-256, 2: a nonce, 4: three CertIDs") \
	EVENT(DELIVER, 3, "instance, pipe, octets (0: all)")                                       \
	EVENT(TURN, 1, "instance: the ledger's turn ends")                                         \
	EVENT(FEED, 1, "instance: the feed's next step")                                           \
	EVENT(LOOKUP, 2, "instance, connection: the lookup's next step")                           \
	EVENT(FETCH, 1, "instance: the next step of asking for stored answers")                    \
	EVENT(SIGN, 2, "instance, signer: its next job")                                           \
	EVENT(HOLD, 2, "instance, bits of what does not go by itself")                             \
	EVENT(CHANGE, 3, "issuer, serial, choice: a transaction with one change")                  \
	EVENT(REGISTER, 1, "issuer: if it is not there")                                           \
	EVENT(SLEEP, 1, "microseconds that the instances' machine sleeps")                         \
	EVENT(BEGIN, 1, "place of a transaction")                                                  \
	EVENT(WRITE, 4, "place, issuer, serial, choice")                                           \
	EVENT(PREPARE, 1, "place")                                                                 \
	EVENT(COMMIT, 1, "place")                                                                  \
	EVENT(WAIT, 1, "place: its commit waits for a replica's reply")                            \
	EVENT(SHOW, 1, "place: the reply came")                                                    \
	EVENT(ROLLBACK, 1, "place")                                                                \
	EVENT(BEATS, 1, "0: nobody calls heartbeat()")                                             \
	EVENT(STANDBY, 0, "a new one of the server that the address names")                        \
	EVENT(LAG, 2, "server, 1: replays by itself no more")                                      \
	EVENT(REPLAY, 2, "server, records")                                                        \
	EVENT(PAUSE, 2, "server, 1: replay is paused")                                             \
	EVENT(CRASH, 0, "of the server that the address names")                                    \
	EVENT(START, 0, "of the same")                                                             \
	EVENT(PROMOTE, 1, "server: the other one is gone, the address names this one")             \
	EVENT(NAME, 1, "server that was primary before: it comes back, the other one is gone")     \
	EVENT(SAVE, 0, "a backup")                                                                 \
	EVENT(RESTORE, 0, "in place")                                                              \
	EVENT(REBUILD, 2,                                                                          \
	      "lost rows by bits, order of registration: another server takes the address")        \
	EVENT(DELETE, 2, "issuer, serial: by a superuser")                                         \
	EVENT(TRUNCATE, 0, "of the log")                                                           \
	EVENT(FOREIGN, 1, "1: the log has rows of another cluster")                                \
	EVENT(CLOCK, 2, "instance, microseconds of its clock against the right one")               \
	EVENT(CLOCKS, 1, "microseconds of all servers' clocks")                                    \
	EVENT(CUT, 2,                                                                              \
	      "instance, 0: feed, 1: lookups, 2: stored answers, 3 …: one connection of lookups")  \
	EVENT(ROUTE, 2, "instance, server")                                                        \
	EVENT(DIE, 2,                                                                              \
	      "instance, 1: what the ledger had written is still read when it has crashed")        \
	EVENT(LIVE, 1, "instance: the ledger starts")                                              \
	EVENT(FRONTDIE, 2, "instance, front")                                                      \
	EVENT(FRONTLIVE, 2, "instance, front")                                                     \
	EVENT(SIGNERLOST, 2, "instance, signer")                                                   \
	EVENT(SIGNERBACK, 2, "instance, signer")                                                   \
	EVENT(SIGNERSAYS, 3, "instance, signer, result")                                           \
	EVENT(DAMAGE, 2, "instance, octets that the end of the journal's newer file loses")        \
	EVENT(ROT, 2, "instance, octets: of the kept answers' files (kept_damage())")              \
	EVENT(DISK, 2, "instance, 1: full")                                                        \
	EVENT(ACCEPT, 1, "instance: what the database lost is forgotten")                          \
	EVENT(CRL, 3, "issuer, serial that is revoked with it, seconds that it lasts")             \
	EVENT(IMPORT, 5,                                                                           \
	      "issuer, serial, hash, 0: of its row, 1: good, 2: forged, 3: another's, 4: ended, "  \
	      "seconds that it lasts: an answer that was signed beforehand")                       \
	EVENT(LONG, 2, "instance, microseconds that its poll of very many rows takes")             \
	EVENT(CALM, 0, "faults end, everything is mended, and everything must be answered")

#define EVENT_NAMED(name, arguments, text) EVENT_##name,
enum event_kind { EVENTS(EVENT_NAMED) EVENT_KINDS };

struct event {
	enum event_kind kind;
	int64_t arguments[EVENT_ARGUMENTS];
};

const char *event_name(enum event_kind kind);
void event_run(struct world *w, const struct event *event);
/* One line: "NAME 1 2 3". */
void event_write(FILE *file, const struct event *event);
/* The table for people. */
void events_explain(void);
/* False: it is none. */
bool event_read(const char *line, struct event *ret);
