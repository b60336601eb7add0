/* Profiles (doc/protocol.md, F): what each sets, what each refuses, and by which requirement. */
#include "unit.h"

#include "base/clock.h"
#include "conf/profile.h"

#define ISSUER_A                                  \
	"[database]\nconninfo = dbname=x\n"       \
	"[issuer \"A\"]\ncertificate = /ca.pem\n" \
	"signer_certificate = ocsp.pem\nsigner_key = k.key\n"
#define HOUR_US (3600 * SECOND_US)

static struct conf *parse(const char *text)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	if (conf_parse("/x.conf", view_of_string(text), CONF_ALL, &conf, &fault) < 0)
		fail_msg("%s", fault.text);
	return conf;
}

static struct conf *parse_with(const char *profile, const char *more)
{
	char text[1024];
	(void)snprintf(text, sizeof(text), ISSUER_A "profile = %s\n%s", profile, more);
	return parse(text);
}

/* What the profile says against these options: "SEVERITY REQUIREMENT text; …". */
static void judged(const char *profile, const char *options, const char *expected)
{
	cleanup(conf_freep) struct conf *conf = parse_with(profile, options);
	cleanup(findings_deinit) struct findings findings = {.profile = conf->issuers[0].profile};
	cleanup(buffer_deinit) struct buffer out = {0};
	profile_judge(&conf->issuers[0], &findings);
	assert_false(findings.failed);
	for (size_t i = 0; i < findings.count; i++)
		buffer_printf(&out, "%s%s %s: %.*s", i > 0 ? "; " : "",
			      findings.items[i].severity == SEVERITY_REFUSED ? "refused"
									     : "warning",
			      findings.items[i].requirement,
			      (int)strcspn(findings.items[i].text, ":"), findings.items[i].text);
	buffer_put_u8(&out, '\0');
	assert_string_equal((char *)out.data, expected);
}

/* ---- refusals ---- */

static void webpki_answers_live_from_8_hours_to_7_days(void **state) /* F-webpki */
{
	(void)state;
	judged("webpki", "validity = 479m\n", "refused F-webpki: validity = 479m");
	judged("webpki", "validity = 8h\n", "");
	judged("webpki", "validity = 7d\n", "");
	judged("webpki", "validity = 169h\n", "refused F-webpki: validity = 169h");
	judged("webpki", "validity = 11d\n", "refused F-webpki: validity = 11d");
}

/* F-smime, F-codesigning */
static void smime_and_codesigning_answers_live_from_8_hours_to_10_days(void **state)
{
	(void)state;
	judged("smime", "validity = 7h\n", "refused F-smime: validity = 7h");
	judged("smime", "validity = 10d\n", "");
	judged("smime", "validity = 241h\n", "refused F-smime: validity = 241h");
	judged("codesigning", "validity = 7h\n", "refused F-codesigning: validity = 7h");
	judged("codesigning", "validity = 11d\n", "refused F-codesigning: validity = 11d");
}

/* P-22: `complete = no` is the only way to a good without a row. */
static void an_unassigned_serial_is_never_good_where_the_profile_forbids_it(void **state)
{
	(void)state;
	judged("private", "complete = no\n", "warning P-22: complete = no");
	judged("lightweight", "complete = no\n", "warning P-22: complete = no");
	judged("webpki", "complete = no\n", "refused P-22: complete = no");
	judged("smime", "complete = no\n", "refused P-22: complete = no");
	judged("codesigning", "complete = no\n", "refused P-22: complete = no");
	judged("qualified", "complete = no\n", "refused P-22: complete = no");
}

/* F-codesigning, F-qualified */
static void status_after_expiry_is_answered_where_signatures_outlive_certificates(void **state)
{
	(void)state;
	judged("codesigning", "expired = unauthorized\n",
	       "refused F-codesigning: expired = unauthorized");
	judged("qualified", "expired = unauthorized\n",
	       "refused F-qualified: expired = unauthorized");
	judged("webpki", "expired = unauthorized\n", "");
}

static void answers_without_end_are_for_qualified_cas(void **state) /* F-qualified, F-webpki */
{
	(void)state;
	judged("qualified", "final_answers = yes\n", "");
	judged("private", "final_answers = yes\n", "warning F-private: final_answers = yes");
	judged("webpki", "final_answers = yes\n", "refused F-webpki: final_answers = yes");
	judged("smime", "final_answers = yes\n", "refused F-smime: final_answers = yes");
}

/* F-codesigning, F-qualified, P-30 */
static void how_long_status_is_kept_is_said_where_it_must_be(void **state)
{
	(void)state;
	judged("codesigning", "archive_cutoff = 3651d\n",
	       "refused F-codesigning: archive_cutoff = 3651d");
	judged("codesigning", "archive_cutoff = 3652d\n", "");
	judged("codesigning", "archive_cutoff = issuer\n", "");
	judged("qualified", "archive_cutoff = 3653d\n",
	       "refused F-qualified: archive_cutoff = 3653d");
	judged("qualified", "archive_cutoff = no\n", "refused F-qualified: archive_cutoff = no");
	judged("qualified", "cert_hash = no\n", "warning F-qualified: cert_hash = no");
	cleanup(conf_freep) struct conf *conf = parse_with("qualified", "");
	assert_int_equal(conf->issuers[0].archive_cutoff_us, ARCHIVE_CUTOFF_ISSUER);
	assert_true(conf->issuers[0].extensions[EXTENSION_CERT_HASH]);
	cleanup(conf_freep) struct conf *code = parse_with("codesigning", "");
	assert_int_equal(code->issuers[0].archive_cutoff_us, 3653 * 24 * HOUR_US);
}

/* F-lightweight: RFC 9919: no nonce, byKey, no responseExtensions. */
static void lightweight_answers_have_no_response_extensions(void **state)
{
	(void)state;
	judged("lightweight", "nonce = echo\n", "refused F-lightweight: nonce = echo");
	judged("lightweight", "responder_id = name\n",
	       "refused F-lightweight: responder_id = name");
	judged("lightweight", "unassigned = revoked\n",
	       "refused F-lightweight: unassigned = revoked");
}

/* F-lightweight: RFC 9919, 7.2: no authoritative answer is kept from caches; 3.2.3: nothing is said
 * about CAs of which there are no records. */
static void lightweight_answers_are_for_caches_and_authoritative(void **state)
{
	(void)state;
	judged("lightweight", "signed_requests = require\nrequestors = /r.pem\n",
	       "refused F-lightweight: signed_requests = require");
	judged("lightweight", "signed_requests = verify\nrequestors = /r.pem\n", "");
	struct conf *conf = NULL;
	struct fault fault = {""};
	static const char text[] =
		"[server]\nunknown_issuer = unknown\ndefault_issuer = A\n" ISSUER_A
		"profile = lightweight\n";
	assert_int_equal(conf_parse("/x.conf", view_of_string(text), CONF_ALL, &conf, &fault),
			 -EINVAL);
	assert_non_null(strstr(fault.text, "/x.conf:3: issuer \"A\" has the profile lightweight"));
}

/* It lasts as long as the process remembers; that is said. */
static void a_suspension_that_never_ends_is_warned_of(void **state) /* F-qualified */
{
	(void)state;
	judged("private", "hold_releasable = no\n", "warning F-private: hold_releasable = no");
	judged("qualified", "hold_releasable = no\n", "warning F-qualified: hold_releasable = no");
}

static void every_violation_is_named(void **state)
{
	(void)state;
	judged("webpki", "validity = 1h\ncomplete = no\n",
	       "refused P-22: complete = no; refused F-webpki: validity = 1h");
}

static void private_forbids_nothing(void **state) /* F-private */
{
	(void)state;
	judged("private",
	       "validity = 1h\nexpired = unauthorized\nresponder_id = name\nunassigned = revoked\n",
	       "");
}

/* ---- defaults ---- */

static void no_profile_refuses_its_own_defaults(void **state)
{
	(void)state;
	for (unsigned p = 0; p < PROFILE_COUNT; p++)
		judged(profile_name((enum profile)p), "", "");
}

/* F-private, F-webpki, F-smime, F-codesigning, F-qualified, F-lightweight */
static void a_profile_sets_defaults(void **state)
{
	(void)state;
	static const struct {
		const char *profile;
		int64_t validity_us;
		enum nonce_policy nonce;
	} cases[] = {
		{"private", 8 * HOUR_US, NONCE_ECHO},   {"webpki", 24 * HOUR_US, NONCE_IGNORE},
		{"smime", 24 * HOUR_US, NONCE_ECHO},    {"codesigning", 24 * HOUR_US, NONCE_ECHO},
		{"qualified", 8 * HOUR_US, NONCE_ECHO}, {"lightweight", 8 * HOUR_US, NONCE_IGNORE},
	};
	_Static_assert(array_size(cases) == PROFILE_COUNT, "every profile");
	for (size_t i = 0; i < array_size(cases); i++) {
		cleanup(conf_freep) struct conf *conf = parse_with(cases[i].profile, "");
		assert_string_equal(profile_name(conf->issuers[0].profile), cases[i].profile);
		assert_int_equal(conf->issuers[0].validity_us, cases[i].validity_us);
		assert_int_equal(conf->issuers[0].nonce, cases[i].nonce);
		assert_int_equal(conf->issuers[0].responder_id, OCSP_BY_KEY);
		assert_int_equal(conf->issuers[0].policy.expired, EXPIRED_ANSWER);
	}
}

static void what_is_set_by_hand_wins(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *own =
		parse_with("webpki", "validity = 2d\nnonce = echo\n");
	assert_int_equal(own->issuers[0].validity_us, 48 * HOUR_US);
	assert_int_equal(own->issuers[0].nonce, NONCE_ECHO);
	cleanup(conf_freep) struct conf *shared =
		parse("[defaults]\nprofile = webpki\nvalidity = 3d\n" ISSUER_A);
	assert_int_equal(shared->issuers[0].profile, PROFILE_WEBPKI);
	assert_int_equal(shared->issuers[0].validity_us, 72 * HOUR_US);
	assert_int_equal(shared->issuers[0].nonce, NONCE_IGNORE);
	cleanup(conf_freep) struct conf *issuer =
		parse("[defaults]\nprofile = webpki\n" ISSUER_A "profile = smime\n");
	assert_int_equal(issuer->issuers[0].profile, PROFILE_SMIME);
	assert_int_equal(issuer->issuers[0].nonce, NONCE_ECHO);
}

/* The ledger and the signer are told the same as whoever read the file. */
static void a_profiles_defaults_reach_the_rooms(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse_with("webpki", "");
	cleanup(buffer_deinit) struct buffer text = {0};
	struct conf *ledger = NULL;
	conf_render(conf, CONF_LEDGER, true, &text);
	assert_int_equal(conf_parse("x", buffer_view(&text), CONF_LEDGER, &ledger, NULL), 0);
	assert_int_equal(ledger->issuers[0].profile, PROFILE_WEBPKI);
	assert_int_equal(ledger->issuers[0].validity_us, 24 * HOUR_US);
	conf_free(ledger);
}

/* ---- the table ---- */

static void every_finding_has_words_and_is_heard_of_somewhere(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < FINDING_COUNT; kind++) {
		bool heard = false;
		char requirement[24];
		for (unsigned p = 0; p < PROFILE_COUNT; p++)
			heard |= finding_severity((enum finding_kind)kind, (enum profile)p) !=
				 SEVERITY_NONE;
		assert_true(heard);
		assert_non_null(finding_words((enum finding_kind)kind));
		finding_requirement((enum finding_kind)kind, PROFILE_WEBPKI, requirement,
				    sizeof(requirement));
		if (kind != FINDING_KEY_OPEN)
			assert_true(strncmp(requirement, "P-", 2) == 0 ||
				    strcmp(requirement, "F-webpki") == 0);
	}
}

/* P-39: nothing that a webpki signer must not have is only warned of. */
static void webpki_refuses_all_of_p39(void **state)
{
	(void)state;
	char requirement[24];
	for (unsigned kind = 0; kind < FINDING_COUNT; kind++) {
		finding_requirement((enum finding_kind)kind, PROFILE_WEBPKI, requirement,
				    sizeof(requirement));
		if (strcmp(requirement, "P-39") == 0)
			assert_int_equal(finding_severity((enum finding_kind)kind, PROFILE_WEBPKI),
					 SEVERITY_REFUSED);
	}
}

/* P-28, F-webpki, F-smime, F-codesigning */
static void answers_are_replaced_within_4_days_where_the_forum_asks_for_it(void **state)
{
	(void)state;
	assert_int_equal(profile_refresh_most(PROFILE_WEBPKI), 4 * 86400);
	assert_int_equal(profile_refresh_most(PROFILE_SMIME), 4 * 86400);
	assert_int_equal(profile_refresh_most(PROFILE_CODESIGNING), 4 * 86400);
	assert_int_equal(profile_refresh_most(PROFILE_PRIVATE), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(webpki_answers_live_from_8_hours_to_7_days),
		cmocka_unit_test(smime_and_codesigning_answers_live_from_8_hours_to_10_days),
		cmocka_unit_test(an_unassigned_serial_is_never_good_where_the_profile_forbids_it),
		cmocka_unit_test(
			status_after_expiry_is_answered_where_signatures_outlive_certificates),
		cmocka_unit_test(answers_without_end_are_for_qualified_cas),
		cmocka_unit_test(how_long_status_is_kept_is_said_where_it_must_be),
		cmocka_unit_test(lightweight_answers_have_no_response_extensions),
		cmocka_unit_test(lightweight_answers_are_for_caches_and_authoritative),
		cmocka_unit_test(a_suspension_that_never_ends_is_warned_of),
		cmocka_unit_test(every_violation_is_named),
		cmocka_unit_test(private_forbids_nothing),
		cmocka_unit_test(no_profile_refuses_its_own_defaults),
		cmocka_unit_test(a_profile_sets_defaults),
		cmocka_unit_test(what_is_set_by_hand_wins),
		cmocka_unit_test(a_profiles_defaults_reach_the_rooms),
		cmocka_unit_test(every_finding_has_words_and_is_heard_of_somewhere),
		cmocka_unit_test(webpki_refuses_all_of_p39),
		cmocka_unit_test(answers_are_replaced_within_4_days_where_the_forum_asks_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
