/* A signer under a compromised ledger (doc/faults.md row 32): a sequence of jobs, of which everything is the input's:
 * raw payloads, and jobs that begin honest and are bent. Whatever is signed is an answer about this CA's own
 * certificates, within the configured validity, and says what the job said.
 *
 *   step = 0 · size (u16) · payload          raw
 *        = 1 · which CertID · status · thisUpdate, nextUpdate (i32, from now) · nonce size · count · issuer */
#include "alloc/refused.h"
#include "ipc/messages.h"
#include "made_ca.h"
#include "made_conf.h"
#include "ocsp/certificate.h"
#include "ocsp/request.h"
#include "signer/keyring.h"

#include "base/clock.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
#define VALIDITY 3600

static struct keyring keyring;
static struct conf *conf;
static X509 *ca;
static struct buffer own, other; /* CertIDs: of this CA, of another one */

static void put_certid(struct buffer *out, X509 *issuer, const char *name)
{
	unsigned char *der = NULL;
	X509_NAME *subject = X509_NAME_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	CHECK(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
					 -1, -1, 0));
	CHECK(ASN1_INTEGER_set(serial, 77));
	OCSP_CERTID *id =
		OCSP_cert_id_new(EVP_sha1(), subject, X509_get0_pubkey_bitstr(issuer), serial);
	int size = i2d_OCSP_CERTID(id, &der);
	CHECK(size > 0);
	buffer_put(out, der, (size_t)size);
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	ASN1_INTEGER_free(serial);
	X509_NAME_free(subject);
}

static void begin(void)
{
	char text[512];
	struct fault fault = {""};
	ca_make();
	(void)snprintf(
		text, sizeof(text),
		"[issuer \"Fuzz\"]\ncertificate = %s\nsigner_certificate = %s\nsigner_key = %s\n"
		"validity = 1h\n",
		ca_certificate, ca_certificate, ca_key);
	conf = made_conf_read(view_of_string(text), CONF_SIGNER);
	CHECK(keyring_load(&keyring, conf, wall_seconds(clock_now().wall_us), &fault) == 0);
	BIO *file = BIO_new_file(ca_certificate, "r");
	ca = PEM_read_bio_X509(file, NULL, NULL, NULL);
	BIO_free(file);
	CHECK(ca);
	put_certid(&own, ca, "Fuzz");
	put_certid(&other, ca, "Somebody");
}

/* ---- what was signed ---- */

static void check_single(OCSP_SINGLERESP *single, const struct sign_entry *entry, int64_t now)
{
	ASN1_GENERALIZEDTIME *revoked, *from, *until;
	int reason, status = OCSP_single_get0_status(single, &reason, &revoked, &from, &until);
	struct ocsp_certid certid;
	int days, seconds;
	CHECK(ocsp_certid_parse(entry->certid, &certid) == 0);
	CHECK(status == (int)entry->says.status);
	ASN1_GENERALIZEDTIME *limit = ASN1_GENERALIZEDTIME_set(NULL, now + VALIDITY + 1);
	ASN1_GENERALIZEDTIME *present = ASN1_GENERALIZEDTIME_set(NULL, now);
	CHECK(ASN1_TIME_diff(&days, &seconds, until, limit) && days >= 0 && seconds >= 0);
	CHECK(ASN1_TIME_diff(&days, &seconds, from, present) && days >= 0 && seconds >= 0);
	ASN1_GENERALIZEDTIME_free(limit);
	ASN1_GENERALIZEDTIME_free(present);
}

/* By the name that the job brings, too: it must be this CA's, in another encoding. */
static bool is_ours(OCSP_SINGLERESP *single)
{
	ASN1_OCTET_STRING *named = NULL, *hashed = NULL;
	ASN1_OBJECT *digest = NULL;
	const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
	(void)OCSP_id_get0_info(&named, &digest, &hashed, NULL, (OCSP_CERTID *)(uintptr_t)id);
	uint8_t expected[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(ca);
	CHECK(EVP_Digest(ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key), expected,
			 &size, EVP_get_digestbyobj(digest), NULL));
	return ASN1_STRING_length(hashed) == (int)size &&
	       memcmp(ASN1_STRING_get0_data(hashed), expected, size) == 0;
}

static void check_signature(OCSP_BASICRESP *basic)
{
	STACK_OF(X509) *signers = sk_X509_new_null();
	CHECK(signers && sk_X509_push(signers, ca) == 1);
	CHECK(OCSP_basic_verify(basic, signers, NULL, OCSP_NOVERIFY | OCSP_TRUSTOTHER) == 1);
	sk_X509_free(signers);
}

static void check_response(const struct message_sign *job, struct view der, int64_t now)
{
	const unsigned char *at = der.data;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.size);
	CHECK(response && at == der.data + der.size);
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	CHECK(basic && OCSP_resp_count(basic) == (int)job->count);
	check_signature(basic);
	for (unsigned i = 0; i < job->count; i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, (int)i);
		check_single(single, &job->entries[i], now);
		CHECK(is_ours(single));
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
}

static void answer(struct view payload)
{
	struct message_sign job;
	struct message_signed signed_answer;
	struct sign_outcome outcome = {0};
	int64_t now = wall_seconds(clock_now().wall_us);
	cleanup(buffer_deinit) struct buffer der = {0}, again = {0};
	if (message_sign_read(payload, &job) < 0)
		return; /* the channel is closed */
	CHECK(INSIDE_RESULT(keyring_answer(&keyring, &job, now, &der, &signed_answer, &outcome)) ==
	      0);
	CHECK((signed_answer.result == OCSP_SUCCESSFUL) == !outcome.reason);
	message_signed_write(&again, &signed_answer);
	CHECK(buffer_result(&again) == 0);
	if (signed_answer.result != OCSP_SUCCESSFUL)
		return;
	CHECK(signed_answer.next_update <= now + VALIDITY + 1);
	check_response(&job, signed_answer.der, now);
}

/* ---- jobs ---- */

static struct view take_raw(struct cursor *in)
{
	size_t high = cursor_u8(in), size = high << 8 | cursor_u8(in);
	return cursor_take(in, size < in->rest.size ? size : in->rest.size);
}

static void bend(struct cursor *in)
{
	static const uint8_t nonce[256];
	cleanup(buffer_deinit) struct buffer payload = {0};
	bool ours = cursor_u8(in) & 1;
	enum ocsp_status status = cursor_u8(in) % 3;
	int64_t now = wall_seconds(clock_now().wall_us);
	struct message_sign job = {.this_update = now + (int32_t)cursor_u32(in),
				   .next_update = now + (int32_t)cursor_u32(in)};
	job.nonce = view_of(nonce, cursor_u8(in));
	job.count = cursor_u8(in) % (LIMIT_CERTIDS + 1);
	job.issuer = cursor_u8(in);
	for (unsigned i = 0; i < job.count; i++)
		job.entries[i] = (struct sign_entry){
			.certid = buffer_view(ours ? &own : &other),
			.says = {.status = status,
				 .revoked_at = status == OCSP_REVOKED ? now : TIME_NONE,
				 .reason = REASON_NONE,
				 .invalidity_at = TIME_NONE}};
	message_sign_write(&payload, &job);
	if (!in->failed && buffer_result(&payload) == 0)
		answer(buffer_view(&payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	if (!begun)
		begin();
	begun = true;
	struct cursor in = cursor_of(view_of(data, size));
	for (unsigned step = 0; step < 16 && in.rest.size > 0; step++) {
		if (cursor_u8(&in) & 1)
			bend(&in);
		else
			answer(take_raw(&in));
	}
	return 0;
}
