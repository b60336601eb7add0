#include "ledger/report.h"

#include "ledger/state.h"

#include <stdarg.h>

void ledger_alarm(struct ledger *l, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	l->alarm_lines++;
	l->ops->alarm(l->context, text);
}

static void tell_condition(void *context, enum alarm_event event, const struct alarm *alarm)
{
	struct ledger *l = context;
	cleanup(buffer_deinit) struct buffer line = {0};
	alarm_put_line(event, alarm, &line);
	buffer_put_u8(&line, '\0');
	if (buffer_result(&line) < 0)
		return;
	l->alarm_lines++;
	l->ops->condition(l->context, event, (const char *)line.data);
}

void report_init(struct ledger *l)
{
	alarms_init(&l->alarms, tell_condition, l);
}

void ledger_trace(const struct ledger *l, uint64_t request, const char *step)
{
	if (l->ops->trace)
		l->ops->trace(l->context, request, step);
}
