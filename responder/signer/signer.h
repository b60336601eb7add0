/* The signer room: one process of several. Holds the keys; sees neither the network nor the
 * database. Answers the jobs of the ledger, in order. */
#pragma once

/* Runs until it is told to stop. `conf_fd`: the options of this room as text; `control_fd`: the link
 * to the warden; both are taken over. The exit status: 0 when told to stop or the warden is gone; 1
 * when it could not start (the warden was told why). */
int signer_run(int control_fd, int conf_fd, unsigned index);
