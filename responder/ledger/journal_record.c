#include "ledger/journal_record.h"

#include "base/siphash.h"

#define PAYLOAD_MOST (JOURNAL_RECORD_MOST - JOURNAL_HEAD)

/* Against accidents, not against people: whoever may write the file may write anything. */
static const struct siphash_key checksum_key = {.k0 = 0x73746c6c676f6f64, .k1 = 0x6a6f75726e616c31};

static uint32_t checksum(struct view payload)
{
	return (uint32_t)siphash(&checksum_key, payload);
}

uint32_t journal_identity_check(const uint8_t identity[static JOURNAL_IDENTITY])
{
	struct cursor c = cursor_of(view_of(identity, JOURNAL_IDENTITY));
	return cursor_u32(&c);
}

/* ---- writing ---- */

static void put_history(struct buffer *out, const struct journal_record *record)
{
	buffer_put_u64(out, record->history.system);
	buffer_put_u32(out, record->history.database);
	buffer_put_u32(out, record->history.timeline);
	buffer_put_u64(out, record->history.tables);
	buffer_put_u64(out, record->position);
}

static void put_row(struct buffer *out, const struct journal_record *record)
{
	const struct cert_record *row = &record->row;
	buffer_put_u16(out, (uint16_t)row->issuer);
	buffer_put_u32(out, record->issuer_check);
	buffer_put_u8(out, (uint8_t)row->status);
	buffer_put_u8(out, (uint8_t)row->reason);
	buffer_put_u8(out, (uint8_t)(record->foreign | row->covers << 1));
	buffer_put_i64(out, row->version);
	buffer_put_i64(out, row->revoked_at);
	buffer_put_i64(out, row->invalidity_at);
	buffer_put_i64(out, row->not_after);
	buffer_put_view(out, serial_view(&row->serial));
}

static void put_fields(struct buffer *out, const struct journal_record *record)
{
	switch (record->kind) {
	case JOURNAL_START:
		buffer_put_u16(out, record->format);
		buffer_put_u64(out, record->generation);
		break;
	case JOURNAL_SNAPSHOT:
	case JOURNAL_COMPLETE:
		break;
	case JOURNAL_HISTORY:
		put_history(out, record);
		break;
	case JOURNAL_ISSUER:
		buffer_put_u16(out, record->issuer);
		buffer_put(out, record->identity, sizeof(record->identity));
		break;
	case JOURNAL_ISSUER_STATE:
		buffer_put_u16(out, record->issuer);
		buffer_put_u32(out, record->issuer_check);
		buffer_put_i64(out, record->revoked_at);
		buffer_put_u8(out, (uint8_t)record->reason);
		break;
	case JOURNAL_ROW:
		put_row(out, record);
		break;
	}
}

void journal_record_write(struct buffer *out, const struct journal_record *record)
{
	size_t head = out->size;
	buffer_put_u16(out, 0);
	buffer_put_u32(out, 0);
	buffer_put_u8(out, (uint8_t)record->kind);
	put_fields(out, record);
	if (buffer_result(out) < 0)
		return;
	struct view payload =
		view_of(out->data + head + JOURNAL_HEAD, out->size - head - JOURNAL_HEAD);
	uint32_t sum = checksum(payload);
	for (unsigned i = 0; i < 2; i++)
		out->data[head + i] = (uint8_t)(payload.size >> (8 * (1 - i)));
	for (unsigned i = 0; i < 4; i++)
		out->data[head + 2 + i] = (uint8_t)(sum >> (8 * (3 - i)));
}

/* ---- reading ---- */

static bool reason_known(enum revocation_reason reason)
{
	return reason == REASON_NONE || reason_name(reason) != NULL;
}

static bool row_makes_sense(const struct cert_record *row)
{
	return row->issuer > 0 && row->version >= 0 && row->status <= CERT_WITHDRAWN &&
	       reason_known(row->reason) &&
	       status_says_revoked(row->status) == (row->revoked_at != TIME_NONE);
}

static void take_flags(struct cursor *c, struct journal_record *record)
{
	uint8_t flags = cursor_u8(c);
	record->foreign = flags & 1;
	record->row.covers = flags & 2;
	if (flags > 3)
		cursor_fail(c);
}

static void take_row(struct cursor *c, struct journal_record *record)
{
	struct cert_record *row = &record->row;
	row->issuer = cursor_u16(c);
	record->issuer_check = cursor_u32(c);
	row->status = (enum cert_status)cursor_u8(c);
	row->reason = (enum revocation_reason)(int8_t)cursor_u8(c);
	take_flags(c, record);
	row->version = cursor_i64(c);
	row->revoked_at = cursor_i64(c);
	row->invalidity_at = cursor_i64(c);
	row->not_after = cursor_i64(c);
	struct view serial = cursor_take(c, c->rest.size);
	if (serial_set(&row->serial, serial) < 0 || !row_makes_sense(row))
		cursor_fail(c);
}

static void take_history(struct cursor *c, struct journal_record *record)
{
	record->history.system = cursor_u64(c);
	record->history.database = cursor_u32(c);
	record->history.timeline = cursor_u32(c);
	record->history.tables = cursor_u64(c);
	record->position = cursor_u64(c);
}

static void take_issuer(struct cursor *c, struct journal_record *record)
{
	record->issuer = cursor_u16(c);
	struct view identity = cursor_take(c, JOURNAL_IDENTITY);
	if (identity.size == JOURNAL_IDENTITY)
		memcpy(record->identity, identity.data, identity.size);
}

static void take_issuer_state(struct cursor *c, struct journal_record *record)
{
	record->issuer = cursor_u16(c);
	record->issuer_check = cursor_u32(c);
	record->revoked_at = cursor_i64(c);
	record->reason = (enum revocation_reason)(int8_t)cursor_u8(c);
	if (!reason_known(record->reason))
		cursor_fail(c);
}

static void take_fields(struct cursor *c, struct journal_record *record)
{
	switch (record->kind) {
	case JOURNAL_START:
		record->format = cursor_u16(c);
		record->generation = cursor_u64(c);
		break;
	case JOURNAL_SNAPSHOT:
	case JOURNAL_COMPLETE:
		break;
	case JOURNAL_HISTORY:
		take_history(c, record);
		break;
	case JOURNAL_ISSUER:
		take_issuer(c, record);
		break;
	case JOURNAL_ISSUER_STATE:
		take_issuer_state(c, record);
		break;
	case JOURNAL_ROW:
		take_row(c, record);
		break;
	default:
		cursor_fail(c);
		break;
	}
}

/* Its size with the head, or 0: there is none at this place. */
static size_t record_at(struct view octets, struct journal_record *ret)
{
	struct cursor head = cursor_of(octets);
	size_t size = cursor_u16(&head);
	uint32_t sum = cursor_u32(&head);
	struct view payload = cursor_take(&head, size);
	if (size == 0 || size > PAYLOAD_MOST || payload.size != size || checksum(payload) != sum)
		return 0;
	struct cursor c = cursor_of(payload);
	struct journal_record record = {.kind = (enum journal_kind)cursor_u8(&c)};
	take_fields(&c, &record);
	if (cursor_end(&c) != 0)
		return 0;
	*ret = record;
	return JOURNAL_HEAD + size;
}

bool journal_record_read(struct journal_reader *reader, struct journal_record *ret)
{
	for (; reader->at < reader->octets.size; reader->at++, reader->damaged++) {
		struct view rest =
			view_of(reader->octets.data + reader->at, reader->octets.size - reader->at);
		size_t size = record_at(rest, ret);
		if (size == 0)
			continue;
		reader->at += size;
		return true;
	}
	return false;
}

struct journal_file journal_file_look(struct view octets)
{
	struct journal_reader reader = {.octets = octets};
	struct journal_record record;
	struct journal_file file = {0};
	size_t snapshot = 0, damaged_before = 0;
	bool open = false;
	for (size_t at = 0; journal_record_read(&reader, &record); at = reader.at) {
		if (record.kind == JOURNAL_START) {
			file.generation = record.generation;
			file.other_format = record.format != JOURNAL_FORMAT;
		} else if (record.kind == JOURNAL_SNAPSHOT) {
			open = true;
			snapshot = at;
			damaged_before = reader.damaged;
		} else if (record.kind == JOURNAL_COMPLETE && open &&
			   reader.damaged == damaged_before) {
			file.complete = true;
			file.from = snapshot;
			file.damaged = damaged_before;
			open = false;
		}
	}
	file.damaged = reader.damaged - file.damaged;
	return file;
}
