/* Memory that the warden shares with the processes that hold keys, and with nobody else: passphrases that
 * only it can get (typed on its terminal; credentials that systemd shows to its user alone), and which
 * PINs a token has refused. Locked, in no core dump, wiped at the end. It outlives every signer, so that
 * a signer that is started anew neither asks again nor tries a wrong PIN again: most tokens lock
 * themselves after the third.
 *
 *   warden, check ──vault_make()──▶ memfd ──fork · CONTROL_VAULT_FD──▶ proofs, signers ──▶ token workers
 *
 * One a process, as standard error is one. Without it a passphrase can come from a file alone. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#define VAULT_TEXT_MOST 255u

/* Where there is none: makes it, empty. 0 or -errno. */
must_check int vault_make(void);
/* The one that the process was given, if this descriptor is one. */
void vault_adopt(int fd);
/* -1: none. */
int vault_descriptor(void);
void vault_close(void);
/* For all who share it. */
void vault_wipe(void);

/* ---- passphrases ---- */

/* Under a name; another one of that name goes. 0; -ENOSPC; -ENOTSUP: no vault. */
must_check int vault_put(const char *name, struct view text);
/* 0, or -ENOENT. */
must_check int vault_get(const char *name, char ret[VAULT_TEXT_MOST + 1]);

/* ---- PINs ---- */

enum pin_result {
	PIN_RIGHT,
	PIN_WRONG,
	PIN_UNTOLD, /* the token failed before it had looked at the PIN */
};

/* May this PIN be tried at this token now? Nobody else may until vault_pin_tried(). 0; -EKEYREJECTED: the
 * token has refused it, or two who tried it did not live to tell; -errno. `secret` tells one attempt
 * from another: the PIN, and what else may have changed; only a salted hash of it is kept. */
must_check int vault_pin_try(const char *token, struct view secret);
void vault_pin_tried(const char *token, struct view secret, enum pin_result result);
