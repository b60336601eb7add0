/* What must hold of every answer, judged from the database's history (doc/faults.md). */
#include "world.h"

#include "base/hex.h"
#include "base/timetext.h"

static bool concerns(const struct change *change, int32_t issuer, const struct serial *serial)
{
	if (change->whole_issuer) /* else it says nothing of its certificates */
		return change->issuer.id == issuer && change->issuer.revoked_at != TIME_NONE;
	return change->record.issuer == issuer &&
	       view_equal(serial_view(&change->record.serial), serial_view(serial));
}

static const struct conf_issuer *section_of(const struct world *w, unsigned issuer)
{
	return conf_issuer_named(w->conf, w->issuers[issuer].name);
}

/* Its configuration says so in so many words: complete = no (P-22). */
static bool known_by_crl(const struct world *w, unsigned issuer)
{
	const struct conf_issuer *section = section_of(w, issuer);
	return section && !section->policy.complete;
}

/* What was withdrawn is answered as if it had no row, which CRLs say the same of as of any other. */
static bool bad(const struct world *w, unsigned issuer, const struct change *change)
{
	if (change->whole_issuer)
		return true;
	return change->record.status != CERT_GOOD &&
	       !(change->record.status == CERT_WITHDRAWN && known_by_crl(w, issuer));
}

/* Commits happen on the monotonic axis, which is everybody's; thisUpdate is a time of our wall clock as
 * it was when the answer was decided. If that was set meanwhile, the later reading is the mild one. What
 * the database's clock says is only a claim. */
static int64_t commit_us(const struct world *w, const struct question *question,
			 const struct change *change)
{
	int64_t clock = question->signed_at.wall_us - question->signed_at.mono_us;
	bool jumped = question->signed_at.mono_us - w->clock_jumped_us <=
			      w->conf->server.answer_timeout_us &&
		      w->clock_jumped_us <= question->signed_at.mono_us;
	if (jumped && w->clock_before_us > clock)
		clock = w->clock_before_us;
	return change->committed_us + clock;
}

/* What the certificate's, or its issuer's, state was at this moment. Of a certificate's states the
 * one with the highest version counts. */
static const struct change *state_at(const struct world *w, const struct question *question,
				     int32_t issuer, const struct serial *serial, int64_t time_us)
{
	const struct change *change, *last = NULL;
	TAILQ_FOREACH(change, &w->database.log, log) {
		if (!change->committed || !concerns(change, issuer, serial) ||
		    commit_us(w, question, change) >= time_us)
			continue;
		if (change->whole_issuer)
			return change;
		last = change;
	}
	return last;
}

/* thisUpdate is the proof's time in whole seconds, and by the clock that is behind: so it lies before
 * the proof by up to a second, what it is back-dated, and what the database's clock is behind ours. A
 * release in between makes good a true statement. So does, at any time, an issuance of what was withdrawn: like any other it
 * may show before the feed has brought it. */
static bool bad_when_proven(const struct world *w, const struct question *question, unsigned i)
{
	int32_t issuer = database_issuer_id(question->issuers[i]);
	const struct serial *serial = &question->serials[i];
	const struct conf_issuer *section = section_of(w, question->issuers[i]);
	int64_t from = question->this_update * SECOND_US;
	int64_t to = from + SECOND_US + w->behind_us + (section ? section->backdate_us : 0);
	const struct change *change, *then = state_at(w, question, issuer, serial, from);
	if (!then || !bad(w, question->issuers[i], then))
		return false;
	/* Of an issuer that is known by its CRLs thisUpdate is theirs, however late the release came. */
	if (!then->whole_issuer &&
	    (then->record.status == CERT_WITHDRAWN || known_by_crl(w, question->issuers[i])))
		to = INT64_MAX;
	TAILQ_FOREACH(change, &w->database.log, log)
		if (change->committed && concerns(change, issuer, serial) &&
		    !bad(w, question->issuers[i], change) &&
		    commit_us(w, question, change) >= from && commit_us(w, question, change) <= to)
			return false;
	return true;
}

static const struct change *latest(const struct world *w, int32_t issuer,
				   const struct serial *serial)
{
	const struct change *change, *last = NULL;
	TAILQ_FOREACH(change, &w->database.log, log)
		if (change->committed && concerns(change, issuer, serial) &&
		    !(last && last->whole_issuer))
			last = change;
	return last;
}

static bool released_after(const struct world *w, unsigned of, const struct serial *serial,
			   int64_t version)
{
	const struct change *change;
	int32_t issuer = database_issuer_id(of);
	TAILQ_FOREACH(change, &w->database.log, log)
		if (change->committed && !change->whole_issuer &&
		    concerns(change, issuer, serial) && !bad(w, of, change) &&
		    change->record.version > version)
			return true;
	return false;
}

/* Did this earlier answer say that the certificate is revoked, and was that no hold since released?
 * The fake database keeps a state's version in its invalidity date. */
static bool contradicts(const struct world *w, const struct question *earlier, unsigned issuer,
			const struct serial *serial)
{
	for (unsigned i = 0; i < earlier->status_count; i++) {
		const struct sign_entry *said = &earlier->statuses[i];
		if (earlier->issuers[i] != issuer || said->says.status != OCSP_REVOKED ||
		    !view_equal(serial_view(&earlier->serials[i]), serial_view(serial)))
			continue;
		/* Never issued; since a reload it is taken for good. */
		if (ocsp_never_issued(&said->says) && known_by_crl(w, issuer))
			continue;
		if (said->says.reason != REASON_CERTIFICATE_HOLD ||
		    !released_after(w, issuer, serial, said->says.invalidity_at))
			return true;
	}
	return false;
}

/* I-4, over all answers delivered before, since a history was accepted. */
static bool good_after_revoked(const struct world *w, const struct question *question, unsigned i)
{
	const struct question *q;
	TAILQ_FOREACH(q, &w->questions, all)
		if (q != question && q->answered && !q->forgotten &&
		    contradicts(w, q, question->issuers[i], &question->serials[i]))
			return true;
	return false;
}

static void broken(struct world *w, const struct question *question, unsigned i, const char *what)
{
	char hex[2 * LIMIT_SERIAL + 1];
	hex_put(hex, serial_view(&question->serials[i]));
	world_broken(w, "%s: front %u, issuer %s, serial %s", what, question->front,
		     w->issuers[question->issuers[i]].name, hex);
}

static void judge_good(struct world *w, const struct question *question, unsigned i)
{
	int32_t issuer = database_issuer_id(question->issuers[i]);
	const struct serial *serial = &question->serials[i];
	int64_t freshness = w->conf->database.freshness_us;
	const struct change *now = latest(w, issuer, serial);
	if (!database_row(&w->database, issuer, serial) && !known_by_crl(w, question->issuers[i]))
		broken(w, question, i, "I-6: good for a serial that was never issued");
	if (bad_when_proven(w, question, i))
		broken(w, question, i, "I-1: good with thisUpdate later than the revocation");
	if (now && bad(w, question->issuers[i], now) &&
	    w->now.mono_us - now->committed_us > freshness)
		broken(w, question, i, "I-2: good later than revocation + freshness");
	if (good_after_revoked(w, question, i))
		broken(w, question, i, "I-4: good after revoked");
	if (question->statuses[i].facts.crl_time && !known_by_crl(w, question->issuers[i]))
		broken(w, question, i, "P-30: good because of a CRL that proves nothing here");
	if (known_by_crl(w, question->issuers[i]) && !question->stored &&
	    !crls_prove(w, question, i))
		broken(w, question, i, "I-1, P-22: good that no CRL of the issuer proves");
}

static bool never_issued(const struct sign_entry *said)
{
	return said->says.status == OCSP_UNKNOWN || ocsp_never_issued(&said->says);
}

/* Nobody knew of a row then: it is taken for good because no CRL lists it, and what lookups find is as old as
 * the evidence may be. */
static bool recorded_late(const struct world *w, const struct question *question, unsigned i)
{
	const struct change *change;
	int64_t then = question->signed_at.mono_us, since = then - w->conf->database.freshness_us;
	bool recorded = false, late = false;
	TAILQ_FOREACH(change, &w->database.log, log) {
		if (!change->committed || change->whole_issuer || change->committed_us > then ||
		    !concerns(change, database_issuer_id(question->issuers[i]),
			      &question->serials[i]))
			continue;
		late = change->committed_us > since && (late || !recorded);
		recorded = change->record.status != CERT_WITHDRAWN;
	}
	return known_by_crl(w, question->issuers[i]) && (late || !recorded);
}

/* P-23: no cache says what time or an issuance has overtaken. */
static void judge_overtaken(struct world *w, const struct question *question, unsigned i)
{
	int64_t now = wall_seconds(w->now.wall_us);
	const struct conf_issuer *section = section_of(w, question->issuers[i]);
	const struct change *row = database_row(
		&w->database, database_issuer_id(question->issuers[i]), &question->serials[i]);
	if (question->hit && never_issued(&question->statuses[i]) &&
	    now > question->produced_at + LIMIT_UNASSIGNED_AGE)
		broken(w, question, i, "P-23: never issued, out of a cache");
	if (section && section->policy.expired == EXPIRED_UNAUTHORIZED && row &&
	    question->statuses[i].says.status == OCSP_GOOD && row->record.not_after != TIME_NONE &&
	    row->record.not_after < now && !recorded_late(w, question, i))
		broken(w, question, i, "P-23: good after the certificate's end");
}

/* RFC 9919, 7.1 (F-lightweight): whoever was told max-age and comes back after it finds a newer answer. */
static void judge_replacement(struct world *w, const struct question *question)
{
	const struct conf_issuer *section = section_of(w, question->issuers[0]);
	int64_t max_age = w->conf->server.max_age_us / SECOND_US;
	if (question->hit && section && section->profile == PROFILE_LIGHTWEIGHT &&
	    wall_seconds(w->now.wall_us) >= question->produced_at + (max_age > 0 ? max_age : 1))
		broken(w, question, 0, "F-lightweight: served past its max-age");
}

/* Of a whole issuer: nothing is looked up then, so nobody knows the certificate's end. */
static bool issuer_revoked(const struct world *w, unsigned issuer)
{
	const struct change *change;
	TAILQ_FOREACH(change, &w->database.log, log)
		if (change->whole_issuer && change->issuer.revoked_at != TIME_NONE &&
		    change->issuer.id == database_issuer_id(issuer))
			return true;
	return false;
}

/* P-27: an answer made in the life of its certificate ends with it; P-53: or has no end. */
static void judge_end(struct world *w, const struct question *question, unsigned i)
{
	const struct conf_issuer *section = section_of(w, question->issuers[i]);
	const struct sign_entry *said = &question->statuses[i];
	const struct change *row = database_row(
		&w->database, database_issuer_id(question->issuers[i]), &question->serials[i]);
	bool final = question->next_update == TIME_MOST;
	/* What was withdrawn has no row; unless that came later than the proof. */
	if (row && row->record.status == CERT_WITHDRAWN &&
	    commit_us(w, question, row) < question->this_update * SECOND_US)
		row = NULL;
	if (final && (!row || (said->says.status == OCSP_REVOKED &&
			       said->says.reason == REASON_CERTIFICATE_HOLD)))
		broken(w, question, i, "P-53: final where it can change");
	/* What was signed beforehand is given out as it is. */
	if (question->stored)
		return;
	if (final || !section || section->outlive || issuer_revoked(w, question->issuers[i]) ||
	    !row || row->record.not_after == TIME_NONE || never_issued(said) ||
	    recorded_late(w, question, i))
		return;
	if (question->produced_at < row->record.not_after &&
	    question->next_update > row->record.not_after)
		broken(w, question, i, "P-27: outlives its certificate");
}

static void judge_times(struct world *w, const struct question *question)
{
	int64_t now = wall_seconds(w->now.wall_us);
	if (question->next_update <= now)
		broken(w, question, 0, "P-28: served at or after nextUpdate");
	if (question->this_update > question->produced_at || question->produced_at > now)
		broken(w, question, 0, "P-27: thisUpdate or producedAt in the future");
}

/* Promise 1, B7: verbatim, by the issuer's key, and no longer than freshness after another took its place. */
static void judge_stored(struct world *w, const struct question *question)
{
	const struct stored_answer *stored = question->stored;
	if (stored->forged)
		broken(w, question, 0, "P-24: a forged answer is given out");
	if (stored->replaced && question->statuses[0].says.status == OCSP_GOOD &&
	    w->now.mono_us - stored->replaced_us > w->conf->database.freshness_us)
		broken(w, question, 0, "promise 2: good by an answer that another one replaced");
}

/* I-3: by the feed; or, of what is in no cache, by its own lookup. */
static bool fresh(const struct world *w, const struct question *question, unsigned i)
{
	int64_t proven_us = w->evidence_mono_us;
	int64_t looked_us = database_looked_us(w, question->issuers[i], &question->serials[i]);
	if (!question->hit && looked_us > proven_us)
		proven_us = looked_us;
	return w->now.mono_us - proven_us <= w->conf->database.freshness_us;
}

void oracle_judge(struct world *w, const struct question *question)
{
	if (question->result != OCSP_SUCCESSFUL)
		return;
	if (question->status_count != question->count)
		broken(w, question, 0, "P-11: not one status for each CertID");
	judge_times(w, question);
	judge_replacement(w, question);
	if (question->stored)
		judge_stored(w, question);
	for (unsigned i = 0; i < question->status_count; i++) {
		const struct sign_entry *said = &question->statuses[i];
		if ((said->says.status != OCSP_REVOKED || never_issued(said)) &&
		    !fresh(w, question, i))
			broken(w, question, i, "I-3: good or unknown on evidence too old");
		judge_overtaken(w, question, i);
		judge_end(w, question, i);
		if (question->statuses[i].says.status == OCSP_GOOD)
			judge_good(w, question, i);
	}
}
