/* The configuration from a file or a descriptor. */
#include "base/file.h"
#include "conf/conf.h"

/* The text may hold a password: one allocation that never moves, wiped before it is freed. */
static void secret_deinit(struct buffer *text)
{
	if (text->data)
		explicit_bzero(text->data, text->capacity);
	buffer_deinit(text);
}

#define TEXT_RESERVE (LIMIT_CONF_FILE + 2 * 65536)

int conf_load(const char *path, struct conf **ret, struct fault *fault)
{
	cleanup(secret_deinit) struct buffer text = {0};
	if (!buffer_reserve(&text, TEXT_RESERVE))
		return fault_set(fault, -ENOMEM, "%s: out of memory", path);
	int result = file_read(path, LIMIT_CONF_FILE, &text, fault);
	if (result < 0)
		return result;
	return conf_parse_file(path, buffer_view(&text), ret, fault);
}

static int read_all(int fd, struct buffer *text)
{
	for (;;) {
		if (text->size > LIMIT_CONF_FILE)
			return -EFBIG;
		ssize_t got = read(fd, text->data + text->size, text->capacity - text->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		text->size += (size_t)got;
	}
}

int conf_load_descriptor(int fd, enum conf_room room, struct conf **ret, struct fault *fault)
{
	cleanup(secret_deinit) struct buffer text = {0};
	if (!buffer_reserve(&text, TEXT_RESERVE))
		return fault_set(fault, -ENOMEM, "configuration: out of memory");
	int result = read_all(fd, &text);
	if (result < 0)
		return fault_set(fault, result, "configuration from descriptor %d: %s", fd,
				 strerror(-result));
	return conf_parse("configuration", buffer_view(&text), room, ret, fault);
}
