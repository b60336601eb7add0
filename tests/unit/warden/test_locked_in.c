/* What a room of each kind can still do once it is locked in (promise 4, doc/faults.md row 32): a child takes what that
 * kind's plan says it needs, then tries what somebody else's code would try. Whatever its work does not need is
 * refused, or it is killed for it. */
#include "unit.h"

#include "room/harden.h"
#include "room/landlock.h"
#include "warden/kind.h"

#include "made_conf.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

/* ---- the world around ---- */

static struct {
	char folder[64], key[96], passfile[96], environment[64];
	int port, listening, pair[2], other_pair[2], file;
	pid_t warden; /* who started the room: this process */
	int secret; /* in its memory */
} world;

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static void make_file(char path[96], const char *name)
{
	(void)snprintf(path, 96, "%s/%s", world.folder, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && write(fd, "secret", 6) == 6 && close(fd) == 0);
}

static int make_world(void **state)
{
	(void)state;
	struct sockaddr_in place = loopback(0);
	socklen_t size = sizeof(place);
	(void)snprintf(world.folder, sizeof(world.folder), "/tmp/stillgood-test-XXXXXX");
	assert_non_null(mkdtemp(world.folder));
	make_file(world.key, "signer.key");
	make_file(world.passfile, "pgpass");
	(void)snprintf(world.environment, sizeof(world.environment), "/proc/%d/environ", getpid());
	world.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(world.listening, (struct sockaddr *)&place, size), 0);
	assert_int_equal(listen(world.listening, 64), 0);
	assert_int_equal(getsockname(world.listening, (struct sockaddr *)&place, &size), 0);
	world.port = ntohs(place.sin_port);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, world.pair), 0);
	world.file = memfd_create("journal", MFD_CLOEXEC);
	world.warden = getpid();
	world.secret = 42;
	return 0;
}

static int remove_world(void **state)
{
	(void)state;
	(void)unlink(world.key);
	(void)unlink(world.passfile);
	return rmdir(world.folder);
}

/* ---- deeds: true if it was done ---- */

static bool opens(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600) >= 0;
}

static bool read_the_key(void)
{
	return opens(world.key, O_RDONLY);
}

static bool read_the_password(void)
{
	return opens(world.passfile, O_RDONLY);
}

static bool read_the_wardens_environment(void)
{
	return opens(world.environment, O_RDONLY);
}

static bool read_the_configuration(void)
{
	return opens("/etc/shadow", O_RDONLY);
}

static bool overwrite_the_key(void)
{
	return opens(world.key, O_WRONLY);
}

static bool overwrite_what_it_may_read(void)
{
	return opens(world.passfile, O_RDWR);
}

static bool make_a_file(void)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/new", world.folder);
	return opens(path, O_WRONLY | O_CREAT);
}

static bool make_a_nameless_file(void)
{
	return opens(world.folder, O_RDWR | O_TMPFILE);
}

static bool list_a_folder(void)
{
	return opens(world.folder, O_RDONLY | O_DIRECTORY);
}

static bool remove_a_file(void)
{
	return unlink(world.key) == 0;
}

static bool rename_a_file(void)
{
	return rename(world.key, world.passfile) == 0;
}

static bool change_a_mode(void)
{
	return chmod(world.key, 0644) == 0;
}

static bool link_a_file(void)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/link", world.folder);
	return symlink(world.key, path) == 0;
}

static bool make_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool connect_somewhere(void)
{
	struct sockaddr_in place = loopback(world.port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&place, sizeof(place)) == 0;
}

static bool listen_somewhere(void)
{
	struct sockaddr_in place = loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && bind(fd, (struct sockaddr *)&place, sizeof(place)) == 0;
}

static bool ask_the_kernels_cryptography(void)
{
	return socket(AF_ALG, SOCK_SEQPACKET, 0) >= 0;
}

static bool open_a_raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static bool make_a_pair_of_sockets(void)
{
	return socketpair(AF_UNIX, SOCK_STREAM, 0, world.other_pair) == 0;
}

static bool fork_itself(void)
{
	return fork() >= 0;
}

static bool execute_something(void)
{
	char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
	return execve("/bin/true", arguments, NULL) == 0;
}

static bool trace_the_warden(void)
{
	return ptrace(PTRACE_ATTACH, world.warden, NULL, NULL) == 0;
}

static bool read_the_wardens_memory(void)
{
	int stolen = 0;
	struct iovec here = {&stolen, sizeof(stolen)}, there = {&world.secret, sizeof(int)};
	return process_vm_readv(world.warden, &here, 1, &there, 1, 0) > 0;
}

static bool take_the_wardens_descriptors(void)
{
	long pid = syscall(SYS_pidfd_open, world.warden, 0);
	return pid >= 0 && syscall(SYS_pidfd_getfd, pid, world.listening, 0) >= 0;
}

static bool signal_the_warden(void)
{
	return kill(world.warden, 0) == 0;
}

static bool signal_the_warden_by_its_thread(void)
{
	return syscall(SYS_tgkill, world.warden, world.warden, 0) == 0;
}

/* The kernel would send the signal when the socket has something to read. */
static bool have_the_warden_signalled(void)
{
	return fcntl(world.pair[0], F_SETOWN, world.warden) == 0;
}

static bool run_code_of_its_own(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) != MAP_FAILED;
}

static bool make_its_data_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool make_a_file_of_memory(void)
{
	return memfd_create("code", 0) >= 0;
}

static bool write_into_the_terminal(void)
{
	return ioctl(world.pair[0], TIOCSTI, "x") == 0;
}

static bool be_traced(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool raise_a_limit(void)
{
	const struct rlimit limit = {0, 0};
	return setrlimit(RLIMIT_NPROC, &limit) == 0;
}

static bool become_root(void)
{
	return setuid(0) == 0;
}

static bool enter_a_name_space(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool mount_something(void)
{
	return mount("none", world.folder, "tmpfs", 0, NULL) == 0;
}

static bool use_a_ring(void)
{
	uint8_t parameters[128] = {0};
	return syscall(SYS_io_uring_setup, 1, parameters) >= 0;
}

static bool load_a_program_into_the_kernel(void)
{
	uint8_t attributes[128] = {0};
	return syscall(SYS_bpf, 0, attributes, sizeof(attributes)) >= 0;
}

static bool look_for_kept_keys(void)
{
	return syscall(SYS_keyctl, 0, -3, 1) >= 0;
}

static bool count_events(void)
{
	uint8_t attributes[128] = {0};
	return syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0) >= 0;
}

static bool handle_its_own_faults(void)
{
	return syscall(SYS_userfaultfd, 0) >= 0;
}

static bool filter_itself_again(void)
{
	return syscall(SYS_seccomp, 1, 0, NULL) >= 0 || errno == EFAULT;
}

/* What it must be able to do. */

static bool read_and_write(void)
{
	char octet;
	return write(world.pair[0], "x", 1) == 1 && read(world.pair[1], &octet, 1) == 1;
}

static bool tell_the_time(void)
{
	struct timespec now;
	return syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) == 0;
}

static bool take_memory(void)
{
	void *much = malloc(1u << 22);
	bool taken = much && (much = realloc(much, 1u << 24));
	free(much);
	return taken;
}

static bool accept_a_connection(void)
{
	int fd = accept4(world.listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return fd >= 0 || errno == EAGAIN;
}

static bool write_the_journal(void)
{
	char octet;
	return pwrite(world.file, "x", 1, 0) == 1 && pread(world.file, &octet, 1, 0) == 1 &&
	       ftruncate(world.file, 0) == 0 && fdatasync(world.file) == 0;
}

static bool keep_memory_from_the_disk(void)
{
	const long page = 1;
	return syscall(SYS_mlock, &page, sizeof(page)) == 0;
}

/* ---- who may do what ---- */

#define NOBODY 0u
#define EVERYBODY (~0u)
#define LEDGER ROOM_BIT(ROOM_LEDGER)
#define CONNECT (LEDGER | ROOM_BIT(ROOM_FETCHER))
#define SIGNER ROOM_BIT(ROOM_SIGNER)
#define DOORS (ROOM_BIT(ROOM_FRONT) | ROOM_BIT(ROOM_ADMIN))

static const struct deed {
	const char *name;
	bool (*done)(void);
	unsigned who; /* ROOM_BIT() */
	bool by_landlock; /* what refuses it to the ledger: nothing does on an older kernel */
	bool sanitized; /* sanitizers need it for themselves */
} deeds[] = {
	{"read the key", read_the_key, NOBODY, true, false},
	{"read the password", read_the_password, LEDGER, true, false},
	{"read the warden's environment", read_the_wardens_environment, NOBODY, true, true},
	{"read /etc/shadow", read_the_configuration, NOBODY, true, false},
	{"overwrite the key", overwrite_the_key, NOBODY, false, false},
	{"overwrite what it may read", overwrite_what_it_may_read, NOBODY, false, false},
	{"make a file", make_a_file, NOBODY, false, false},
	{"make a nameless file", make_a_nameless_file, NOBODY, false, false},
	{"list a folder", list_a_folder, NOBODY, true, false},
	{"remove a file", remove_a_file, NOBODY, false, false},
	{"rename a file", rename_a_file, NOBODY, false, false},
	{"change a mode", change_a_mode, NOBODY, false, false},
	{"link a file", link_a_file, NOBODY, false, false},
	{"make a socket", make_a_socket, CONNECT, false, false},
	{"connect somewhere", connect_somewhere, CONNECT, false, false},
	{"listen somewhere", listen_somewhere, NOBODY, true, false},
	{"ask the kernel's cryptography", ask_the_kernels_cryptography, NOBODY, false, false},
	{"open a raw socket", open_a_raw_socket, NOBODY, false, false},
	{"make a pair of sockets", make_a_pair_of_sockets, NOBODY, false, false},
	{"fork", fork_itself, NOBODY, false, false},
	{"execute something", execute_something, NOBODY, false, false},
	{"trace the warden", trace_the_warden, NOBODY, false, false},
	{"read the warden's memory", read_the_wardens_memory, NOBODY, false, false},
	{"take the warden's descriptors", take_the_wardens_descriptors, NOBODY, false, false},
	{"signal the warden", signal_the_warden, NOBODY, false, false},
	{"signal the warden by its thread", signal_the_warden_by_its_thread, NOBODY, false, false},
	{"have the warden signalled", have_the_warden_signalled, NOBODY, false, false},
	{"run code of its own", run_code_of_its_own, LEDGER, false, true},
	{"make its data executable", make_its_data_executable, LEDGER, false, true},
	{"make a file of memory", make_a_file_of_memory, ROOM_BIT(ROOM_FETCHER), false, false},
	{"write into the terminal", write_into_the_terminal, NOBODY, false, false},
	{"be traced", be_traced, NOBODY, false, true},
	{"raise a limit", raise_a_limit, NOBODY, false, false},
	{"become root", become_root, NOBODY, false, false},
	{"enter a name space", enter_a_name_space, NOBODY, false, false},
	{"mount something", mount_something, NOBODY, false, false},
	{"use a ring", use_a_ring, NOBODY, false, false},
	{"load a program into the kernel", load_a_program_into_the_kernel, NOBODY, false, false},
	{"look for kept keys", look_for_kept_keys, NOBODY, false, false},
	{"count events", count_events, NOBODY, false, false},
	{"handle its own faults", handle_its_own_faults, NOBODY, false, false},
	{"filter itself again", filter_itself_again, NOBODY, false, false},
	{"read and write", read_and_write, EVERYBODY, false, false},
	{"tell the time", tell_the_time, EVERYBODY, false, false},
	{"take memory", take_memory, EVERYBODY, false, false},
	{"accept a connection", accept_a_connection, DOORS, false, false},
	{"write the journal", write_the_journal, LEDGER, false, true},
	{"keep memory from the disk", keep_memory_from_the_disk, SIGNER, false, false},
};

/* ---- a room ---- */

#define LOCKED_OUT 9

static _Noreturn void live(enum room_kind kind, const struct conf *conf, const struct deed *deed)
{
	struct sandbox sandbox = {0};
	struct fault fault = {""};
	if (harden_process() < 0)
		_exit(LOCKED_OUT);
	if (kind_plan(kind)->needs)
		kind_plan(kind)->needs(conf, &sandbox);
	if (sandbox_enter(&sandbox, conf, &fault) < 0 || !sandbox.filtered)
		_exit(LOCKED_OUT);
	_exit(deed->done() ? 1 : 0);
}

/* Was it done? */
static bool try(enum room_kind kind, const struct conf *conf, const struct deed *deed)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		live(kind, conf, deed);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGSYS);
	else
		assert_int_not_equal(WEXITSTATUS(status), LOCKED_OUT);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static bool is_decided_here(const struct deed *deed)
{
	return !(deed->sanitized && SANITIZED) && !(deed->by_landlock && landlock_version() < 4);
}

static void a_room_can_do_its_work_and_nothing_else(void **state)
{
	(void)state;
	char text[256];
	(void)snprintf(text, sizeof(text), "[database]\nconninfo = passfile=%s\n%s", world.passfile,
		       MADE_ISSUER("made"));
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++) {
		cleanup(conf_freep) struct conf *conf = made_conf(kind_plan(kind)->options, text);
		for (size_t i = 0; i < array_size(deeds); i++) {
			bool may = deeds[i].who & ROOM_BIT(kind);
			if (!is_decided_here(&deeds[i]) || try(kind, conf, &deeds[i]) == may)
				continue;
			fail_msg("%s %s %s", room_kind_name(kind), may ? "cannot" : "can",
				 deeds[i].name);
		}
	}
}

/* `sandbox = no` is for tracers; what is refused above is done then. */
static void without_a_sandbox_nothing_is_refused(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf =
		made_conf(CONF_FRONT, "[server]\nsandbox = no\n" MADE_DATABASE MADE_ISSUER("made"));
	struct sandbox sandbox = {0};
	struct fault fault = {""};
	assert_int_equal(sandbox_enter(&sandbox, conf, &fault), 0);
	assert_false(sandbox.filtered);
	assert_int_equal(sandbox.landlock, 0);
	assert_true(read_the_key() && signal_the_warden());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_can_do_its_work_and_nothing_else),
		cmocka_unit_test(without_a_sandbox_nothing_is_refused),
	};
	return cmocka_run_group_tests(tests, make_world, remove_world);
}
