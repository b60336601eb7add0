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
	uint8_t status : 2;
	uint8_t confirmed : 1; /* named by the latest load or since */
	uint8_t foreign : 1; /* its version is of an earlier history */
	uint8_t instead : 2; /* enum revoked_instead, of one that is lost */
	uint8_t covers : 1; /* cert_record.covers */
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
	uint32_t lost; /* of these, not confirmed */
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

static void row_count(struct revoked *set, const struct row *row, int by)
{
	if (!row_says_revoked(row))
		return;
	set->not_good += (uint32_t)by;
	if (!row->confirmed)
		set->lost += (uint32_t)by;
}

static void row_write(struct revoked *set, struct row *row, const struct cert_record *record)
{
	row_count(set, row, -1);
	row->covers = row->covers && row->status == CERT_HELD && record->status == CERT_HELD;
	row->version = record->version;
	row->status = record->status & 0x3;
	row->reason = (int8_t)record->reason;
	row->revoked_at = time_pack(record->revoked_at);
	row->invalidity_at = time_pack(record->invalidity_at);
	row->not_after = time_pack(record->not_after);
	row->confirmed = 1;
	row->foreign = 0;
	row->instead = INSTEAD_NOTHING;
	row_count(set, row, 1);
}

static void row_confirm(struct revoked *set, struct row *row, bool confirmed)
{
	row_count(set, row, -1);
	row->confirmed = confirmed;
	row_count(set, row, 1);
}

static int row_take(struct revoked *set, struct row *row, const struct cert_record *record)
{
	row_write(set, row, record);
	return REVOKED_CHANGED;
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

/* The row, or NULL: then there is room for it in the table. -ENOMEM. */
static int row_find(struct revoked *set, const struct cert_record *record, struct row **ret)
{
	int result = index_grow(set);
	if (result < 0)
		return result;
	uint32_t place = place_of(set, record->issuer, serial_view(&record->serial));
	*ret = set->marks[place] ? row_at(set, set->index[place]) : NULL;
	return 0;
}

/* ---- what counts ---- */

static unsigned strictness(enum cert_status status)
{
	return status == CERT_REVOKED ? 3 : status == CERT_HELD ? 2 : 1;
}

static bool same_time(struct packed_time packed, int64_t seconds)
{
	struct packed_time other = time_pack(seconds);
	return memcmp(packed.octets, other.octets, sizeof(other.octets)) == 0;
}

static bool same_content(const struct row *row, const struct cert_record *record)
{
	return row->status == record->status && row->reason == record->reason &&
	       same_time(row->revoked_at, record->revoked_at) &&
	       same_time(row->invalidity_at, record->invalidity_at) &&
	       same_time(row->not_after, record->not_after);
}

static void row_lose(struct revoked *set, struct row *row, enum cert_status instead)
{
	row_confirm(set, row, false);
	row->instead = instead == CERT_HELD        ? INSTEAD_HELD
		       : instead == CERT_WITHDRAWN ? INSTEAD_WITHDRAWN
						   : INSTEAD_GOOD;
}

/* It is what became of the hold that is remembered: whatever else was lost, that was not. */
static bool ends_hold(const struct row *row, const struct cert_record *record)
{
	const struct hold *ended = &record->ended;
	return row->status == CERT_HELD && !row->covers && !status_says_revoked(record->status) &&
	       ended->version == row->version && record->version > ended->version &&
	       same_time(row->revoked_at, ended->revoked_at) &&
	       same_time(row->invalidity_at, ended->invalidity_at);
}

static bool is_other_hold(const struct row *row, const struct cert_record *record)
{
	return row->status == CERT_HELD && record->status == CERT_HELD &&
	       !(same_time(row->revoked_at, record->revoked_at) &&
		 same_time(row->invalidity_at, record->invalidity_at));
}

/* Versions do not tell which of the two is newer, so the stricter one holds. Of two holds the end of one is not the
 * other's. */
static int row_compare(struct revoked *set, struct row *row, const struct cert_record *record)
{
	enum cert_status known = (enum cert_status)row->status;
	bool foreign = row->foreign, changed = !same_content(row, record);
	if (strictness(record->status) >= strictness(known)) {
		/* A good row that nothing had confirmed was no answer's basis: now it may be one. */
		changed = changed || !row_says_revoked(row);
		row->covers |= is_other_hold(row, record);
		row_write(set, row, record);
		return changed ? REVOKED_CHANGED : 0;
	}
	if (ends_hold(row, record))
		return row_take(set, row, record);
	row_lose(set, row, record->status);
	return foreign ? REVOKED_LOST : REVOKED_REFUSED;
}

static int row_newer(struct revoked *set, struct row *row, const struct cert_record *record)
{
	if (row->status == CERT_REVOKED && record->status != CERT_REVOKED) {
		row_lose(set, row, record->status);
		return REVOKED_REFUSED;
	}
	return row_take(set, row, record);
}

/* A change that came late, or a row that was deleted and inserted again with low versions. Nothing is
 * revoked before it is good, so revoked is never late there. */
static int row_older(struct revoked *set, struct row *row, const struct cert_record *record,
		     enum revoked_source source)
{
	if (source == REVOKED_LOADED)
		return row_compare(set, row, record);
	if (record->status == CERT_REVOKED && row->status != CERT_REVOKED)
		return row_take(set, row, record);
	if (record->status != CERT_HELD || row_says_revoked(row))
		return 0;
	/* It has been asked for since it was doubted. */
	if (source == REVOKED_LOOKED_UP && !row->confirmed)
		return row_take(set, row, record);
	row->confirmed = 0;
	return REVOKED_DOUBTED;
}

static int row_update(struct revoked *set, struct row *row, const struct cert_record *record,
		      enum revoked_source source)
{
	if (row->foreign)
		return row_compare(set, row, record);
	if (record->version > row->version)
		return row_newer(set, row, record);
	if (record->version < row->version)
		return row_older(set, row, record, source);
	if (!same_content(row, record))
		return row_compare(set, row, record);
	row_confirm(set, row, true);
	return 0;
}

int revoked_apply(struct revoked *set, const struct cert_record *record, enum revoked_source source)
{
	struct row *row;
	int result = row_find(set, record, &row);
	if (result < 0)
		return result;
	if (row)
		return row_update(set, row, record, source);
	if (record->status == CERT_GOOD && record->version <= 1)
		return 0;
	return row_add(set, record);
}

int revoked_recall(struct revoked *set, const struct cert_record *record, bool foreign)
{
	struct row *row;
	int result = row_find(set, record, &row);
	if (result == 0 && !row) {
		result = row_add(set, record);
		if (result > 0)
			row = row_at(set, set->row_count - 1);
	}
	if (result < 0)
		return result;
	row_write(set, row, record);
	row_confirm(set, row, false);
	row->foreign = foreign;
	row->covers = record->covers;
	return 0;
}

static void row_read(const struct row *row, struct cert_record *ret)
{
	*ret = (struct cert_record){
		.issuer = row->issuer,
		.version = row->version,
		.status = (enum cert_status)row->status,
		.reason = (enum revocation_reason)row->reason,
		.revoked_at = time_unpack(row->revoked_at),
		.invalidity_at = time_unpack(row->invalidity_at),
		.not_after = time_unpack(row->not_after),
		.serial.size = row->serial_size,
		.covers = row->covers,
	};
	memcpy(ret->serial.octets, row_serial(row).data, row->serial_size);
}

static struct row *row_known(const struct revoked *set, int32_t issuer, struct view serial)
{
	uint32_t place = place_of(set, issuer, serial);
	return set->marks[place] ? row_at(set, set->index[place]) : NULL;
}

bool revoked_find(const struct revoked *set, int32_t issuer, struct view serial,
		  struct cert_record *ret)
{
	const struct row *row = row_known(set, issuer, serial);
	if (!row || (!row_says_revoked(row) && !row->confirmed))
		return false;
	row_read(row, ret);
	return true;
}

/* ---- histories ---- */

void revoked_begin(struct revoked *set, bool same)
{
	for (uint32_t i = 0; i < set->row_count; i++) {
		struct row *row = row_at(set, i);
		row->confirmed = 0;
		row->instead = INSTEAD_NOTHING;
		row->foreign |= !same;
	}
	set->lost = set->not_good;
}

void revoked_confirm(struct revoked *set, int32_t issuer, struct view serial)
{
	struct row *row = row_known(set, issuer, serial);
	if (row)
		row_confirm(set, row, true);
}

static void row_forget(struct revoked *set, struct row *row)
{
	static const struct cert_record nothing = {
		.reason = REASON_NONE,
		.revoked_at = TIME_NONE,
		.invalidity_at = TIME_NONE,
		.not_after = TIME_NONE,
	};
	row_write(set, row, &nothing);
	row->confirmed = 0;
	row->foreign = 1;
}

void revoked_forget(struct revoked *set, int32_t issuer, struct view serial)
{
	struct row *row = row_known(set, issuer, serial);
	if (row)
		row_forget(set, row);
}

int revoked_move(struct revoked *set, int32_t from, int32_t to)
{
	for (uint32_t i = 0, end = set->row_count; i < end; i++) {
		struct row *row = row_at(set, i);
		struct cert_record record;
		if (row->issuer != from || !row_says_revoked(row))
			continue;
		row_read(row, &record);
		row_forget(set, row);
		record.issuer = to;
		int result = to ? revoked_apply(set, &record, REVOKED_LOGGED) : 0;
		if (result < 0)
			return result;
	}
	return 0;
}

size_t revoked_lost_count(const struct revoked *set)
{
	return set->lost;
}

bool revoked_next(const struct revoked *set, bool lost, size_t *place, struct revoked_row *ret)
{
	while (*place < set->row_count) {
		const struct row *row = row_at(set, (uint32_t)(*place)++);
		if (!row_says_revoked(row) || (lost && row->confirmed))
			continue;
		row_read(row, &ret->record);
		ret->foreign = row->foreign;
		ret->instead = (enum revoked_instead)row->instead;
		return true;
	}
	return false;
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
