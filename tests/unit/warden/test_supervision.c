/* The warden with real processes but simple rooms: this executable, started again by the warden,
 * plays them. LANG, which reaches every room, says which of them misbehaves and how:
 * "fail:ledger", "die:signer 0", "deaf:front 1", "mute:front 1", "garbage:front 1". */
#include "unit.h"

#include "warden/warden.h"

#include "base/clock.h"
#include "ipc/control.h"
#include "warden/kind.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

/* ---- a simple room ---- */

struct simple {
	char name[ROOM_NAME_SIZE];
	unsigned ledgers, fronts, signers, listeners, journal, draining;
};

static bool behaves(const struct simple *room, const char *how)
{
	char expected[64];
	(void)snprintf(expected, sizeof(expected), "%s:%s", how, room->name);
	const char *lang = getenv("LANG");
	return lang && strcmp(lang, expected) == 0;
}

static void say(enum control_type type, const char *text)
{
	struct control_message message = {.type = type, .text = view_of_string(text)};
	if (control_send(CONTROL_FD, &message) < 0)
		_exit(3);
}

/* What the control socket passes on to the ledger comes back to who asked. */
static void answer_words(const struct simple *room, const struct control_message *message)
{
	char text[128];
	if (behaves(room, "mute"))
		return;
	(void)snprintf(text, sizeof(text), "{\"%s\":\"%.*s\"}", room->name, (int)message->text.size,
		       (const char *)message->text.data);
	const struct control_message answer = {
		.type = CONTROL_ANSWER, .index = message->index, .text = view_of_string(text)};
	if (control_send(CONTROL_FD, &answer) < 0)
		_exit(3);
}

static void report(const struct simple *room)
{
	char text[256];
	if (behaves(room, "mute"))
		return;
	(void)snprintf(text, sizeof(text),
		       "{\"ready\":true,\"ledgers\":%u,\"fronts\":%u,\"signers\":%u,"
		       "\"listeners\":%u,\"journal\":%u,\"draining\":%u}",
		       room->ledgers, room->fronts, room->signers, room->listeners, room->journal,
		       room->draining);
	say(CONTROL_ANSWER, behaves(room, "garbage") ? "[1,{" : text);
}

static bool is_channel(const struct control_message *message, enum room_kind other)
{
	return message->type == CONTROL_CHANNEL && message->kind == other;
}

/* It lives, and says that its first channel is gone. */
static void lose(const struct simple *room)
{
	const struct control_message lost = {.type = CONTROL_LOST, .kind = ROOM_LEDGER};
	if (room->ledgers == 1 && behaves(room, "lose") && control_send(CONTROL_FD, &lost) < 0)
		_exit(3);
}

/* What only the warden says, a readiness that is none, and an answer that nobody asked for. */
static void give_orders(const struct simple *room)
{
	if (!behaves(room, "order"))
		return;
	say(CONTROL_READY, "[{\"uid\":0");
	say(CONTROL_READY, "");
	say(CONTROL_ANSWER, "{\"ready\":true}");
	const struct control_message stop = {.type = CONTROL_STOP};
	if (control_send(CONTROL_FD, &stop) < 0)
		_exit(3);
}

static void take(struct simple *room, struct control_message *message)
{
	room->ledgers += is_channel(message, ROOM_LEDGER);
	room->fronts += is_channel(message, ROOM_FRONT);
	room->signers += is_channel(message, ROOM_SIGNER);
	if (is_channel(message, ROOM_LEDGER))
		lose(room);
	if (is_channel(message, ROOM_LEDGER))
		give_orders(room);
	if (message->type == CONTROL_LISTEN)
		room->listeners += message->descriptor_count;
	if (message->type == CONTROL_JOURNAL && room->ledgers + room->fronts + room->signers == 0)
		room->journal += message->descriptor_count;
	if (message->type == CONTROL_DRAIN)
		room->draining = message->index;
	if (message->type == CONTROL_ASK && message->index == 0)
		report(room);
	else if (message->type == CONTROL_ASK)
		answer_words(room, message);
	if (message->type == CONTROL_STOP) {
		(void)fprintf(stderr, "%s stops\n", room->name);
		if (!behaves(room, "deaf"))
			_exit(0);
	}
	if (message->type != CONTROL_LISTEN) /* connections wait in the backlog */
		control_message_close(message);
}

static int room_main(enum room_kind kind, unsigned index)
{
	static uint8_t packet[CONTROL_PACKET];
	struct simple room = {0};
	struct control_message message;
	room_name(kind, index, room.name);
	if (behaves(&room, "die"))
		return 7;
	if (behaves(&room, "fail")) {
		say(CONTROL_FAILED, "the roof leaks");
		return 1;
	}
	if (behaves(&room, "slow"))
		(void)fprintf(stderr, "%s is slow\n", room.name);
	else
		say(CONTROL_READY, "");
	for (;;) {
		struct pollfd readable = {.fd = CONTROL_FD, .events = POLLIN};
		if (poll(&readable, 1, 100) == 0)
			say(CONTROL_BEAT, "");
		else if (control_receive(CONTROL_FD, packet, &message) == 0)
			take(&room, &message);
		else
			return 0;
	}
}

/* ---- the fixture: a warden in a child process ---- */

static struct {
	char folder[64], socket[96], log[96], conf[96], journal[2][96], address[32];
	const char *drain_delay;
	struct conf *parsed;
	pid_t warden;
} f;

static int free_port(void)
{
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(place);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&place, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&place, &size), 0);
	close(fd);
	return ntohs(place.sin_port);
}

static int setup_with(const char *drain_delay)
{
	f.drain_delay = drain_delay;
	char text[1024];
	struct fault fault = {0};
	(void)snprintf(f.folder, sizeof(f.folder), "/tmp/stillgood-test-XXXXXX");
	assert_non_null(mkdtemp(f.folder));
	(void)snprintf(f.socket, sizeof(f.socket), "%s/control", f.folder);
	(void)snprintf(f.log, sizeof(f.log), "%s/log", f.folder);
	(void)snprintf(f.journal[0], sizeof(f.journal[0]), "%s/revocations.a", f.folder);
	(void)snprintf(f.journal[1], sizeof(f.journal[1]), "%s/revocations.b", f.folder);
	(void)snprintf(f.conf, sizeof(f.conf), "%s/conf", f.folder);
	(void)snprintf(f.address, sizeof(f.address), "127.0.0.1:%d", free_port());
	(void)snprintf(text, sizeof(text),
		       "[server]\nlisten = %s\ncontrol_socket = %s\nusers = none\nfronts = 2\n"
		       "signers = 1\n"
		       "journal = %s\n"
		       "answer_timeout = 100ms\ndrain_delay = %s\ndrain_timeout = 500ms\n"
		       "[database]\nconninfo = host=/nowhere password=secret\n"
		       "query_timeout = 50ms\n"
		       "[issuer \"Test\"]\ncertificate = ca\nsigner_certificate = c\n"
		       "signer_key = k\n",
		       f.address, f.socket, f.folder, f.drain_delay);
	assert_int_equal(conf_parse(f.conf, view_of_string(text), CONF_ALL, &f.parsed, &fault), 0);
	f.warden = 0;
	unsetenv("LANG");
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_with("0s");
}

static int teardown(void **state)
{
	(void)state;
	if (f.warden > 0) {
		kill(f.warden, SIGKILL);
		waitpid(f.warden, NULL, 0);
	}
	unlink(f.socket);
	unlink(f.log);
	unlink(f.journal[0]);
	unlink(f.journal[1]);
	rmdir(f.folder);
	conf_free(f.parsed);
	f.parsed = NULL;
	return 0;
}

static pid_t start(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		int log = open(f.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(log, STDERR_FILENO);
		static const struct preflight_step no_steps[] = {{0}};
		_exit(warden_run(f.parsed, no_steps));
	}
	return pid;
}

static const char *log_text(void)
{
	static char text[16384];
	int fd = open(f.log, O_RDONLY);
	ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[size < 0 ? 0 : size] = '\0';
	return text;
}

static void nap(void)
{
	(void)poll(NULL, 0, 10);
}

/* Waits for the condition; two minutes are for what never comes, not for what is slow. */
#define EVENTUALLY(condition)                                  \
	do {                                                   \
		int naps_ = 0;                                 \
		while (!(condition) && naps_++ < 12000)        \
			nap();                                 \
		if (!(condition))                              \
			print_error("log:\n%s\n", log_text()); \
		assert_true(condition);                        \
	} while (0)

static int exit_status(pid_t pid)
{
	int status = 0;
	int naps = 0;
	while (waitpid(pid, &status, WNOHANG) == 0 && naps++ < 12000)
		nap();
	assert_true(naps < 12000);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int control_connect(void)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	memcpy(place.sun_path, f.socket, strlen(f.socket));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&place, sizeof(place)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What the control socket answers to `line`, until its end. */
static const char *ask(const char *line)
{
	static char text[65536];
	size_t size = 0;
	int fd = control_connect();
	if (fd < 0)
		return NULL;
	assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
	for (ssize_t got; (got = read(fd, text + size, sizeof(text) - 1 - size)) > 0;)
		size += (size_t)got;
	close(fd);
	text[size] = '\0';
	return text;
}

/* ---- looking into a status document ---- */

static struct json_object *get(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;
	assert_true(json_object_object_get_ex(object, key, &value));
	return value;
}

static struct json_object *status(void)
{
	const char *text = ask("status\n");
	if (!text)
		return NULL;
	struct json_object *document = json_tokener_parse(text);
	assert_non_null(document);
	return document;
}

static struct json_object *find_room(struct json_object *document, const char *name)
{
	struct json_object *rooms = get(document, "rooms");
	for (size_t i = 0; i < json_object_array_length(rooms); i++) {
		struct json_object *room = json_object_array_get_idx(rooms, i);
		if (strcmp(json_object_get_string(get(room, "name")), name) == 0)
			return room;
	}
	fail_msg("no room %s", name);
	return NULL;
}

static pid_t pid_of(const char *name)
{
	struct json_object *document = status();
	pid_t pid = (pid_t)json_object_get_int(get(find_room(document, name), "pid"));
	json_object_put(document);
	return pid;
}

static int counted(const char *name, const char *key)
{
	struct json_object *document = status();
	struct json_object *report_of = get(find_room(document, name), "status"), *value;
	int count =
		json_object_object_get_ex(report_of, key, &value) ? json_object_get_int(value) : -1;
	json_object_put(document);
	return count;
}

static bool ready(void)
{
	struct json_object *document = status();
	bool result = document && json_object_get_boolean(get(document, "ready"));
	json_object_put(document);
	return result;
}

static void start_and_wait(void)
{
	f.warden = start();
	EVENTUALLY(ready());
}

static void stop_and_wait(void)
{
	kill(f.warden, SIGTERM);
	assert_int_equal(exit_status(f.warden), 0);
	f.warden = 0;
}

static const char *const names[] = {"ledger", "signer 0", "front 0", "front 1"};

static void pids_of_all(pid_t pids[4])
{
	for (size_t i = 0; i < 4; i++)
		pids[i] = pid_of(names[i]);
}

/* Also one that nobody has waited for, where the first process adopts and reaps nobody. */
static bool gone(pid_t pid)
{
	char path[64], line[512] = "";
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return true;
	bool read = fgets(line, sizeof(line), file);
	fclose(file);
	const char *name_end = strrchr(line, ')');
	return !read || (name_end && strchr("ZX", name_end[2]));
}

static bool all_gone(const pid_t pids[4])
{
	for (size_t i = 0; i < 4; i++)
		if (!gone(pids[i]))
			return false;
	return true;
}

/* ---- refusals ---- */

static void expect_refused(const char *reason)
{
	assert_int_equal(exit_status(start()), 1);
	if (!strstr(log_text(), reason))
		print_error("log:\n%s\n", log_text());
	assert_non_null(strstr(log_text(), reason));
	assert_null(strstr(log_text(), "started: listening"));
}

static void a_room_that_fails_at_the_first_start_fails_the_start(void **state)
{
	(void)state;
	setenv("LANG", "fail:ledger", 1);
	expect_refused("ledger: the roof leaks");
	assert_int_not_equal(access(f.socket, F_OK), 0);
}

static void a_room_that_dies_before_it_is_ready_fails_the_start(void **state)
{
	(void)state;
	setenv("LANG", "die:signer 0", 1);
	expect_refused("signer 0 ended before it was ready status=7");
}

static void a_port_in_use_starts_nothing(void **state)
{
	(void)state;
	int other = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in place = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(strrchr(f.address, ':') + 1, NULL, 10)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_int_equal(bind(other, (struct sockaddr *)&place, sizeof(place)), 0);
	assert_int_equal(listen(other, 1), 0);
	expect_refused(f.address);
	assert_int_not_equal(access(f.socket, F_OK), 0);
	close(other);
}

static void a_second_instance_is_refused_with_the_pid_of_the_first(void **state)
{
	(void)state;
	char expected[64];
	start_and_wait();
	(void)snprintf(expected, sizeof(expected), "another instance is running (pid %d)",
		       (int)f.warden);
	assert_int_equal(exit_status(start()), 1);
	assert_non_null(strstr(log_text(), expected));
	assert_true(ready()); /* the first one goes on */
	stop_and_wait();
}

static void something_else_at_the_control_path_is_left_alone(void **state)
{
	(void)state;
	close(open(f.socket, O_WRONLY | O_CREAT, 0600));
	expect_refused("something else is there");
	assert_int_equal(access(f.socket, F_OK), 0);
}

/* ---- running ---- */

static void a_stale_control_socket_is_replaced(void **state)
{
	(void)state;
	start_and_wait();
	pid_t pids[4];
	pids_of_all(pids);
	kill(f.warden, SIGKILL);
	waitpid(f.warden, NULL, 0);
	assert_int_equal(access(f.socket, F_OK), 0);
	EVENTUALLY(all_gone(pids)); /* they hold the port until they are */
	start_and_wait();
	struct stat seen;
	assert_int_equal(stat(f.socket, &seen), 0);
	assert_int_equal(seen.st_mode & 0777, 0660);
	stop_and_wait();
}

static void every_room_is_wired_to_its_neighbours(void **state)
{
	(void)state;
	start_and_wait();
	assert_int_equal(counted("ledger", "fronts"), 2);
	assert_int_equal(counted("ledger", "signers"), 1);
	assert_int_equal(counted("front 0", "ledgers"), 1);
	assert_int_equal(counted("front 1", "listeners"), 1);
	assert_int_equal(counted("signer 0", "ledgers"), 1);
	assert_non_null(strstr(log_text(), "started: listening on 127.0.0.1:"));
	stop_and_wait();
}

/* sd_notify(3): the unit is of type notify. */
static void the_service_manager_is_told(void **state)
{
	(void)state;
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	(void)snprintf(place.sun_path, sizeof(place.sun_path), "%s/notify", f.folder);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&place, sizeof(place)), 0);
	setenv("NOTIFY_SOCKET", place.sun_path, 1);
	start_and_wait();
	unsetenv("NOTIFY_SOCKET");
	static const char stopping[] = "STOPPING=1\nEXTEND_TIMEOUT_USEC=";
	char text[128] = "";
	assert_int_equal(recv(fd, text, sizeof(text), 0), strlen("READY=1"));
	assert_string_equal(text, "READY=1");
	stop_and_wait();
	assert_true(recv(fd, text, sizeof(text) - 1, 0) > (ssize_t)strlen(stopping));
	assert_memory_equal(text, stopping, strlen(stopping));
	/* Three places, each with its time to drain and a while more. */
	assert_true(strtoll(text + strlen(stopping), NULL, 10) > 3 * 500 * MILLISECOND_US);
	close(fd);
	unlink(place.sun_path);
}

/* doc/faults.md row 18. */
static void a_killed_front_is_restarted_and_wired_again(void **state)
{
	(void)state;
	start_and_wait();
	pid_t before = pid_of("front 1");
	kill(before, SIGKILL);
	EVENTUALLY(ready() && pid_of("front 1") != before);
	assert_int_equal(counted("ledger", "fronts"), 3);
	assert_int_equal(counted("front 1", "listeners"), 1);
	assert_int_equal(counted("front 0", "ledgers"), 1);
	assert_non_null(strstr(log_text(), "front 1 ended pid="));
	assert_non_null(strstr(log_text(), "signal=9"));
	stop_and_wait();
}

static void a_killed_ledger_is_wired_to_all_again(void **state)
{
	(void)state;
	start_and_wait();
	pid_t before = pid_of("ledger");
	kill(before, SIGKILL);
	EVENTUALLY(ready() && pid_of("ledger") != before);
	assert_int_equal(counted("ledger", "fronts"), 2);
	assert_int_equal(counted("ledger", "signers"), 1);
	assert_int_equal(counted("front 0", "ledgers"), 2);
	assert_int_equal(counted("signer 0", "ledgers"), 2);
	stop_and_wait();
}

/* A connection, or -1: refused. */
static int knock(const char *address)
{
	struct sockaddr_in place = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&place, sizeof(place)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void clients_of_a_dead_front_wait_in_the_backlog(void **state)
{
	(void)state;
	start_and_wait();
	kill(pid_of("front 0"), SIGKILL);
	kill(pid_of("front 1"), SIGKILL);
	for (int i = 0; i < 20; i++) {
		int fd = knock(f.address);
		assert_true(fd >= 0);
		close(fd);
	}
	stop_and_wait();
}

static void a_file_of_proc(pid_t pid, const char *name, char *text, size_t size, size_t *ret)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, text, size - 1);
	assert_true(got >= 0);
	close(fd);
	text[got] = '\0';
	*ret = (size_t)got;
}

/* doc/design.md, "One room, one secret". */
static void a_room_has_its_name_and_nothing_that_is_not_its_own(void **state)
{
	(void)state;
	setenv("STILLGOOD_TEST_SECRET", "x", 1);
	int stray = open("/dev/null", O_RDONLY); /* without close-on-exec */
	start_and_wait();
	char text[4096], path[64];
	size_t size;
	pid_t pid = pid_of("front 1");
	a_file_of_proc(pid, "cmdline", text, sizeof(text), &size);
	assert_int_equal(size, sizeof("stillgood:\0front\0001"));
	assert_memory_equal(text, "stillgood:\0front\0001", size);
	a_file_of_proc(pid, "environ", text, sizeof(text), &size);
	assert_null(memmem(text, size, "SECRET", 6));
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *folder = opendir(path);
	for (struct dirent *entry; (entry = readdir(folder));)
		if (entry->d_name[0] != '.') /* 0–4 and its listening socket, 5 */
			assert_true(strtoul(entry->d_name, NULL, 10) <= 5);
	closedir(folder);
	(void)snprintf(path, sizeof(path), "fd/%d", CONTROL_CONF_FD);
	a_file_of_proc(pid, path, text, sizeof(text), &size);
	assert_non_null(strstr(text, "[server]"));
	assert_null(strstr(text, "conninfo"));
	assert_null(strstr(text, "signer_key"));
	a_file_of_proc(pid_of("ledger"), path, text, sizeof(text), &size);
	assert_non_null(strstr(text, "password=secret"));
	close(stray);
	unsetenv("STILLGOOD_TEST_SECRET");
	stop_and_wait();
}

/* ---- status ---- */

static void a_room_that_does_not_answer_is_marked(void **state)
{
	(void)state;
	setenv("LANG", "mute:front 1", 1);
	f.warden = start();
	EVENTUALLY(strstr(log_text(), "started: listening"));
	struct json_object *document = status();
	assert_false(json_object_get_boolean(get(document, "ready")));
	assert_string_equal(json_object_get_string(get(document, "reason")),
			    "front 1 does not answer");
	assert_false(json_object_get_boolean(get(find_room(document, "front 1"), "answered")));
	assert_true(json_object_get_boolean(get(find_room(document, "front 0"), "answered")));
	json_object_put(document);
	stop_and_wait();
}

static void a_report_that_is_no_json_is_no_answer(void **state)
{
	(void)state;
	setenv("LANG", "garbage:front 1", 1);
	f.warden = start();
	EVENTUALLY(strstr(log_text(), "started: listening"));
	struct json_object *document = status();
	assert_false(json_object_get_boolean(get(find_room(document, "front 1"), "answered")));
	json_object_put(document);
	stop_and_wait();
}

static void the_document_says_who_listens_where(void **state)
{
	(void)state;
	start_and_wait();
	struct json_object *document = status();
	assert_string_equal(json_object_get_string(get(document, "version")), STILLGOOD_VERSION);
	assert_int_equal(json_object_get_int(get(document, "pid")), f.warden);
	assert_int_equal(json_object_get_string_len(get(document, "started_at")), 20);
	assert_string_equal(json_object_get_string(get(document, "reason")), "");
	assert_string_equal(
		json_object_get_string(json_object_array_get_idx(get(document, "listen"), 0)),
		f.address);
	assert_string_equal(
		json_object_get_string(json_object_array_get_idx(get(document, "issuers"), 0)),
		"Test");
	json_object_put(document);
	stop_and_wait();
}

/* I-10: before its first channel, so that what was known comes before every question. */
static void every_ledger_is_given_the_journal_first(void **state)
{
	(void)state;
	start_and_wait();
	assert_int_equal(counted("ledger", "journal"), 2);
	assert_int_equal(counted("front 0", "journal"), 0);
	pid_t pid = pid_of("ledger");
	assert_int_equal(kill(pid, SIGKILL), 0);
	EVENTUALLY(pid_of("ledger") != pid && ready());
	assert_int_equal(counted("ledger", "journal"), 2);
	stop_and_wait();
}

static void a_lost_channel_between_two_that_live_is_made_anew(void **state)
{
	(void)state;
	setenv("LANG", "lose:front 1", 1);
	start_and_wait();
	EVENTUALLY(counted("front 1", "ledgers") == 2);
	EVENTUALLY(counted("ledger", "fronts") == 3);
	assert_int_equal(counted("front 0", "ledgers"), 1);
	stop_and_wait();
}

/* doc/faults.md row 32. */
static void a_room_that_gives_orders_is_killed_and_nobody_else(void **state)
{
	(void)state;
	setenv("LANG", "order:front 1", 1);
	f.warden = start();
	EVENTUALLY(strstr(log_text(), "started: listening"));
	pid_t ledger = pid_of("ledger"), other = pid_of("front 0");
	EVENTUALLY(strstr(log_text(), "front 1 is killed") &&
		   strstr(log_text(), "it sent a message that rooms never send"));
	assert_int_equal(pid_of("ledger"), ledger);
	assert_int_equal(pid_of("front 0"), other);
	assert_int_equal(kill(f.warden, 0), 0);
	stop_and_wait();
}

static void other_words_are_the_ledgers_to_answer(void **state)
{
	(void)state;
	start_and_wait();
	assert_string_equal(ask("lost 7\n"), "{\"ledger\":\"lost 7\"}\n");
	assert_string_equal(ask("accept-history\n"), "{\"ledger\":\"accept-history\"}\n");
	assert_true(ready());
	stop_and_wait();
}

/* A front that is started anew meanwhile drains too; rooms that know no clients are not told. */
static void drain_reaches_every_front_until_it_is_taken_back(void **state)
{
	(void)state;
	start_and_wait();
	assert_string_equal(ask("drain\n"), "{\"draining\":true}\n");
	assert_int_equal(counted("front 0", "draining"), 1);
	assert_int_equal(counted("front 1", "draining"), 1);
	assert_int_equal(counted("ledger", "draining"), 0);
	struct json_object *document = status();
	assert_true(json_object_get_boolean(get(document, "draining")));
	assert_false(json_object_get_boolean(get(document, "ready")));
	assert_string_equal(json_object_get_string(get(document, "reason")), "draining");
	json_object_put(document);
	pid_t pid = pid_of("front 0");
	assert_int_equal(kill(pid, SIGKILL), 0);
	EVENTUALLY(pid_of("front 0") != pid && counted("front 0", "draining") == 1);
	assert_string_equal(ask("drain off\n"), "{\"draining\":false}\n");
	assert_int_equal(counted("front 0", "draining"), 0);
	EVENTUALLY(ready());
	stop_and_wait();
}

static void words_are_whole_and_their_operands_known(void **state)
{
	(void)state;
	start_and_wait();
	assert_string_equal(ask("drain on\n"), "{\"error\":\"drain, or drain off\"}\n");
	assert_string_equal(ask("drain \n"), "{\"draining\":true}\n");
	assert_string_equal(ask("drain off\n"), "{\"draining\":false}\n");
	assert_string_equal(ask("drains\n"), "{\"ledger\":\"drains\"}\n");
	assert_string_equal(ask("dra\n"), "{\"ledger\":\"dra\"}\n");
	assert_true(ready());
	stop_and_wait();
}

static void a_ledger_that_does_not_answer_is_said_to_who_asked(void **state)
{
	(void)state;
	setenv("LANG", "mute:ledger", 1);
	f.warden = start();
	EVENTUALLY(strstr(log_text(), "started: listening"));
	assert_string_equal(ask("lost\n"), "{\"error\":\"there is no answer in time\"}\n");
	stop_and_wait();
}

static void endless_commands_are_turned_away(void **state)
{
	(void)state;
	char endless[CONTROL_PACKET];
	memset(endless, 'x', sizeof(endless));
	endless[200] = '\0';
	start_and_wait();
	assert_string_equal(ask(endless), "");
	/* Clients that say nothing take no more than their share. */
	int idle[40];
	for (size_t i = 0; i < array_size(idle); i++)
		idle[i] = control_connect();
	for (size_t i = 0; i < array_size(idle); i++)
		close(idle[i]);
	EVENTUALLY(ready());
	stop_and_wait();
}

/* ---- the end ---- */

static void rooms_stop_in_order_fronts_first(void **state)
{
	(void)state;
	start_and_wait();
	stop_and_wait();
	const char *text = log_text();
	const char *front0 = strstr(text, "front 0 stops"), *front1 = strstr(text, "front 1 stops");
	const char *ledger = strstr(text, "ledger stops"), *signer = strstr(text, "signer 0 stops");
	assert_true(front0 && front1 && ledger && signer);
	assert_true(front0 < ledger && front1 < ledger && ledger < signer);
	assert_int_not_equal(access(f.socket, F_OK), 0);
}

static int setup_patient(void **state)
{
	(void)state;
	return setup_with("10m");
}

/* doc/faults.md row 46: the sockets stay open, and a second signal is enough. */
static void it_drains_before_it_stops_until_a_second_signal(void **state)
{
	(void)state;
	start_and_wait();
	assert_int_equal(kill(f.warden, SIGTERM), 0);
	EVENTUALLY(counted("front 0", "draining") == 1 && counted("front 1", "draining") == 1);
	assert_null(strstr(log_text(), "front 0 stops"));
	int client = knock(f.address);
	assert_true(client >= 0);
	close(client);
	assert_string_equal(ask("drain off\n"), "{\"error\":\"it is stopping\"}\n");
	/* A front that dies meanwhile is missed. */
	pid_t pid = pid_of("front 0");
	assert_int_equal(kill(pid, SIGKILL), 0);
	EVENTUALLY(pid_of("front 0") != pid && counted("front 0", "draining") == 1);
	assert_int_equal(kill(f.warden, SIGINT), 0);
	assert_int_equal(exit_status(f.warden), 0);
	f.warden = 0;
	assert_true(knock(f.address) < 0);
}

static int setup_brief(void **state)
{
	(void)state;
	return setup_with("200ms");
}

static void it_stops_when_it_has_drained_for_long_enough(void **state)
{
	(void)state;
	start_and_wait();
	int64_t before = clock_now().mono_us;
	stop_and_wait();
	assert_true(clock_now().mono_us - before >= 200 * MILLISECOND_US);
	assert_non_null(strstr(log_text(), "drains first for 200ms"));
}

static void what_an_operators_drain_has_waited_counts(void **state)
{
	(void)state;
	start_and_wait();
	assert_string_equal(ask("drain\n"), "{\"draining\":true}\n");
	(void)poll(NULL, 0, 250);
	stop_and_wait();
	assert_null(strstr(log_text(), "drains first"));
}

/* A failing start is not waited for. */
static void a_start_that_is_not_done_stops_at_once(void **state)
{
	(void)state;
	setenv("LANG", "slow:ledger", 1);
	f.warden = start();
	EVENTUALLY(strstr(log_text(), "slow"));
	stop_and_wait();
	assert_null(strstr(log_text(), "drains first"));
}

static void a_room_that_does_not_stop_is_killed_after_the_drain_time(void **state)
{
	(void)state;
	setenv("LANG", "deaf:front 0", 1);
	start_and_wait();
	int64_t before = clock_now().mono_us;
	stop_and_wait();
	assert_true(clock_now().mono_us - before >= 400 * MILLISECOND_US);
	assert_non_null(strstr(log_text(), "front 0 is killed"));
	assert_non_null(strstr(log_text(), "signer 0 stops"));
}

static void a_room_that_is_killed_while_stopping_is_not_restarted(void **state)
{
	(void)state;
	setenv("LANG", "deaf:front 0", 1);
	start_and_wait();
	pid_t ledger = pid_of("ledger");
	kill(f.warden, SIGTERM);
	EVENTUALLY(strstr(log_text(), "front 0 stops"));
	kill(ledger, SIGKILL);
	assert_int_equal(exit_status(f.warden), 0);
	f.warden = 0;
	assert_null(strstr(log_text(), "restart_in"));
}

static void signals_for_the_whole_group_are_the_wardens(void **state)
{
	(void)state;
	start_and_wait();
	pid_t pids[4];
	pids_of_all(pids);
	for (size_t i = 0; i < 4; i++) {
		kill(pids[i], SIGINT);
		kill(pids[i], SIGTERM);
		kill(pids[i], SIGHUP);
		kill(pids[i], SIGQUIT);
	}
	kill(f.warden, SIGHUP);
	assert_true(ready());
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pid_of(names[i]), pids[i]);
	stop_and_wait();
}

/* doc/faults.md row 44: whichever it is. */
static void a_room_whose_loop_does_not_turn_is_replaced(void **state)
{
	(void)state;
	start_and_wait();
	for (size_t i = 0; i < 4; i++) {
		pid_t pid = pid_of(names[i]);
		assert_int_equal(kill(pid, SIGSTOP), 0);
		EVENTUALLY(gone(pid));
		EVENTUALLY(pid_of(names[i]) != pid && ready());
	}
	assert_non_null(strstr(log_text(), "signer 0 is killed"));
	assert_non_null(strstr(log_text(), ": its loop has not turned for 3"));
	stop_and_wait();
}

/* doc/faults.md rows 29 and 49: nobody was looked at meanwhile. */
static void a_warden_that_was_stopped_too_suspects_nobody(void **state)
{
	(void)state;
	start_and_wait();
	pid_t pids[4];
	pids_of_all(pids);
	assert_int_equal(kill(f.warden, SIGSTOP), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(kill(pids[i], SIGSTOP), 0);
	(void)poll(NULL, 0, 4000);
	assert_int_equal(kill(f.warden, SIGCONT), 0);
	(void)poll(NULL, 0, 100);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(kill(pids[i], SIGCONT), 0);
	EVENTUALLY(ready());
	(void)poll(NULL, 0, 1000);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pid_of(names[i]), pids[i]);
	assert_null(strstr(log_text(), "is killed"));
	stop_and_wait();
}

/* The moment of the last WATCHDOG=1 that has come; `last` if none has. */
static int64_t fed_at(int fd, int64_t last)
{
	char text[128] = "";
	while (recv(fd, text, sizeof(text) - 1, 0) > 0)
		if (strcmp(text, "WATCHDOG=1") == 0)
			last = clock_now().mono_us;
	return last;
}

static void the_watchdog_is_fed_only_while_all_loops_turn(void **state)
{
	(void)state;
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	(void)snprintf(place.sun_path, sizeof(place.sun_path), "%s/notify", f.folder);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&place, sizeof(place)), 0);
	setenv("NOTIFY_SOCKET", place.sun_path, 1);
	setenv("WATCHDOG_USEC", "300000", 1);
	start_and_wait();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	int64_t fed = 0;
	EVENTUALLY((fed = fed_at(fd, fed)) > 0);
	assert_int_equal(kill(pid_of("front 1"), SIGSTOP), 0);
	EVENTUALLY((fed = fed_at(fd, fed), strstr(log_text(), "front 1 is killed")));
	assert_true(clock_now().mono_us - fed >= SECOND_US);
	int64_t before = fed;
	EVENTUALLY((fed = fed_at(fd, fed)) > before);
	stop_and_wait();
	close(fd);
	unlink(place.sun_path);
}

/* None of them is a command, and none ends or stops anybody. */
static void other_signals_change_nothing(void **state)
{
	(void)state;
	const int others[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE,  SIGTTIN,     SIGTTOU,
			      SIGXFSZ, SIGIO,   SIGPROF, SIGRTMIN, SIGRTMAX - 1};
	start_and_wait();
	pid_t pids[4];
	pids_of_all(pids);
	for (size_t k = 0; k < array_size(others); k++) {
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(kill(pids[i], others[k]), 0);
		if (others[k] == SIGUSR1 || others[k] == SIGUSR2)
			assert_int_equal(kill(f.warden, others[k]), 0);
	}
	EVENTUALLY(strstr(log_text(), "SIGUSR2 changes nothing here"));
	assert_true(ready());
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pid_of(names[i]), pids[i]);
	stop_and_wait();
}

static void it_stops_at_once_on_quit(void **state)
{
	(void)state;
	start_and_wait();
	assert_int_equal(kill(f.warden, SIGQUIT), 0);
	assert_int_equal(exit_status(f.warden), 0);
	f.warden = 0;
	assert_null(strstr(log_text(), "drains first"));
	assert_non_null(strstr(log_text(), "signer 0 stops"));
}

static void rooms_end_when_the_warden_is_killed(void **state)
{
	(void)state;
	start_and_wait();
	pid_t pids[4];
	pids_of_all(pids);
	kill(f.warden, SIGKILL);
	waitpid(f.warden, NULL, 0);
	f.warden = 0;
	EVENTUALLY(all_gone(pids));
}

int main(int argc, char **argv)
{
	enum room_kind kind;
	unsigned index;
	if (kind_parse(argc, argv, &kind, &index) == 0)
		return room_main(kind, index);
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_room_that_fails_at_the_first_start_fails_the_start),
		TEST(a_room_that_dies_before_it_is_ready_fails_the_start),
		TEST(a_port_in_use_starts_nothing),
		TEST(a_second_instance_is_refused_with_the_pid_of_the_first),
		TEST(something_else_at_the_control_path_is_left_alone),
		TEST(a_stale_control_socket_is_replaced),
		TEST(every_room_is_wired_to_its_neighbours),
		TEST(the_service_manager_is_told),
		TEST(a_killed_front_is_restarted_and_wired_again),
		TEST(a_killed_ledger_is_wired_to_all_again),
		TEST(clients_of_a_dead_front_wait_in_the_backlog),
		TEST(a_room_has_its_name_and_nothing_that_is_not_its_own),
		TEST(a_room_that_does_not_answer_is_marked),
		TEST(a_report_that_is_no_json_is_no_answer),
		TEST(the_document_says_who_listens_where),
		TEST(every_ledger_is_given_the_journal_first),
		TEST(a_lost_channel_between_two_that_live_is_made_anew),
		TEST(a_room_that_gives_orders_is_killed_and_nobody_else),
		TEST(other_words_are_the_ledgers_to_answer),
		TEST(drain_reaches_every_front_until_it_is_taken_back),
		TEST(words_are_whole_and_their_operands_known),
		TEST(a_ledger_that_does_not_answer_is_said_to_who_asked),
		TEST(endless_commands_are_turned_away),
		TEST(rooms_stop_in_order_fronts_first),
		cmocka_unit_test_setup_teardown(it_drains_before_it_stops_until_a_second_signal,
						setup_patient, teardown),
		cmocka_unit_test_setup_teardown(it_stops_when_it_has_drained_for_long_enough,
						setup_brief, teardown),
		cmocka_unit_test_setup_teardown(what_an_operators_drain_has_waited_counts,
						setup_brief, teardown),
		cmocka_unit_test_setup_teardown(a_start_that_is_not_done_stops_at_once,
						setup_patient, teardown),
		TEST(a_room_that_does_not_stop_is_killed_after_the_drain_time),
		TEST(a_room_that_is_killed_while_stopping_is_not_restarted),
		TEST(signals_for_the_whole_group_are_the_wardens),
		TEST(a_room_whose_loop_does_not_turn_is_replaced),
		TEST(a_warden_that_was_stopped_too_suspects_nobody),
		TEST(the_watchdog_is_fed_only_while_all_loops_turn),
		TEST(other_signals_change_nothing),
		cmocka_unit_test_setup_teardown(it_stops_at_once_on_quit, setup_patient, teardown),
		TEST(rooms_end_when_the_warden_is_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
