/* The fake database: a log of changes in the order of their transaction ids. A transaction that is
 * still open hides its changes; a poll reads every visible change at or above the xmin of the poll
 * before it, as doc/design.md says. */
#include "world.h"

#include "alloc/alloc.h"

#include "base/timetext.h"

void database_init(struct database *db)
{
	TAILQ_INIT(&db->log);
	db->up = true;
	db->next_xid = 100;
	db->feed_xmin = 0;
	db->history =
		(struct db_history){.system = 1, .timeline = 1, .database = 5, .tables = 1000};
	for (int32_t i = 0; i < WORLD_ISSUERS; i++)
		db->ids[i] = i + 1;
}

void database_clock(struct world *w, int64_t offset_us)
{
	w->database.clock_us = w->now.wall_us - w->now.mono_us + offset_us;
}

static void log_cut(struct database *db, uint64_t after)
{
	struct change *change;
	while ((change = TAILQ_LAST(&db->log, change_list)) && change->xid > after) {
		TAILQ_REMOVE(&db->log, change, log);
		free(change);
	}
}

void database_deinit(struct database *db)
{
	log_cut(db, 0);
}

void database_forget_looked(struct world *w)
{
	struct looked *looked;
	while ((looked = w->looked)) {
		w->looked = looked->next;
		free(looked);
	}
}

int32_t database_issuer_id(unsigned issuer)
{
	return (int32_t)issuer + 1;
}

static bool same_certificate(const struct change *change, int32_t issuer,
			     const struct serial *serial)
{
	return !change->whole_issuer && change->record.issuer == issuer &&
	       view_equal(serial_view(&change->record.serial), serial_view(serial));
}

const struct change *database_row(const struct database *db, int32_t issuer,
				  const struct serial *serial)
{
	const struct change *change, *row = NULL;
	TAILQ_FOREACH(change, &db->log, log)
		if (change->committed && same_certificate(change, issuer, serial))
			row = change->deleted ? NULL : change;
	return row;
}

/* To whoever reads now. */
static bool visible(const struct database *db, const struct change *change)
{
	return change->committed && (!db->paused || change->commit <= db->replayed);
}

static const struct change *visible_row(const struct database *db, int32_t issuer,
					const struct serial *serial)
{
	const struct change *change, *row = NULL;
	TAILQ_FOREACH(change, &db->log, log)
		if (visible(db, change) && same_certificate(change, issuer, serial))
			row = change->deleted ? NULL : change;
	return row;
}

/* ---- writing ---- */

static void commit(struct world *w, struct change *change)
{
	change->committed = true;
	change->committed_us = w->now.mono_us;
	change->commit = ++w->database.commits;
}

static struct change *change_add(struct world *w, int transaction)
{
	struct database *db = &w->database;
	struct change *change = calloc(1, sizeof(*change));
	if (!change)
		abort();
	change->xid = db->next_xid++;
	if (transaction >= 0)
		db->open[transaction] = change->xid;
	else
		commit(w, change);
	TAILQ_INSERT_TAIL(&db->log, change, log);
	return change;
}

static int64_t next_version(const struct database *db, int32_t issuer, const struct serial *serial)
{
	int64_t version = 0;
	const struct change *change;
	TAILQ_FOREACH(change, &db->log, log)
		if (same_certificate(change, issuer, serial))
			version = change->deleted ? 0 : change->record.version;
	return version + 1;
}

struct change *database_write(struct world *w, unsigned issuer, const struct serial *serial,
			      enum cert_status status, enum revocation_reason reason,
			      int transaction)
{
	int32_t id = database_issuer_id(issuer);
	int64_t version = next_version(&w->database, id, serial);
	bool good = !status_says_revoked(status);
	struct change *change = change_add(w, transaction);
	change->record = (struct cert_record){
		.issuer = id,
		.serial = *serial,
		.version = version,
		.status = status,
		.reason = good ? REASON_NONE : reason,
		.revoked_at = good ? TIME_NONE : wall_seconds(w->now.wall_us),
		/* Carries the version through the answer to the oracle. */
		.invalidity_at = good ? TIME_NONE : version,
		.not_after = TIME_NONE,
	};
	return change;
}

/* Every certificate has a hash and SCTs, every revocation came from a CRL whose time is its version. */
static struct cert_facts facts_of(const struct cert_record *record)
{
	static const uint8_t hash[CERTIFICATE_HASH_SIZE], scts[] = {0, 3, 0, 1, 9};
	return (struct cert_facts){
		.certificate_hash = view_of(hash, sizeof(hash)),
		.crl_time = !status_says_revoked(record->status) ? 0 : record->version,
		.sct_list = view_of(scts, sizeof(scts)),
	};
}

/* As who reads it now sees it; or, with `writing`, as who has its lock. */
static struct issuer_record issuer_row(const struct world *w, unsigned issuer, bool writing)
{
	struct issuer_record row = {.id = database_issuer_id(issuer),
				    .version = 1,
				    .revoked_at = TIME_NONE,
				    .reason = REASON_NONE,
				    .presigned_from = TIME_NONE,
				    .presigned_until = TIME_NONE,
				    .crl_from = w->crl_from,
				    .crl_until = TIME_MOST};
	const struct change *change;
	(void)snprintf(row.name, sizeof(row.name), "%s", w->issuers[issuer].name);
	TAILQ_FOREACH(change, &w->database.log, log)
		if (change->whole_issuer && (writing || visible(&w->database, change)) &&
		    change->issuer.id == row.id)
			row = change->issuer;
	return row;
}

void database_revoke_issuer(struct world *w, unsigned issuer)
{
	struct issuer_record row = issuer_row(w, issuer, true);
	struct change *change = change_add(w, -1);
	row.version++;
	row.revoked_at = wall_seconds(w->now.wall_us);
	row.reason = REASON_CA_COMPROMISE;
	change->whole_issuer = true;
	change->issuer = row;
}

void database_touch_issuer(struct world *w, unsigned issuer, bool spoilt)
{
	w->issuers[issuer].spoilt = spoilt;
	struct issuer_record row = issuer_row(w, issuer, true);
	struct change *change = change_add(w, -1);
	row.version++;
	change->whole_issuer = true;
	change->issuer = row;
}

void database_import(struct world *w, unsigned issuer, int64_t from, int64_t until)
{
	struct issuer_record row = issuer_row(w, issuer, true);
	struct change *change = change_add(w, -1);
	row.version++;
	row.presigned++;
	row.presigned_from = from;
	row.presigned_until = until;
	change->whole_issuer = true;
	change->issuer = row;
}

void database_crl(struct world *w, unsigned issuer, int64_t lasts_us)
{
	struct issuer_record row = issuer_row(w, issuer, true);
	struct change *change = change_add(w, -1);
	row.version++;
	row.crl_from = lasts_us ? wall_seconds(w->now.wall_us) : TIME_NONE;
	row.crl_until = lasts_us ? wall_seconds(w->now.wall_us + lasts_us) : TIME_NONE;
	change->whole_issuer = true;
	change->issuer = row;
	if (lasts_us)
		crls_add(w, row.id, row.crl_from, row.crl_until);
}

void database_delete(struct world *w, unsigned issuer, const struct serial *serial)
{
	struct change *change = change_add(w, -1);
	change->deleted = true;
	change->record = (struct cert_record){.issuer = database_issuer_id(issuer),
					      .serial = *serial,
					      .revoked_at = TIME_NONE,
					      .invalidity_at = TIME_NONE,
					      .not_after = TIME_NONE};
}

void database_end(struct world *w, int transaction, bool commits)
{
	struct database *db = &w->database;
	struct change *change, *next;
	for (change = TAILQ_FIRST(&db->log); change; change = next) {
		next = TAILQ_NEXT(change, log);
		if (change->xid != db->open[transaction] || change->committed)
			continue;
		if (commits) {
			commit(w, change);
			continue;
		}
		TAILQ_REMOVE(&db->log, change, log);
		free(change);
	}
	db->open[transaction] = 0;
}

void database_restore(struct world *w)
{
	struct database *db = &w->database;
	log_cut(db, db->saved_xid);
	stored_cut(w, db->saved_commits);
	db->next_xid = db->saved_xid + 1;
	db->history.timeline++;
}

void database_restore_in_place(struct world *w)
{
	struct database *db = &w->database;
	log_cut(db, db->saved_xid);
	stored_cut(w, db->saved_commits);
	db->next_xid++;
	db->history.tables++;
}

static bool is_current(const struct world *w, const struct change *change)
{
	return !change->whole_issuer &&
	       visible_row(&w->database, change->record.issuer, &change->record.serial) == change;
}

/* When a row became what it is stays known: the oracle asks. */
void database_rebuild(struct world *w, const unsigned order[WORLD_ISSUERS])
{
	struct database *db = &w->database;
	struct change *change, *next;
	for (change = TAILQ_FIRST(&db->log); change; change = next) {
		next = TAILQ_NEXT(change, log);
		if (change->whole_issuer)
			continue;
		if (is_current(w, change)) {
			change->record.version = 1;
			continue;
		}
		TAILQ_REMOVE(&db->log, change, log);
		free(change);
	}
	db->history.system++;
	for (unsigned i = 0; i < WORLD_ISSUERS; i++)
		db->ids[order[i]] = (int32_t)i + 1;
}

/* ---- reading ---- */

/* As db/evidence.c has it: of a standby the heartbeat and the time since it last changed. */
static struct db_evidence evidence_now(struct world *w)
{
	struct database *db = &w->database;
	int64_t behind = w->now.wall_us - w->now.mono_us - db->clock_us;
	if (behind > w->behind_us)
		w->behind_us = behind;
	if (db->paused)
		return db->beat;
	return (struct db_evidence){.time_us = w->now.mono_us + db->clock_us,
				    .mono_us = w->now.mono_us,
				    .position = db->next_xid,
				    .history = db->history};
}

void database_pause(struct world *w, bool paused)
{
	if (paused && !w->database.paused)
		w->database.beat = evidence_now(w);
	w->database.paused = paused;
	w->database.replayed = w->database.commits;
}

void database_save(struct world *w)
{
	w->database.saved_xid = w->database.next_xid - 1;
	w->database.saved_commits = w->database.commits;
	w->database.saved_beat = evidence_now(w);
}

void database_behind(struct world *w)
{
	w->database.paused = true;
	w->database.replayed = w->database.saved_commits;
	w->database.beat = w->database.saved_beat;
}

static void feed_gave(struct world *w, const struct db_evidence *evidence)
{
	uint64_t xmin = w->database.next_xid;
	for (int i = 0; i < WORLD_TRANSACTIONS; i++)
		if (w->database.open[i] && w->database.open[i] < xmin)
			xmin = w->database.open[i];
	const struct change *change;
	TAILQ_FOREACH(change, &w->database.log, log)
		if (!visible(&w->database, change) && change->xid < xmin)
			xmin = change->xid;
	w->database.feed_xmin = xmin;
	w->evidence_mono_us = evidence->mono_us;
	w->evidence = *evidence;
}

/* As if each CRL were one about all certificates. */
static struct cert_facts crl_facts(const struct issuer_record *row)
{
	struct cert_facts facts = {.crl_url = view_of_string("http://crl.example/")};
	if (row->crl_from == TIME_NONE)
		return (struct cert_facts){0};
	facts.crl_time = row->crl_from;
	return facts;
}

static size_t issuer_rows(struct world *w, struct db_issuer rows[WORLD_ISSUERS])
{
	size_t count = 0;
	for (unsigned i = 0; i < w->issuer_count; i++) {
		if (!w->issuers[i].registered)
			continue;
		if (w->issuers[i].spoilt) {
			INSIDE(ledger_bad_row(w->ledger, "an issuer"));
			INSIDE(ledger_bad_issuer(w->ledger, w->database.ids[i], w->now));
			continue;
		}
		rows[count] = (struct db_issuer){
			.record = issuer_row(w, i, false),
			.certificate = buffer_view(&w->issuers[i].certificate),
		};
		rows[count].crl = crl_facts(&rows[count].record);
		rows[count++].record.id = w->database.ids[i];
	}
	return count;
}

/* As the database says it. */
static struct cert_record told(const struct world *w, const struct cert_record *record)
{
	struct cert_record row = *record;
	row.issuer = w->database.ids[record->issuer - 1];
	return row;
}

/* What a load says of a row that is not held any more: the hold that was ended last. */
static struct hold ended_hold(const struct world *w, const struct change *current)
{
	const struct change *change, *held = NULL;
	struct hold ended = {0};
	if (status_says_revoked(current->record.status))
		return ended;
	TAILQ_FOREACH(change, &w->database.log, log) {
		const struct cert_record *r = &change->record;
		if (change->deleted || !visible(&w->database, change) ||
		    !same_certificate(change, current->record.issuer, &current->record.serial))
			continue;
		if (held && !status_says_revoked(r->status))
			ended = (struct hold){held->record.version, held->record.revoked_at,
					      held->record.invalidity_at};
		held = r->status == CERT_HELD ? change : NULL;
	}
	return ended;
}

static void load(struct world *w)
{
	struct db_issuer issuers[WORLD_ISSUERS];
	struct db_evidence evidence = evidence_now(w);
	const struct change *change;
	INSIDE(ledger_load_begin(w->ledger, &evidence, issuers, issuer_rows(w, issuers), w->now));
	TAILQ_FOREACH(change, &w->database.log, log) {
		if (!is_current(w, change) ||
		    (change->record.status == CERT_GOOD && change->record.version == 1))
			continue;
		struct cert_record record = told(w, &change->record);
		record.ended = ended_hold(w, change);
		INSIDE(ledger_load_row(w->ledger, &record));
	}
	w->database.loaded = w->database.history;
	w->database.loaded_position = evidence.position;
	feed_gave(w, &evidence);
	INSIDE(ledger_load_end(w->ledger, &evidence, w->now));
	w->next_poll_us = w->now.mono_us + w->conf->database.poll_interval_us;
}

void database_down(struct world *w)
{
	struct world_lookup *lookup;
	w->database.up = false;
	while ((lookup = world_lookup_next(w, false))) {
		lookup->pending = false;
		INSIDE(ledger_lookup_failed(w->ledger, lookup->batch, w->now));
	}
	stored_fail(w);
	INSIDE(ledger_lookup_state(w->ledger, false, "the fake database is down"));
	INSIDE(ledger_feed_lost(w->ledger, "the fake database is down"));
}

void database_up(struct world *w)
{
	w->database.up = true;
	INSIDE(ledger_lookup_state(w->ledger, true, NULL));
	load(w);
}

/* As db/feed.c has it: what is of another history, or went back in this one, is not told but loaded
 * anew. */
bool database_reload(struct world *w)
{
	struct database *db = &w->database;
	bool same =
		db_history_equal(&db->history, &db->loaded) && db->next_xid >= db->loaded_position;
	if (!db->up || (same && !db->reload))
		return false;
	db->reload = false;
	INSIDE(ledger_feed_lost(w->ledger, "another history"));
	load(w);
	return true;
}

/* The log's rows are given as they are, newest last: perhaps seen before, perhaps an older version
 * after a newer one. */
void database_poll(struct world *w)
{
	if (database_reload(w))
		return;
	struct cert_record *records = NULL;
	struct db_issuer issuers[WORLD_ISSUERS];
	size_t count = 0, issuer_count = 0;
	struct db_evidence evidence = evidence_now(w);
	const struct change *change;
	TAILQ_FOREACH(change, &w->database.log, log) {
		if (!visible(&w->database, change) || change->xid < w->database.feed_xmin ||
		    change->deleted)
			continue;
		if (change->whole_issuer) {
			issuer_count = issuer_rows(w, issuers);
			continue;
		}
		records = realloc(records, (count + 1) * sizeof(*records));
		if (!records)
			abort();
		records[count++] = told(w, &change->record);
	}
	feed_gave(w, &evidence);
	INSIDE(ledger_poll(w->ledger, &evidence, records, count, issuers, issuer_count, w->now));
	free(records);
}

void database_poll_begins(struct world *w)
{
	struct db_issuer issuers[WORLD_ISSUERS];
	struct db_evidence before = w->evidence;
	if (!w->database.up || database_reload(w))
		return;
	size_t count = issuer_rows(w, issuers);
	INSIDE(ledger_poll(w->ledger, &before, NULL, 0, issuers, count, w->now));
}

static int32_t place_of(const struct database *db, int32_t id)
{
	int32_t i = 0;
	while (i < WORLD_ISSUERS && db->ids[i] != id)
		i++;
	return i + 1;
}

/* As db/lookup_sql.h has it. */
static int64_t issuer_version(const struct world *w, int32_t place)
{
	if (place > (int32_t)w->issuer_count || !w->issuers[place - 1].registered)
		return 0;
	struct issuer_record row = issuer_row(w, (unsigned)place - 1, false);
	return row.revoked_at == TIME_NONE ? row.version : 0;
}

void database_looked(struct world *w, const struct world_lookup *lookup)
{
	for (size_t i = 0; lookup->proves && i < lookup->count; i++) {
		struct looked *looked = calloc(1, sizeof(*looked));
		if (!looked)
			abort();
		*looked = (struct looked){.next = w->looked,
					  .key = lookup->keys[i],
					  .mono_us = lookup->evidence.mono_us};
		w->looked = looked;
	}
}

int64_t database_looked_us(const struct world *w, unsigned issuer, const struct serial *serial)
{
	int64_t latest = INT64_MIN;
	for (const struct looked *l = w->looked; l; l = l->next)
		if (l->key.issuer == database_issuer_id(issuer) && l->mono_us > latest &&
		    view_equal(serial_view(&l->key.serial), serial_view(serial)))
			latest = l->mono_us;
	return latest;
}

void database_lookup(struct world *w, struct world_lookup *lookup, const struct db_key *keys,
		     size_t count)
{
	lookup->evidence = evidence_now(w);
	lookup->count = count;
	for (size_t i = 0; i < count; i++) {
		int32_t place = place_of(&w->database, keys[i].issuer);
		const struct change *row = visible_row(&w->database, place, &keys[i].serial);
		lookup->keys[i] = (struct db_key){.issuer = place, .serial = keys[i].serial};
		lookup->found[i] = (struct db_found){.found = row != NULL};
		if (lookup->proves)
			lookup->found[i].issuer_version = issuer_version(w, place);
		if (row) {
			lookup->found[i].record = told(w, &row->record);
			lookup->found[i].facts = facts_of(&row->record);
		}
	}
}
