/* Keys in tokens, from the signer's side. Whoever speaks to a token may wait for it for ever, or die of it;
 * so a process of its own does, one for each token, and the signer goes on with its other keys:
 *
 *   signer ──SIGN──▶ worker ──PKCS #11──▶ token          keeper: starts the worker anew when it ends,
 *          ◀──READY · SIGNED · TROUBLE──                 later and later
 *
 * The worker ends when its token fails, and everything begins afresh with the next: module, session,
 * login. It is sent whole messages and never believed: a signature leaves once the certificate's key has
 * verified it (scheme.h). Forked before any key was read, so that no module finds another key in its
 * memory; its seccomp and Landlock are the signer's. */
#pragma once

#include "signer/token_key.h"
#include "signer/token_messages.h"

#include <sys/types.h>

struct token {
	unsigned count;
	struct token_key *keys;
	int fd; /* non-blocking; −1: not started, or given up */
	pid_t keeper;
	unsigned asked; /* signatures that are awaited */
	unsigned late; /* … and that nobody awaits any more: it is down until they have come */
	int64_t silent_since_us; /* monotonic; while asked > 0 */
	int64_t took_us; /* the last signature */
	uint8_t packet[TOKEN_PACKET];
};

struct tokens {
	unsigned count;
	struct token **all;
	const struct conf_server *server;
	const char *module; /* the option pkcs11_module */
	bool lasting; /* a signer's, which may end no process once it is locked in */
	int64_t patience_us; /* how long a token may take for one signature */
};

/* An empty set for this configuration, whose strings it borrows. */
struct tokens tokens_of(const struct conf_server *server);
/* A key of the configuration; does nothing for those that are in no token. 0 or -errno. */
must_check int tokens_add(struct tokens *tokens, const struct conf_signer *signer,
			  struct fault *fault);
/* Starts a worker for each token. 0 or -errno. */
must_check int tokens_start(struct tokens *tokens, struct fault *fault);
/* Until every key is ready or in trouble, or the time is over. */
void tokens_wait(struct tokens *tokens, int64_t patience_us);
void tokens_deinit(struct tokens *tokens);
/* NULL: it is in no token. */
struct token *tokens_find(const struct tokens *tokens, const struct conf_signer *signer,
			  unsigned *ret_key);

/* ---- one ---- */

/* What came of a signature; an empty one: it failed. */
typedef void token_signed(void *context, struct token *token, uint64_t id, struct view signature);

/* All that has arrived. What a worker may not say takes it down. */
void token_receive(struct token *token, int64_t mono_us, token_signed *done, void *context);
/* Would one more signature come in time? */
bool token_has_room(const struct token *token, int64_t patience_us);
/* Takes it down where it was silent for longer than this, until what it was asked has come after all: then
 * true. */
bool token_look(struct token *token, int64_t patience_us, int64_t mono_us);
/* False: it cannot be asked now, and is down. */
must_check bool token_ask(struct token *token, unsigned key, uint64_t id, struct view message,
			  int64_t mono_us);
/* Every key of it: nothing that was asked comes any more. */
void token_down(struct token *token, enum pkcs11_trouble trouble, const char *text);
/* The same, and it begins afresh. */
void token_restart(struct token *token, const char *text);
void token_key_down(struct token_key *key, enum pkcs11_trouble trouble, const char *text);
