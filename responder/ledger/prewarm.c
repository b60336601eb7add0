/* A start that fills the memory of the database's machine before it says ready ([database] prewarm). It begins
 * when the database has been read for the first time, so that it slows down nothing that is needed sooner. */
#include "db/prewarm.h"

#include "ledger/edge.h"

static void progress(void *context, unsigned percent)
{
	struct edge *edge = context;
	ledger_prewarming(edge->ledger, percent);
	edge_turn(edge);
}

static void ended(void *context, const char *trouble)
{
	struct edge *edge = context;
	edge->prewarmed = true;
	if (trouble)
		log_warning("the certificates could not be read into memory reason=%s",
			    log_quoted(trouble));
	else
		log_info("the certificates were read into memory");
	ledger_prewarmed(edge->ledger);
	edge_turn(edge);
}

static const struct db_prewarm_ops ops = {
	.progress = progress,
	.ended = ended,
};

static void begin(struct edge *edge)
{
	const struct db_settings settings = edge_settings(edge);
	int result = db_prewarm_new(edge->shell->base, &settings,
				    db_source_connection(edge->source), &ops, edge, &edge->prewarm);
	if (result < 0)
		ended(edge, strerror(-result));
	else
		log_info("the certificates are being read into memory");
}

void edge_prewarm(struct edge *edge)
{
	if (edge->prewarm)
		db_prewarm_feed(edge->prewarm, true);
	else if (edge->shell->conf->database.prewarm && !edge->prewarmed)
		begin(edge);
}

void edge_prewarm_lost(struct edge *edge)
{
	if (edge->prewarm)
		db_prewarm_feed(edge->prewarm, false);
}

/* Not from within what it calls. */
void edge_prewarm_turn(struct edge *edge)
{
	if (edge->prewarmed)
		edge_prewarm_close(edge);
}

void edge_prewarm_close(struct edge *edge)
{
	db_prewarm_free(edge->prewarm);
	edge->prewarm = NULL;
}
