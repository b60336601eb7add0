#include "plan.h"

/* What always happens; without it no fault would be seen. */
static const struct {
	enum event_kind kind;
	unsigned weight;
} ordinary[] = {
	{EVENT_ASK, 60},    {EVENT_TIME, 24}, {EVENT_SETTLE, 16}, {EVENT_DELIVER, 30},
	{EVENT_TURN, 16},   {EVENT_FEED, 14}, {EVENT_LOOKUP, 14}, {EVENT_SIGN, 14},
	{EVENT_CHANGE, 14}, {EVENT_FETCH, 6}, {EVENT_IMPORT, 6},
};

/* Faults come in groups: what breaks something, and what mends it. */
static const struct trouble {
	unsigned one_in; /* in so many worlds once */
	unsigned count;
	struct {
		enum event_kind kind;
		unsigned weight;
	} events[7];
} faults[] = {
	{2,
	 7,
	 {{EVENT_BEGIN, 5},
	  {EVENT_WRITE, 9},
	  {EVENT_PREPARE, 2},
	  {EVENT_COMMIT, 4},
	  {EVENT_WAIT, 2},
	  {EVENT_SHOW, 3},
	  {EVENT_ROLLBACK, 1}}},
	{2, 1, {{EVENT_HOLD, 6}}},
	{2, 1, {{EVENT_CRL, 4}}},
	{2, 3, {{EVENT_LAG, 3}, {EVENT_REPLAY, 6}, {EVENT_PAUSE, 2}}},
	{2, 2, {{EVENT_STANDBY, 2}, {EVENT_PROMOTE, 4}}},
	{4, 2, {{EVENT_CRASH, 2}, {EVENT_START, 5}}},
	{3, 1, {{EVENT_NAME, 3}}},
	{3, 2, {{EVENT_SAVE, 3}, {EVENT_RESTORE, 2}}},
	{3, 1, {{EVENT_REBUILD, 1}}},
	{4, 1, {{EVENT_DELETE, 2}}},
	{2, 1, {{EVENT_REGISTER, 1}}},
	{6, 1, {{EVENT_SLEEP, 1}}},
	{4, 1, {{EVENT_TRUNCATE, 1}}},
	{6, 1, {{EVENT_FOREIGN, 2}}},
	{4, 1, {{EVENT_BEATS, 2}}},
	{3, 1, {{EVENT_CLOCK, 2}}},
	{3, 1, {{EVENT_CLOCKS, 2}}},
	{2, 1, {{EVENT_CUT, 4}}},
	{3, 1, {{EVENT_ROUTE, 3}}},
	{2, 2, {{EVENT_DIE, 2}, {EVENT_LIVE, 6}}},
	{6, 1, {{EVENT_DAMAGE, 3}}},
	{6, 1, {{EVENT_DISK, 3}}},
	{3, 1, {{EVENT_ROT, 4}}},
	{4, 1, {{EVENT_ACCEPT, 2}}},
	{2, 1, {{EVENT_LONG, 8}}},
	{3, 2, {{EVENT_FRONTDIE, 2}, {EVENT_FRONTLIVE, 6}}},
	{3, 3, {{EVENT_SIGNERLOST, 2}, {EVENT_SIGNERBACK, 4}, {EVENT_SIGNERSAYS, 2}}},
};

static bool named(const char *names, const char *name)
{
	size_t size = strlen(name);
	for (; names; names = strchr(names, ',') ? strchr(names, ',') + 1 : NULL)
		if (strncmp(names, name, size) == 0 && (names[size] == ',' || names[size] == 0))
			return true;
	return false;
}

void plan_make(struct plan *p, uint64_t seed, const char *without)
{
	*p = (struct plan){.chance.key = {.k0 = seed, .k1 = 2}};
	for (size_t i = 0; i < array_size(ordinary); i++)
		p->weights[ordinary[i].kind] = 1 + draw(&p->chance, 2 * ordinary[i].weight);
	for (size_t i = 0; i < array_size(faults); i++) {
		const struct trouble *fault = &faults[i];
		unsigned often = draw(&p->chance, fault->one_in) == 0 ? 1 + draw(&p->chance, 3) : 0;
		for (unsigned k = 0; k < fault->count; k++)
			p->weights[fault->events[k].kind] = often * fault->events[k].weight;
	}
	for (unsigned i = 0; i < EVENT_KINDS; i++)
		p->total += p->weights[i] *= !named(without, event_name((enum event_kind)i));
	p->steps = 200 + draw(&p->chance, 400);
}

static enum event_kind a_kind(struct plan *p)
{
	unsigned dice = draw(&p->chance, p->total), kind = 0;
	while (dice >= p->weights[kind])
		dice -= p->weights[kind++];
	return (enum event_kind)kind;
}

static int64_t a_duration(struct plan *p)
{
	static const int64_t ms[] = {1, 10, 50, 60, 200, 700, 1500, 4000};
	unsigned longest = draw(&p->chance, 10) ? 5 : array_size(ms);
	return ms[draw(&p->chance, longest)] * MILLISECOND_US;
}

static int64_t a_clock(struct plan *p)
{
	static const int64_t ms[] = {0, 300, 1000, 2000, 5000, 60000, 3600000};
	int64_t by =
		ms[draw(&p->chance, draw(&p->chance, 4) ? 5 : array_size(ms))] * MILLISECOND_US;
	return draw(&p->chance, 2) ? by : -by;
}

/* Nothing held in half of the cases. */
static int64_t a_hold(struct plan *p)
{
	uint32_t held = 0;
	for (unsigned i = 0; i < 3 + SIM_PIPES && draw(&p->chance, 2); i++)
		held |= 1u << draw(&p->chance, 3 + SIM_PIPES);
	return held;
}

static int64_t a_server(struct plan *p, const struct world *w)
{
	unsigned count = 0;
	while (count < SIM_SERVERS && w->cluster.servers[count].exists)
		count++;
	return draw(&p->chance, count);
}

/* A pipe with something in it, if the dice find one. */
static int64_t a_pipe(struct plan *p, const struct world *w)
{
	const struct instance *in = &w->instances[0];
	unsigned first = draw(&p->chance, SIM_PIPES);
	for (unsigned i = 0; i < SIM_PIPES; i++) {
		unsigned pipe = (first + i) % SIM_PIPES, index = pipe / 2;
		const struct pipe *at =
			index < SIM_FRONTS
				? (pipe % 2 ? &in->fronts[index].to_ledger
					    : &in->fronts[index].from_ledger)
				: (pipe % 2 ? &in->signers[index - SIM_FRONTS].to_ledger
					    : &in->signers[index - SIM_FRONTS].from_ledger);
		if (at->octets.size > 0)
			return pipe;
	}
	return first;
}

/* Mostly of a certificate; an issuer is revoked or spoilt in half of the cases. */
static void a_change(struct chance *c, int64_t *serial, int64_t *choice)
{
	bool issuer = draw(c, 40) == 0;
	*serial = issuer ? SIM_OF_ISSUER : draw(c, SIM_SERIALS);
	*choice = draw(c, draw(c, 12) ? 6 : 8);
	if (issuer && draw(c, 2))
		*choice = 6 + draw(c, 2);
}

static void arguments_draw(struct plan *p, const struct world *w, struct event *event)
{
	struct chance *c = &p->chance;
	int64_t *a = event->arguments;
	for (unsigned i = 0; i < EVENT_ARGUMENTS; i++)
		a[i] = draw(c, 1 << 20);
	switch (event->kind) {
	case EVENT_TIME:
		a[0] = a_duration(p);
		break;
	case EVENT_SLEEP:
		a[0] = draw(c, 2) ? 3600 * SECOND_US : draw(c, 6000) * MILLISECOND_US;
		break;
	case EVENT_ASK:
		a[4] = draw(c, 8) == 0 ? draw(c, 8) : draw(c, 3) == 0 ? 2 : 0;
		break;
	case EVENT_DELIVER:
		a[1] = a_pipe(p, w);
		a[2] = draw(c, 3) ? 0 : 1 + draw(c, 300);
		break;
	case EVENT_HOLD:
		a[1] = a_hold(p);
		break;
	case EVENT_CHANGE:
		a_change(c, &a[1], &a[2]);
		break;
	case EVENT_WRITE:
		a_change(c, &a[2], &a[3]);
		break;
	case EVENT_CRL:
		a[2] = draw(c, 2) ? 3600 : 1 + draw(c, 10);
		break;
	case EVENT_LONG:
		a[1] = w->freshness_us / 2 + draw(c, 3000) * (w->freshness_us / 1000);
		break;
	case EVENT_CLOCK:
		a[1] = a_clock(p);
		break;
	case EVENT_CLOCKS:
		a[0] = a_clock(p);
		break;
	case EVENT_LAG:
	case EVENT_PAUSE:
	case EVENT_REPLAY:
		a[0] = a_server(p, w);
		a[1] = draw(c, event->kind == EVENT_REPLAY ? 6 : 2);
		break;
	case EVENT_PROMOTE:
	case EVENT_NAME:
		a[0] = a_server(p, w);
		break;
	case EVENT_ROUTE:
		a[1] = a_server(p, w);
		break;
	case EVENT_FOREIGN:
	case EVENT_BEATS:
		a[0] = draw(c, 2);
		break;
	case EVENT_CUT:
		a[1] = draw(c, 2) ? draw(c, 3) : 3 + draw(c, LIMIT_LOOKUP_BATCHES);
		break;
	case EVENT_DIE:
	case EVENT_DISK:
		a[1] = draw(c, 2);
		break;
	case EVENT_REBUILD:
		a[0] = draw(c, 2) ? 0 : (int64_t)draw(c, 1u << 21) & draw(c, 1u << 21);
		break;
	case EVENT_IMPORT:
		a[2] = draw(c, 6) == 0;
		a[3] = draw(c, 3) ? IMPORT_HONEST : draw(c, IMPORTS);
		a[4] = draw(c, 3) ? 3600 : 1 + draw(c, 10);
		break;
	case EVENT_SIGNERSAYS:
		a[2] = draw(c, 2) ? 0 : draw(c, 3);
		break;
	default:
		break;
	}
}

struct event plan_next(struct plan *p, const struct world *w)
{
	struct event event = {.kind = a_kind(p)};
	arguments_draw(p, w, &event);
	return event;
}
