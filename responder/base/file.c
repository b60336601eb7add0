#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PIECE 65536u

/* Appends up to one piece, one octet more than `left` at most: enough to see that a file is too
 * large. 1; 0 at the end; or -errno. */
static int read_piece(int fd, size_t left, struct buffer *out)
{
	size_t size = left < PIECE ? left + 1 : PIECE;
	uint8_t *room = buffer_reserve(out, size);
	if (!room)
		return -ENOMEM;
	ssize_t got;
	do
		got = read(fd, room, size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	out->size += (size_t)got;
	return got > 0;
}

static int read_all(int fd, size_t most, struct buffer *out)
{
	size_t before = out->size;
	int result;
	do
		result = read_piece(fd, most - (out->size - before), out);
	while (result > 0 && out->size - before <= most);
	if (result > 0)
		result = -EFBIG;
	if (result < 0)
		out->size = before;
	return result;
}

int file_read(const char *path, size_t most, struct buffer *out, struct fault *fault)
{
	cleanup(descriptor_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	struct stat status;
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
		return fault_set(fault, -EISDIR, "%s: is a directory", path);
	int result = read_all(fd, most, out);
	if (result == -EFBIG)
		return fault_set(fault, result, "%s: larger than %zu bytes", path, most);
	if (result < 0)
		return fault_set(fault, result, "%s: %s", path, strerror(-result));
	return 0;
}

int file_read_pem(const char *path, size_t most, struct buffer *out, struct fault *fault)
{
	static const char begin[] = "-----BEGIN", mark[] = "\xef\xbb\xbf";
	size_t before = out->size;
	int result = file_read(path, most, out, fault);
	if (result < 0 || out->size == before)
		return result;
	uint8_t *at = out->data + before;
	if (!memmem(at, out->size - before, begin, strlen(begin)))
		return result;
	while ((at = memmem(at, out->size - (size_t)(at - out->data), mark, strlen(mark))))
		memset(at, '\n', strlen(mark));
	return result;
}
