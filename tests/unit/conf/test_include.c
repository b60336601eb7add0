/* A configuration in several files: which, in which order, and where each line stands. */
#include "unit.h"

#include "conf/conf.h"

#include <sys/stat.h>

static char folder[] = "/tmp/stillgood-test-XXXXXX";

static char *place(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];
	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(place(name), "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#define ISSUER(name)                                                             \
	"[issuer \"" name "\"]\ncertificate = ca.pem\nsigner_certificate = /s\n" \
	"signer_key = /k\n"
#define DATABASE "[database]\nconninfo = dbname=x\n"

static struct conf *load(const char *text)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	put("x.conf", text);
	if (conf_load(place("x.conf"), &conf, &fault) < 0)
		fail_msg("%s", fault.text);
	return conf;
}

/* The message begins with the file. */
static void refused(const char *text, const char *file, const char *words)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	put("x.conf", text);
	assert_int_equal(conf_load(place("x.conf"), &conf, &fault), -EINVAL);
	assert_null(conf);
	size_t size = strlen(place(file));
	if (strncmp(fault.text, place(file), size) != 0 || !strstr(fault.text + size, words))
		fail_msg("\"%s\" is not of %s or does not say \"%s\"", fault.text, file, words);
}

static void a_folder_is_read_in_the_order_of_its_names(void **state)
{
	(void)state;
	put("d/b.conf", ISSUER("B"));
	put("d/a.conf",
	    ISSUER("A") "[signer \"A 2\"]\nissuer = A\ncertificate = /c\nkey = k.key\n");
	put("d/a.conf.dpkg-old", "nonsense\n");
	put("d/.c.conf", "nonsense\n");
	cleanup(conf_freep) struct conf *conf = load(DATABASE "include = d\n" ISSUER("C"));
	assert_int_equal(conf->issuer_count, 3);
	assert_string_equal(conf->issuers[0].name, "A");
	assert_string_equal(conf->issuers[1].name, "B");
	assert_string_equal(conf->issuers[2].name, "C");
	/* Paths are relative to the file that they stand in. */
	assert_string_equal(conf->issuers[0].certificate, place("d/ca.pem"));
	assert_string_equal(conf->issuers[0].signers[0].key, place("d/k.key"));
	assert_string_equal(conf->issuers[2].certificate, place("ca.pem"));
	assert_string_equal(conf->issuers[0].file, place("d/a.conf"));
	assert_int_equal(conf->issuers[0].line, 1);
	assert_string_equal(conf->issuers[2].file, place("x.conf"));
	assert_int_equal(conf->issuers[2].line, 4);
}

static void a_section_goes_on_behind_an_include(void **state)
{
	(void)state;
	put("d/a.conf", ISSUER("A"));
	cleanup(conf_freep) struct conf *conf =
		load("[database]\ninclude = d/a.conf\nconninfo = dbname=x\ninclude = d/x*\n");
	assert_int_equal(conf->issuer_count, 1);
	assert_string_equal(conf->database.conninfo, "dbname=x");
	refused("[server]\ninclude = d/b.conf\n" ISSUER("C"), "x.conf", "no such file");
}

static void every_error_names_its_own_file_and_line(void **state)
{
	(void)state;
	put("d/a.conf", "# one\nvalidity = 8h\n");
	refused(DATABASE "include = d\n", "d/a.conf", ":2: validity stands before the first");
	put("d/a.conf", ISSUER("A") "unassignd = revoked\n");
	refused(DATABASE "include = d\n", "d/a.conf", ":5: unknown option unassignd");
	put("d/a.conf", "[issuer \"A\"]\ncertificate = /a\n");
	refused(DATABASE "include = d\n", "d/a.conf", ":1: [issuer \"A\"] has no signer_cert");
	put("d/a.conf", ISSUER("A") "validity = 3s\n");
	refused(DATABASE "include = d\n", "d/a.conf", ":5: validity = 3s of issuer \"A\"");
	put("d/a.conf", ISSUER("A"));
	put("d/b.conf", ISSUER("A"));
	refused(DATABASE "include = d\n", "d/b.conf", "d/a.conf:1: join them");
	put("d/b.conf", "[signer \"S\"]\nissuer = Z\n");
	refused(DATABASE "include = d\n", "d/b.conf", ":2: there is no [issuer \"Z\"]");
}

static void there_is_no_end_to_look_for(void **state)
{
	(void)state;
	put("d/a.conf", ISSUER("A") "include = a.conf\n");
	refused(DATABASE "include = d\n", "d/a.conf", ":5: an included file includes no other");
	refused("include = x.conf\n" DATABASE, "x.conf", ":1: an included file includes no other");
	struct conf *conf = NULL;
	struct fault fault = {""};
	assert_int_equal(conf_parse("y", view_of_string("include = d\n"), CONF_ALL, &conf, &fault),
			 -EINVAL);
	assert_non_null(strstr(fault.text, "not for this process"));
}

/* LIMIT_CONF_FILE holds for all of them together. */
static void many_files_are_no_way_around_a_limit(void **state)
{
	(void)state;
	static char text[LIMIT_CONF_FILE / 2 - 99];
	memset(text, '\n', sizeof(text) - 1);
	for (unsigned i = 0; i < 3; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "d/%u.conf", i);
		put(name, text);
	}
	struct conf *conf = NULL;
	struct fault fault = {""};
	put("x.conf", DATABASE "include = d\n");
	int result = conf_load(place("x.conf"), &conf, &fault);
	if (result != -EFBIG)
		fail_msg("%d %s", result, fault.text);
	assert_non_null(strstr(fault.text, place("d/2.conf")));
}

static int make_folder(void **state)
{
	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	return mkdir(place("d"), 0700);
}

static int remove_folder(void **state)
{
	(void)state;
	char command[64];
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(a_folder_is_read_in_the_order_of_its_names),
		TEST(a_section_goes_on_behind_an_include),
		TEST(every_error_names_its_own_file_and_line),
		TEST(there_is_no_end_to_look_for),
		TEST(many_files_are_no_way_around_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
