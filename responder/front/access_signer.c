/* Out of an answer as it is stored: who signed it (RFC 6960, 4.2.1). */
#include "front/access.h"

#include "base/hex.h"
#include "ocsp/der.h"

/* ResponseBytes down to the tbsResponseData, behind its version. */
static struct cursor enter_response(struct view response)
{
	struct cursor c = cursor_of(response);
	struct cursor outer = der_enter(&c, DER_SEQUENCE);
	(void)der_take(&outer, DER_ENUMERATED);
	struct cursor explicit = der_enter(&outer, DER_CONTEXT_CONSTRUCTED(0));
	struct cursor bytes = der_enter(&explicit, DER_SEQUENCE);
	(void)der_oid(&bytes);
	struct cursor octets = der_enter(&bytes, DER_OCTET_STRING);
	struct cursor basic = der_enter(&octets, DER_SEQUENCE);
	struct cursor data = der_enter(&basic, DER_SEQUENCE);
	if (der_peek(&data) == DER_CONTEXT_CONSTRUCTED(0))
		(void)der_any(&data);
	return data;
}

static void put_key(struct cursor *id, struct buffer *out)
{
	struct view hash = der_take(id, DER_OCTET_STRING);
	char text[2 * 64 + 1];
	if (hash.size > 64)
		cursor_fail(id);
	if (id->failed)
		return;
	hex_put(text, hash);
	buffer_put_string(out, text);
}

/* The last attribute's value. */
static void put_name(struct cursor *id, struct buffer *out)
{
	struct der_value value = {0};
	struct cursor name = der_enter(id, DER_SEQUENCE);
	while (!name.failed && name.rest.size > 0) {
		struct cursor set = der_enter(&name, 0x31);
		struct cursor attribute = der_enter(&set, DER_SEQUENCE);
		(void)der_oid(&attribute);
		value = der_any(&attribute);
		if (attribute.failed)
			cursor_fail(&name);
	}
	if (name.failed || value.content.size == 0 || value.content.size > 200 ||
	    memchr(value.content.data, '\0', value.content.size)) {
		cursor_fail(id);
		return;
	}
	buffer_put_view(out, value.content);
}

bool access_signer(struct view response, struct buffer *out)
{
	struct cursor data = enter_response(response);
	bool by_key = der_peek(&data) == DER_CONTEXT_CONSTRUCTED(2);
	struct cursor id =
		der_enter(&data, by_key ? DER_CONTEXT_CONSTRUCTED(2) : DER_CONTEXT_CONSTRUCTED(1));
	if (by_key)
		put_key(&id, out);
	else
		put_name(&id, out);
	return !id.failed;
}
