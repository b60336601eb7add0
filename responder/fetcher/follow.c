#include "fetcher/follow.h"

#include "base/check.h"
#include "base/log_alarm.h"
#include "conf/list.h"
#include "fetcher/report.h"

#include <stdio.h>
#include <stdlib.h>

struct follow {
	struct source_world world;
	const struct follow_ops *ops;
	void *context;
	struct source_list sources,
		next; /* of the present configuration, of one that is prepared */
	struct alarms alarms;
	int64_t look_us; /* monotonic: when the first of them may begin to end, or have ended */
};

/* ---- the table ---- */

static void list_free(struct source_list *list)
{
	struct source *s;
	while ((s = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, s, others);
		source_free(s);
	}
}

static int add_source(struct follow *f, const char *issuer, enum source_kind kind, struct view url)
{
	struct source *s = source_new(&f->world, kind, issuer, url);
	if (!s)
		return -ENOMEM;
	TAILQ_INSERT_TAIL(&f->next, s, others);
	return 0;
}

static int add_sources(struct follow *f, const char *issuer, enum source_kind kind,
		       const char *urls)
{
	int result = 0;
	for (struct view url; result == 0 && list_next(&urls, &url);)
		result = add_source(f, issuer, kind, url);
	return result;
}

int follow_prepare(struct follow *f, const struct conf *next)
{
	int result = 0;
	for (unsigned i = 0; result == 0 && i < next->issuer_count; i++) {
		const struct conf_issuer *issuer = &next->issuers[i];
		result = add_sources(f, issuer->name, SOURCE_RECORDED, issuer->crl);
		if (result == 0)
			result = add_sources(f, issuer->name, SOURCE_COMPARED, issuer->crl_watch);
	}
	if (result < 0)
		follow_abandon(f);
	return result;
}

void follow_abandon(struct follow *f)
{
	list_free(&f->next);
}

static struct source *find(const struct source_list *list, const struct source *like)
{
	struct source *s;
	TAILQ_FOREACH(s, list, others)
		if (s->kind == like->kind && strcmp(s->issuer, like->issuer) == 0 &&
		    strcmp(s->url, like->url) == 0)
			break;
	return s;
}

static void clear_alarms(struct follow *f, struct source_list *gone, struct moment now)
{
	struct source *s;
	TAILQ_FOREACH(s, gone, others)
		report_alarms(&f->sources, &f->alarms, s->issuer, now);
}

/* One that was there goes on in the place of its like. */
static void keep(struct follow *f, struct source_list *before, struct source *s)
{
	struct source *kept = find(before, s);
	if (!kept)
		return;
	TAILQ_REMOVE(before, kept, others);
	TAILQ_INSERT_BEFORE(s, kept, others);
	TAILQ_REMOVE(&f->sources, s, others);
	source_free(s);
}

static void reconfigure(struct follow *f, struct moment now)
{
	struct source *s;
	TAILQ_FOREACH(s, &f->sources, others)
		if (source_reconfigure(s, now))
			report_alarms(&f->sources, &f->alarms, s->issuer, now);
	f->look_us = now.mono_us;
}

void follow_commit(struct follow *f, const struct conf *conf, struct moment now)
{
	struct source_list before = TAILQ_HEAD_INITIALIZER(before);
	struct source *behind;
	f->world.conf = conf;
	TAILQ_CONCAT(&before, &f->sources, others);
	TAILQ_CONCAT(&f->sources, &f->next, others);
	for (struct source *s = TAILQ_FIRST(&f->sources); s; s = behind) {
		behind = TAILQ_NEXT(s, others);
		keep(f, &before, s);
	}
	clear_alarms(f, &before, now);
	list_free(&before);
	reconfigure(f, now);
	f->ops->woken(f->context);
}

/* ---- what they tell ---- */

static bool hand_over(void *context, uint32_t ticket, const char *text, int fd)
{
	struct follow *f = context;
	return f->ops->hand_over(f->context, ticket, text, fd);
}

static void changed(void *context, const struct source *source, struct moment now)
{
	struct follow *f = context;
	report_alarms(&f->sources, &f->alarms, source->issuer, now);
	f->look_us = now.mono_us;
	f->ops->woken(f->context);
}

/* ---- life ---- */

int follow_new(const struct conf *conf, struct transfers *transfers, const struct follow_ops *ops,
	       void *context, struct follow **ret)
{
	struct follow *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->world = (struct source_world){.conf = conf,
					 .transfers = transfers,
					 .context = f,
					 .hand_over = hand_over,
					 .changed = changed};
	/* Of those of a process before, nobody here may hear. */
	f->world.ticket = source_chance();
	f->ops = ops;
	f->context = context;
	TAILQ_INIT(&f->sources);
	TAILQ_INIT(&f->next);
	alarms_init(&f->alarms, log_alarm, NULL);
	if (follow_prepare(f, conf) < 0) {
		follow_free(f);
		return -ENOMEM;
	}
	TAILQ_CONCAT(&f->sources, &f->next, others);
	*ret = f;
	return 0;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	list_free(&f->sources);
	list_free(&f->next);
	alarms_deinit(&f->alarms);
	free(f);
}

/* ---- what is due ---- */

struct round {
	unsigned busy; /* that hold, or will hold, a CRL in memory */
	bool recording;
	struct source *next; /* RESTING: whose time comes first */
	struct source *waiting; /* WAITING: the first of them */
	int64_t late_us; /* when one that is RECORDING has failed */
};

static void look_at(struct round *round, struct source *s)
{
	round->busy += s->state != SOURCE_RESTING;
	if (s->state == SOURCE_RECORDING) {
		round->recording = true;
		round->late_us = s->due_us;
	} else if (s->state == SOURCE_WAITING && !round->waiting) {
		round->waiting = s;
	} else if (s->state == SOURCE_RESTING &&
		   (!round->next || s->due_us < round->next->due_us)) {
		round->next = s;
	}
}

static struct round look(const struct follow *f)
{
	struct round round = {.late_us = INT64_MAX};
	struct source *s;
	TAILQ_FOREACH(s, &f->sources, others)
		look_at(&round, s);
	return round;
}

static void fail_late(struct follow *f, struct moment now)
{
	struct source *s;
	TAILQ_FOREACH(s, &f->sources, others)
		if (s->state == SOURCE_RECORDING && s->due_us <= now.mono_us)
			source_fail(s, now, "nobody said what became of it");
}

/* Which of them end soon, and which have ended? */
static void look_at_validity(struct follow *f, struct moment now)
{
	struct source *s;
	if (now.mono_us < f->look_us)
		return;
	f->look_us = INT64_MAX;
	TAILQ_FOREACH(s, &f->sources, others) {
		bool changed;
		int64_t at = source_look(s, now, &changed);
		if (changed)
			report_alarms(&f->sources, &f->alarms, s->issuer, now);
		f->look_us = at < f->look_us ? at : f->look_us;
	}
}

int64_t follow_turn(struct follow *f, struct moment now)
{
	struct round round = look(f);
	if (round.late_us <= now.mono_us) {
		fail_late(f, now);
		round = look(f);
	}
	for (; round.busy < LIMIT_FETCHES && round.next && round.next->due_us <= now.mono_us;
	     round = look(f))
		source_start(round.next, now);
	if (!round.recording && round.waiting) {
		source_hand_over(round.waiting, now);
		round = look(f);
	}
	look_at_validity(f, now);
	alarms_turn(&f->alarms, now);
	int64_t due_us = alarms_next(&f->alarms);
	if (f->look_us < due_us)
		due_us = f->look_us;
	if (round.late_us < due_us)
		due_us = round.late_us;
	if (round.busy < LIMIT_FETCHES && round.next && round.next->due_us < due_us)
		due_us = round.next->due_us;
	return due_us;
}

void follow_outcome(struct follow *f, uint32_t ticket, enum control_outcome outcome,
		    struct view text, struct moment now)
{
	struct source *s;
	TAILQ_FOREACH(s, &f->sources, others)
		if (s->state == SOURCE_RECORDING && s->ticket == ticket)
			break;
	if (s) /* else of one that is followed no more */
		source_outcome(s, outcome, text, now);
}

unsigned follow_now(struct follow *f, struct view issuer, struct moment now)
{
	unsigned count = 0;
	struct source *s;
	TAILQ_FOREACH(s, &f->sources, others) {
		if (issuer.size > 0 && !view_equal(issuer, view_of_string(s->issuer)))
			continue;
		count++;
		source_now(s, now);
	}
	f->ops->woken(f->context);
	return count;
}

struct alarms *follow_alarms(struct follow *f)
{
	return &f->alarms;
}

void follow_put_status(const struct follow *f, struct moment now, struct buffer *out)
{
	report_sources(&f->sources, now, out);
	buffer_put_u8(out, ',');
	alarms_put_json(&f->alarms, CONTROL_PACKET / 4, out);
}
