/* One key in a token: where it is, and how it is with it. */
#pragma once

#include "signer/pkcs11_module.h"

enum token_state {
	TOKEN_OPENING,
	TOKEN_UP,
	TOKEN_DOWN, /* `trouble` and `text` say why */
};

struct token_key {
	struct pkcs11_address address;
	char *name; /* as configured: the key's option */
	char *passphrase; /* … and where its PIN comes from; may be NULL */
	enum signature_choice choice;
	enum token_state state;
	enum pkcs11_trouble trouble;
	char text[LIMIT_ALARM_TEXT];
	uint64_t readied; /* how often it became ready */
	struct buffer algorithm,
		trial; /* what it said when it did: of this key, and over SCHEME_TRIAL */
};
