/* pkcs11-provider, in a library context of its own: whatever openssl.cnf says, only these keys go
 * through it. */
#include "signer/certfile.h"
#include "signer/pkcs11_key.h"

#include <openssl/opensslv.h>

/* Before that a provider gets its settings from a configuration file alone. */
#if OPENSSL_VERSION_NUMBER < 0x30200000L

int pkcs11_provider_open(const struct pkcs11_address *address, const char *pin,
			 struct pkcs11_key *ret, struct fault *fault)
{
	(void)address;
	(void)pin;
	(void)ret;
	(void)fault;
	return -ENOTSUP;
}

#else

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>

/* One for the process: a module is initialized once in it. */
static OSSL_LIB_CTX *library;

static OSSL_LIB_CTX *make_library(const char *module)
{
	/* Mechanisms are asked for when they are needed: some tokens fail the question at the start. */
	OSSL_PARAM settings[] = {
		OSSL_PARAM_construct_utf8_string("pkcs11-module-path", (char *)module, 0),
		OSSL_PARAM_construct_end(),
	};
	OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();
	if (made && OSSL_PROVIDER_load(made, "default") &&
	    OSSL_PROVIDER_load_ex(made, "pkcs11", settings))
		return made;
	OSSL_LIB_CTX_free(made);
	(void)openssl_reason();
	return NULL;
}

static int give_pin(char *out, int size, int writing, void *pin)
{
	size_t length = strlen(pin);
	(void)writing;
	if (length == 0 || length > (size_t)size)
		return -1;
	memcpy(out, pin, length);
	return (int)length;
}

static EVP_PKEY *load_key(OSSL_STORE_CTX *store)
{
	EVP_PKEY *key = NULL;
	while (!key && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
		if (!info && OSSL_STORE_error(store))
			break;
	}
	return key;
}

int pkcs11_provider_open(const struct pkcs11_address *address, const char *pin,
			 struct pkcs11_key *ret, struct fault *fault)
{
	if (!library)
		library = make_library(address->module);
	if (!library)
		return -ENOTSUP;
	UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(give_pin, 0);
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(address->text, library, NULL, method,
						   (void *)pin, NULL, NULL, NULL);
	EVP_PKEY *key = store ? load_key(store) : NULL;
	OSSL_STORE_close(store);
	UI_destroy_method(method);
	if (!key)
		return fault_set(fault, -EIO, "%s: pkcs11-provider does not open it (%s)",
				 address->text, openssl_reason());
	(void)openssl_reason(); /* of what it tried before */
	*ret = (struct pkcs11_key){key, library};
	return 0;
}

#endif
