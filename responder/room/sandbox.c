#include "room/sandbox.h"

#include "base/log.h"
#include "room/landlock.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

void sandbox_calls(struct sandbox *sandbox, unsigned calls)
{
	sandbox->calls |= calls;
}

static void put_path(struct sandbox *sandbox, const char *path, bool writes)
{
	if (!path)
		return;
	char *copy = sandbox->path_count < SANDBOX_PATHS ? strdup(path) : NULL;
	if (!copy) {
		sandbox->full = true;
		return;
	}
	sandbox->paths[sandbox->path_count++] = (struct sandbox_path){copy, writes, 0, 0};
}

void sandbox_reads(struct sandbox *sandbox, const char *path)
{
	put_path(sandbox, path, false);
}

void sandbox_writes(struct sandbox *sandbox, const char *path)
{
	put_path(sandbox, path, true);
}

void sandbox_deinit(struct sandbox *sandbox)
{
	while (sandbox->path_count > 0)
		free(sandbox->paths[--sandbox->path_count].path);
}

/* ---- files that were replaced ---- */

static void look(const char *path, dev_t *device, ino_t *inode)
{
	struct stat status;
	bool there = stat(path, &status) == 0;
	*device = there ? status.st_dev : 0;
	*inode = there ? status.st_ino : 0;
}

void sandbox_look(struct sandbox *sandbox)
{
	for (unsigned i = 0; i < sandbox->path_count; i++)
		look(sandbox->paths[i].path, &sandbox->paths[i].device, &sandbox->paths[i].inode);
}

/* Is it as it was, or gone? What is gone cannot be opened by anybody. */
static bool is_covered(const struct sandbox *entered, const char *path)
{
	dev_t device;
	ino_t inode;
	look(path, &device, &inode);
	if (device == 0 && inode == 0)
		return true;
	for (unsigned i = 0; i < entered->path_count; i++)
		if (entered->paths[i].device == device && entered->paths[i].inode == inode)
			return true;
	return false;
}

const char *sandbox_outdated(const struct sandbox *entered, const struct sandbox *now)
{
	for (unsigned i = 0; entered->landlock > 0 && i < now->path_count; i++)
		if (!is_covered(entered, now->paths[i].path))
			return now->paths[i].path;
	return NULL;
}

/* VmLck: memory that is never swapped; -1: not to be seen. */
static long locked_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *file = fopen("/proc/self/status", "re");
	while (file && kib < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, "VmLck:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (file)
		(void)fclose(file);
	return kib;
}

/* ---- entering ---- */

static int enter_files(struct sandbox *sandbox)
{
	unsigned version = landlock_version();
	bool connects = sandbox->calls & (CALLS_CONNECT);
	if (version == 0)
		return -EOPNOTSUPP;
	cleanup(descriptor_closep) int rules =
		landlock_new(version, connects ? LANDLOCK_MAY_CONNECT : 0);
	int result = rules < 0 ? rules : 0;
	for (unsigned i = 0; result == 0 && i < sandbox->path_count; i++) {
		struct sandbox_path *path = &sandbox->paths[i];
		result = landlock_allow(rules, version, path->path,
					path->writes ? LANDLOCK_WRITE : LANDLOCK_READ);
	}
	if (result == 0)
		result = landlock_restrict(rules);
	if (result == 0)
		sandbox->landlock = version;
	return result;
}

static int enter_calls(struct sandbox *sandbox)
{
	int result = calls_restrict(sandbox->calls);
	sandbox->filtered = result == 0;
	return result;
}

/* What this system does not have is said once by the warden's proof (cli/check_locks.c); what it has and
 * does not work here is this room's to say. */
static int lacks(const struct conf *conf, const char *what, int error, struct fault *fault)
{
	if (conf->server.sandbox == SANDBOX_REQUIRED)
		return fault_set(fault, error, "sandbox = required, and %s cannot be had: %s", what,
				 strerror(-error));
	if (error != -EOPNOTSUPP)
		log_warning("goes on without %s: %s", what, strerror(-error));
	return 0;
}

int sandbox_enter(struct sandbox *sandbox, const struct conf *conf, struct fault *fault)
{
	if (sandbox->full)
		return fault_set(fault, -E2BIG, "more files to read than %u", SANDBOX_PATHS);
	sandbox->locked_kib = locked_kib();
	if (conf->server.sandbox == SANDBOX_NO)
		return 0;
	if (SANITIZED)
		sandbox_reads(sandbox, "/proc");
	sandbox_look(sandbox);
	int result = enter_files(sandbox);
	if (result < 0)
		result = lacks(conf, "Landlock", result, fault);
	if (result < 0)
		return result;
	result = enter_calls(sandbox);
	return result < 0 ? lacks(conf, "a filter of system calls", result, fault) : 0;
}

void sandbox_put_json(const struct sandbox *sandbox, struct buffer *out)
{
	buffer_printf(out, "{\"uid\":%u,\"seccomp\":%s,\"landlock\":%u,\"locked_kib\":%ld}",
		      (unsigned)geteuid(), sandbox->filtered ? "true" : "false", sandbox->landlock,
		      sandbox->locked_kib);
}
