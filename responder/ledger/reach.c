/* How the ledger's connections reach the database. */
#include "ledger/edge.h"

static struct db_settings settings_of(const struct conf *conf)
{
	return (struct db_settings){
		.conninfo = conf->database.conninfo,
		.poll_interval_us = conf->database.poll_interval_us,
		.connect_timeout_us = conf->database.connect_timeout_us,
		.query_timeout_us = conf->database.query_timeout_us,
		.facts = conf_wants_facts(conf),
	};
}

struct db_settings edge_settings(const struct edge *edge)
{
	struct db_settings settings = settings_of(edge->shell->conf);
	settings.resolver = edge->resolver;
	settings.order = edge->hosts_order;
	return settings;
}
