#include "alloc.h"

#include "base/siphash.h"

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#define DEPTH 8u /* calls that tell one way from another */
#define WAYS 16384u
#define POWERS 12u /* 1, 2, 4 … 2048 */
#define IN_A_ROW 8u
#ifndef ALLOC_AGAIN
#define ALLOC_AGAIN 3 /* so often each is refused at most */
#endif

struct way {
	uint64_t name; /* over its calls */
	const void *caller; /* the last of them */
	uint32_t requests; /* since alloc_watch() */
	uint8_t refused[POWERS]; /* so often; and since alloc_watch() */
	uint8_t refused_here[POWERS];
};

static struct {
	bool inside, watches, searches; /* notes all; waits for what it is to refuse */
	unsigned count;
	struct way ways[WAYS];
	uint16_t places[2 * WAYS]; /* by name: 1 + where it stands; 0: free */
	unsigned way, power; /* what is refused next, or was */
	uintptr_t spared; /* a function */
	uint32_t met, left; /* requests by this way; how many more are refused now */
	unsigned here, refusals; /* refused since the last call; runs without some memory */
	int calls_count;
	void *calls[DEPTH];
} a;

/* ---- ways ---- */

struct walk {
	const void *caller;
	bool spared;
	unsigned count;
	void *calls[DEPTH];
};

/* From the caller of malloc on. */
static _Unwind_Reason_Code take_call(struct _Unwind_Context *context, void *argument)
{
	struct walk *w = argument;
	uintptr_t call = _Unwind_GetIP(context);
	if (w->count == 0 && call != (uintptr_t)w->caller)
		return _URC_NO_REASON;
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): to be printed */
	w->calls[w->count++] = (void *)call;
	w->spared |= (uintptr_t)_Unwind_FindEnclosingFunction(w->calls[w->count - 1]) == a.spared;
	return w->count == DEPTH ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static uint64_t walk(struct walk *w)
{
	static const struct siphash_key key;
	(void)_Unwind_Backtrace(take_call, w);
	return siphash(&key, w->count ? view_of(w->calls, w->count * sizeof(w->calls[0]))
				      : view_of(&w->caller, sizeof(w->caller)));
}

static struct way *way_of(uint64_t name, const void *caller)
{
	size_t at = name % array_size(a.places);
	while (a.places[at] && a.ways[a.places[at] - 1].name != name)
		at = (at + 1) % array_size(a.places);
	if (!a.places[at]) {
		if (a.count == WAYS)
			abort();
		a.ways[a.count] = (struct way){.name = name, .caller = caller};
		a.places[at] = (uint16_t)++a.count;
	}
	return &a.ways[a.places[at] - 1];
}

/* ---- one request ---- */

/* Called before the sanitizers are ready. */
#define EARLY __attribute__((no_sanitize("address", "undefined")))

/* Is it the one? */
static bool is_found(const void *caller)
{
	const struct way *wanted = &a.ways[a.way];
	struct walk w = {.caller = caller};
	if (caller != wanted->caller || walk(&w) != wanted->name || ++a.met < 1u << a.power)
		return false;
	a.calls_count = (int)w.count;
	memcpy(a.calls, w.calls, sizeof(a.calls));
	return true;
}

static bool is_spared(const void *caller)
{
	struct walk w = {.caller = caller};
	if (a.spared)
		(void)walk(&w);
	return w.spared;
}

static bool judge(const void *caller)
{
	a.inside = false; /* whoever walks may ask for memory, too */
	if (a.watches) {
		struct walk w = {.caller = caller};
		uint64_t name = walk(&w);
		if (!w.spared)
			way_of(name, caller)->requests++;
	} else if (a.searches && is_found(caller)) {
		a.searches = false;
		a.left = a.ways[a.way].refused_here[a.power] == 1 ? 1 : IN_A_ROW;
	}
	bool refused = a.left > 0 && !is_spared(caller);
	a.inside = true;
	if (!refused)
		return false;
	a.left--;
	a.here++;
	return true;
}

EARLY static bool refuse(const void *caller)
{
	return a.inside && (a.watches || a.searches || a.left) && judge(caller);
}

#ifdef ALLOC_WHOLE
#define TAKEN(name) name
#if SANITIZED
#define SERVED(name) __interceptor_##name
#else
#define SERVED(name) __libc_##name
#endif
#else
#define TAKEN(name) __wrap_##name
#define SERVED(name) __real_##name
#endif
/* Seen by the libraries, too. */
#define SHOWN EARLY __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

void *SERVED(malloc)(size_t size);
void *SERVED(calloc)(size_t count, size_t size);
void *SERVED(realloc)(void *old, size_t size);
SHOWN void *TAKEN(malloc)(size_t size);
SHOWN void *TAKEN(calloc)(size_t count, size_t size);
SHOWN void *TAKEN(realloc)(void *old, size_t size);
SHOWN char *TAKEN(strdup)(const char *text);
SHOWN char *TAKEN(strndup)(const char *text, size_t most);

EARLY static void *answer(void *memory)
{
	if (!memory)
		errno = ENOMEM;
	return memory;
}

void *TAKEN(malloc)(size_t size)
{
	return answer(refuse(CALLER) ? NULL : SERVED(malloc)(size));
}

void *TAKEN(calloc)(size_t count, size_t size)
{
	return answer(refuse(CALLER) ? NULL : SERVED(calloc)(count, size));
}

void *TAKEN(realloc)(void *old, size_t size)
{
	return answer(refuse(CALLER) ? NULL : SERVED(realloc)(old, size));
}

EARLY static char *copy(const char *text, size_t size, const void *caller)
{
	char *made = answer(refuse(caller) ? NULL : SERVED(malloc)(size + 1));
	if (!made)
		return NULL;
	memcpy(made, text, size);
	made[size] = '\0';
	return made;
}

char *TAKEN(strdup)(const char *text)
{
	return copy(text, strlen(text), CALLER);
}

char *TAKEN(strndup)(const char *text, size_t most)
{
	return copy(text, strnlen(text, most), CALLER);
}

/* ---- what is refused ---- */

void alloc_tell(void)
{
	static const char text[] = "this request for memory was refused:\n";
	if (a.calls_count == 0)
		return;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	/* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): it asks for no memory, and the process ends */
	backtrace_symbols_fd(a.calls, a.calls_count, STDERR_FILENO);
}

static void on_abort(int number)
{
	(void)number;
	alloc_tell();
}

static void at_death(void)
{
#if SANITIZED
	void __sanitizer_set_death_callback(void (*callback)(void));
	__sanitizer_set_death_callback(alloc_tell);
#endif
	(void)signal(SIGABRT, on_abort);
}

static void begin(bool watches, bool searches)
{
	a.watches = watches;
	a.searches = searches;
	a.met = a.left = a.here = 0;
}

void alloc_watch(void)
{
	at_death();
	for (unsigned i = 0; i < a.count; i++) {
		a.ways[i].requests = 0;
		memset(a.ways[i].refused_here, 0, POWERS);
	}
	a.way = a.power = 0;
	begin(true, false);
}

/* When it is met first: alone, and with those that follow. What comes of it depends on what else happens, so in the
 * next runs that meet it alone again. */
static bool is_left(const struct way *way)
{
	unsigned here = way->refused_here[a.power], before = way->refused[a.power] - here;
	return 1u << a.power <= way->requests && way->refused[a.power] < ALLOC_AGAIN &&
	       here < (before ? 1 : 2);
}

bool alloc_refuse_next(void)
{
	begin(false, false);
	a.calls_count = 0;
	for (; a.way < a.count; a.way++, a.power = 0) {
		for (; a.power < POWERS; a.power++) {
			if (!is_left(&a.ways[a.way]))
				continue;
			a.ways[a.way].refused[a.power]++;
			a.ways[a.way].refused_here[a.power]++;
			a.refusals++;
			begin(false, true);
			return true;
		}
	}
	return false;
}

void alloc_spare(void (*function)(void))
{
	a.spared = (uintptr_t)function;
}

void alloc_serve(void)
{
	begin(false, false);
}

bool alloc_refused(void)
{
	return a.here > 0;
}

unsigned alloc_ways(void)
{
	return a.count;
}

unsigned alloc_refusals(void)
{
	return a.refusals;
}

/* ---- in and out ---- */

void alloc_enter(void)
{
	a.inside = true;
}

void alloc_leave(void)
{
	a.inside = false;
}

int alloc_left(int result)
{
	a.inside = false;
	return result;
}

bool alloc_step_out(void)
{
	bool inside = a.inside;
	a.inside = false;
	return inside;
}

void alloc_step_in(const bool *inside)
{
	a.inside = *inside;
}
