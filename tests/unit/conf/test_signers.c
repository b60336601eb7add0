/* Several signers of one issuer (P-37), and how they sign (P-36). */
#include "unit.h"

#include "conf/conf.h"

#define DATABASE "[database]\nconninfo = dbname=x\n"
#define ISSUER(name) "[issuer \"" name "\"]\ncertificate = /ca.pem\n"
#define PAIR "signer_certificate = /ocsp.pem\nsigner_key = /ocsp.key\n"
#define SIGNER(label, issuer) \
	"[signer \"" label "\"]\nissuer = " issuer "\ncertificate = /" label ".pem\nkey = k\n"

static struct conf *parse(const char *text)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	if (conf_parse("/etc/sg/x.conf", view_of_string(text), CONF_ALL, &conf, &fault) < 0)
		fail_msg("%s", fault.text);
	return conf;
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

static void a_signer_of_nobody_is_refused(void **state) /* P-37 */
{
	(void)state;
	refused(DATABASE ISSUER("A") PAIR SIGNER("next", "B"),
		"x.conf:8: there is no [issuer \"B\"] for [signer \"next\"]");
	refused(DATABASE ISSUER("A") PAIR "[signer \"next\"]\ncertificate = c\nkey = k\n",
		"x.conf:7: [signer \"next\"] has no issuer; add issuer = Example CA");
	refused("[signer]\n", "[signer] needs the signer's name");
}

static void half_a_signer_is_refused(void **state) /* P-37 */
{
	(void)state;
	refused(DATABASE ISSUER("A") PAIR "[signer \"next\"]\nissuer = A\ncertificate = c\n",
		"[signer \"next\"] has no key");
	/* A pair that is begun must be whole, also beside other signers. */
	refused(DATABASE ISSUER("A") "signer_certificate = k\n" SIGNER("next", "A"),
		"[issuer \"A\"] has no signer_key");
	refused(DATABASE ISSUER("A"), "[issuer \"A\"] has no signer_certificate");
	refused(DATABASE ISSUER("A") ISSUER("B") SIGNER("next", "A"),
		"[issuer \"B\"] has no signer_certificate");
}

static void a_key_file_may_hold_the_certificate_and_a_token_does_not(void **state)
{
	(void)state;
	struct conf *conf =
		parse(DATABASE ISSUER("A") "signer_key = k.p12\n"
					   "[signer \"next\"]\nissuer = A\nkey = l.p12\n");
	assert_int_equal(conf_signer_count(&conf->issuers[0]), 2);
	assert_null(conf_signer_at(&conf->issuers[0], 0).certificate);
	assert_null(conf_signer_at(&conf->issuers[0], 1).certificate);
	conf_free(conf);
	refused(DATABASE ISSUER("A") "signer_key = pkcs11:token=a\n",
		"[issuer \"A\"] has no signer_certificate");
	refused(DATABASE ISSUER("A") PAIR "[signer \"n\"]\nissuer = A\nkey = pkcs11:token=a\n",
		"[signer \"n\"] has no certificate");
}

static void where_a_passphrase_comes_from_is_a_path_or_a_word(void **state)
{
	(void)state;
	struct conf *conf = parse(
		DATABASE ISSUER("A") "signer_key = k\nsigner_key_passphrase_file "
				     "= pass\n[signer \"a\"]\nissuer = A\nkey = "
				     "l\nkey_passphrase_file = prompt\n[signer \"b\"]\nissuer = "
				     "A\nkey = m\nkey_passphrase_file = credential:pin\n"
				     "[signer \"c\"]\nissuer = A\ncertificate = c\nkey = "
				     "pkcs11:token=a\n");
	const struct conf_issuer *issuer = &conf->issuers[0];
	const char *path = conf_signer_at(issuer, 0).key_passphrase_file;
	assert_true(path[0] == '/' && strstr(path, "/pass"));
	assert_string_equal(conf_signer_at(issuer, 1).key_passphrase_file, CONF_PROMPT);
	assert_string_equal(conf_signer_at(issuer, 2).key_passphrase_file, "credential:pin");
	assert_string_equal(conf_signer_at(issuer, 3).key, "pkcs11:token=a");
	assert_null(conf_signer_at(issuer, 3).key_passphrase_file);
	conf_free(conf);
	refused(DATABASE ISSUER("A") "signer_key = k\nsigner_key_passphrase_file = credential:\n",
		"is not valid; write a path, credential:NAME or prompt");
	refused(DATABASE ISSUER(
			"A") "signer_key = k\nsigner_key_passphrase_file = credential:a/b\n",
		"is not valid");
}

/* Row 19: the PIN itself is in no configuration, and so in no message. */
static void a_pin_in_the_uri_is_refused_and_not_repeated(void **state)
{
	(void)state;
	struct fault fault = {""};
	struct conf *conf = NULL;
	const char *text = DATABASE ISSUER("A") "signer_certificate = c\nsigner_key = "
						"pkcs11:token=a?pin-value=147258\n";
	assert_int_equal(conf_parse("x.conf", view_of_string(text), CONF_ALL, &conf, &fault),
			 -EINVAL);
	assert_non_null(strstr(fault.text, "without pin-value"));
	assert_null(strstr(fault.text, "147258"));
}

static void a_signers_name_is_used_once(void **state)
{
	(void)state;
	refused(DATABASE ISSUER("A") SIGNER("next", "A") SIGNER("next", "A"),
		"[signer \"next\"] again; the first is in line 5");
}

static void more_signers_than_the_limit_are_refused(void **state) /* P-37 */
{
	(void)state;
	cleanup(buffer_deinit) struct buffer text = {0};
	buffer_put_string(&text, DATABASE ISSUER("A") PAIR);
	for (unsigned i = 1; i <= LIMIT_ISSUER_SIGNERS; i++)
		buffer_printf(&text, "[signer \"%u\"]\nissuer = A\ncertificate = c\nkey = k\n", i);
	buffer_put_u8(&text, 0);
	refused((char *)text.data, "issuer \"A\" has more than 8 signers");
}

static void weak_digests_have_no_name(void **state) /* P-36 */
{
	(void)state;
	refused(DATABASE ISSUER("A") PAIR "signature = sha1\n",
		"write auto, sha256, sha384, sha512, pss-sha256, pss-sha384 or pss-sha512");
	refused("[signer \"x\"]\nsignature = md5\n", "signature = md5 is not valid");
}

static void signers_come_in_order_after_the_issuers_own(void **state) /* P-37 */
{
	(void)state;
	struct conf *conf = parse(SIGNER("third", "A") DATABASE ISSUER("A") PAIR
				  "signature = sha384\n" ISSUER("B") SIGNER("only", "B")
					  SIGNER("last", "A") "signature = pss-sha512\n");
	const struct conf_issuer *a = &conf->issuers[0], *b = &conf->issuers[1];
	assert_int_equal(conf_signer_count(a), 3);
	struct conf_signer signer = conf_signer_at(a, 0);
	assert_string_equal(signer.name, "A");
	assert_string_equal(signer.certificate, "/ocsp.pem");
	assert_string_equal(signer.key, "/ocsp.key");
	assert_int_equal(signer.signature, SIGNATURE_SHA384);
	signer = conf_signer_at(a, 1);
	assert_string_equal(signer.name, "third");
	assert_string_equal(signer.key, "/etc/sg/k");
	assert_int_equal(signer.signature, SIGNATURE_AUTO);
	signer = conf_signer_at(a, 2);
	assert_string_equal(signer.certificate, "/last.pem");
	assert_int_equal(signer.signature, SIGNATURE_PSS_SHA512);
	assert_int_equal(conf_signer_count(b), 1);
	assert_string_equal(conf_signer_at(b, 0).name, "only");
	conf_free(conf);
}

/* What the signer's room is given says the same; the ledger's room learns no path. */
static void rooms_are_given_what_they_need(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer text = {0};
	struct conf *conf = parse(DATABASE ISSUER("A") SIGNER("one", "A") SIGNER("two", "A"));
	struct conf *again = NULL;
	struct fault fault = {""};
	conf_render(conf, CONF_SIGNER, true, &text);
	assert_int_equal(conf_parse("x", buffer_view(&text), CONF_SIGNER, &again, &fault), 0);
	assert_null(again->issuers[0].signer_key);
	assert_int_equal(conf_signer_count(&again->issuers[0]), 2);
	assert_string_equal(conf_signer_at(&again->issuers[0], 1).certificate, "/two.pem");
	conf_free(again);
	buffer_reset(&text);
	conf_render(conf, CONF_LEDGER, true, &text);
	buffer_put_u8(&text, 0);
	assert_null(strstr((char *)text.data, "two.pem"));
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signer_of_nobody_is_refused),
		cmocka_unit_test(half_a_signer_is_refused),
		cmocka_unit_test(a_key_file_may_hold_the_certificate_and_a_token_does_not),
		cmocka_unit_test(where_a_passphrase_comes_from_is_a_path_or_a_word),
		cmocka_unit_test(a_pin_in_the_uri_is_refused_and_not_repeated),
		cmocka_unit_test(a_signers_name_is_used_once),
		cmocka_unit_test(more_signers_than_the_limit_are_refused),
		cmocka_unit_test(weak_digests_have_no_name),
		cmocka_unit_test(signers_come_in_order_after_the_issuers_own),
		cmocka_unit_test(rooms_are_given_what_they_need),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
