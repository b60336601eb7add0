#include "base/log_alarm.h"

#include "base/log.h"

void log_alarm(void *context, enum alarm_event event, const struct alarm *alarm)
{
	cleanup(buffer_deinit) struct buffer line = {0};
	(void)context;
	alarm_put_line(event, alarm, &line);
	if (buffer_result(&line) == 0)
		log_line(event == ALARM_ENDS ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "%.*s",
			 (int)line.size, (const char *)line.data);
}
