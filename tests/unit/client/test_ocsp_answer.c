/* What `ask` believes: by whom it is signed, and, of what is signed by the right key, what it says. */
#include "unit.h"

#include "client/forge.h"
#include "ocsp/answer_signer.h"

#include <openssl/rsa.h>

static struct forge forge;

static int set_up(void **state)
{
	(void)state;
	forge_init(&forge);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	forge_deinit(&forge);
	return 0;
}

static int read_at(struct view der, int64_t now, struct ocsp_answer *answer, struct fault *fault)
{
	return ocsp_answer_read(&forge.question, der, now, FORGE_SKEW, answer, fault);
}

static void assert_says(const struct fault *fault, const char *why)
{
	if (!strstr(fault->text, why))
		fail_msg("\"%s\" does not say \"%s\"", fault->text, why);
}

static void assert_refused(struct view der, const char *why)
{
	struct ocsp_answer answer = {0};
	struct fault fault = {""};
	assert_int_equal(read_at(der, FORGE_NOW, &answer, &fault), OCSP_ANSWER_REFUSED);
	assert_says(&fault, why);
}

static void assert_wish_refused(const struct forge_wish *wish, const char *why)
{
	struct buffer der = {0};
	forge_answer(&forge, wish, &der);
	assert_refused(buffer_view(&der), why);
	buffer_deinit(&der);
}

/* The answer as a whole is authentic; what it says of the leaf is `why` not proven, or proven where
 * `why` is NULL. */
static void assert_leaf(const struct forge_wish *wish, int64_t now, const char *why)
{
	struct buffer der = {0};
	struct ocsp_answer answer = {0};
	struct fault fault = {""};
	forge_answer(&forge, wish, &der);
	assert_int_equal(read_at(buffer_view(&der), now, &answer, &fault), 0);
	assert_int_equal(answer.findings[0].proven, why == NULL);
	if (why)
		assert_says(&answer.findings[0].fault, why);
	ocsp_answer_deinit(&answer);
	buffer_deinit(&der);
}

/* Signs these bytes as ResponseData. */
static void assert_data_refused(struct view data, const char *why)
{
	struct buffer der = {0};
	forge_sign(data, forge.ca_key, (struct view){0}, &der);
	assert_refused(buffer_view(&der), why);
	buffer_deinit(&der);
}

/* `head` before the content of a right ResponseData. */
static void with_head(const char *head, size_t size, struct buffer *out)
{
	struct forge_wish wish = forge_usual();
	struct buffer data = {0}, content = {0};
	wish.by_ca = true;
	forge_data(&forge, &wish, &data);
	struct cursor c = cursor_of(buffer_view(&data));
	struct view inner = der_take(&c, DER_SEQUENCE);
	assert_in_range(inner.size + size, 0x100, 0xffff);
	buffer_put(&content, head, size);
	buffer_put_view(&content, inner);
	buffer_put_u8(out, DER_SEQUENCE);
	buffer_put_u8(out, 0x82);
	buffer_put_u16(out, (uint16_t)content.size);
	buffer_put_view(out, buffer_view(&content));
	buffer_deinit(&data);
	buffer_deinit(&content);
}

static void other_versions_are_refused_p24(void **state)
{
	(void)state;
	static const char *const versions[] = {"\xa0\x03\x02\x01\x01", "\xa0\x03\x02\x01\x00",
					       "\xa0\x03\x02\x01\xff"};
	for (size_t i = 0; i < array_size(versions); i++) {
		struct buffer data = {0};
		with_head(versions[i], 5, &data);
		assert_data_refused(buffer_view(&data), "not of version 1");
		buffer_deinit(&data);
	}
}

/* An answer that holds `written` under the CA's signature of `data`. */
static void sign_as(struct view data, struct view written, struct buffer *out)
{
	uint8_t octets[64];
	size_t size = sizeof(octets);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, forge.ca_key), 1);
	assert_int_equal(EVP_DigestSign(context, octets, &size, data.data, data.size), 1);
	EVP_MD_CTX_free(context);
	const struct forge_envelope envelope = {.data = written,
						.signature = view_of(octets, size)};
	buffer_reset(out);
	der_append(out, forge_write, &envelope);
}

/* OpenSSL verifies such an answer: it signs what it would have written itself. */
static void an_answer_that_is_not_der_is_refused_p24(void **state)
{
	(void)state;
	struct forge_wish wish = forge_usual();
	struct buffer data = {0}, envelope = {0}, der = {0};
	wish.by_ca = true;
	forge_data(&forge, &wish, &data);
	forge_sign(buffer_view(&data), forge.ca_key, (struct view){0}, &envelope);
	/* The outermost length with an octet more than it needs. */
	assert_int_equal(envelope.data[1], 0x82);
	buffer_put_u8(&der, DER_SEQUENCE);
	buffer_put_u8(&der, 0x83);
	buffer_put_u8(&der, 0);
	buffer_put(&der, envelope.data + 2, envelope.size - 2);
	assert_refused(buffer_view(&der), "not DER");
	buffer_reset(&der);
	/* An indefinite length instead. */
	buffer_put_u8(&der, DER_SEQUENCE);
	buffer_put_u8(&der, 0x80);
	buffer_put(&der, envelope.data + 4, envelope.size - 4);
	buffer_put_u16(&der, 0);
	assert_refused(buffer_view(&der), "not DER");
	buffer_put_u8(&envelope, 0);
	assert_refused(buffer_view(&envelope), "not an OCSP response");
	/* The same within what is signed. */
	assert_int_equal(data.data[1], 0x82);
	buffer_reset(&der);
	buffer_put(&der, "\x30\x83\x00", 3);
	buffer_put(&der, data.data + 2, data.size - 2);
	sign_as(buffer_view(&data), buffer_view(&der), &envelope);
	assert_refused(buffer_view(&envelope), "not DER");
	buffer_deinit(&data);
	buffer_deinit(&envelope);
	buffer_deinit(&der);
}

#define UNKNOWN "1.2.3.4"

static void unknown_critical_extensions_are_refused(void **state)
{
	(void)state;
	struct forge_wish wish = forge_usual();
	wish.extensions[0] = (struct forge_extension){UNKNOWN, true, view_of("\5", 2)};
	assert_wish_refused(&wish, "critical extension that is not understood");
	wish.extensions[0].critical = false;
	assert_leaf(&wish, FORGE_NOW, NULL);
	wish.single[0] = (struct forge_extension){UNKNOWN, true, view_of("\5", 2)};
	assert_leaf(&wish, FORGE_NOW, "critical extension that is not understood");
	wish.single[0].critical = false;
	assert_leaf(&wish, FORGE_NOW, NULL);
}

static void the_same_extension_twice_is_refused(void **state)
{
	(void)state;
	struct forge_wish wish = forge_usual();
	const struct forge_extension twice = {UNKNOWN, false, view_of("\5", 2)};
	wish.single[0] = wish.single[1] = twice;
	assert_leaf(&wish, FORGE_NOW, "an extension twice");
	wish.extensions[0] = wish.extensions[1] = twice;
	assert_wish_refused(&wish, "an extension twice");
	/* Two nonces: which of them is ours? */
	wish = forge_usual();
	wish.extensions[0] =
		(struct forge_extension){"1.3.6.1.5.5.7.48.1.2", false, view_of("\4\1x", 3)};
	assert_wish_refused(&wish, "an extension twice");
}

static void another_nonce_or_none_where_one_is_required_is_refused_p16(void **state)
{
	(void)state;
	struct forge_wish wish = forge_usual();
	wish.nonce = false;
	assert_leaf(&wish, FORGE_NOW, NULL);
	forge.question.nonce = OCSP_NONCE_REQUIRED;
	assert_wish_refused(&wish, "does not repeat the nonce");
	forge.question.nonce = OCSP_NONCE_OFFERED;
	static const struct view wrong[] = {
		{(const uint8_t *)"\4\x20Thirty-two octets that we sent ..", 34},
		{(const uint8_t *)"", 0},
		{(const uint8_t *)"\4\0", 2},
		{(const uint8_t *)FORGE_NONCE, 32},
		{(const uint8_t *)"\4\x21" FORGE_NONCE, 34}};
	for (size_t i = 0; i < array_size(wrong); i++) {
		wish.extensions[0] =
			(struct forge_extension){"1.3.6.1.5.5.7.48.1.2", false, wrong[i]};
		assert_wish_refused(&wish, "nonce is another");
	}
}

/* CertHash of the leaf by SHA-256, and what it makes of the answer (P-30). */
static void a_certificate_with_another_hash_is_another_certificate_p30(void **state)
{
	(void)state;
	uint8_t value[] = {0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
			   0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20, [48] = 0};
	struct forge_wish wish = forge_usual();
	assert_int_equal(X509_digest(forge.leaf, EVP_sha256(), value + 17, NULL), 1);
	wish.single[0] =
		(struct forge_extension){"1.3.36.8.3.13", false, view_of(value, sizeof(value))};
	assert_leaf(&wish, FORGE_NOW, NULL);
	wish.single[0].critical = true;
	assert_leaf(&wish, FORGE_NOW, NULL);
	value[48] ^= 1;
	assert_leaf(&wish, FORGE_NOW, "other contents (certHash)");
	value[14] = 99; /* no such hash */
	assert_leaf(&wish, FORGE_NOW, "unknown kind");
	wish.single[0].value.size--;
	assert_leaf(&wish, FORGE_NOW, "certHash is not readable");
}

static void an_answer_that_says_two_things_is_no_proof(void **state)
{
	(void)state;
	struct forge_wish wish = forge_usual();
	wish.status[2] = V_OCSP_CERTSTATUS_REVOKED;
	assert_leaf(&wish, FORGE_NOW, "contradicts itself");
	wish.status[2] = V_OCSP_CERTSTATUS_GOOD;
	assert_leaf(&wish, FORGE_NOW, NULL);
	wish.status[0] = wish.status[2] = FORGE_LEFT_OUT;
	assert_leaf(&wish, FORGE_NOW, "another certificate");
}

static void both_ends_of_the_validity_count_and_the_skew_with_them_p27(void **state)
{
	(void)state;
	struct forge_wish wish = forge_usual();
	int64_t begin = wish.this_update, end = wish.next_update;
	assert_leaf(&wish, end + FORGE_SKEW, NULL);
	assert_leaf(&wish, end + FORGE_SKEW + 1, "out of date");
	wish.produced_at = begin - 3600;
	assert_leaf(&wish, begin - FORGE_SKEW, NULL);
	assert_leaf(&wish, begin - FORGE_SKEW - 1, "from the future");
	wish.next_update = begin - 1;
	assert_leaf(&wish, FORGE_NOW, "before its thisUpdate");
	wish.next_update = TIME_NONE;
	assert_leaf(&wish, FORGE_NOW, NULL);
	wish.nonce = false;
	assert_leaf(&wish, FORGE_NOW, "neither nextUpdate nor our nonce");
	wish = forge_usual();
	wish.produced_at = FORGE_NOW + FORGE_SKEW;
	assert_leaf(&wish, FORGE_NOW, NULL);
	wish.produced_at++;
	assert_wish_refused(&wish, "producedAt");
}

/* The usual answer, signed with `key`, and these certificates one after the other. */
static int read_signed(const struct forge_wish *wish, EVP_PKEY *key, struct view certificates,
		       struct fault *fault)
{
	struct buffer data = {0}, der = {0};
	struct ocsp_answer answer = {0};
	forge_data(&forge, wish, &data);
	forge_sign(buffer_view(&data), key, certificates, &der);
	int result = read_at(buffer_view(&der), FORGE_NOW, &answer, fault);
	if (result == 0)
		ocsp_answer_deinit(&answer);
	buffer_deinit(&data);
	buffer_deinit(&der);
	return result;
}

static void assert_signer_refused(const struct forge_wish *wish, X509 *embedded, EVP_PKEY *key,
				  const char *why)
{
	struct buffer certificates = {0};
	struct fault fault = {""};
	forge_embed(embedded, &certificates);
	assert_int_equal(read_signed(wish, key, buffer_view(&certificates), &fault),
			 OCSP_ANSWER_REFUSED);
	assert_says(&fault, why);
	buffer_deinit(&certificates);
}

static void only_the_ca_and_its_delegates_are_believed_p35(void **state)
{
	(void)state;
	struct forge_wish wish = forge_usual(), by_ca = forge_usual();
	by_ca.by_ca = true;
	assert_signer_refused(&wish, forge.plain, forge.delegate_key, "lacks the OCSPSigning");
	assert_signer_refused(&wish, forge.delegate, forge.leaf_key, "does not verify");
	assert_signer_refused(&by_ca, forge.delegate, forge.leaf_key, "does not verify");
	/* Of another CA of the same name. */
	X509 *other = forge_draft("Delegate", 9, forge.delegate_key);
	forge_extend(other, NID_ext_key_usage, "OCSPSigning");
	assert_true(X509_sign(other, forge.leaf_key, NULL) > 0);
	assert_signer_refused(&wish, other, forge.delegate_key, "not issued by this CA's key");
	X509_free(other);
}

static void no_more_certificates_are_tried_than_the_limit(void **state) /* I-8 */
{
	(void)state;
	struct forge_wish wish = forge_usual();
	for (unsigned before = LIMIT_ANSWER_SIGNERS - 1; before <= LIMIT_ANSWER_SIGNERS; before++) {
		struct buffer certificates = {0};
		struct fault fault = {""};
		for (unsigned i = 0; i < before; i++)
			forge_embed(forge.plain, &certificates);
		forge_embed(forge.delegate, &certificates);
		assert_int_equal(
			read_signed(&wish, forge.delegate_key, buffer_view(&certificates), &fault),
			before < LIMIT_ANSWER_SIGNERS ? 0 : OCSP_ANSWER_REFUSED);
		buffer_deinit(&certificates);
	}
}

/* The last second of a delegate counts as valid, and so does the skew. */
static void a_delegate_signs_until_its_last_second(void **state)
{
	(void)state;
	const int64_t begin = FORGE_NOW - FORGE_DAY, end = FORGE_NOW + 100 * FORGE_DAY;
	struct forge_wish wish = forge_usual();
	wish.this_update = wish.produced_at = begin - 60;
	wish.next_update = end + 3600;
	assert_leaf(&wish, end + FORGE_SKEW, NULL);
	assert_leaf(&wish, begin - FORGE_SKEW, NULL);
	static const int64_t outside[] = {end + FORGE_SKEW + 1, begin - FORGE_SKEW - 1};
	for (size_t i = 0; i < array_size(outside); i++) {
		struct buffer der = {0};
		struct ocsp_answer answer = {0};
		struct fault fault = {""};
		forge_answer(&forge, &wish, &der);
		assert_int_equal(read_at(buffer_view(&der), outside[i], &answer, &fault),
				 OCSP_ANSWER_REFUSED);
		assert_says(&fault, "out of date");
		buffer_deinit(&der);
	}
}

static void an_answer_is_told_whole(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct forge_wish wish = forge_usual();
		struct buffer der = {0};
		struct ocsp_answer answer = {0};
		wish.by_ca = i & 1;
		wish.by_name = i & 2;
		forge_answer(&forge, &wish, &der);
		assert_int_equal(read_at(buffer_view(&der), FORGE_NOW, &answer, NULL), 0);
		assert_int_equal(answer.delegated, !wish.by_ca);
		assert_int_equal(answer.nocheck, !wish.by_ca);
		assert_int_equal(answer.by_name, wish.by_name);
		assert_true(answer.nonce_echoed);
		assert_string_equal(answer.algorithm, "ED25519");
		assert_string_equal(answer.signer_serial, wish.by_ca ? "01" : "09");
		assert_int_equal(answer.signer_not_after, FORGE_NOW + 100 * FORGE_DAY);
		assert_int_equal(answer.produced_at, wish.produced_at);
		assert_int_equal(answer.findings[0].status, OCSP_GOOD);
		assert_int_equal(answer.findings[1].status, OCSP_REVOKED);
		assert_int_equal(answer.findings[1].reason, REASON_KEY_COMPROMISE);
		assert_int_equal(answer.findings[1].revoked_at, FORGE_NOW - FORGE_DAY);
		ocsp_answer_deinit(&answer);
		buffer_deinit(&der);
	}
}

/* RSASSA-PSS says its digest in the parameters only (P-36). */
static void the_digest_of_a_pss_signature_counts_p36(void **state)
{
	(void)state;
	static const struct {
		const char *digest;
		const char *why;
	} cases[] = {{"SHA1", "weak digest"}, {"SHA256", NULL}};
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *ca = forge_draft("Forge CA", 1, key);
	assert_true(X509_sign(ca, key, EVP_sha256()) > 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		EVP_PKEY_CTX *padding = NULL;
		struct fault fault = {""};
		X509 *signer = NULL;
		assert_int_equal(EVP_DigestSignInit_ex(context, &padding, cases[i].digest, NULL,
						       NULL, key, NULL),
				 1);
		assert_true(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) > 0);
		assert_int_equal(OCSP_basic_sign_ctx(basic, ca, context, NULL, 0), 1);
		int result = ocsp_signer_prove(basic, ca, FORGE_NOW, FORGE_SKEW, &signer, &fault);
		assert_int_equal(result, cases[i].why ? -EPERM : 0);
		if (cases[i].why)
			assert_says(&fault, cases[i].why);
		EVP_MD_CTX_free(context);
		OCSP_BASICRESP_free(basic);
	}
	X509_free(ca);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_versions_are_refused_p24),
		cmocka_unit_test(an_answer_that_is_not_der_is_refused_p24),
		cmocka_unit_test(unknown_critical_extensions_are_refused),
		cmocka_unit_test(the_same_extension_twice_is_refused),
		cmocka_unit_test(another_nonce_or_none_where_one_is_required_is_refused_p16),
		cmocka_unit_test(a_certificate_with_another_hash_is_another_certificate_p30),
		cmocka_unit_test(an_answer_that_says_two_things_is_no_proof),
		cmocka_unit_test(both_ends_of_the_validity_count_and_the_skew_with_them_p27),
		cmocka_unit_test(only_the_ca_and_its_delegates_are_believed_p35),
		cmocka_unit_test(no_more_certificates_are_tried_than_the_limit),
		cmocka_unit_test(a_delegate_signs_until_its_last_second),
		cmocka_unit_test(an_answer_is_told_whole),
		cmocka_unit_test(the_digest_of_a_pss_signature_counts_p36),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
