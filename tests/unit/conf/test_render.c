/* What a room is given: enough to parse again, and no secret of another room. */
#include "unit.h"

#include "base/clock.h"
#include "conf/conninfo.h"
#include "conf/options.h"

static const char *const text =
	"[server]\nlisten = 127.0.0.1:80, [::1]:80\nfronts = 3\nlog_level = debug\n"
	"cache = 1536KiB\nidle_timeout = 90s\n"
	"[database]\nconninfo = \" host=db password='hunter2' \"\nquery_timeout = 1500ms\n"
	"[defaults]\nvalidity = 36h\n"
	"[issuer \"電子 \\\"A\\\"\"]\ncertificate = /a.pem\nsigner_certificate = /b.pem\n"
	"signer_key = /c.key\nunassigned = revoked\n"
	"[issuer \"B\"]\ncertificate = /d.pem\nsigner_certificate = /d.pem\nsigner_key = /e.key\n"
	"complete = no\n";

static struct conf *parse(struct view bytes, enum conf_room room)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	if (conf_parse("/x.conf", bytes, room, &conf, &fault) < 0)
		fail_msg("%s", fault.text);
	return conf;
}

static void render(const struct conf *conf, unsigned rooms, bool secrets, struct buffer *out)
{
	buffer_reset(out);
	conf_render(conf, rooms, secrets, out);
	buffer_put_u8(out, '\0');
	assert_int_equal(buffer_result(out), 0);
	out->size--;
}

static void what_is_rendered_for_a_room_parses_to_the_same(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse(view_of_string(text), CONF_ALL);
	static const enum conf_room rooms[] = {CONF_FRONT, CONF_LEDGER, CONF_SIGNER, CONF_WARDEN,
					       CONF_ALL};
	for (size_t i = 0; i < array_size(rooms); i++) {
		cleanup(buffer_deinit) struct buffer first = {0}, second = {0};
		render(conf, rooms[i], true, &first);
		cleanup(conf_freep) struct conf *again = parse(buffer_view(&first), rooms[i]);
		render(again, rooms[i], true, &second);
		assert_view_equal(buffer_view(&second), buffer_view(&first));
		assert_int_equal(again->server.log_level, LOG_LEVEL_DEBUG);
	}
}

static bool given(const struct conf *conf, unsigned rooms, const char *word)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	render(conf, rooms, true, &out);
	return strstr((char *)out.data, word) != NULL;
}

static void no_room_is_given_another_rooms_secret(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse(view_of_string(text), CONF_ALL);
	assert_true(given(conf, CONF_LEDGER, "hunter2"));
	assert_false(given(conf, CONF_ALL & ~CONF_LEDGER, "hunter2"));
	assert_true(given(conf, CONF_SIGNER, "/c.key"));
	assert_false(given(conf, CONF_ALL & ~CONF_SIGNER, "/c.key"));
	assert_false(given(conf, CONF_ALL & ~CONF_SIGNER, "/b.pem"));
	assert_true(given(conf, CONF_WARDEN, "listen"));
	assert_false(given(conf, CONF_ALL & ~CONF_WARDEN, "listen"));
}

static void a_room_refuses_what_is_not_for_it_and_misses_what_is(void **state)
{
	(void)state;
	struct conf *conf = NULL;
	struct fault fault = {""};
	assert_int_equal(conf_parse("x", view_of_string(text), CONF_FRONT, &conf, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "listen is not for this process"));
	assert_int_equal(
		conf_parse("x", view_of_string("[issuer \"A\"]\n"), CONF_LEDGER, &conf, &fault),
		-EINVAL);
	assert_non_null(strstr(fault.text, "conninfo"));
	assert_int_equal(conf_parse("x", view_of_string("[issuer \"A\"]\ncertificate = /c\n"),
				    CONF_SIGNER, &conf, &fault),
			 -EINVAL);
	assert_non_null(strstr(fault.text, "signer_certificate"));
	assert_int_equal(conf_parse("x", view_of_string("[server]\n"), CONF_SIGNER, &conf, &fault),
			 -EINVAL);
	assert_non_null(strstr(fault.text, "no [issuer \"NAME\"] section"));
}

static void masked(const char *conninfo, const char *expected)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	conninfo_mask(conninfo, &out);
	buffer_put_u8(&out, '\0');
	assert_string_equal((char *)out.data, expected);
	assert_int_equal(conninfo_has_secret(conninfo), strcmp(conninfo, expected) != 0);
}

static void passwords_are_masked_for_people(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse(view_of_string(text), CONF_ALL);
	cleanup(buffer_deinit) struct buffer out = {0};
	render(conf, CONF_ALL, false, &out);
	assert_null(strstr((char *)out.data, "hunter2"));
	assert_non_null(strstr((char *)out.data, "password=***"));

	masked("host=a dbname=b", "host=a dbname=b");
	masked("password=s3 host=a", "password=*** host=a");
	masked("host=a password = 's 3' user=u", "host=a password = *** user=u");
	masked("password='s\\'3' user=u", "password=*** user=u");
	masked("password=s\\ 3 user=u", "password=*** user=u");
	masked("password=s\\\\ user=u", "password=*** user=u");
	masked("sslpassword=x PASSWORD=y", "sslpassword=*** PASSWORD=***");
	masked("options='-c password=1' passfile=/p", "options='-c password=1' passfile=/p");
	masked("password='open", "***");
	masked("host=a hunter2", "***");
	masked("password=x\\", "***");
}

static void passwords_in_uris_are_masked_for_people(void **state)
{
	(void)state;
	masked("postgresql://h/db", "postgresql://h/db");
	masked("postgresql://h:5432,i:5433/db?user=u", "postgresql://h:5432,i:5433/db?user=u");
	masked("postgresql://u@h:5432/db", "postgresql://u@h:5432/db");
	masked("postgresql://u:s3@h:5432/db", "postgresql://u:***@h:5432/db");
	masked("postgres://u:s3@h", "postgres://u:***@h");
	masked("postgresql://u:s@3/x@h/db", "postgresql://u:***@h/db");
	masked("postgresql://u:s?3@h/db", "postgresql://u:***@h/db");
	masked("postgresql:///db?password=s3&user=u", "postgresql:///db?password=***&user=u");
	masked("postgresql:///db?p%61ssword=s3", "postgresql:///db?p%61ssword=***");
	masked("postgresql:///db?user=u&sslpassword=s3", "postgresql:///db?user=u&sslpassword=***");
	masked("postgresql:///db?%zz=s3", "postgresql:///db?%zz=***");
}

/* Takes "#name = value" lines for options, and a "#[section]" for one. */
static void uncomment(struct buffer *sample, struct buffer *out)
{
	char *line = (char *)sample->data;
	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		bool option =
			line[0] == '#' && ((line[1] >= 'a' && line[1] <= 'z') || line[1] == '[');
		buffer_put(out, line + option, (size_t)(end - line) + 1 - option);
	}
}

static void the_sample_holds_every_option_and_parses(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer sample = {0}, full = {0};
	conf_render_sample(&sample);
	buffer_put_u8(&sample, '\0');
	sample.size--;
	for (size_t i = 0; i < option_count; i++) {
		char line[100];
		(void)snprintf(line, sizeof(line), "\n%s%s = ",
			       options[i].standard || options[i].section == SECTION_SIGNER ||
					       options[i].section == SECTION_CACHE
				       ? "#"
				       : "",
			       options[i].name);
		assert_non_null(strstr((char *)sample.data, line));
	}
	conf_free(parse(buffer_view(&sample), CONF_ALL));
	uncomment(&sample, &full);
	/* A cache is told by names, which answers have only if they are wanted. */
	static const char off[] = "\ncache_tag = off\n";
	const uint8_t *at = memmem(full.data, full.size, off, sizeof(off) - 1);
	assert_non_null(at);
	cleanup(buffer_deinit) struct buffer named = {0};
	buffer_put(&named, full.data, (size_t)(at - full.data));
	buffer_put_string(&named, "\ncache_tag = xkey\n");
	at += sizeof(off) - 1;
	buffer_put(&named, at, (size_t)(full.data + full.size - at));
	conf_free(parse(buffer_view(&named), CONF_ALL));
}

/* One option's example in an otherwise minimal file; its own bounds allow it. */
static void every_example_is_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		cleanup(buffer_deinit) struct buffer out = {0};
		const char *section = section_name(options[i].section);
		buffer_printf(&out, "[%s%s]\n%s = %s\n", section,
			      section_named(options[i].section) ? " \"A\"" : "", options[i].name,
			      options[i].example);
		struct conf *conf = NULL;
		struct fault fault = {""};
		assert_int_equal(conf_parse("x", buffer_view(&out), CONF_ALL, &conf, &fault),
				 -EINVAL);
		/* Only the required ones are missing: the example itself was taken. */
		if (!strstr(fault.text, "add "))
			fail_msg("%s", fault.text);
	}
}

static void the_manual_describes_every_option(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer manual = {0};
	conf_render_manual(&manual);
	buffer_put_u8(&manual, '\0');
	for (size_t i = 0; i < option_count; i++) {
		char head[100];
		(void)snprintf(head, sizeof(head), "\n\\fB%s\\fR ", options[i].name);
		assert_non_null(strstr((char *)manual.data, head));
	}
}

/* promise 5: what a reload compares. */
static void two_sections_are_the_same_by_what_a_room_is_given(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *a = parse(view_of_string(text), CONF_ALL);
	cleanup(conf_freep) struct conf *b = parse(view_of_string(text), CONF_ALL);
	assert_true(conf_issuer_same(&a->issuers[0], &b->issuers[0], CONF_ALL));
	assert_false(conf_issuer_same(&a->issuers[0], &b->issuers[1], CONF_LEDGER));
	free(b->issuers[0].signer_key);
	b->issuers[0].signer_key = strdup("/other.key");
	assert_true(conf_issuer_same(&a->issuers[0], &b->issuers[0], CONF_LEDGER));
	assert_false(conf_issuer_same(&a->issuers[0], &b->issuers[0], CONF_SIGNER));
	b->issuers[0].validity_us += SECOND_US;
	assert_false(conf_issuer_same(&a->issuers[0], &b->issuers[0], CONF_LEDGER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_rendered_for_a_room_parses_to_the_same),
		cmocka_unit_test(no_room_is_given_another_rooms_secret),
		cmocka_unit_test(a_room_refuses_what_is_not_for_it_and_misses_what_is),
		cmocka_unit_test(passwords_are_masked_for_people),
		cmocka_unit_test(passwords_in_uris_are_masked_for_people),
		cmocka_unit_test(the_sample_holds_every_option_and_parses),
		cmocka_unit_test(every_example_is_valid),
		cmocka_unit_test(the_manual_describes_every_option),
		cmocka_unit_test(two_sections_are_the_same_by_what_a_room_is_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
