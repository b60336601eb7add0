/* A private key from a file, of whatever form; each form is a row in key.c and a file. */
#pragma once

#include "conf/conf.h"
#include "signer/certfile.h"
#include "signer/passphrase.h"

struct key {
	EVP_PKEY *pkey;
	struct certfile certificate; /* that came with it; `der` NULL: none did */
	const char *open_path; /* a file with a secret that everybody may read; NULL: none */
	bool passphrase_unused; /* one was given, and the key is not encrypted */
};

/* A fault reads "PATH: what; what to do". 0 or -errno. */
must_check int key_load(const struct conf_signer *signer, struct key *ret, struct fault *fault);
/* Wipes the private parts. */
void key_deinit(struct key *key);

/* ---- the forms ---- */

struct key_text {
	const char *path;
	struct view bytes;
	const struct passphrase *passphrase;
};

/* Fill in what they find; 0, or -errno with a fault. */
must_check int key_read_pem(const struct key_text *text, struct key *ret, struct fault *fault);
must_check int key_read_pkcs12(const struct key_text *text, struct key *ret, struct fault *fault);
