/* Names of issuers and what is printed of foreign texts. */
#include "unit.h"

#include "base/limits.h"
#include "tool/certname.h"
#include "tool/output.h"

#include <openssl/x509.h>

/* A Name of up to two attributes. */
static struct view name_of(const char *type, const char *value, const char *type2,
			   const char *value2)
{
	static unsigned char *der;
	X509_NAME *name = X509_NAME_new();
	X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)value, -1, -1,
				   0);
	if (type2)
		X509_NAME_add_entry_by_txt(name, type2, MBSTRING_UTF8,
					   (const unsigned char *)value2, -1, -1, 0);
	OPENSSL_free(der);
	der = NULL;
	int size = i2d_X509_NAME(name, &der);
	X509_NAME_free(name);
	assert_true(size > 0);
	return view_of(der, (size_t)size);
}

static void control_characters_never_reach_a_terminal(void **state)
{
	(void)state;
	char *text = output_text_new("a\033[2J\n\x7f\xc2\x9b"
				     "b");
	assert_string_equal(text, "a\\x1B[2J\\x0A\\x7F\xc2\\x9B"
				  "b");
	free(text);
	text = output_text_new("電子署名 Ä");
	assert_string_equal(text, "電子署名 Ä");
	free(text);
}

static void quotes_and_brackets_do_not_enter_a_name(void **state)
{
	(void)state;
	char name[LIMIT_ISSUER_NAME + 1];
	certname_derive(name_of("CN", "A \"B\" [C] \\ \nD", NULL, NULL), name);
	assert_string_equal(name, "A 'B' (C) /  D");
}

static void a_name_is_CN_else_OU_else_O_else_a_word(void **state)
{
	(void)state;
	char name[LIMIT_ISSUER_NAME + 1];
	certname_derive(name_of("O", "Org", "CN", "Root"), name);
	assert_string_equal(name, "Root");
	certname_derive(name_of("O", "Org", "OU", "Unit"), name);
	assert_string_equal(name, "Unit");
	certname_derive(name_of("C", "JP", "O", "Org"), name);
	assert_string_equal(name, "Org");
	certname_derive(name_of("C", "JP", NULL, NULL), name);
	assert_string_equal(name, "Issuer");
	certname_derive(view_of("junk", 4), name);
	assert_string_equal(name, "Issuer");
}

static void a_distinguished_name_keeps_whole_characters_and_its_limit(void **state)
{
	(void)state;
	char name[LIMIT_ISSUER_NAME + 1] = "";
	for (size_t i = 0; i + 3 <= LIMIT_ISSUER_NAME; i += 3)
		memcpy(name + i, "署", 3);
	certname_distinguish(name, view_of("\x01\x23\x45\x67\x89", 5), 8);
	size_t size = strlen(name);
	assert_true(size <= LIMIT_ISSUER_NAME);
	assert_string_equal(name + size - 9, " 01234567");
	assert_int_equal((size - 9) % 3, 0);
}

static void subjects_are_printed_in_their_own_script(void **state)
{
	(void)state;
	char *text = certname_subject(name_of("C", "JP", "CN", "署名 認証局"));
	assert_string_equal(text, "CN=署名 認証局,C=JP");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_never_reach_a_terminal),
		cmocka_unit_test(quotes_and_brackets_do_not_enter_a_name),
		cmocka_unit_test(a_name_is_CN_else_OU_else_O_else_a_word),
		cmocka_unit_test(a_distinguished_name_keeps_whole_characters_and_its_limit),
		cmocka_unit_test(subjects_are_printed_in_their_own_script),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
