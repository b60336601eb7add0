#include "ledger/readiness.h"

#include "ledger/conditions.h"
#include "ledger/fronts.h"
#include "ledger/lookups.h"
#include "ledger/lost.h"
#include "ledger/proving.h"
#include "ledger/sections.h"
#include "ledger/signing.h"
#include "ledger/state.h"

/* What lasts is looked at so often while anything is wrong. */
#define LOOK_US SECOND_US

/* What was said last. */
struct readiness {
	unsigned bits;
	uint64_t news; /* of the sections, when `issuers` was made */
	int64_t look_us; /* monotonic: what lasts is looked at again, where anything does */
	unsigned unready, silent; /* issuers with something missing; of which nothing is answered */
	uint8_t issuers[LIMIT_ISSUERS]; /* enum issuer_readiness */
};

/* Its bits. Up to READINESS_LAST_REFUSAL each says no; the others go with a yes. */
enum {
	READINESS_SAID = 1, /* something was said at all */
	READINESS_NO_LOAD = 2,
	READINESS_STALE = 4,
	READINESS_NO_SIGNER = 8,
	READINESS_NO_ISSUER = 16, /* nothing can be answered about any */
	READINESS_LOST = 32,
	READINESS_INCOMPLETE = 64,
	READINESS_PREWARMING = 128, /* the database has its certificates on its disk only */
	READINESS_UNREAD = 256, /* another history is read for the first time */
	READINESS_LAST_REFUSAL = 256,
	READINESS_AWAY = 512, /* the database cannot be read, or not be asked */
	READINESS_STALLED = 1024, /* its evidence stands still */
	READINESS_ISSUERS = 2048, /* nothing can be answered about some */
	READINESS_PROVING =
		4096, /* the feed's evidence is too old, and lookups prove what is asked */
};
#define REFUSALS (2u * READINESS_LAST_REFUSAL - 1u)

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

/* ---- what is so ---- */

static void look_at_issuers(struct ledger *l)
{
	struct readiness *r = l->readiness;
	r->unready = r->silent = 0;
	for (unsigned i = 0; i < l->conf->issuer_count; i++) {
		r->issuers[i] = (uint8_t)sections_readiness(l, i);
		r->unready += r->issuers[i] != ISSUER_READY;
		r->silent += r->issuers[i] != ISSUER_READY && r->issuers[i] != ISSUER_NO_CRL;
	}
}

static unsigned refusals_now(const struct ledger *l, struct moment now)
{
	unsigned bits = 0;
	if (!l->has_evidence)
		bits |= READINESS_NO_LOAD;
	else if (history_unread(l))
		bits |= READINESS_UNREAD;
	else if (!feed_fresh(l, now) && !proving_until(l, now))
		bits |= READINESS_STALE;
	if (!signing_possible(l))
		bits |= READINESS_NO_SIGNER;
	if (l->readiness->silent == l->conf->issuer_count) /* P-37 */
		bits |= READINESS_NO_ISSUER;
	if (l->has_evidence && lost_stops_good(l))
		bits |= READINESS_LOST; /* I-10 */
	if (l->incomplete)
		bits |= READINESS_INCOMPLETE;
	if (l->prewarming)
		bits |= READINESS_PREWARMING;
	return bits;
}

static unsigned readiness_now(const struct ledger *l, struct moment now)
{
	unsigned bits = READINESS_SAID | refusals_now(l, now);
	if (conditions_away(l))
		bits |= READINESS_AWAY;
	if (conditions_stalled(l))
		bits |= READINESS_STALLED;
	if (l->readiness->unready)
		bits |= READINESS_ISSUERS;
	if (l->has_evidence && !feed_fresh(l, now) && proving_until(l, now))
		bits |= READINESS_PROVING;
	return bits;
}

/* ---- for `stillgood status`, with names and what libpq says ---- */

static void add(struct buffer *out, const char *what, const char *detail)
{
	buffer_printf(out, "%s%s%s%s", out->size ? "; " : "", what, detail[0] ? ": " : "", detail);
}

void readiness_reason(const struct ledger *l, struct buffer *out)
{
	unsigned bits = l->readiness->bits;
	if (bits & READINESS_NO_LOAD)
		add(out, "the database has not been read yet", l->feed_reason);
	const char *cause = conditions_cause(l);
	if (bits & READINESS_UNREAD)
		add(out, HISTORY_UNREAD, "");
	if (bits & READINESS_STALE)
		add(out, "the evidence is too old", cause ? cause : "");
	if (bits & READINESS_NO_SIGNER)
		add(out,
		    signing_counts(l).attached ? "no signer answers" : "no signer is connected",
		    "");
	if (bits & READINESS_NO_ISSUER)
		add(out, "nothing can be answered about any issuer", "");
	if (bits & READINESS_LOST)
		add(out, "revocations are missing in the database",
		    "see stillgood accept-history --show");
	if (bits & READINESS_INCOMPLETE)
		add(out, "memory ran out", "");
	if (bits & READINESS_PREWARMING)
		buffer_printf(out, "%sthe certificates are being read into memory: %u %%",
			      out->size ? "; " : "", l->prewarmed_percent);
}

void readiness_degraded(const struct ledger *l, struct buffer *out)
{
	static const char *const words[] = {
		[ISSUER_READY] = "",
		[ISSUER_NOT_REGISTERED] = "not registered in the database: issuer",
		[ISSUER_OTHER_KEY] = "registered with another key than its file's: issuer",
		[ISSUER_UNREADABLE] = "its row in the database cannot be understood: issuer",
		[ISSUER_UNSIGNED] = "nothing valid to sign with: issuer",
		[ISSUER_NO_ANSWERS] = "no answers are recorded that were signed beforehand: issuer",
		[ISSUER_NO_CRL] = "no CRL proves now what is good: issuer",
	};
	if (l->readiness->bits & READINESS_AWAY)
		add(out, "the database is away", conditions_reason(l));
	if (l->readiness->bits & READINESS_STALLED)
		add(out, conditions_stalled(l), "");
	if (l->readiness->bits & READINESS_PROVING)
		add(out, CONDITION_PROVING, "");
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		if (l->readiness->issuers[i] != ISSUER_READY)
			add(out, words[l->readiness->issuers[i]], l->conf->issuers[i].name);
}

/* ---- for /readyz ---- */

/* Anybody may read it: no host, no user, nobody's words and no names. The fronts are told no more, so
 * that a page cannot say it. */
static void public_reason(unsigned bits, struct buffer *out)
{
	static const struct {
		unsigned bit;
		const char *what;
	} reasons[] = {
		{READINESS_NO_LOAD, "the database has not been read yet"},
		{READINESS_UNREAD, HISTORY_UNREAD},
		{READINESS_STALE, "the evidence is too old"},
		{READINESS_NO_SIGNER, "no signer"},
		{READINESS_NO_ISSUER, "nothing can be answered about any issuer"},
		{READINESS_LOST, "revocations are missing in the database"},
		{READINESS_INCOMPLETE, "memory ran out"},
		{READINESS_PREWARMING, "the certificates are being read into memory"},
		{READINESS_AWAY, "the database is away"},
		{READINESS_STALLED, "the evidence stands still"},
		{READINESS_ISSUERS, "an issuer is not answered"},
		{READINESS_PROVING, "very many changes are being read"},
	};
	unsigned told = (bits & REFUSALS) > READINESS_SAID ? REFUSALS : ~REFUSALS;
	for (size_t i = 0; i < array_size(reasons); i++)
		if (bits & told & reasons[i].bit)
			add(out, reasons[i].what, "");
}

static void readiness_write(struct ledger *l)
{
	cleanup(buffer_deinit) struct buffer reason = {0};
	public_reason(l->readiness->bits, &reason);
	struct message_readiness m = {
		.ready = readiness_good(l),
		.reason = buffer_view(&reason),
		.issuers = view_of(l->readiness->issuers, l->conf->issuer_count),
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

static bool is_anything_wrong(const struct ledger *l)
{
	return l->readiness->bits != READINESS_SAID || l->alarms.count > 0;
}

/* What lasts is told with the evidence's age, so it is looked at every now and then. */
static void look_at_conditions(struct ledger *l, bool news, struct moment now)
{
	if (!news && (!is_anything_wrong(l) || now.mono_us < l->readiness->look_us))
		return;
	conditions_update(l, now);
	l->readiness->look_us = now.mono_us + LOOK_US;
}

void readiness_update(struct ledger *l, struct moment now)
{
	struct readiness *r = l->readiness;
	bool issuers = r->bits == 0 || r->news != sections_news(l);
	if (issuers)
		look_at_issuers(l);
	unsigned bits = readiness_now(l, now);
	bool news = bits != r->bits || issuers;
	r->news = sections_news(l);
	r->bits = bits;
	look_at_conditions(l, news, now);
	if (!news)
		return;
	readiness_write(l);
	fronts_frame_all(l, MESSAGE_READINESS);
}

int64_t readiness_next(const struct ledger *l)
{
	return is_anything_wrong(l) ? l->readiness->look_us : INT64_MAX;
}

bool readiness_good(const struct ledger *l)
{
	return (l->readiness->bits & REFUSALS) == READINESS_SAID;
}

int64_t readiness_stale(const struct ledger *l)
{
	int64_t feed = l->evidence.mono_us, looked = l->proof.evidence.mono_us;
	bool proving = l->readiness->bits & READINESS_PROVING;
	return (proving && looked > feed ? looked : feed) + l->conf->database.freshness_us;
}

bool readiness_fresh(const struct ledger *l)
{
	return !(l->readiness->bits & (READINESS_NO_LOAD | READINESS_UNREAD | READINESS_STALE));
}
