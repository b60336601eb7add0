#include "warden/title.h"

#include "base/compiler.h"

#include <stdbool.h>

/* The kernel puts arguments and environment side by side. */
static char *area_end(char **strings, char *end)
{
	for (size_t i = 0; strings[i]; i++)
		if (strings[i] == end)
			end = strings[i] + strlen(strings[i]) + 1;
	return end;
}

static bool environment_move(void)
{
	size_t count = 0;
	while (environ[count])
		count++;
	char **moved = calloc(count + 1, sizeof(*moved));
	if (!moved)
		return false;
	for (size_t i = 0; i < count; i++) {
		moved[i] = strdup(environ[i]);
		if (!moved[i]) {
			while (i > 0)
				free(moved[--i]);
			free(moved);
			return false;
		}
	}
	environ = moved; /* for the rest of the process's life */
	return true;
}

void title_set(int argc, char **argv, const char *title)
{
	if (argc < 1)
		return;
	char *start = argv[0];
	char *arguments_end = area_end(argv, start);
	char *end = area_end(environ, arguments_end);
	size_t size = strlen(title);
	if (size + 1 > (size_t)(end - start))
		return;
	if (size + 1 > (size_t)(arguments_end - start) && !environment_move())
		return;
	else if (size + 1 <= (size_t)(arguments_end - start))
		end = arguments_end;
	memset(start, 0, (size_t)(end - start));
	memcpy(start, title, size + 1);
}
