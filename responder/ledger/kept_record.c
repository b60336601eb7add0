#include "ledger/kept_record.h"

#include "base/limits.h"
#include "base/siphash.h"

#include <string.h>

#define PAYLOAD_MOST (LIMIT_RESPONSE + 128u)

static const struct siphash_key checksum_key = {.k0 = 0x73746c6c676f6f64, .k1 = 0x616e737765727331};

static void put_fields(struct buffer *out, const struct kept_record *record)
{
	buffer_put_u8(out, (uint8_t)record->kind);
	if (record->kind == KEPT_START) {
		buffer_put_u16(out, record->format);
		buffer_put_u64(out, record->generation);
		return;
	}
	buffer_put(out, record->key, sizeof(record->key));
	buffer_put_i64(out, record->this_update);
	buffer_put_i64(out, record->produced_at);
	buffer_put_i64(out, record->next_update);
	buffer_put_view(out, record->der);
}

static void put_big_endian(uint8_t *at, unsigned octets, uint64_t value)
{
	for (unsigned i = 0; i < octets; i++)
		at[i] = (uint8_t)(value >> (8 * (octets - 1 - i)));
}

void kept_record_write(struct buffer *out, const struct kept_record *record)
{
	size_t head = out->size;
	buffer_put_u32(out, 0);
	buffer_put_u64(out, 0);
	put_fields(out, record);
	if (buffer_result(out) < 0)
		return;
	struct view payload = view_of(out->data + head + KEPT_HEAD, out->size - head - KEPT_HEAD);
	put_big_endian(out->data + head, 4, payload.size);
	put_big_endian(out->data + head + 4, 8, siphash(&checksum_key, payload));
}

static void take_start(struct cursor *c, struct kept_record *record)
{
	record->format = cursor_u16(c);
	record->generation = cursor_u64(c);
	if (c->rest.size > 0)
		cursor_fail(c);
}

static void take_answer(struct cursor *c, struct kept_record *record)
{
	struct view key = cursor_take(c, KEPT_KEY);
	if (key.size == KEPT_KEY)
		memcpy(record->key, key.data, KEPT_KEY);
	record->this_update = cursor_i64(c);
	record->produced_at = cursor_i64(c);
	record->next_update = cursor_i64(c);
	record->der = cursor_take(c, c->rest.size);
	if (record->der.size == 0 || record->der.size > LIMIT_RESPONSE)
		cursor_fail(c);
}

size_t kept_record_read(struct view octets, struct kept_record *ret)
{
	struct cursor head = cursor_of(octets);
	size_t size = cursor_u32(&head);
	uint64_t sum = cursor_u64(&head);
	struct view payload = cursor_take(&head, size);
	if (head.failed || size == 0 || size > PAYLOAD_MOST ||
	    siphash(&checksum_key, payload) != sum)
		return 0;
	struct cursor c = cursor_of(payload);
	struct kept_record record = {.kind = (enum kept_kind)cursor_u8(&c)};
	if (record.kind == KEPT_START)
		take_start(&c, &record);
	else if (record.kind == KEPT_ANSWER)
		take_answer(&c, &record);
	else
		cursor_fail(&c);
	if (c.failed)
		return 0;
	*ret = record;
	return KEPT_HEAD + size;
}
