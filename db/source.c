#include "db/source.h"

#include "db/feed.h"
#include "db/lookup.h"

struct db_source {
	struct db_source_ops ops;
	struct db_feed *feed;
	struct db_lookup *lookup;
};

int db_source_new(struct event_base *base, const struct db_settings *settings,
		  const struct db_source_ops *ops, void *context, struct db_source **ret)
{
	cleanup(db_source_freep) struct db_source *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ops = *ops;
	int r = db_feed_new(base, settings, &s->ops, context, &s->feed);
	if (r == 0)
		r = db_lookup_new(base, settings, &s->ops, context, &s->lookup);
	if (r < 0)
		return r;
	*ret = s;
	s = NULL;
	return 0;
}

void db_source_free(struct db_source *s)
{
	if (!s)
		return;
	db_lookup_free(s->lookup);
	db_feed_free(s->feed);
	free(s);
}

void db_source_reload(struct db_source *s, const char *reason)
{
	db_feed_reload(s->feed, reason);
}

int db_source_lookup(struct db_source *s, uint64_t batch, const struct db_key *keys, size_t count)
{
	return db_lookup_send(s->lookup, batch, keys, count);
}
