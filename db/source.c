#include "db/source.h"

#include "db/feed.h"
#include "db/lookup.h"

/* A connection for lookups; all but the first are made when that is too slow for what is asked. */
struct lane {
	struct db_source *source;
	struct db_lookup *lookup;
	bool usable;
};

struct db_source {
	struct db_source_ops ops, lane_ops;
	void *context;
	struct event *reload; /* made active by db_source_look_elsewhere() */
	bool whole; /* the feed too */
	struct fault distrust; /* its reason */
	struct db_feed *feed;
	struct lane lanes[LIMIT_LOOKUP_BATCHES];
	bool usable; /* told last: can any of them be used? */
};

static void on_lookup_done(void *context, uint64_t batch, const struct db_evidence *evidence,
			   const struct db_found *found, size_t count)
{
	const struct lane *lane = context;
	lane->source->ops.lookup_done(lane->source->context, batch, evidence, found, count);
}

static void on_lookup_failed(void *context, uint64_t batch)
{
	const struct lane *lane = context;
	lane->source->ops.lookup_failed(lane->source->context, batch);
}

static void on_bad_row(void *context, const char *description)
{
	const struct lane *lane = context;
	lane->source->ops.bad_row(lane->source->context, description);
}

/* One that can be used is enough; where none can, the first says why. */
static void on_lookup_state(void *context, bool usable, const char *reason)
{
	struct lane *lane = context;
	struct db_source *s = lane->source;
	bool any = false;
	lane->usable = usable;
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		any |= s->lanes[i].usable;
	if (any == s->usable && (any || lane != &s->lanes[0]))
		return;
	s->usable = any;
	s->ops.lookup_state(s->context, any, reason);
}

/* All, if the feed is not known to be right: after a failover any may still be with the server that was. */
static void on_reload(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct db_source *s = context;
	if (s->whole)
		db_feed_reset(s->feed, s->distrust.text);
	s->whole = false;
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		db_lookup_reset(s->lanes[i].lookup, s->distrust.text);
}

static int lanes_new(struct event_base *base, const struct db_settings *settings,
		     struct db_source *s)
{
	int result = 0;
	s->lane_ops = (struct db_source_ops){
		.lookup_done = on_lookup_done,
		.lookup_failed = on_lookup_failed,
		.lookup_state = on_lookup_state,
		.bad_row = on_bad_row,
	};
	for (size_t i = 0; result == 0 && i < LIMIT_LOOKUP_BATCHES; i++) {
		s->lanes[i].source = s;
		result = db_lookup_new(base, settings, &s->lane_ops, &s->lanes[i],
				       db_feed_connection(s->feed), i > 0, &s->lanes[i].lookup);
	}
	return result;
}

int db_source_new(struct event_base *base, const struct db_settings *settings,
		  const struct db_source_ops *ops, void *context, struct db_source **ret)
{
	cleanup(db_source_freep) struct db_source *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ops = *ops;
	s->context = context;
	s->reload = evtimer_new(base, on_reload, s);
	if (!s->reload)
		return -ENOMEM;
	int result = db_feed_new(base, settings, &s->ops, context, &s->feed);
	if (result == 0)
		result = lanes_new(base, settings, s);
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
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		db_lookup_free(s->lanes[i].lookup);
	db_feed_free(s->feed);
	if (s->reload)
		event_free(s->reload);
	free(s);
}

void db_source_configure(struct db_source *s, const struct db_settings *settings)
{
	db_feed_configure(s->feed, settings);
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		db_lookup_configure(s->lanes[i].lookup, settings);
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

struct db_connection *db_source_connection(struct db_source *s)
{
	return db_feed_connection(s->feed);
}

int db_source_lookup(struct db_source *s, uint64_t batch, const struct db_key *keys, size_t count,
		     bool proves)
{
	bool busy = false;
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++) {
		int result = db_lookup_send(s->lanes[i].lookup, batch, keys, count, proves);
		if (result != -EBUSY && result != -ENOTCONN)
			return result;
		busy |= result == -EBUSY;
	}
	for (size_t i = 0; busy && i < LIMIT_LOOKUP_BATCHES; i++)
		db_lookup_wake(s->lanes[i].lookup);
	return busy ? -EBUSY : -ENOTCONN;
}
