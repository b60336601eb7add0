#include "ledger/binding.h"

#include "ledger/offers.h"
#include "ledger/sections.h"
#include "ledger/state.h"

struct binding {
	/* Stands for every issuer that is not ours: the default issuer's section with a policy that says
	 * unknown (P-22). Its section is NULL where that is not wanted. */
	struct issuer unknown;
	struct conf_issuer unknown_section;
};

int binding_init(struct ledger *l)
{
	l->binding = calloc(1, sizeof(*l->binding));
	if (!l->binding)
		return -ENOMEM;
	l->binding->unknown.record = (struct issuer_record){
		.id = ISSUER_UNKNOWN, .version = 1, .revoked_at = TIME_NONE, .reason = REASON_NONE};
	binding_configure(l);
	return 0;
}

void binding_configure(struct ledger *l)
{
	struct binding *binding = l->binding;
	const struct conf_issuer *section = conf_default_issuer(l->conf);
	binding->unknown.section = NULL;
	if (!section)
		return;
	binding->unknown_section = *section;
	binding->unknown_section.policy = (struct issuer_policy){.complete = true};
	binding->unknown.section = &binding->unknown_section;
	binding->unknown.section_index = (uint32_t)(section - l->conf->issuers);
}

bool binding_is_of_unknown(const struct ledger *l, const struct conf_issuer *section)
{
	return section == &l->binding->unknown_section;
}

void binding_deinit(struct ledger *l)
{
	free(l->binding);
}

/* The issuer that answers here, or the unknown one (P-9: also for a hash that we do not compute). */
static const struct issuer *match(const struct ledger *l, const struct ocsp_certid *certid)
{
	const struct issuer *issuer = issuers_match(l->issuers, certid);
	return issuer && issuer->section ? issuer : &l->binding->unknown;
}

/* No answer reaches beyond that moment, and one that ends there is no answer any more (P-28). */
static bool retired(const struct conf_issuer *section, struct moment now)
{
	return section->retired_until != 0 && wall_seconds(now.wall_us) >= section->retired_until;
}

/* All CertIDs are of one issuer that is configured (P-12), or all of none and the policy says unknown
 * for those (P-22); else `unauthorized`: no status is ever signed under the delegate of another CA. */
static enum cause find(const struct ledger *l, const struct question *q, struct moment now,
		       const struct issuer **ret)
{
	const struct issuer *issuer = match(l, &q->entries[0].certid);
	bool unknown = issuer == &l->binding->unknown;
	for (unsigned i = 1; i < q->count; i++)
		if (match(l, &q->entries[i].certid) != issuer)
			return CAUSE_SEVERAL_ISSUERS;
	if (unknown && sections_expect(l, &q->entries[0].certid))
		return CAUSE_SECTION_UNFIT;
	if (!issuer->section)
		return CAUSE_NOT_OURS;
	if (retired(issuer->section, now)) /* P-33 */
		return CAUSE_RETIRED;
	if (!unknown && !sections_fit(l, issuer))
		return CAUSE_SECTION_UNFIT;
	if (!unknown && q->count > 1 && issuer->section->source == SOURCE_PRESIGNED)
		return CAUSE_NO_ANSWER; /* each is about one certificate */
	if (unknown && !l->has_evidence) /* who is unknown is not known yet */
		return CAUSE_NOT_READ;
	*ret = issuer;
	return CAUSE_NONE;
}

static enum ocsp_result result_of(enum cause cause)
{
	bool never = cause == CAUSE_SEVERAL_ISSUERS || cause == CAUSE_NOT_OURS ||
		     cause == CAUSE_RETIRED || cause == CAUSE_NO_ANSWER;
	if (cause == CAUSE_NONE)
		return OCSP_SUCCESSFUL;
	return never ? OCSP_UNAUTHORIZED : OCSP_TRY_LATER;
}

static bool ignores_nonces(const struct conf_issuer *section)
{
	return section->nonce == NONCE_IGNORE || section->source == SOURCE_PRESIGNED;
}

/* P-16: also where nonces are ignored, as one without octets is. */
static bool refuses_nonce(const struct question *q)
{
	return q->asked_nonce.size > 0 && q->raw_nonce && q->section->raw_nonce == RAW_NONCE_REFUSE;
}

/* P-16: nonces that did not count when it was shared count since a reload; no answer would be everybody's. */
static bool must_part(const struct question *q)
{
	return q->other_nonces && !ignores_nonces(q->section);
}

bool binding_wants_verifier(const struct question *q)
{
	return q->signed_request.size > 0 && q->section->signed_requests != SIGNED_IGNORE;
}

/* P-15: who signed was judged for one issuer, and that is no word for another. */
static enum ocsp_result judge_signature(const struct question *q)
{
	if (q->verified_for)
		return q->verified_for == q->section ? OCSP_SUCCESSFUL : OCSP_TRY_LATER;
	bool required = q->section->signed_requests == SIGNED_REQUIRE;
	return required && q->signed_request.size == 0 ? OCSP_SIG_REQUIRED : OCSP_SUCCESSFUL;
}

/* What the answer depends on: the CertID and, only where it makes a difference, the algorithm. */
static void key_make(const struct ledger *l, struct question *q)
{
	struct view certid = q->entries[0].certid.der;
	struct view algorithm = offers_choose(l, q->issuer, q->preferred);
	if (algorithm.size)
		memcpy(q->algorithm_room, algorithm.data, algorithm.size);
	q->algorithm = view_of(q->algorithm_room, algorithm.size);
	q->key = view_of(certid.data, certid.size + algorithm.size);
}

static void take_issuer(const struct ledger *l, struct question *q, const struct issuer *issuer)
{
	for (unsigned i = 0; q->issuer != issuer && i < q->count; i++)
		q->entries[i].knowledge = KNOWS_NOTHING; /* it was of another's certificate */
	q->issuer = issuer;
	q->unknown = issuer == &l->binding->unknown;
	q->section = issuer->section;
	/* P-16: per issuer. The front does not know the issuer, so it passes every nonce on. */
	q->nonce = ignores_nonces(q->section) ? (struct view){0} : q->asked_nonce;
	q->cacheable = q->count == 1 && q->nonce.size == 0;
}

enum ocsp_result binding_make(struct ledger *l, struct question *q, struct moment now)
{
	const struct issuer *issuer = NULL;
	q->cause = find(l, q, now, &issuer);
	enum ocsp_result result = result_of(q->cause);
	question_unindex(q);
	if (result != OCSP_SUCCESSFUL)
		return result;
	take_issuer(l, q, issuer);
	result = judge_signature(q);
	if (result == OCSP_SUCCESSFUL && refuses_nonce(q))
		result = OCSP_MALFORMED_REQUEST;
	if (result == OCSP_SUCCESSFUL && must_part(q))
		result = OCSP_TRY_LATER;
	if (result == OCSP_SUCCESSFUL)
		key_make(l, q);
	return result;
}

bool binding_is_shareable(const struct question *q)
{
	return q->section->signed_requests != SIGNED_REQUIRE;
}
