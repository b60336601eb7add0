#include "ledger/table.h"

#include <errno.h>

#define BUCKETS 65536u /* the power of two above LIMIT_JOBS; untouched pages cost nothing */

int table_init(struct table *table)
{
	table->buckets = calloc(BUCKETS, sizeof(struct table_node *));
	return table->buckets ? 0 : -ENOMEM;
}

void table_deinit(struct table *table)
{
	free(table->buckets);
	table->buckets = NULL;
}

static struct table_node **bucket_of(const struct table *table, uint64_t hash)
{
	return &table->buckets[hash % BUCKETS];
}

void table_put(struct table *table, struct table_node *node, uint64_t hash)
{
	struct table_node **bucket = bucket_of(table, hash);
	node->hash = hash;
	node->next = *bucket;
	node->at = bucket;
	if (node->next)
		node->next->at = &node->next;
	*bucket = node;
}

void table_remove(struct table_node *node)
{
	*node->at = node->next;
	if (node->next)
		node->next->at = node->at;
	node->next = NULL;
}

static struct table_node *node_with(struct table_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct table_node *table_first(const struct table *table, uint64_t hash)
{
	return node_with(*bucket_of(table, hash), hash);
}

struct table_node *table_next(const struct table_node *node)
{
	return node_with(node->next, node->hash);
}
