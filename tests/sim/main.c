/* sim --worlds N [--seed S] [--seconds T] [--all] [--minimise]: worlds from a seed on, until one breaks a
 *     promise, or all; --twice: each must do the same again, whatever it does; --without EVENT,EVENT.
 * sim --replay FILE [--verbose]: a list of events; sim --events: what there is. */
#include "run.h"

#include "base/clock.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/random.h>

/* ---- chance that the cores ask the system for ---- */

static struct chance system_chance;

void world_random_reset(uint64_t seed)
{
	system_chance = (struct chance){.key = {.k0 = seed, .k1 = 3}};
}

/* Instead of libc's: tables with keys of their own must have the same ones each time. */
ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
	(void)flags;
	for (size_t i = 0; i < length; i++)
		((uint8_t *)buffer)[i] = (uint8_t)draw(&system_chance, 256);
	return (ssize_t)length;
}

/* ---- a check() that fails ---- */

static uint64_t running; /* the seed, 0: none */

static void aborted(int number)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "seed %" PRIu64 ": check: signal %d\n", running,
			    number);
	ssize_t written = write(STDERR_FILENO, text, (size_t)size);
	(void)written;
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* ---- runs ---- */

struct demand {
	uint64_t seed, worlds;
	double seconds;
	const char *replay;
	bool verbose, minimise, twice, all;
	const char *without;
};

static void failed(const struct demand *d, uint64_t seed, const struct outcome *outcome,
		   struct history *h)
{
	(void)printf("seed %" PRIu64 ": %s: %s\n", seed, outcome->invariant, outcome->broken);
	if (d->minimise) {
		history_minimise(h, outcome->invariant);
		(void)printf("# %s: %s\n", outcome->invariant, outcome->broken);
		history_write(stdout, h);
	}
}

/* The same once more, from the seed and from the list of what happened. */
static bool repeats(const struct demand *d, const struct history *h, const struct outcome *outcome)
{
	struct outcome again = run_seed(h->seed, d->without, false, NULL);
	struct outcome replayed = run_history(h, false);
	if (again.hash == outcome->hash && replayed.hash == outcome->hash)
		return true;
	(void)printf("seed %" PRIu64 ": another world the second time\n", h->seed);
	return false;
}

static void mix(uint64_t *hash, uint64_t value)
{
	*hash = (*hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
}

static int run_worlds(const struct demand *d)
{
	int64_t start = clock_now().mono_us;
	int64_t end =
		d->seconds > 0 ? start + (int64_t)(d->seconds * (double)SECOND_US) : INT64_MAX;
	uint64_t worlds = 0, answers = 0, events = 0, hash = 0;
	int result = 0;
	while ((result == 0 || d->all) && worlds < d->worlds && clock_now().mono_us < end) {
		struct history h = {.seed = d->seed + worlds};
		running = h.seed;
		struct outcome outcome = run_seed(h.seed, d->without, d->verbose, &h);
		worlds++;
		answers += outcome.answers;
		events += outcome.events;
		mix(&hash, outcome.hash);
		if (d->twice && !repeats(d, &h, &outcome))
			result = 1;
		if (d->twice)
			outcome.broken[0] = 0;
		result |= outcome.broken[0] != 0;
		if (outcome.broken[0])
			failed(d, h.seed, &outcome, &h);
		free(h.each);
	}
	(void)printf("worlds=%" PRIu64 " answers=%" PRIu64 " events=%" PRIu64 " hash=%016" PRIx64
		     " seconds=%.1f broken=%d\n",
		     worlds, answers, events, hash, (double)(clock_now().mono_us - start) / 1e6,
		     result);
	return result;
}

static int run_file(const struct demand *d)
{
	struct history h = {0};
	if (history_load(d->replay, &h) < 0) {
		(void)fprintf(stderr, "sim: %s cannot be read\n", d->replay);
		return 2;
	}
	struct outcome outcome = run_history(&h, d->verbose);
	if (outcome.broken[0])
		failed(d, h.seed, &outcome, &h);
	free(h.each);
	return outcome.broken[0] != 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"worlds", required_argument, NULL, 'w'},
		{"seconds", required_argument, NULL, 't'},
		{"replay", required_argument, NULL, 'r'},
		{"verbose", no_argument, NULL, 'v'},
		{"minimise", no_argument, NULL, 'm'},
		{"twice", no_argument, NULL, '2'},
		{"without", required_argument, NULL, 'x'},
		{"all", no_argument, NULL, 'a'},
		{"events", no_argument, NULL, 'e'},
		{NULL, 0, NULL, 0},
	};
	setlinebuf(stdout);
	(void)signal(SIGABRT, aborted);
	(void)signal(SIGSEGV, aborted);
	struct demand d = {.seed = 1, .worlds = UINT64_MAX};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 's':
			d.seed = strtoull(optarg, NULL, 10);
			break;
		case 'w':
			d.worlds = strtoull(optarg, NULL, 10);
			break;
		case 't':
			d.seconds = strtod(optarg, NULL);
			break;
		case 'r':
			d.replay = optarg;
			break;
		case 'v':
			d.verbose = true;
			break;
		case 'm':
			d.minimise = true;
			break;
		case 'x':
			d.without = optarg;
			break;
		case '2':
			d.twice = true;
			break;
		case 'a':
			d.all = true;
			break;
		case 'e':
			events_explain();
			return 0;
		default:
			return 2;
		}
	}
	return d.replay ? run_file(&d) : run_worlds(&d);
}
