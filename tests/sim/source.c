/* What db/ does, without libpq: a connection for the feed, which loads and then polls, and some for
 * lookups. Each step is an event, so a load or a poll may be old when it arrives, or never arrive. */
#include "world.h"

#include "ipc/messages.h"

static struct server *server_of(struct world *w, unsigned server)
{
	return &w->cluster.servers[server];
}

static bool reachable(struct world *w, unsigned server)
{
	const struct server *s = server_of(w, server);
	return s->exists && s->alive;
}

/* ---- the feed ---- */

static void lose(struct instance *in, const char *reason)
{
	struct feed *f = &in->feed;
	f->state = FEED_AWAY;
	f->reload = false;
	f->retry_at_us = in->world->cluster.now_us + in->world->poll_interval_us;
	if (f->lost_told)
		return;
	f->lost_told = true;
	ledger_feed_lost(in->ledger, reason);
	in->turn = true;
}

void feed_cut(struct instance *in, const char *reason)
{
	if (in->ledger && in->feed.state != FEED_AWAY)
		lose(in, reason);
}

static void read_now(struct instance *in, struct reading *ret)
{
	struct feed *f = &in->feed;
	const struct server *s = server_of(in->world, f->server);
	*ret = server_read(&in->world->cluster, f->server, in->clock_us, &f->beat);
	f->image = *s;
}

/* A heartbeat is older than it can be told from here, if the primary's clock is ahead and replay lags. */
static void blindness(struct instance *in, const struct reading *reading)
{
	int64_t too_new = reading->evidence.mono_us - reading->true_us;
	if (too_new > in->blind_us)
		in->blind_us = too_new;
}

static void give_bad(struct instance *in, const struct server *image, const struct change *row)
{
	struct cert_record record = server_record(image, row);
	if (row->serial == SIM_OF_ISSUER) {
		ledger_bad_row(in->ledger, "an issuer");
		ledger_bad_issuer(in->ledger, record.issuer, instance_now(in));
		return;
	}
	ledger_bad_row(in->ledger, "a certificate");
	struct db_key key = {.issuer = record.issuer, .serial = record.serial};
	ledger_bad_key(in->ledger, &key);
}

/* That the row has. */
static struct view certificate_in(const struct instance *in, unsigned issuer,
				  const struct change *row)
{
	bool another = row && row->bad == ROW_OF_ANOTHER;
	return buffer_view(another ? &in->world->another[issuer]
				   : &in->world->certificates[issuer]);
}

static void load_begin(struct instance *in)
{
	struct feed *f = &in->feed;
	struct db_issuer issuers[SIM_ISSUERS];
	size_t count = 0;
	for (unsigned i = 0; i < in->world->options.issuers; i++) {
		const struct change *row = f->image.rows[i][SIM_OF_ISSUER];
		if (f->image.ids[i] == 0)
			continue;
		if (row && row->bad == ROW_UNREADABLE) {
			give_bad(in, &f->image, row);
			continue;
		}
		issuers[count++] = (struct db_issuer){
			.record = server_issuer(&f->image, i, in->sections[i].name),
			.certificate = certificate_in(in, i, row)};
	}
	struct moment now = instance_now(in);
	ledger_load_begin(in->ledger, &f->next.evidence, issuers, count, now);
}

/* The hold that was ended last, by the events of this cluster: what was imported has none. */
static struct hold ended_hold(const struct server *image, const struct change *row)
{
	if (status_says_revoked(row->status))
		return (struct hold){0};
	for (; row->version > 1 && row->before; row = row->before) {
		const struct change *before = row->before;
		struct cert_record held = server_record(image, before);
		if (before->status == CERT_HELD && !status_says_revoked(row->status))
			return (struct hold){held.version, held.revoked_at, held.invalidity_at};
	}
	return (struct hold){0};
}

static void load_rows(struct instance *in, unsigned issuer)
{
	struct feed *f = &in->feed;
	for (unsigned k = 0; k < SIM_SERIALS; k++) {
		const struct change *row = f->image.rows[issuer][k];
		if (!row || f->image.ids[issuer] == 0)
			continue;
		struct cert_record record = server_record(&f->image, row);
		record.ended = ended_hold(&f->image, row);
		if (row->bad)
			give_bad(in, &f->image, row);
		else if (row->status != CERT_GOOD || row->version > 1)
			ledger_load_row(in->ledger, &record);
	}
}

static void evidence_given(struct instance *in, const struct reading *reading)
{
	if (reading->evidence.mono_us > in->evidence_us)
		in->evidence_us = reading->evidence.mono_us;
	blindness(in, reading);
}

static void load_end(struct instance *in)
{
	struct feed *f = &in->feed;
	f->base = f->next;
	f->seen_count = 0;
	f->lost_told = false;
	f->state = FEED_WAITING;
	f->poll_at_us = in->world->cluster.now_us + in->world->poll_interval_us;
	evidence_given(in, &f->base);
	ledger_load_end(in->ledger, &f->base.evidence, instance_now(in));
}

static void load_step(struct instance *in)
{
	struct feed *f = &in->feed;
	in->turn = true;
	if (f->step == 0)
		load_begin(in);
	else if (f->step <= SIM_ISSUERS)
		load_rows(in, f->step - 1);
	else
		load_end(in);
	f->step++;
}

static void connect_and_read(struct instance *in)
{
	struct feed *f = &in->feed;
	if (!reachable(in->world, in->server))
		return;
	if (f->server != in->server)
		f->beat = (struct db_beat){0};
	f->server = in->server;
	read_now(in, &f->next);
	if (!f->next.usable) {
		lose(in, "no evidence, or a log of another cluster");
		return;
	}
	f->state = FEED_LOADING;
	f->step = 0;
}

static bool was_seen(const struct feed *f, uint64_t xid)
{
	for (unsigned i = 0; i < f->seen_count; i++)
		if (f->seen[i] == xid)
			return true;
	return false;
}

/* Complete by induction: what the poll before could not see began after it, or was running. */
static bool is_news(const struct feed *f, uint64_t xid)
{
	return !snapshot_has(&f->base.snapshot, xid) && !was_seen(f, xid);
}

static void poll_row(struct feed *f, const struct log_row *row)
{
	if (f->log_count == f->log_room) {
		f->log_room = f->log_room ? 2 * f->log_room : 16;
		f->log = reallocarray(f->log, f->log_room, sizeof(*f->log));
		if (!f->log)
			abort();
	}
	f->log[f->log_count++] = *row;
}

/* db/feed.c: what is not of the history that was loaded, or has gone back in it, tells nothing. */
static bool same_history(const struct feed *f)
{
	return db_history_equal(&f->next.evidence.history, &f->base.evidence.history) &&
	       f->next.evidence.position >= f->base.evidence.position;
}

static void poll_read(struct instance *in)
{
	struct feed *f = &in->feed;
	read_now(in, &f->next);
	if (!f->next.usable || !same_history(f)) {
		lose(in, "another history, or no evidence");
		return;
	}
	f->log_count = 0;
	f->long_until_us = 0;
	for (size_t i = 0; i < f->image.log.count; i++)
		if (is_news(f, f->image.log.each[i].xid))
			poll_row(f, &f->image.log.each[i]);
	f->state = FEED_POLLED;
	f->step = 0;
}

static void poll_issuer(struct instance *in, unsigned issuer, const struct db_evidence *evidence)
{
	struct feed *f = &in->feed;
	const struct change *row = f->image.rows[issuer][SIM_OF_ISSUER];
	if (row && row->bad == ROW_UNREADABLE) {
		give_bad(in, &f->image, row);
		return;
	}
	struct db_issuer one = {.record =
					server_issuer(&f->image, issuer, in->sections[issuer].name),
				.certificate = certificate_in(in, issuer, row)};
	ledger_poll(in->ledger, evidence, NULL, 0, &one, 1, instance_now(in));
}

/* Portions, all but the last with the evidence of the poll before. True: that was the last. */
static bool poll_portion(struct instance *in)
{
	struct feed *f = &in->feed;
	struct cert_record records[4];
	size_t count = 0;
	while (f->step < f->log_count && count < array_size(records)) {
		const struct change *change = f->log[f->step++].change;
		if (change->serial == SIM_OF_ISSUER)
			poll_issuer(in, change->issuer, &f->base.evidence);
		else if (change->bad)
			give_bad(in, &f->image, change);
		else
			records[count++] = server_record(&f->image, change);
	}
	bool last = f->step == f->log_count && in->world->cluster.now_us >= f->long_until_us;
	ledger_poll(in->ledger, last ? &f->next.evidence : &f->base.evidence, records, count, NULL,
		    0, instance_now(in));
	return last;
}

static void remember_seen(struct feed *f)
{
	unsigned kept = 0;
	if (!f->next.standby) {
		f->seen_count = 0;
		return;
	}
	for (unsigned i = 0; i < f->seen_count; i++)
		if (f->seen[i] >= f->next.snapshot.xmax)
			f->seen[kept++] = f->seen[i];
	f->seen_count = kept;
	for (size_t i = 0; i < f->log_count; i++)
		if (f->log[i].xid >= f->next.snapshot.xmax && !was_seen(f, f->log[i].xid) &&
		    f->seen_count < array_size(f->seen))
			f->seen[f->seen_count++] = f->log[i].xid;
}

static void poll_step(struct instance *in)
{
	struct feed *f = &in->feed;
	in->turn = true;
	if (!poll_portion(in))
		return;
	evidence_given(in, &f->next);
	remember_seen(f);
	f->base = f->next;
	f->state = FEED_WAITING;
	f->poll_at_us = in->world->cluster.now_us + in->world->poll_interval_us;
}

/* All issuers first. */
void feed_long(struct instance *in, int64_t us)
{
	struct feed *f = &in->feed;
	if (!in->ledger || f->state != FEED_WAITING || f->reload)
		return;
	poll_read(in);
	if (f->state != FEED_POLLED)
		return;
	f->long_until_us = in->world->cluster.now_us + us;
	in->turn = true;
	for (unsigned i = 0; i < in->world->options.issuers; i++)
		if (f->image.ids[i] != 0)
			poll_issuer(in, i, &f->base.evidence);
}

bool feed_step(struct instance *in)
{
	struct feed *f = &in->feed;
	if (!in->ledger)
		return false;
	if (f->reload) {
		lose(in, "the ledger does not believe it");
		return true;
	}
	switch (f->state) {
	case FEED_AWAY:
		connect_and_read(in);
		return f->state != FEED_AWAY;
	case FEED_LOADING:
		load_step(in);
		return true;
	case FEED_WAITING:
		poll_read(in);
		return true;
	case FEED_POLLED:
		poll_step(in);
		return true;
	}
	return false;
}

/* ---- lookups ---- */

static bool is_usable(const struct instance *in)
{
	for (unsigned i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		if (in->lookups[i].state != LOOKUP_AWAY)
			return true;
	return false;
}

/* db/source.c: the first connection that is free; a batch each. */
int lookup_ask(struct instance *in, uint64_t batch, const struct db_key *keys, size_t count,
	       bool proves)
{
	unsigned lane = 0;
	while (lane < LIMIT_LOOKUP_BATCHES && in->lookups[lane].state != LOOKUP_IDLE)
		lane++;
	if (lane == LIMIT_LOOKUP_BATCHES)
		return is_usable(in) ? -EBUSY : -ENOTCONN;
	struct lookup *l = &in->lookups[lane];
	l->state = LOOKUP_ASKED;
	l->batch = batch;
	l->proves = proves;
	l->count = count;
	memcpy(l->keys, keys, count * sizeof(*keys));
	return 0;
}

void lookup_cut(struct instance *in, struct lookup *l, const char *reason)
{
	enum lookup_state before = l->state;
	if (!in->ledger || before == LOOKUP_AWAY)
		return;
	l->state = LOOKUP_AWAY;
	if (!is_usable(in))
		ledger_lookup_state(in->ledger, false, reason);
	if (before != LOOKUP_IDLE)
		ledger_lookup_failed(in->ledger, l->batch, instance_now(in));
	in->turn = true;
}

void lookups_cut(struct instance *in, const char *reason)
{
	for (unsigned i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		lookup_cut(in, &in->lookups[i], reason);
}

/* Of the issuer's row, as db/lookup_sql.h has it. */
static int64_t issuer_version(const struct server *s, const struct db_key *key)
{
	for (unsigned i = 0; i < SIM_ISSUERS; i++) {
		const struct change *row = s->rows[i][SIM_OF_ISSUER];
		if (s->ids[i] == key->issuer)
			return row && status_says_revoked(row->status)
				       ? 0
				       : server_issuer(s, i, "").version;
	}
	return 0;
}

static struct db_found find(const struct server *s, const struct db_key *key)
{
	unsigned serial = key->serial.octets[0] - 1u;
	bool ours = key->serial.size == 1 && serial < SIM_SERIALS;
	for (unsigned i = 0; i < SIM_ISSUERS; i++) {
		const struct change *row =
			ours && s->ids[i] == key->issuer ? s->rows[i][serial] : NULL;
		if (row && row->bad)
			return (struct db_found){.bad = true};
		if (row)
			return (struct db_found){.found = true, .record = server_record(s, row)};
	}
	return (struct db_found){0};
}

static void lookup_run(struct instance *in, struct lookup *l)
{
	const struct server *s = server_of(in->world, l->server);
	l->reading = server_read(&in->world->cluster, l->server, in->clock_us, &l->beat);
	for (size_t i = 0; i < l->count; i++) {
		l->found[i] = find(s, &l->keys[i]);
		l->found[i].issuer_version = l->proves ? issuer_version(s, &l->keys[i]) : 0;
	}
	l->state = LOOKUP_RUN;
}

/* What is proven by itself is no older. */
static void looked(struct instance *in, const struct lookup *l, const struct db_key *key)
{
	const struct server *s = server_of(in->world, l->server);
	for (unsigned i = 0; l->proves && i < SIM_ISSUERS; i++) {
		unsigned serial = key->serial.octets[0] - 1u;
		if (s->ids[i] == key->issuer && key->serial.size == 1 && serial < SIM_SERIALS &&
		    l->reading.evidence.mono_us > in->looked_us[i][serial])
			in->looked_us[i][serial] = l->reading.evidence.mono_us;
	}
}

static void lookup_give(struct instance *in, struct lookup *l)
{
	l->state = LOOKUP_IDLE;
	in->turn = true;
	blindness(in, &l->reading);
	for (size_t i = 0; i < l->count; i++)
		looked(in, l, &l->keys[i]);
	if (!l->reading.standby || server_of(in->world, l->server)->beats)
		ledger_lookup_done(in->ledger, l->batch, &l->reading.evidence, l->found, l->count,
				   instance_now(in));
	else
		ledger_lookup_failed(in->ledger, l->batch, instance_now(in));
}

static bool lookup_connect(struct instance *in, struct lookup *l)
{
	bool news = !is_usable(in);
	if (!reachable(in->world, in->server))
		return false;
	if (l->server != in->server)
		l->beat = (struct db_beat){0};
	l->server = in->server;
	l->state = LOOKUP_IDLE;
	if (news)
		ledger_lookup_state(in->ledger, true, NULL);
	in->turn = true;
	return true;
}

static bool lane_step(struct instance *in, struct lookup *l)
{
	switch (l->state) {
	case LOOKUP_AWAY:
		return lookup_connect(in, l);
	case LOOKUP_IDLE:
		return false;
	case LOOKUP_ASKED:
		lookup_run(in, l);
		return true;
	case LOOKUP_RUN:
		lookup_give(in, l);
		return true;
	}
	return false;
}

bool lookup_step(struct instance *in, unsigned first)
{
	for (unsigned i = 0; in->ledger && i < LIMIT_LOOKUP_BATCHES; i++)
		if (lane_step(in, &in->lookups[(first + i) % LIMIT_LOOKUP_BATCHES]))
			return true;
	return false;
}

void sources_cut(struct world *w, unsigned server)
{
	for (unsigned i = 0; i < w->options.instances; i++) {
		struct instance *in = &w->instances[i];
		if (in->feed.server == server)
			feed_cut(in, "the server is gone");
		for (unsigned k = 0; k < LIMIT_LOOKUP_BATCHES; k++)
			if (in->lookups[k].server == server)
				lookup_cut(in, &in->lookups[k], "the server is gone");
		if (in->fetch.server == server)
			fetch_cut(in);
	}
}
