#include "conf/list.h"

#include <string.h>

bool list_next(const char **text, struct view *ret)
{
	if (!*text)
		return false;
	size_t size = strcspn(*text, ",");
	const char *start = *text;
	*text = start[size] ? start + size + 1 : NULL;
	while (size > 0 && (start[0] == ' ' || start[0] == '\t'))
		start++, size--;
	while (size > 0 && (start[size - 1] == ' ' || start[size - 1] == '\t'))
		size--;
	*ret = view_of(start, size);
	return true;
}
