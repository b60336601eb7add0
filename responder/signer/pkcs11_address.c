#include "signer/pkcs11_address.h"

static int refuse(const char *key, const char *reason, struct fault *fault)
{
	/* What stands behind the question mark may be what nobody should read. */
	return fault_set(fault, -EINVAL, "%.*s: %s", (int)strcspn(key, "?"), key, reason);
}

static const char *reason_of(int code)
{
	return code == P11_KIT_URI_NO_MEMORY ? "out of memory"
					     : "not a PKCS #11 URI as of RFC 7512; "
					       "p11tool --list-all prints those of a token";
}

/* file:/path, file:///path or a path: RFC 7512, 2.4. */
static int take_pin_source(struct pkcs11_address *a, const char *key, const char *option,
			   struct fault *fault)
{
	const char *source = p11_kit_uri_get_pin_source(a->uri);
	if (source && option)
		return refuse(key, "its PIN is in pin-source and in the option; remove one of them",
			      fault);
	if (source && strncmp(source, "file:", 5) == 0)
		source += strncmp(source + 5, "//", 2) == 0 ? 7 : 5;
	if (source && source[0] != '/')
		return refuse(key, "its pin-source is no absolute path of a file", fault);
	if (!source && !option)
		return 0;
	a->passphrase = strdup(source ? source : option);
	return a->passphrase ? 0 : refuse(key, "out of memory", fault);
}

static int take_module(struct pkcs11_address *a, const char *key, const char *standard,
		       struct fault *fault)
{
	const char *path = p11_kit_uri_get_module_path(a->uri);
	if (path && path[0] != '/')
		return refuse(key, "its module-path is no absolute path", fault);
	a->module = strdup(path ? path : standard);
	return a->module ? 0 : refuse(key, "out of memory", fault);
}

/* What a private key is searched by; what the token is found by stays. */
static int take_texts(struct pkcs11_address *a, const char *key, struct fault *fault)
{
	static const CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE class = {CKA_CLASS, (void *)&private_key, sizeof(private_key)};
	p11_kit_uri_set_pin_source(a->uri, NULL);
	p11_kit_uri_set_module_path(a->uri, NULL);
	if (!p11_kit_uri_get_attribute(a->uri, CKA_LABEL) &&
	    !p11_kit_uri_get_attribute(a->uri, CKA_ID))
		return refuse(key, "it names no key; add object=LABEL or id=%%01…", fault);
	if (p11_kit_uri_set_attribute(a->uri, &class) != P11_KIT_URI_OK ||
	    p11_kit_uri_format(a->uri, P11_KIT_URI_FOR_ANY, &a->text) != P11_KIT_URI_OK ||
	    p11_kit_uri_format(a->uri, P11_KIT_URI_FOR_TOKEN | P11_KIT_URI_FOR_MODULE, &a->token) !=
		    P11_KIT_URI_OK)
		return refuse(key, "out of memory", fault);
	return 0;
}

static int take(struct pkcs11_address *a, const char *key, const char *passphrase,
		const char *module, struct fault *fault)
{
	a->uri = p11_kit_uri_new();
	if (!a->uri)
		return refuse(key, "out of memory", fault);
	int code = p11_kit_uri_parse(key, P11_KIT_URI_FOR_ANY, a->uri);
	if (code != P11_KIT_URI_OK)
		return refuse(key, reason_of(code), fault);
	if (p11_kit_uri_any_unrecognized(a->uri))
		return refuse(key, "it has an attribute that nobody here knows", fault);
	if (p11_kit_uri_get_pin_value(a->uri))
		return refuse(key, "a PIN itself (pin-value) does not belong here; use pin-source",
			      fault);
	int result = take_pin_source(a, key, passphrase, fault);
	if (result == 0)
		result = take_module(a, key, module, fault);
	return result < 0 ? result : take_texts(a, key, fault);
}

int pkcs11_address_parse(const char *key, const char *passphrase, const char *module,
			 struct pkcs11_address *ret, struct fault *fault)
{
	struct pkcs11_address a = {0};
	int result = take(&a, key, passphrase, module, fault);
	if (result < 0)
		pkcs11_address_deinit(&a);
	else
		*ret = a;
	return result;
}

void pkcs11_address_deinit(struct pkcs11_address *a)
{
	p11_kit_uri_free(a->uri);
	free(a->text);
	free(a->token);
	free(a->module);
	free(a->passphrase);
	*a = (struct pkcs11_address){0};
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool pkcs11_address_same_token(const struct pkcs11_address *a, const struct pkcs11_address *b)
{
	return strcmp(a->token, b->token) == 0 && strcmp(a->module, b->module) == 0 &&
	       same_text(a->passphrase, b->passphrase);
}
