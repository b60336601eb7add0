#include "front/flights.h"

#include "base/result.h"
#include "base/siphash.h"

#define BUCKETS 32768u /* above LIMIT_FLIGHTS, a power of two */

struct flight {
	TAILQ_ENTRY(flight) in_order;
	struct flight *next_by_id, *next_by_key;
	TAILQ_HEAD(, flight_waiter) waiters;
	uint64_t id;
	uint64_t request;
	uint64_t key_hash;
	int64_t deadline_us;
	bool shared, raw_nonce, refresh;
	uint8_t nonce_size, certid_count;
	uint16_t certid_sizes[LIMIT_CERTIDS];
	size_t key_size; /* CertIDs and preferences */
	size_t preferred_size;
	size_t signed_size; /* 0: not signed */
	uint8_t bytes[]; /* the CertIDs, what is preferred, the nonce, the signed request */
};

struct flights {
	struct siphash_key hash_key;
	int64_t timeout_us;
	uint64_t last_id;
	size_t count, waiting, alone, signed_count;
	TAILQ_HEAD(flight_list, flight) order;
	TAILQ_HEAD(flight_waiters, flight_waiter) waiters;
	struct flight *by_id[BUCKETS], *by_key[BUCKETS];
};

int flights_new(int64_t timeout_us, struct flights **ret)
{
	cleanup(flights_freep) struct flights *flights = calloc(1, sizeof(*flights));
	if (!flights)
		return -ENOMEM;
	TAILQ_INIT(&flights->order);
	TAILQ_INIT(&flights->waiters);
	flights->timeout_us = timeout_us;
	int result = siphash_key_random(&flights->hash_key);
	if (result < 0)
		return result;
	*ret = flights;
	flights = NULL;
	return 0;
}

static void forget_waiters(struct flights *flights, struct flight *flight)
{
	while (flights_next_waiter(flights, flight))
		;
}

void flights_set_timeout(struct flights *flights, int64_t timeout_us)
{
	flights->timeout_us = timeout_us;
}

void flights_free(struct flights *flights)
{
	if (!flights)
		return;
	struct flight *flight;
	while ((flight = TAILQ_FIRST(&flights->order))) {
		forget_waiters(flights, flight);
		flights_drop(flights, flight);
	}
	free(flights);
}

static struct flight **id_bucket(struct flights *flights, uint64_t id)
{
	return &flights->by_id[id % BUCKETS];
}

static struct flight **key_bucket(struct flights *flights, uint64_t hash)
{
	return &flights->by_key[hash % BUCKETS];
}

struct flight *flights_find(struct flights *flights, struct view key)
{
	uint64_t hash = siphash(&flights->hash_key, key);
	struct flight *flight = *key_bucket(flights, hash);
	while (flight && !(flight->key_hash == hash && view_equal(flight_key(flight), key)))
		flight = flight->next_by_key;
	return flight;
}

static size_t key_size_of(const struct message_query *question)
{
	size_t size = question->preferred.size;
	for (unsigned i = 0; i < question->certid_count; i++)
		size += question->certids[i].size;
	return size;
}

static struct flight *flight_new(const struct message_query *question, bool shared)
{
	size_t key_size = key_size_of(question);
	struct flight *flight = malloc(sizeof(*flight) + key_size + question->nonce.size +
				       question->signed_request.size);
	if (!flight)
		return NULL;
	*flight = (struct flight){
		.request = question->request,
		.shared = shared,
		.nonce_size = (uint8_t)question->nonce.size,
		.raw_nonce = question->raw_nonce,
		.refresh = question->refresh,
		.certid_count = (uint8_t)question->certid_count,
		.key_size = key_size,
		.preferred_size = question->preferred.size,
		.signed_size = question->signed_request.size,
	};
	TAILQ_INIT(&flight->waiters);
	uint8_t *at = flight->bytes;
	for (unsigned i = 0; i < question->certid_count; i++) {
		struct view certid = question->certids[i];
		flight->certid_sizes[i] = (uint16_t)certid.size;
		memcpy(at, certid.data, certid.size);
		at += certid.size;
	}
	if (question->preferred.size)
		memcpy(at, question->preferred.data, question->preferred.size);
	at += question->preferred.size;
	if (question->nonce.size)
		memcpy(at, question->nonce.data, question->nonce.size);
	if (flight->signed_size)
		memcpy(at + flight->nonce_size, question->signed_request.data, flight->signed_size);
	return flight;
}

static void link_id(struct flights *flights, struct flight *flight, int64_t now_us)
{
	flight->id = ++flights->last_id;
	flight->deadline_us = now_us + flights->timeout_us;
	struct flight **bucket = id_bucket(flights, flight->id);
	flight->next_by_id = *bucket;
	*bucket = flight;
	/* All have the same time, but where it has just become a shorter one. */
	struct flight *last = TAILQ_LAST(&flights->order, flight_list);
	while (last && last->deadline_us > flight->deadline_us)
		last = TAILQ_PREV(last, flight_list, in_order);
	if (last)
		TAILQ_INSERT_AFTER(&flights->order, last, flight, in_order);
	else
		TAILQ_INSERT_HEAD(&flights->order, flight, in_order);
}

static void unlink_id(struct flights *flights, struct flight *flight)
{
	struct flight **link = id_bucket(flights, flight->id);
	while (*link != flight)
		link = &(*link)->next_by_id;
	*link = flight->next_by_id;
	TAILQ_REMOVE(&flights->order, flight, in_order);
}

static void link_key(struct flights *flights, struct flight *flight)
{
	flight->key_hash = siphash(&flights->hash_key, flight_key(flight));
	struct flight **bucket = key_bucket(flights, flight->key_hash);
	flight->next_by_key = *bucket;
	*bucket = flight;
}

static void unlink_key(struct flights *flights, struct flight *flight)
{
	struct flight **link = key_bucket(flights, flight->key_hash);
	while (*link != flight)
		link = &(*link)->next_by_key;
	*link = flight->next_by_key;
}

struct flight *flights_open(struct flights *flights, const struct message_query *question,
			    bool shared, int64_t now_us)
{
	bool is_signed = question->signed_request.size > 0;
	if (flights->count >= LIMIT_FLIGHTS || (!shared && flights->alone >= LIMIT_FLIGHTS_ALONE) ||
	    (is_signed && flights->signed_count >= LIMIT_VERIFICATIONS))
		return NULL;
	struct flight *flight = flight_new(question, shared);
	if (!flight)
		return NULL;
	link_id(flights, flight, now_us);
	if (shared)
		link_key(flights, flight);
	flights->count++;
	flights->alone += !shared;
	flights->signed_count += is_signed;
	return flight;
}

static void take(struct flights *flights, struct flight *flight)
{
	unlink_id(flights, flight);
	if (flight->shared)
		unlink_key(flights, flight);
	flights->count--;
	flights->alone -= !flight->shared;
	flights->signed_count -= flight_is_signed(flight);
}

struct flight *flights_take(struct flights *flights, uint64_t id)
{
	struct flight *flight = *id_bucket(flights, id);
	while (flight && flight->id != id)
		flight = flight->next_by_id;
	if (flight)
		take(flights, flight);
	return flight;
}

void flight_free(struct flight *flight)
{
	free(flight);
}

bool flights_wait(struct flights *flights, struct flight *flight, struct flight_waiter *waiter,
		  int64_t now_us)
{
	if (flights->waiting >= LIMIT_WAITERS)
		return false;
	waiter->flight = flight;
	waiter->since_us = now_us;
	waiter->deadline_us = now_us + flights->timeout_us;
	TAILQ_INSERT_TAIL(&flight->waiters, waiter, in_flight);
	struct flight_waiter *last = TAILQ_LAST(&flights->waiters, flight_waiters);
	while (last && last->deadline_us > waiter->deadline_us)
		last = TAILQ_PREV(last, flight_waiters, in_order);
	if (last)
		TAILQ_INSERT_AFTER(&flights->waiters, last, waiter, in_order);
	else
		TAILQ_INSERT_HEAD(&flights->waiters, waiter, in_order);
	flights->waiting++;
	return true;
}

void flights_leave(struct flights *flights, struct flight_waiter *waiter)
{
	if (!waiter->flight)
		return;
	TAILQ_REMOVE(&waiter->flight->waiters, waiter, in_flight);
	TAILQ_REMOVE(&flights->waiters, waiter, in_order);
	waiter->flight = NULL;
	flights->waiting--;
}

struct flight_waiter *flights_next_waiter(struct flights *flights, struct flight *flight)
{
	struct flight_waiter *waiter = TAILQ_FIRST(&flight->waiters);
	if (waiter)
		flights_leave(flights, waiter);
	return waiter;
}

struct flight_waiter *flights_expired_waiter(struct flights *flights, int64_t now_us)
{
	struct flight_waiter *waiter = TAILQ_FIRST(&flights->waiters);
	if (!waiter || waiter->deadline_us > now_us)
		return NULL;
	flights_leave(flights, waiter);
	return waiter;
}

struct flight *flights_expired(struct flights *flights, int64_t now_us)
{
	struct flight *flight = TAILQ_FIRST(&flights->order);
	return flight && flight->deadline_us <= now_us ? flight : NULL;
}

void flights_renew(struct flights *flights, struct flight *flight, int64_t now_us)
{
	unlink_id(flights, flight);
	link_id(flights, flight, now_us);
}

void flights_drop(struct flights *flights, struct flight *flight)
{
	take(flights, flight);
	flight_free(flight);
}

void flights_each(struct flights *flights, void (*each)(void *context, struct flight *flight),
		  void *context)
{
	struct flight *flight;
	TAILQ_FOREACH(flight, &flights->order, in_order)
		each(context, flight);
}

uint64_t flight_request(const struct flight *flight)
{
	return flight->request;
}

bool flight_hurry(struct flight *flight)
{
	bool refresh = flight->refresh;
	flight->refresh = false;
	return refresh;
}

bool flight_has_waiters(const struct flight *flight)
{
	return !TAILQ_EMPTY(&flight->waiters);
}

bool flight_is_shared(const struct flight *flight)
{
	return flight->shared;
}

bool flight_is_signed(const struct flight *flight)
{
	return flight->signed_size > 0;
}

unsigned flight_certids(const struct flight *flight)
{
	return flight->certid_count;
}

struct view flight_key(const struct flight *flight)
{
	return view_of(flight->bytes, flight->key_size);
}

struct message_query flight_question(const struct flight *flight)
{
	struct message_query question = {
		.id = flight->id,
		.request = flight->request,
		.nonce = view_of(flight->bytes + flight->key_size, flight->nonce_size),
		.raw_nonce = flight->raw_nonce,
		.refresh = flight->refresh,
		.certid_count = flight->certid_count,
		.signed_request = view_of(flight->bytes + flight->key_size + flight->nonce_size,
					  flight->signed_size),
	};
	size_t at = 0;
	for (unsigned i = 0; i < flight->certid_count; i++) {
		question.certids[i] = view_of(flight->bytes + at, flight->certid_sizes[i]);
		at += flight->certid_sizes[i];
	}
	question.preferred = view_of(flight->bytes + at, flight->preferred_size);
	return question;
}

size_t flights_count(const struct flights *flights)
{
	return flights->count;
}

size_t flights_waiting(const struct flights *flights)
{
	return flights->waiting;
}
