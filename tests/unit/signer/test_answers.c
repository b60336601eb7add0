/* What an issuer's configuration adds to answers, and the one case in which a signer speaks of other
 * issuers: P-22, P-23, P-26, P-27, P-30, P-31. */
#include "pki.h"

#include "signer/credential_parts.h"
#include "signer/keyring.h"

#include <openssl/ocsp.h>

#define HOUR INT64_C(3600)
#define HTTP_HEAD_MOST 512

static struct {
	EVP_PKEY *root_key, *ca_key, *key;
	X509 *root, *ca, *signer, *stranger_ca;
	struct pki_files files;
	char chain[64];
	int64_t now;
	struct buffer certid, stranger_certid, root_certid;
} world;

static const uint8_t hash[32] = {7};
static const uint8_t scts[] = {0, 3, 0, 1, 9};

static void make_certid(X509 *ca, struct buffer *out)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_INTEGER_set(serial, 0x1234);
	OCSP_CERTID *id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(ca),
					   X509_get0_pubkey_bitstr(ca), serial);
	unsigned char *der = NULL;
	int size = i2d_OCSP_CERTID(id, &der);
	buffer_put(out, der, (size_t)size);
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	ASN1_INTEGER_free(serial);
}

static int make_world(void **state)
{
	(void)state;
	world.root_key = pki_key("P-256");
	world.ca_key = pki_key("P-256");
	world.key = pki_key("P-256");
	world.root = pki_ca("Root", world.root_key);
	struct pki_wish ca = {.name = "CA",
			      .key = world.ca_key,
			      .issuer = world.root,
			      .issuer_key = world.root_key};
	memcpy(ca.extensions, pki_ca_extensions, sizeof(pki_ca_extensions));
	world.ca = pki_certificate(&ca);
	struct pki_wish signer = pki_delegate(world.key, world.ca, world.ca_key);
	world.signer = pki_certificate(&signer);
	world.stranger_ca = pki_ca("Stranger", world.key);
	world.now = wall_seconds(clock_now().wall_us);
	make_certid(world.ca, &world.certid);
	make_certid(world.stranger_ca, &world.stranger_certid);
	make_certid(world.root, &world.root_certid);
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	EVP_PKEY_free(world.root_key);
	EVP_PKEY_free(world.ca_key);
	EVP_PKEY_free(world.key);
	X509_free(world.root);
	X509_free(world.ca);
	X509_free(world.signer);
	X509_free(world.stranger_ca);
	buffer_deinit(&world.certid);
	buffer_deinit(&world.stranger_certid);
	buffer_deinit(&world.root_certid);
	return 0;
}

static int lay(void **state)
{
	(void)state;
	pki_files_init(&world.files);
	(void)snprintf(world.chain, sizeof(world.chain), "%s/chain.pem", world.files.folder);
	pki_write_certificate(world.files.ca, world.ca);
	pki_write_certificate(world.files.certificate, world.signer);
	pki_write_key(world.files.key, world.key, NULL);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	(void)unlink(world.chain);
	pki_files_deinit(&world.files);
	return 0;
}

static void write_chain(X509 *first, X509 *second)
{
	FILE *file = fopen(world.chain, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, first), 1);
	if (second)
		assert_int_equal(PEM_write_X509(file, second), 1);
	assert_int_equal(fclose(file), 0);
	world.files.issuer.chain = world.chain;
}

static struct credential *load(void)
{
	struct credential *credential = NULL;
	struct fault fault = {""};
	if (credential_load(&world.files.issuer, world.now, &credential, NULL, &fault) < 0)
		fail_msg("%s", fault.text);
	return credential;
}

static void load_refused(const char *reason)
{
	struct credential *credential = NULL;
	struct fault fault = {""};
	assert_true(credential_load(&world.files.issuer, world.now, &credential, NULL, &fault) < 0);
	if (!strstr(fault.text, world.chain) || !strstr(fault.text, reason))
		fail_msg("\"%s\" does not say \"%s: %s\"", fault.text, world.chain, reason);
}

static struct message_sign job_of(enum ocsp_status status)
{
	return (struct message_sign){
		.id = 7,
		.this_update = world.now - 2,
		.next_update = world.now - 2 + 8 * HOUR - 1,
		.count = 1,
		.entries = {{.certid = buffer_view(&world.certid),
			     .says.status = status,
			     .says.revoked_at =
				     status == OCSP_REVOKED ? world.now - HOUR : TIME_NONE,
			     .says.reason = REASON_NONE,
			     .says.invalidity_at = TIME_NONE}},
	};
}

static void sign(struct credential *credential, const struct message_sign *job, struct buffer *out,
		 struct sign_outcome *outcome)
{
	int result = sign_job(credential, job, world.now, out, outcome);
	if (result != 0)
		fail_msg("%d: %s", result, outcome->reason);
}

/* The response as OpenSSL reads it, verified against the root alone. */
static OCSP_BASICRESP *answer(struct credential *credential, const struct message_sign *job)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	struct sign_outcome outcome;
	sign(credential, job, &out, &outcome);
	const unsigned char *p = out.data;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)out.size);
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_add_cert(store, world.root);
	X509_STORE_add_cert(store, world.ca);
	STACK_OF(X509) *known = sk_X509_new_null();
	sk_X509_push(known, world.ca);
	assert_int_equal(OCSP_basic_verify(basic, known, store, 0), 1);
	sk_X509_free(known);
	X509_STORE_free(store);
	OCSP_RESPONSE_free(response);
	return basic;
}

static void refused(struct credential *credential, const struct message_sign *job,
		    const char *reason)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	struct sign_outcome outcome;
	assert_int_equal(sign_job(credential, job, world.now, &out, &outcome), SIGN_REFUSED);
	assert_string_equal(outcome.reason, reason);
	assert_int_equal(out.size, 0);
}

/* ---- extensions ---- */

static void an_extension_that_is_not_configured_is_refused_p30(void **state)
{
	(void)state;
	static const char reason[] = "an extension that is not configured";
	cleanup(credential_freep) struct credential *c = load();
	struct message_sign job = job_of(OCSP_GOOD);
	job.entries[0].facts.certificate_hash = view_of(hash, sizeof(hash));
	refused(c, &job, reason);
	job = job_of(OCSP_GOOD);
	job.entries[0].facts.sct_list = view_of(scts, sizeof(scts));
	refused(c, &job, reason);
	job = job_of(OCSP_REVOKED);
	job.entries[0].facts.crl_time = world.now;
	refused(c, &job, reason);
}

static int single_extensions(struct credential *c, const struct message_sign *job)
{
	OCSP_BASICRESP *basic = answer(c, job);
	int count = OCSP_SINGLERESP_get_ext_count(OCSP_resp_get0(basic, 0));
	OCSP_BASICRESP_free(basic);
	return count;
}

static void configured_extensions_are_signed_p30(void **state)
{
	(void)state;
	world.files.issuer.extensions[EXTENSION_CERT_HASH] =
		world.files.issuer.extensions[EXTENSION_CRL_ID] =
			world.files.issuer.extensions[EXTENSION_SCT_LIST] = true;
	cleanup(credential_freep) struct credential *c = load();
	struct message_sign job = job_of(OCSP_GOOD);
	job.entries[0].facts.certificate_hash = view_of(hash, sizeof(hash));
	job.entries[0].facts.sct_list = view_of(scts, sizeof(scts));
	job.entries[0].facts.crl_time = world.now - HOUR; /* that does not list it */
	assert_int_equal(single_extensions(c, &job), 3);
	job = job_of(OCSP_REVOKED);
	job.entries[0].facts.certificate_hash = view_of(hash, sizeof(hash));
	job.entries[0].facts.crl_url = view_of_string("http://crl.example/");
	job.entries[0].says.invalidity_at = world.now - 2 * HOUR;
	assert_int_equal(single_extensions(c, &job), 3);
}

static int64_t cutoff_of(struct credential *c, const struct message_sign *job)
{
	OCSP_BASICRESP *basic = answer(c, job);
	ASN1_GENERALIZEDTIME *time = OCSP_SINGLERESP_get1_ext_d2i(
		OCSP_resp_get0(basic, 0), NID_id_pkix_OCSP_archiveCutoff, NULL, NULL);
	int days = 0, seconds = 0;
	ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)world.now);
	if (time)
		assert_int_equal(ASN1_TIME_diff(&days, &seconds, now, time), 1);
	ASN1_TIME_free(now);
	OCSP_BASICRESP_free(basic);
	if (!time)
		return 0;
	ASN1_GENERALIZEDTIME_free(time);
	return world.now + days * PKI_DAY + seconds;
}

static void the_archive_cutoff_is_the_retention_or_the_cas_beginning_p30(void **state)
{
	(void)state;
	struct message_sign good = job_of(OCSP_GOOD), revoked = job_of(OCSP_REVOKED);
	world.files.issuer.archive_cutoff_us = INT64_C(10) * 86400 * SECOND_US;
	struct credential *c = load();
	assert_int_equal(cutoff_of(c, &good), world.now - 10 * PKI_DAY);
	credential_free(c);
	world.files.issuer.archive_cutoff_us = ARCHIVE_CUTOFF_ISSUER;
	c = load();
	assert_int_equal(cutoff_of(c, &good), c->ca.slices.not_before);
	assert_int_equal(cutoff_of(c, &revoked), c->ca.slices.not_before);
	/* Of what was never issued there is no archive (P-23). */
	struct message_sign unknown = job_of(OCSP_UNKNOWN), never = job_of(OCSP_REVOKED);
	never.extended_revoke = true;
	never.entries[0].says.revoked_at = 0;
	never.entries[0].says.reason = REASON_CERTIFICATE_HOLD;
	assert_int_equal(cutoff_of(c, &unknown), 0);
	assert_int_equal(cutoff_of(c, &never), 0);
	credential_free(c);
}

static void the_extended_definition_carries_no_crl_p23(void **state)
{
	(void)state;
	world.files.issuer.extensions[EXTENSION_CRL_ID] = true;
	cleanup(credential_freep) struct credential *c = load();
	struct message_sign never = job_of(OCSP_REVOKED);
	never.extended_revoke = true;
	never.entries[0].says.revoked_at = 0;
	never.entries[0].says.reason = REASON_CERTIFICATE_HOLD;
	never.entries[0].facts.crl_url = view_of_string("http://crl.example/");
	refused(c, &never, "fields that no response may have");
	never.entries[0].facts.crl_url = (struct view){0};
	never.entries[0].says.invalidity_at = world.now - HOUR;
	refused(c, &never, "fields that no response may have");
}

/* ---- the chain ---- */

static void a_chain_of_other_certificates_is_refused_p26(void **state)
{
	(void)state;
	write_chain(world.stranger_ca, NULL);
	load_refused("certificate 1 did not issue the one before it");
	write_chain(world.root, NULL); /* not the signer's issuer */
	load_refused("certificate 1 did not issue the one before it");
	write_chain(world.ca, world.stranger_ca);
	load_refused("certificate 2 did not issue the one before it");
	X509 *namesake = pki_ca("Root", world.key); /* of the right name, with another key */
	write_chain(world.ca, namesake);
	load_refused("certificate 2 did not issue the one before it");
	X509_free(namesake);
	FILE *file = fopen(world.chain, "w");
	(void)fputs("-----BEGIN CERTIFICATE-----\nMII\n", file);
	(void)fclose(file);
	load_refused("no whole PEM certificate");
	file = fopen(world.chain, "w");
	for (unsigned i = 0; i <= LIMIT_CHAIN; i++)
		PEM_write_X509(file, world.root);
	(void)fclose(file);
	load_refused("more than 4 certificates");
}

static void a_chain_that_is_not_in_date_is_refused_p26(void **state)
{
	(void)state;
	struct pki_wish wish = {.name = "CA",
				.key = world.ca_key,
				.issuer = world.root,
				.issuer_key = world.root_key,
				.from = -2 * PKI_DAY,
				.until = -PKI_DAY};
	X509 *expired = pki_certificate(&wish);
	write_chain(expired, NULL);
	load_refused("certificate 1 is not valid now");
	X509_free(expired);
}

static void the_chain_follows_the_signer_p26(void **state)
{
	(void)state;
	write_chain(world.ca, world.root);
	cleanup(credential_freep) struct credential *c = load();
	struct message_sign job = job_of(OCSP_GOOD);
	OCSP_BASICRESP *basic = answer(c, &job);
	const STACK_OF(X509) *certs = OCSP_resp_get0_certs(basic);
	assert_int_equal(sk_X509_num(certs), 3);
	assert_int_equal(X509_cmp(sk_X509_value(certs, 0), world.signer), 0);
	assert_int_equal(X509_cmp(sk_X509_value(certs, 1), world.ca), 0);
	assert_int_equal(X509_cmp(sk_X509_value(certs, 2), world.root), 0);
	OCSP_BASICRESP_free(basic);
}

static void a_ca_that_signs_itself_is_not_in_its_chain_p26(void **state)
{
	(void)state;
	pki_write_certificate(world.files.certificate, world.ca);
	pki_write_key(world.files.key, world.ca_key, NULL);
	write_chain(world.ca, world.root);
	struct message_sign job = job_of(OCSP_GOOD);
	struct credential *c = load();
	OCSP_BASICRESP *basic = answer(c, &job);
	const STACK_OF(X509) *certs = OCSP_resp_get0_certs(basic);
	assert_int_equal(sk_X509_num(certs), 1);
	assert_int_equal(X509_cmp(sk_X509_value(certs, 0), world.root), 0);
	OCSP_BASICRESP_free(basic);
	credential_free(c);
	write_chain(world.ca, NULL);
	c = load();
	basic = answer(c, &job);
	assert_int_equal(sk_X509_num(OCSP_resp_get0_certs(basic)), -1); /* no field at all */
	OCSP_BASICRESP_free(basic);
	credential_free(c);
}

static void next_update_never_outlives_the_chain_p27(void **state)
{
	(void)state;
	struct pki_wish wish = {.name = "CA",
				.key = world.ca_key,
				.issuer = world.root,
				.issuer_key = world.root_key,
				.from = -PKI_DAY,
				.until = HOUR};
	X509 *ending = pki_certificate(&wish);
	int64_t latest = wall_seconds(clock_now().wall_us) + HOUR;
	write_chain(ending, NULL);
	cleanup(credential_freep) struct credential *c = load();
	cleanup(buffer_deinit) struct buffer out = {0};
	struct sign_outcome outcome;
	struct message_sign job = job_of(OCSP_GOOD);
	sign(c, &job, &out, &outcome);
	assert_true(outcome.next_update <= latest);
	assert_int_equal(outcome.next_update, credential_signer_at(c, 0).not_after);
	X509_free(ending);
}

/* ---- size ---- */

static void an_answer_with_rsa_4096_fits_a_staplers_buffer_p31(void **state)
{
	(void)state;
	EVP_PKEY *key = pki_key("RSA-4096"), *ca_key = pki_key("RSA-4096");
	X509 *ca = pki_ca("CA", ca_key);
	struct pki_wish wish = pki_delegate(key, ca, ca_key);
	X509 *signer = pki_certificate(&wish);
	pki_write_certificate(world.files.ca, ca);
	pki_write_certificate(world.files.certificate, signer);
	pki_write_key(world.files.key, key, NULL);
	write_chain(ca, NULL);
	world.files.issuer.extensions[EXTENSION_CERT_HASH] =
		world.files.issuer.extensions[EXTENSION_SCT_LIST] = true;
	struct credential *c = load();
	struct message_sign job = job_of(OCSP_GOOD);
	cleanup(buffer_deinit) struct buffer certid = {0}, plain = {0}, full = {0};
	struct sign_outcome outcome;
	make_certid(ca, &certid);
	job.entries[0].certid = buffer_view(&certid);
	sign(c, &job, &plain, &outcome);
	assert_true(plain.size + HTTP_HEAD_MOST < 10240);
	/* With the chain and everything that the database may add to it. */
	uint8_t list[LIMIT_SCT_LIST] = {(LIMIT_SCT_LIST - 2) >> 8, (LIMIT_SCT_LIST - 2) & 0xff,
					(LIMIT_SCT_LIST - 4) >> 8, (LIMIT_SCT_LIST - 4) & 0xff};
	job.entries[0].facts.certificate_hash = view_of(hash, sizeof(hash));
	job.entries[0].facts.sct_list = view_of(list, sizeof(list));
	sign(c, &job, &full, &outcome);
	assert_true(full.size > plain.size + LIMIT_SCT_LIST);
	assert_true(full.size + HTTP_HEAD_MOST < 10240);
	credential_free(c);
	X509_free(signer);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

/* Adds up the answers of a signer whose certificate has a comment of this size. */
static size_t advised(size_t comment, struct findings *findings)
{
	static char value[LIMIT_RESPONSE];
	struct credential *credential = NULL;
	struct fault fault = {""};
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	memset(value, 'x', comment);
	value[comment] = '\0';
	wish.extensions[3] = (struct pki_extension){NID_netscape_comment, value};
	X509 *signer = pki_certificate(&wish);
	pki_write_certificate(world.files.certificate, signer);
	X509_free(signer);
	if (credential_load(&world.files.issuer, world.now, &credential, findings, &fault) < 0)
		fail_msg("%s", fault.text);
	struct message_sign job = job_of(OCSP_GOOD);
	cleanup(buffer_deinit) struct buffer out = {0};
	struct sign_outcome outcome;
	sign(credential, &job, &out, &outcome);
	credential_free(credential);
	return out.size;
}

/* Whatever makes them large: the chain, a certificate, a post-quantum signature. */
static void answers_too_large_for_staplers_are_warned_of_p31(void **state)
{
	(void)state;
	cleanup(findings_deinit) struct findings small = {.profile = PROFILE_PRIVATE};
	cleanup(findings_deinit) struct findings large = {.profile = PROFILE_PRIVATE};
	assert_true(advised(7000, &small) + HTTP_HEAD_MOST < 10240);
	assert_int_equal(small.count, 0);
	assert_true(advised(9700, &large) + HTTP_HEAD_MOST > 10240);
	assert_int_equal(large.count, 1);
	assert_int_equal(large.items[0].kind, FINDING_LARGE_ANSWER);
	assert_int_equal(large.items[0].severity, SEVERITY_WARNING);
	assert_string_equal(large.items[0].requirement, "P-31");
	assert_non_null(strstr(large.items[0].text, world.files.certificate));
}

/* By at most the CertID's hash and the serial, and what a signature varies by. */
static void the_size_foretold_is_that_of_an_answer_p31(void **state)
{
	(void)state;
	cleanup(findings_deinit) struct findings findings = {.profile = PROFILE_PRIVATE};
	size_t size = advised(9800, &findings);
	const char *text = strstr(findings.items[0].text, "staple: ");
	assert_non_null(text);
	size_t foretold = strtoul(text + 8, NULL, 10);
	assert_true(foretold >= size && foretold <= size + 64);
}

/* ---- unknown issuers ---- */

/* A ring of one issuer, which answers for unknown ones if `unknown` says so. */
static void load_ring(struct keyring *ring, struct conf *conf, enum unknown_issuer_policy unknown)
{
	static char name[] = "A";
	struct fault fault = {""};
	*conf = made_conf_of(CONF_SIGNER, &world.files.issuer, 1);
	conf->server.unknown_issuer = unknown;
	conf->server.default_issuer = name;
	if (keyring_load(ring, conf, world.now, &fault) < 0)
		fail_msg("%s", fault.text);
}

static enum ocsp_result ring_result(struct keyring *ring, const struct message_sign *job,
				    const char **reason)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	struct message_signed done;
	struct sign_outcome outcome;
	assert_int_equal(keyring_answer(ring, job, world.now, &out, &done, &outcome), 0);
	*reason = outcome.reason;
	return done.result;
}

static void ring_refuses(struct keyring *ring, const struct message_sign *job, const char *expected)
{
	const char *reason = "";
	assert_int_equal(ring_result(ring, job, &reason), OCSP_INTERNAL_ERROR);
	assert_string_equal(reason, expected);
}

static struct message_sign stranger_job(enum ocsp_status status)
{
	struct message_sign job = job_of(status);
	job.unknown_issuer = true;
	job.entries[0].certid = buffer_view(&world.stranger_certid);
	return job;
}

static void unknown_issuers_are_refused_unless_configured_p22(void **state)
{
	(void)state;
	cleanup(keyring_deinit) struct keyring ring = {0};
	struct conf conf;
	load_ring(&ring, &conf, UNKNOWN_ISSUER_UNAUTHORIZED);
	struct message_sign job = stranger_job(OCSP_UNKNOWN);
	ring_refuses(&ring, &job, "an unknown issuer, which this signer does not answer for");
	job.unknown_issuer = false;
	ring_refuses(&ring, &job, "CertID of another issuer");
}

static void an_issuer_that_there_is_not_is_refused(void **state) /* doc/faults.md row 32 */
{
	(void)state;
	cleanup(keyring_deinit) struct keyring ring = {0};
	struct conf conf;
	load_ring(&ring, &conf, UNKNOWN_ISSUER_UNAUTHORIZED);
	struct message_sign job = job_of(OCSP_GOOD);
	for (job.issuer = 1; job.issuer < LIMIT_ISSUERS; job.issuer *= 2)
		ring_refuses(&ring, &job, "no such issuer");
}

static void of_an_unknown_issuer_only_unknown_is_signed_p22(void **state)
{
	(void)state;
	cleanup(keyring_deinit) struct keyring ring = {0};
	struct conf conf;
	const char *reason = NULL;
	load_ring(&ring, &conf, UNKNOWN_ISSUER_UNKNOWN);
	struct message_sign job = stranger_job(OCSP_UNKNOWN);
	assert_int_equal(ring_result(&ring, &job, &reason), OCSP_SUCCESSFUL);
	job = stranger_job(OCSP_GOOD);
	ring_refuses(&ring, &job, "a status other than unknown of an unknown issuer");
	job = stranger_job(OCSP_REVOKED);
	ring_refuses(&ring, &job, "a status other than unknown of an unknown issuer");
	/* Neither is our own issuer unknown, … */
	job = stranger_job(OCSP_UNKNOWN);
	job.entries[0].certid = buffer_view(&world.certid);
	ring_refuses(&ring, &job, "unknown for an issuer that is configured");
	/* … nor is a stranger beside it. */
	job = stranger_job(OCSP_UNKNOWN);
	job.count = 2;
	job.entries[1] = job.entries[0];
	job.entries[1].certid = buffer_view(&world.certid);
	ring_refuses(&ring, &job, "unknown for an issuer that is configured");
	job = job_of(OCSP_UNKNOWN);
	job.count = 2;
	job.entries[1] = job.entries[0];
	job.entries[1].certid = buffer_view(&world.stranger_certid);
	ring_refuses(&ring, &job, "CertID of another issuer");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, lay, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(an_extension_that_is_not_configured_is_refused_p30),
		EACH(configured_extensions_are_signed_p30),
		EACH(the_archive_cutoff_is_the_retention_or_the_cas_beginning_p30),
		EACH(the_extended_definition_carries_no_crl_p23),
		EACH(a_chain_of_other_certificates_is_refused_p26),
		EACH(a_chain_that_is_not_in_date_is_refused_p26),
		EACH(the_chain_follows_the_signer_p26),
		EACH(a_ca_that_signs_itself_is_not_in_its_chain_p26),
		EACH(next_update_never_outlives_the_chain_p27),
		EACH(an_answer_with_rsa_4096_fits_a_staplers_buffer_p31),
		EACH(answers_too_large_for_staplers_are_warned_of_p31),
		EACH(the_size_foretold_is_that_of_an_answer_p31),
		EACH(unknown_issuers_are_refused_unless_configured_p22),
		EACH(an_issuer_that_there_is_not_is_refused),
		EACH(of_an_unknown_issuer_only_unknown_is_signed_p22),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
