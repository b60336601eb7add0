#include "signer/choice.h"

static bool can_sign(const struct responder *r, int64_t now)
{
	return responder_in_date(r, now) && responder_ready(r);
}

static bool signs_with(const struct responder *r, struct view algorithm)
{
	return algorithm.size == 0 || view_equal(scheme_oid(r->scheme), algorithm);
}

static struct responder *choose(struct credential *c, struct view algorithm, int64_t until,
				int64_t now)
{
	struct responder *longest = NULL;
	for (unsigned i = 0; i < c->count; i++) {
		struct responder *r = &c->responders[i];
		if (!can_sign(r, now) || !signs_with(r, algorithm))
			continue;
		if (responder_not_after(r) >= until)
			return r;
		if (!longest || responder_not_after(r) > responder_not_after(longest))
			longest = r;
	}
	return longest;
}

struct responder *choice_of(struct credential *c, struct view algorithm, int64_t until, int64_t now)
{
	struct responder *chosen = choose(c, algorithm, until, now);
	return chosen ? chosen : choose(c, (struct view){0}, until, now);
}

struct responder *choice_default(struct credential *c, int64_t now)
{
	return choice_of(c, (struct view){0}, now + c->validity - 1, now);
}

static bool is_among(const struct view *oids, unsigned count, struct view oid)
{
	for (unsigned i = 0; i < count; i++)
		if (view_equal(oids[i], oid))
			return true;
	return false;
}

unsigned choice_offers(struct credential *c, int64_t now,
		       struct view ret[static LIMIT_ISSUER_SIGNERS])
{
	const struct responder *standard = choice_default(c, now);
	unsigned count = 0;
	if (!standard)
		return 0;
	ret[count++] = scheme_oid(standard->scheme);
	for (unsigned i = 0; i < c->count; i++) {
		if (!can_sign(&c->responders[i], now))
			continue;
		struct view oid = scheme_oid(c->responders[i].scheme);
		if (!is_among(ret, count, oid))
			ret[count++] = oid;
	}
	return count;
}

/* From one to the next that is valid when it ends and lasts longer, for as long as there is one. */
const struct responder *choice_last(const struct credential *c, int64_t now)
{
	const struct responder *last = NULL, *next = NULL;
	int64_t moment = now;
	do {
		last = next ? next : last;
		next = NULL;
		for (unsigned i = 0; i < c->count; i++) {
			const struct responder *r = &c->responders[i];
			int64_t end = responder_not_after(r);
			if (!responder_in_date(r, moment) ||
			    (last && end <= responder_not_after(last)))
				continue;
			if (!next || end > responder_not_after(next))
				next = r;
		}
		moment = next ? responder_not_after(next) : moment;
	} while (next);
	return last;
}
