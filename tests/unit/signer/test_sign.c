/* Responses verify with the library's own OCSP code, for each kind of key; a job that asks for more
 * than the configuration allows is refused, whatever the ledger says (P-12, P-23 … P-27, P-36). */
#include "pki.h"

#include "ocsp/certificate.h"
#include "signer/credential.h"
#include "signer/credential_parts.h"
#include "signer/sign.h"

#include <openssl/ocsp.h>

#define HOUR INT64_C(3600)

static struct {
	EVP_PKEY *ca_key, *key;
	X509 *ca, *other_ca;
	struct pki_files files;
	struct credential *credential; /* P-256 */
	int64_t now;
	struct buffer certid, other_certid;
} world;

static void make_certid(X509 *ca, const EVP_MD *digest, struct buffer *out)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_INTEGER_set(serial, 0x1234);
	OCSP_CERTID *id = OCSP_cert_id_new(digest, X509_get_subject_name(ca),
					   X509_get0_pubkey_bitstr(ca), serial);
	unsigned char *der = NULL;
	int size = i2d_OCSP_CERTID(id, &der);
	assert_true(size > 0);
	buffer_reset(out);
	buffer_put(out, der, (size_t)size);
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	ASN1_INTEGER_free(serial);
}

static struct credential *load(X509 *certificate, EVP_PKEY *key)
{
	struct credential *credential = NULL;
	struct fault fault = {""};
	pki_write_certificate(world.files.ca, world.ca);
	pki_write_certificate(world.files.certificate, certificate);
	pki_write_key(world.files.key, key, NULL);
	if (credential_load(&world.files.issuer, world.now, &credential, NULL, &fault) < 0)
		fail_msg("%s", fault.text);
	return credential;
}

static int64_t last_moment(const struct credential *credential)
{
	return credential_signer_at(credential, 0).not_after;
}

static struct credential *load_delegate(EVP_PKEY *key)
{
	struct pki_wish wish = pki_delegate(key, world.ca, world.ca_key);
	X509 *certificate = pki_certificate(&wish);
	struct credential *credential = load(certificate, key);
	X509_free(certificate);
	return credential;
}

static int make_world(void **state)
{
	(void)state;
	world.ca_key = pki_key("P-256");
	world.key = pki_key("P-256");
	world.ca = pki_ca("認証局 テスト", world.ca_key);
	world.other_ca = pki_ca("認証局 テスト", world.key);
	world.now = wall_seconds(clock_now().wall_us);
	pki_files_init(&world.files);
	make_certid(world.ca, EVP_sha1(), &world.certid);
	make_certid(world.other_ca, EVP_sha1(), &world.other_certid);
	world.credential = load_delegate(world.key);
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	credential_free(world.credential);
	pki_files_deinit(&world.files);
	EVP_PKEY_free(world.ca_key);
	EVP_PKEY_free(world.key);
	X509_free(world.ca);
	X509_free(world.other_ca);
	buffer_deinit(&world.certid);
	buffer_deinit(&world.other_certid);
	return 0;
}

static struct message_sign good_job(void)
{
	return (struct message_sign){
		.id = 7,
		.this_update = world.now - 2,
		.next_update = world.now - 2 + 8 * HOUR - 1,
		.count = 1,
		.entries = {{.certid = buffer_view(&world.certid),
			     .says.status = OCSP_GOOD,
			     .says.revoked_at = TIME_NONE,
			     .says.reason = REASON_NONE,
			     .says.invalidity_at = TIME_NONE}},
	};
}

static struct message_sign revoked_job(void)
{
	struct message_sign job = good_job();
	job.entries[0].says.status = OCSP_REVOKED;
	job.entries[0].says.revoked_at = world.now - HOUR;
	job.entries[0].says.reason = REASON_KEY_COMPROMISE;
	return job;
}

static void refused_as(const struct message_sign *job, int expected, const char *reason)
{
	struct buffer out = {0};
	struct sign_outcome outcome;
	assert_int_equal(sign_job(world.credential, job, world.now, &out, &outcome), expected);
	assert_int_equal(out.size, 0);
	assert_string_equal(outcome.reason, reason);
	buffer_deinit(&out);
}

static void refused(const struct message_sign *job, const char *reason)
{
	refused_as(job, SIGN_REFUSED, reason);
}

/* Signs, verifies against the CA alone, returns the basic response. */
static OCSP_BASICRESP *answer(struct credential *credential, const struct message_sign *job,
			      struct sign_outcome *outcome)
{
	struct buffer out = {0};
	int result = sign_job(credential, job, world.now, &out, outcome);
	if (result != 0)
		fail_msg("%d: %s", result, outcome->reason);
	const unsigned char *p = out.data;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)out.size);
	assert_non_null(response);
	assert_ptr_equal(p, out.data + out.size);
	assert_int_equal(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_add_cert(store, world.ca);
	/* A CA that signs itself is not in the answer: clients have it. */
	STACK_OF(X509) *known = sk_X509_new_null();
	sk_X509_push(known, world.ca);
	assert_int_equal(OCSP_basic_verify(basic, known, store, 0), 1);
	sk_X509_free(known);
	X509_STORE_free(store);
	OCSP_RESPONSE_free(response);
	buffer_deinit(&out);
	return basic;
}

static void a_certid_of_another_issuer_is_refused(void **state) /* P-12 */
{
	(void)state;
	struct message_sign job = good_job();
	job.entries[0].certid = buffer_view(&world.other_certid); /* the same name, another key */
	refused(&job, "CertID of another issuer");
	job = good_job();
	job.count = 2;
	job.entries[1] = job.entries[0];
	job.entries[1].certid = buffer_view(&world.other_certid);
	refused(&job, "CertID of another issuer");
}

/* A CA's name as `name` with strings of this type, and a CertID by it and the key of world.ca. */
static void otherwise_named(const char *common_name, int type, struct buffer *name,
			    struct buffer *certid)
{
	X509 *named = X509_dup(world.ca);
	X509_NAME *subject = X509_NAME_new();
	unsigned char *der = NULL;
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", type,
						    (const unsigned char *)common_name, -1, -1, 0),
			 1);
	int size = i2d_X509_NAME(subject, &der);
	assert_true(size > 0);
	buffer_reset(name);
	buffer_put(name, der, (size_t)size);
	assert_int_equal(X509_set_subject_name(named, subject), 1);
	make_certid(named, EVP_sha256(), certid);
	OPENSSL_free(der);
	X509_NAME_free(subject);
	X509_free(named);
}

/* P-7, P-8: the signer compares the names itself, and believes no hash alone. */
static void another_encoding_of_the_name_is_signed_and_no_other_name(void **state)
{
	(void)state;
	struct buffer name = {0}, certid = {0};
	struct message_sign job = good_job();
	otherwise_named("認証局  テスト ", MBSTRING_UTF8, &name, &certid);
	job.entries[0].certid = buffer_view(&certid);
	refused(&job, "CertID of another issuer"); /* without the name itself */
	job.entries[0].issuer_name = buffer_view(&name);
	struct buffer out = {0};
	struct sign_outcome outcome;
	assert_int_equal(sign_job(world.credential, &job, world.now, &out, &outcome), 0);
	job.entries[0].certid = buffer_view(&world.other_certid); /* another key */
	refused(&job, "CertID of another issuer");
	struct view cut = buffer_view(&name);
	cut.size--;
	job.entries[0].certid = buffer_view(&certid);
	job.entries[0].issuer_name = cut;
	refused(&job, "CertID of another issuer");
	otherwise_named("認証局 テスト 二", MBSTRING_UTF8, &name, &certid);
	job.entries[0].certid = buffer_view(&certid);
	job.entries[0].issuer_name = buffer_view(&name);
	refused(&job, "CertID of another issuer");
	buffer_deinit(&name);
	buffer_deinit(&certid);
	buffer_deinit(&out);
}

static void a_hash_that_we_do_not_compute_is_refused(void **state)
{
	(void)state;
	struct buffer certid = {0};
	make_certid(world.ca, EVP_sha224(), &certid);
	struct message_sign job = good_job();
	job.entries[0].certid = buffer_view(&certid);
	refused(&job, "CertID of another issuer");
	buffer_deinit(&certid);
}

static void bytes_that_are_no_certid_are_refused(void **state)
{
	(void)state;
	struct message_sign job = good_job();
	job.entries[0].certid.size--;
	refused(&job, "malformed CertID");
	job.entries[0].certid = view_of_string("to be signed");
	refused(&job, "malformed CertID");
	job.count = 0;
	refused(&job, "count of CertIDs out of range");
}

static void forged_times_are_refused(void **state) /* P-27 */
{
	(void)state;
	struct message_sign job = good_job();
	job.this_update = world.now + 1;
	refused(&job, "thisUpdate in the future");

	job = good_job();
	job.next_update = job.this_update;
	refused(&job, "nextUpdate not after thisUpdate");

	job = good_job();
	job.next_update = job.this_update + 8 * HOUR + 2;
	refused(&job, "validity longer than configured");

	job = good_job();
	job.next_update = world.now + 8 * HOUR + 2;
	refused(&job, "nextUpdate beyond the validity");

	job = good_job();
	job.this_update = world.now - 20 * HOUR; /* an old good made young */
	job.next_update = world.now + HOUR;
	refused(&job, "validity longer than configured");

	job = good_job();
	job.this_update = world.now - 8 * HOUR;
	job.next_update = world.now;
	refused_as(&job, SIGN_LATER, "nothing left of the answer's validity");
}

/* P-22, P-27: of an issuer that its CRLs alone know, thisUpdate is the CRL's. */
static void what_only_a_crl_says_is_as_old_as_that(void **state)
{
	(void)state;
	struct sign_outcome outcome;
	struct message_sign job = good_job();
	job.this_update = world.now - 100 * HOUR;
	job.next_update = world.now + 7 * HOUR;
	refused(&job, "validity longer than configured");
	world.files.issuer.policy.complete = false;
	struct credential *credential = load_delegate(world.key);
	world.files.issuer.policy.complete = true;
	OCSP_BASICRESP_free(answer(credential, &job, &outcome));
	credential_free(credential);
}

static void revoked_may_rest_on_old_evidence(void **state)
{
	(void)state;
	struct sign_outcome outcome;
	struct message_sign job = revoked_job();
	job.this_update = world.now - 100 * HOUR;
	job.next_update = world.now + 8 * HOUR;
	OCSP_BASICRESP_free(answer(world.credential, &job, &outcome));
	job.next_update = world.now + 9 * HOUR;
	refused(&job, "nextUpdate beyond the validity");
	/* … but not with a good beside it. */
	job.next_update = world.now + 8 * HOUR;
	job.count = 2;
	job.entries[1] = good_job().entries[0];
	refused(&job, "validity longer than configured");
}

static void forged_fields_are_refused(void **state)
{
	(void)state;
	struct message_sign job = revoked_job();
	job.entries[0].says.reason = (enum revocation_reason)8;
	refused(&job, "fields that no response may have");
	job = revoked_job();
	job.entries[0].says.revoked_at = TIME_NONE;
	refused(&job, "fields that no response may have");
	job = good_job();
	job.entries[0].says.status = (enum ocsp_status)3;
	refused(&job, "fields that no response may have");
	uint8_t nonce[LIMIT_NONCE + 1] = {0};
	job = good_job();
	job.nonce = view_of(nonce, sizeof(nonce));
	refused(&job, "nonce too long");
	job = revoked_job();
	job.extended_revoke = true;
	refused(&job, "extended-revoke without a serial never issued");
}

static void nothing_is_signed_outside_the_certificates_dates(void **state) /* P-37 */
{
	(void)state;
	struct buffer out = {0};
	struct sign_outcome outcome;
	struct message_sign job = good_job();
	int64_t now = last_moment(world.credential) + 1;
	job.this_update = now - 2;
	job.next_update = now + HOUR;
	assert_int_equal(sign_job(world.credential, &job, now, &out, &outcome), SIGN_LATER);
	now = world.now - 2L * PKI_DAY;
	assert_int_equal(sign_job(world.credential, &job, now, &out, &outcome), SIGN_LATER);
	assert_int_equal(out.size, 0);
	buffer_deinit(&out);
}

static void next_update_never_outlives_the_certificate(void **state) /* P-27 */
{
	(void)state;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.from = -PKI_DAY;
	wish.until = HOUR;
	X509 *certificate = pki_certificate(&wish);
	struct credential *credential = load(certificate, world.key);
	struct sign_outcome outcome;
	struct message_sign job = good_job();
	job.next_update = last_moment(credential) + 1;
	OCSP_BASICRESP *basic = answer(credential, &job, &outcome);
	assert_int_equal(outcome.next_update, last_moment(credential));
	OCSP_BASICRESP_free(basic);
	job = good_job();
	basic = answer(credential, &job, &outcome);
	assert_int_equal(outcome.next_update, last_moment(credential));
	ASN1_GENERALIZEDTIME *next = NULL;
	OCSP_single_get0_status(OCSP_resp_get0(basic, 0), NULL, NULL, NULL, &next);
	assert_int_equal(ASN1_TIME_compare(next, X509_get0_notAfter(certificate)), 0);
	OCSP_BASICRESP_free(basic);
	credential_free(credential);
	X509_free(certificate);
}

/* F-qualified: only where it is configured, and where the signer's certificate has no end either. */
static void answers_of_a_closed_ca_last_until_the_year_9999(void **state)
{
	(void)state;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	X509 *certificate = pki_certificate(&wish);
	struct sign_outcome outcome;
	struct message_sign job = good_job();
	job.next_update = INT64_C(253402300799);
	refused(&job, "nextUpdate beyond the validity");
	world.files.issuer.final_answers = true;
	for (int endless = 0; endless < 2; endless++) {
		if (endless) {
			ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate),
						  "99991231235959Z");
			assert_true(X509_sign(certificate, world.ca_key, EVP_sha256()) > 0);
		}
		struct credential *credential = load(certificate, world.key);
		OCSP_BASICRESP *basic = answer(credential, &job, &outcome);
		ASN1_GENERALIZEDTIME *next = NULL;
		OCSP_single_get0_status(OCSP_resp_get0(basic, 0), NULL, NULL, NULL, &next);
		assert_int_equal(ASN1_TIME_compare(next, X509_get0_notAfter(certificate)), 0);
		assert_int_equal(outcome.next_update == job.next_update, endless);
		OCSP_BASICRESP_free(basic);
		credential_free(credential);
	}
	world.files.issuer.final_answers = false;
	X509_free(certificate);
}

static void a_nonce_comes_back_and_nothing_else_is_added(void **state)
{
	(void)state;
	struct sign_outcome outcome;
	struct message_sign job = good_job();
	OCSP_BASICRESP *basic = answer(world.credential, &job, &outcome);
	assert_int_equal(OCSP_BASICRESP_get_ext_count(basic), 0); /* P-31 */
	assert_int_equal(outcome.produced_at, world.now);
	OCSP_BASICRESP_free(basic);
	job.nonce = view_of_string("12345678");
	basic = answer(world.credential, &job, &outcome);
	assert_int_equal(OCSP_BASICRESP_get_ext_count(basic), 1);
	assert_int_equal(OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1), 0);
	OCSP_BASICRESP_free(basic);
}

static void statuses_and_reasons_are_those_of_the_job(void **state)
{
	(void)state;
	struct sign_outcome outcome;
	struct message_sign job = revoked_job();
	int reason = -1;
	ASN1_GENERALIZEDTIME *at = NULL;
	job.count = 2;
	job.entries[1] = good_job().entries[0];
	job.entries[1].says.status = OCSP_UNKNOWN;
	OCSP_BASICRESP *basic = answer(world.credential, &job, &outcome);
	assert_int_equal(OCSP_resp_count(basic), 2);
	assert_int_equal(
		OCSP_single_get0_status(OCSP_resp_get0(basic, 0), &reason, &at, NULL, NULL),
		V_OCSP_CERTSTATUS_REVOKED);
	assert_int_equal(reason, OCSP_REVOKED_STATUS_KEYCOMPROMISE);
	assert_non_null(at);
	assert_int_equal(OCSP_single_get0_status(OCSP_resp_get0(basic, 1), NULL, NULL, NULL, NULL),
			 V_OCSP_CERTSTATUS_UNKNOWN);
	OCSP_BASICRESP_free(basic);
}

static void the_extended_definition_is_signed(void **state) /* P-23 */
{
	(void)state;
	struct sign_outcome outcome;
	struct message_sign job = revoked_job();
	job.extended_revoke = true;
	job.entries[0].says.revoked_at = 0;
	job.entries[0].says.reason = REASON_CERTIFICATE_HOLD;
	OCSP_BASICRESP_free(answer(world.credential, &job, &outcome));
}

static void a_delegate_is_embedded_and_a_ca_is_not(void **state) /* P-26 */
{
	(void)state;
	struct sign_outcome outcome;
	struct message_sign job = good_job();
	OCSP_BASICRESP *basic = answer(world.credential, &job, &outcome);
	assert_int_equal(sk_X509_num(OCSP_resp_get0_certs(basic)), 1);
	OCSP_BASICRESP_free(basic);

	struct credential *own = load(world.ca, world.ca_key);
	basic = answer(own, &job, &outcome);
	assert_int_equal(sk_X509_num(OCSP_resp_get0_certs(basic)), -1); /* no field at all */
	OCSP_BASICRESP_free(basic);
	credential_free(own);
}

static void the_responder_id_is_the_keys_hash_or_the_name(void **state) /* P-25 */
{
	(void)state;
	struct sign_outcome outcome;
	struct message_sign job = good_job();
	const ASN1_OCTET_STRING *key = NULL;
	const X509_NAME *name = NULL;
	OCSP_BASICRESP *basic = answer(world.credential, &job, &outcome);
	assert_int_equal(OCSP_resp_get0_id(basic, &key, &name), 1);
	assert_non_null(key);
	assert_int_equal(ASN1_STRING_length(key), 20);
	OCSP_BASICRESP_free(basic);

	world.files.issuer.responder_id = OCSP_BY_NAME;
	struct credential *credential = load_delegate(world.key);
	world.files.issuer.responder_id = OCSP_BY_KEY;
	basic = answer(credential, &job, &outcome);
	assert_int_equal(OCSP_resp_get0_id(basic, &key, &name), 1);
	assert_non_null(name);
	OCSP_BASICRESP_free(basic);
	credential_free(credential);
}

/* DER of the AlgorithmIdentifiers of P-36. */
#define RSA_SHA(n) "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" n "\x05\x00"
#define ECDSA_SHA(n) "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03" n
/* RFC 4055, 3.1, and RFC 8017, A.2.3: SHA-n with NULL, MGF1 with the same, a salt of its size. */
#define PSS(n, octets)                                                                             \
	"\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\xa0\x0f\x30\x0d\x06\x09\x60" \
	"\x86\x48\x01\x65\x03\x04\x02" n "\x05\x00\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7"    \
	"\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" n                       \
	"\x05\x00\xa2\x03\x02\x01" octets
#define ED25519 "\x30\x05\x06\x03\x2b\x65\x70"
#define ED448 "\x30\x05\x06\x03\x2b\x65\x71"

static const struct kind {
	const char *name, *shown;
	struct view algorithm;
} kinds[] = {
	{"RSA-2048", "RSA-2048", {(const uint8_t *)RSA_SHA("\x0b"), 15}},
	{"RSA-3072", "RSA-3072", {(const uint8_t *)RSA_SHA("\x0b"), 15}},
	{"RSA-4096", "RSA-4096", {(const uint8_t *)RSA_SHA("\x0b"), 15}},
	{"P-256", "EC P-256", {(const uint8_t *)ECDSA_SHA("\x02"), 12}},
	{"P-384", "EC P-384", {(const uint8_t *)ECDSA_SHA("\x03"), 12}},
	{"P-521", "EC P-521", {(const uint8_t *)ECDSA_SHA("\x04"), 12}},
	{"ED25519", "ED25519", {(const uint8_t *)ED25519, 7}},
	{"ED448", "ED448", {(const uint8_t *)ED448, 7}},
	{"RSASSA-PSS", "RSA-PSS-2048", {(const uint8_t *)PSS("\x01", "\x20"), 67}},
};

static void every_kind_of_key_makes_verifiable_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(kinds); i++) {
		EVP_PKEY *key = pki_key(kinds[i].name);
		struct credential *credential = load_delegate(key);
		struct message_sign job = good_job();
		struct sign_outcome outcome;
		assert_string_equal(credential_signer_at(credential, 0).algorithm, kinds[i].shown);
		assert_view_equal(scheme_algorithm(credential->responders[0].scheme),
				  kinds[i].algorithm);
		/* The prepared contexts serve again and again. */
		for (int n = 0; n < 3; n++)
			OCSP_BASICRESP_free(answer(credential, &job, &outcome));
		credential_free(credential);
		EVP_PKEY_free(key);
	}
}

/* What a plain RSA key may be told to do (P-36): each verified by OpenSSL, with exact bytes. */
static void an_rsa_key_signs_as_it_is_told(void **state)
{
	(void)state;
	static const struct {
		enum signature_choice choice;
		struct view algorithm;
	} ways[] = {
		{SIGNATURE_SHA256, {(const uint8_t *)RSA_SHA("\x0b"), 15}},
		{SIGNATURE_SHA384, {(const uint8_t *)RSA_SHA("\x0c"), 15}},
		{SIGNATURE_SHA512, {(const uint8_t *)RSA_SHA("\x0d"), 15}},
		{SIGNATURE_PSS_SHA256, {(const uint8_t *)PSS("\x01", "\x20"), 67}},
		{SIGNATURE_PSS_SHA384, {(const uint8_t *)PSS("\x02", "\x30"), 67}},
		{SIGNATURE_PSS_SHA512, {(const uint8_t *)PSS("\x03", "\x40"), 67}},
	};
	EVP_PKEY *key = pki_key("RSA-2048");
	for (size_t i = 0; i < array_size(ways); i++) {
		world.files.issuer.signature = ways[i].choice;
		struct credential *credential = load_delegate(key);
		struct message_sign job = good_job();
		struct sign_outcome outcome;
		assert_view_equal(scheme_algorithm(credential->responders[0].scheme),
				  ways[i].algorithm);
		for (int n = 0; n < 3; n++)
			OCSP_BASICRESP_free(answer(credential, &job, &outcome));
		credential_free(credential);
	}
	world.files.issuer.signature = SIGNATURE_AUTO;
	EVP_PKEY_free(key);
}

static void scheme_refused(EVP_PKEY *key, enum signature_choice choice, const char *expected)
{
	struct scheme *scheme = NULL;
	const char *reason = NULL;
	assert_int_equal(scheme_new(key, key, choice, &scheme, &reason), -ENOTSUP);
	assert_null(scheme);
	if (!strstr(reason, expected))
		fail_msg("\"%s\" does not say \"%s\"", reason, expected);
}

/* P-36: also where the key itself demands it. */
static void weak_digests_are_refused(void **state)
{
	(void)state;
	EVP_PKEY *sha1 = pki_restricted_key("SHA1"), *sha224 = pki_restricted_key("SHA224");
	scheme_refused(sha1, SIGNATURE_AUTO, "demand a weak digest");
	scheme_refused(sha224, SIGNATURE_AUTO, "demand a weak digest");
	EVP_PKEY_free(sha1);
	EVP_PKEY_free(sha224);
}

static void a_key_is_not_used_against_its_parameters(void **state) /* P-36 */
{
	(void)state;
	EVP_PKEY *sha384 = pki_restricted_key("SHA384");
	struct scheme *scheme = NULL;
	const char *reason = NULL;
	scheme_refused(sha384, SIGNATURE_PSS_SHA256, "digest");
	scheme_refused(sha384, SIGNATURE_SHA384, "padding");
	scheme_refused(world.key, SIGNATURE_SHA384, "only an RSA key leaves the choice");
	assert_int_equal(scheme_new(sha384, sha384, SIGNATURE_AUTO, &scheme, &reason), 0);
	assert_view_equal(scheme_algorithm(scheme), view_of(PSS("\x02", "\x30"), 67));
	scheme_free(scheme);
	EVP_PKEY_free(sha384);
}

/* Whatever the installed library can sign with goes the same way: no list of types (P-35, P-36). */
static void what_the_library_brings_is_signed_with(void **state)
{
	(void)state;
	static const char *const names[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87",
					    "SLH-DSA-SHA2-128f"};
	for (size_t i = 0; i < array_size(names); i++) {
		EVP_PKEY_CTX *known = EVP_PKEY_CTX_new_from_name(NULL, names[i], NULL);
		EVP_PKEY_CTX_free(known);
		if (!known) {
			print_message("%s: not in this library\n", names[i]);
			continue;
		}
		EVP_PKEY *key = pki_key(names[i]);
		struct credential *credential = load_delegate(key);
		struct message_sign job = good_job();
		struct sign_outcome outcome;
		assert_string_equal(credential_signer_at(credential, 0).algorithm, names[i]);
		for (int n = 0; n < 2; n++)
			OCSP_BASICRESP_free(answer(credential, &job, &outcome));
		credential_free(credential);
		EVP_PKEY_free(key);
	}
}

static void every_hash_of_a_certid_is_answered_and_echoed(void **state) /* P-9, P-10 */
{
	(void)state;
	const EVP_MD *digests[] = {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()};
	for (size_t i = 0; i < array_size(digests); i++) {
		struct buffer certid = {0};
		struct sign_outcome outcome;
		make_certid(world.ca, digests[i], &certid);
		struct message_sign job = good_job();
		job.entries[0].certid = buffer_view(&certid);
		OCSP_BASICRESP *basic = answer(world.credential, &job, &outcome);
		unsigned char *der = NULL;
		int size = i2d_OCSP_CERTID(OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic, 0)), &der);
		assert_view_equal(view_of(der, (size_t)size), buffer_view(&certid));
		OPENSSL_free(der);
		OCSP_BASICRESP_free(basic);
		buffer_deinit(&certid);
	}
}

static void a_scheme_whose_keys_do_not_match_is_refused(void **state)
{
	(void)state;
	/* P-38: what a damaged key signed never leaves. */
	struct scheme *scheme = NULL;
	const char *reason = NULL;
	EVP_PKEY *first = pki_key("RSA-2048"), *second = pki_key("RSA-2048");
	assert_int_equal(scheme_new(first, second, SIGNATURE_AUTO, &scheme, &reason),
			 -EKEYREJECTED);
	assert_int_equal(scheme_new(world.key, world.ca_key, SIGNATURE_AUTO, &scheme, &reason),
			 -EKEYREJECTED);
	assert_null(scheme);
	EVP_PKEY_free(first);
	EVP_PKEY_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certid_of_another_issuer_is_refused),
		cmocka_unit_test(another_encoding_of_the_name_is_signed_and_no_other_name),
		cmocka_unit_test(a_hash_that_we_do_not_compute_is_refused),
		cmocka_unit_test(bytes_that_are_no_certid_are_refused),
		cmocka_unit_test(forged_times_are_refused),
		cmocka_unit_test(what_only_a_crl_says_is_as_old_as_that),
		cmocka_unit_test(revoked_may_rest_on_old_evidence),
		cmocka_unit_test(forged_fields_are_refused),
		cmocka_unit_test(nothing_is_signed_outside_the_certificates_dates),
		cmocka_unit_test(next_update_never_outlives_the_certificate),
		cmocka_unit_test(answers_of_a_closed_ca_last_until_the_year_9999),
		cmocka_unit_test(a_nonce_comes_back_and_nothing_else_is_added),
		cmocka_unit_test(statuses_and_reasons_are_those_of_the_job),
		cmocka_unit_test(the_extended_definition_is_signed),
		cmocka_unit_test(a_delegate_is_embedded_and_a_ca_is_not),
		cmocka_unit_test(the_responder_id_is_the_keys_hash_or_the_name),
		cmocka_unit_test(every_kind_of_key_makes_verifiable_answers),
		cmocka_unit_test(an_rsa_key_signs_as_it_is_told),
		cmocka_unit_test(weak_digests_are_refused),
		cmocka_unit_test(a_key_is_not_used_against_its_parameters),
		cmocka_unit_test(what_the_library_brings_is_signed_with),
		cmocka_unit_test(every_hash_of_a_certid_is_answered_and_echoed),
		cmocka_unit_test(a_scheme_whose_keys_do_not_match_is_refused),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
