#include "db/copy.h"

static const uint8_t signature[11] = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', 0xff, '\r', '\n', 0};

static void take_header(struct cursor *c)
{
	if (!view_equal(cursor_take(c, sizeof(signature)), view_of(signature, sizeof(signature))))
		cursor_fail(c);
	if (cursor_u32(c) != 0) /* flags: none that we asked for */
		cursor_fail(c);
	(void)cursor_take(c, cursor_u32(c)); /* extension: may be skipped */
}

static struct db_field take_field(struct cursor *c)
{
	uint32_t size = cursor_u32(c);
	if (size == UINT32_MAX)
		return (struct db_field){.null = true};
	return (struct db_field){.bytes = cursor_take(c, size)};
}

/* False at the trailer. */
static bool take_row(struct cursor *c, unsigned columns, struct db_field *fields)
{
	uint16_t count = cursor_u16(c);
	if (count == UINT16_MAX)
		return false;
	if (count != columns || columns > DB_COPY_COLUMNS) {
		cursor_fail(c);
		return true;
	}
	for (unsigned i = 0; i < columns; i++)
		fields[i] = take_field(c);
	return true;
}

int db_copy_message(struct db_copy *copy, struct view message, db_copy_row *row, void *context)
{
	struct cursor c = cursor_of(message);
	if (!copy->started)
		take_header(&c);
	while (!c.failed && !copy->ended && c.rest.size > 0) {
		struct db_field fields[DB_COPY_COLUMNS];
		if (!take_row(&c, copy->columns, fields))
			copy->ended = !c.failed;
		else if (!c.failed)
			row(context, fields);
	}
	copy->started = true;
	return cursor_end(&c);
}
