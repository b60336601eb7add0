#include "net/headers.h"

#include "base/file.h"

#define FILE_MOST 16384u

static bool is_field(const char *line)
{
	size_t name = strcspn(line, ":");
	if (name == 0 || line[name] != ':')
		return false;
	for (size_t i = 0; line[i]; i++) {
		uint8_t c = (uint8_t)line[i];
		if ((c < ' ' && c != '\t') || c == 0x7f || (i < name && (c == ' ' || c == '\t')))
			return false;
	}
	return true;
}

static int take_line(const char *path, unsigned number, char *line, struct headers *ret,
		     struct fault *fault)
{
	size_t size = strlen(line);
	while (size > 0 && strchr(" \t\r", line[size - 1]))
		line[--size] = '\0';
	if (size == 0)
		return 0;
	if (!is_field(line))
		return fault_set(fault, -EINVAL, "%s:%u: write \"Name: value\"", path, number);
	if (ret->count == HEADERS_MOST)
		return fault_set(fault, -EINVAL, "%s:%u: more than %u fields", path, number,
				 HEADERS_MOST);
	ret->each[ret->count++] = line;
	return 0;
}

int headers_read(const char *path, struct headers *ret, struct fault *fault)
{
	int result = path ? file_read(path, FILE_MOST, &ret->text, fault) : 0;
	if (!path || result < 0)
		return result;
	if (memchr(ret->text.data ? ret->text.data : (const uint8_t *)"", 0, ret->text.size))
		return fault_set(fault, -EINVAL, "%s: it is no text", path);
	buffer_put_u8(&ret->text, 0);
	if (buffer_result(&ret->text) < 0)
		return fault_set(fault, -ENOMEM, "%s: out of memory", path);
	char *rest = (char *)ret->text.data;
	for (unsigned number = 1; result == 0 && rest; number++)
		result = take_line(path, number, strsep(&rest, "\n"), ret, fault);
	return result;
}

void headers_deinit(struct headers *headers)
{
	if (headers->text.data)
		explicit_bzero(headers->text.data, headers->text.size);
	buffer_deinit(&headers->text);
}
