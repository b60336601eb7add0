/* [cache "NAME"] sections: what cannot work is refused by file, line and name (doc/faults.md row 33). */
#include "unit.h"

#include "conf/conf.h"

#define REST                                                                                  \
	"[database]\nconninfo = x\n[issuer \"A\"]\ncertificate = c\nsigner_certificate = s\n" \
	"signer_key = k\n"
#define TAGS "[server]\ncache_tag = xkey\n"

static void refused(const char *text, const char *expected)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	assert_int_equal(conf_parse("x.conf", view_of_string(text), CONF_ALL, &conf, &fault),
			 -EINVAL);
	if (!strstr(fault.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, expected);
}

static struct conf *taken(const char *text)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	if (conf_parse("x.conf", view_of_string(text), CONF_ALL, &conf, &fault) < 0)
		fail_msg("%s", fault.text);
	return conf;
}

static void each_section_is_a_cache(void **state)
{
	cleanup(conf_freep) struct conf *conf = taken(
		TAGS REST "[cache \"a\"]\nurl = http://a/\n"
			  "[cache \"b\"]\nkind = template\nurl = https://b/\nfield = K: {tags}\n"
			  "headers_file = h\n"
			  "[cache \"c\"]\nkind = url\nurl = http://c/\nurl_all = http://c/all\n");
	(void)state;
	assert_int_equal(conf->cache_count, 3);
	assert_string_equal(conf->caches[0].name, "a");
	assert_int_equal(conf->caches[0].kind, CACHE_VARNISH);
	assert_int_equal(conf->caches[1].kind, CACHE_TEMPLATE);
	assert_non_null(strstr(conf->caches[1].headers_file, "/h")); /* beside x.conf */
	assert_string_equal(conf->caches[2].url_all, "http://c/all");
}

static void a_name_is_one_cache_s(void **state)
{
	(void)state;
	refused("[cache]\n", "x.conf:1: [cache]");
	refused("[cache \"\"]\n", "x.conf:1: ");
	refused("[cache \"a\"]\nurl = http://a/\n[cache \"a\"]\n", "x.conf:3: ");
	refused(TAGS REST "[cache \"a\"]\n", "has no url");
}

static void what_cannot_be_told_is_refused(void **state)
{
	(void)state;
	refused(REST "[cache \"a\"]\nurl = http://a/\n",
		"x.conf:7: [cache \"a\"] kind: its answers need names");
	refused(TAGS REST "[cache \"a\"]\nurl = http://a/, http://b/\n",
		"x.conf:10: url = http://a/, http://b/ is not valid; write one URL of http or "
		"https");
	refused(TAGS REST "[cache \"a\"]\nkind = url\nurl = http://a/\n", "url_all");
	refused(TAGS REST "[cache \"a\"]\nkind = template\nurl = http://a/\nbody = x\n", "{tags}");
	refused(TAGS REST "[cache \"a\"]\nurl = http://a/\nbody = {tags}\n", "kind = template");
	refused(TAGS REST "[cache \"a\"]\nurl = http://a/\nmethod = purge\n", "capital letters");
	refused(TAGS REST "[cache \"a\"]\nurl = ftp://a/\n", "one URL of http");
	refused(TAGS REST "[cache \"a\"]\nkind = squid\nurl = http://a/\n", "varnish");
}

/* It would be left out of the request, which the cache would confirm all the same. */
static void a_field_has_a_name(void **state)
{
	static const char *const fields[] = {"{tags}", ": {tags}", "K {tags}", "K L: {tags}",
					     "{tags}: K"};
	char text[400];
	(void)state;
	for (size_t i = 0; i < array_size(fields); i++) {
		(void)snprintf(text, sizeof(text),
			       TAGS REST
			       "[cache \"a\"]\nkind = template\nurl = http://a/\nfield = %s\n",
			       fields[i]);
		refused(text, "[cache \"a\"] field: write \"Name: value\"");
	}
}

/* An instance of one cache more than there may be. */
static void they_are_bounded(void **state)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	(void)state;
	buffer_put_string(&text, TAGS REST);
	for (unsigned i = 0; i <= LIMIT_CACHES; i++)
		buffer_printf(&text, "[cache \"%u\"]\nurl = http://a/\n", i);
	buffer_put_u8(&text, 0);
	refused((const char *)text.data, "more than 16 caches");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_section_is_a_cache),
		cmocka_unit_test(a_name_is_one_cache_s),
		cmocka_unit_test(what_cannot_be_told_is_refused),
		cmocka_unit_test(a_field_has_a_name),
		cmocka_unit_test(they_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
