/* What signers say, by the configuration that they are of. */
#pragma once

#include "ledger/offers.h"

/* NULL: of one that is no more. */
struct offers *reconfigure_offers(const struct ledger *l, unsigned signer);
