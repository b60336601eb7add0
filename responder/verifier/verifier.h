/* The room that verifies signed requests (P-15): one process, only where an issuer asks for it. It
 * reads certificates that anybody may have made, so it holds nothing: no key, no credential, no
 * network, no database; it knows public CA certificates and says yes or no to the ledger. */
#pragma once

/* Runs until it is told to stop or the warden is gone. Takes both descriptors over. The exit status:
 * 0, or 1 when it could not start (the warden was told why). */
int verifier_run(int control_fd, int conf_fd);
