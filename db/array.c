#include "db/array.h"

void db_array_begin(struct buffer *out, enum db_type element, size_t count)
{
	buffer_put_u32(out, count > 0); /* dimensions: an empty array has none */
	buffer_put_u32(out, 0); /* no NULLs */
	buffer_put_u32(out, element);
	if (count == 0)
		return;
	buffer_put_u32(out, (uint32_t)count);
	buffer_put_u32(out, 1); /* the first index */
}

void db_array_put_i32(struct buffer *out, int32_t value)
{
	buffer_put_u32(out, sizeof(value));
	buffer_put_u32(out, (uint32_t)value);
}

void db_array_put_u64(struct buffer *out, uint64_t value)
{
	buffer_put_u32(out, sizeof(value));
	buffer_put_u64(out, value);
}

void db_array_put_bytes(struct buffer *out, struct view bytes)
{
	buffer_put_sized(out, bytes);
}
