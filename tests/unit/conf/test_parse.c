/* The configuration file: what is refused, in which words, and what is read. */
#include "unit.h"

#include "base/clock.h"
#include "conf/conf.h"

#define REQUIRED                                  \
	"[database]\nconninfo = dbname=x\n"       \
	"[issuer \"A\"]\ncertificate = /ca.pem\n" \
	"signer_certificate = ocsp.pem\nsigner_key = k.key\n"

static struct conf *parse(const char *text)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	int result = conf_parse("/etc/sg/x.conf", view_of_string(text), CONF_ALL, &conf, &fault);
	if (result < 0)
		fail_msg("%s", fault.text);
	return conf;
}

static void refused_bytes(struct view text, enum conf_room room, const char *expected)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	assert_int_equal(conf_parse("x.conf", text, room, &conf, &fault), -EINVAL);
	assert_null(conf);
	if (!strstr(fault.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, expected);
}

static void refused(const char *text, const char *expected)
{
	refused_bytes(view_of_string(text), CONF_ALL, expected);
}

static void an_unknown_section_names_the_nearest(void **state)
{
	(void)state;
	refused("[sever]\n", "x.conf:1: unknown section [sever]; did you mean [server]?");
}

static void an_unknown_option_names_the_nearest(void **state)
{
	(void)state;
	refused("[server]\n\nhaed_timeout = 5s\n",
		"x.conf:3: unknown option haed_timeout in [server]; did you mean head_timeout?");
	refused("[database]\nconinfo = x\n", "did you mean conninfo?");
}

static void an_option_in_the_wrong_section_names_the_right_one(void **state)
{
	(void)state;
	refused("[server]\nfreshness = 5s\n",
		"x.conf:2: freshness does not belong in [server]; move it to [database]");
	refused("[defaults]\nsigner_key = k\n", "move it to [issuer]");
	refused("[server]\nvalidity = 8h\n", "move it to [defaults]");
}

static void a_proxy_is_a_host_and_its_port(void **state)
{
	static const char *const good[] = {"http://proxy.example:3128", "http://[2001:db8::1]:1",
					   "http://192.0.2.1:65535", "HTTP://p:080"};
	static const char *const bad[] = {"proxy.example:3128",    "http://proxy.example",
					  "http://proxy.example:", "http://:3128",
					  "https://p:3128",        "socks5://p:1080",
					  "http://a:b@p:3128",     "http://p:3128/",
					  "http://p:3128/x:1",     "http://p:0",
					  "http://p:65536",        "http://p:99999999999999999999",
					  "http://p:1,http://q:1", "http://p ?:3128",
					  "http://p?:3128",        "http://3128"};
	char text[300];
	(void)state;
	for (size_t i = 0; i < array_size(good); i++) {
		(void)snprintf(text, sizeof(text), "[server]\nfetch_proxy = %s\n" REQUIRED,
			       good[i]);
		cleanup(conf_freep) struct conf *conf = parse(text);
		assert_string_equal(conf->server.fetch_proxy, good[i]);
	}
	refused("[server]\nfetch_proxy = http://a:b@p:3128\n",
		"x.conf:2: the value of fetch_proxy");
	refused("[issuer \"A\"]\ncrl = http://a:b@p/\n", "x.conf:2: the value of crl must be");
	for (size_t i = 0; i < array_size(bad); i++) {
		(void)snprintf(text, sizeof(text), "[server]\nfetch_proxy = %s\n", bad[i]);
		refused(text, "a proxy's URL with its port");
	}
}

static void a_duplicate_names_the_first_line(void **state)
{
	(void)state;
	refused("[server]\ncache = 1MiB\n\ncache = 2MiB\n",
		"x.conf:4: cache again; it is already in line 2");
	refused("[server]\n[database]\n[server]\n",
		"x.conf:3: [server] again; the first is in line 1");
	refused("[issuer \"A\"]\n[issuer \"A\"]\n",
		"x.conf:2: [issuer \"A\"] again; the first is in line 1");
}

static void a_bad_value_names_what_is_allowed(void **state)
{
	(void)state;
	refused("[server]\nhead_timeout = 5\n",
		"x.conf:2: head_timeout = 5 is not valid; write a duration from 100ms to 10m "
		"(units ms, s, m, h, d)");
	refused("[server]\nhead_timeout = 11m\n", "from 100ms to 10m");
	refused("[server]\nhead_timeout = 99ms\n", "from 100ms to 10m");
	refused("[server]\nhead_timeout = -5s\n", "not valid");
	refused("[server]\nhead_timeout = +5s\n", "not valid");
	refused("[server]\nhead_timeout = 5 s\n", "not valid");
	refused("[server]\nhead_timeout = 1.5s\n", "not valid");
	refused("[server]\nhead_timeout = 99999999999999999999s\n", "not valid");
	refused("[server]\nhead_timeout = 9223372036854775807d\n", "not valid");
	/* 2^64 + 5 and 2^64 + 1: nothing wraps around. */
	refused("[server]\nhead_timeout = 18446744073709551621s\n", "not valid");
	refused("[server]\nfronts = 18446744073709551617\n", "not valid");
	refused("[server]\ncache = 64\n", "a size from 1MiB to 256GiB (units B, KiB, MiB, GiB)");
	refused("[server]\ncache = 64MB\n", "units B, KiB, MiB, GiB");
	refused("[server]\nfronts = 0\n", "a whole number from 1 to 64, or auto");
	refused("[server]\nfronts = 65\n", "a whole number from 1 to 64, or auto");
	refused("[server]\nlog_level = loud\n", "write error, warning, info or debug");
	refused("[server]\nstrict_content_type = true\n", "write yes or no");
	refused("[defaults]\nunassigned = good\n", "write unknown, unauthorized or revoked");
}

/* P-15 */
static void signatures_need_somebody_who_certifies_requestors(void **state)
{
	(void)state;
	refused(REQUIRED "signed_requests = verify\n",
		"x.conf:7: issuer \"A\" looks at signatures of requests but has no requestors");
	refused("[defaults]\nsigned_requests = require\n" REQUIRED, "x.conf:2: issuer \"A\"");
	refused(REQUIRED "allow = list\n", "ignores signatures");
	refused(REQUIRED "signed_requests = yes\n", "write ignore, verify or require");
	cleanup(conf_freep) struct conf *conf =
		parse(REQUIRED "signed_requests = require\nrequestors = r.pem\n");
	assert_true(conf_verifies(conf));
	assert_string_equal(conf->issuers[0].requestors, "/etc/sg/r.pem");
	assert_null(conf->issuers[0].allow);
	cleanup(conf_freep) struct conf *plain = parse(REQUIRED);
	assert_false(conf_verifies(plain));
	assert_null(plain->issuers[0].requestors);
}

/* P-51 */
static void proxies_are_addresses_and_networks(void **state)
{
	(void)state;
	static const char *const wrong[] = {"localhost",    "10.0.0.1/8",  "10.0.0.0/33",
					    "10.0.0.1,",    "none, ::1",   "::1 ::2",
					    "192.0.2.1:80", "::1, 0:0::1", "[::1]"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text), "[server]\ntrusted_proxies = %s\n", wrong[i]);
		refused(text, "write up to 64 different addresses or networks");
	}
	char many[1200] = "[server]\ntrusted_proxies = 10.0.0.0";
	for (unsigned i = 1; i <= LIMIT_NETWORKS; i++) {
		size_t size = strlen(many);
		(void)snprintf(many + size, sizeof(many) - size, ", 10.0.0.%u%s", i,
			       i == LIMIT_NETWORKS ? "\n" : "");
	}
	refused(many, "write up to 64 different addresses or networks");
	refused("[server]\nproxy_protocol = yes\n" REQUIRED,
		"x.conf:2: proxy_protocol = yes without trusted_proxies would have no effect");
	cleanup(conf_freep) struct conf *conf = parse(
		"[server]\ntrusted_proxies = 10.0.0.0/8 ,::1\nproxy_protocol = yes\n" REQUIRED);
	assert_int_equal(conf->server.trusted_proxies.count, 2);
	assert_int_equal(conf->server.trusted_proxies.each[0].prefix, 8);
	assert_int_equal(conf->server.trusted_proxies.each[1].prefix, 128);
	assert_true(conf->server.proxy_protocol);
	cleanup(conf_freep) struct conf *plain = parse("[server]\n" REQUIRED);
	assert_int_equal(plain->server.trusted_proxies.count, 0);
}

static void listeners_are_numeric_addresses_with_ports(void **state)
{
	(void)state;
	static const char *const wrong[] = {"localhost:80",
					    "127.0.0.1",
					    "127.0.0.1:0",
					    "127.0.0.1:65536",
					    "::1:80",
					    "[::1]",
					    "[::1:80",
					    "[127.0.0.1]:80",
					    "127.0.0.1:80,",
					    ",127.0.0.1:80",
					    "127.0.0.1:80, 127.0.0.1:80",
					    "127.0.0.1:8o",
					    "[fe80::1%lo]:80",
					    ":80"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text), "[server]\nlisten = %s\n", wrong[i]);
		refused(text, "numeric addresses with ports");
	}
	cleanup(conf_freep) struct conf *conf =
		parse("[server]\nlisten = 127.0.0.1:80 ,[::1]:8080\n" REQUIRED);
	assert_int_equal(conf->server.listen.count, 2);
	assert_string_equal(conf->server.listen.each[0], "127.0.0.1:80");
	assert_string_equal(conf->server.listen.each[1], "[::1]:8080");
}

static void samples_are_one_in_so_many(void **state)
{
	(void)state;
	static const char *const wrong[] = {"1/1", "1/0",  "1/1000001", "2/3",
					    "1/",  "1/-2", "on",        "5"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		char text[100];
		(void)snprintf(text, sizeof(text), "[server]\naccess_log = %s\n", wrong[i]);
		refused(text, "1/N with N from 2 to 1000000");
	}
	cleanup(conf_freep) struct conf *full = parse("[server]\naccess_log = full\n" REQUIRED);
	cleanup(conf_freep) struct conf *some = parse("[server]\naccess_log = 1/100\n" REQUIRED);
	cleanup(conf_freep) struct conf *off = parse(REQUIRED);
	assert_int_equal(full->server.access_log, 1);
	assert_int_equal(some->server.access_log, 100);
	assert_int_equal(off->server.access_log, 0);
}

static void the_admin_listener_has_places_of_its_own(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *none = parse(REQUIRED);
	cleanup(conf_freep) struct conf *conf = parse(
		"[server]\nadmin_listen = 127.0.0.1:9180\nadmin_hosts = a.example, b\n" REQUIRED);
	assert_int_equal(none->server.admin_listen.count, 0);
	assert_null(none->server.admin_hosts);
	assert_int_equal(conf->server.admin_listen.count, 1);
	assert_string_equal(conf->server.admin_hosts, "a.example, b");
	refused("[server]\nadmin_hosts = a:80\n", "different host names");
	refused("[server]\nlisten = 127.0.0.1:80\nadmin_listen = [::1]:80, 127.0.0.1:80\n" REQUIRED,
		"admin_listen: 127.0.0.1:80 is in listen too");
}

static void more_listeners_than_the_limit_are_refused(void **state)
{
	(void)state;
	struct buffer text = {0};
	buffer_put_string(&text, "[server]\nlisten = 127.0.0.1:1");
	for (unsigned i = 2; i <= LIMIT_LISTENERS + 1; i++)
		buffer_printf(&text, ", 127.0.0.1:%u", i);
	refused_bytes(buffer_view(&text), CONF_ALL, "up to 16");
	buffer_deinit(&text);
}

static void what_is_required_is_named_with_its_section(void **state)
{
	(void)state;
	refused("", "there is no [database] section; add one with conninfo = ");
	refused("[issuer \"A\"]\n[database]\n",
		"x.conf:2: [database] has no conninfo; add conninfo");
	refused("[database]\nconninfo = x\n", "there is no [issuer \"NAME\"] section");
	refused("[database]\nconninfo = x\n[issuer \"A\"]\ncertificate = c\nsigner_certificate = "
		"k\n",
		"x.conf:3: [issuer \"A\"] has no signer_key");
}

static void section_heads_are_strict(void **state)
{
	(void)state;
	refused("[issuer]\n", "x.conf:1: [issuer] needs the issuer's name");
	refused("[issuer \"\"]\n", "needs the issuer's name");
	refused("[issuer A]\n", "must be in double quotes");
	refused("[issuer \"A]\n", "must be in double quotes");
	refused("[issuer \"A\"B\"]\n", "must be in double quotes");
	refused("[issuer \"A\\n\"]\n", "must be in double quotes");
	refused("[server \"A\"]\n", "[server] takes no name");
	refused("[server\n", "does not end with ]");
	refused("[server] # x\n", "does not end with ]");
	refused("[]\n", "without a name");
}

static void lines_are_strict(void **state)
{
	(void)state;
	refused("cache = 1MiB\n", "x.conf:1: cache stands before the first [section]");
	refused("[server]\ncache\n", "x.conf:2: neither [section] nor key = value");
	refused("[server]\ncache: 1MiB\n", "neither [section]");
	refused("[server]\ncache = 1MiB # much\n", "cache = 1MiB # much is not valid");
	refused("[server]\ncache =\n", "cache has no value");
	refused("[server]\ncache = \"\"\n", "cache has no value");
	refused("[server]\ncache = \"1MiB\n", "quotes of cache do not match");
	refused("[server]\ncache = \"1MiB\\\"\n", "quotes of cache do not match");
	refused("[server]\ncache = \"1M\"iB\"\n", "quotes of cache do not match");
	refused("[server]\ncache = \"1M\\iB\"\n", "quotes of cache do not match");
	refused_bytes(view_of("[server]\n\0", 10), CONF_ALL, "x.conf:2: a NUL byte");
	refused("[server]\n# \x1b[2J\n", "a control character");
	refused("[server]\rcache = 1MiB\n", "a control character");
	refused("[issuer \"\xff\"]\n", "not UTF-8");
	refused("[issuer \"\xc0\x80\"]\n", "not UTF-8");
	refused("[issuer \"\xed\xa0\x80\"]\n", "not UTF-8");
	refused("\xef\xbb\xbf[server]\n", "byte order mark");
}

static void lines_and_names_over_their_limits_are_refused(void **state)
{
	(void)state;
	struct buffer text = {0};
	buffer_put_string(&text, "#");
	for (unsigned i = 0; i < LIMIT_CONF_LINE; i++)
		buffer_put_u8(&text, 'x');
	refused_bytes(buffer_view(&text), CONF_ALL, "longer than 4096 bytes");
	buffer_reset(&text);
	buffer_put_string(&text, "[issuer \"");
	for (unsigned i = 0; i <= LIMIT_ISSUER_NAME; i++)
		buffer_put_u8(&text, 'x');
	buffer_put_string(&text, "\"]\n");
	refused_bytes(buffer_view(&text), CONF_ALL, "longer than 200 bytes");
	buffer_deinit(&text);
}

static void no_message_repeats_a_password(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"[database]\nconninfo = \"password=hunter2\n",
		"[database]\nconninfo = x\nconninfo = password=hunter2\n",
		"[database]\nconninfo = x\nhunter2\n",
		"[server]\nconninfo = password=hunter2\n",
		"[database]\nconinfo = password=hunter2\n",
	};
	for (size_t i = 0; i < array_size(texts); i++) {
		struct conf *conf = NULL;
		struct fault fault = {""};
		assert_int_equal(conf_parse("x", view_of_string(texts[i]), CONF_ALL, &conf, &fault),
				 -EINVAL);
		assert_null(strstr(fault.text, "hunter2"));
	}
}

static void contradicting_options_are_refused(void **state)
{
	(void)state;
	refused("[server]\ndrain_timeout = 2s\n" REQUIRED,
		"x.conf:2: drain_timeout = 2s must be at least answer_timeout = 3s, because");
	refused("[server]\nanswer_timeout = 1s\n" REQUIRED, "at least query_timeout = 2s");
	refused("[server]\nmax_age = 9h\n" REQUIRED,
		"x.conf:2: validity = 8h of issuer \"A\" must be at least max_age = 9h");
	refused("[defaults]\nbackdate = 5h\n" REQUIRED, "at least twice backdate = 5h");
	refused("[database]\nconninfo=x\npoll_interval=31s\n"
		"[issuer \"A\"]\ncertificate=c\nsigner_certificate=d\nsigner_key=e\n",
		"x.conf:3: freshness = 1m must be at least twice poll_interval = 31s");
	refused(REQUIRED "validity = 100s\n[server]\nmax_age=0s\n",
		"x.conf:7: validity = 100s of issuer \"A\" must be at least twice freshness");
}

static void a_missing_option_has_its_default(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse(REQUIRED);
	assert_int_equal(conf->server.listen.count, 1);
	assert_string_equal(conf->server.listen.each[0], "127.0.0.1:8080");
	assert_int_equal(conf->server.cache_size, 64 << 20);
	assert_int_equal(conf->server.log_level, LOG_LEVEL_INFO);
	assert_int_equal(conf->server.connections_per_address, 0);
	assert_in_range(conf->server.fronts, 1, LIMIT_FRONTS);
	assert_in_range(conf->server.signers, 1, LIMIT_SIGNERS);
	assert_int_equal(conf->database.poll_interval_us, 50 * MILLISECOND_US);
	assert_int_equal(conf->database.freshness_us, 60 * SECOND_US);
	const struct conf_issuer *issuer = &conf->issuers[0];
	assert_int_equal(issuer->validity_us, INT64_C(8) * 3600 * SECOND_US);
	assert_int_equal(issuer->nonce, NONCE_ECHO);
	assert_int_equal(issuer->policy.unassigned, UNASSIGNED_UNKNOWN);
	assert_true(issuer->policy.complete);
	assert_int_equal(issuer->line, 3);
}

static void defaults_hold_for_issuers_that_do_not_say_otherwise(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf =
		parse(REQUIRED "nonce = echo\n"
			       "[issuer \"B\"]\ncertificate=b\nsigner_certificate=b\nsigner_key=b\n"
			       "[defaults]\nnonce = ignore\nvalidity = 1d\ncomplete = no\n");
	assert_int_equal(conf->issuer_count, 2);
	assert_int_equal(conf->issuers[0].nonce, NONCE_ECHO);
	assert_int_equal(conf->issuers[1].nonce, NONCE_IGNORE);
	assert_int_equal(conf->issuers[0].validity_us, 86400 * SECOND_US);
	assert_false(conf->issuers[1].policy.complete);
}

static void relative_paths_start_at_the_files_folder(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse(REQUIRED);
	assert_string_equal(conf->issuers[0].certificate, "/ca.pem");
	assert_string_equal(conf->issuers[0].signer_certificate, "/etc/sg/ocsp.pem");
	struct conf *local = NULL;
	assert_int_equal(conf_parse("sub/x.conf", view_of_string(REQUIRED), CONF_ALL, &local, NULL),
			 0);
	cleanup(memory_freep) char *here = getcwd(NULL, 0);
	char expected[5000];
	(void)snprintf(expected, sizeof(expected), "%s/sub/k.key", here);
	assert_string_equal(local->issuers[0].signer_key, expected);
	conf_free(local);
}

static void quotes_crlf_and_utf8_are_read(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf =
		parse("; c\r\n[ database ]\r\n\tconninfo\t= \" a\\\"b\\\\ \" \r\n"
		      "[issuer \"電子署名 \\\"認証局\\\"\"]\r\n"
		      "certificate = a#b;c\r\nsigner_certificate = a\\b\r\nsigner_key = \"c d\"");
	assert_string_equal(conf->database.conninfo, " a\"b\\ ");
	assert_string_equal(conf->issuers[0].name, "電子署名 \"認証局\"");
	assert_string_equal(conf->issuers[0].certificate, "/etc/sg/a#b;c");
	assert_string_equal(conf->issuers[0].signer_certificate, "/etc/sg/a\\b");
	assert_string_equal(conf->issuers[0].signer_key, "/etc/sg/c d");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	struct conf *conf = NULL;
	struct fault fault = {""};
	assert_int_equal(conf_load("/nonexistent/x.conf", &conf, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "/nonexistent/x.conf: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_section_names_the_nearest),
		cmocka_unit_test(an_unknown_option_names_the_nearest),
		cmocka_unit_test(an_option_in_the_wrong_section_names_the_right_one),
		cmocka_unit_test(a_proxy_is_a_host_and_its_port),
		cmocka_unit_test(a_duplicate_names_the_first_line),
		cmocka_unit_test(a_bad_value_names_what_is_allowed),
		cmocka_unit_test(signatures_need_somebody_who_certifies_requestors),
		cmocka_unit_test(proxies_are_addresses_and_networks),
		cmocka_unit_test(listeners_are_numeric_addresses_with_ports),
		cmocka_unit_test(samples_are_one_in_so_many),
		cmocka_unit_test(the_admin_listener_has_places_of_its_own),
		cmocka_unit_test(more_listeners_than_the_limit_are_refused),
		cmocka_unit_test(what_is_required_is_named_with_its_section),
		cmocka_unit_test(section_heads_are_strict),
		cmocka_unit_test(lines_are_strict),
		cmocka_unit_test(lines_and_names_over_their_limits_are_refused),
		cmocka_unit_test(no_message_repeats_a_password),
		cmocka_unit_test(contradicting_options_are_refused),
		cmocka_unit_test(a_missing_option_has_its_default),
		cmocka_unit_test(defaults_hold_for_issuers_that_do_not_say_otherwise),
		cmocka_unit_test(relative_paths_start_at_the_files_folder),
		cmocka_unit_test(quotes_crlf_and_utf8_are_read),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
