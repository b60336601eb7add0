/* Questions on their way to the ledger, and who waits for each. Pure: time comes in as an argument.
 *
 * A flight for a question that others may share is found by its key: one flight a key, many waiters
 * (doc/faults.md row 13). Flights and waiters all have the same time to live, so both lists are ordered
 * by deadline just by appending, and expiry looks at their heads only. */
#pragma once

#include "base/clock.h"
#include "ipc/messages.h"

#include <sys/queue.h>

struct access_note;
struct flights;
struct flight;

/* Lives in whatever waits (a connection); zero-initialised it waits for nothing. */
struct flight_waiter {
	uint64_t request; /* its number (ipc/messages.h), set before it asks */
	struct access_note *note; /* owned; NULL: no line of the access log */
	TAILQ_ENTRY(flight_waiter) in_flight, in_order;
	struct flight *flight; /* NULL: not waiting */
	int64_t since_us, deadline_us; /* monotonic */
};

/* 0; -ENOMEM or -EIO without random numbers for the hash. */
must_check int flights_new(int64_t timeout_us, struct flights **ret);
/* Waiters are forgotten, not answered. */
void flights_free(struct flights *flights);
DEFINE_CLEANUP(struct flights, flights_free)

/* Of those that open, and of whoever waits, from here on. */
void flights_set_timeout(struct flights *flights, int64_t timeout_us);

/* The open flight of a key, or NULL. */
struct flight *flights_find(struct flights *flights, struct view key);
/* Opens a flight; the bytes of the question are copied, those of a signed request too. `shared`: others
 * may join it by its key, the concatenated CertIDs and preferences. NULL: LIMIT_FLIGHTS are open, or
 * LIMIT_FLIGHTS_ALONE that are not shared, or LIMIT_VERIFICATIONS with signatures, or no memory. */
struct flight *flights_open(struct flights *flights, const struct message_query *question,
			    bool shared, int64_t now_us);
/* Takes the flight with this number out of the tables (its waiters stay with it) or gives NULL. */
struct flight *flights_take(struct flights *flights, uint64_t id);
/* The waiters of a flight that is freed must have been taken before. */
void flight_free(struct flight *flight);
DEFINE_CLEANUP(struct flight, flight_free)

/* False: LIMIT_WAITERS wait already. */
bool flights_wait(struct flights *flights, struct flight *flight, struct flight_waiter *waiter,
		  int64_t now_us);
/* Stops waiting; nothing happens to one that does not wait. */
void flights_leave(struct flights *flights, struct flight_waiter *waiter);
/* The next waiter of a flight, no longer waiting, or NULL. */
struct flight_waiter *flights_next_waiter(struct flights *flights, struct flight *flight);

/* The next waiter whose deadline has passed, no longer waiting, or NULL. */
struct flight_waiter *flights_expired_waiter(struct flights *flights, int64_t now_us);
/* The next flight whose time has passed, or NULL. It stays open. */
struct flight *flights_expired(struct flights *flights, int64_t now_us);
/* Gives an open flight a new number and its whole time again. */
void flights_renew(struct flights *flights, struct flight *flight, int64_t now_us);
void flights_drop(struct flights *flights, struct flight *flight);

/* Calls `each` for every open flight, oldest first. */
void flights_each(struct flights *flights, void (*each)(void *context, struct flight *flight),
		  void *context);

/* Of the first who asked. */
uint64_t flight_request(const struct flight *flight);
/* It is no renewal any more (message_query); false if it was none. */
bool flight_hurry(struct flight *flight);
bool flight_has_waiters(const struct flight *flight);
bool flight_is_shared(const struct flight *flight);
bool flight_is_signed(const struct flight *flight);
unsigned flight_certids(const struct flight *flight);
/* The concatenated CertIDs, and after them the preferences. */
struct view flight_key(const struct flight *flight);
/* The question, pointing into the flight. */
struct message_query flight_question(const struct flight *flight);

size_t flights_count(const struct flights *flights);
size_t flights_waiting(const struct flights *flights);
