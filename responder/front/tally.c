#include "front/tally.h"

#include "base/json.h"
#include "base/result.h"

#include <stdlib.h>

void tally_deinit(struct tally *tally)
{
	for (unsigned i = 0; i <= tally->count; i++)
		free(tally->names[i]);
	tally->count = 0;
}

/* ---- names ---- */

/* Names stay for good, so that no counter goes back; there are as many as a configuration may have. */
static uint16_t slot_of(struct tally *tally, struct view name)
{
	for (unsigned i = 1; i <= tally->count; i++)
		if (view_equal(view_of_string(tally->names[i]), name))
			return (uint16_t)i;
	if (tally->count == LIMIT_ISSUERS)
		return 0;
	char *copy = strndup((const char *)name.data, name.size);
	if (!copy)
		return 0;
	tally->names[++tally->count] = copy;
	return (uint16_t)tally->count;
}

void tally_name(struct tally *tally, const struct message_issuer *m, bool former)
{
	struct tally_names *names = former ? &tally->next : &tally->now;
	if (m->name.size > 0 && !memchr(m->name.data, '\0', m->name.size))
		names->slots[m->number] = slot_of(tally, m->name);
}

void tally_new_ledger(struct tally *tally)
{
	tally->next = (struct tally_names){{0}};
}

void tally_take_over(struct tally *tally)
{
	tally->now = tally->next;
}

/* ---- what was counted ---- */

uint64_t tally_hits(const struct tally *tally)
{
	uint64_t hits = 0;
	for (unsigned i = 0; i <= tally->count; i++)
		for (unsigned status = 0; status < TALLY_STATUSES; status++)
			hits += tally->successful[i][status][TALLY_HIT];
	return hits;
}

const char *tally_cause_name(enum tally_cause cause)
{
	static const char *const names[TALLY_CAUSES] = {"hit", "live", "shed", "error"};
	return names[cause];
}

struct writer {
	struct buffer *out;
	size_t most; /* of the buffer's size */
	unsigned entries, omitted;
};

/* An entry with the longest name, escaped. */
#define ENTRY_MOST (6u * LIMIT_ISSUER_NAME + 100u)

static void put_entry(struct writer *w, const char *issuer, const char *status,
		      enum tally_cause cause, uint64_t count)
{
	if (count == 0)
		return;
	if (w->out->size + ENTRY_MOST > w->most) {
		w->omitted++;
		return;
	}
	buffer_put_string(w->out, w->entries++ ? ",{\"issuer\":" : "{\"issuer\":");
	json_put_string(w->out, issuer);
	buffer_printf(w->out, ",\"status\":\"%s\",\"cause\":\"%s\",\"count\":%" PRIu64 "}", status,
		      tally_cause_name(cause), count);
}

static void put_issuer(struct writer *w, const struct tally *tally, unsigned slot)
{
	static const char *const names[TALLY_STATUSES] = {"good", "revoked", "unknown"};
	for (unsigned status = 0; status < TALLY_STATUSES; status++)
		for (unsigned cause = TALLY_HIT; cause <= TALLY_LIVE; cause++)
			put_entry(w, slot ? tally->names[slot] : "", names[status],
				  (enum tally_cause)cause, tally->successful[slot][status][cause]);
}

void tally_put_json(const struct tally *tally, size_t most, struct buffer *out)
{
	struct writer w = {.out = out, .most = out->size + most};
	buffer_put_string(out, ",\"answers\":[");
	for (unsigned result = OCSP_MALFORMED_REQUEST; result < TALLY_RESULTS; result++)
		for (unsigned cause = 0; cause < TALLY_CAUSES; cause++)
			put_entry(&w, "", ocsp_result_name((enum ocsp_result)result),
				  (enum tally_cause)cause, tally->errors[result][cause]);
	for (unsigned slot = 0; slot <= tally->count; slot++)
		put_issuer(&w, tally, slot);
	buffer_put_u8(out, ']');
	if (w.omitted)
		json_put_number(out, "answers_omitted", w.omitted);
}
