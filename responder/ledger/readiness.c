/* May this instance receive traffic? Everything that is missing is named. The fronts are told when
 * it changes. */
#include "ledger/state.h"

enum {
	READINESS_SAID = 1, /* something was said at all */
	READINESS_NO_LOAD = 2,
	READINESS_STALE = 4,
	READINESS_NO_LOOKUP = 8,
	READINESS_NO_SIGNER = 16,
	READINESS_NO_ISSUER = 32,
	READINESS_INCOMPLETE = 64,
	READINESS_UNSIGNED = 128,
	READINESS_OTHER_KEY = 256,
	READINESS_LOST = 512,
};

static unsigned readiness_now(const struct ledger *l, struct moment now)
{
	unsigned bits = READINESS_SAID;
	if (!l->has_evidence)
		bits |= READINESS_NO_LOAD;
	else if (!evidence_fresh(l, &l->evidence, now))
		bits |= READINESS_STALE;
	if (!l->lookup_usable)
		bits |= READINESS_NO_LOOKUP;
	if (!signing_possible(l))
		bits |= READINESS_NO_SIGNER;
	if (l->has_evidence && issuers_missing(l->issuers)) /* before, nobody knows */
		bits |= READINESS_NO_ISSUER;
	if (offers_missing(l))
		bits |= READINESS_UNSIGNED; /* P-37 */
	if (l->other_key)
		bits |= READINESS_OTHER_KEY;
	if (l->has_evidence && lost_stops_good(l))
		bits |= READINESS_LOST; /* I-10 */
	if (l->incomplete)
		bits |= READINESS_INCOMPLETE;
	return bits;
}

static void add(struct buffer *out, const char *what, const char *detail)
{
	buffer_printf(out, "%s%s%s%s", out->size ? "; " : "", what, detail[0] ? ": " : "", detail);
}

static void add_missing(const struct ledger *l, struct buffer *out)
{
	const char *nearest = issuers_nearest(l->issuers, l->readiness_missing->name);
	add(out, "not registered in the database: issuer", l->readiness_missing->name);
	if (nearest)
		buffer_printf(out, " (registered is: %s)", nearest);
}

/* For `stillgood status`, with names and what libpq says. */
void readiness_reason(const struct ledger *l, struct buffer *out)
{
	unsigned bits = l->readiness;
	if (bits & READINESS_NO_LOAD)
		add(out, "the database has not been read yet", l->feed_reason);
	if (bits & READINESS_STALE)
		add(out, "the evidence is too old", l->feed_up ? "" : l->feed_reason);
	if (bits & READINESS_NO_LOOKUP)
		add(out, "the database cannot be asked", l->lookup_reason);
	if (bits & READINESS_NO_SIGNER)
		add(out, l->signers_attached ? "no signer answers" : "no signer is connected", "");
	if (bits & READINESS_NO_ISSUER)
		add_missing(l, out);
	if (bits & READINESS_UNSIGNED)
		add(out, "no signer's certificate is valid now: issuer",
		    l->readiness_unsigned->name);
	if (bits & READINESS_OTHER_KEY)
		add(out, "registered with another key than its file's: issuer",
		    l->readiness_other_key->name);
	if (bits & READINESS_LOST)
		add(out, "revocations are missing in the database",
		    "see stillgood accept-history --show");
	if (bits & READINESS_INCOMPLETE)
		add(out, "memory ran out", "");
}

/* For /readyz, which anybody may read: no host, no user, nobody's words and no names. The fronts are
 * told no more, so that a page cannot say it. */
static void public_reason(unsigned bits, struct buffer *out)
{
	static const struct {
		unsigned bit;
		const char *what;
	} reasons[] = {
		{READINESS_NO_LOAD, "the database has not been read yet"},
		{READINESS_STALE, "the evidence is too old"},
		{READINESS_NO_LOOKUP, "the database cannot be asked"},
		{READINESS_NO_SIGNER, "no signer"},
		{READINESS_NO_ISSUER, "an issuer is not registered in the database"},
		{READINESS_UNSIGNED, "an issuer has no valid signer"},
		{READINESS_OTHER_KEY, "an issuer is registered with another key"},
		{READINESS_LOST, "revocations are missing in the database"},
		{READINESS_INCOMPLETE, "memory ran out"},
	};
	for (size_t i = 0; i < array_size(reasons); i++)
		if (bits & reasons[i].bit)
			add(out, reasons[i].what, "");
}

void readiness_send(struct ledger *l, unsigned front)
{
	cleanup(buffer_deinit) struct buffer reason = {0};
	if (!(l->readiness & READINESS_SAID))
		return; /* comes at the end of this turn */
	public_reason(l->readiness, &reason);
	struct message_readiness m = {
		.ready = readiness_good(l),
		.reason = buffer_view(&reason),
	};
	buffer_reset(&l->frame);
	message_readiness_write(&l->frame, &m);
	if (buffer_result(&l->frame) == 0)
		l->ops->to_front(l->context, front, MESSAGE_READINESS, buffer_view(&l->frame));
}

/* Whoever reads the log learns of it where the feed itself goes on, as from a standby whose heartbeat has
 * stopped. */
static void tell_stale(struct ledger *l, unsigned bits)
{
	if ((bits & READINESS_STALE) && !(l->readiness & READINESS_STALE))
		ledger_alarm(l, "the evidence is too old: only what is revoked is answered%s%s",
			     l->feed_up ? "" : " reason=", l->feed_up ? "" : l->feed_reason);
}

void readiness_update(struct ledger *l, struct moment now)
{
	sections_update(l);
	unsigned bits = readiness_now(l, now);
	tell_stale(l, bits);
	const struct conf_issuer *missing = issuers_missing(l->issuers);
	const struct conf_issuer *unsigned_one = offers_missing(l);
	if (bits == l->readiness && missing == l->readiness_missing &&
	    unsigned_one == l->readiness_unsigned && l->other_key == l->readiness_other_key)
		return;
	l->readiness = bits;
	l->readiness_unsigned = unsigned_one;
	l->readiness_missing = missing;
	l->readiness_other_key = l->other_key;
	for (unsigned i = 0; i < LIMIT_FRONTS; i++)
		if (l->fronts[i].attached)
			readiness_send(l, i);
}

bool readiness_good(const struct ledger *l)
{
	return l->readiness == READINESS_SAID;
}

bool readiness_fresh(const struct ledger *l)
{
	return !(l->readiness & (READINESS_NO_LOAD | READINESS_STALE));
}
