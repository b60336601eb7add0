/* The room that knows what is true: one process, the only client of PostgreSQL. */
#include "base/json.h"
#include "db/files.h"
#include "db/target.h"
#include "ledger/edge.h"

/* A passfile, a certificate, /etc/resolv.conf was replaced: only a process that begins anew may open the
 * next one. While there is evidence what this one remembers is worth more. When to look again. */
static int64_t edge_look_for_files(struct edge *edge, struct moment now)
{
	bool fresh = ledger_evidence_fresh(edge->ledger, now);
	if (!edge->source || (fresh && !edge->moved))
		return INT64_MAX;
	if (now.mono_us >= edge->look_for_files_us) {
		edge->look_for_files_us = now.mono_us + SECOND_US;
		edge->moved = false;
		if (shell_outdated(edge->shell))
			shell_end(edge->shell, 1);
	}
	return edge->look_for_files_us;
}

static int64_t edge_turns(void *context, struct moment now)
{
	struct edge *edge = context;
	if (now.mono_us >= ledger_next_timer(edge->ledger))
		ledger_timer(edge->ledger, now);
	ledger_turn_end(edge->ledger, now);
	edge_prewarm_turn(edge);
	if (edge->preparing && ledger_prepared(edge->ledger)) {
		edge->preparing = false;
		shell_prepared(edge->shell);
	}
	if (ledger_incomplete(edge->ledger)) {
		log_error("memory ran out while a change was applied, ending to load anew");
		shell_end(edge->shell, 1);
	}
	int64_t next = ledger_next_timer(edge->ledger), files = edge_look_for_files(edge, now);
	return files < next ? files : next;
}

/* ---- the peers ---- */

static void edge_attached(void *context, struct peer peer)
{
	struct edge *edge = context;
	struct moment now = clock_now();
	if (peer.kind == ROOM_FRONT)
		ledger_front_attach(edge->ledger, peer.index, now);
	else if (peer.kind == ROOM_SIGNER)
		ledger_signer_attach(edge->ledger, peer.index, now);
	else if (peer.kind == ROOM_FETCHER)
		ledger_fetcher_attach(edge->ledger);
	else
		ledger_verifier_attach(edge->ledger, peer.index);
	edge_turn(edge);
}

static void edge_detached(void *context, struct peer peer)
{
	struct edge *edge = context;
	if (peer.kind == ROOM_FRONT)
		ledger_front_detach(edge->ledger, peer.index);
	else if (peer.kind == ROOM_SIGNER)
		ledger_signer_detach(edge->ledger, peer.index, clock_now());
	else if (peer.kind == ROOM_FETCHER)
		ledger_fetcher_detach(edge->ledger);
	else
		ledger_verifier_detach(edge->ledger, peer.index);
	edge_turn(edge);
}

static int edge_frame(void *context, struct peer peer, uint8_t type, struct view payload)
{
	struct edge *edge = context;
	struct moment now = clock_now();
	edge_turn(edge);
	if (peer.kind == ROOM_FRONT)
		return ledger_front_frame(edge->ledger, peer.index, type, payload, now);
	if (peer.kind == ROOM_SIGNER)
		return ledger_signer_frame(edge->ledger, peer.index, type, payload, now);
	if (peer.kind == ROOM_FETCHER)
		return -EBADMSG; /* it has nothing to say here */
	return ledger_verifier_frame(edge->ledger, peer.index, type, payload, now);
}

/* ---- the database ---- */

static int edge_read_database(struct edge *edge)
{
	const struct db_settings settings = edge_settings(edge);
	return db_source_new(edge->shell->base, &settings, &edge_source_ops, edge, &edge->source);
}

static void edge_configure(struct edge *edge, const struct db_settings *settings)
{
	db_source_configure(edge->source, settings);
	if (edge->stored)
		db_stored_configure(edge->stored, settings);
}

/* As after a connection that was lost: what is known counts within freshness, what is asked waits. */
static void edge_read_anew(struct edge *edge, struct moment now)
{
	static const char reason[] = "the configuration leads to another database";
	edge_prewarm_close(edge);
	db_source_free(edge->source);
	db_stored_free(edge->stored);
	resolver_free(edge->resolver);
	edge->source = NULL;
	edge->stored = NULL;
	ledger_feed_lost(edge->ledger, reason);
	ledger_lookup_state(edge->ledger, false, reason);
	ledger_lookups_lost(edge->ledger, now);
	ledger_stored_failed(edge->ledger, edge->stored_batch, now);
	int result = edge_read_database(edge);
	if (result == 0)
		return;
	log_error("ending: the database cannot be read: %s", strerror(-result));
	shell_end(edge->shell, 1);
}

/* ---- another configuration ---- */

static int edge_prepare(void *context, const struct conf *next, struct fault *fault)
{
	struct edge *edge = context;
	int result = ledger_prepare(edge->ledger, next);
	if (result < 0)
		return fault_set(fault, result, "the ledger: %s", strerror(-result));
	edge->preparing = true;
	return ROOM_LATER; /* the signers that come with it tell what they have */
}

static void edge_abandon(void *context)
{
	struct edge *edge = context;
	edge->preparing = false;
	ledger_abandon(edge->ledger);
}

static void edge_commit(void *context, const struct conf *before, struct moment now)
{
	struct edge *edge = context;
	const struct db_settings settings = edge_settings(edge);
	bool same = strcmp(before->database.conninfo, settings.conninfo) == 0 &&
		    conf_wants_facts(before) == settings.facts;
	edge->preparing = false;
	ledger_commit(edge->ledger, now);
	if (edge->source && same)
		edge_configure(edge, &settings);
	else if (edge->source)
		edge_read_anew(edge, now);
	edge->moved = !same;
	edge->look_for_files_us = now.mono_us + SECOND_US; /* when the reload is over */
	edge_turn(edge);
}

/* ---- the warden ---- */

static int edge_refuse_journal(const int *descriptors, unsigned count, struct fault *fault)
{
	for (unsigned i = 0; i < count; i++)
		close(descriptors[i]);
	return fault_set(fault, -EBADMSG, "the journal came twice, or in %u files", count);
}

static int edge_open_files(struct edge *edge, const int *descriptors, unsigned count,
			   struct fault *fault)
{
	int result =
		count ? journal_store_open(&edge->journal, descriptors, edge->ledger, fault) : 0;
	if (result == 0 && count == 4)
		journal_store_open_answers(&edge->answers, descriptors + 2,
					   edge->shell->conf->server.kept_answers, edge->ledger);
	return result;
}

/* Without files what is known ends with the process. What was known before comes first: from here on the
 * database is read. */
static int edge_take_journal(void *context, const int *descriptors, unsigned count,
			     struct fault *fault)
{
	struct edge *edge = context;
	if (edge->source || (count != 0 && count != 2 && count != 4))
		return edge_refuse_journal(descriptors, count, fault);
	int result = edge_open_files(edge, descriptors, count, fault);
	if (result < 0)
		return result;
	result = edge_read_database(edge);
	if (result < 0)
		return fault_set(fault, result, "the database cannot be read: %s",
				 strerror(-result));
	edge_turn(edge);
	return 0;
}

/* "NAME", or "NAME N". */
static bool said_with_number(struct view words, const char *name, size_t *ret)
{
	size_t at = strlen(name), value = 0;
	if (words.size < at || memcmp(words.data, name, at) != 0)
		return false;
	if (words.size > at && words.data[at] != ' ')
		return false;
	for (at++; at < words.size; at++) {
		if (words.data[at] < '0' || words.data[at] > '9' || value > SIZE_MAX / 16)
			return false;
		value = 10 * value + (size_t)(words.data[at] - '0');
	}
	*ret = value;
	return true;
}

/* Only as many as the operator has seen. */
static void edge_accept(struct edge *edge, size_t expected, struct moment now, struct buffer *out)
{
	size_t count = ledger_replaced(edge->ledger) ? 0 : ledger_lost_count(edge->ledger);
	if (count == expected)
		count = ledger_accept_history(edge->ledger, now);
	else
		count = 0;
	buffer_printf(out, "{\"accepted\":%zu}", count);
	edge_turn(edge);
}

static bool said(struct view words, const char *name, struct view *ret_rest)
{
	struct view expected = view_of_string(name);
	if (words.size < expected.size || !view_equal(view_of(words.data, expected.size), expected))
		return false;
	*ret_rest = view_of(words.data + expected.size, words.size - expected.size);
	return true;
}

static int edge_explain(struct edge *edge, uint32_t ticket, bool issued, struct view words,
			struct moment now, struct buffer *out)
{
	struct fault fault = {""};
	int result = ledger_explain(edge->ledger, ticket, issued, words, now, &fault);
	edge_turn(edge);
	if (result == 0)
		return ROOM_LATER;
	buffer_put_string(out, "{\"error\":");
	json_put_string(out, fault.text[0] ? fault.text : strerror(-result));
	buffer_put_u8(out, '}');
	return 0;
}

/* What an operator types at the control socket, besides status: "lost N" lists from the N-th on,
 * "accept-history N" accepts these N, "explain …" and "explain-issued …" as ledger_explain() has them. */
static int edge_command(void *context, uint32_t ticket, struct view words, struct moment now,
			struct buffer *out)
{
	struct edge *edge = context;
	struct view rest;
	size_t number = 0;
	if (said(words, "explain ", &rest))
		return edge_explain(edge, ticket, false, rest, now, out);
	if (said(words, "explain-issued ", &rest))
		return edge_explain(edge, ticket, true, rest, now, out);
	if (said_with_number(words, "lost", &number))
		ledger_lost(edge->ledger, number, out);
	else if (said_with_number(words, "accept-history", &number))
		edge_accept(edge, number, now, out);
	else
		return -ENOENT;
	return 0;
}

static bool edge_ready(const void *context)
{
	const struct edge *edge = context;
	return edge->source;
}

static void edge_stop(void *context, struct moment now)
{
	(void)now;
	edge_turn(context);
}

static size_t edge_in_flight(const void *context)
{
	const struct edge *edge = context;
	return ledger_open(edge->ledger);
}

static void edge_status(void *context, struct moment now, struct buffer *out)
{
	const struct edge *edge = context;
	ledger_status(edge->ledger, now, out);
}

/* ---- life ---- */

static void edge_close(void *context)
{
	struct edge *edge = context;
	edge_prewarm_close(edge);
	db_source_free(edge->source);
	db_stored_free(edge->stored);
	journal_store_close(&edge->journal);
	journal_store_close(&edge->answers);
	ledger_free(edge->ledger);
	free(edge);
}

/* Where conninfo names a host, somebody must be asked for its address; it is a process of its own, so it is
 * begun while this one is small and not yet locked. */
static int open_resolver(struct edge *edge, struct fault *fault)
{
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	int result = db_targets_new(edge->shell->conf->database.conninfo, "ledger", &targets, NULL);
	if (result == 0 && db_targets_named(targets))
		result = resolver_new(edge->shell->base, &edge->resolver);
	return result < 0 ? fault_set(fault, result, "cannot resolve the database's name: %s",
				      strerror(-result))
			  : 0;
}

static int edge_open(struct shell *shell, void **ret, struct fault *fault)
{
	struct siphash_key key;
	struct edge *edge = calloc(1, sizeof(*edge));
	int result = edge ? siphash_key_random(&key) : -ENOMEM;
	if (result == 0)
		result = ledger_new(shell->conf, &key, &edge_ledger_ops, edge, &edge->ledger);
	if (result < 0) {
		free(edge);
		return fault_set(fault, result, "the ledger cannot start: %s", strerror(-result));
	}
	edge->shell = shell;
	evutil_secure_rng_get_bytes(&edge->hosts_order, sizeof(edge->hosts_order));
	edge->journal.fd[0] = edge->journal.fd[1] = -1;
	edge->answers.fd[0] = edge->answers.fd[1] = -1;
	result = open_resolver(edge, fault);
	if (result < 0) {
		edge_close(edge);
		return result;
	}
	*ret = edge;
	return 0;
}

static void needs_file(void *needs, const char *path)
{
	sandbox_reads(needs, path);
}

/* PostgreSQL, by whatever name it has; and the journal, whose files the warden opens. */
static void edge_needs(const struct conf *conf, struct sandbox *needs)
{
	sandbox_calls(needs, CALLS_CONNECT | CALLS_FILES | CALLS_JOURNAL);
	if (db_files(conf->database.conninfo, needs_file, needs) < 0)
		needs->full = true;
}

const struct room_plan ledger_plan = {
	.options = CONF_LEDGER,
	.sees_database = true,
	.open = edge_open,
	.needs = edge_needs,
	.close = edge_close,
	.ready = edge_ready,
	.stop = edge_stop,
	.in_flight = edge_in_flight,
	.peers = ROOM_BIT(ROOM_FRONT) | ROOM_BIT(ROOM_SIGNER) | ROOM_BIT(ROOM_VERIFIER) |
		 ROOM_BIT(ROOM_FETCHER),
	.attached = edge_attached,
	.detached = edge_detached,
	.frame = edge_frame,
	.takes = CONTROL_JOURNAL,
	.take = edge_take_journal,
	.prepare = edge_prepare,
	.commit = edge_commit,
	.abandon = edge_abandon,
	.turn = edge_turns,
	.status = edge_status,
	.command = edge_command,
};
