/* `status`: asks a running instance through its control socket (warden/control_socket.h tells the
 * protocol) and shows its document. */
#include "cli/connect.h"
#include "conf/conf.h"
#include "tool/output.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

/* The warden waits at most a second for its rooms. */
#define ANSWER_SECONDS 10
#define ANSWER_SIZE_MOST (16u << 20)

static int connect_socket(const char *path, int *ret, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval timeout = {.tv_sec = ANSWER_SECONDS};
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

static int exchange(const char *path, struct buffer *answer, struct fault *fault)
{
	static const char question[] = "status\n";
	cleanup(descriptor_closep) int fd = -1;
	int r = connect_socket(path, &fd, fault);
	if (r)
		return r;
	ssize_t got = send(fd, question, strlen(question), MSG_NOSIGNAL);
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

static const char *text_of(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(object, key));
	return text ? text : "";
}

/* A scalar member as " key=value", on a new line where this one is full. */
static void print_member(const char *key, struct json_object *value, size_t *column)
{
	const size_t width = 78, indent = 4;
	cleanup(memory_freep) char *text = output_text_new(json_object_get_string(value));
	size_t size = text ? strlen(key) + strlen(text) + 2 : 0;
	if (!text || !*text)
		return;
	if (*column == 0 || *column + size > width) {
		printf("%s%*s", *column ? "\n" : "", (int)indent, "");
		*column = indent;
	}
	printf(" %s=%s", key, text);
	*column += size;
}

/* What a room says of itself, without what stands in its first line. */
static void print_report(struct json_object *report)
{
	size_t column = 0;
	if (!json_object_is_type(report, json_type_object))
		return;
	json_object_object_foreach(report, key, value) {
		bool nested = json_object_is_type(value, json_type_object) ||
			      json_object_is_type(value, json_type_array);
		if (value && !nested && strcmp(key, "room") != 0 && strcmp(key, "index") != 0)
			print_member(key, value, &column);
	}
	if (column)
		printf("\n");
}

static void print_room(struct json_object *room)
{
	bool answered = json_object_get_boolean(json_object_object_get(room, "answered"));
	printf("  %-10s pid %-8s %-9s %s restarts%s\n", text_of(room, "name"), text_of(room, "pid"),
	       text_of(room, "state"), text_of(room, "restarts"),
	       answered ? "" : ", did not answer");
	print_report(json_object_object_get(room, "status"));
}

static void print_list(struct json_object *document, const char *title, const char *key)
{
	struct json_object *list = json_object_object_get(document, key);
	printf("%-10s", title);
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		printf("%s %s", i ? "," : "",
		       json_object_get_string(json_object_array_get_idx(list, i)));
	printf("\n");
}

/* "  Example CA: next, EC P-256, ready until 2027-01-01T00:00:00Z" (P-37). */
static void print_signer(const char *issuer, struct json_object *signer)
{
	static const struct {
		const char *state, *shown, *time;
	} shown[] = {{"current", "signs until", "not_after"},
		     {"ready", "ready until", "not_after"},
		     {"early", "starts at", "not_before"},
		     {"expired", "expired at", "not_after"}};
	cleanup(memory_freep) char *of = output_text_new(issuer);
	cleanup(memory_freep) char *name = output_text_new(text_of(signer, "name"));
	for (size_t i = 0; i < array_size(shown); i++)
		if (strcmp(text_of(signer, "state"), shown[i].state) == 0)
			printf("  %s: %s, %s, %s %s\n", of ? of : "", name ? name : "",
			       text_of(signer, "algorithm"), shown[i].shown,
			       text_of(signer, shown[i].time));
}

static void print_issuer(struct json_object *issuer)
{
	struct json_object *signers = json_object_object_get(issuer, "signers");
	const char *name = text_of(issuer, "name"), *warning = text_of(issuer, "warning");
	cleanup(memory_freep) char *shown = output_text_new(name);
	for (size_t i = 0; signers && i < json_object_array_length(signers); i++)
		print_signer(name, json_object_array_get_idx(signers, i));
	if (*warning)
		printf("  warning: %s: %s\n", shown ? shown : "", warning);
}

/* All signer rooms hold the same keys: one speaks for all. */
static void print_signers(struct json_object *rooms)
{
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++) {
		struct json_object *room = json_object_array_get_idx(rooms, i);
		struct json_object *issuers =
			json_object_object_get(json_object_object_get(room, "status"), "issuers");
		if (strncmp(text_of(room, "name"), "signer", 6) != 0 ||
		    !json_object_is_type(issuers, json_type_array))
			continue;
		printf("signers\n");
		for (size_t k = 0; k < json_object_array_length(issuers); k++)
			print_issuer(json_object_array_get_idx(issuers, k));
		return;
	}
}

/* P-22: a person must see where good does not mean that the certificate is known. */
static void print_crl_only(struct json_object *document)
{
	struct json_object *list = json_object_object_get(document, "crl_only");
	if (list && json_object_array_length(list) > 0)
		print_list(document, "CRL-only", "crl_only");
}

static void print_document(struct json_object *document, bool ready)
{
	printf("stillgood  %s, pid %s, since %s\n", text_of(document, "version"),
	       text_of(document, "pid"), text_of(document, "started_at"));
	printf("ready      %s%s%s\n", ready ? "yes" : "no", ready ? "" : ": ",
	       ready ? "" : text_of(document, "reason"));
	print_list(document, "listens on", "listen");
	print_list(document, "issuers", "issuers");
	print_crl_only(document);
	struct json_object *rooms = json_object_object_get(document, "rooms");
	printf("rooms\n");
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++)
		print_room(json_object_array_get_idx(rooms, i));
	print_signers(rooms);
}

/* Where the instance listens: --socket, else the configuration's. */
static int find_socket(const struct command_line *line, char **ret, struct fault *fault)
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
		int r = conf_load(file ? file : DEFAULT_CONFIGURATION, &conf, fault);
		if (r)
			return r;
		path = conf->server.control_socket;
	}
	*ret = strdup(path);
	return *ret ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

int command_status(const struct command_line *line, struct fault *fault)
{
	cleanup(memory_freep) char *path = NULL;
	cleanup(output_json_freep) struct json_object *document = NULL;
	cleanup(buffer_deinit) struct buffer answer = {.most = ANSWER_SIZE_MOST};
	int r = find_socket(line, &path, fault);
	if (!path)
		return r;
	r = exchange(path, &answer, fault);
	if (r == 0)
		r = parse(path, &answer, &document, fault);
	if (r)
		return r;
	bool ready = json_object_get_boolean(json_object_object_get(document, "ready"));
	if (option_given(line, OPTION_JSON))
		output_json(json_object_get(document));
	else
		print_document(document, ready);
	return ready ? STATUS_DONE : STATUS_REFUSED;
}
