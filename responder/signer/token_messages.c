#include "signer/token_messages.h"

#include "signer/pkcs11_module.h"

void token_message_write(struct buffer *out, const struct token_message *m)
{
	buffer_put_u8(out, (uint8_t)m->type);
	buffer_put_u64(out, m->id);
	buffer_put_u8(out, m->key);
	buffer_put_u8(out, m->trouble);
	buffer_put_sized(out, m->algorithm);
	buffer_put_sized(out, m->bytes);
}

static size_t most_bytes(enum token_message_type type)
{
	switch (type) {
	case TOKEN_SIGN:
		return LIMIT_RESPONSE;
	case TOKEN_READY:
	case TOKEN_SIGNED:
		return TOKEN_SIGNATURE_MOST;
	case TOKEN_TROUBLE:
		return FAULT_TEXT_SIZE;
	default:
		return 0;
	}
}

int token_message_read(struct view packet, struct token_message *ret)
{
	struct cursor c = cursor_of(packet);
	struct token_message m = {.type = cursor_u8(&c)};
	if (m.type < TOKEN_SIGN || m.type > TOKEN_GONE)
		return -EBADMSG;
	m.id = cursor_u64(&c);
	m.key = cursor_u8(&c);
	m.trouble = cursor_u8(&c);
	m.algorithm = cursor_take_sized(&c, m.type == TOKEN_READY ? TOKEN_ALGORITHM_MOST : 0);
	m.bytes = cursor_take_sized(&c, most_bytes(m.type));
	if (m.trouble > PKCS11_HOPELESS || cursor_end(&c) < 0)
		return -EBADMSG;
	*ret = m;
	return 0;
}
