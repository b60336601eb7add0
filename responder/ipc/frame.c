#include "ipc/frame.h"

#include "base/limits.h"

#define LENGTH_SIZE 4u

void frame_put(struct buffer *out, uint8_t type, struct view payload)
{
	buffer_put_u32(out, (uint32_t)(payload.size + 1));
	buffer_put_u8(out, type);
	buffer_put_view(out, payload);
}

bool frame_take(struct cursor *bytes, uint8_t *type, struct view *payload, size_t *wanted)
{
	struct cursor ahead = *bytes;
	*wanted = 0;
	if (bytes->rest.size < LENGTH_SIZE)
		return false;
	uint32_t length = cursor_u32(&ahead);
	if (length == 0 || length > LIMIT_FRAME) {
		cursor_fail(bytes);
		return false;
	}
	*wanted = LENGTH_SIZE + length;
	if (ahead.rest.size < length)
		return false;
	*type = cursor_u8(&ahead);
	*payload = cursor_take(&ahead, length - 1);
	*bytes = ahead;
	return true;
}
