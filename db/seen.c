#include "db/seen.h"

#include "db/array.h"

void db_seen_begin(struct db_seen *seen)
{
	seen->count = seen->settled;
}

void db_seen_add(struct db_seen *seen, uint64_t xid)
{
	if (seen->count > 0 && seen->xids[seen->count - 1] == xid)
		return;
	if (seen->count < DB_SEEN_MOST)
		seen->xids[seen->count++] = xid;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

void db_seen_prune(struct db_seen *seen, uint64_t bound)
{
	qsort(seen->xids, seen->count, sizeof(seen->xids[0]), compare);
	size_t kept = 0;
	for (size_t i = 0; i < seen->count; i++)
		if (seen->xids[i] >= bound && (kept == 0 || seen->xids[kept - 1] != seen->xids[i]))
			seen->xids[kept++] = seen->xids[i];
	seen->count = seen->settled = kept;
}

void db_seen_write(const struct db_seen *seen, struct buffer *out)
{
	db_array_begin(out, DB_TYPE_XID8, seen->settled);
	for (size_t i = 0; i < seen->settled; i++)
		db_array_put_u64(out, seen->xids[i]);
}
