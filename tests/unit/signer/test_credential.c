/* The admission proof: what may answer for an issuer and what may not (P-35, P-39; doc/faults.md row 20). */
#include "pki.h"

#include "signer/credential.h"

static struct {
	EVP_PKEY *ca_key, *key;
	X509 *ca;
	int64_t now;
} world;

static int make_world(void **state)
{
	(void)state;
	world.ca_key = pki_key("P-256");
	world.key = pki_key("P-256");
	world.ca = pki_ca("認証局 テスト", world.ca_key);
	world.now = wall_seconds(clock_now().wall_us);
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	EVP_PKEY_free(world.ca_key);
	EVP_PKEY_free(world.key);
	X509_free(world.ca);
	return 0;
}

static void lay(struct pki_files *files, X509 *certificate, EVP_PKEY *key)
{
	pki_files_init(files);
	pki_write_certificate(files->ca, world.ca);
	pki_write_certificate(files->certificate, certificate);
	pki_write_key(files->key, key, NULL);
}

/* A good set of files, to spoil one of them. */
static void lay_good(struct pki_files *files)
{
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	X509 *certificate = pki_certificate(&wish);
	lay(files, certificate, world.key);
	X509_free(certificate);
}

static void lay_wish(struct pki_files *files, const struct pki_wish *wish)
{
	X509 *certificate = pki_certificate(wish);
	lay(files, certificate, wish->key);
	X509_free(certificate);
}

/* Refused, naming the file and the reason; the files go. */
static void refused(struct pki_files *files, const char *path, const char *reason)
{
	struct credential *credential = NULL;
	struct fault fault = {""};
	assert_true(credential_load(&files->issuer, world.now, &credential, NULL, &fault) < 0);
	assert_null(credential);
	if (strncmp(fault.text, path, strlen(path)) != 0 || !strstr(fault.text, reason))
		fail_msg("\"%s\" does not say \"%s: %s\"", fault.text, path, reason);
	pki_files_deinit(files);
}

static struct credential *load(struct pki_files *files, struct findings *findings)
{
	struct credential *credential = NULL;
	struct fault fault = {""};
	if (credential_load(&files->issuer, world.now, &credential, findings, &fault) < 0)
		fail_msg("%s", fault.text);
	return credential;
}

static void a_key_of_another_certificate_is_refused(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	EVP_PKEY *other = pki_key("P-256");
	lay_good(&files);
	pki_write_key(files.key, other, NULL);
	refused(&files, files.key, "this is not the key of");
	EVP_PKEY_free(other);
}

static void a_delegate_without_ocsp_signing_is_refused(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.extensions[1].value = "serverAuth,anyExtendedKeyUsage";
	lay_wish(&files, &wish);
	refused(&files, files.certificate, "lacks the extended key usage OCSPSigning");
	wish.extensions[1] = (struct pki_extension){0};
	lay_wish(&files, &wish);
	refused(&files, files.certificate, "lacks the extended key usage OCSPSigning");
}

static void a_delegate_without_digital_signature_is_refused(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.extensions[0].value = "critical,keyEncipherment";
	lay_wish(&files, &wish);
	refused(&files, files.certificate, "does not allow digitalSignature");
}

static void an_expired_certificate_is_refused(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.from = -2 * PKI_DAY;
	wish.until = -60;
	lay_wish(&files, &wish);
	refused(&files, files.certificate, "expired at ");
}

static void a_certificate_that_is_not_yet_valid_is_refused(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.from = 3600;
	wish.until = PKI_DAY;
	lay_wish(&files, &wish);
	refused(&files, files.certificate, "not valid before ");
}

static void another_ca_of_the_same_name_is_refused(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	EVP_PKEY *other_key = pki_key("P-256");
	X509 *other = pki_ca("認証局 テスト", other_key);
	struct pki_wish wish = pki_delegate(world.key, other, other_key);
	lay_wish(&files, &wish);
	refused(&files, files.certificate, "not signed by the key of");
	EVP_PKEY_free(other_key);
	X509_free(other);
}

static void a_ca_of_another_name_is_refused(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	X509 *other = pki_ca("Other", world.ca_key);
	struct pki_wish wish = pki_delegate(world.key, other, world.ca_key);
	lay_wish(&files, &wish);
	refused(&files, files.certificate, "its issuer is not the subject of");
	X509_free(other);
}

static void a_short_key_is_refused(void **state) /* P-35 */
{
	(void)state;
	static const char *const kinds[] = {"RSA-1024", "P-192"};
	for (size_t i = 0; i < array_size(kinds); i++) {
		struct pki_files files;
		EVP_PKEY *key = pki_key(kinds[i]);
		struct pki_wish wish = pki_delegate(key, world.ca, world.ca_key);
		lay_wish(&files, &wish);
		refused(&files, files.key, "the key is too weak");
		EVP_PKEY_free(key);
	}
}

static void truncate_half(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(truncate(path, status.st_size / 2), 0);
}

static void truncated_files_are_refused(void **state)
{
	(void)state;
	struct pki_files files;
	lay_good(&files);
	truncate_half(files.certificate);
	refused(&files, files.certificate, "no whole PEM certificate");
	lay_good(&files);
	truncate_half(files.ca);
	refused(&files, files.ca, "no whole PEM certificate");
	lay_good(&files);
	truncate_half(files.key);
	refused(&files, files.key, "no whole PEM private key");
	lay_good(&files);
	assert_int_equal(truncate(files.certificate, 0), 0);
	refused(&files, files.certificate, "not a certificate");
}

static void swapped_files_are_refused(void **state)
{
	(void)state;
	struct pki_files files;
	lay_good(&files);
	files.issuer.signer_certificate = files.key;
	refused(&files, files.key, "no whole PEM certificate");
	lay_good(&files);
	files.issuer.signer_key = files.certificate;
	refused(&files, files.certificate, "no whole PEM private key");
}

static void an_encrypted_key_is_refused(void **state)
{
	(void)state;
	struct pki_files files;
	lay_good(&files);
	pki_write_key(files.key, world.key, "secret");
	refused(&files, files.key, "the key is encrypted; give its passphrase");
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
	(void)state;
	struct pki_files files;
	lay_good(&files);
	assert_int_equal(unlink(files.key), 0);
	refused(&files, files.key, "No such file");
	lay_good(&files);
	files.issuer.certificate = files.folder;
	refused(&files, files.folder, "is a directory");
	lay_good(&files);
	assert_int_equal(chmod(files.key, 0), 0);
	assert_int_equal(chmod(files.folder, 0755), 0);
	bool root = geteuid() == 0; /* who may read everything */
	if (root)
		assert_int_equal(seteuid(65534), 0);
	refused(&files, files.key, "Permission denied");
	if (root)
		assert_int_equal(seteuid(0), 0);
	pki_files_deinit(&files); /* which that user could not */
}

static void a_good_delegate_is_taken_without_a_warning(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	struct findings findings = {0};
	lay_good(&files);
	struct credential *credential = load(&files, &findings);
	assert_int_equal(findings.count, 0);
	assert_string_equal(credential_signer_at(credential, 0).algorithm, "EC P-256");
	assert_in_range(credential_signer_at(credential, 0).not_after, world.now + 99 * PKI_DAY,
			world.now + 101 * PKI_DAY);
	unsigned char *der = NULL;
	int size = i2d_X509(world.ca, &der);
	assert_view_equal(credential_ca(credential), view_of(der, (size_t)size));
	OPENSSL_free(der);
	credential_free(credential);
	findings_deinit(&findings);
	pki_files_deinit(&files);
}

static void der_files_are_taken(void **state)
{
	(void)state;
	struct pki_files files;
	lay_good(&files);
	FILE *file = fopen(files.ca, "w");
	assert_non_null(file);
	assert_int_equal(i2d_X509_fp(file, world.ca), 1);
	assert_int_equal(fclose(file), 0);
	credential_free(load(&files, NULL));
	pki_files_deinit(&files);
}

static struct finding found(const struct findings *findings, enum finding_kind kind)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->items[i].kind == kind)
			return findings->items[i];
	fail_msg("\"%s\" is not found", finding_words(kind));
	return (struct finding){0};
}

/* Found in `path` by its requirement, usable all the same, and as severe as each profile says. */
static void judged(struct pki_files *files, const char *path, enum finding_kind kind,
		   const char *requirement, enum severity elsewhere, enum severity webpki)
{
	static const enum profile profiles[] = {PROFILE_PRIVATE, PROFILE_WEBPKI};
	for (size_t i = 0; i < array_size(profiles); i++) {
		struct findings findings = {.profile = profiles[i]};
		credential_free(load(files, &findings));
		struct finding finding = found(&findings, kind);
		assert_int_equal(finding.severity, i == 0 ? elsewhere : webpki);
		assert_string_equal(finding.requirement, requirement);
		assert_memory_equal(finding.text, path, strlen(path));
		assert_int_equal(findings_refused(&findings) > 0,
				 finding.severity == SEVERITY_REFUSED);
		findings_deinit(&findings);
	}
	pki_files_deinit(files);
}

static void judged_wish(const struct pki_wish *wish, enum finding_kind kind,
			const char *requirement, enum severity elsewhere, enum severity webpki)
{
	struct pki_files files;
	lay_wish(&files, wish);
	judged(&files, files.certificate, kind, requirement, elsewhere, webpki);
}

static void nocheck_must_be_there_with_the_value_null(void **state) /* P-35 */
{
	(void)state;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.extensions[2] = (struct pki_extension){0};
	judged_wish(&wish, FINDING_NOCHECK_ABSENT, "P-35", SEVERITY_WARNING, SEVERITY_REFUSED);
	static const char *const values[] = {"DER:050000", "DER:0400", "DER:3000", "DER:0101FF"};
	for (size_t i = 0; i < array_size(values); i++) {
		wish.extensions[2] = (struct pki_extension){NID_id_pkix_OCSP_noCheck, values[i]};
		judged_wish(&wish, FINDING_NOCHECK_VALUE, "P-35", SEVERITY_WARNING,
			    SEVERITY_REFUSED);
	}
}

static void a_delegate_without_any_key_usage_is_judged_by_the_profile(void **state) /* P-35 */
{
	(void)state;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.extensions[0] = (struct pki_extension){NID_subject_key_identifier, "hash"};
	judged_wish(&wish, FINDING_KEY_USAGE_ABSENT, "P-35", SEVERITY_WARNING, SEVERITY_REFUSED);
}

static void what_a_signer_certificate_should_not_have_is_refused_by_webpki(void **state) /* P-39 */
{
	(void)state;
	static const struct {
		struct pki_extension extension;
		enum finding_kind kind;
	} cases[] = {
		{{NID_subject_alt_name, "DNS:x"}, FINDING_SIGNER_ALTERNATIVE_NAMES},
		{{NID_crl_distribution_points, "URI:http://x/"}, FINDING_SIGNER_CRL_POINTS},
		{{NID_certificate_policies, "DER:300830060604551d2000"}, FINDING_SIGNER_POLICIES},
		{{NID_name_constraints, "permitted;DNS:x"}, FINDING_SIGNER_NAME_CONSTRAINTS},
		{{NID_basic_constraints, "critical,CA:TRUE"}, FINDING_SIGNER_IS_CA},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
		wish.extensions[3] = cases[i].extension;
		judged_wish(&wish, cases[i].kind, "P-39", SEVERITY_WARNING, SEVERITY_REFUSED);
	}
}

/* RFC 9919, 3.2.2: it has nocheck, so there is nobody to ask about it. */
static void a_signer_that_names_a_responder_for_itself_is_warned_of_by_lightweight(void **state)
{
	(void)state;
	static const char *const values[] = {"caIssuers;URI:http://x/", "OCSP;URI:http://x/"};
	for (size_t i = 0; i < array_size(values); i++) {
		struct pki_files files;
		struct findings findings = {.profile = PROFILE_LIGHTWEIGHT};
		struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
		wish.extensions[3] = (struct pki_extension){NID_info_access, values[i]};
		lay_wish(&files, &wish);
		credential_free(load(&files, &findings));
		assert_int_equal(findings.count, i);
		if (i > 0)
			assert_int_equal(found(&findings, FINDING_SIGNER_NAMES_RESPONDER).severity,
					 SEVERITY_WARNING); /* F-lightweight */
		findings_deinit(&findings);
		pki_files_deinit(&files);
	}
}

static void a_sha1_signer_is_refused_by_webpki(void **state) /* P-39 */
{
	(void)state;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.digest = EVP_sha1();
	judged_wish(&wish, FINDING_WEAK_SIGNATURE, "P-39", SEVERITY_WARNING, SEVERITY_REFUSED);
}

static void a_signer_that_ends_soon_is_warned_of_everywhere(void **state) /* P-37 */
{
	(void)state;
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	wish.from = -PKI_DAY;
	wish.until = 3L * PKI_DAY;
	judged_wish(&wish, FINDING_SIGNER_ENDS_SOON, "P-37", SEVERITY_WARNING, SEVERITY_WARNING);
}

/* P-39: it could answer for its own issuer, and its relying parties could not revoke that right. */
static void a_ca_with_ocsp_signing_and_no_nocheck_is_refused_by_webpki(void **state)
{
	(void)state;
	struct pki_files files;
	struct pki_wish wish = {.name = "CA", .key = world.ca_key};
	memcpy(wish.extensions, pki_ca_extensions, sizeof(pki_ca_extensions));
	wish.extensions[2] = (struct pki_extension){NID_ext_key_usage, "OCSPSigning"};
	X509 *ca = pki_certificate(&wish);
	struct pki_wish delegate = pki_delegate(world.key, ca, world.ca_key);
	lay_wish(&files, &delegate);
	pki_write_certificate(files.ca, ca);
	X509_free(ca);
	judged(&files, files.ca, FINDING_CA_SIGNS_OCSP, "P-39", SEVERITY_WARNING, SEVERITY_REFUSED);
}

static void a_key_that_everybody_may_read_is_warned_of(void **state)
{
	(void)state;
	struct pki_files files;
	lay_good(&files);
	assert_int_equal(chmod(files.key, 0644), 0);
	judged(&files, files.key, FINDING_KEY_OPEN, "", SEVERITY_REFUSED, SEVERITY_REFUSED);
}

static void a_ca_that_signs_itself_needs_digital_signature_under_webpki(void **state) /* P-35 */
{
	(void)state;
	struct pki_files files;
	lay(&files, world.ca, world.ca_key);
	judged(&files, files.certificate, FINDING_OWN_KEY_USAGE, "P-35", SEVERITY_WARNING,
	       SEVERITY_REFUSED);
}

static void many_bad_reloads_leave_nothing_behind(void **state)
{
	(void)state;
	struct pki_files files;
	struct credential *credential = NULL;
	lay_good(&files);
	truncate_half(files.key);
	for (unsigned i = 0; i < 50; i++) /* the sanitizer sees what stays */
		assert_true(credential_load(&files.issuer, world.now, &credential, NULL, NULL) < 0);
	pki_files_deinit(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_of_another_certificate_is_refused),
		cmocka_unit_test(a_delegate_without_ocsp_signing_is_refused),
		cmocka_unit_test(a_delegate_without_digital_signature_is_refused),
		cmocka_unit_test(an_expired_certificate_is_refused),
		cmocka_unit_test(a_certificate_that_is_not_yet_valid_is_refused),
		cmocka_unit_test(another_ca_of_the_same_name_is_refused),
		cmocka_unit_test(a_ca_of_another_name_is_refused),
		cmocka_unit_test(a_short_key_is_refused),
		cmocka_unit_test(truncated_files_are_refused),
		cmocka_unit_test(swapped_files_are_refused),
		cmocka_unit_test(an_encrypted_key_is_refused),
		cmocka_unit_test(a_file_that_cannot_be_read_is_refused),
		cmocka_unit_test(a_good_delegate_is_taken_without_a_warning),
		cmocka_unit_test(der_files_are_taken),
		cmocka_unit_test(nocheck_must_be_there_with_the_value_null),
		cmocka_unit_test(a_delegate_without_any_key_usage_is_judged_by_the_profile),
		cmocka_unit_test(what_a_signer_certificate_should_not_have_is_refused_by_webpki),
		cmocka_unit_test(
			a_signer_that_names_a_responder_for_itself_is_warned_of_by_lightweight),
		cmocka_unit_test(a_sha1_signer_is_refused_by_webpki),
		cmocka_unit_test(a_signer_that_ends_soon_is_warned_of_everywhere),
		cmocka_unit_test(a_ca_with_ocsp_signing_and_no_nocheck_is_refused_by_webpki),
		cmocka_unit_test(a_key_that_everybody_may_read_is_warned_of),
		cmocka_unit_test(a_ca_that_signs_itself_needs_digital_signature_under_webpki),
		cmocka_unit_test(many_bad_reloads_leave_nothing_behind),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
