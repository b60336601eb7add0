#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

int file_read(const char *path, size_t most, struct buffer *out, struct fault *fault)
{
	cleanup(descriptor_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	struct stat status;
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
		return fault_set(fault, -EISDIR, "%s: is a directory", path);
	size_t before = out->size;
	for (;;) {
		uint8_t *room = buffer_reserve(out, 65536);
		if (!room)
			return fault_set(fault, -ENOMEM, "%s: out of memory", path);
		ssize_t got = read(fd, room, 65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
		if (got == 0)
			return 0;
		out->size += (size_t)got;
		if (out->size - before > most)
			return fault_set(fault, -EFBIG, "%s: larger than %zu bytes", path, most);
	}
}
