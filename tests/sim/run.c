#include "run.h"

#include "plan.h"

#include <errno.h>
#include <inttypes.h>

void history_add(struct history *h, const struct event *event)
{
	if (h->count == h->room) {
		h->room = h->room ? 2 * h->room : 256;
		h->each = reallocarray(h->each, h->room, sizeof(*h->each));
		if (!h->each)
			abort();
	}
	h->each[h->count++] = *event;
}

static struct outcome outcome_of(const struct world *w)
{
	struct outcome outcome = {.hash = w->hash, .answers = w->answers, .events = w->events};
	memcpy(outcome.broken, w->broken, sizeof(outcome.broken));
	memcpy(outcome.invariant, w->invariant, sizeof(outcome.invariant));
	return outcome;
}

static struct world *world_new(uint64_t seed, bool verbose)
{
	struct world *w = malloc(sizeof(*w));
	if (!w)
		abort();
	world_make(w, seed, verbose);
	return w;
}

static struct outcome world_close(struct world *w)
{
	struct outcome outcome = outcome_of(w);
	world_end(w);
	free(w);
	return outcome;
}

struct outcome run_seed(uint64_t seed, const char *without, bool verbose, struct history *ret)
{
	static const struct event last = {.kind = EVENT_CALM};
	struct world *w = world_new(seed, verbose);
	struct plan plan;
	plan_make(&plan, seed, without);
	for (unsigned step = 0; step <= plan.steps && !w->broken[0]; step++) {
		struct event event = step < plan.steps ? plan_next(&plan, w) : last;
		if (ret)
			history_add(ret, &event);
		event_run(w, &event);
	}
	return world_close(w);
}

struct outcome run_history(const struct history *h, bool verbose)
{
	struct world *w = world_new(h->seed, verbose);
	for (size_t i = 0; i < h->count && !w->broken[0]; i++)
		event_run(w, &h->each[i]);
	return world_close(w);
}

/* ---- the least that breaks ---- */

static bool breaks(const struct history *h, const char *invariant)
{
	return strcmp(run_history(h, false).invariant, invariant) == 0;
}

static void cut(const struct history *from, size_t first, size_t count, struct history *ret)
{
	ret->seed = from->seed;
	ret->count = 0;
	for (size_t i = 0; i < from->count; i++)
		if (i < first || i >= first + count)
			history_add(ret, &from->each[i]);
}

void history_minimise(struct history *h, const char *invariant)
{
	struct history less = {0};
	for (size_t size = h->count / 2; size > 0; size = size > 1 ? size / 2 : 0) {
		bool again = true;
		while (again) {
			again = false;
			for (size_t first = 0; first < h->count;) {
				cut(h, first, size, &less);
				if (!breaks(&less, invariant)) {
					first += size;
					continue;
				}
				struct history whole = *h;
				*h = less;
				less = whole;
				again = size == 1;
			}
		}
	}
	free(less.each);
}

/* ---- files ---- */

void history_write(FILE *file, const struct history *h)
{
	(void)fprintf(file, "SEED %" PRIu64 "\n", h->seed);
	for (size_t i = 0; i < h->count; i++)
		event_write(file, &h->each[i]);
}

int history_load(const char *path, struct history *ret)
{
	char line[256];
	unsigned number = 0;
	struct event event;
	FILE *file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (sscanf(line, "SEED %" SCNu64, &ret->seed) == 1)
			continue;
		if (!event_read(line, &event)) {
			(void)fprintf(stderr, "%s:%u: no event: %s", path, number, line);
			(void)fclose(file);
			return -EINVAL;
		}
		history_add(ret, &event);
	}
	(void)fclose(file);
	return 0;
}
