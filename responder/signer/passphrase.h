/* What unlocks a key: where it comes from. */
#pragma once

#include "conf/conf.h"
#include "signer/vault.h"

struct passphrase {
	bool given;
	bool open_to_others; /* everybody may read its file */
	int64_t changed; /* of its file; 0: it is in none */
	char text[VAULT_TEXT_MOST + 1];
};

/* As an option says: a file's first line, CONF_CREDENTIAL and a name, CONF_PROMPT (for this key), or NULL:
 * none is given. The fault names the source, never the passphrase. 0 or -errno. */
must_check int passphrase_read(const char *source, const char *key, struct passphrase *ret,
			       struct fault *fault);
void passphrase_wipe(struct passphrase *passphrase);

/* Of one key: what passphrases_collect() does for each. 0 or -errno. */
must_check int passphrase_collect(const char *source, const char *key, bool ask,
				  struct fault *fault);
/* Before proofs and signers start: asks (`ask`), on the terminal, for what is CONF_PROMPT, and reads the
 * credentials, into the vault, which is made where anything needs it. What cannot be had is left out:
 * the proof of the key says so. 0 or -errno. */
must_check int passphrases_collect(const struct conf *conf, bool ask, struct fault *fault);
