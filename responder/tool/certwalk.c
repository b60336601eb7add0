/* Files below a path, without holding a folder's names in memory: newcerts/ of a CA has millions. */
#include "tool/certinput.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* No CA sorts its certificates so deep; bounds the stack. */
#define DEPTH_MOST 64

struct walk {
	certinput_visit *visit;
	void *context;
	struct fault *fault;
};

static void directory_closep(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int walk_path(const struct walk *walk, const char *path, unsigned depth);

static int walk_entry(const struct walk *walk, const char *folder, const char *name, unsigned depth)
{
	char path[PATH_MAX];
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	int size = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (size < 0 || (size_t)size >= sizeof(path))
		return fault_set(walk->fault, -ENAMETOOLONG, "%s/%s: path too long", folder, name);
	return walk_path(walk, path, depth);
}

static int walk_folder(const struct walk *walk, const char *path, unsigned depth)
{
	if (depth > DEPTH_MOST)
		return fault_set(walk->fault, -ELOOP, "%s: more than %d folders deep", path,
				 DEPTH_MOST);
	cleanup(directory_closep) DIR *directory = opendir(path);
	if (!directory && depth > 0 && errno != EMFILE && errno != ENOMEM)
		return walk->visit(walk->context, path, false, walk->fault);
	if (!directory)
		return fault_set(walk->fault, -errno, "%s: %s", path, strerror(errno));
	int result = 0;
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(directory);
		if (!entry || result)
			break;
		result = walk_entry(walk, path, entry->d_name, depth + 1);
	}
	if (!result && errno)
		return fault_set(walk->fault, -errno, "%s: %s", path, strerror(errno));
	return result;
}

/* In a folder a link to a folder is not followed: it may lead in a circle. */
static bool is_link(const char *path)
{
	struct stat status;
	return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

static int walk_path(const struct walk *walk, const char *path, unsigned depth)
{
	struct stat status;
	if (stat(path, &status) != 0) {
		/* A link to nowhere, or removed meanwhile. */
		if (depth > 0 && (errno == ENOENT || errno == ELOOP))
			return 0;
		return fault_set(walk->fault, -errno, "%s: %s", path, strerror(errno));
	}
	if (S_ISDIR(status.st_mode))
		return depth > 0 && is_link(path) ? 0 : walk_folder(walk, path, depth);
	/* Sockets and the like in a folder are no certificates; a named pipe may be one. */
	if (depth > 0 && !S_ISREG(status.st_mode))
		return 0;
	return walk->visit(walk->context, path, depth == 0, walk->fault);
}

int certinput_walk(const char *path, certinput_visit *visit, void *context, struct fault *fault)
{
	struct walk walk = {.visit = visit, .context = context, .fault = fault};
	return walk_path(&walk, path, 0);
}
