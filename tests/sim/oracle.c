/* What must hold of every answer (doc/faults.md), judged from what was true when, on the monotonic axis: the
 * servers' clocks and ours are claims. */
#include "world.h"

#include "base/timetext.h"

static bool is_bad(const struct change *change)
{
	return change && (change->bad || status_says_revoked(change->status));
}

static bool is_good(const struct change *change)
{
	return change && !change->bad && change->status == CERT_GOOD;
}

void oracle_became(void *context, unsigned issuer, unsigned serial, const struct change *now,
		   bool shown)
{
	struct world *w = context;
	struct truths *t = &w->truths[issuer][serial];
	int64_t shown_us = shown ? w->cluster.now_us : INT64_MAX;
	if (t->count > 0 && t->each[t->count - 1].change == now) {
		if (shown_us < t->each[t->count - 1].shown_us)
			t->each[t->count - 1].shown_us = shown_us;
		return;
	}
	if (t->count == 0 && !now)
		return;
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 8;
		t->each = reallocarray(t->each, t->room, sizeof(*t->each));
		if (!t->each)
			abort();
	}
	t->each[t->count++] = (struct truth){.from_us = w->cluster.now_us,
					     .change = now,
					     .shown_us = shown_us,
					     .order = ++w->truths_told};
}

const struct change *oracle_now(const struct world *w, unsigned issuer, unsigned serial)
{
	const struct truths *t = &w->truths[issuer][serial];
	return t->count > 0 ? t->each[t->count - 1].change : NULL;
}

/* Was it good, or not bad, at some moment of this span? */
static bool was(const struct truths *t, int64_t from_us, int64_t to_us,
		bool (*is)(const struct change *change))
{
	const struct change *at = NULL;
	for (size_t i = 0; i < t->count && t->each[i].from_us <= to_us; i++) {
		if (t->each[i].from_us >= from_us && (is(at) || is(t->each[i].change)))
			return true;
		at = t->each[i].change;
	}
	return is(at);
}

static bool not_bad(const struct change *change)
{
	return !is_bad(change);
}

static void broken(struct instance *in, const char *invariant, const struct reply *reply,
		   const struct statement *said, const char *what)
{
	world_broken(in->world, invariant, "%s: instance %u, front %u, issuer %u, serial %u%s",
		     what, in->index, reply->front, said->issuer, said->serial,
		     reply->hit ? ", out of the front's cache" : "");
}

/* ---- good ---- */

/* Our wall clock, minus the monotonic one, when the answer was decided; if it was set shortly before,
 * the reading that is kinder. */
static int64_t clock_then(const struct instance *in, const struct reply *reply)
{
	int64_t clock = reply->decided.wall_us - reply->decided.mono_us;
	bool set = in->clock_set_us <= reply->decided.mono_us &&
		   reply->decided.mono_us - in->clock_set_us <= in->world->answer_timeout_us;
	return set && in->clock_before_us > clock ? in->clock_before_us : clock;
}

static bool known_by_crl(const struct instance *in, unsigned issuer)
{
	return !in->sections[issuer].policy.complete;
}

static uint64_t told_at(const struct world *w, const struct change *change)
{
	const struct truths *t = &w->truths[change->issuer][change->serial];
	size_t i = 0;
	while (i < t->count && t->each[i].change != change)
		i++;
	return i < t->count ? t->each[i].order : UINT64_MAX;
}

/* Since this CRL; or its row is gone, as if it had never been. */
static bool released_since(const struct world *w, const struct change *crl,
			   const struct statement *said)
{
	const struct truths *t = &w->truths[said->issuer][said->serial];
	for (size_t i = 0; i < t->count; i++)
		if (t->each[i].order > told_at(w, crl) && not_bad(t->each[i].change))
			return true;
	return false;
}

/* P-22: good by a CRL is no newer than one that does not list it, and ends with it. */
static bool is_proven(const struct world *w, const struct reply *reply,
		      const struct statement *said)
{
	for (const struct change *crl = w->cluster.made; crl; crl = crl->next_made)
		if (crl->crl && crl->issuer == said->issuer &&
		    reply->this_update <= crl->crl_from && reply->next_update <= crl->crl_until &&
		    (!(crl->listed >> said->serial & 1) || released_since(w, crl, said)))
			return true;
	return false;
}

/* I-1, I-6: at some moment from thisUpdate on, until it was decided, it was true. */
static void judge_then(struct instance *in, const struct reply *reply, const struct statement *said)
{
	const struct world *w = in->world;
	const struct truths *row = &w->truths[said->issuer][said->serial];
	const struct truths *issuer = &w->truths[said->issuer][SIM_OF_ISSUER];
	int64_t from = reply->this_update * SECOND_US - clock_then(in, reply) - in->blind_us;
	int64_t to = reply->decided.mono_us;
	if (!was(issuer, from, to, not_bad))
		broken(in, "I-1", reply, said, "good after its issuer was revoked or spoilt");
	else if (!was(row, from, to, not_bad))
		broken(in, "I-1", reply, said, "good with thisUpdate later than the revocation");
	else if (known_by_crl(in, said->issuer) && !is_proven(w, reply, said))
		broken(in, "I-1", reply, said, "good that no CRL proves");
	else if (known_by_crl(in, said->issuer))
		return;
	else if (!was(row, 0, to, is_good))
		broken(in, "I-6", reply, said, "good for a serial that was never issued");
	else if (!was(row, from, to, is_good))
		broken(in, "I-6", reply, said, "good without a row");
}

static bool recorded(const struct change *change)
{
	return change && (change->bad || change->status != CERT_WITHDRAWN);
}

/* Was there a row from one moment to the other, shown by the server that counts? */
static bool was_recorded(const struct truths *t, int64_t from_us, int64_t to_us)
{
	const struct truth *at = NULL;
	size_t i = 0;
	for (; i < t->count && t->each[i].from_us < from_us; i++)
		at = &t->each[i];
	bool always =
		at && recorded(at->change) && at->shown_us < from_us && at->change->left_us > to_us;
	for (; i < t->count && t->each[i].from_us <= to_us; i++) {
		const struct change *change = t->each[i].change;
		always = always && recorded(change) && change->left_us > to_us;
	}
	return always;
}

/* I-9: whoever says that there is no row has seen that there is none. */
static void judge_unknown(struct instance *in, const struct reply *reply,
			  const struct statement *said)
{
	const struct truths *row = &in->world->truths[said->issuer][said->serial];
	int64_t from = reply->this_update * SECOND_US - clock_then(in, reply) - in->blind_us;
	if (was_recorded(row, from, reply->decided.mono_us))
		broken(in, "I-9", reply, said, "unknown, but it was recorded all the time");
}

/* I-2 */
static void judge_now(struct instance *in, const struct reply *reply, const struct statement *said)
{
	const struct world *w = in->world;
	int64_t now = w->cluster.now_us, from = now - w->freshness_us - in->blind_us;
	if (!was(&w->truths[said->issuer][said->serial], from, now, not_bad) ||
	    !was(&w->truths[said->issuer][SIM_OF_ISSUER], from, now, not_bad))
		broken(in, "I-2", reply, said, "good later than revocation + freshness");
}

/* Was this hold, or one that stands for it in the history that followed, released since? */
static bool was_released(const struct world *w, const struct change *hold)
{
	const struct change *change;
	for (change = w->cluster.made; change; change = change->next_made)
		if (is_good(change) && change->issuer == hold->issuer &&
		    change->serial == hold->serial && change->number > hold->number &&
		    change->before && change->before->status == CERT_HELD)
			return true;
	return false;
}

static const struct change *numbered(const struct world *w, uint64_t number)
{
	const struct change *change = w->cluster.made;
	while (change && change->number != number)
		change = change->next_made;
	return change;
}

/* I-4, I-10 */
static void judge_said(struct instance *in, const struct reply *reply, const struct statement *said)
{
	for (size_t i = 0; i < in->said_count; i++) {
		const struct said *s = &in->said[i];
		const struct change *hold = s->statement.reason == REASON_CERTIFICATE_HOLD
						    ? numbered(in->world, s->statement.change)
						    : NULL;
		bool later = s->decision < reply->decision || (s->fronts >> reply->front & 1);
		if (s->statement.issuer == said->issuer && s->statement.serial == said->serial &&
		    later && !(hold && was_released(in->world, hold)))
			broken(in, "I-4", reply, said, "good after revoked");
	}
}

/* What was signed beforehand was true then. That it is no more must be seen as soon as of any other good, and so
 * must that nothing is recorded of the certificate. */
static void judge_stored(struct instance *in, const struct reply *reply,
			 const struct statement *said)
{
	const struct world *w = in->world;
	int64_t now = w->cluster.now_us, from = now - w->freshness_us - in->blind_us;
	if (!known_by_crl(in, said->issuer) &&
	    !was(&w->truths[said->issuer][said->serial], from, now, is_good))
		broken(in, "I-6", reply, said, "a stored good without a row");
}

static void judge_good(struct instance *in, const struct reply *reply, const struct statement *said)
{
	if (!reply->stored)
		judge_then(in, reply, said);
	judge_now(in, reply, said);
	if (reply->stored)
		judge_stored(in, reply, said);
	judge_said(in, reply, said);
}

/* It was given evidence that is newer than the revocation. */
static bool was_told(const struct instance *in, const struct statement *said)
{
	const struct truths *t = &in->world->truths[said->issuer][said->serial];
	const struct truth *last = t->count > 0 ? &t->each[t->count - 1] : NULL;
	return last && is_bad(last->change) && last->shown_us < in->evidence_us - in->blind_us;
}

static void remember(struct instance *in, const struct reply *reply, const struct statement *said)
{
	if (reply->decision <= in->forgotten)
		return;
	for (size_t i = 0; i < in->said_count; i++) {
		struct said *s = &in->said[i];
		if (s->statement.issuer != said->issuer || s->statement.serial != said->serial ||
		    s->statement.change != said->change || s->statement.reason != said->reason)
			continue;
		s->fronts |= 1u << reply->front;
		if (reply->decision < s->decision)
			s->decision = reply->decision;
		return;
	}
	if (in->said_count == in->said_room) {
		in->said_room = in->said_room ? 2 * in->said_room : 16;
		in->said = reallocarray(in->said, in->said_room, sizeof(*in->said));
		if (!in->said)
			abort();
	}
	in->said[in->said_count++] = (struct said){
		.statement = *said, .decision = reply->decision, .fronts = 1u << reply->front};
}

/* The instance need not know any more what it has said. */
void oracle_forget(struct instance *in)
{
	in->said_count = 0;
	in->forgotten = in->world->decisions;
}

/* ---- every answer ---- */

static bool is_presigned(const struct instance *in, unsigned issuer)
{
	return in->sections[issuer].source == SOURCE_PRESIGNED;
}

/* Verbatim, by the issuer's key, or not at all. */
static void judge_origin(struct instance *in, const struct reply *reply)
{
	const struct statement *first = &reply->statements[0];
	if (is_presigned(in, first->issuer) != (reply->stored != NULL))
		broken(in, "I-5", reply, first, "signed where answers are stored, or the contrary");
	if (reply->stored && reply->stored->forged)
		broken(in, "I-5", reply, first, "a stored answer that nobody has signed");
}

static void judge_times(struct instance *in, const struct reply *reply)
{
	const struct statement *first = &reply->statements[0];
	int64_t now = wall_seconds(instance_now(in).wall_us);
	if (reply->next_update <= now)
		broken(in, "I-5", reply, first, "served at or after nextUpdate");
	bool set = in->world->cluster.now_us - in->clock_set_us <= in->world->answer_timeout_us;
	if (reply->this_update > reply->produced_at || (reply->produced_at > now && !set))
		broken(in, "P-27", reply, first, "thisUpdate or producedAt in the future");
	if (reply->section != reply->statements[0].issuer)
		broken(in, "I-5", reply, first, "signed for another issuer");
}

/* Nobody can understand its row, or its issuer's, now. */
static bool spoilt(const struct world *w, const struct statement *said)
{
	const struct change *now = oracle_now(w, said->issuer, said->serial);
	const struct change *issuer = oracle_now(w, said->issuer, SIM_OF_ISSUER);
	return (now && now->bad) || (issuer && issuer->bad);
}

/* Of another history, or because its section never lets a hold end. */
static bool may_remember(const struct instance *in, const struct reply *reply,
			 const struct statement *said)
{
	const struct world *w = in->world;
	if (!in->sections[said->issuer].hold_releasable)
		return true;
	if (w->accepted && reply->decided.mono_us > w->calm_us)
		return false;
	for (const struct change *c = w->cluster.made; c; c = c->next_made)
		if (c->issuer == said->issuer && is_bad(c) &&
		    (c->serial == said->serial || c->serial == SIM_OF_ISSUER))
			return true;
	return false;
}

/* While healthy: the state that is true, or, of what this instance knows to have been lost, the stricter
 * one. */
static void judge_calm(struct instance *in, const struct reply *reply, const struct statement *said)
{
	const struct world *w = in->world;
	const struct change *now = oracle_now(w, said->issuer, said->serial);
	const struct change *issuer = oracle_now(w, said->issuer, SIM_OF_ISSUER);
	bool bad = is_bad(now) || is_bad(issuer);
	/* A clock that was set back lets a cache say longer that nobody had recorded it. */
	if (reply->decided.mono_us < w->calm_us)
		return;
	if (said->status == OCSP_UNKNOWN && (is_good(now) || bad) && !spoilt(w, said))
		broken(in, "I-9", reply, said, "unknown, but it is recorded");
	if (said->status == OCSP_GOOD && bad)
		broken(in, "I-9", reply, said, "good, but it is revoked");
	if (said->status == OCSP_REVOKED && !bad && !reply->stored &&
	    !may_remember(in, reply, said))
		broken(in, "I-9", reply, said, "revoked, but it is not");
}

/* Known by CRLs, and none lasts. */
static bool lacks_crl(const struct instance *in, const struct statement *asked)
{
	const struct change *row = oracle_now(in->world, asked->issuer, SIM_OF_ISSUER);
	return known_by_crl(in, asked->issuer) &&
	       (!row || row->crl_until <= wall_seconds(instance_now(in).wall_us));
}

/* It says what the database does, or is stricter; a hold is no less than what ends never. */
static bool is_strict(const struct world *w, const struct stored *stored)
{
	const struct change *row = oracle_now(w, stored->issuer, stored->serial);
	bool issuer_bad = is_bad(oracle_now(w, stored->issuer, SIM_OF_ISSUER));
	if (is_good(row) && !issuer_bad)
		return true;
	bool held = is_bad(row) && row->status == CERT_HELD && !issuer_bad;
	return is_bad(row) && stored->says.status == OCSP_REVOKED &&
	       (held || stored->says.reason != REASON_CERTIFICATE_HOLD);
}

/* One is recorded for what was asked, and can be given out. */
static bool has_stored(const struct instance *in, const struct question *question)
{
	const struct world *w = in->world;
	const struct server *s = &w->cluster.servers[w->cluster.authority];
	int64_t now = wall_seconds(instance_now(in).wall_us);
	for (unsigned i = 0; question->count == 1 && i < SIM_HASHES; i++) {
		const struct stored *stored = s->stored[question->issuer][question->serials[0]][i];
		if (stored && !stored->forged && stored->this_update <= now &&
		    stored->next_update > now && is_strict(w, stored) &&
		    view_equal(buffer_view(&stored->certid), buffer_view(&question->certids[0])))
			return true;
	}
	return false;
}

/* There is no answer that this instance could give: of what it remembers to have been revoked, too. */
static bool lacks_stored(const struct instance *in, const struct question *question,
			 const struct statement *asked)
{
	const struct reply now = {.decided = instance_now(in)};
	return is_presigned(in, question->issuer) &&
	       (!has_stored(in, question) || may_remember(in, &now, asked));
}

/* While healthy, and unless the operator wants it so, there is none. */
static void judge_refusal(struct instance *in, const struct question *question,
			  const struct reply *reply)
{
	struct statement asked = {.issuer = question->issuer, .serial = question->serials[0]};
	bool may = in->conf.database.on_lost_history == LOST_HISTORY_STOP && !in->world->accepted;
	bool there =
		in->world->cluster.servers[in->world->cluster.authority].ids[asked.issuer] != 0;
	may = may || lacks_crl(in, &asked) || lacks_stored(in, question, &asked);
	if (in->world->calm && there && !may && !spoilt(in->world, &asked))
		broken(in, "I-9", reply, &asked, "an error while healthy");
}

/* I-3: by the feed; or what is in no cache by its own lookup. */
static bool is_fresh(const struct instance *in, const struct reply *reply,
		     const struct statement *said)
{
	int64_t looked_us = in->looked_us[said->issuer][said->serial];
	int64_t proven_us =
		!reply->hit && looked_us > in->evidence_us ? looked_us : in->evidence_us;
	return in->world->cluster.now_us - proven_us <= in->world->freshness_us;
}

void oracle_judge(struct instance *in, const struct question *question, const struct reply *reply)
{
	in->world->answers++;
	if (reply->result != OCSP_SUCCESSFUL) {
		judge_refusal(in, question, reply);
		return;
	}
	if (reply->count != question->count)
		broken(in, "I-5", reply, &reply->statements[0], "not one status for each CertID");
	judge_times(in, reply);
	judge_origin(in, reply);
	for (unsigned i = 0; i < reply->count; i++) {
		const struct statement *said = &reply->statements[i];
		if (said->status != OCSP_REVOKED && !is_fresh(in, reply, said))
			broken(in, "I-3", reply, said, "good or unknown on evidence too old");
		if (said->status == OCSP_GOOD)
			judge_good(in, reply, said);
		/* Of several CertIDs, which share one thisUpdate, the rows decide it. */
		if (said->status == OCSP_UNKNOWN && reply->count == 1)
			judge_unknown(in, reply, said);
		if (in->world->calm)
			judge_calm(in, reply, said);
	}
	/* Only its front knows that what was signed beforehand was decided before. */
	struct reply last = *reply;
	if (reply->stored)
		last.decision = !reply->hit && was_told(in, &reply->statements[0]) ? UINT64_MAX : 0;
	for (unsigned i = 0; i < reply->count; i++)
		if (reply->statements[i].status == OCSP_REVOKED)
			remember(in, &last, &reply->statements[i]);
}
