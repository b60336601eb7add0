/* Rows live in blocks that never move; an open-addressing table of 32-bit row numbers, at most 3/4
 * full, finds them. So growing copies the small table only, and a row costs its own 50 bytes and
 * between 6.7 and 13.4 of the table. An octet of the hash beside each place spares a look at nearly
 * every row that is not the one asked for, which would be a cache miss each. Rows are never removed,
 * which spares the table tombstones. */
#include "ledger/revoked.h"

#include "ledger/tag.h"

#include <assert.h>
#include <errno.h>

#define BLOCK_ROWS 4096u
#define INDEX_LEAST 1024u
#define INLINE_SERIAL 20

/* A time in five octets: the years 1 to 9999 need 39 bits and a sign. */
struct packed_time {
	uint8_t octets[5];
};
#define PACKED_TIME_NONE (-(INT64_C(1) << 39))

struct __attribute__((packed)) row {
	int64_t version;
	int32_t issuer;
	struct packed_time revoked_at, invalidity_at, not_after;
	uint8_t status : 4;
	uint8_t confirmed : 1;
	int8_t reason;
	uint8_t serial_size;
	/* The octets, or for a longer serial (RFC 5280 allows 20) the pointer to them. */
	uint8_t serial[INLINE_SERIAL];
};
static_assert(sizeof(struct row) <= 50, "a row with its share of the table stays under 64 bytes");

struct revoked {
	struct siphash_key key;
	struct row **blocks;
	size_t block_count;
	uint32_t row_count;
	uint32_t not_good;
	uint8_t *marks; /* of the hash of each place's row; 0: empty */
	uint32_t *index; /* the place's row number */
	uint32_t index_size; /* a power of two */
	size_t spilled; /* bytes of long serials */
};

int revoked_new(const struct siphash_key *key, struct revoked **ret)
{
	cleanup(revoked_freep) struct revoked *set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	set->key = *key;
	set->marks = calloc(INDEX_LEAST, sizeof(*set->marks));
	set->index = calloc(INDEX_LEAST, sizeof(*set->index));
	if (!set->marks || !set->index)
		return -ENOMEM;
	set->index_size = INDEX_LEAST;
	*ret = set;
	set = NULL;
	return 0;
}

static struct row *row_at(const struct revoked *set, uint32_t number)
{
	return &set->blocks[number / BLOCK_ROWS][number % BLOCK_ROWS];
}

static uint8_t *row_spilled(const struct row *row)
{
	uint8_t *octets;
	memcpy(&octets, row->serial, sizeof(octets));
	return octets;
}

static struct view row_serial(const struct row *row)
{
	bool spilled = row->serial_size > INLINE_SERIAL;
	return view_of(spilled ? row_spilled(row) : row->serial, row->serial_size);
}

void revoked_free(struct revoked *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; set->spilled && i < set->row_count; i++)
		if (row_at(set, i)->serial_size > INLINE_SERIAL)
			free(row_spilled(row_at(set, i)));
	for (size_t i = 0; i < set->block_count; i++)
		free(set->blocks[i]);
	free(set->blocks);
	free(set->marks);
	free(set->index);
	free(set);
}

/* ---- times ---- */

static int64_t time_clamp(int64_t seconds)
{
	if (seconds == TIME_NONE)
		return PACKED_TIME_NONE;
	if (seconds <= PACKED_TIME_NONE)
		return PACKED_TIME_NONE + 1;
	if (seconds >= -PACKED_TIME_NONE)
		return -PACKED_TIME_NONE - 1;
	return seconds;
}

static struct packed_time time_pack(int64_t seconds)
{
	struct packed_time packed;
	uint64_t value = (uint64_t)time_clamp(seconds);
	for (size_t i = 0; i < sizeof(packed.octets); i++)
		packed.octets[i] = (uint8_t)(value >> (8 * i));
	return packed;
}

static int64_t time_unpack(struct packed_time packed)
{
	uint64_t value = 0;
	for (size_t i = 0; i < sizeof(packed.octets); i++)
		value |= (uint64_t)packed.octets[i] << (8 * i);
	if (value & (UINT64_C(1) << 39))
		value |= UINT64_MAX << 40; /* the sign */
	int64_t seconds = (int64_t)value;
	return seconds == PACKED_TIME_NONE ? TIME_NONE : seconds;
}

/* ---- the table ---- */

static uint8_t mark_of(uint64_t hash)
{
	return (uint8_t)(hash >> 56) | 1;
}

/* The place of this certificate in the table, or the empty place for it (its mark is 0). */
static uint32_t place_of(const struct revoked *set, int32_t issuer, struct view serial)
{
	uint64_t hash = tag_of(&set->key, issuer, serial);
	uint32_t mask = set->index_size - 1, at = (uint32_t)hash & mask;
	for (; set->marks[at]; at = (at + 1) & mask) {
		if (set->marks[at] != mark_of(hash))
			continue;
		const struct row *row = row_at(set, set->index[at]);
		if (row->issuer == issuer && view_equal(row_serial(row), serial))
			break;
	}
	return at;
}

/* Puts a row where none with its name is. */
static void index_put(struct revoked *set, uint32_t number)
{
	const struct row *row = row_at(set, number);
	uint64_t hash = tag_of(&set->key, row->issuer, row_serial(row));
	uint32_t mask = set->index_size - 1, at = (uint32_t)hash & mask;
	while (set->marks[at])
		at = (at + 1) & mask;
	set->marks[at] = mark_of(hash);
	set->index[at] = number;
}

static int index_grow(struct revoked *set)
{
	if (set->row_count < set->index_size / 4 * 3)
		return 0;
	if (set->index_size > UINT32_MAX / 4)
		return -ENOMEM;
	cleanup(memory_freep) uint8_t *marks = calloc((size_t)set->index_size * 2, sizeof(*marks));
	uint32_t *index = calloc((size_t)set->index_size * 2, sizeof(*index));
	if (!marks || !index) {
		free(index);
		return -ENOMEM;
	}
	free(set->index);
	free(set->marks);
	set->index = index;
	set->marks = marks;
	marks = NULL;
	set->index_size *= 2;
	for (uint32_t i = 0; i < set->row_count; i++)
		index_put(set, i);
	return 0;
}

static int blocks_grow(struct revoked *set)
{
	if (set->row_count < set->block_count * BLOCK_ROWS)
		return 0;
	struct row **blocks = realloc(set->blocks, (set->block_count + 1) * sizeof(struct row *));
	if (!blocks)
		return -ENOMEM;
	set->blocks = blocks;
	blocks[set->block_count] = calloc(BLOCK_ROWS, sizeof(struct row));
	if (!blocks[set->block_count])
		return -ENOMEM;
	set->block_count++;
	return 0;
}

static int row_name(struct revoked *set, struct row *row, int32_t issuer, struct view serial)
{
	if (serial.size > INLINE_SERIAL) {
		uint8_t *octets = malloc(serial.size);
		if (!octets)
			return -ENOMEM;
		memcpy(octets, serial.data, serial.size);
		memcpy(row->serial, &octets, sizeof(octets));
		set->spilled += serial.size;
	} else {
		memcpy(row->serial, serial.data, serial.size);
	}
	row->issuer = issuer;
	row->serial_size = (uint8_t)serial.size;
	return 0;
}

/* ---- rows ---- */

static bool row_says_revoked(const struct row *row)
{
	return status_says_revoked((enum cert_status)row->status);
}

static void row_write(struct revoked *set, struct row *row, const struct cert_record *record)
{
	set->not_good -= row->version > 0 && row_says_revoked(row);
	set->not_good += status_says_revoked(record->status);
	row->version = record->version;
	row->status = record->status & 0xf;
	row->reason = (int8_t)record->reason;
	row->revoked_at = time_pack(record->revoked_at);
	row->invalidity_at = time_pack(record->invalidity_at);
	row->not_after = time_pack(record->not_after);
	row->confirmed = 1;
}

static int row_add(struct revoked *set, const struct cert_record *record)
{
	int result = blocks_grow(set);
	if (result < 0)
		return result;
	struct row *row = row_at(set, set->row_count);
	result = row_name(set, row, record->issuer, serial_view(&record->serial));
	if (result < 0)
		return result;
	row_write(set, row, record);
	index_put(set, set->row_count++);
	return REVOKED_CHANGED;
}

static int row_update(struct revoked *set, struct row *row, const struct cert_record *record)
{
	bool was_revoked = row_says_revoked(row), is_revoked = status_says_revoked(record->status);
	if (!was_revoked && !row->confirmed && is_revoked) {
		row_write(set, row, record);
		return REVOKED_CHANGED;
	}
	if (record->version == row->version && record->status == row->status)
		row->confirmed = 1;
	if (record->version <= row->version)
		return 0;
	if (row->status == CERT_REVOKED && !is_revoked)
		return REVOKED_REFUSED;
	row_write(set, row, record);
	return REVOKED_CHANGED;
}

int revoked_apply(struct revoked *set, const struct cert_record *record)
{
	int result = index_grow(set);
	if (result < 0)
		return result;
	struct view serial = serial_view(&record->serial);
	uint32_t place = place_of(set, record->issuer, serial);
	if (set->marks[place])
		return row_update(set, row_at(set, set->index[place]), record);
	if (record->status == CERT_GOOD && record->version <= 1)
		return 0;
	return row_add(set, record);
}

bool revoked_find(const struct revoked *set, int32_t issuer, struct view serial,
		  struct cert_record *ret)
{
	uint32_t place = place_of(set, issuer, serial);
	if (!set->marks[place])
		return false;
	const struct row *row = row_at(set, set->index[place]);
	if (!row_says_revoked(row) && !row->confirmed)
		return false;
	*ret = (struct cert_record){
		.issuer = row->issuer,
		.version = row->version,
		.status = row->status,
		.reason = row->reason,
		.revoked_at = time_unpack(row->revoked_at),
		.invalidity_at = time_unpack(row->invalidity_at),
		.not_after = time_unpack(row->not_after),
		.serial.size = row->serial_size,
	};
	memcpy(ret->serial.octets, row_serial(row).data, row->serial_size);
	return true;
}

void revoked_unconfirm(struct revoked *set)
{
	for (uint32_t i = 0; i < set->row_count; i++)
		row_at(set, i)->confirmed = 0;
}

size_t revoked_lost(const struct revoked *set,
		    void (*lost)(void *context, const struct cert_record *record), void *context)
{
	size_t count = 0;
	for (uint32_t i = 0; i < set->row_count; i++) {
		const struct row *row = row_at(set, i);
		struct cert_record record;
		if (row->confirmed || !row_says_revoked(row))
			continue;
		count++;
		if (revoked_find(set, row->issuer, row_serial(row), &record))
			lost(context, &record);
	}
	return count;
}

size_t revoked_count(const struct revoked *set)
{
	return set->not_good;
}

size_t revoked_memory(const struct revoked *set)
{
	return sizeof(*set) +
	       set->block_count * (sizeof(struct row *) + BLOCK_ROWS * sizeof(struct row)) +
	       set->index_size * (sizeof(*set->marks) + sizeof(*set->index)) + set->spilled;
}
