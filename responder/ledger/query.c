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

/* No answer reaches beyond that moment, and one that ends there is no answer any more (P-28). */
static bool retired(const struct conf_issuer *section, struct moment now)
{
	return section->retired_until != 0 && wall_seconds(now.wall_us) >= section->retired_until;
}

/* All CertIDs are of one issuer that is configured (P-12), or all of none and the policy says unknown
 * for those (P-22); else `unauthorized`: no status is ever signed under the delegate of another CA. */
static enum ocsp_result issuer_find(const struct ledger *l, struct question *q, struct moment now)
{
	q->issuer = match(l, &q->certids[0]);
	for (unsigned i = 1; i < q->query.certid_count; i++)
		if (match(l, &q->certids[i]) != q->issuer)
			return OCSP_UNAUTHORIZED;
	if (q->issuer == &l->stranger && sections_expect(l, &q->certids[0]))
		return OCSP_TRY_LATER;
	if (!q->issuer->section || retired(q->issuer->section, now)) /* P-33 */
		return OCSP_UNAUTHORIZED;
	if (q->issuer != &l->stranger && !sections_fit(l, q->issuer))
		return OCSP_TRY_LATER;
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
	if (cacheable && answer_cached(l, front, q->query.id, q->issuer, q->key, now))
		l->counts.cache_hits++;
	else if (overloaded(l, front, q))
		shed(l, front, q->query.id);
	else if (!cacheable || !join(l, front, q, now))
		start(l, front, q, now);
}

/* 0 or -EBADMSG. */
static int question_read(struct question *q, struct view payload)
{
	if (message_query_read(payload, &q->query) < 0 || certids_parse(q) < 0 ||
	    !offers_list_is_valid(q->query.preferred))
		return -EBADMSG;
	return 0;
}

/* P-16: also where nonces are ignored, as one without octets is. */
static bool refuses_nonce(const struct question *q)
{
	return q->query.nonce.size > 0 && q->query.raw_nonce &&
	       q->issuer->section->raw_nonce == RAW_NONCE_REFUSE;
}

static void question_ask(struct ledger *l, unsigned front, struct question *q, bool verified,
			 struct moment now)
{
	enum ocsp_result result = issuer_find(l, q, now);
	l->counts.queries++;
	if (result == OCSP_SUCCESSFUL && !verified &&
	    q->issuer->section->signed_requests == SIGNED_REQUIRE)
		result = OCSP_SIG_REQUIRED; /* P-15 */
	if (result == OCSP_SUCCESSFUL && refuses_nonce(q))
		result = OCSP_MALFORMED_REQUEST;
	if (result != OCSP_SUCCESSFUL) {
		answer_error(l, front, q->query.id, result);
		return;
	}
	/* P-16: per issuer. The front does not know the issuer, so it passes every nonce on. */
	if (q->issuer->section->nonce == NONCE_IGNORE)
		q->query.nonce = (struct view){0};
	answer(l, front, q, now);
}

static int take_query(struct ledger *l, unsigned front, struct view payload, struct moment now)
{
	struct question q;
	if (question_read(&q, payload) < 0)
		return -EBADMSG;
	if (l->has_evidence)
		question_ask(l, front, &q, false, now);
	else if (!parked_add(l, front, q.query.id, payload, now))
		shed(l, front, q.query.id);
	return 0;
}

void query_verified(struct ledger *l, unsigned front, struct view query, struct moment now)
{
	struct question q;
	if (question_read(&q, query) == 0) /* it was read once */
		question_ask(l, front, &q, true, now);
}

/* ---- signed requests (P-15) ---- */

/* The question is what was signed: a front cannot put another one beside a good signature. */
static bool is_question_of(const struct message_query *query, struct view request)
{
	static const struct ocsp_request_policy policy = {
		.most_certids = LIMIT_CERTIDS,
		.critical = OCSP_CRITICAL_IGNORE, /* the front's to judge */
	};
	struct ocsp_request parsed;
	if (ocsp_request_parse(request, &policy, &parsed) != 0 || !parsed.is_signed ||
	    parsed.certid_count != query->certid_count ||
	    (query->nonce.size > 0 &&
	     (!view_equal(query->nonce, parsed.nonce) || query->raw_nonce != parsed.raw_nonce)))
		return false;
	for (unsigned i = 0; i < parsed.certid_count; i++)
		if (!view_equal(parsed.certids[i].der, query->certids[i]))
			return false;
	return true;
}

static bool signature_counts(const struct ledger *l, struct question *q, struct moment now)
{
	return issuer_find(l, q, now) == OCSP_SUCCESSFUL &&
	       q->issuer->section->signed_requests != SIGNED_IGNORE;
}

static int take_signed_query(struct ledger *l, unsigned front, struct view payload,
			     struct moment now)
{
	struct message_signed_query m;
	struct question q;
	if (message_signed_query_read(payload, &m) < 0 || question_read(&q, m.query) < 0 ||
	    !is_question_of(&q.query, m.signed_request))
		return -EBADMSG;
	/* Before there is evidence nobody knows which issuers there are. */
	if (l->has_evidence && !signature_counts(l, &q, now))
		question_ask(l, front, &q, false, now);
	else if (!l->has_evidence ||
		 !verify_ask(l, front, q.query.id, q.issuer->section_index, &m, now))
		shed(l, front, q.query.id);
	return 0;
}

int ledger_front_frame(struct ledger *l, unsigned front, uint8_t type, struct view payload,
		       struct moment now)
{
	switch (type) {
	case MESSAGE_QUERY:
		return take_query(l, front, payload, now);
	case MESSAGE_SIGNED_QUERY:
		return take_signed_query(l, front, payload, now);
	default:
		return -EBADMSG;
	}
}
