/* A question from a front. A front is not believed: its CertIDs are parsed again. */
#include "ledger/state.h"

struct question {
	struct message_query query;
	struct ocsp_certid certids[LIMIT_CERTIDS];
	const struct issuer *issuer;
	struct view algorithm; /* P-17; empty: the default */
	struct view key; /* of one CertID: under which the answer is shared */
	uint8_t key_octets[LIMIT_CERTID + LIMIT_OID];
};

/* 0 or -EBADMSG: fronts send only what ocsp_request_parse() accepted. */
static int certids_parse(struct question *q)
{
	for (unsigned i = 0; i < q->query.certid_count; i++)
		if (ocsp_certid_parse(q->query.certids[i], &q->certids[i]) != 0)
			return -EBADMSG;
	return 0;
}

/* The issuer that answers here, or the stranger (P-9: also for a hash that we do not compute). */
static const struct issuer *match(const struct ledger *l, const struct ocsp_certid *certid)
{
	const struct issuer *issuer = issuers_match(l->issuers, certid);
	return issuer && issuer->section ? issuer : &l->stranger;
}

static bool retired(const struct conf_issuer *section, struct moment now)
{
	return section->retired_until != 0 && wall_seconds(now.wall_us) > section->retired_until;
}

/* All CertIDs are of one issuer that is configured (P-12), or all of none and the policy says unknown
 * for those (P-22); else `unauthorized`: no status is ever signed under the delegate of another CA. */
static enum ocsp_result issuer_find(const struct ledger *l, struct question *q, struct moment now)
{
	q->issuer = match(l, &q->certids[0]);
	for (unsigned i = 1; i < q->query.certid_count; i++)
		if (match(l, &q->certids[i]) != q->issuer)
			return OCSP_UNAUTHORIZED;
	if (!q->issuer->section || retired(q->issuer->section, now)) /* P-33 */
		return OCSP_UNAUTHORIZED;
	/* Who is a stranger is not known while an issuer of ours is missing in the database. */
	if (q->issuer == &l->stranger && issuers_missing(l->issuers))
		return OCSP_TRY_LATER;
	return OCSP_SUCCESSFUL;
}

/* What the answer depends on: the CertID and, only where it makes a difference, the algorithm. */
static void key_make(const struct ledger *l, struct question *q)
{
	struct view certid = q->query.certids[0];
	q->algorithm = offers_choose(l, q->issuer, q->query.preferred);
	q->key = certid;
	if (q->algorithm.size == 0)
		return;
	memcpy(q->key_octets, certid.data, certid.size);
	memcpy(q->key_octets + certid.size, q->algorithm.data, q->algorithm.size);
	q->key = view_of(q->key_octets, certid.size + q->algorithm.size);
}

static bool overloaded(const struct ledger *l, unsigned front, const struct question *q)
{
	return l->entries + q->query.certid_count > LIMIT_JOBS || l->open >= LIMIT_JOBS ||
	       l->fronts[front].open >= LIMIT_FLIGHTS;
}

static void shed(struct ledger *l, unsigned front, uint64_t id)
{
	l->counts.overloads++;
	answer_error(l, front, id, OCSP_TRY_LATER);
}

/* One flight a key over all fronts. True if there was one to join. */
static bool join(struct ledger *l, unsigned front, const struct question *q, struct moment now)
{
	struct job *job = job_in_flight(l, q->key);
	if (!job)
		return false;
	l->counts.joined++;
	if (!job_ask(l, job, front, q->query.id, now))
		shed(l, front, q->query.id);
	return true;
}

static void start(struct ledger *l, unsigned front, const struct question *q, struct moment now)
{
	struct job *job = job_new(l, q->issuer, &q->query, q->certids, q->algorithm);
	if (!job) {
		shed(l, front, q->query.id);
		return;
	}
	if (job_ask(l, job, front, q->query.id, now)) /* the first asker is in the job */
		job_advance(l, job, now);
	signing_dispatch(l, now);
}

static void answer(struct ledger *l, unsigned front, struct question *q, struct moment now)
{
	bool cacheable = q->query.certid_count == 1 && q->query.nonce.size == 0;
	key_make(l, q);
	if (cacheable && answer_cached(l, front, q->query.id, q->key, now))
		l->counts.cache_hits++;
	else if (overloaded(l, front, q))
		shed(l, front, q->query.id);
	else if (!cacheable || !join(l, front, q, now))
		start(l, front, q, now);
}

int ledger_front_frame(struct ledger *l, unsigned front, uint8_t type, struct view payload,
		       struct moment now)
{
	struct question q;
	if (type != MESSAGE_QUERY || message_query_read(payload, &q.query) < 0 ||
	    certids_parse(&q) < 0 || !offers_list_is_valid(q.query.preferred))
		return -EBADMSG;
	if (!l->has_evidence) {
		if (!parked_add(l, front, q.query.id, payload, now))
			shed(l, front, q.query.id);
		return 0;
	}
	l->counts.queries++;
	enum ocsp_result result = issuer_find(l, &q, now);
	/* P-16: per issuer. The front does not know the issuer, so it passes every nonce on. */
	if (result == OCSP_SUCCESSFUL && q.issuer->section->nonce == NONCE_IGNORE)
		q.query.nonce = (struct view){0};
	if (result == OCSP_SUCCESSFUL)
		answer(l, front, &q, now);
	else
		answer_error(l, front, q.query.id, result);
	return 0;
}
