/* Who may ask by signed requests (P-15): trust anchors are trusted for what they are, what is below
 * them is judged by RFC 5280, 6.1, and no key is used before it was looked at. */
#include "unit.h"

#include "made_conf.h"
#include "verifier/requestors.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW INT64_C(1800000000)

/* What a certificate says; NULL or 0: not at all, and its usual life. */
struct wish {
	const char *name, *basic, *usage;
	bool v1, expired;
	EVP_PKEY *key; /* instead of a P-256 key of its own */
};

struct made {
	X509 *certificate;
	EVP_PKEY *key;
};

struct world {
	char path[32], allow[40];
	bool listed; /* whoever asks must be on the list of `allow` */
	bool forged; /* another certificate is asked about than was signed */
	X509 *others[4]; /* embedded beside the requestor's */
	unsigned other_count;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	(void)snprintf(w->path, sizeof(w->path), "/tmp/stillgood-XXXXXX");
	int fd = mkstemp(w->path);
	assert_true(fd >= 0);
	close(fd);
	(void)snprintf(w->allow, sizeof(w->allow), "%s.allow", w->path);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	unlink(w->path);
	unlink(w->allow);
	free(w);
	return 0;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	if (!value)
		return;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void set_time(ASN1_TIME *time, long days)
{
	assert_non_null(X509_time_adj_ex(time, (int)days, 0, &(time_t){NOW}));
}

/* `by`: NULL for itself. */
static struct made make(const struct wish *wish, const struct made *by)
{
	struct made made = {.certificate = X509_new(),
			    .key = wish->key ? wish->key : EVP_EC_gen("P-256")};
	X509 *c = made.certificate;
	X509_NAME *name = X509_get_subject_name(c);
	assert_int_equal(X509_set_version(c, wish->v1 ? 0 : 2), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(c), 7);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->name, -1,
				   -1, 0);
	X509_set_issuer_name(c, by ? X509_get_subject_name(by->certificate) : name);
	set_time(X509_getm_notBefore(c), -20);
	set_time(X509_getm_notAfter(c), wish->expired ? -10 : 10);
	assert_int_equal(X509_set_pubkey(c, made.key), 1);
	add_extension(c, NID_basic_constraints, wish->basic);
	add_extension(c, NID_key_usage, wish->usage);
	assert_true(X509_sign(c, by ? by->key : made.key, EVP_sha256()) > 0);
	return made;
}

static void made_free(struct made *made)
{
	X509_free(made->certificate);
	EVP_PKEY_free(made->key);
}

static int load(struct world *w, X509 *anchor, struct requestors **ret, struct fault *fault)
{
	struct conf_issuer issuer = made_issuer(CONF_VERIFIER);
	issuer.name = (char *)"A";
	issuer.requestors = w->path;
	issuer.allow = w->listed ? w->allow : NULL;
	FILE *file = fopen(w->path, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, anchor), 1);
	assert_int_equal(fclose(file), 0);
	return requestors_load(&issuer, ret, fault);
}

static struct view signed_request(struct world *w, struct made *by, uint8_t **storage)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	for (unsigned i = 0; i < w->other_count; i++)
		assert_true(sk_X509_push(others, w->others[i]) > 0);
	assert_non_null(OCSP_request_add0_id(
		request, OCSP_cert_to_id(EVP_sha1(), by->certificate, by->certificate)));
	assert_int_equal(
		OCSP_request_sign(request, by->certificate, by->key, EVP_sha256(), others, 0), 1);
	int size = i2d_OCSP_REQUEST(request, storage);
	assert_true(size > 0);
	if (w->forged) {
		uint8_t *serial = memmem(*storage, (size_t)size, "\x02\x01\x07", 3);
		assert_non_null(serial);
		serial[2] = 8;
	}
	sk_X509_free(others);
	OCSP_REQUEST_free(request);
	return view_of(*storage, (size_t)size);
}

/* NULL: they may ask; else why not. */
static const char *judged(struct world *w, X509 *anchor, struct made *by)
{
	cleanup(requestors_freep) struct requestors *requestors = NULL;
	struct fault fault = {""};
	uint8_t *der = NULL;
	const char *reason = NULL;
	if (load(w, anchor, &requestors, &fault) != 0)
		fail_msg("%s", fault.text);
	struct view request = signed_request(w, by, &der);
	enum ocsp_result result = requestors_judge(requestors, request, NOW, &reason);
	assert_int_equal(result, reason ? OCSP_UNAUTHORIZED : OCSP_SUCCESSFUL);
	OPENSSL_free(der);
	return reason;
}

static const struct wish leaf = {
	.name = "Requestor", .basic = "CA:FALSE", .usage = "digitalSignature"};
static const struct wish root = {
	.name = "Root", .basic = "critical,CA:TRUE", .usage = "keyCertSign"};

static void an_anchor_is_trusted_for_what_it_is(void **state)
{
	struct world *w = *state;
	static const struct wish anchors[] = {
		{.name = "as openssl req -x509 makes it", .basic = "critical,CA:TRUE"},
		{.name = "not critical", .basic = "CA:TRUE"},
		{.name = "keyUsage without keyCertSign", .basic = "CA:TRUE", .usage = "cRLSign"},
		{.name = "v1", .v1 = true},
		{.name = "without extensions"},
		{.name = "keyCertSign alone", .usage = "keyCertSign"},
		{.name = "expired", .basic = "CA:TRUE", .expired = true},
		{.name = "pathlen 0", .basic = "CA:TRUE,pathlen:0"},
	};
	for (size_t i = 0; i < array_size(anchors); i++) {
		struct made anchor = make(&anchors[i], NULL), requestor = make(&leaf, &anchor);
		const char *reason = judged(w, anchor.certificate, &requestor);
		if (reason)
			fail_msg("%s: %s", anchors[i].name, reason);
		made_free(&requestor);
		made_free(&anchor);
	}
}

static void an_intermediate_ca_may_be_the_anchor(void **state)
{
	struct world *w = *state;
	static const struct wish between = {.name = "Between", .usage = "keyCertSign"};
	struct made top = make(&root, NULL), anchor = make(&between, &top);
	struct made requestor = make(&leaf, &anchor);
	assert_null(judged(w, anchor.certificate, &requestor));
	made_free(&requestor);
	made_free(&anchor);
	made_free(&top);
}

static void what_is_below_the_anchor_is_judged(void **state)
{
	struct world *w = *state;
	static const struct wish between[] = {
		{.name = "no constraints"},
		{.name = "no CA", .basic = "CA:FALSE"},
		{.name = "keyCertSign alone", .usage = "keyCertSign"},
		{.name = "v1", .v1 = true},
		{.name = "no keyCertSign", .basic = "CA:TRUE", .usage = "digitalSignature"},
		{.name = "expired", .basic = "CA:TRUE", .usage = "keyCertSign", .expired = true},
	};
	struct made anchor = make(&root, NULL);
	for (size_t i = 0; i < array_size(between); i++) {
		struct made middle = make(&between[i], &anchor), requestor = make(&leaf, &middle);
		w->others[0] = middle.certificate;
		w->other_count = 1;
		if (!judged(w, anchor.certificate, &requestor))
			fail_msg("%s", between[i].name);
		made_free(&requestor);
		made_free(&middle);
	}
	struct made middle = make(&(struct wish){.name = "Between", .basic = "CA:TRUE"}, &anchor);
	struct made requestor = make(&leaf, &middle);
	w->others[0] = middle.certificate;
	assert_null(judged(w, anchor.certificate, &requestor));
	made_free(&requestor);
	made_free(&middle);
	made_free(&anchor);
}

static void an_expired_requestor_is_refused_whatever_its_anchor(void **state)
{
	struct world *w = *state;
	static const struct wish old = {.name = "Old", .basic = "CA:FALSE", .expired = true};
	struct made anchor = make(&root, NULL), requestor = make(&old, &anchor);
	assert_non_null(judged(w, anchor.certificate, &requestor));
	made_free(&requestor);
	made_free(&anchor);
}

static void a_forged_signature_is_refused(void **state)
{
	struct world *w = *state;
	struct made anchor = make(&root, NULL), requestor = make(&leaf, &anchor);
	w->forged = true;
	const char *reason = judged(w, anchor.certificate, &requestor);
	assert_non_null(reason);
	assert_string_equal(reason, "its signature does not verify");
	made_free(&requestor);
	made_free(&anchor);
}

static void who_is_not_on_the_list_is_refused(void **state)
{
	struct world *w = *state;
	struct made anchor = make(&root, NULL), requestor = make(&leaf, &anchor);
	static const struct wish stranger = {
		.name = "Stranger", .basic = "CA:FALSE", .usage = "digitalSignature"};
	struct made other = make(&stranger, &anchor);
	FILE *file = fopen(w->allow, "w");
	assert_non_null(file);
	(void)fputs("CN=Requestor\n", file);
	assert_int_equal(fclose(file), 0);
	w->listed = true;
	assert_null(judged(w, anchor.certificate, &requestor));
	const char *reason = judged(w, anchor.certificate, &other);
	assert_non_null(reason);
	assert_string_equal(reason, "its requestor is not on the list");
	made_free(&other);
	made_free(&requestor);
	made_free(&anchor);
}

static void what_can_never_work_is_said_at_the_start(void **state)
{
	struct world *w = *state;
	EVP_PKEY *small = EVP_RSA_gen(1024);
	const struct {
		struct wish wish;
		const char *expected;
	} refused[] = {
		{{.name = "Alice", .basic = "CA:FALSE", .usage = "digitalSignature"},
		 "option allow"},
		{{.name = "Alice", .usage = "digitalSignature"}, "option allow"},
		{{.name = "Small", .basic = "CA:TRUE", .key = small}, "less than 2048 bits"},
		{{.name = "Odd", .basic = "CA:TRUE", .key = EVP_EC_gen("secp256k1")}, "curve"},
	};
	struct made top = make(&root, NULL);
	for (size_t i = 0; i < array_size(refused); i++) {
		struct requestors *requestors = NULL;
		struct fault fault = {""};
		bool own = refused[i].wish.key;
		struct made anchor = make(&refused[i].wish, own ? NULL : &top);
		assert_true(load(w, anchor.certificate, &requestors, &fault) < 0);
		assert_non_null(strstr(fault.text, "certificate 1"));
		if (!strstr(fault.text, refused[i].expected))
			fail_msg("%s", fault.text);
		made_free(&anchor);
	}
	made_free(&top);
}

/* The signature of such a request is never looked at: it is of another key, and that is not why. */
static void no_key_is_used_before_it_was_looked_at(void **state)
{
	struct world *w = *state;
	struct made anchor = make(&root, NULL), requestor = make(&leaf, &anchor);
	struct made hostile = make(&(struct wish){.name = "Hostile",
						  .basic = "CA:TRUE",
						  .key = EVP_EC_gen("sect571r1")},
				   &anchor);
	w->others[0] = hostile.certificate;
	w->other_count = 1;
	const char *reason = judged(w, anchor.certificate, &requestor);
	assert_non_null(reason);
	assert_string_equal(reason, "its key's curve is not known");
	made_free(&hostile);
	made_free(&requestor);
	made_free(&anchor);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_anchor_is_trusted_for_what_it_is), /* P-15 */
		TEST(an_intermediate_ca_may_be_the_anchor), /* P-15 */
		TEST(what_is_below_the_anchor_is_judged), /* P-15 */
		TEST(an_expired_requestor_is_refused_whatever_its_anchor), /* P-15 */
		TEST(a_forged_signature_is_refused), /* P-15 */
		TEST(who_is_not_on_the_list_is_refused), /* P-15 */
		TEST(what_can_never_work_is_said_at_the_start), /* P-15 */
		TEST(no_key_is_used_before_it_was_looked_at), /* P-15 */
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
