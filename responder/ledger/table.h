/* An intrusive hash table with as many buckets as the ledger may ever need (LIMIT_JOBS), so that
 * nothing can fail or stall while it serves. The hash is keyed by the caller. */
#pragma once

#include "base/compiler.h"

#include <stdint.h>

struct table_node {
	/* Many may share one hash: everybody may ask for one certificate, so none is searched for. */
	struct table_node *next, **at;
	uint64_t hash;
};

struct table {
	struct table_node **buckets;
};

/* 0 or -ENOMEM. */
must_check int table_init(struct table *table);
void table_deinit(struct table *table); /* the nodes are the caller's */
void table_put(struct table *table, struct table_node *node, uint64_t hash);
void table_remove(struct table_node *node);
/* The first node with this hash, and the next one after it; NULL at the end. */
struct table_node *table_first(const struct table *table, uint64_t hash);
struct table_node *table_next(const struct table_node *node);
