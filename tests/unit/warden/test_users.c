/* Whose rights a room has (promise 4), and that it gives up all others. */
#include "unit.h"

#include "warden/privilege.h"
#include "warden/users.h"

#include "made_conf.h"

#include <sys/prctl.h>
#include <sys/wait.h>

static bool found(const char *base, struct users *users)
{
	struct conf_issuer none[1];
	struct conf conf = made_conf_of(CONF_ALL, none, 0);
	conf.server.fronts = conf.server.signers = 1;
	conf.server.users = (char *)(uintptr_t)base;
	users_find(&conf, users);
	return users->separate;
}

static void nobody_is_missed_where_nobody_is_wanted(void **state)
{
	(void)state;
	struct users users;
	assert_false(found(NULL, &users));
	assert_string_equal(users.missing, "");
}

static void a_name_without_a_user_separates_nothing(void **state)
{
	(void)state;
	struct users users;
	assert_false(found("nobody-of-that-name", &users));
	assert_string_not_equal(users.missing, "");
}

static void a_number_gives_each_kind_its_own(void **state)
{
	(void)state;
	struct users users;
	if (!privilege_may_switch())
		skip();
	assert_true(found("61000", &users));
	assert_int_equal(users.of[ROOM_LEDGER].uid, 61000);
	assert_int_equal(users.of[ROOM_SIGNER].uid, 61001);
	assert_int_equal(users.of[ROOM_FRONT].uid, 61003);
	assert_int_equal(users.of[ROOM_FRONT].gid, 61003);
}

/* uid 0 is nobody's own, and a number with something behind it is a name. */
static void root_is_no_rooms_user(void **state)
{
	(void)state;
	static const char *const bases[] = {"0", "root", "00", "61000x", "-1", "99999999999", ""};
	struct users users;
	for (size_t i = 0; i < array_size(bases); i++) {
		assert_false(found(bases[i], &users));
		assert_string_not_equal(users.missing, "");
	}
}

/* Runs in a child: what it gives up is gone for good. */
static int in_child(int (*what)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* 0: neither the way back to root nor another user is left. */
static int become(void)
{
	struct users users = {.separate = true, .of = {[ROOM_SIGNER] = {"61001", 61001, 61001}}};
	gid_t groups[1];
	if (users_become(&users, ROOM_SIGNER) < 0)
		return 1;
	if (getuid() != 61001 || geteuid() != 61001 || getgid() != 61001 || getgroups(1, groups))
		return 2;
	if (setuid(0) == 0 || setgid(0) == 0 || setuid(61003) == 0)
		return 3;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 4;
}

static void who_has_become_another_user_stays_it(void **state)
{
	(void)state;
	if (!privilege_may_switch())
		skip();
	assert_int_equal(in_child(become), 0);
}

/* Where users are shared; a root without capabilities may read what is root's, and change nobody. */
static int stay(void)
{
	struct users users = {0};
	if (users_become(&users, ROOM_FRONT) < 0)
		return 1;
	if (privilege_may_switch() || setuid(61003) == 0)
		return 2;
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (geteuid() == 0 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 0)
			return 3;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 4;
}

static void who_shares_a_user_has_no_capability_either(void **state)
{
	(void)state;
	assert_int_equal(in_child(stay), 0);
}

/* The warden's own steps are not reduced, or it could not prove that it can bind. */
static int keep(void)
{
	struct users users = {.separate = true};
	bool before = privilege_may_switch();
	if (privilege_keep() < 0 || privilege_may_switch() != before)
		return 1;
	return users_become(&users, ROOM_KINDS) == 0 && privilege_may_switch() == before ? 0 : 2;
}

static void the_warden_keeps_what_starting_rooms_needs(void **state)
{
	(void)state;
	assert_int_equal(in_child(keep), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_missed_where_nobody_is_wanted),
		cmocka_unit_test(a_name_without_a_user_separates_nothing),
		cmocka_unit_test(a_number_gives_each_kind_its_own),
		cmocka_unit_test(root_is_no_rooms_user),
		cmocka_unit_test(who_has_become_another_user_stays_it),
		cmocka_unit_test(who_shares_a_user_has_no_capability_either),
		cmocka_unit_test(the_warden_keeps_what_starting_rooms_needs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
