/* What issuers are called in the configuration: told to the fronts, which count by it. Before any answer
 * that bears a number of ours. */
#pragma once

struct ledger;

/* To one front that is new. */
void names_send(struct ledger *l, unsigned front);
/* To all, because some are new. */
void names_send_all(struct ledger *l);
