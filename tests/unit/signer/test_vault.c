/* Memory shared with the signers: passphrases, and the PINs that a token has refused (doc/faults.md row 19). */
#include "unit.h"

#include "signer/vault.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKEN "token=a"

static struct view pin(const char *text)
{
	return view_of_string(text);
}

static int make(void **state)
{
	(void)state;
	assert_int_equal(vault_make(), 0);
	return 0;
}

static int wipe(void **state)
{
	(void)state;
	vault_wipe();
	return 0;
}

static void what_is_put_is_got_by_its_name_alone(void **state)
{
	(void)state;
	char text[VAULT_TEXT_MOST + 1] = "";
	assert_int_equal(vault_put("a", pin("one")), 0);
	assert_int_equal(vault_put("b", pin("two")), 0);
	assert_int_equal(vault_put("a", pin("three")), 0);
	assert_int_equal(vault_get("a", text), 0);
	assert_string_equal(text, "three");
	assert_int_equal(vault_get("c", text), -ENOENT);
	char name[16];
	for (int i = 0; i < 62; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(vault_put(name, pin("x")), 0);
	}
	assert_int_equal(vault_put("one more", pin("x")), -ENOSPC);
}

/* As a signer is given it: the descriptor alone. */
static void another_process_finds_it_by_its_descriptor(void **state)
{
	(void)state;
	assert_int_equal(vault_put("a", pin("one")), 0);
	int fd = dup(vault_descriptor()), status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		char text[VAULT_TEXT_MOST + 1] = "";
		vault_close();
		vault_adopt(fd);
		bool right = vault_get("a", text) == 0 && strcmp(text, "one") == 0 &&
			     vault_pin_try(TOKEN, pin("1")) == 0;
		vault_pin_tried(TOKEN, pin("1"), PIN_WRONG);
		_exit(right ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(vault_pin_try(TOKEN, pin("1")), -EKEYREJECTED);
	close(fd);
}

static void any_other_descriptor_is_not_it(void **state)
{
	(void)state;
	int ends[2], memory = memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	vault_close();
	assert_int_equal(pipe(ends), 0);
	vault_adopt(ends[0]);
	assert_int_equal(vault_descriptor(), -1);
	vault_adopt(memory);
	assert_int_equal(vault_descriptor(), -1);
	vault_adopt(9999);
	assert_int_equal(vault_descriptor(), -1);
	close(ends[0]);
	close(ends[1]);
	close(memory);
}

static void a_refused_pin_is_not_tried_again_and_another_is(void **state) /* row 19 */
{
	(void)state;
	assert_int_equal(vault_pin_try(TOKEN, pin("1")), 0);
	vault_pin_tried(TOKEN, pin("1"), PIN_WRONG);
	assert_int_equal(vault_pin_try(TOKEN, pin("1")), -EKEYREJECTED);
	assert_int_equal(vault_pin_try("token=b", pin("1")), 0);
	vault_pin_tried("token=b", pin("1"), PIN_RIGHT);
	assert_int_equal(vault_pin_try(TOKEN, pin("2")), 0);
	vault_pin_tried(TOKEN, pin("2"), PIN_RIGHT);
	assert_int_equal(vault_pin_try(TOKEN, pin("2")), 0);
	vault_pin_tried(TOKEN, pin("2"), PIN_RIGHT);
}

static void a_token_that_fails_before_it_looks_has_refused_nothing(void **state) /* row 19 */
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(vault_pin_try(TOKEN, pin("1")), 0);
		vault_pin_tried(TOKEN, pin("1"), PIN_UNTOLD);
	}
}

static void die_trying(const char *text)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(vault_pin_try(TOKEN, pin(text)) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* It may have been wrong: who died did not tell. A PIN that was right once cannot lock the token. */
static void two_that_die_trying_a_new_pin_are_enough(void **state) /* row 19 */
{
	(void)state;
	die_trying("1");
	die_trying("1");
	assert_int_equal(vault_pin_try(TOKEN, pin("1")), -EKEYREJECTED);
	assert_int_equal(vault_pin_try(TOKEN, pin("2")), 0);
	vault_pin_tried(TOKEN, pin("2"), PIN_RIGHT);
	for (int i = 0; i < 4; i++)
		die_trying("2");
}

static void two_do_not_try_at_a_time(void **state) /* row 19 */
{
	(void)state;
	int ends[2], status = -1;
	char octet = 0;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		bool first = vault_pin_try(TOKEN, pin("1")) == 0;
		(void)!write(ends[1], "x", 1);
		(void)usleep(200000);
		vault_pin_tried(TOKEN, pin("1"), PIN_WRONG);
		_exit(first ? 0 : 1);
	}
	assert_int_equal(read(ends[0], &octet, 1), 1);
	assert_int_equal(vault_pin_try(TOKEN, pin("1")), -EKEYREJECTED); /* waited for the other */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, wipe)
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_got_by_its_name_alone),
		TEST(another_process_finds_it_by_its_descriptor),
		TEST(any_other_descriptor_is_not_it),
		TEST(a_refused_pin_is_not_tried_again_and_another_is),
		TEST(a_token_that_fails_before_it_looks_has_refused_nothing),
		TEST(two_that_die_trying_a_new_pin_are_enough),
		TEST(two_do_not_try_at_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
