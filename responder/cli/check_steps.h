/* What a configuration is proven by, in this order: the steps of both `check` and `serve`
 * (warden/preflight.h). Each reads for itself what it needs, because serve gives each a process. */
#pragma once

#include "warden/preflight.h"

/* Up to one without a function. */
extern const struct preflight_step check_steps[];

/* Users and sandbox: check_locks.c */
void check_locks(const struct conf *conf, struct preflight *preflight);
/* The configuration's own file; each issuer's options and signers, read as a signer reads them; its
 * requestors, as the verifier does: check_files.c */
void check_secret(const struct conf *conf, struct preflight *preflight);
void check_signers(const struct conf *conf, struct preflight *preflight);
void check_requestors(const struct conf *conf, struct preflight *preflight);
/* Control socket and ports: check_places.c */
void check_places(const struct conf *conf, struct preflight *preflight);
/* Connection, schema, rights, evidence; is each issuer registered: check_database.c */
void check_database(const struct conf *conf, struct preflight *preflight);
/* What rows say that cannot be: check_rows.c. Silent where check_database() has found that nothing
 * can be read. */
void check_rows(const struct conf *conf, struct preflight *preflight);
/* What is sent to caches; where CRLs are recorded, as the importer: check_fetching.c */
void check_headers(const struct conf *conf, struct preflight *preflight);
void check_importing(const struct conf *conf, struct preflight *preflight);
