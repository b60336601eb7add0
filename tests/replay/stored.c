/* Answers that were signed beforehand: the fake database's table of them. They are real ones, which the CA's key has
 * signed, because the ledger proves them. */
#include "world.h"

#include "alloc/alloc.h"

#include "base/timetext.h"
#include "ocsp/answer.h"
#include "unit/ledger/made_stored.h"

/* ---- importing ---- */

bool stored_says(const struct world *w, unsigned issuer, const struct serial *serial,
		 struct ocsp_cert_status *ret)
{
	const struct change *row = database_row(&w->database, database_issuer_id(issuer), serial);
	if (!row || row->record.status == CERT_WITHDRAWN)
		return false;
	*ret = (struct ocsp_cert_status){
		.status = row->record.status == CERT_GOOD ? OCSP_GOOD : OCSP_REVOKED,
		.revoked_at = row->record.revoked_at,
		.reason = row->record.reason,
		.invalidity_at = row->record.invalidity_at,
	};
	return true;
}

static bool is_recorded(const struct stored_answer *answer)
{
	return answer->replaced == 0;
}

static void sign(const struct world *w, const struct stored_wish *wish, struct stored_answer *ret)
{
	const struct world_issuer *issuer = &w->issuers[ret->issuer];
	int64_t now = wall_seconds(w->now.wall_us);
	int64_t this_update = wall_seconds(w->now.wall_us - wish->ago_us);
	const struct ocsp_single single = {
		.certid = buffer_view(&ret->certid),
		.says = wish->says,
		.this_update = this_update,
		.next_update = this_update + wall_seconds(wish->life_us),
	};
	made_stored(&ret->der, issuer->name, wish->forged ? "nobody" : issuer->name, &single, now);
}

/* The one that its CertID had before. */
static void replace(struct world *w, const struct stored_answer *by)
{
	struct stored_answer *answer;
	TAILQ_FOREACH(answer, &w->stored, all) {
		if (!is_recorded(answer) || answer->issuer != by->issuer ||
		    !view_equal(buffer_view(&answer->certid), buffer_view(&by->certid)))
			continue;
		answer->replaced = by->commit;
		answer->replaced_us = w->now.mono_us;
	}
}

void stored_import(struct world *w, unsigned issuer, const struct serial *serial,
		   const struct stored_wish *wish)
{
	const struct ocsp_issuer *hashes = &w->issuers[issuer].hashes;
	struct stored_answer *answer = calloc(1, sizeof(*answer));
	if (!answer)
		abort();
	answer->issuer = issuer;
	answer->serial = *serial;
	answer->forged = wish->forged;
	answer->signed_at = w->now;
	made_certid(&answer->certid, wish->hash, hashes, hashes, serial_view(serial));
	sign(w, wish, answer);
	int64_t from = wall_seconds(w->now.wall_us - wish->ago_us);
	database_import(w, issuer, from, from + wall_seconds(wish->life_us));
	answer->commit = w->database.commits;
	replace(w, answer);
	TAILQ_INSERT_TAIL(&w->stored, answer, all);
}

void stored_cut(struct world *w, uint64_t commit)
{
	struct stored_answer *answer;
	TAILQ_FOREACH(answer, &w->stored, all) {
		if (answer->replaced > commit)
			answer->replaced = 0;
		if (answer->commit > commit && answer->replaced == 0) {
			answer->replaced = answer->commit;
			answer->replaced_us = w->now.mono_us;
		}
	}
}

/* ---- being asked ---- */

static bool is_visible(const struct database *db, const struct stored_answer *answer)
{
	if (!db->paused)
		return is_recorded(answer);
	return answer->commit <= db->replayed &&
	       (is_recorded(answer) || answer->replaced > db->replayed);
}

static const struct stored_answer *answer_to(const struct world *w, const struct db_stored_key *key)
{
	const struct stored_answer *answer;
	uint8_t digest[CERTIFICATE_HASH_SIZE];
	TAILQ_FOREACH(answer, &w->stored, all) {
		if (w->database.ids[answer->issuer] != key->issuer ||
		    !is_visible(&w->database, answer) ||
		    !view_equal(serial_view(&answer->serial), serial_view(&key->serial)) ||
		    ocsp_certid_digest(buffer_view(&answer->certid), digest) != 0)
			continue;
		if (memcmp(digest, key->certid, sizeof(digest)) == 0)
			return answer;
	}
	return NULL;
}

int stored_ask(void *context, uint64_t batch, const struct db_stored_key *keys, size_t count)
{
	OUTSIDE;
	struct world *w = context;
	if (!w->database.up)
		return -ENOTCONN;
	if (w->fetch.pending)
		return -EBUSY;
	w->fetch.pending = true;
	w->fetch.batch = batch;
	w->fetch.count = count;
	for (size_t i = 0; i < count; i++) {
		const struct stored_answer *answer = answer_to(w, &keys[i]);
		w->fetch.found[i] = (struct db_stored_found){.answer = {0}};
		if (!answer)
			continue;
		w->fetch.found[i].answer = buffer_view(&answer->der);
		w->fetch.found[i].certificate =
			buffer_view(&w->issuers[answer->issuer].certificate);
	}
	return 0;
}

void stored_go(struct world *w)
{
	if (!w->fetch.pending)
		return;
	w->fetch.pending = false;
	INSIDE(ledger_stored_done(w->ledger, w->fetch.batch, w->fetch.found, w->fetch.count,
				  w->now));
}

void stored_fail(struct world *w)
{
	if (!w->fetch.pending)
		return;
	w->fetch.pending = false;
	INSIDE(ledger_stored_failed(w->ledger, w->fetch.batch, w->now));
}

/* Of those that are octet for octet the same, the one that lasts. */
const struct stored_answer *stored_find(const struct world *w, struct view der)
{
	const struct stored_answer *answer, *last = NULL;
	TAILQ_FOREACH(answer, &w->stored, all)
		if (view_equal(buffer_view(&answer->der), der) && !(last && is_recorded(last)))
			last = answer;
	return last;
}

void stored_free(struct world *w)
{
	struct stored_answer *answer;
	while ((answer = TAILQ_FIRST(&w->stored))) {
		TAILQ_REMOVE(&w->stored, answer, all);
		buffer_deinit(&answer->certid);
		buffer_deinit(&answer->der);
		free(answer);
	}
}
