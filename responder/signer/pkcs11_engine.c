/* libp11's engine, for OpenSSL 3.0, which knows no other way to a token. What is deprecated about engines
 * stays in this file. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "signer/certfile.h"
#include "signer/pkcs11_key.h"

#include <openssl/opensslconf.h>

#ifdef OPENSSL_NO_ENGINE

int pkcs11_engine_open(const struct pkcs11_address *address, const char *pin,
		       struct pkcs11_key *ret, struct fault *fault)
{
	(void)address;
	(void)pin;
	(void)ret;
	(void)fault;
	return -ENOTSUP;
}

#else

#include <openssl/engine.h>

static ENGINE *engine;

static bool set(const char *name, const char *value)
{
	return ENGINE_ctrl_cmd_string(engine, name, value, 0) == 1;
}

/* One for the process: a module is initialized once in it. */
static int make_engine(const char *module, const char *pin)
{
	ENGINE_load_dynamic();
	engine = ENGINE_by_id("pkcs11");
	if (!engine) {
		(void)openssl_reason();
		return -ENOTSUP;
	}
	if (set("MODULE_PATH", module) && (!*pin || set("PIN", pin)) && ENGINE_init(engine) == 1)
		return 0;
	ENGINE_free(engine);
	engine = NULL;
	return -EIO;
}

int pkcs11_engine_open(const struct pkcs11_address *address, const char *pin,
		       struct pkcs11_key *ret, struct fault *fault)
{
	int result = engine ? 0 : make_engine(address->module, pin);
	if (result == -ENOTSUP)
		return result;
	EVP_PKEY *key =
		result == 0 ? ENGINE_load_private_key(engine, address->text, NULL, NULL) : NULL;
	if (!key)
		return fault_set(fault, -EIO, "%s: libp11's engine does not open it (%s)",
				 address->text, openssl_reason());
	(void)openssl_reason();
	*ret = (struct pkcs11_key){.pkey = key};
	return 0;
}

#endif
