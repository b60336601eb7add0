/* What a worker says to its signer, and the other way round (first octet even), and the URI of a key in a
 * token (odd): whatever decodes encodes back to the same octets, and an address says nothing of a PIN. */
#include "signer/pkcs11_address.h"
#include "signer/token_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_message(struct view packet)
{
	struct token_message m;
	cleanup(buffer_deinit) struct buffer out = {0};
	if (token_message_read(packet, &m) < 0)
		return;
	token_message_write(&out, &m);
	if (buffer_result(&out) != 0 || !view_equal(buffer_view(&out), packet))
		abort();
}

/* An attribute of this name; a maker's own may end like it. */
static bool has(const char *uri, const char *name)
{
	for (const char *at = uri; (at = strstr(at, name)); at++)
		if (at > uri && strchr(":;?&", at[-1]))
			return true;
	return false;
}

static bool has_pin(const char *uri)
{
	return has(uri, "pin-source=") || has(uri, "pin-value=");
}

static void try_address(struct view bytes)
{
	struct pkcs11_address address;
	struct fault fault = {""};
	char text[4096];
	if (bytes.size >= sizeof(text))
		return;
	if (bytes.size)
		memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
	if (pkcs11_address_parse(text, NULL, "module.so", &address, &fault) < 0)
		return;
	if (has_pin(address.text) || has_pin(address.token))
		abort();
	pkcs11_address_deinit(&address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		try_address(view_of(data + 1, size - 1));
	else
		try_message(view_of(data + 1, size - 1));
	return 0;
}
