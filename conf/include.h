/* Which files an `include = …` means. */
#pragma once

#include <stddef.h>

struct include_list {
	size_t count;
	char **paths; /* in the order of their octets */
};

/* A file; a folder, which stands for its *.conf; or a pattern with * ? or [. A folder or a pattern may be empty.
 * 0; -ENOENT, -ENOMEM or another -errno with a reason, static storage. */
int include_find(const char *pattern, struct include_list *ret, const char **reason);
void include_list_deinit(struct include_list *list);
