/* The first CRL of an issuer of whom no certificate is recorded: its entries go straight into the table, in the order
 * of its index, for a third of what the way through a temporary table and a join costs. */
#pragma once

#include "cli/crl_merge.h"

/* *ret: done, and merge->imported says how many. Otherwise nothing has changed, and crl_merge() is the way: something
 * is recorded already, or an entry is not plain (two about one certificate, a date that is none, a note, a serial
 * that nobody can record or that looks like text). */
must_check int crl_load(struct crl_merge *merge, int64_t now, bool *ret, struct fault *fault);
