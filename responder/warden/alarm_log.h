/* The warden's own conditions that last (base/alarms.h), told in its log. */
#pragma once

#include "base/alarms.h"
#include "base/result.h"

#include <event2/event.h>

struct alarm_log {
	struct alarms alarms; /* raise and clear here */
	struct event *timer;
};

/* 0 or -ENOMEM. */
must_check int alarm_log_open(struct event_base *base, struct alarm_log *ret);
void alarm_log_close(struct alarm_log *log);
