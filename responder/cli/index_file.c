#include "cli/index_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#define READ_SIZE 262144

struct index_file {
	char *path;
	int fd;
	bool at_end;
	uint64_t size, position, line;
	struct buffer bytes; /* read ahead; used up to `start` */
	size_t start;
};

void index_file_close(struct index_file *file)
{
	if (!file)
		return;
	descriptor_closep(&file->fd);
	buffer_deinit(&file->bytes);
	free(file->path);
	free(file);
}

int index_file_open(const char *path, struct index_file **ret, struct fault *fault)
{
	cleanup(index_file_closep) struct index_file *file = calloc(1, sizeof(*file));
	if (!file)
		return fault_set(fault, -ENOMEM, "%s: out of memory", path);
	file->fd = -1;
	file->path = strdup(path);
	if (!file->path)
		return fault_set(fault, -ENOMEM, "%s: out of memory", path);
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (file->fd < 0 || fstat(file->fd, &status) < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return fault_set(fault, -EISDIR, "%s: is a folder, not an index.txt", path);
	if (S_ISREG(status.st_mode))
		file->size = (uint64_t)status.st_size;
	*ret = file;
	file = NULL;
	return 0;
}

uint64_t index_file_size(const struct index_file *file)
{
	return file->size;
}

uint64_t index_file_position(const struct index_file *file)
{
	return file->position;
}

static int read_more(struct index_file *file, struct fault *fault)
{
	buffer_consume(&file->bytes, file->start);
	file->start = 0;
	uint8_t *room = buffer_reserve(&file->bytes, READ_SIZE);
	if (!room)
		return fault_set(fault, -ENOMEM, "%s: out of memory", file->path);
	ssize_t got;
	do
		got = read(file->fd, room, READ_SIZE);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return fault_set(fault, -errno, "%s: %s", file->path, strerror(errno));
	file->at_end = got == 0;
	file->bytes.size += (size_t)got;
	file->position += (uint64_t)got;
	return 0;
}

/* Windows puts a mark in front; UTF-16 would make every line a bad one. */
static int look_at_beginning(struct index_file *file, struct fault *fault)
{
	const struct buffer *bytes = &file->bytes;
	if (bytes->size >= 3 && memcmp(bytes->data, "\xef\xbb\xbf", 3) == 0)
		file->start = 3;
	if (bytes->size >= 2 && (!bytes->data[0] || !bytes->data[1] || bytes->data[0] >= 0xfe))
		return fault_set(fault, -EBADMSG,
				 "%s: is UTF-16 or no text at all; an index.txt is plain text",
				 file->path);
	return 0;
}

/* The next line without its end: 0, INDEX_END or -errno. */
static int next_line(struct index_file *file, struct view *ret, struct fault *fault)
{
	for (;;) {
		struct view rest =
			view_of(file->bytes.data + file->start, file->bytes.size - file->start);
		const uint8_t *end = rest.size ? memchr(rest.data, '\n', rest.size) : NULL;
		if (!end && file->at_end && rest.size == 0)
			return INDEX_END;
		size_t size = end ? (size_t)(end - rest.data) : rest.size;
		if (size > INDEX_LINE_MOST)
			return fault_set(fault, -EFBIG, "%s:%llu: the line is too long", file->path,
					 (unsigned long long)file->line + 1);
		if (end || file->at_end) {
			file->start += size + (end ? 1 : 0);
			file->line++;
			*ret = view_of(rest.data, size);
			return 0;
		}
		bool first = file->position == 0;
		int result = read_more(file, fault);
		if (result == 0 && first)
			result = look_at_beginning(file, fault);
		if (result)
			return result;
	}
}

int index_file_next(struct index_file *file, struct index_entry *ret, uint64_t *ret_line,
		    struct fault *fault)
{
	for (;;) {
		struct view line = {0};
		struct fault reason = {""};
		int result = next_line(file, &line, fault);
		if (result)
			return result;
		result = index_line_read(line, ret, &reason);
		if (result == INDEX_NOTHING)
			continue;
		*ret_line = file->line;
		if (result)
			(void)fault_set(fault, result, "%s:%llu: %s", file->path,
					(unsigned long long)file->line, reason.text);
		return result;
	}
}
