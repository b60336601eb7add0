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
	l->alarms++;
	l->ops->alarm(l->context, text);
}

void ledger_trace(const struct ledger *l, uint64_t request, const char *step)
{
	if (l->ops->trace)
		l->ops->trace(l->context, request, step);
}
