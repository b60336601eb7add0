#include "base/result.h"

int fault_set(struct fault *fault, int result, const char *format, ...)
{
	if (!fault)
		return result;
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(fault->text, sizeof(fault->text), format, arguments);
	va_end(arguments);
	return result;
}
