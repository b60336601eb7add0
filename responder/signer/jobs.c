#include "signer/jobs.h"

#include <errno.h>

int jobs_put(struct jobs *jobs, struct view payload)
{
	if (jobs->count == JOBS_MOST)
		return -ENOBUFS;
	struct buffer *slot = &jobs->payloads[(jobs->first + jobs->count) % JOBS_MOST];
	buffer_reset(slot);
	buffer_put_view(slot, payload);
	if (buffer_result(slot) < 0)
		return -ENOMEM;
	jobs->count++;
	return 0;
}

bool jobs_take(struct jobs *jobs, struct view *ret)
{
	if (jobs->count == 0)
		return false;
	*ret = buffer_view(&jobs->payloads[jobs->first]);
	jobs->first = (jobs->first + 1) % JOBS_MOST;
	jobs->count--;
	return true;
}

void jobs_clear(struct jobs *jobs)
{
	jobs->first = jobs->count = 0;
}

void jobs_deinit(struct jobs *jobs)
{
	for (unsigned i = 0; i < JOBS_MOST; i++)
		buffer_deinit(&jobs->payloads[i]);
	jobs_clear(jobs);
}
