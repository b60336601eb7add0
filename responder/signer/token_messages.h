/* What a signer and its workers, the processes that speak to tokens (token.h), say to each other: one
 * message a packet. Neither believes the other: a worker runs code that we do not know. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

/* RSA with 16384 bits. */
#define TOKEN_SIGNATURE_MOST 2048u
#define TOKEN_ALGORITHM_MOST 256u
#define TOKEN_PACKET (LIMIT_RESPONSE + 64u)

enum token_message_type {
	TOKEN_SIGN = 1, /* signer → worker */
	TOKEN_READY, /* worker → signer: this key signs; with a trial */
	TOKEN_SIGNED, /* empty: it could not */
	TOKEN_TROUBLE, /* this key cannot be used, or none can */
	TOKEN_GONE, /* the worker has ended */
};
#define TOKEN_ALL_KEYS 0xffu

struct token_message {
	enum token_message_type type;
	uint64_t id; /* SIGN, SIGNED */
	uint8_t key; /* SIGN, READY, TROUBLE: its number, or TOKEN_ALL_KEYS */
	uint8_t trouble; /* TROUBLE: enum pkcs11_trouble */
	struct view
		bytes; /* SIGN: the message; READY, SIGNED: a signature; TROUBLE: a line for people */
	struct view algorithm; /* READY: AlgorithmIdentifier, DER */
};

/* Look at buffer_result(). */
void token_message_write(struct buffer *out, const struct token_message *m);
/* 0 or -EBADMSG. */
must_check int token_message_read(struct view packet, struct token_message *ret);
