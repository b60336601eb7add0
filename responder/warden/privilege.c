#include "warden/privilege.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define BIT(capability) (UINT64_C(1) << (capability))

#define TO_SWITCH (BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_KILL))
/* With these the warden starts rooms as other users, takes the bounding set away from them, binds ports below
 * 1024, also after a reload, opens the files that root or the service's user own, and gives the journal to the
 * ledger's user. */
#define TO_WORK                                                                             \
	(TO_SWITCH | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_DAC_OVERRIDE) | \
	 BIT(CAP_CHOWN))

/* A program that root executes gains nothing, a user that becomes another one neither, nobody can change
 * that. */
#define NOTHING_BY_EXEC                                                                          \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                         \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | \
	 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* ---- capabilities, by their system calls: glibc has no functions for them ---- */

struct sets {
	struct __user_cap_data_struct half[_LINUX_CAPABILITY_U32S_3];
};

static int sets_read(struct sets *ret)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	return syscall(SYS_capget, &header, ret->half) < 0 ? -errno : 0;
}

static uint64_t sets_effective(const struct sets *sets)
{
	return (uint64_t)sets->half[1].effective << 32 | sets->half[0].effective;
}

static uint64_t effective(void)
{
	struct sets sets = {0};
	return sets_read(&sets) == 0 ? sets_effective(&sets) : 0;
}

/* Permitted and effective become those of `most` that they were. */
static int reduce(uint64_t most)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct sets sets = {0};
	int result = sets_read(&sets);
	for (unsigned i = 0; i < array_size(sets.half); i++) {
		uint32_t kept = (uint32_t)(most >> 32 * i);
		sets.half[i].permitted &= kept;
		sets.half[i].effective &= kept;
		sets.half[i].inheritable = 0;
	}
	if (result == 0 && syscall(SYS_capset, &header, sets.half) < 0)
		result = -errno;
	return result;
}

/* Of the bounding set, too, where that may be changed: what is not in it no exec can give. */
static void reduce_bounding(uint64_t most)
{
	for (unsigned i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (!(most & BIT(i)))
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

/* ---- */

bool privilege_may_switch(void)
{
	return (effective() & TO_SWITCH) == TO_SWITCH;
}

/* For the signers, whose memory is not to be swapped; who may not raise the limit keeps it. */
static void let_memory_be_locked(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	(void)setrlimit(RLIMIT_MEMLOCK, &all);
}

int privilege_keep(void)
{
	let_memory_be_locked();
	reduce_bounding(TO_WORK);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return reduce(TO_WORK);
}

/* Without CAP_SETPCAP neither can be changed; then no_new_privs does it alone: an exec gives no capability
 * that the process has not. */
static int gain_nothing_by_exec(void)
{
	if (!(effective() & BIT(CAP_SETPCAP)))
		return 0;
	reduce_bounding(0);
	return prctl(PR_SET_SECUREBITS, NOTHING_BY_EXEC, 0, 0, 0) < 0 ? -errno : 0;
}

static int end_capabilities(void)
{
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	int result = reduce(0);
	if (result == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		result = -errno;
	return result;
}

int privilege_drop(void)
{
	int result = gain_nothing_by_exec();
	return result < 0 ? result : end_capabilities();
}

int privilege_become(uid_t user, gid_t group)
{
	int result = gain_nothing_by_exec(); /* which takes a capability */
	if (result < 0)
		return result;
	if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 ||
	    setresuid(user, user, user) < 0)
		return -errno;
	return end_capabilities();
}
