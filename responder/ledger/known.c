#include "ledger/known.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Places of one tag. */
#define WAYS 8u
#define SERIAL_MOST 20u

struct place {
	uint64_t tag;
	int64_t version, not_after;
	int64_t since_us; /* monotonic */
	int32_t issuer;
	uint32_t generation; /* others than the present one: empty */
	uint8_t used : 1; /* since the hand came by */
	uint8_t hashed : 1;
	uint8_t serial_size;
	uint8_t serial[SERIAL_MOST];
};
static_assert(sizeof(struct place) == 64, "a place is a cache line");

struct set {
	struct place places[WAYS];
};

struct known {
	uint64_t mask; /* the number of sets, a power of two, less one */
	uint32_t generation; /* from 1 */
	unsigned hand;
	uint64_t hits;
	struct set sets[];
};

int known_new(uint64_t most_octets, struct known **ret)
{
	uint64_t count = 1;
	while (sizeof(struct known) + 2 * count * sizeof(struct set) <= most_octets)
		count *= 2;
	if (sizeof(struct known) + count * sizeof(struct set) > most_octets)
		count = 0;
	/* Untouched pages cost nothing. */
	struct known *known = calloc(1, sizeof(*known) + count * sizeof(struct set));
	if (!known)
		return -ENOMEM;
	known->mask = count - 1;
	known->generation = 1;
	*ret = known;
	return 0;
}

void known_free(struct known *known)
{
	free(known);
}

/* NULL: nothing is remembered at all. */
static struct set *set_of(struct known *known, uint64_t tag)
{
	return known->mask == UINT64_MAX ? NULL : &known->sets[tag & known->mask];
}

static bool is_empty(const struct known *known, const struct place *place, int64_t mono_us)
{
	return place->generation != known->generation ||
	       mono_us - place->since_us >= LIMIT_KNOWN_AGE_US;
}

static struct view serial_at(const struct place *place)
{
	return view_of(place->serial, place->serial_size);
}

/* ---- remembering ---- */

/* The first place that was not asked for since the hand was there, which then is behind it. */
static struct place *make_room(struct known *known, struct set *set)
{
	for (;;) {
		struct place *place = &set->places[known->hand++ % WAYS];
		if (!place->used)
			return place;
		place->used = 0;
	}
}

static struct place *place_for(struct known *known, struct set *set, uint64_t tag, int64_t mono_us)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (set->places[i].tag == tag && set->places[i].generation == known->generation)
			return &set->places[i];
	for (unsigned i = 0; i < WAYS; i++)
		if (is_empty(known, &set->places[i], mono_us))
			return &set->places[i];
	return make_room(known, set);
}

void known_put(struct known *known, uint64_t tag, const struct cert_record *record, int64_t mono_us)
{
	struct set *set = set_of(known, tag);
	if (!set || record->status != CERT_GOOD || !record_counts(record) ||
	    record->serial.size > SERIAL_MOST)
		return;
	struct place *place = place_for(known, set, tag, mono_us);
	*place = (struct place){
		.tag = tag,
		.version = record->version,
		.not_after = record->not_after,
		.since_us = mono_us,
		.issuer = record->issuer,
		.generation = known->generation,
		.hashed = record->hashed,
		.serial_size = record->serial.size,
	};
	memcpy(place->serial, record->serial.octets, record->serial.size);
}

/* ---- recalling ---- */

static struct cert_record record_of(const struct place *place)
{
	struct cert_record record = {
		.issuer = place->issuer,
		.serial.size = place->serial_size,
		.version = place->version,
		.status = CERT_GOOD,
		.reason = REASON_NONE,
		.revoked_at = TIME_NONE,
		.invalidity_at = TIME_NONE,
		.not_after = place->not_after,
		.hashed = place->hashed,
	};
	memcpy(record.serial.octets, place->serial, place->serial_size);
	return record;
}

static struct place *find(struct known *known, uint64_t tag, int32_t issuer, struct view serial,
			  int64_t mono_us)
{
	struct set *set = set_of(known, tag);
	for (unsigned i = 0; set && i < WAYS; i++) {
		struct place *place = &set->places[i];
		if (place->tag == tag && !is_empty(known, place, mono_us) &&
		    place->issuer == issuer && view_equal(serial_at(place), serial))
			return place;
	}
	return NULL;
}

bool known_find(struct known *known, uint64_t tag, int32_t issuer, struct view serial,
		int64_t mono_us, struct cert_record *ret)
{
	struct place *place = find(known, tag, issuer, serial, mono_us);
	if (!place)
		return false;
	place->used = 1;
	known->hits++;
	*ret = record_of(place);
	return true;
}

bool known_peek(struct known *known, uint64_t tag, int32_t issuer, struct view serial,
		int64_t mono_us, struct cert_record *ret)
{
	const struct place *place = find(known, tag, issuer, serial, mono_us);
	if (place)
		*ret = record_of(place);
	return place;
}

/* ---- forgetting ---- */

void known_forget(struct known *known, uint64_t tag)
{
	struct set *set = set_of(known, tag);
	for (unsigned i = 0; set && i < WAYS; i++)
		if (set->places[i].tag == tag)
			set->places[i].generation = 0;
}

/* A number never comes again within what one process lives: 2^32 losses of the feed. */
void known_forget_all(struct known *known)
{
	known->generation++;
}

uint64_t known_hits(const struct known *known)
{
	return known->hits;
}
