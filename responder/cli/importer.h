/* The process that the warden starts for one CRL (warden/importer_process.h): verifies it and records what it says, or
 * compares it with the database. */
#pragma once

#include <stdbool.h>

/* Was this started as one? */
bool importer_named(int argc, char *const *argv);
/* The exit status. */
int importer_run(const char *kind, const char *issuer);
