/* The PKCS #11 URI of a key: what it may say, and that no PIN is in what is repeated of it (row 19). */
#include "unit.h"

#include "signer/pkcs11_address.h"

static void parses(const char *uri, const char *option, const char *text, const char *module,
		   const char *passphrase)
{
	struct pkcs11_address address;
	struct fault fault = {""};
	if (pkcs11_address_parse(uri, option, "standard.so", &address, &fault) < 0)
		fail_msg("%s", fault.text);
	assert_string_equal(address.text, text);
	assert_string_equal(address.module, module);
	if (passphrase)
		assert_string_equal(address.passphrase, passphrase);
	else
		assert_null(address.passphrase);
	pkcs11_address_deinit(&address);
}

static void refused(const char *uri, const char *option, const char *words)
{
	struct pkcs11_address address;
	struct fault fault = {""};
	assert_true(pkcs11_address_parse(uri, option, "standard.so", &address, &fault) < 0);
	if (!strstr(fault.text, words))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, words);
	assert_null(strstr(fault.text, "1472"));
}

#define KEY "pkcs11:token=ca;object=ocsp"
#define PRIVATE KEY ";type=private"

static void what_is_said_of_pin_and_module_counts_before_the_options(void **state)
{
	(void)state;
	parses(KEY, NULL, PRIVATE, "standard.so", NULL);
	parses(KEY, "/pin", PRIVATE, "standard.so", "/pin");
	parses(KEY, "credential:pin", PRIVATE, "standard.so", "credential:pin");
	parses(KEY "?pin-source=/pin", NULL, PRIVATE, "standard.so", "/pin");
	parses(KEY "?pin-source=file:/pin", NULL, PRIVATE, "standard.so", "/pin");
	parses(KEY "?pin-source=file:///pin&module-path=/x.so", NULL, PRIVATE, "/x.so", "/pin");
}

static void what_means_no_key_or_too_much_is_refused(void **state)
{
	(void)state;
	refused("pkcs11:token=ca", NULL, "it names no key");
	refused("pkcs11:object=a;nonsense=1", NULL, "an attribute that nobody here knows");
	refused("pkcs11:object=%zz", NULL, "not a PKCS #11 URI");
	refused(KEY "?pin-value=1472", NULL, "a PIN itself");
	refused(KEY "?pin-source=/pin1472", "/other", "remove one of them");
	refused(KEY "?pin-source=|program", NULL, "no absolute path");
	refused(KEY "?pin-source=pin", NULL, "no absolute path");
	refused(KEY "?module-path=x.so", NULL, "no absolute path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_of_pin_and_module_counts_before_the_options),
		cmocka_unit_test(what_means_no_key_or_too_much_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
