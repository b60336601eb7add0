#include "db/prewarm.h"

#include "base/bytes.h"
#include "db/connection.h"
#include "db/prewarm_sql.h"
#include "db/result.h"

#include <inttypes.h>

/* 16 MiB; halved after each failure, because a slow disk may need longer than a query may. */
#define PORTION_PAGES 2048u
#define PORTION_LEAST 16u
/* A page of the key has more entries, but they may lie on other pages each. */
#define ENTRIES_A_PAGE 16u
/* One after the other, while the database can be read. */
#define FAILURES_MOST 10u

enum step { PLAN, TABLE, KEY, ENDED };

/* A relation, page by page. */
struct range {
	uint64_t pages, next;
	bool by_extension;
};

struct db_prewarm {
	struct db_connection *connection;
	const struct db_prewarm_ops *ops;
	void *context;
	bool feed_up;
	enum step step;
	bool busy; /* a portion is in flight */
	bool planned;
	bool ranges; /* the server knows them */
	uint64_t server; /* that was read so far, and since when it runs */
	struct range table, key;
	struct buffer issuer, serial; /* the last entry of the key that was read; parameters */
	bool last; /* no entry came: this was the end of it */
	uint64_t portion;
	unsigned failures, percent;
};

static void end(struct db_prewarm *p, const char *trouble)
{
	p->step = ENDED;
	p->ops->ended(p->context, trouble);
}

static void begin_key(struct db_prewarm *p)
{
	static const uint8_t zero[sizeof(int32_t)];
	p->key.next = 0;
	p->last = false;
	buffer_reset(&p->issuer);
	buffer_reset(&p->serial);
	buffer_put_view(&p->issuer, view_of(zero, sizeof(zero)));
}

/* ---- what is sent ---- */

static uint64_t last_page(const struct db_prewarm *p, const struct range *range)
{
	uint64_t end = range->next + p->portion;
	return (end < range->pages ? end : range->pages) - 1;
}

static int send_pages(struct db_prewarm *p, const struct range *range)
{
	char sql[300];
	uint64_t last = last_page(p, range);
	if (range->by_extension)
		(void)snprintf(sql, sizeof(sql), PREWARM_BY_EXTENSION,
			       range == &p->table ? "certificate" : "certificate_pkey", range->next,
			       last);
	else
		(void)snprintf(sql, sizeof(sql), PREWARM_BY_RANGE, range->next, last);
	return db_connection_send(p->connection, sql);
}

static int send_key(struct db_prewarm *p)
{
	cleanup(buffer_deinit) struct buffer offset = {0};
	buffer_put_u64(&offset, p->portion * ENTRIES_A_PAGE - 1);
	if (buffer_result(&offset) < 0 || buffer_result(&p->issuer) < 0 ||
	    buffer_result(&p->serial) < 0) {
		p->planned = false; /* where it was is not known any more */
		return -ENOMEM;
	}
	p->last = true;
	return db_connection_execute(p->connection, &(struct db_statement){
							    .name = "stillgood_key",
							    .count = 3,
							    .parameters = {buffer_view(&p->issuer),
									   buffer_view(&p->serial),
									   buffer_view(&offset)},
						    });
}

static int send_step(struct db_prewarm *p)
{
	static const struct db_statement plan = {.name = "stillgood_plan"};
	if (p->step == PLAN)
		return db_connection_execute(p->connection, &plan);
	if (p->step == TABLE)
		return send_pages(p, &p->table);
	return p->key.by_extension ? send_pages(p, &p->key) : send_key(p);
}

static bool is_range_read(const struct range *range)
{
	return range->next >= range->pages;
}

/* The next portion, or the end. */
static void go_on(struct db_prewarm *p)
{
	if (p->step == TABLE &&
	    (is_range_read(&p->table) || (!p->table.by_extension && !p->ranges)))
		p->step = KEY;
	if (p->step == KEY && (p->key.by_extension ? is_range_read(&p->key) : p->last)) {
		end(p, NULL);
		return;
	}
	p->busy = true;
	if (send_step(p) < 0)
		db_connection_reset(p->connection, "database: a query cannot be sent");
}

/* ---- what arrives ---- */

/* Another server than before, or the same one after a restart, has read nothing yet. */
static void begin_with(struct db_prewarm *p, uint64_t server, bool extension)
{
	if (p->planned && p->server == server)
		return;
	p->planned = true;
	p->server = server;
	p->table.next = 0;
	p->table.by_extension = p->key.by_extension = extension;
	begin_key(p);
}

static bool take_plan(struct db_prewarm *p, const PGresult *result)
{
	struct db_field f[PREWARM_PLAN_FIELDS];
	uint64_t server;
	bool extension;
	if (PQntuples(result) != 1 || PQnfields(result) != PREWARM_PLAN_FIELDS)
		return false;
	db_result_fields(result, 0, 0, PREWARM_PLAN_FIELDS, f);
	if (db_read_u64(&f[PREWARM_PLAN_TABLE], &p->table.pages) != 0 ||
	    db_read_u64(&f[PREWARM_PLAN_KEY], &p->key.pages) != 0 ||
	    db_read_bool(&f[PREWARM_PLAN_EXTENSION], &extension) != 0 ||
	    db_read_bool(&f[PREWARM_PLAN_RANGES], &p->ranges) != 0 ||
	    db_read_u64(&f[PREWARM_PLAN_SERVER], &server) != 0)
		return false;
	begin_with(p, server, extension);
	return true;
}

static bool take_entry(struct db_prewarm *p, const PGresult *result)
{
	struct db_field f[PREWARM_KEY_FIELDS];
	if (PQntuples(result) == 0)
		return true;
	if (PQnfields(result) != PREWARM_KEY_FIELDS)
		return false;
	db_result_fields(result, 0, 0, PREWARM_KEY_FIELDS, f);
	p->last = false;
	buffer_reset(&p->issuer);
	buffer_reset(&p->serial);
	buffer_put_view(&p->issuer, f[PREWARM_KEY_ISSUER].bytes);
	buffer_put_view(&p->serial, f[PREWARM_KEY_SERIAL].bytes);
	return true;
}

static void on_result(void *context, const PGresult *result)
{
	struct db_prewarm *p = context;
	bool good = true;
	if (p->step == PLAN)
		good = take_plan(p, result);
	else if (p->step == KEY && !p->key.by_extension)
		good = take_entry(p, result);
	if (!good)
		db_connection_reset(p->connection,
				    "database: an answer is not one to its question");
}

/* Where the key is read from entry to entry nobody knows how far it is: it counts when it ends. */
static void tell_progress(struct db_prewarm *p)
{
	uint64_t pages = p->table.pages + p->key.pages;
	unsigned percent = pages ? (unsigned)((p->table.next + p->key.next) * 100 / pages) : 100;
	if (percent == p->percent)
		return;
	p->percent = percent;
	p->ops->progress(p->context, percent);
}

static void on_done(void *context)
{
	struct db_prewarm *p = context;
	p->busy = false;
	if (p->step == PLAN) {
		p->step = TABLE;
	} else {
		struct range *range = p->step == TABLE ? &p->table : &p->key;
		if (p->step == TABLE || p->key.by_extension)
			range->next = last_page(p, range) + 1;
		p->failures = 0;
		db_connection_proven(p->connection);
		tell_progress(p);
	}
	go_on(p);
}

/* ---- what fails ---- */

/* Smaller, and without the extension. */
static void give_way(struct db_prewarm *p)
{
	if (p->portion > PORTION_LEAST)
		p->portion /= 2;
	if (p->step == TABLE)
		p->table.by_extension = false;
	if (p->step == KEY && p->key.by_extension) {
		p->key.by_extension = false;
		begin_key(p);
	}
	p->last = false;
}

/* False: it was given up. */
static bool bear(struct db_prewarm *p, const char *reason)
{
	if (p->step == ENDED)
		return false;
	if (p->busy)
		give_way(p);
	p->busy = false;
	if (!p->feed_up || ++p->failures < FAILURES_MOST)
		return true;
	end(p, reason);
	return false;
}

static void on_failed(void *context, const char *reason)
{
	if (bear(context, reason))
		go_on(context);
}

static void on_down(void *context, const char *reason)
{
	struct db_prewarm *p = context;
	if (bear(p, reason))
		p->step = PLAN; /* it may be another server that comes next */
}

static void on_up(void *context)
{
	struct db_prewarm *p = context;
	if (p->step != ENDED)
		go_on(p);
}

static const struct db_connection_ops connection_ops = {
	.up = on_up,
	.down = on_down,
	.result = on_result,
	.done = on_done,
	.failed = on_failed,
};

int db_prewarm_new(struct event_base *base, const struct db_settings *settings,
		   struct db_connection *feed, const struct db_prewarm_ops *ops, void *context,
		   struct db_prewarm **ret)
{
	cleanup(db_prewarm_freep) struct db_prewarm *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->ops = ops;
	p->context = context;
	p->feed_up = true;
	p->portion = PORTION_PAGES;
	const struct db_connection_settings connection = {settings, "prewarm", PREWARM_SETUP,
							  .leader = feed};
	int result = db_connection_new(base, &connection, &connection_ops, p, &p->connection);
	if (result < 0)
		return result;
	*ret = p;
	p = NULL;
	return 0;
}

void db_prewarm_feed(struct db_prewarm *p, bool up)
{
	p->feed_up = up;
	p->failures = 0;
}

void db_prewarm_free(struct db_prewarm *p)
{
	if (!p)
		return;
	db_connection_free(p->connection);
	buffer_deinit(&p->issuer);
	buffer_deinit(&p->serial);
	free(p);
}
