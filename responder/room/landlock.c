#include "room/landlock.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The same numbers on every machine. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define BIT(number) (UINT64_C(1) << (number))
#define FS_EXECUTE BIT(0)
#define FS_WRITE_FILE BIT(1)
#define FS_READ_FILE BIT(2)
#define FS_READ_DIR BIT(3)
#define FS_REFER BIT(13)
#define FS_TRUNCATE BIT(14)
#define NET_BIND_TCP BIT(0)
#define NET_CONNECT_TCP BIT(1)
#define SCOPE_ABSTRACT_UNIX_SOCKET BIT(0)
#define SCOPE_SIGNAL BIT(1)

struct ruleset_attributes {
	uint64_t files, network, scoped;
};

struct path_attributes {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* What each version knows of: an older kernel refuses bits that it does not know. */
static uint64_t files_known(unsigned version)
{
	unsigned bits = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
	return BIT(bits) - 1;
}

static size_t attributes_size(unsigned version)
{
	return version >= 6 ? 24 : version >= 4 ? 16 : 8;
}

unsigned landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	return version > 0 ? (unsigned)version : 0;
}

int landlock_new(unsigned version, unsigned may)
{
	bool connects = may & LANDLOCK_MAY_CONNECT;
	const struct ruleset_attributes attributes = {
		.files = files_known(version),
		.network = NET_BIND_TCP | (connects ? 0 : NET_CONNECT_TCP),
		.scoped = SCOPE_SIGNAL | (connects ? 0 : SCOPE_ABSTRACT_UNIX_SOCKET)};
	long rules = syscall(SYS_landlock_create_ruleset, &attributes, attributes_size(version), 0);
	return rules < 0 ? -errno : (int)rules;
}

/* Only what exists for files may be said of one. */
static uint64_t access_bits(enum landlock_access access, unsigned version, bool folder)
{
	uint64_t bits = FS_READ_FILE | (folder ? FS_READ_DIR : 0);
	if (access == LANDLOCK_WRITE && folder)
		bits = files_known(version) & ~(FS_EXECUTE | FS_REFER);
	else if (access == LANDLOCK_WRITE)
		bits |= FS_WRITE_FILE | (files_known(version) & FS_TRUNCATE);
	return bits;
}

int landlock_allow(int rules, unsigned version, const char *path, enum landlock_access access)
{
	struct stat status;
	cleanup(descriptor_closep) int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return 0;
	const struct path_attributes attributes = {
		.allowed = access_bits(access, version, S_ISDIR(status.st_mode)), .parent = fd};
	return syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &attributes, 0) < 0 ? -errno
											    : 0;
}

int landlock_restrict(int rules)
{
	return syscall(SYS_landlock_restrict_self, rules, 0) < 0 ? -errno : 0;
}
