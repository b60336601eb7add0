/* The options of what answers say and of whom they are given for: P-22, P-26, P-30, P-33. */
#include "unit.h"

#include "base/clock.h"
#include "conf/conf.h"

#define ISSUER(more)                              \
	"[database]\nconninfo = dbname=x\n"       \
	"[issuer \"A\"]\ncertificate = /ca.pem\n" \
	"signer_certificate = /ocsp.pem\nsigner_key = /k.key\n" more
#define DAY_US (INT64_C(86400) * SECOND_US)

static struct conf *parse_for(const char *text, enum conf_room room)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	if (conf_parse("/etc/sg/x.conf", view_of_string(text), room, &conf, &fault) < 0)
		fail_msg("%s", fault.text);
	return conf;
}

static struct conf *parse(const char *text)
{
	return parse_for(text, CONF_ALL);
}

static void refused(const char *text, const char *expected)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	assert_int_equal(conf_parse("x.conf", view_of_string(text), CONF_ALL, &conf, &fault),
			 -EINVAL);
	if (!strstr(fault.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, expected);
}

static void values_that_are_none_are_refused(void **state)
{
	(void)state;
	refused("[defaults]\narchive_cutoff = 1h\n",
		"a duration from 1d to 36500d (units ms, s, m, h, d), or no or issuer");
	refused("[defaults]\ncert_hash = sha256\n", "write yes or no");
	refused("[defaults]\nchain = c.pem\n", "chain does not belong in [defaults]");
	refused("[issuer \"A\"]\nretired_until = soon\n",
		"a date such as 2036-03-31 or 2036-03-31T15:00:00Z (UTC), or never");
	refused("[issuer \"A\"]\nretired_until = 2036-02-30\n", "not valid");
	refused("[issuer \"A\"]\nretired_until = 1969-12-31\n", "not valid");
	refused("[server]\nunknown_issuer = good\n", "write unauthorized or unknown");
}

static void unknown_needs_somebody_who_signs_it_p22(void **state)
{
	(void)state;
	refused("[server]\nunknown_issuer = unknown\n" ISSUER(""),
		"x.conf:2: unknown_issuer = unknown needs somebody who signs it");
	refused("[server]\nunknown_issuer = unknown\ndefault_issuer = B\n" ISSUER(""),
		"x.conf:3: default_issuer: there is no [issuer \"B\"]");
	refused("[server]\ndefault_issuer = B\n" ISSUER(""), "there is no [issuer \"B\"]");
}

static void nothing_is_added_to_answers_unless_asked_for(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse(ISSUER(""));
	const struct conf_issuer *issuer = &conf->issuers[0];
	assert_int_equal(issuer->archive_cutoff_us, ARCHIVE_CUTOFF_NONE);
	assert_int_equal(conf_extensions(issuer), 0);
	assert_int_equal(issuer->retired_until, 0);
	assert_false(issuer->outlive); /* P-27 */
	assert_true(issuer->hold_releasable);
	assert_null(issuer->chain);
	assert_null(conf_default_issuer(conf));
	/* A name alone changes nothing. */
	cleanup(conf_freep) struct conf *named = parse("[server]\ndefault_issuer = A\n" ISSUER(""));
	assert_null(conf_default_issuer(named));
}

static void what_is_given_is_read(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf =
		parse("[server]\nunknown_issuer = unknown\ndefault_issuer = A\n"
		      "[defaults]\narchive_cutoff = issuer\ncert_hash = yes\n" ISSUER(
			      "chain = chain.pem\nretired_until = 2036-03-31T15:00:00Z\n"
			      "crl_id = yes\nsct_list = yes\n"));
	const struct conf_issuer *issuer = &conf->issuers[0];
	assert_int_equal(issuer->archive_cutoff_us, ARCHIVE_CUTOFF_ISSUER);
	/* Every one has its option. */
	assert_int_equal(conf_extensions(issuer), EXTENSION_BIT(EXTENSION_COUNT) - 1);
	assert_int_equal(issuer->retired_until, INT64_C(2090588400));
	assert_string_equal(issuer->chain, "/etc/sg/chain.pem");
	assert_ptr_equal(conf_default_issuer(conf), issuer);
}

/* F-qualified, P-30; what the file says still holds. */
static void the_profile_for_qualified_cas_adds_what_etsi_asks(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse(ISSUER("profile = qualified\n"));
	cleanup(conf_freep) struct conf *own =
		parse(ISSUER("profile = qualified\ncert_hash = no\narchive_cutoff = 3650d\n"));
	assert_int_equal(conf->issuers[0].archive_cutoff_us, ARCHIVE_CUTOFF_ISSUER);
	assert_true(conf->issuers[0].extensions[EXTENSION_CERT_HASH]);
	assert_int_equal(own->issuers[0].archive_cutoff_us, 3650 * DAY_US);
	assert_false(own->issuers[0].extensions[EXTENSION_CERT_HASH]);
}

/* What a room is given says the same, and paths go to the signer alone. */
static void rooms_are_given_their_part(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf =
		parse("[server]\nunknown_issuer = unknown\ndefault_issuer = A\n" ISSUER(
			"archive_cutoff = 10d\nchain = /c.pem\nretired_until = 2036-03-31\n"));
	cleanup(buffer_deinit) struct buffer signer = {0}, ledger = {0}, front = {0};
	conf_render(conf, CONF_SIGNER, true, &signer);
	conf_render(conf, CONF_LEDGER, true, &ledger);
	conf_render(conf, CONF_FRONT, true, &front);
	buffer_put_u8(&signer, 0);
	buffer_put_u8(&ledger, 0);
	buffer_put_u8(&front, 0);
	assert_null(strstr((char *)ledger.data, "chain"));
	assert_null(strstr((char *)front.data, "unknown_issuer"));
	cleanup(conf_freep) struct conf *s = parse_for((char *)signer.data, CONF_SIGNER);
	cleanup(conf_freep) struct conf *l = parse_for((char *)ledger.data, CONF_LEDGER);
	assert_int_equal(s->issuers[0].archive_cutoff_us, 10 * DAY_US);
	assert_string_equal(s->issuers[0].chain, "/c.pem");
	assert_ptr_equal(conf_default_issuer(s), &s->issuers[0]);
	assert_int_equal(l->issuers[0].retired_until, INT64_C(2090534400));
	assert_ptr_equal(conf_default_issuer(l), &l->issuers[0]);
}

/* "none" is a word, not a file of this name. */
static void words_stand_for_what_is_not_there(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse("[server]\ndefault_issuer = none\n" ISSUER(
		"chain = none\narchive_cutoff = no\nretired_until = never\n"));
	assert_null(conf->issuers[0].chain);
	assert_null(conf->server.default_issuer);
	assert_int_equal(conf->issuers[0].retired_until, 0);
	assert_int_equal(conf->issuers[0].archive_cutoff_us, ARCHIVE_CUTOFF_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_that_are_none_are_refused),
		cmocka_unit_test(unknown_needs_somebody_who_signs_it_p22),
		cmocka_unit_test(nothing_is_added_to_answers_unless_asked_for),
		cmocka_unit_test(what_is_given_is_read),
		cmocka_unit_test(the_profile_for_qualified_cas_adds_what_etsi_asks),
		cmocka_unit_test(rooms_are_given_their_part),
		cmocka_unit_test(words_stand_for_what_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
