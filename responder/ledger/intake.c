#include "ledger/intake.h"

#include "ledger/fronts.h"
#include "ledger/offers.h"
#include "ledger/report.h"
#include "ledger/state.h"
#include "ocsp/request.h"

static void shed(struct ledger *l, unsigned front, const struct message_query *query)
{
	l->overloads++;
	fronts_answer(l, front,
		      &(struct message_answer){.id = query->id, .result = OCSP_TRY_LATER});
}

/* `signed_request`: that it was taken from, where its signature may count. */
static int take(struct ledger *l, unsigned front, const struct message_query *query,
		struct view signed_request, struct moment now)
{
	struct question *q = NULL;
	int result = question_new(l, query, &q);
	if (result == -EBADMSG)
		return result;
	l->queries++;
	if (result < 0) {
		shed(l, front, query);
	} else if (!question_ask(l, q, front, query, now)) {
		shed(l, front, query);
		question_free(l, q);
	} else {
		ledger_trace(l, query->request, "asked");
		q->signed_request = signed_request;
		question_mark(l, q, MARK_ASKED);
	}
	return 0;
}

static int query_read(struct message_query *query, struct view payload)
{
	if (message_query_read(payload, query) < 0 || !offers_list_is_valid(query->preferred))
		return -EBADMSG;
	return 0;
}

static int take_query(struct ledger *l, unsigned front, struct view payload, struct moment now)
{
	struct message_query query;
	if (query_read(&query, payload) < 0)
		return -EBADMSG;
	return take(l, front, &query, (struct view){0}, now);
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

static int take_signed_query(struct ledger *l, unsigned front, struct view payload,
			     struct moment now)
{
	struct message_signed_query m;
	struct message_query query;
	if (message_signed_query_read(payload, &m) < 0 || query_read(&query, m.query) < 0 ||
	    !is_question_of(&query, m.signed_request))
		return -EBADMSG;
	return take(l, front, &query, m.signed_request, now);
}

int intake_frame(struct ledger *l, unsigned front, uint8_t type, struct view payload,
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
