/* --reqout and --respout: whole files or none, so that nobody reads half an answer. */
#include "client/asking.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static int fail(struct fault *fault, const char *path)
{
	int reason = errno;
	return fault_set(fault, -reason, "%s: %s", path, strerror(reason));
}

static bool write_all(int fd, struct view bytes)
{
	while (bytes.size > 0) {
		ssize_t wrote = write(fd, bytes.data, bytes.size);
		if (wrote < 0 && errno != EINTR)
			return false;
		if (wrote > 0)
			bytes = view_of(bytes.data + wrote, bytes.size - (size_t)wrote);
	}
	return true;
}

/* A device or a pipe cannot be replaced. */
static int write_through(const char *path, struct view bytes, struct fault *fault)
{
	cleanup(descriptor_closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd >= 0 && write_all(fd, bytes) ? 0 : fail(fault, path);
}

/* With the rights that a new file would have. */
static bool write_new(int fd, struct view bytes)
{
	mode_t mask = umask(0);
	(void)umask(mask);
	return write_all(fd, bytes) && fchmod(fd, 0666 & ~mask) == 0;
}

int ask_write_file(const char *path, struct view bytes, struct fault *fault)
{
	char temporary[4200];
	struct stat status;
	if (!path)
		return 0;
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return write_through(path, bytes, fault);
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary))
		return fault_set(fault, -ENAMETOOLONG, "%s: path too long", path);
	cleanup(descriptor_closep) int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail(fault, path);
	if (write_new(fd, bytes) && rename(temporary, path) == 0)
		return 0;
	int result = fail(fault, path);
	(void)unlink(temporary);
	return result;
}
