#include "signer/waiting.h"

static struct waiting_job *find_free(struct waiting *w)
{
	for (unsigned i = 0; i < WAITING_MOST; i++)
		if (w->all[i].id == 0)
			return &w->all[i];
	return NULL;
}

struct waiting_job *waiting_put(struct waiting *w, const struct waiting_job *job,
				struct view payload, struct view message)
{
	struct waiting_job *place = find_free(w);
	if (!place)
		return NULL;
	buffer_reset(&place->job);
	buffer_reset(&place->message);
	buffer_put_view(&place->job, payload);
	buffer_put_view(&place->message, message);
	if (buffer_result(&place->job) < 0 || buffer_result(&place->message) < 0)
		return NULL;
	place->issuer = job->issuer;
	place->responder = job->responder;
	place->answer = job->answer;
	place->id = ++w->last_id;
	w->count++;
	return place;
}

struct waiting_job *waiting_find(struct waiting *w, uint64_t id)
{
	for (unsigned i = 0; id != 0 && i < WAITING_MOST; i++)
		if (w->all[i].id == id)
			return &w->all[i];
	return NULL;
}

struct waiting_job *waiting_lost(struct waiting *w)
{
	for (unsigned i = 0; w->count > 0 && i < WAITING_MOST; i++)
		if (w->all[i].id != 0 && !responder_ready(w->all[i].responder))
			return &w->all[i];
	return NULL;
}

void waiting_drop(struct waiting *w, struct waiting_job *job)
{
	job->id = 0;
	w->count--;
}

void waiting_clear(struct waiting *w)
{
	for (unsigned i = 0; i < WAITING_MOST; i++)
		w->all[i].id = 0;
	w->count = 0;
}

void waiting_deinit(struct waiting *w)
{
	for (unsigned i = 0; i < WAITING_MOST; i++) {
		buffer_deinit(&w->all[i].job);
		buffer_deinit(&w->all[i].message);
	}
	waiting_clear(w);
}
