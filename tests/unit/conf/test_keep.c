/* What a reload cannot change keeps its value, and is named (promise 5). */
#include "unit.h"

#include "base/clock.h"
#include "conf/keep.h"

#define REQUIRED                                            \
	"[database]\nconninfo = dbname=x\n[issuer \"A\"]\n" \
	"certificate = /c\nsigner_certificate = /s\nsigner_key = /k\n"

static struct conf *parse(const char *text)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	if (conf_parse("/x.conf", view_of_string(text), CONF_ALL, &conf, &fault) < 0)
		fail_msg("%s", fault.text);
	return conf;
}

static void note(void *context, const char *section, const char *name)
{
	char *text = context;
	(void)snprintf(text + strlen(text), 256 - strlen(text), "[%s] %s;", section, name);
}

static void what_needs_a_restart_is_named_and_stays(void **state)
{
	(void)state;
	char text[256] = "";
	cleanup(conf_freep) struct conf *now =
		parse("[server]\nfronts = 2\njournal = /j\ncontrol_socket = /s\n" REQUIRED);
	cleanup(conf_freep) struct conf *next =
		parse("[server]\nfronts = 3\njournal = none\ncontrol_socket = /s\nmax_age = 7s\n"
		      "head_timeout = 3s\n" REQUIRED);
	assert_int_equal(conf_keep(now, next, note, text), 0);
	assert_string_equal(text, "[server] fronts;[server] journal;");
	assert_int_equal(next->server.fronts, 2);
	assert_string_equal(next->server.journal, "/j");
	assert_true(next->server.journal_named);
	assert_int_equal(next->server.max_age_us, 7 * SECOND_US);
	assert_int_equal(next->server.head_timeout_us, 3 * SECOND_US);
	text[0] = 0;
	assert_int_equal(conf_keep(now, next, note, text), 0);
	assert_string_equal(text, "");
}

static void none_stays_none(void **state)
{
	(void)state;
	char text[256] = "";
	cleanup(conf_freep) struct conf *now = parse("[server]\njournal = none\n" REQUIRED);
	cleanup(conf_freep) struct conf *next = parse("[server]\njournal = /j\n" REQUIRED);
	assert_int_equal(conf_keep(now, next, note, text), 0);
	assert_string_equal(text, "[server] journal;");
	assert_null(next->server.journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_needs_a_restart_is_named_and_stays),
		cmocka_unit_test(none_stays_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
