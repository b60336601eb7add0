/* What an HTTP cache is told under a compromised ledger, and whatever the cache answers (doc/faults.md rows 32, 33): each
 * change that came is told, and once more after a while, however the queue joins it to others; a request holds
 * nothing but names, URLs of base64, and what the configuration says; and the queue ends.
 *
 *   step = 0 · tenths              time passes
 *        = 1 · kind, most          something is told to a cache of that kind
 *        = 2                       the cache confirms it
 *        = 3                       or does not
 *        = 4 · issuer, certificate     a change
 *        = 5 · issuer                  of all of an issuer
 *        = 6                           of everything
 *        else size (u16) · payload     a frame of the ledger */
#include "alloc/refused.h"
#include "fetcher/cachekind.h"

#include "base/clock.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
#define STEPS 600u
#define AGAIN_US (6 * SECOND_US)
#define PATIENCE_US (5 * SECOND_US)
#define ROUNDS 5000u

/* A change that came, and what became of it: told by a request that was begun after it, and once more. */
struct change {
	enum purge_scope scope;
	struct public_name name;
	bool told, told_again;
	int64_t told_us;
};

static struct world {
	struct purge_queue *queue;
	int64_t now_us, taken_us;
	const struct purge_item *items;
	unsigned taken, before; /* changes that came before they were taken */
	unsigned count, untold;
	struct change changes[STEPS];
} w;

static const struct conf_cache kinds[] = {
	{.kind = CACHE_VARNISH, .url = (char[]){"http://a/"}},
	{.kind = CACHE_URL, .url = (char[]){"http://a/b"}, .url_all = (char[]){"http://a/all"}},
	{.kind = CACHE_TEMPLATE,
	 .url = (char[]){"http://a/"},
	 .field = (char[]){"K: {tags}"},
	 .body = (char[]){"[{json}]"}},
};

static bool covers(const struct purge_item *item, const struct change *change)
{
	if (item->scope == PURGE_ALL || change->scope == PURGE_ALL)
		return item->scope == PURGE_ALL;
	return item->name.issuer == change->name.issuer &&
	       (item->scope == PURGE_ISSUER ||
		(change->scope == PURGE_TAG && item->name.certificate == change->name.certificate));
}

/* ---- requests ---- */

static void look_at_text(const struct buffer *text, char least)
{
	for (size_t i = 0; i < text->size; i++)
		CHECK(text->data[i] == 0 ||
		      (text->data[i] >= (uint8_t)least && text->data[i] < 0x7f));
}

/* False: without memory there is none. */
static bool look_at_requests(const struct conf_cache *kind)
{
	unsigned steps = cachekind_steps(kind, w.items);
	CHECK(w.taken <= cachekind_most(kind) && steps > 0);
	for (unsigned step = 0; step < steps; step++) {
		struct cachekind_request r;
		if (INSIDE_RESULT(cachekind_request(kind, w.items, w.taken, step, &r)) < 0) {
			CHECK(REFUSED);
			return false;
		}
		CHECK(r.method && r.url.size < 4096 && r.fields.size < 4096 && r.body.size < 4096);
		look_at_text(&r.url, '!');
		look_at_text(&r.fields, ' ');
		look_at_text(&r.body, ' ');
		cachekind_request_deinit(&r);
	}
	return true;
}

/* ---- steps ---- */

static void add(const struct message_forget *m)
{
	w.changes[w.count++] = (struct change){.scope = m->scope, .name = m->name};
	w.untold++;
	INSIDE(purge_queue_add(w.queue, m, w.now_us));
}

static void add_named(enum purge_scope scope, uint8_t issuer, uint8_t certificate)
{
	struct message_forget m = {.scope = scope};
	if (scope != PURGE_ALL) {
		m.name.issuer = issuer + 1u;
		m.issuer = view_of(&issuer, 1);
	}
	if (scope == PURGE_TAG) {
		m.name.certificate = certificate;
		m.serial = view_of(&certificate, 1);
	}
	add(&m);
}

static void add_frame(struct cursor *in)
{
	size_t high = cursor_u8(in), size = high << 8 | cursor_u8(in);
	struct message_forget m;
	if (message_forget_read(cursor_take(in, size < in->rest.size ? size : in->rest.size), &m) ==
	    0)
		add(&m);
}

static void fail(void)
{
	w.taken = 0;
	purge_queue_failed(w.queue, w.now_us);
}

static void take(uint8_t which, unsigned most)
{
	const struct conf_cache *kind = &kinds[which % array_size(kinds)];
	unsigned bound = cachekind_most(kind);
	const struct purge_item *items;
	unsigned count =
		purge_queue_take(w.queue, most && most < bound ? most : bound, w.now_us, &items);
	CHECK(w.taken == 0 || count == 0);
	if (count == 0)
		return;
	w.taken = count;
	w.items = items;
	w.taken_us = w.now_us;
	w.before = w.count;
	if (!look_at_requests(kind))
		fail();
}

static bool was_told(const struct change *change)
{
	for (unsigned i = 0; i < w.taken; i++)
		if (covers(&w.items[i], change))
			return true;
	return false;
}

static void confirm(void)
{
	for (unsigned i = 0; i < w.before; i++) {
		struct change *change = &w.changes[i];
		if (!was_told(change))
			continue;
		change->told_again |= change->told && w.taken_us >= change->told_us + AGAIN_US;
		if (!change->told) {
			change->told_us = w.now_us;
			w.untold--;
		}
		change->told = true;
	}
	w.taken = 0;
	purge_queue_confirmed(w.queue, w.now_us);
}

static void step(struct cursor *in)
{
	uint8_t type = cursor_u8(in);
	if (type == 0)
		w.now_us += cursor_u8(in) * (SECOND_US / 10);
	else if (type == 1)
		take(cursor_u8(in), cursor_u8(in));
	else if (type == 2 && w.taken > 0)
		confirm();
	else if (type == 3 && w.taken > 0)
		fail();
	else if (type == 4)
		add_named(PURGE_TAG, cursor_u8(in), cursor_u8(in));
	else if (type == 5)
		add_named(PURGE_ISSUER, cursor_u8(in), 0);
	else if (type == 6)
		add_named(PURGE_ALL, 0, 0);
	else if (type > 6)
		add_frame(in);
}

/* ---- what holds ---- */

/* What was not told yet is known to be so, and its turn comes. */
static void look(void)
{
	const struct purge_item *oldest;
	unsigned unconfirmed = purge_queue_unconfirmed(w.queue, &oldest);
	CHECK((unconfirmed > 0) == (oldest != NULL));
	if (w.untold == 0)
		return;
	CHECK(unconfirmed > 0);
	CHECK(w.taken > 0 || purge_queue_next(w.queue) <= w.now_us + PATIENCE_US);
}

static void finish(void)
{
	if (w.taken > 0)
		fail();
	for (unsigned i = 0; i < ROUNDS; i++) {
		int64_t next = purge_queue_next(w.queue);
		if (next == INT64_MAX)
			break;
		if (next > w.now_us)
			w.now_us = next;
		take(0, 0);
		CHECK(w.taken > 0 || REFUSED);
		if (w.taken > 0)
			confirm();
	}
	CHECK(purge_queue_next(w.queue) == INT64_MAX && purge_queue_repeats(w.queue) == 0);
	for (unsigned i = 0; i < w.count; i++)
		CHECK(w.changes[i].told && w.changes[i].told_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(view_of(data, size));
	w = (struct world){.now_us = 1000 * SECOND_US};
	if (INSIDE_RESULT(purge_queue_new(AGAIN_US, w.now_us, &w.queue)) < 0) {
		CHECK(REFUSED);
		return 0;
	}
	w.changes[w.count++] = (struct change){.scope = PURGE_ALL}; /* with which it begins */
	w.untold = 1;
	for (unsigned i = 1; i < STEPS && in.rest.size > 0 && !in.failed; i++) {
		step(&in);
		look();
	}
	finish();
	purge_queue_free(w.queue);
	return 0;
}
