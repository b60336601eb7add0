/* The ledger room: one process, the only client of PostgreSQL. */
#pragma once

/* Runs until told to stop; the warden has forked and named the process. `control_fd`: ipc/control.h;
 * `conf_fd`: the ledger's part of the configuration. Both are taken over. Returns the exit status:
 * 0 after CONTROL_STOP or when the warden is gone, 1 on failure (told by CONTROL_FAILED). */
int ledger_run(int control_fd, int conf_fd);
