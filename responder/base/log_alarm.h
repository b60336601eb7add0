/* A condition's line in this process's log (base/alarms.h): what begins and lasts is an error, its end is not.
 * An alarms_tell. */
#pragma once

#include "base/alarms.h"

void log_alarm(void *context, enum alarm_event event, const struct alarm *alarm);
