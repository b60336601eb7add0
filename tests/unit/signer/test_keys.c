/* Keys that something locks: encrypted PEM, PKCS #12; where their passphrase comes from, and that it goes
 * nowhere else (P-35; doc/faults.md row 20). */
#include "pki.h"

#include "signer/credential.h"
#include "signer/passphrase.h"

#include <fcntl.h>
#include <openssl/pkcs12.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SECRET "合言葉 secret"

static struct {
	EVP_PKEY *ca_key, *key;
	X509 *ca, *certificate;
	int64_t now;
} world;

static int make_world(void **state)
{
	(void)state;
	world.ca_key = pki_key("P-256");
	world.key = pki_key("P-256");
	world.ca = pki_ca("CA", world.ca_key);
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	world.certificate = pki_certificate(&wish);
	world.now = wall_seconds(clock_now().wall_us);
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	EVP_PKEY_free(world.ca_key);
	EVP_PKEY_free(world.key);
	X509_free(world.ca);
	X509_free(world.certificate);
	return 0;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void lay(struct pki_files *files)
{
	pki_files_init(files);
	pki_write_certificate(files->ca, world.ca);
	pki_write_certificate(files->certificate, world.certificate);
	pki_write_key(files->key, world.key, SECRET);
	write_text(files->other, SECRET "\nanother line\n");
	files->issuer.signer_key_passphrase_file = files->other;
}

/* The form that OpenSSL wrote before PKCS #8. */
static void write_traditional(const char *path)
{
	BIO *file = BIO_new_file(path, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(file, world.key, EVP_aes_256_cbc(),
							      NULL, 0, NULL, (void *)SECRET),
			 1);
	BIO_free(file);
	assert_int_equal(chmod(path, 0600), 0);
}

static void write_pkcs12(const char *path, X509 *certificate, EVP_PKEY *key)
{
	PKCS12 *made = PKCS12_create(SECRET, "ocsp", key, certificate, NULL, 0, 0, 0, 0, 0);
	FILE *file = fopen(path, "w");
	assert_non_null(made);
	assert_non_null(file);
	assert_int_equal(i2d_PKCS12_fp(file, made), 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
	PKCS12_free(made);
}

static void taken(struct pki_files *files, struct findings *findings)
{
	struct credential *credential = NULL;
	struct fault fault = {""};
	int result = credential_load(&files->issuer, world.now, &credential, findings, &fault);
	if (result < 0)
		print_error("%s\n", fault.text);
	assert_int_equal(result, 0);
	assert_int_equal(credential_signer_count(credential), 1);
	credential_free(credential);
}

static void refused(struct pki_files *files, const char *path, const char *reason)
{
	struct credential *credential = NULL;
	struct fault fault = {""};
	assert_true(credential_load(&files->issuer, world.now, &credential, NULL, &fault) < 0);
	if (!strstr(fault.text, path) || !strstr(fault.text, reason))
		print_error("%s\n", fault.text);
	assert_non_null(strstr(fault.text, path));
	assert_non_null(strstr(fault.text, reason));
	assert_null(strstr(fault.text, SECRET));
}

static void an_encrypted_pem_key_opens_with_its_passphrase(void **state)
{
	(void)state;
	struct pki_files files;
	lay(&files);
	taken(&files, NULL);
	write_traditional(files.key);
	taken(&files, NULL);
	write_text(files.other, SECRET "\r\n");
	taken(&files, NULL);
	pki_files_deinit(&files);
}

static void a_wrong_passphrase_is_said_and_never_shown(void **state) /* row 20 */
{
	(void)state;
	struct pki_files files;
	lay(&files);
	write_text(files.other, "wrong\n");
	refused(&files, files.key, "the passphrase does not unlock it");
	write_traditional(files.key);
	refused(&files, files.key, "the passphrase does not unlock it");
	write_pkcs12(files.key, world.certificate, world.key);
	refused(&files, files.key, "the passphrase does not unlock it");
	files.issuer.signer_key_passphrase_file = NULL;
	refused(&files, files.key, "the file is encrypted; give its passphrase");
	pki_files_deinit(&files);
}

static void a_passphrase_that_cannot_be_had_is_said(void **state)
{
	(void)state;
	char prompt[] = CONF_PROMPT, credential[] = CONF_CREDENTIAL "pin";
	struct pki_files files;
	lay(&files);
	write_text(files.other, "\n" SECRET "\n");
	refused(&files, files.other, "is empty");
	assert_int_equal(unlink(files.other), 0);
	refused(&files, files.other, "No such file");
	files.issuer.signer_key_passphrase_file = prompt;
	refused(&files, files.key, "no terminal to ask on");
	files.issuer.signer_key_passphrase_file = credential;
	refused(&files, files.key, "systemd has passed no such credential");
	pki_files_deinit(&files);
}

static void a_passphrase_of_every_length_that_fits_is_read_whole(void **state)
{
	(void)state;
	char text[VAULT_TEXT_MOST + 2];
	struct passphrase p = {0};
	struct pki_files files;
	lay(&files);
	memset(text, 'x', sizeof(text) - 1);
	text[VAULT_TEXT_MOST + 1] = '\0';
	write_text(files.other, text);
	assert_int_equal(passphrase_read(files.other, "key", &p, NULL), -EFBIG);
	text[VAULT_TEXT_MOST] = '\0';
	write_text(files.other, text);
	assert_int_equal(passphrase_read(files.other, "key", &p, NULL), 0);
	assert_string_equal(p.text, text);
	pki_files_deinit(&files);
}

static void what_everybody_may_read_is_no_secret(void **state)
{
	(void)state;
	struct pki_files files;
	lay(&files);
	assert_int_equal(chmod(files.other, 0644), 0);
	struct findings findings = {.profile = PROFILE_PRIVATE};
	taken(&files, &findings);
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.items[0].kind, FINDING_KEY_OPEN);
	assert_non_null(strstr(findings.items[0].text, files.other));
	findings_deinit(&findings);
	pki_files_deinit(&files);
}

static void a_passphrase_for_an_open_key_is_warned_of(void **state)
{
	(void)state;
	struct pki_files files;
	lay(&files);
	pki_write_key(files.key, world.key, NULL);
	struct findings findings = {.profile = PROFILE_PRIVATE};
	taken(&files, &findings);
	assert_int_equal(findings.count, 1);
	assert_int_equal(findings.items[0].kind, FINDING_KEY_NOT_ENCRYPTED);
	findings_deinit(&findings);
	pki_files_deinit(&files);
}

static void a_pkcs12_file_brings_its_certificate(void **state)
{
	(void)state;
	struct pki_files files;
	lay(&files);
	write_pkcs12(files.key, world.certificate, world.key);
	taken(&files, NULL); /* both, and the same */
	files.issuer.signer_certificate = NULL;
	taken(&files, NULL);
	pki_files_deinit(&files);
}

static void a_pkcs12_file_that_says_otherwise_is_refused(void **state) /* row 20 */
{
	(void)state;
	struct pki_files files;
	lay(&files);
	struct pki_wish wish = pki_delegate(world.key, world.ca, world.ca_key);
	X509 *other = pki_certificate(&wish);
	write_pkcs12(files.key, other, world.key);
	refused(&files, files.key, "the certificate in it is not that of");
	files.issuer.signer_certificate = NULL;
	taken(&files, NULL);
	write_pkcs12(files.key, NULL, world.key);
	refused(&files, files.key, "no certificate came with it");
	write_pkcs12(files.key, world.certificate, NULL);
	refused(&files, files.key, "no private key in it");
	write_pkcs12(files.key, world.certificate, world.key);
	assert_int_equal(truncate(files.key, 400), 0);
	refused(&files, files.key, "cannot be read");
	X509_free(other);
	pki_files_deinit(&files);
}

/* A terminal of our own, where somebody types. */
static void type(int terminal, const char *text)
{
	char question[200] = "";
	size_t size = 0;
	while (!strstr(question, ": ")) {
		ssize_t got = read(terminal, question + size, sizeof(question) - size - 1);
		assert_true(got > 0);
		size += (size_t)got;
	}
	assert_int_equal(write(terminal, text, strlen(text)), strlen(text));
}

static _Noreturn void ask(const char *slave, struct pki_files *files)
{
	struct conf conf = made_conf_of(CONF_SIGNER, &files->issuer, 1);
	struct credential *credential = NULL;
	int fd = setsid() < 0 ? -1 : open(slave, O_RDWR);
	bool done = fd >= 0 && passphrases_collect(&conf, true, NULL) == 0 &&
		    passphrases_collect(&conf, true, NULL) == 0 && /* a reload: not asked again */
		    credential_load(&files->issuer, world.now, &credential, NULL, NULL) == 0;
	credential_free(credential);
	vault_wipe();
	_exit(done ? 0 : 1);
}

static void a_prompt_is_asked_once_on_the_terminal_and_not_shown(void **state)
{
	(void)state;
	char prompt[] = CONF_PROMPT, echo[400] = "";
	struct pki_files files;
	lay(&files);
	files.issuer.signer_key_passphrase_file = prompt;
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), status = -1;
	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	pid_t pid = fork();
	if (pid == 0)
		ask(ptsname(terminal), &files);
	type(terminal, SECRET "\n");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)!read(terminal, echo, sizeof(echo) - 1);
	assert_null(strstr(echo, SECRET));
	close(terminal);
	pki_files_deinit(&files);
}

static void a_credential_is_read_into_the_vault(void **state)
{
	(void)state;
	char credential[] = CONF_CREDENTIAL "other";
	struct pki_files files;
	lay(&files);
	files.issuer.signer_key_passphrase_file = credential;
	struct conf conf = made_conf_of(CONF_SIGNER, &files.issuer, 1);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", files.folder, 1), 0);
	assert_int_equal(passphrases_collect(&conf, true, NULL), 0);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	taken(&files, NULL); /* the signer has no such variable */
	vault_wipe();
	refused(&files, files.key, "systemd has passed no such credential");
	pki_files_deinit(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_encrypted_pem_key_opens_with_its_passphrase),
		cmocka_unit_test(a_wrong_passphrase_is_said_and_never_shown),
		cmocka_unit_test(a_passphrase_that_cannot_be_had_is_said),
		cmocka_unit_test(a_passphrase_of_every_length_that_fits_is_read_whole),
		cmocka_unit_test(what_everybody_may_read_is_no_secret),
		cmocka_unit_test(a_passphrase_for_an_open_key_is_warned_of),
		cmocka_unit_test(a_pkcs12_file_brings_its_certificate),
		cmocka_unit_test(a_pkcs12_file_that_says_otherwise_is_refused),
		cmocka_unit_test(a_prompt_is_asked_once_on_the_terminal_and_not_shown),
		cmocka_unit_test(a_credential_is_read_into_the_vault),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
