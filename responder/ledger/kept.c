#include "ledger/kept.h"

#include "ledger/kept_key.h"
#include "ledger/kept_past.h"
#include "ledger/offers.h"
#include "ledger/report.h"
#include "ledger/responses.h"
#include "ledger/state.h"
#include "ocsp/answer.h"

/* What was not asked for by then is asked for seldom, and signing it costs nobody much. */
#define PAST_US (INT64_C(3600) * SECOND_US)
/* So much may be written in that time as a file holds: a flood wears out no disk. */
#define FILL_S 60
/* Waits for the end of its turn at most. */
#define PENDING_MOST (UINT32_C(1) << 20)
#define RETRY_US (60 * SECOND_US)

struct kept {
	enum kept_state state;
	uint64_t most; /* octets of one file */
	uint64_t size, generation; /* of the one that is written */
	bool started; /* it says what it is */
	struct buffer pending;
	uint64_t allowance; /* octets that may be written yet */
	int64_t allowed_us; /* when that was reckoned, monotonic; 0: never */
	int64_t retry_us; /* while broken, monotonic */
	bool told; /* that it is */

	struct kept_past *past; /* NULL: nothing is left of it */
	int64_t past_until_us; /* monotonic; 0: not said yet */
	uint64_t reused, left_out;
};

int kept_init(struct ledger *l)
{
	l->kept = calloc(1, sizeof(*l->kept));
	return l->kept ? 0 : -ENOMEM;
}

void kept_deinit(struct ledger *l)
{
	if (!l->kept)
		return;
	buffer_deinit(&l->kept->pending);
	kept_past_free(l->kept->past);
	free(l->kept);
}

/* ---- an earlier process's ---- */

int ledger_recall_answers(struct ledger *l, struct buffer files[2], struct ledger_recalled *ret)
{
	struct kept *kept = l->kept;
	struct kept_looked looked;
	struct kept_past *past;
	int result = kept_past_new(files, &looked, &past);
	if (result < 0)
		return result;
	check(kept->state == KEPT_NONE && !kept->past);
	kept->state = KEPT_WRITTEN;
	kept->most = kept->allowance = l->conf->server.kept_answers / 2;
	kept->size = looked.size;
	kept->generation = looked.generation;
	kept->started = looked.started;
	kept->past = past;
	*ret = (struct ledger_recalled){.current = looked.current,
					.size = looked.size,
					.answers = looked.answers,
					.damaged = looked.damaged};
	return 0;
}

static bool same_reason(enum revocation_reason a, enum revocation_reason b)
{
	bool none = (a == REASON_NONE || a == REASON_UNSPECIFIED) &&
		    (b == REASON_NONE || b == REASON_UNSPECIFIED); /* P-29: both are left out */
	return none || a == b;
}

/* Whatever the file says of it, this is what clients will read. */
static bool says_it(const struct ledger *l, const struct question *q,
		    const struct kept_record *record)
{
	struct ocsp_said said;
	const struct ocsp_cert_status *says = &q->entries[0].verdict.says;
	return l->ops->read_answer(l->context, record->der, &said) &&
	       view_equal(said.certid.der, q->entries[0].certid.der) &&
	       said.says.status == says->status && same_reason(said.says.reason, says->reason) &&
	       said.says.revoked_at == says->revoked_at &&
	       said.says.invalidity_at == says->invalidity_at &&
	       said.this_update == record->this_update && said.next_update == record->next_update &&
	       said.produced_at == record->produced_at;
}

/* Would it be asked for in these times, or in longer ones; and would it be answered from a cache now? */
static bool is_of_use(struct ledger *l, struct question *q, const struct message_signed *m,
		      int64_t this_update, struct moment now)
{
	const int64_t decided = q->this_update;
	if (this_update > decided || m->next_update > q->next_update ||
	    m->produced_at < this_update || m->produced_at >= m->next_update)
		return false;
	q->this_update = this_update;
	const struct message_answer answer = responses_of(l, q, m);
	if (responses_usable(l, &answer.label, now))
		return true;
	q->this_update = decided;
	return false;
}

bool kept_find(struct ledger *l, struct question *q, struct moment now, struct message_signed *ret)
{
	uint8_t key[KEPT_KEY];
	struct kept_record record;
	if (!l->kept->past || !kept_key(l, q, key) ||
	    !kept_past_find(l->kept->past, key, &record) || !says_it(l, q, &record))
		return false;
	const struct message_signed m = {
		.result = OCSP_SUCCESSFUL,
		.produced_at = record.produced_at,
		.next_update = record.next_update,
		.der = record.der,
	};
	if (!is_of_use(l, q, &m, record.this_update, now))
		return false;
	l->kept->reused++;
	*ret = m;
	return true;
}

bool kept_awaits_offers(const struct ledger *l)
{
	return l->kept->past && !offers_any(l);
}

/* ---- this one's ---- */

void kept_put(struct ledger *l, const struct question *q, const struct message_signed *m)
{
	struct kept *kept = l->kept;
	struct kept_record record = {.kind = KEPT_ANSWER,
				     .this_update = q->this_update,
				     .produced_at = m->produced_at,
				     .next_update = m->next_update,
				     .der = m->der};
	if (kept->state != KEPT_WRITTEN || !kept_key(l, q, record.key))
		return;
	size_t size = m->der.size + KEPT_BESIDE;
	if (size > kept->allowance || kept->pending.size + size > PENDING_MOST) {
		kept->left_out++;
		return;
	}
	kept_record_write(&kept->pending, &record);
	kept->allowance -= size;
}

static void broken(struct ledger *l, int error, struct moment now)
{
	struct kept *kept = l->kept;
	kept->state = KEPT_BROKEN;
	kept->retry_us = now.mono_us + RETRY_US;
	buffer_deinit(&kept->pending);
	kept->pending = (struct buffer){0};
	if (!kept->told)
		ledger_alarm(l, "signed answers cannot be kept for the next start: %s",
			     strerror(-error));
	kept->told = true;
}

static int append(struct ledger *l, struct view octets)
{
	int result = l->ops->keep(l->context, octets);
	if (result == 0)
		l->kept->size += octets.size;
	return result;
}

static int start_file(struct ledger *l)
{
	cleanup(buffer_deinit) struct buffer start = {0};
	kept_record_write(&start, &(struct kept_record){.kind = KEPT_START,
							.format = KEPT_FORMAT,
							.generation = l->kept->generation + 1});
	int result = buffer_result(&start);
	if (result == 0)
		result = append(l, buffer_view(&start));
	if (result < 0)
		return result;
	l->kept->generation++;
	l->kept->started = true;
	return 0;
}

static int begin_other(struct ledger *l)
{
	int result = l->ops->keep_swap(l->context);
	if (result < 0)
		return result;
	l->kept->size = 0;
	l->kept->started = false;
	return 0;
}

static int flush(struct ledger *l)
{
	struct kept *kept = l->kept;
	int result = buffer_result(&kept->pending);
	if (result == 0 && kept->size + kept->pending.size > kept->most)
		result = begin_other(l);
	if (result == 0 && !kept->started)
		result = start_file(l);
	if (result == 0)
		result = append(l, buffer_view(&kept->pending));
	buffer_reset(&kept->pending);
	return result;
}

static void allow(struct kept *kept, struct moment now)
{
	int64_t since = (now.mono_us - kept->allowed_us) / SECOND_US;
	if (kept->allowed_us > 0 && since < 1)
		return;
	bool all = kept->allowed_us == 0 || since >= FILL_S;
	uint64_t more = all ? kept->most : kept->most / FILL_S * (uint64_t)since;
	uint64_t room = kept->most - kept->allowance;
	kept->allowance += more < room ? more : room;
	kept->allowed_us = now.mono_us;
}

static void forget_past(struct kept *kept, struct moment now)
{
	if (kept->past && kept->past_until_us == 0)
		kept->past_until_us = now.mono_us + PAST_US;
	if (!kept->past || now.mono_us < kept->past_until_us)
		return;
	kept_past_free(kept->past);
	kept->past = NULL;
}

void kept_turn(struct ledger *l, struct moment now)
{
	struct kept *kept = l->kept;
	forget_past(kept, now);
	if (kept->state == KEPT_BROKEN && now.mono_us >= kept->retry_us)
		kept->state = KEPT_WRITTEN;
	if (kept->state != KEPT_WRITTEN)
		return;
	allow(kept, now);
	if (kept->pending.size == 0 && !kept->pending.failed)
		return;
	int result = flush(l);
	if (result < 0)
		broken(l, result, now);
	else
		kept->told = false;
}

struct kept_counts kept_counts(const struct ledger *l)
{
	const struct kept *kept = l->kept;
	return (struct kept_counts){.state = kept->state,
				    .octets = kept->size,
				    .reused = kept->reused,
				    .left_out = kept->left_out};
}
