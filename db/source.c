#include "db/source.h"

#include "db/feed.h"
#include "db/lookup.h"

struct db_source {
	struct db_source_ops ops;
	struct event *reload; /* made active by db_source_look_elsewhere() */
	bool whole; /* the feed too */
	struct fault distrust; /* its reason */
	struct db_feed *feed;
	struct db_lookup *lookup;
};

/* Both, if the feed is not known to be right: after a failover either may still be with the server that was. */
static void on_reload(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct db_source *s = context;
	if (s->whole)
		db_feed_reset(s->feed, s->distrust.text);
	s->whole = false;
	db_lookup_reset(s->lookup, s->distrust.text);
}

int db_source_new(struct event_base *base, const struct db_settings *settings,
		  const struct db_source_ops *ops, void *context, struct db_source **ret)
{
	cleanup(db_source_freep) struct db_source *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ops = *ops;
	s->reload = evtimer_new(base, on_reload, s);
	if (!s->reload)
		return -ENOMEM;
	int result = db_feed_new(base, settings, &s->ops, context, &s->feed);
	if (result == 0)
		result = db_lookup_new(base, settings, &s->ops, context,
				       db_feed_connection(s->feed), &s->lookup);
	if (result < 0)
		return result;
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
	if (s->reload)
		event_free(s->reload);
	free(s);
}

void db_source_configure(struct db_source *s, const struct db_settings *settings)
{
	db_feed_configure(s->feed, settings);
	db_lookup_configure(s->lookup, settings);
}

void db_source_reload(struct db_source *s, const char *reason)
{
	s->whole = true;
	db_source_look_elsewhere(s, reason);
}

void db_source_look_elsewhere(struct db_source *s, const char *reason)
{
	(void)fault_set(&s->distrust, 0, "%s", reason);
	event_active(s->reload, EV_TIMEOUT, 0);
}

int db_source_lookup(struct db_source *s, uint64_t batch, const struct db_key *keys, size_t count)
{
	return db_lookup_send(s->lookup, batch, keys, count);
}
