#include "server.h"

#include "base/check.h"

#define list_add(list)                                                                  \
	(list_room(&(list)->each, &(list)->room, (list)->count, sizeof(*(list)->each)), \
	 &(list)->each[(list)->count++])

static void list_room(void *each, size_t *room, size_t count, size_t size)
{
	if (count < *room)
		return;
	*room = *room ? 2 * *room : 16;
	void *more = reallocarray(*(void **)each, *room, size);
	if (!more)
		abort();
	*(void **)each = more;
}

static bool writable(const struct server *s)
{
	return s->exists && s->alive && s->primary;
}

static bool is_true(const struct cluster *c, const struct server *s)
{
	return s == &c->servers[c->authority];
}

static void became(struct cluster *c, const struct server *s, unsigned issuer, unsigned serial,
		   const struct change *now, bool shown)
{
	if (is_true(c, s))
		c->ops->became(c->context, issuer, serial, now, shown);
}

/* ---- a world's servers ---- */

static struct server *new_server(struct cluster *c, unsigned *ret)
{
	unsigned i = 0;
	while (i < SIM_SERVERS && c->servers[i].exists)
		i++;
	*ret = i;
	if (i == SIM_SERVERS)
		return NULL;
	c->servers[i] = (struct server){.exists = true, .alive = true};
	return &c->servers[i];
}

void cluster_init(struct cluster *c, uint32_t registered)
{
	unsigned index;
	struct server *s = new_server(c, &index);
	s->primary = true;
	s->history = (struct db_history){
		.system = ++c->systems, .timeline = 1, .database = 5, .tables = 1000};
	s->next_xid = 100;
	s->completed = 99;
	for (unsigned i = 0; i < SIM_ISSUERS; i++)
		s->ids[i] = registered >> i & 1 ? (int32_t)i + 1 : 0;
	c->authority = index;
}

void cluster_deinit(struct cluster *c)
{
	for (unsigned i = 0; i < SIM_SERVERS; i++) {
		free(c->servers[i].log.each);
		free(c->servers[i].wal.each);
	}
	while (c->made) {
		struct change *change = c->made;
		c->made = change->next_made;
		free(change);
	}
	while (c->images) {
		struct image *image = c->images;
		c->images = image->next_made;
		free(image);
	}
	while (c->stored) {
		struct stored *stored = c->stored;
		c->stored = stored->next_made;
		buffer_deinit(&stored->der);
		buffer_deinit(&stored->certid);
		free(stored);
	}
}

static void copy_wal(struct server *to, const struct server *from)
{
	for (size_t i = 0; i < from->wal.count; i++)
		*list_add(&to->wal) = from->wal.each[i];
}

static void copy_log(struct server *to, const struct server *from)
{
	for (size_t i = 0; i < from->log.count; i++)
		*list_add(&to->log) = from->log.each[i];
}

static void show(struct cluster *c, struct server *s, uint64_t xid, struct change *const *changes,
		 unsigned count);

/* A base backup: what is shown, what is prepared, and the WAL so far. */
unsigned cluster_add_standby(struct cluster *c, unsigned upstream)
{
	unsigned index;
	struct server *s = new_server(c, &index);
	const struct server *from = &c->servers[upstream];
	if (!s)
		return SIM_SERVERS;
	s->upstream = upstream;
	s->history = from->history;
	s->clock_us = from->clock_us;
	s->next_xid = s->completed + 1;
	memcpy(s->ids, from->ids, sizeof(s->ids));
	memcpy(s->rows, from->rows, sizeof(s->rows));
	memcpy(s->stored, from->stored, sizeof(s->stored));
	s->completed = from->completed;
	s->beats = from->beats;
	s->beat = from->beat;
	copy_log(s, from);
	copy_wal(s, from);
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++) {
		const struct transaction *t = &from->transactions[i];
		if (t->state == TRANSACTION_PREPARED)
			s->transactions[i] = *t;
		if (t->state == TRANSACTION_WAITING)
			show(c, s, t->xid, t->changes, t->count);
	}
	return index;
}

/* ---- writing ---- */

static struct change *change_make(struct cluster *c, unsigned issuer, unsigned serial)
{
	struct change *change = calloc(1, sizeof(*change));
	if (!change)
		abort();
	*change = (struct change){.next_made = c->made,
				  .number = ++c->changes,
				  .issuer = issuer,
				  .serial = serial,
				  .left_us = INT64_MAX,
				  .crl_from = TIME_NONE,
				  .crl_until = TIME_NONE,
				  .presigned_from = TIME_NONE,
				  .presigned_until = TIME_NONE,
				  .not_after = TIME_NONE};
	c->made = change;
	return change;
}

static bool locked(const struct server *s, unsigned issuer, unsigned serial)
{
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++)
		for (unsigned k = 0; s->transactions[i].state && k < s->transactions[i].count; k++)
			if (s->transactions[i].changes[k]->issuer == issuer &&
			    s->transactions[i].changes[k]->serial == serial)
				return true;
	return false;
}

/* What goes on from one version of an issuer's row to the next. */
static void keep_facts(struct change *change, const struct change *row)
{
	if (!row)
		return;
	change->crl_from = row->crl_from;
	change->crl_until = row->crl_until;
	change->presigned = row->presigned;
	change->presigned_from = row->presigned_from;
	change->presigned_until = row->presigned_until;
}

/* As the database's triggers allow it; false: this choice is not. */
static bool next_state(const struct change *row, unsigned choice, struct change *ret)
{
	static const enum cert_status from_good[] = {CERT_HELD, CERT_REVOKED, CERT_WITHDRAWN};
	bool issuer = ret->serial == SIM_OF_ISSUER;
	ret->status = row ? row->status : CERT_GOOD;
	if (choice == 7 && row) {
		bool another = issuer && row->version % 2;
		ret->bad = row->bad ? ROW_RIGHT : another ? ROW_OF_ANOTHER : ROW_UNREADABLE;
		return true;
	}
	if (row && row->bad)
		return false;
	if (issuer && row && row->status == CERT_GOOD)
		ret->status = choice == 6 ? CERT_REVOKED : CERT_GOOD;
	else if (issuer)
		ret->status = row ? row->status : CERT_GOOD;
	else if (!row || row->status == CERT_WITHDRAWN)
		ret->status = choice < 4 ? CERT_GOOD : choice == 4 ? CERT_HELD : CERT_REVOKED;
	else if (row->status == CERT_GOOD)
		ret->status = from_good[choice % 3];
	else if (row->status == CERT_HELD)
		ret->status = choice < 5 ? CERT_GOOD : CERT_REVOKED;
	else
		return false;
	return true;
}

bool server_begin(struct cluster *c, unsigned server, unsigned place)
{
	struct server *s = &c->servers[server];
	if (!writable(s) || s->transactions[place].state != TRANSACTION_NONE)
		return false;
	s->transactions[place] =
		(struct transaction){.state = TRANSACTION_OPEN, .xid = s->next_xid++};
	return true;
}

bool server_write(struct cluster *c, unsigned server, unsigned place, unsigned issuer,
		  unsigned serial, unsigned choice)
{
	struct server *s = &c->servers[server];
	struct transaction *t = &s->transactions[place];
	struct change next = {.serial = serial};
	if (!writable(s) || t->state != TRANSACTION_OPEN || t->count == SIM_CHANGES ||
	    s->ids[issuer] == 0 || locked(s, issuer, serial))
		return false;
	const struct change *row = s->rows[issuer][serial];
	if (!next_state(row, choice, &next))
		return false;
	struct change *change = change_make(c, issuer, serial);
	change->version = row ? row->version + 1 : serial == SIM_OF_ISSUER ? 2 : 1;
	change->status = next.status;
	change->bad = next.bad;
	change->before = row;
	keep_facts(change, row);
	t->changes[t->count++] = change;
	return true;
}

/* A release that waits for a replica's reply: standbys may show it already. */
static bool is_ending(const struct server *s, const struct change *row)
{
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++) {
		const struct transaction *t = &s->transactions[i];
		for (unsigned k = 0; t->state == TRANSACTION_WAITING && k < t->count; k++)
			if (t->changes[k]->before == row &&
			    !status_says_revoked(t->changes[k]->status))
				return true;
	}
	return false;
}

static uint32_t listed(const struct server *s, const struct transaction *t, unsigned issuer)
{
	uint32_t bits = 0;
	for (unsigned k = 0; k < SIM_SERIALS; k++) {
		const struct change *row = s->rows[issuer][k];
		if (row && status_says_revoked(row->status) && !is_ending(s, row))
			bits |= 1u << k;
	}
	for (unsigned i = 1; i < t->count; i++)
		if (status_says_revoked(t->changes[i]->status))
			bits |= 1u << t->changes[i]->serial;
	return bits;
}

/* A transaction with a new version of the issuer's row, to be committed; NULL: not now. */
static struct change *issuer_begin(struct cluster *c, unsigned server, unsigned issuer,
				   unsigned *place)
{
	*place = 0;
	while (*place < SIM_TRANSACTIONS && !server_begin(c, server, *place))
		(*place)++;
	if (*place == SIM_TRANSACTIONS)
		return NULL;
	if (server_write(c, server, *place, issuer, SIM_OF_ISSUER, 0))
		return c->servers[server].transactions[*place].changes[0];
	(void)server_rollback(c, server, *place);
	return NULL;
}

bool server_crl(struct cluster *c, unsigned server, unsigned issuer, unsigned serial, int64_t lasts)
{
	struct server *s = &c->servers[server];
	const struct change *row = s->rows[issuer][serial];
	unsigned place;
	struct change *crl = issuer_begin(c, server, issuer, &place);
	if (!crl)
		return false;
	bool good = row && row->status == CERT_GOOD;
	(void)server_write(c, server, place, issuer, serial, good ? 4 : 5);
	crl->crl_from = wall_seconds(c->now_us + s->clock_us);
	crl->crl_until = crl->crl_from + lasts;
	crl->crl = true;
	crl->listed = listed(s, &s->transactions[place], issuer);
	return server_commit(c, server, place, false);
}

bool server_import(struct cluster *c, unsigned server, struct stored *stored)
{
	unsigned place;
	stored->next_made = c->stored;
	c->stored = stored;
	struct change *change = issuer_begin(c, server, stored->issuer, &place);
	if (!change)
		return false;
	change->stored = stored;
	change->presigned++;
	change->presigned_from = stored->this_update;
	change->presigned_until = stored->next_update;
	return server_commit(c, server, place, false);
}

static struct wal_record *wal_write(struct server *s, enum wal_kind kind,
				    const struct transaction *t)
{
	struct wal_record *record = list_add(&s->wal);
	*record = (struct wal_record){.kind = kind};
	if (!t)
		return record;
	record->xid = t->xid;
	record->count = t->count;
	memcpy(record->changes, t->changes, sizeof(record->changes));
	return record;
}

static void complete(struct server *s, uint64_t xid)
{
	if (xid > s->completed)
		s->completed = xid;
	if (xid >= s->next_xid)
		s->next_xid = xid + 1;
}

static void show(struct cluster *c, struct server *s, uint64_t xid, struct change *const *changes,
		 unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct change *change = changes[i];
		s->rows[change->issuer][change->serial] = change;
		if (change->stored)
			s->stored[change->issuer][change->stored->serial][change->stored->hash] =
				change->stored;
		*list_add(&s->log) = (struct log_row){.xid = xid, .change = change};
		if (s->primary)
			became(c, s, change->issuer, change->serial, change, true);
	}
	complete(s, xid);
}

bool server_prepare(struct cluster *c, unsigned server, unsigned place)
{
	struct server *s = &c->servers[server];
	struct transaction *t = &s->transactions[place];
	if (!writable(s) || t->state != TRANSACTION_OPEN)
		return false;
	t->state = TRANSACTION_PREPARED;
	(void)wal_write(s, WAL_PREPARE, t);
	return true;
}

/* What makes a certificate good is true as soon as it is in the WAL, where a standby may show it; what
 * makes it bad only when it is shown here and acknowledged. */
bool server_commit(struct cluster *c, unsigned server, unsigned place, bool waits)
{
	struct server *s = &c->servers[server];
	struct transaction *t = &s->transactions[place];
	if (!writable(s) || (t->state != TRANSACTION_OPEN && t->state != TRANSACTION_PREPARED))
		return false;
	(void)wal_write(s, WAL_COMMIT, t);
	t->state = TRANSACTION_WAITING;
	for (unsigned i = 0; i < t->count; i++) {
		struct change *change = t->changes[i];
		struct change *row = s->rows[change->issuer][change->serial];
		if (!change->bad && change->status == CERT_GOOD)
			became(c, s, change->issuer, change->serial, change, false);
		if (row && change->status == CERT_WITHDRAWN)
			row->left_us = c->now_us;
	}
	return waits || server_show(c, server, place);
}

bool server_show(struct cluster *c, unsigned server, unsigned place)
{
	struct server *s = &c->servers[server];
	struct transaction *t = &s->transactions[place];
	if (!writable(s) || t->state != TRANSACTION_WAITING)
		return false;
	show(c, s, t->xid, t->changes, t->count);
	t->state = TRANSACTION_NONE;
	return true;
}

bool server_rollback(struct cluster *c, unsigned server, unsigned place)
{
	struct server *s = &c->servers[server];
	struct transaction *t = &s->transactions[place];
	if (!writable(s) || (t->state != TRANSACTION_OPEN && t->state != TRANSACTION_PREPARED))
		return false;
	(void)wal_write(s, WAL_ABORT, t);
	complete(s, t->xid);
	t->state = TRANSACTION_NONE;
	return true;
}

static struct snapshot snapshot_take(const struct server *s)
{
	struct snapshot snapshot = {.xmax = s->completed + 1, .xmin = s->completed + 1};
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++) {
		const struct transaction *t = &s->transactions[i];
		if (t->state == TRANSACTION_NONE || t->xid >= snapshot.xmax)
			continue;
		snapshot.running[snapshot.running_count++] = t->xid;
		if (t->xid < snapshot.xmin)
			snapshot.xmin = t->xid;
	}
	return snapshot;
}

bool snapshot_has(const struct snapshot *s, uint64_t xid)
{
	if (xid >= s->xmax)
		return false;
	for (unsigned i = 0; i < s->running_count; i++)
		if (s->running[i] == xid)
			return false;
	return true;
}

/* stillgood.heartbeat() writes a row, so it takes an xid. */
bool server_beat(struct cluster *c, unsigned server)
{
	struct server *s = &c->servers[server];
	if (!writable(s))
		return false;
	/* A clock that was set shows no time twice, to the microsecond. */
	int64_t odd = (int64_t)(c->beats++ * 7919 % 1000);
	s->beat = (struct beat){.clock_us = c->now_us + s->clock_us - odd,
				.true_us = c->now_us,
				.snapshot = snapshot_take(s)};
	s->beats = true;
	complete(s, s->next_xid);
	struct wal_record *record = wal_write(s, WAL_BEAT, NULL);
	record->xid = s->completed;
	record->beat = s->beat;
	return true;
}

static struct transaction *transaction_of(struct server *s, uint64_t xid)
{
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++)
		if (s->transactions[i].state && s->transactions[i].xid == xid)
			return &s->transactions[i];
	return NULL;
}

static void image_take(struct server *s, const struct image *image)
{
	memcpy(s->rows, image->rows, sizeof(s->rows));
	memcpy(s->stored, image->stored, sizeof(s->stored));
	s->history.tables = image->tables;
	memcpy(s->ids, image->ids, sizeof(s->ids));
	if (image->log_gone)
		s->log.count = 0;
}

/* Everything anew: a copy of what is there now, to be changed and then written. */
static struct image *image_make(struct cluster *c, const struct server *s)
{
	struct image *image = malloc(sizeof(*image));
	if (!image)
		abort();
	*image = (struct image){.next_made = c->images, .tables = s->history.tables};
	memcpy(image->rows, s->rows, sizeof(image->rows));
	memcpy(image->stored, s->stored, sizeof(image->stored));
	memcpy(image->ids, s->ids, sizeof(image->ids));
	c->images = image;
	return image;
}

static void image_write(struct server *s, const struct image *image)
{
	image_take(s, image);
	complete(s, s->next_xid);
	struct wal_record *record = wal_write(s, WAL_IMAGE, NULL);
	record->xid = s->completed;
	record->image = image;
}

static void replay_one(struct cluster *c, struct server *s, const struct wal_record *record)
{
	struct transaction *t = transaction_of(s, record->xid);
	*list_add(&s->wal) = *record;
	if (record->kind == WAL_PREPARE) {
		for (t = s->transactions; t->state != TRANSACTION_NONE;)
			t++;
		*t = (struct transaction){
			.state = TRANSACTION_PREPARED, .xid = record->xid, .count = record->count};
		memcpy(t->changes, record->changes, sizeof(t->changes));
		return;
	}
	if (t)
		t->state = TRANSACTION_NONE;
	if (record->kind == WAL_COMMIT)
		show(c, s, record->xid, record->changes, record->count);
	if (record->kind == WAL_BEAT) {
		s->beat = record->beat;
		s->beats = true;
	}
	if (record->kind == WAL_IMAGE)
		image_take(s, record->image);
	complete(s, record->xid);
}

void server_replay(struct cluster *c, unsigned server, size_t records)
{
	struct server *s = &c->servers[server];
	if (!s->exists || !s->alive || s->primary || s->paused)
		return;
	const struct server *from = &c->servers[s->upstream];
	for (; records > 0 && from->alive && s->wal.count < from->wal.count; records--)
		replay_one(c, s, &from->wal.each[s->wal.count]);
}

/* ---- faults ---- */

void server_crash(struct cluster *c, unsigned server)
{
	c->servers[server].alive = false;
}

/* Recovery shows what is in the WAL and rolls back what is not. */
void server_start(struct cluster *c, unsigned server)
{
	struct server *s = &c->servers[server];
	if (!s->exists || s->alive)
		return;
	s->alive = true;
	for (unsigned i = 0; s->primary && i < SIM_TRANSACTIONS; i++) {
		(void)server_show(c, server, i);
		if (s->transactions[i].state == TRANSACTION_OPEN)
			(void)server_rollback(c, server, i);
	}
}

bool server_promote(struct cluster *c, unsigned server)
{
	struct server *s = &c->servers[server];
	if (!s->exists || !s->alive || s->primary)
		return false;
	s->primary = true;
	s->paused = false;
	/* Two promotions of one timeline can have the same number: nobody could tell them apart. */
	s->history.timeline = (uint32_t)(1 + ++c->promotions);
	s->next_xid = s->completed + 1;
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++)
		if (s->transactions[i].state && s->transactions[i].xid >= s->next_xid)
			s->next_xid = s->transactions[i].xid + 1;
	return true;
}

/* What differs from what was true before. */
static void all_became(struct cluster *c, const struct server *s)
{
	for (unsigned i = 0; i < SIM_ISSUERS; i++)
		for (unsigned k = 0; k <= SIM_SERIALS; k++)
			became(c, s, i, k, s->rows[i][k], true);
}

void cluster_name(struct cluster *c, unsigned server)
{
	c->authority = server;
	all_became(c, &c->servers[server]);
}

void server_save(struct cluster *c, unsigned server)
{
	struct server *s = &c->servers[server];
	s->backup.made = true;
	memcpy(s->backup.rows, s->rows, sizeof(s->rows));
	memcpy(s->backup.stored, s->stored, sizeof(s->stored));
}

/* pg_restore --clean --single-transaction: other tables of the same names, and an empty log. What was
 * open waits for the tables' locks, and is ended. */
bool server_restore(struct cluster *c, unsigned server)
{
	struct server *s = &c->servers[server];
	if (!writable(s) || !s->backup.made)
		return false;
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++) {
		(void)server_show(c, server, i);
		(void)server_rollback(c, server, i);
	}
	struct image *image = image_make(c, s);
	memcpy(image->rows, s->backup.rows, sizeof(image->rows));
	memcpy(image->stored, s->backup.stored, sizeof(image->stored));
	image->log_gone = true;
	image->tables = 1000 + ++c->changes;
	image_write(s, image);
	all_became(c, s);
	return true;
}

static struct change *imported(struct cluster *c, const struct change *row)
{
	if (!row)
		return NULL;
	struct change *copy = change_make(c, row->issuer, row->serial);
	copy->version = row->serial == SIM_OF_ISSUER ? 2 : 1;
	copy->status = row->status == CERT_WITHDRAWN ? CERT_GOOD : row->status;
	copy->bad = row->bad;
	keep_facts(copy, row);
	copy->before = row; /* a hold that is imported goes on, and may be released there */
	return copy;
}

static void ids_in_another_order(struct server *s, const struct server *from, unsigned order)
{
	unsigned there[SIM_ISSUERS], count = 0;
	for (unsigned i = 0; i < SIM_ISSUERS; i++)
		if (from->ids[i] != 0)
			there[count++] = i;
	for (unsigned i = 0; i < count; i++)
		s->ids[there[i]] = from->ids[there[(i + order) % count]];
}

unsigned cluster_rebuild(struct cluster *c, unsigned server, uint32_t lost, unsigned order)
{
	unsigned index;
	struct server *s = new_server(c, &index);
	const struct server *from = &c->servers[server];
	if (!s)
		return SIM_SERVERS;
	s->primary = true;
	s->clock_us = from->clock_us;
	s->history = (struct db_history){
		.system = ++c->systems, .timeline = 1, .database = 5, .tables = 1000};
	s->next_xid = 100;
	s->completed = 99;
	ids_in_another_order(s, from, order);
	memcpy(s->stored, from->stored, sizeof(s->stored));
	for (unsigned i = 0; i < SIM_ISSUERS; i++) {
		for (unsigned k = 0; k <= SIM_SERIALS; k++)
			if (!(lost >> (i * (SIM_SERIALS + 1) + k) & 1))
				s->rows[i][k] = imported(c, from->rows[i][k]);
	}
	return index;
}

/* Whoever writes holds locks that these need. */
static bool somebody_writes(const struct server *s)
{
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++)
		if (s->transactions[i].state != TRANSACTION_NONE && s->transactions[i].count > 0)
			return true;
	return false;
}

bool server_register(struct cluster *c, unsigned server, unsigned issuer)
{
	struct server *s = &c->servers[server];
	int32_t highest = 0;
	if (!writable(s) || s->ids[issuer] != 0 || somebody_writes(s) ||
	    !server_begin(c, server, 0))
		return false;
	for (unsigned i = 0; i < SIM_ISSUERS; i++)
		highest = s->ids[i] > highest ? s->ids[i] : highest;
	struct image *image = image_make(c, s);
	image->ids[issuer] = highest + 1;
	image_write(s, image);
	(void)server_write(c, server, 0, issuer, SIM_OF_ISSUER, 0);
	return server_commit(c, server, 0, false);
}

bool server_delete(struct cluster *c, unsigned server, unsigned issuer, unsigned serial)
{
	struct server *s = &c->servers[server];
	const struct change *row = s->rows[issuer][serial];
	if (!writable(s) || !row || row->status != CERT_REVOKED || somebody_writes(s))
		return false;
	struct image *image = image_make(c, s);
	image->rows[issuer][serial] = NULL;
	image_write(s, image);
	became(c, s, issuer, serial, NULL, true);
	return true;
}

bool server_truncate_log(struct cluster *c, unsigned server)
{
	struct server *s = &c->servers[server];
	if (!writable(s) || somebody_writes(s))
		return false;
	struct image *image = image_make(c, s);
	image->log_gone = true;
	image->tables = 1000 + ++c->changes;
	image_write(s, image);
	return true;
}

/* ---- reading ---- */

/* As db/evidence.c has it. */
static struct db_evidence beat_evidence(const struct beat *beat, struct moment sent,
					struct db_beat *seen)
{
	if (!seen->known || seen->beat_us != beat->clock_us)
		*seen = (struct db_beat){
			.beat_us = beat->clock_us, .seen_mono_us = sent.mono_us, .known = true};
	int64_t age = sent.wall_us > beat->clock_us ? sent.wall_us - beat->clock_us : 0;
	int64_t unchanged = sent.mono_us - seen->seen_mono_us;
	return (struct db_evidence){.time_us = beat->clock_us,
				    .mono_us = sent.mono_us - (age > unchanged ? age : unchanged)};
}

struct reading server_read(const struct cluster *c, unsigned server, int64_t clock_us,
			   struct db_beat *beat)
{
	const struct server *s = &c->servers[server];
	struct moment sent = {.wall_us = c->now_us + clock_us, .mono_us = c->now_us};
	struct reading reading = {.standby = !s->primary, .usable = !s->foreign};
	if (s->primary) {
		reading.snapshot = snapshot_take(s);
		reading.true_us = c->now_us;
		reading.evidence = (struct db_evidence){.time_us = c->now_us + s->clock_us,
							.mono_us = c->now_us};
	} else {
		reading.snapshot = s->beat.snapshot;
		reading.true_us = s->beat.true_us;
		reading.usable = reading.usable && s->beats;
		reading.evidence = beat_evidence(&s->beat, sent, beat);
	}
	reading.evidence.position = s->completed + 1;
	reading.evidence.history = s->history;
	return reading;
}

struct cert_record server_record(const struct server *s, const struct change *change)
{
	bool revoked = status_says_revoked(change->status);
	return (struct cert_record){
		.issuer = s->ids[change->issuer],
		.serial = {.size = 1, .octets = {(uint8_t)(change->serial + 1)}},
		.version = change->version,
		.status = change->status,
		.reason = !revoked                      ? REASON_NONE
			  : change->status == CERT_HELD ? REASON_CERTIFICATE_HOLD
							: REASON_KEY_COMPROMISE,
		.revoked_at = revoked ? INT64_C(1767225600) : TIME_NONE,
		.invalidity_at = revoked ? (int64_t)change->number : TIME_NONE,
		.not_after = change->not_after,
	};
}

struct issuer_record server_issuer(const struct server *s, unsigned issuer, const char *name)
{
	const struct change *change = s->rows[issuer][SIM_OF_ISSUER];
	bool revoked = change && change->status == CERT_REVOKED;
	struct issuer_record row = {.id = s->ids[issuer],
				    .version = change ? change->version : 1,
				    .revoked_at = revoked ? INT64_C(1767225600) : TIME_NONE,
				    .reason = revoked ? REASON_CA_COMPROMISE : REASON_NONE,
				    .crl_from = change ? change->crl_from : TIME_NONE,
				    .crl_until = change ? change->crl_until : TIME_NONE,
				    .presigned = change ? change->presigned : 0,
				    .presigned_from = change ? change->presigned_from : TIME_NONE,
				    .presigned_until =
					    change ? change->presigned_until : TIME_NONE};
	(void)snprintf(row.name, sizeof(row.name), "%s", name);
	return row;
}
