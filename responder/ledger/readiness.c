#include "ledger/readiness.h"

#include "ledger/fronts.h"
#include "ledger/issuers.h"
#include "ledger/lookups.h"
#include "ledger/lost.h"
#include "ledger/offers.h"
#include "ledger/report.h"
#include "ledger/sections.h"
#include "ledger/signing.h"
#include "ledger/state.h"

/* What was said last. */
struct readiness {
	unsigned bits;
	const struct conf_issuer *missing, *without_signer, *other_key;
};

/* Its bits. */
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

int readiness_init(struct ledger *l)
{
	l->readiness = calloc(1, sizeof(*l->readiness));
	return l->readiness ? 0 : -ENOMEM;
}

void readiness_deinit(struct ledger *l)
{
	free(l->readiness);
}

void readiness_configure(struct ledger *l)
{
	*l->readiness = (struct readiness){0};
}

static unsigned readiness_now(const struct ledger *l, struct moment now)
{
	unsigned bits = READINESS_SAID;
	if (!l->has_evidence)
		bits |= READINESS_NO_LOAD;
	else if (!feed_fresh(l, now))
		bits |= READINESS_STALE;
	if (!lookups_usable(l))
		bits |= READINESS_NO_LOOKUP;
	if (!signing_possible(l))
		bits |= READINESS_NO_SIGNER;
	if (l->has_evidence && issuers_missing(l->issuers)) /* before, nobody knows */
		bits |= READINESS_NO_ISSUER;
	if (offers_missing(l))
		bits |= READINESS_UNSIGNED; /* P-37 */
	if (sections_other_key(l))
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
	const char *nearest = issuers_nearest(l->issuers, l->readiness->missing->name);
	add(out, "not registered in the database: issuer", l->readiness->missing->name);
	if (nearest)
		buffer_printf(out, " (registered is: %s)", nearest);
}

/* For `stillgood status`, with names and what libpq says. */
void readiness_reason(const struct ledger *l, struct buffer *out)
{
	unsigned bits = l->readiness->bits;
	if (bits & READINESS_NO_LOAD)
		add(out, "the database has not been read yet", l->feed_reason);
	if (bits & READINESS_STALE)
		add(out, "the evidence is too old", l->feed_up ? "" : l->feed_reason);
	if (bits & READINESS_NO_LOOKUP)
		add(out, "the database cannot be asked", lookups_reason(l));
	if (bits & READINESS_NO_SIGNER)
		add(out,
		    signing_counts(l).attached ? "no signer answers" : "no signer is connected",
		    "");
	if (bits & READINESS_NO_ISSUER)
		add_missing(l, out);
	if (bits & READINESS_UNSIGNED)
		add(out, "no signer's certificate is valid now: issuer",
		    l->readiness->without_signer->name);
	if (bits & READINESS_OTHER_KEY)
		add(out, "registered with another key than its file's: issuer",
		    l->readiness->other_key->name);
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

static void readiness_write(struct ledger *l)
{
	cleanup(buffer_deinit) struct buffer reason = {0};
	public_reason(l->readiness->bits, &reason);
	struct message_readiness m = {
		.ready = readiness_good(l),
		.reason = buffer_view(&reason),
	};
	buffer_reset(&l->frame);
	message_readiness_write(&l->frame, &m);
}

void readiness_send(struct ledger *l, unsigned front)
{
	if (!(l->readiness->bits & READINESS_SAID))
		return; /* comes at the end of this turn */
	readiness_write(l);
	fronts_frame(l, front, MESSAGE_READINESS);
}

/* Whoever reads the log learns of it where the feed itself goes on, as from a standby whose heartbeat has
 * stopped. */
static void tell_stale(struct ledger *l, unsigned bits)
{
	if ((bits & READINESS_STALE) && !(l->readiness->bits & READINESS_STALE))
		ledger_alarm(l, "the evidence is too old: only what is revoked is answered%s%s",
			     l->feed_up ? "" : " reason=", l->feed_up ? "" : l->feed_reason);
}

void readiness_update(struct ledger *l, struct moment now)
{
	unsigned bits = readiness_now(l, now);
	tell_stale(l, bits);
	const struct conf_issuer *missing = issuers_missing(l->issuers);
	const struct conf_issuer *unsigned_one = offers_missing(l);
	if (bits == l->readiness->bits && missing == l->readiness->missing &&
	    unsigned_one == l->readiness->without_signer &&
	    sections_other_key(l) == l->readiness->other_key)
		return;
	l->readiness->bits = bits;
	l->readiness->without_signer = unsigned_one;
	l->readiness->missing = missing;
	l->readiness->other_key = sections_other_key(l);
	readiness_write(l);
	fronts_frame_all(l, MESSAGE_READINESS);
}

bool readiness_good(const struct ledger *l)
{
	return l->readiness->bits == READINESS_SAID;
}

bool readiness_fresh(const struct ledger *l)
{
	return !(l->readiness->bits & (READINESS_NO_LOAD | READINESS_STALE));
}
