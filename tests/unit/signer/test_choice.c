/* Several signers of one issuer: which of them signs, and when the next takes over (P-17, P-37). The
 * clock is a variable. */
#include "pki.h"

#include "signer/choice.h"
#include "signer/sign.h"
#include "signer/watch.h"

#include <openssl/ocsp.h>

#define HOUR INT64_C(3600)
#define MOST 4

/* OBJECT IDENTIFIERs with their headers. */
#define OID_RSA_SHA256 view_of("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 11)
#define OID_RSA_SHA1 view_of("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", 11)
#define OID_PSS view_of("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 11)
#define OID_ECDSA_SHA256 view_of("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 10)
#define ANY ((struct view){0})

struct plan {
	EVP_PKEY *key;
	long from, until; /* seconds from now */
	enum signature_choice signature;
};

static struct {
	EVP_PKEY *ca_key, *ec, *rsa;
	X509 *ca;
	struct pki_files files;
	struct conf_signer signers[MOST];
	char names[MOST][16], certificates[MOST][80], keys[MOST][80];
	struct buffer certid;
	int64_t now;
} world;

static void lay(unsigned index, const struct plan *plan)
{
	struct pki_wish wish = pki_delegate(plan->key, world.ca, world.ca_key);
	wish.from = plan->from;
	wish.until = plan->until;
	X509 *certificate = pki_certificate(&wish);
	(void)snprintf(world.names[index], sizeof(world.names[index]), "s%u", index);
	(void)snprintf(world.certificates[index], 80, "%s/%u.pem", world.files.folder, index);
	(void)snprintf(world.keys[index], 80, "%s/%u.key", world.files.folder, index);
	pki_write_certificate(world.certificates[index], certificate);
	pki_write_key(world.keys[index], plan->key, NULL);
	X509_free(certificate);
	world.signers[index] = made_signer();
	world.signers[index].name = world.names[index];
	world.signers[index].certificate = world.certificates[index];
	world.signers[index].key = world.keys[index];
	world.signers[index].signature = plan->signature;
}

static struct conf_issuer issuer_of(const struct plan *plans, unsigned count)
{
	struct conf_issuer issuer = world.files.issuer;
	for (unsigned i = 0; i < count; i++)
		lay(i, &plans[i]);
	issuer.signer_certificate = issuer.signer_key = NULL;
	issuer.signers = world.signers;
	issuer.signer_count = count;
	return issuer;
}

static struct credential *load(const struct plan *plans, unsigned count, struct findings *findings)
{
	struct conf_issuer issuer = issuer_of(plans, count);
	struct credential *credential = NULL;
	struct fault fault = {""};
	if (credential_load(&issuer, world.now, &credential, findings, &fault) < 0)
		fail_msg("%s", fault.text);
	return credential;
}

static int make_world(void **state)
{
	(void)state;
	world.ca_key = pki_key("P-256");
	world.ec = pki_key("P-256");
	world.rsa = pki_key("RSA-2048");
	world.ca = pki_ca("CA", world.ca_key);
	world.now = wall_seconds(clock_now().wall_us);
	pki_files_init(&world.files);
	pki_write_certificate(world.files.ca, world.ca);
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), world.ca, world.ca);
	unsigned char *der = NULL;
	int size = i2d_OCSP_CERTID(id, &der);
	buffer_put(&world.certid, der, (size_t)size);
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MOST; i++) {
		(void)unlink(world.certificates[i]);
		(void)unlink(world.keys[i]);
	}
	pki_files_deinit(&world.files);
	EVP_PKEY_free(world.ca_key);
	EVP_PKEY_free(world.ec);
	EVP_PKEY_free(world.rsa);
	X509_free(world.ca);
	buffer_deinit(&world.certid);
	return 0;
}

/* Who signs an answer of the whole validity, 8 h: "s0" …, or "nobody". */
static const char *who(struct credential *c, struct view algorithm, int64_t at)
{
	const struct responder *r = choice_of(c, algorithm, at + 8 * HOUR - 1, at);
	return r ? r->name : "nobody";
}

static void nothing_is_signed_when_nobody_is_in_date(void **state) /* P-37 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -PKI_DAY, PKI_DAY, 0},
				     {world.rsa, 2 * PKI_DAY, 3 * PKI_DAY, 0}};
	struct credential *c = load(plans, 2, NULL);
	struct view offers[LIMIT_ISSUER_SIGNERS];
	struct buffer out = {0};
	struct sign_outcome outcome;
	int64_t gap = world.now + PKI_DAY + HOUR, end = world.now + 4 * PKI_DAY;
	struct message_sign job = {.this_update = gap - 1,
				   .next_update = gap + HOUR,
				   .count = 1,
				   .entries = {{.certid = buffer_view(&world.certid),
						.says.revoked_at = TIME_NONE,
						.says.reason = REASON_NONE,
						.says.invalidity_at = TIME_NONE}}};
	assert_string_equal(who(c, ANY, gap), "nobody");
	assert_string_equal(who(c, OID_RSA_SHA256, gap), "nobody");
	assert_string_equal(who(c, ANY, end), "nobody");
	assert_string_equal(who(c, ANY, world.now - 2 * PKI_DAY), "nobody");
	assert_int_equal(choice_offers(c, gap, offers), 0);
	assert_null(choice_last(c, gap));
	assert_int_equal(sign_job(c, &job, gap, &out, &outcome), SIGN_LATER);
	assert_string_equal(outcome.reason, "no signer's certificate is valid now");
	assert_int_equal(out.size, 0);
	credential_free(c);
}

static void the_next_takes_over_before_answers_get_short(void **state) /* P-37 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -PKI_DAY, 2 * PKI_DAY, 0},
				     {world.ec, PKI_DAY, 30 * PKI_DAY, 0}};
	struct credential *c = load(plans, 2, NULL);
	int64_t end = responder_not_after(&c->responders[0]);
	assert_string_equal(who(c, ANY, world.now), "s0");
	/* The last answer that has its whole life, and the first that would not. */
	assert_string_equal(who(c, ANY, end - 8 * HOUR + 1), "s0");
	assert_string_equal(who(c, ANY, end - 8 * HOUR + 2), "s1");
	assert_string_equal(who(c, ANY, end + 1), "s1");
	credential_free(c);
}

static void
without_a_next_the_one_that_lasts_longest_signs_to_its_end(void **state) /* P-37, P-27 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -PKI_DAY, HOUR, 0},
				     {world.ec, -PKI_DAY, 3 * HOUR, 0},
				     {world.ec, PKI_DAY, 30 * PKI_DAY, 0}};
	struct credential *c = load(plans, 3, NULL);
	assert_string_equal(who(c, ANY, world.now), "s1");
	assert_string_equal(who(c, ANY, responder_not_after(&c->responders[1])), "s1");
	assert_string_equal(who(c, ANY, responder_not_after(&c->responders[1]) + 1), "nobody");
	credential_free(c);
}

static void the_algorithm_asked_for_signs_and_a_weak_one_does_not(void **state) /* P-17, P-36 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -PKI_DAY, PKI_DAY, 0},
				     {world.rsa, -PKI_DAY, 30 * PKI_DAY, 0},
				     {world.rsa, -PKI_DAY, 30 * PKI_DAY, SIGNATURE_PSS_SHA256},
				     {world.rsa, -PKI_DAY, 60 * PKI_DAY, 0}};
	struct credential *c = load(plans, 4, NULL);
	struct view offers[LIMIT_ISSUER_SIGNERS];
	assert_string_equal(who(c, OID_RSA_SHA256, world.now), "s1");
	assert_string_equal(who(c, OID_PSS, world.now), "s2");
	assert_string_equal(who(c, OID_ECDSA_SHA256, world.now), "s0");
	assert_string_equal(who(c, OID_RSA_SHA1, world.now), "s0");
	assert_string_equal(who(c, OID_RSA_SHA256, world.now + 31 * PKI_DAY), "s3");
	assert_int_equal(choice_offers(c, world.now, offers), 3);
	assert_view_equal(offers[0], OID_ECDSA_SHA256);
	assert_view_equal(offers[1], OID_RSA_SHA256);
	assert_view_equal(offers[2], OID_PSS);
	/* The default is another one by now. */
	assert_int_equal(choice_offers(c, world.now + 20 * HOUR, offers), 3);
	assert_view_equal(offers[0], OID_RSA_SHA256);
	assert_int_equal(choice_offers(c, world.now + 31 * PKI_DAY, offers), 1);
	credential_free(c);
}

static void a_signer_may_wait_or_be_over_beside_one_in_date(void **state) /* P-37 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -3 * PKI_DAY, -PKI_DAY, 0},
				     {world.ec, -PKI_DAY, 3 * PKI_DAY, 0},
				     {world.ec, 2 * PKI_DAY, 60 * PKI_DAY, 0}};
	struct findings findings = {0};
	struct credential *c = load(plans, 3, &findings);
	assert_string_equal(who(c, ANY, world.now), "s1");
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.items[0].kind, FINDING_SIGNER_EXPIRED);
	assert_string_equal(findings.items[0].requirement, "P-37");
	assert_non_null(
		strstr(findings.items[0].text, "0.pem: has expired; it signs no more: at "));
	assert_string_equal(choice_last(c, world.now)->name, "s2"); /* so nothing ends soon */
	findings_deinit(&findings);
	credential_free(c);
}

static void a_gap_between_two_signers_is_told_in_time(void **state) /* P-37 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -PKI_DAY, 3 * PKI_DAY, 0},
				     {world.ec, 4 * PKI_DAY, 60 * PKI_DAY, 0}};
	struct findings findings = {0};
	struct credential *c = load(plans, 2, &findings);
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.items[0].kind, FINDING_SIGNER_ENDS_SOON);
	assert_non_null(strstr(findings.items[0].text, "0.pem: expires soon; renew it: at "));
	findings_deinit(&findings);
	credential_free(c);
}

static void none_in_date_is_refused_at_the_start_but_not_while_serving(void **state) /* P-37 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -3 * PKI_DAY, -PKI_DAY, 0},
				     {world.ec, PKI_DAY, 60 * PKI_DAY, 0}};
	struct conf_issuer issuer = issuer_of(plans, 2);
	struct conf conf = made_conf_of(CONF_SIGNER, &issuer, 1);
	struct credential *c = NULL;
	struct keyring ring = {0};
	struct fault fault = {""};
	assert_int_equal(credential_load(&issuer, world.now, &c, NULL, &fault), -EKEYREJECTED);
	assert_non_null(strstr(fault.text, "1.pem: not valid before "));
	assert_int_equal(keyring_load(&ring, &conf, world.now, &fault), 0);
	assert_non_null(ring.entries[0].credential);
	keyring_deinit(&ring);
}

static void a_bad_second_signer_refuses_the_whole(void **state) /* P-35 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, 0, 0, 0}, {world.ec, 0, 0, 0}};
	struct conf_issuer issuer = issuer_of(plans, 2);
	struct credential *c = NULL;
	struct fault fault = {""};
	pki_write_key(world.keys[1], world.rsa, NULL);
	assert_int_equal(credential_load(&issuer, world.now, &c, NULL, &fault), -EKEYREJECTED);
	assert_non_null(strstr(fault.text, "1.key: this is not the key of"));
}

/* ---- what the ledger hears ---- */

struct heard {
	unsigned count;
	struct message_offer last;
	struct buffer payload;
};

static struct moment at(int64_t seconds)
{
	return (struct moment){.wall_us = seconds * SECOND_US, .mono_us = seconds * SECOND_US};
}

static void hear(void *context, struct view offer)
{
	struct heard *heard = context;
	heard->count++;
	buffer_reset(&heard->payload);
	buffer_put_view(&heard->payload, offer);
	assert_int_equal(message_offer_read(buffer_view(&heard->payload), &heard->last), 0);
}

static void the_ledger_hears_of_a_hand_over_once(void **state) /* P-37 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -PKI_DAY, 2 * PKI_DAY, 0},
				     {world.rsa, PKI_DAY, 3 * PKI_DAY, 0}};
	struct conf_issuer issuer = issuer_of(plans, 2);
	struct conf conf = made_conf_of(CONF_SIGNER, &issuer, 1);
	struct keyring ring = {0};
	struct fault fault = {""};
	struct heard heard = {0};
	assert_int_equal(keyring_load(&ring, &conf, world.now, &fault), 0);
	watch_tell(&ring, &conf, at(world.now), false, hear, &heard);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.last.count, 1);
	assert_view_equal(heard.last.algorithms[0], OID_ECDSA_SHA256);
	watch_tell(&ring, &conf, at(world.now + HOUR), false, hear, &heard);
	assert_int_equal(heard.count, 1);
	watch_tell(&ring, &conf, at(world.now + HOUR), true, hear, &heard); /* a new ledger */
	assert_int_equal(heard.count, 2);
	watch_tell(&ring, &conf, at(world.now + PKI_DAY + HOUR), false, hear, &heard);
	assert_int_equal(heard.last.count, 2);
	assert_view_equal(heard.last.algorithms[0], OID_ECDSA_SHA256);
	watch_tell(&ring, &conf, at(world.now + 2 * PKI_DAY - HOUR), false, hear, &heard);
	assert_int_equal(heard.last.count, 2);
	assert_view_equal(heard.last.algorithms[0], OID_RSA_SHA256);
	watch_tell(&ring, &conf, at(world.now + 3 * PKI_DAY + HOUR), false, hear, &heard);
	assert_int_equal(heard.count, 5);
	assert_int_equal(heard.last.count, 0);
	buffer_deinit(&heard.payload);
	keyring_deinit(&ring);
}

static void status_tells_each_signers_end_and_warns(void **state) /* P-37 */
{
	(void)state;
	const struct plan plans[] = {{world.ec, -3 * PKI_DAY, -PKI_DAY, 0},
				     {world.ec, -PKI_DAY, 3 * PKI_DAY, 0},
				     {world.rsa, -PKI_DAY, 60 * PKI_DAY, 0},
				     {world.rsa, 2 * PKI_DAY, 61 * PKI_DAY, 0}};
	struct conf_issuer issuer = issuer_of(plans, 4);
	struct conf conf = made_conf_of(CONF_SIGNER, &issuer, 1);
	struct keyring ring = {0};
	struct fault fault = {""};
	struct buffer text = {0};
	assert_int_equal(keyring_load(&ring, &conf, world.now, &fault), 0);
	keyring_status(&ring, &conf, 0, world.now, 65536, &text);
	buffer_put_u8(&text, 0);
	assert_non_null(strstr((char *)text.data, "\"state\":\"expired\""));
	assert_non_null(strstr((char *)text.data, "\"state\":\"current\""));
	assert_non_null(strstr((char *)text.data, "\"state\":\"ready\""));
	assert_non_null(strstr((char *)text.data, "\"state\":\"early\""));
	assert_non_null(strstr((char *)text.data, "\"warning\":null"));
	buffer_reset(&text);
	keyring_status(&ring, &conf, 0, world.now + 50 * PKI_DAY, 65536, &text);
	buffer_put_u8(&text, 0);
	assert_non_null(strstr((char *)text.data, "\"warning\":\"no signer after 20"));
	buffer_reset(&text);
	keyring_status(&ring, &conf, 0, world.now + 70 * PKI_DAY, 65536, &text);
	buffer_put_u8(&text, 0);
	assert_non_null(strstr((char *)text.data, "\"algorithm\":null,\"not_after\":null"));
	assert_non_null(
		strstr((char *)text.data, "\"warning\":\"no signer's certificate is valid"));
	buffer_deinit(&text);
	keyring_deinit(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_signed_when_nobody_is_in_date),
		cmocka_unit_test(the_next_takes_over_before_answers_get_short),
		cmocka_unit_test(without_a_next_the_one_that_lasts_longest_signs_to_its_end),
		cmocka_unit_test(the_algorithm_asked_for_signs_and_a_weak_one_does_not),
		cmocka_unit_test(a_signer_may_wait_or_be_over_beside_one_in_date),
		cmocka_unit_test(a_gap_between_two_signers_is_told_in_time),
		cmocka_unit_test(none_in_date_is_refused_at_the_start_but_not_while_serving),
		cmocka_unit_test(a_bad_second_signer_refuses_the_whole),
		cmocka_unit_test(the_ledger_hears_of_a_hand_over_once),
		cmocka_unit_test(status_tells_each_signers_end_and_warns),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
