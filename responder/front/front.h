/* The room that reads the network: HTTP, the answer cache, and the questions to the ledger. */
#pragma once

/* The room's whole life, on the control socket (ipc/control.h) and the configuration (CONF_FRONT)
 * that it was given; `index` is its number for messages. Says CONTROL_READY once it accepts
 * connections and has a ledger. Gives the process's exit status: 0 after CONTROL_STOP, or when the
 * warden's end of the control socket is gone; 1 after CONTROL_FAILED. Takes both descriptors over. */
int front_run(int control_fd, int conf_fd, unsigned index);
