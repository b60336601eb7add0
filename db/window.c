#include "db/window.h"

#include "db/array.h"

#define XID_SIZE 8
#define XIP_AT 20 /* after their count, xmin and xmax */

void db_window_begin(struct db_window *w)
{
	w->count = w->settled;
}

void db_window_see(struct db_window *w, uint64_t xid)
{
	if (w->count > 0 && w->seen[w->count - 1] == xid)
		return;
	if (w->count < DB_SEEN_MOST)
		w->seen[w->count++] = xid;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static uint64_t read_xid(const uint8_t *octets)
{
	struct cursor c = cursor_of(view_of(octets, XID_SIZE));
	return cursor_u64(&c);
}

/* PostgreSQL gives them in order. */
static bool was_open(const struct db_window *w, uint64_t xid)
{
	const uint8_t *xips = w->snapshot.data + XIP_AT;
	size_t first = 0, end = (w->snapshot.size - XIP_AT) / XID_SIZE;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		uint64_t found = read_xid(xips + middle * XID_SIZE);
		if (found == xid)
			return true;
		if (found < xid)
			first = middle + 1;
		else
			end = middle;
	}
	return false;
}

static int take_snapshot(struct db_window *w, struct view snapshot)
{
	struct cursor c = cursor_of(snapshot);
	uint32_t count = cursor_u32(&c);
	w->xmin = cursor_u64(&c);
	w->xmax = cursor_u64(&c);
	if (c.failed || c.rest.size != (uint64_t)count * XID_SIZE || w->xmin > w->xmax)
		return -EBADMSG;
	buffer_reset(&w->snapshot);
	buffer_put_view(&w->snapshot, snapshot);
	return buffer_result(&w->snapshot);
}

static void prune(struct db_window *w)
{
	size_t kept = 0;
	qsort(w->seen, w->count, sizeof(w->seen[0]), compare);
	for (size_t i = 0; i < w->count; i++)
		if ((w->seen[i] >= w->xmax || was_open(w, w->seen[i])) &&
		    (kept == 0 || w->seen[kept - 1] != w->seen[i]))
			w->seen[kept++] = w->seen[i];
	w->count = w->settled = kept;
}

int db_window_move(struct db_window *w, struct view snapshot)
{
	int result = take_snapshot(w, snapshot);
	if (result < 0)
		return result;
	prune(w);
	return 0;
}

void db_window_reset(struct db_window *w)
{
	w->count = w->settled = 0;
}

void db_window_write_seen(const struct db_window *w, struct buffer *out)
{
	db_array_begin(out, DB_TYPE_XID8, w->settled);
	for (size_t i = 0; i < w->settled; i++)
		db_array_put_u64(out, w->seen[i]);
}
