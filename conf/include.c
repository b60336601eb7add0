#include "conf/include.h"

#include "base/result.h"

#include <glob.h>
#include <stdbool.h>
#include <sys/stat.h>

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int take(struct include_list *list, const glob_t *found)
{
	list->paths = calloc(found->gl_pathc + 1, sizeof(*list->paths));
	if (!list->paths)
		return -ENOMEM;
	for (; list->count < found->gl_pathc; list->count++) {
		list->paths[list->count] = strdup(found->gl_pathv[list->count]);
		if (!list->paths[list->count])
			return -ENOMEM;
	}
	qsort(list->paths, list->count, sizeof(*list->paths), compare);
	return 0;
}

static int find(const char *pattern, struct include_list *ret, const char **reason)
{
	bool open = strpbrk(pattern, "*?[") != NULL;
	glob_t found = {0};
	/* Editors' and packages' leftovers (.swp, .dpkg-old) match neither *.conf nor, hidden, a *. */
	int result = glob(pattern, GLOB_ERR | GLOB_NOSORT, NULL, &found);
	int outcome = 0;
	if (result == 0)
		outcome = take(ret, &found);
	else if (result != GLOB_NOMATCH || !open)
		outcome = result == GLOB_NOSPACE ? -ENOMEM : -ENOENT;
	globfree(&found);
	*reason = outcome == -ENOMEM       ? "out of memory"
		  : result == GLOB_ABORTED ? "the folder cannot be read"
					   : "there is no such file or folder";
	return outcome;
}

int include_find(const char *pattern, struct include_list *ret, const char **reason)
{
	struct stat status;
	cleanup(memory_freep) char *inside = NULL;
	if (stat(pattern, &status) == 0 && S_ISDIR(status.st_mode)) {
		if (asprintf(&inside, "%s/*.conf", pattern) < 0) {
			inside = NULL;
			*reason = "out of memory";
			return -ENOMEM;
		}
		pattern = inside;
	}
	return find(pattern, ret, reason);
}

void include_list_deinit(struct include_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	*list = (struct include_list){0};
}
