/* The list of requestors that may ask (P-15). */
#include "unit.h"

#include "verifier/allowed.h"

#include <openssl/evp.h>

struct world {
	char path[32];
	X509 *certificate;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	EVP_PKEY *key = EVP_EC_gen("P-256");
	w->certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(w->certificate);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Bank, Ltd", -1,
				   -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"Alice", -1,
				   -1, 0);
	assert_int_equal(X509_set_issuer_name(w->certificate, name), 1);
	X509_gmtime_adj(X509_getm_notBefore(w->certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(w->certificate), 100);
	assert_int_equal(X509_set_pubkey(w->certificate, key), 1);
	assert_true(X509_sign(w->certificate, key, EVP_sha256()) > 0);
	EVP_PKEY_free(key);
	(void)snprintf(w->path, sizeof(w->path), "/tmp/stillgood-XXXXXX");
	int fd = mkstemp(w->path);
	assert_true(fd >= 0);
	close(fd);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	X509_free(w->certificate);
	unlink(w->path);
	free(w);
	return 0;
}

static int load(struct world *w, const char *text, struct allowed **ret, struct fault *fault)
{
	FILE *file = fopen(w->path, "w");
	assert_non_null(file);
	(void)fputs(text, file);
	assert_int_equal(fclose(file), 0);
	return allowed_load(w->path, ret, fault);
}

static void check_refused(struct world *w, const char *text, const char *expected)
{
	struct allowed *allowed = NULL;
	struct fault fault = {""};
	assert_true(load(w, text, &allowed, &fault) < 0);
	if (!strstr(fault.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, expected);
}

static void what_names_nobody_is_refused(void **state)
{
	struct world *w = *state;
	check_refused(w, "", "names nobody");
	check_refused(w, "# CN=Alice\n\n", "names nobody");
	check_refused(w, "CN=Bob\nAlice\n", ":2: neither the SHA-256 of a certificate");
	check_refused(w, "00112233\n", "neither");
	struct fault fault = {""};
	struct allowed *allowed = NULL;
	assert_true(allowed_load("/nonexistent", &allowed, &fault) < 0);
}

static bool allows(struct world *w, const char *text)
{
	cleanup(allowed_freep) struct allowed *allowed = NULL;
	struct fault fault = {""};
	if (load(w, text, &allowed, &fault) < 0)
		fail_msg("%s", fault.text);
	return allowed_has(allowed, w->certificate);
}

static void a_requestor_is_named_by_subject_or_hash(void **state)
{
	struct world *w = *state;
	uint8_t hash[32];
	unsigned size = sizeof(hash);
	char line[200] = "";
	assert_int_equal(X509_digest(w->certificate, EVP_sha256(), hash, &size), 1);
	for (unsigned i = 0; i < size; i++)
		(void)snprintf(line + 3UL * i, sizeof(line) - 3UL * i, "%02x%s", hash[i],
			       i + 1 < size ? ":" : "\r\n");
	assert_true(allows(w, line));
	assert_true(allows(w, "CN=Bob\n  CN=Alice,O=Bank\\, Ltd \n"));
	assert_false(allows(w, "CN=Alice\n"));
	assert_false(allows(w, "O=Bank\\, Ltd,CN=Alice\n"));
	line[0] = line[0] == '0' ? '1' : '0';
	assert_false(allows(w, line));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_names_nobody_is_refused),
		TEST(a_requestor_is_named_by_subject_or_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
