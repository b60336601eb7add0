/* Whether anything has changed since: a reload of nothing does nothing, and one of something is never missed. */
#include "temporary.h"

#include "warden/fingerprint.h"

#include <sys/stat.h>
#include <time.h>

static struct conf *parse(const char *validity)
{
	char text[512];
	struct conf *conf = NULL;
	struct fault fault = {""};
	(void)snprintf(text, sizeof(text),
		       "[database]\nconninfo = dbname=x\n[issuer \"A\"]\ncertificate = %s\n"
		       "signer_certificate = %s\nsigner_key = %s\nvalidity = %s\n",
		       path, path, path, validity);
	if (conf_parse("/x.conf", view_of_string(text), CONF_ALL, &conf, &fault) < 0)
		fail_msg("%s", fault.text);
	return conf;
}

static struct fingerprint take(const struct conf *conf)
{
	static const struct siphash_key key = {.k0 = 1, .k1 = 2};
	return fingerprint_take(conf, &key);
}

/* Times of change cannot be set: we wait until they are old. */
static struct fingerprint take_sure(const struct conf *conf)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	struct fingerprint f = take(conf);
	for (unsigned i = 0; i < 600 && !f.sure; i++) {
		(void)nanosleep(&pause, NULL);
		f = take(conf);
	}
	assert_true(f.sure);
	return f;
}

static void what_is_the_same_is_the_same(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse("8h"), *again = parse("8h");
	cleanup(conf_freep) struct conf *other = parse("9h");
	put_file(view_of_string("a key"));
	struct fingerprint fresh = take(conf);
	assert_false(fingerprint_same(&fresh, &fresh)); /* it might be written again unseen */
	struct fingerprint one = take_sure(conf), same = take_sure(again), not = take_sure(other);
	assert_true(fingerprint_same(&one, &same));
	assert_false(fingerprint_same(&one, &not ));
	put_file(view_of_string("akey!")); /* as long, in the same file */
	struct fingerprint changed = take_sure(conf);
	assert_false(fingerprint_same(&one, &changed));
}

static void what_cannot_be_looked_at_may_have_changed(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse("8h");
	assert_int_equal(unlink(path), 0);
	struct fingerprint missing = take(conf);
	assert_false(fingerprint_same(&missing, &missing));
	assert_int_equal(mkdir(path, 0700), 0);
	struct fingerprint folder = take(conf);
	assert_false(fingerprint_same(&folder, &folder));
	assert_int_equal(rmdir(path), 0);
	put_file(view_of_string("again"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same_is_the_same),
		cmocka_unit_test(what_cannot_be_looked_at_may_have_changed),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
