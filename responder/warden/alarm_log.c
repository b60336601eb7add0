#include "warden/alarm_log.h"

#include "base/log_alarm.h"

/* What has lasted a day is noticed within so much. */
#define LOOK_SECONDS 600

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct alarm_log *log = context;
	(void)fd;
	(void)what;
	alarms_turn(&log->alarms, clock_now());
}

int alarm_log_open(struct event_base *base, struct alarm_log *ret)
{
	const struct timeval interval = {.tv_sec = LOOK_SECONDS};
	alarms_init(&ret->alarms, log_alarm, NULL);
	ret->timer = event_new(base, -1, EV_PERSIST, on_timer, ret);
	return ret->timer && event_add(ret->timer, &interval) == 0 ? 0 : -ENOMEM;
}

void alarm_log_close(struct alarm_log *log)
{
	if (log->timer)
		event_free(log->timer);
	alarms_deinit(&log->alarms);
}
