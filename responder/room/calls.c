/* Two filters, of which the stricter one holds: whoever makes a call that no room has any business with is
 * killed; what a library may try though it can do without (a message's translation, a time zone, a name for
 * its memory) is refused with an error, and so is a call whose arguments are not what they must be. */
#include "room/calls.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* What an argument must be. Calls of the hot path have no such condition: the kernel then needs a bit of a
 * map for them, and no run of the filter. */
enum condition {
	ANY,
	OWN_PROCESS, /* the first argument is this process: abort() */
	NO_NEW_CODE, /* memory that is not executable */
	READ_ONLY, /* the second argument opens for reading */
	READ_ONLY_AT, /* the third does */
	FAMILY, /* sockets of IPv4, IPv6, this machine; routes, which getaddrinfo() looks at */
	OF_DESCRIPTOR, /* fstat() of newer libraries: no path */
	LIMIT_READ, /* no limit is set */
	HARMLESS_FCNTL, /* not F_SETOWN, which sends signals */
	SEALS, /* what was written is what will be read */
	HARMLESS_IOCTL, /* how much is there to read, is it a terminal */
	THREAD, /* no process */
	SHARES_MEMORY, /* no process that could do anything of its own */
};

#define CALLS_EVER 64u
#define CALLS_SANITIZED 128u /* 256 is CALLS_HANDOVER */
#define CALLS_OF_BUILD (SANITIZED ? CALLS_SANITIZED | CALLS_FILES : 0u)

#define ALL CALLS_EVER

/* Names that a machine does not have are passed over. */
static const struct {
	const char *name;
	unsigned groups; /* of any of these */
	enum condition condition;
} allowed[] = {
	/* descriptors that it has */
	{"read", ALL, ANY},
	{"readv", ALL, ANY},
	{"write", ALL, ANY},
	{"writev", ALL, ANY},
	{"recv", ALL, ANY},
	{"recvfrom", ALL, ANY},
	{"recvmsg", ALL, ANY},
	{"send", ALL, ANY},
	{"sendto", ALL, ANY},
	{"sendmsg", ALL, ANY},
	{"shutdown", ALL, ANY},
	{"close", ALL, ANY},
	{"lseek", ALL, ANY},
	{"_llseek", ALL, ANY},
	{"fstat", ALL, ANY},
	{"fstat64", ALL, ANY},
	{"newfstatat", ALL, OF_DESCRIPTOR},
	{"fcntl", ALL, HARMLESS_FCNTL},
	{"fcntl64", ALL, HARMLESS_FCNTL},
	{"ioctl", ALL, HARMLESS_IOCTL},
	{"getsockopt", ALL, ANY},
	{"setsockopt", ALL, ANY},
	{"getsockname", ALL, ANY},
	{"getpeername", ALL, ANY},
	{"poll", ALL, ANY},
	{"ppoll", ALL, ANY},
	{"ppoll_time64", ALL, ANY},
	{"epoll_wait", ALL, ANY},
	{"epoll_pwait", ALL, ANY},
	{"epoll_pwait2", ALL, ANY},
	{"epoll_ctl", ALL, ANY},
	/* time and chance */
	{"clock_gettime", ALL, ANY},
	{"clock_gettime64", ALL, ANY},
	{"clock_nanosleep", ALL, ANY},
	{"clock_nanosleep_time64", ALL, ANY},
	{"nanosleep", ALL, ANY},
	{"gettimeofday", ALL, ANY},
	{"time", ALL, ANY},
	{"getrandom", ALL, ANY},
	/* memory */
	{"brk", ALL, ANY},
	{"mmap", ALL, NO_NEW_CODE},
	{"mmap2", ALL, NO_NEW_CODE},
	{"mprotect", ALL, NO_NEW_CODE},
	{"munmap", ALL, ANY},
	{"mremap", ALL, ANY},
	{"madvise", ALL, ANY},
	{"futex", ALL, ANY},
	{"futex_time64", ALL, ANY},
	{"sched_yield", ALL, ANY},
	{"sched_getaffinity", ALL, ANY},
	{"sysinfo", ALL, ANY},
	{"getrusage", ALL, ANY},
	{"getrlimit", ALL, ANY},
	{"ugetrlimit", ALL, ANY},
	{"prlimit64", ALL, LIMIT_READ},
	/* who am I */
	{"getpid", ALL, ANY},
	{"gettid", ALL, ANY},
	{"getppid", ALL, ANY},
	{"getuid", ALL, ANY},
	{"geteuid", ALL, ANY},
	{"getgid", ALL, ANY},
	{"getegid", ALL, ANY},
	{"uname", ALL, ANY},
	{"getcpu", ALL, ANY},
	/* signals to itself, and the end */
	{"rt_sigaction", ALL, ANY},
	{"rt_sigprocmask", ALL, ANY},
	{"rt_sigreturn", ALL, ANY},
	{"sigreturn", ALL, ANY},
	{"sigaltstack", ALL, ANY},
	{"restart_syscall", ALL, ANY},
	{"tgkill", ALL, OWN_PROCESS},
	{"exit", ALL, ANY},
	{"exit_group", ALL, ANY},
	/* connections that come */
	{"accept", CALLS_ACCEPT, ANY},
	{"accept4", CALLS_ACCEPT, ANY},
	/* connections that it makes */
	{"socket", CALLS_CONNECT, FAMILY},
	{"connect", CALLS_CONNECT, ANY},
	{"bind", CALLS_CONNECT, ANY},
	{"sendmmsg", CALLS_CONNECT, ANY},
	{"recvmmsg", CALLS_CONNECT, ANY},
	{"recvmmsg_time64", CALLS_CONNECT, ANY},
	/* files */
	{"open", CALLS_FILES, READ_ONLY},
	{"openat", CALLS_FILES, READ_ONLY_AT},
	{"newfstatat", CALLS_FILES, ANY},
	{"stat", CALLS_FILES, ANY},
	{"stat64", CALLS_FILES, ANY},
	{"lstat", CALLS_FILES, ANY},
	{"lstat64", CALLS_FILES, ANY},
	{"statx", CALLS_FILES, ANY},
	{"statfs", CALLS_FILES, ANY},
	{"fstatfs", CALLS_FILES, ANY},
	{"access", CALLS_FILES, ANY},
	{"faccessat", CALLS_FILES, ANY},
	{"faccessat2", CALLS_FILES, ANY},
	{"readlink", CALLS_FILES, ANY},
	{"readlinkat", CALLS_FILES, ANY},
	{"getcwd", CALLS_FILES, ANY},
	{"getdents64", CALLS_FILES, ANY},
	{"pread64", CALLS_FILES, ANY},
	{"mmap", CALLS_FILES, ANY},
	{"mmap2", CALLS_FILES, ANY},
	{"mprotect", CALLS_FILES, ANY},
	/* files that it was given */
	{"pread64", CALLS_JOURNAL, ANY},
	{"pwrite64", CALLS_JOURNAL, ANY},
	{"ftruncate", CALLS_JOURNAL, ANY},
	{"ftruncate64", CALLS_JOURNAL, ANY},
	{"fdatasync", CALLS_JOURNAL, ANY},
	{"fsync", CALLS_JOURNAL, ANY},
	/* files that it hands over */
	{"memfd_create", CALLS_HANDOVER, ANY},
	{"fcntl", CALLS_HANDOVER, SEALS},
	{"fcntl64", CALLS_HANDOVER, SEALS},
	/* secrets */
	{"mlock", CALLS_SECRETS, ANY},
	{"mlock2", CALLS_SECRETS, ANY},
	{"munlock", CALLS_SECRETS, ANY},
	/* a stranger's module */
	{"open", CALLS_MODULE, ANY},
	{"openat", CALLS_MODULE, ANY},
	{"fcntl", CALLS_MODULE, ANY},
	{"flock", CALLS_MODULE, ANY},
	{"mkdir", CALLS_MODULE, ANY},
	{"mkdirat", CALLS_MODULE, ANY},
	{"unlink", CALLS_MODULE, ANY},
	{"unlinkat", CALLS_MODULE, ANY},
	{"rename", CALLS_MODULE, ANY},
	{"renameat", CALLS_MODULE, ANY},
	{"renameat2", CALLS_MODULE, ANY},
	{"fchmod", CALLS_MODULE, ANY},
	{"umask", CALLS_MODULE, ANY},
	{"pipe2", CALLS_MODULE, ANY},
	{"eventfd2", CALLS_MODULE, ANY},
	{"clone", CALLS_MODULE, THREAD},
	{"set_robust_list", CALLS_MODULE, ANY},
	{"rseq", CALLS_MODULE, ANY},
	{"sched_getparam", CALLS_MODULE, ANY},
	{"sched_getscheduler", CALLS_MODULE, ANY},
	{"setitimer", CALLS_MODULE, ANY}, /* ours: a module that hangs ends its process */
	{"getdents64", CALLS_MODULE, ANY}, /* a token that is a folder */
	{"nanosleep", CALLS_MODULE, ANY},
	{"clock_nanosleep", CALLS_MODULE, ANY},
	{"sched_yield", CALLS_MODULE, ANY},
	{"sched_getattr", CALLS_MODULE, ANY},
	{"uname", CALLS_MODULE, ANY},
	{"sysinfo", CALLS_MODULE, ANY},
	{"prlimit64", CALLS_MODULE, ANY},
	{"ioctl", CALLS_MODULE, ANY}, /* devices of the bus */
	/* sanitizers */
	{"clone", CALLS_SANITIZED, SHARES_MEMORY},
	{"ptrace", CALLS_SANITIZED, ANY},
	{"wait4", CALLS_SANITIZED, ANY},
	{"getdents", CALLS_SANITIZED, ANY},
	{"prctl", CALLS_SANITIZED, ANY},
	{"process_vm_readv", CALLS_SANITIZED, ANY},
	{"pipe2", CALLS_SANITIZED, ANY},
	{"pipe", CALLS_SANITIZED, ANY},
	{"dup2", CALLS_SANITIZED, ANY},
	{"mmap", CALLS_SANITIZED, ANY},
};

/* What a library may try, and a signer whose token's process (signer/token.h) is out of its reach; of the
 * above with arguments that no condition allows the same holds. */
static const char *const refused[] = {
	"open",      "openat",        "openat2",         "stat",
	"stat64",    "lstat",         "statx",           "access",
	"faccessat", "faccessat2",    "readlink",        "readlinkat",
	"getcwd",    "prctl",         "mlock",           "mlock2",
	"munlock",   "rseq",          "set_robust_list", "kill",
	"wait4",     "sched_setattr",
};

/* ---- the filters ---- */

struct filter {
	scmp_filter_ctx seccomp;
	int result;
};

/* A call may stand in the table twice. */
static void note(struct filter *f, int result)
{
	if (f->result == 0 && result != -EEXIST)
		f->result = result;
}

static void rule(struct filter *f, int call, struct scmp_arg_cmp argument)
{
	note(f, seccomp_rule_add_array(f->seccomp, SCMP_ACT_ALLOW, call, 1, &argument));
}

static void rule_of_any(struct filter *f, int call)
{
	note(f, seccomp_rule_add(f->seccomp, SCMP_ACT_ALLOW, call, 0));
}

static struct scmp_arg_cmp equals(unsigned argument, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

/* One of these, up to a negative number. */
static void rule_of_list(struct filter *f, int call, unsigned argument, const int *values)
{
	for (; *values >= 0; values++)
		rule(f, call, equals(argument, (scmp_datum_t)*values));
}

/* None of these bits. */
static void rule_without(struct filter *f, int call, unsigned argument, unsigned bits)
{
	rule(f, call, SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, bits, 0));
}

static void rule_with(struct filter *f, int call, unsigned argument, unsigned bits)
{
	rule(f, call, SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, bits, bits));
}

static void rule_of(struct filter *f, int call, enum condition condition)
{
	static const unsigned writes = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, -1};
	static const int fcntls[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD,
				     F_GETFL, F_SETFL,         -1};
	static const int ioctls[] = {FIONREAD, FIONBIO, TCGETS, -1};
	switch (condition) {
	case ANY:
		return rule_of_any(f, call);
	case OWN_PROCESS:
		return rule(f, call, equals(0, (scmp_datum_t)getpid()));
	case NO_NEW_CODE:
		return rule_without(f, call, 2, PROT_EXEC);
	case READ_ONLY:
		return rule_without(f, call, 1, writes);
	case READ_ONLY_AT:
		return rule_without(f, call, 2, writes);
	case FAMILY:
		return rule_of_list(f, call, 0, families);
	case OF_DESCRIPTOR:
		return rule_with(f, call, 3, AT_EMPTY_PATH);
	case LIMIT_READ:
		return rule(f, call, equals(2, 0));
	case HARMLESS_FCNTL:
		return rule_of_list(f, call, 1, fcntls);
	case SEALS:
		return rule(f, call, equals(1, F_ADD_SEALS));
	case HARMLESS_IOCTL:
		return rule_of_list(f, call, 1, ioctls);
	case THREAD:
		return rule_with(f, call, 0, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND);
	case SHARES_MEMORY:
		return rule_with(f, call, 0, CLONE_UNTRACED | CLONE_VM);
	}
}

/* Negative: this machine has no such call. */
static int number_of(const char *name)
{
	return seccomp_syscall_resolve_name(name);
}

/* As a tree instead of a chain, where the library can. no_new_privs is set already. */
static int filter_begin(struct filter *f, uint32_t action)
{
	*f = (struct filter){.seccomp = seccomp_init(action)};
	if (!f->seccomp)
		return -ENOMEM;
	(void)seccomp_attr_set(f->seccomp, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return seccomp_attr_set(f->seccomp, SCMP_FLTATR_CTL_NNP, 0);
}

static int filter_end(struct filter *f)
{
	int result = f->result < 0 ? f->result : seccomp_load(f->seccomp);
	seccomp_release(f->seccomp);
	return result;
}

static void put_allowed(struct filter *f, unsigned groups, bool conditions)
{
	for (size_t i = 0; i < array_size(allowed); i++) {
		int call = number_of(allowed[i].name);
		if (call >= 0 && (allowed[i].groups & groups))
			rule_of(f, call, conditions ? allowed[i].condition : ANY);
	}
}

/* Whatever it may not is refused, but the call that loads the other filter. */
static int load_refusing(unsigned groups)
{
	struct filter f;
	int begun = filter_begin(&f, SCMP_ACT_ERRNO(EACCES));
	if (begun < 0)
		return begun;
	put_allowed(&f, groups, true);
	rule_of_any(&f, SCMP_SYS(seccomp));
	return filter_end(&f);
}

/* Whatever it has no business with kills it. */
static int load_killing(unsigned groups)
{
	struct filter f;
	int begun = filter_begin(&f, SCMP_ACT_KILL_PROCESS);
	if (begun < 0)
		return begun;
	put_allowed(&f, groups, false);
	for (size_t i = 0; i < array_size(refused); i++)
		if (number_of(refused[i]) >= 0)
			rule_of_any(&f, number_of(refused[i]));
	/* Then the library makes the older call, whose arguments can be looked at. */
	note(&f, seccomp_rule_add(f.seccomp, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
	return filter_end(&f);
}

bool calls_possible(void)
{
	return seccomp_api_get() >= 2;
}

int calls_restrict(unsigned groups)
{
	groups |= CALLS_EVER | CALLS_OF_BUILD;
	int result = load_refusing(groups);
	return result < 0 ? result : load_killing(groups);
}
