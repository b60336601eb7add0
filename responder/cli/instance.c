#include "cli/instance.h"

#include "base/limits.h"
#include "cli/connect.h"
#include "conf/conf.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

/* The warden waits at most a second for its rooms. */
#define ANSWER_SECONDS 10
#define ANSWER_SIZE_MOST (16u << 20)

static int connect_socket(const char *path, unsigned seconds, int *ret, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval timeout = {.tv_sec = seconds};
	cleanup(descriptor_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (strlen(path) >= sizeof(address.sun_path))
		return fault_set(fault, -ENAMETOOLONG, "%s: too long for a socket's path", path);
	memcpy(address.sun_path, path, strlen(path));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int reason = errno;
		bool absent = reason == ENOENT || reason == ECONNREFUSED;
		return fault_set(fault, -reason, "%s: %s; %s", path, strerror(reason),
				 absent ? "no instance is running there"
					: "run as root or as a member of its group");
	}
	*ret = fd;
	fd = -1;
	return 0;
}

static int exchange(const char *path, const char *question, unsigned seconds, struct buffer *answer,
		    struct fault *fault)
{
	char line[LIMIT_CONTROL_LINE];
	int size = snprintf(line, sizeof(line), "%s\n", question);
	cleanup(descriptor_closep) int fd = -1;
	int result = connect_socket(path, seconds, &fd, fault);
	if (result)
		return result;
	ssize_t got = send(fd, line, (size_t)size, MSG_NOSIGNAL);
	while (got > 0) {
		uint8_t *room = buffer_reserve(answer, 65536);
		if (!room)
			return fault_set(fault, -EMSGSIZE, "%s: the answer is too long", path);
		got = recv(fd, room, 65536, 0);
		answer->size += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		return fault_set(fault, -errno, "%s: %s", path,
				 errno == EAGAIN ? "does not answer" : strerror(errno));
	return 0;
}

static int parse(const char *path, struct buffer *answer, struct json_object **ret,
		 struct fault *fault)
{
	buffer_put_u8(answer, '\0');
	struct json_object *document =
		answer->size > 1 ? json_tokener_parse((const char *)answer->data) : NULL;
	if (!json_object_is_type(document, json_type_object)) {
		json_object_put(document);
		return fault_set(fault, -EBADMSG, "%s: what answers there is not stillgood", path);
	}
	struct json_object *error = json_object_object_get(document, "error");
	if (error) {
		fault_set(fault, 0, "%s: %s", path, json_object_get_string(error));
		json_object_put(document);
		return -EPROTO;
	}
	*ret = document;
	return 0;
}

int instance_find(const struct command_line *line, char **ret, struct fault *fault)
{
	const char *path = line->values[OPTION_SOCKET];
	cleanup(conf_freep) struct conf *conf = NULL;
	if (!path) {
		const char *file = line->values[OPTION_CONFIG];
		if (!file && access(DEFAULT_CONFIGURATION, F_OK) < 0)
			return fault_set(fault, -ENOENT,
					 DEFAULT_CONFIGURATION
					 ": %s; say which instance with --config or --socket",
					 strerror(errno));
		int result = conf_load(file ? file : DEFAULT_CONFIGURATION, &conf, fault);
		if (result)
			return result;
		path = conf->server.control_socket;
	}
	*ret = strdup(path);
	return *ret ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

int instance_ask_for(const char *path, const char *question, unsigned seconds,
		     struct json_object **ret, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer answer = {.most = ANSWER_SIZE_MOST};
	int result = exchange(path, question, seconds, &answer, fault);
	return result == 0 ? parse(path, &answer, ret, fault) : result;
}

int instance_ask(const char *path, const char *question, struct json_object **ret,
		 struct fault *fault)
{
	return instance_ask_for(path, question, ANSWER_SECONDS, ret, fault);
}

const char *instance_text(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(object, key));
	return text ? text : "";
}
