#include "signer/pkcs11_key.h"

int pkcs11_key_open(const struct pkcs11_address *address, const char *pin, struct pkcs11_key *ret,
		    struct fault *fault)
{
	int result = pkcs11_provider_open(address, pin, ret, fault);
	if (result == -ENOTSUP)
		result = pkcs11_engine_open(address, pin, ret, fault);
	if (result != -ENOTSUP)
		return result;
	return fault_set(fault, result,
			 "%s: OpenSSL has nothing here that speaks PKCS #11; install "
			 "pkcs11-provider (Debian 13) or libengine-pkcs11-openssl (Debian 12)",
			 address->text);
}
