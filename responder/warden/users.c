#include "warden/users.h"

#include "warden/kind.h"
#include "warden/privilege.h"

#include <pwd.h>

/* "stillgood" of the ledger, whom PostgreSQL may know by that name (peer authentication); with the room's
 * name behind it of the others. */
static int name_of(const char *base, enum room_kind kind, char ret[USER_NAME_SIZE])
{
	int size = kind == ROOM_LEDGER
			   ? snprintf(ret, USER_NAME_SIZE, "%s", base)
			   : snprintf(ret, USER_NAME_SIZE, "%s-%s", base, room_kind_name(kind));
	return size < USER_NAME_SIZE ? 0 : -ENAMETOOLONG;
}

/* A number, for where no user has a name: the ledger's; the others follow in the order of kinds.h. Positive;
 * 0: a name. */
static uid_t number_of(const char *base)
{
	char *end;
	unsigned long number = strtoul(base, &end, 10);
	bool fits = base[0] >= '1' && base[0] <= '9' && !*end && number <= INT32_MAX - ROOM_KINDS;
	return fits ? (uid_t)number : 0;
}

static bool find(const char *base, enum room_kind kind, struct users *ret)
{
	struct room_user *user = &ret->of[kind];
	uid_t number = number_of(base);
	if (name_of(base, kind, user->name) < 0)
		return false;
	if (number > 0) {
		user->uid = user->gid = number + (uid_t)kind;
		(void)snprintf(user->name, sizeof(user->name), "%u", (unsigned)user->uid);
		return true;
	}
	const struct passwd *found = getpwnam(user->name);
	if (!found || found->pw_uid == 0) {
		(void)snprintf(ret->missing, sizeof(ret->missing), "there is no user \"%s\"%s",
			       user->name, found ? " without root's rights" : "");
		return false;
	}
	user->uid = found->pw_uid;
	user->gid = found->pw_gid;
	return true;
}

/* Two names of one user would be no wall. */
static bool distinct(struct users *users, enum room_kind kind)
{
	for (enum room_kind other = 0; other < kind; other++) {
		if (!users->of[other].name[0] || users->of[other].uid != users->of[kind].uid)
			continue;
		(void)snprintf(users->missing, sizeof(users->missing),
			       "\"%s\" is the same user as \"%s\"", users->of[kind].name,
			       users->of[other].name);
		return false;
	}
	return true;
}

static void all_the_same(struct users *ret)
{
	uid_t uid = geteuid();
	const struct passwd *found = getpwuid(uid);
	struct room_user shared = {.uid = uid, .gid = getegid()};
	if (found)
		(void)snprintf(shared.name, sizeof(shared.name), "%s", found->pw_name);
	else
		(void)snprintf(shared.name, sizeof(shared.name), "%u", (unsigned)uid);
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++)
		ret->of[kind] = shared;
}

static void find_all(const struct conf *conf, struct users *ret)
{
	if (!privilege_may_switch()) {
		(void)snprintf(ret->missing, sizeof(ret->missing),
			       "not started as root, nor with CAP_SETUID, CAP_SETGID and CAP_KILL");
		return;
	}
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++)
		if (kind_processes(kind, conf) > 0 &&
		    (!find(conf->server.users, kind, ret) || !distinct(ret, kind)))
			return;
	ret->separate = true;
}

void users_find(const struct conf *conf, struct users *ret)
{
	*ret = (struct users){0};
	if (conf->server.users)
		find_all(conf, ret);
	if (!ret->separate)
		all_the_same(ret);
}

/* libpq looks there for files of its own; the starter's are not this user's. */
static int move_home(const struct room_user *user)
{
	const struct passwd *found = getpwuid(user->uid);
	int result = found ? setenv("HOME", found->pw_dir, 1) : unsetenv("HOME");
	return result < 0 ? -errno : 0;
}

int users_become(const struct users *users, enum room_kind kind)
{
	if (kind == ROOM_KINDS)
		return 0;
	if (!users->separate)
		return privilege_drop();
	int result = move_home(&users->of[kind]);
	return result < 0 ? result : privilege_become(users->of[kind].uid, users->of[kind].gid);
}
