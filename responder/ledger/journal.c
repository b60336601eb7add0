#include "ledger/journal.h"

/* Waits for a flush at most. */
#define PENDING_MOST 65536u
/* Told anew in one turn. */
#define STEP_ROWS 500u
/* Of a row, with its head and a long serial. */
#define ROW_OCTETS 80u
#define SLACK (UINT64_C(1) << 20)
#define RETRY_US (10 * SECOND_US)
/* Numbers of issuers; see issuers.c. */
#define NUMBERS (2 * LIMIT_ISSUERS + 1)

struct journal {
	const struct journal_ops *ops;
	void *context;
	struct revoked *revoked;
	struct issuers *issuers;

	enum journal_state state;
	struct buffer pending;
	uint64_t size, generation;
	bool started; /* the file says what it is */
	bool complete; /* the file needs no older one */
	bool torn; /* it may end in the midst of a record */
	bool announced[NUMBERS]; /* what is pending says who this is */
	struct history history;
	uint64_t position_written;

	bool renew; /* everything is to be told anew */
	bool telling;
	unsigned issuer_place;
	size_t row_place;
	int64_t retry_us; /* while broken, monotonic */
};

int journal_new(const struct journal_ops *ops, void *context, struct revoked *revoked,
		struct issuers *issuers, struct journal **ret)
{
	struct journal *j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	j->ops = ops;
	j->context = context;
	j->revoked = revoked;
	j->issuers = issuers;
	*ret = j;
	return 0;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	buffer_deinit(&j->pending);
	free(j);
}

/* ---- recalling ---- */

/* What the numbers of one file mean; 0: nothing. */
struct meaning {
	int32_t number[UINT16_MAX + 1];
	uint32_t check[UINT16_MAX + 1];
};

static int32_t number_of(const struct meaning *meaning, uint16_t issuer, uint32_t check)
{
	return meaning->check[issuer] == check ? meaning->number[issuer] : 0;
}

static int recall_row(struct journal *j, const struct meaning *meaning,
		      const struct journal_record *record)
{
	struct cert_record row = record->row;
	row.issuer = number_of(meaning, (uint16_t)record->row.issuer, record->issuer_check);
	return row.issuer ? revoked_recall(j->revoked, &row, record->foreign) : 0;
}

static int recall_issuer(struct journal *j, struct meaning *meaning,
			 const struct journal_record *record)
{
	const struct issuer *issuer = issuers_recall(j->issuers, record->identity);
	if (!issuer)
		return -ENOMEM;
	meaning->number[record->issuer] = issuer->record.id;
	meaning->check[record->issuer] = journal_identity_check(record->identity);
	return 0;
}

static void recall_issuer_state(struct journal *j, const struct meaning *meaning,
				const struct journal_record *record)
{
	int32_t number = number_of(meaning, record->issuer, record->issuer_check);
	if (number)
		issuers_recall_revoked(j->issuers, number, record->revoked_at, record->reason);
}

/* Versions of what was told before mean nothing in another one. */
static void recall_history(struct journal *j, const struct journal_record *record,
			   struct history *history)
{
	const struct db_evidence evidence = {.history = record->history,
					     .position = record->position};
	char why[160];
	if (!history_continues(history, &evidence, why))
		revoked_begin(j->revoked, false);
	history_take(history, &evidence);
}

static int recall_record(struct journal *j, struct meaning *meaning,
			 const struct journal_record *record, struct history *history)
{
	switch (record->kind) {
	case JOURNAL_START:
	case JOURNAL_COMPLETE:
		return 0;
	case JOURNAL_SNAPSHOT:
		*meaning = (struct meaning){0};
		return 0;
	case JOURNAL_HISTORY:
		recall_history(j, record, history);
		return 0;
	case JOURNAL_ISSUER:
		return recall_issuer(j, meaning, record);
	case JOURNAL_ISSUER_STATE:
		recall_issuer_state(j, meaning, record);
		return 0;
	case JOURNAL_ROW:
		return recall_row(j, meaning, record);
	}
	return 0;
}

static int recall_file(struct journal *j, struct view octets, const struct journal_file *file,
		       struct history *history)
{
	struct meaning *meaning = calloc(1, sizeof(*meaning));
	struct journal_reader reader = {.octets = octets, .at = file->from};
	struct journal_record record;
	int result = meaning ? 0 : -ENOMEM;
	while (result == 0 && journal_record_read(&reader, &record))
		result = recall_record(j, meaning, &record, history);
	free(meaning);
	return result;
}

static void recalled(struct journal *j, const struct journal_file looked[2], size_t size,
		     const struct history *history, struct journal_recalled *ret)
{
	const struct journal_file *current = &looked[ret->current];
	uint64_t other = looked[!ret->current].generation;
	ret->rows = revoked_count(j->revoked);
	j->state = JOURNAL_WRITTEN;
	j->history = *history;
	j->size = size;
	j->generation = current->generation > other ? current->generation : other;
	j->started = current->generation > 0 && !current->other_format;
	/* A part that is missing here must not be needed any more. */
	j->renew = !current->complete || ret->damaged > 0;
	j->torn = ret->damaged > 0 || current->other_format;
	j->complete = current->complete && ret->damaged == 0;
}

int journal_recall(struct journal *j, const struct view files[2], struct history *history,
		   struct journal_recalled *ret)
{
	struct journal_file looked[2];
	*ret = (struct journal_recalled){.empty = files[0].size + files[1].size == 0};
	for (unsigned i = 0; i < 2; i++)
		looked[i] = journal_file_look(files[i]);
	ret->current = looked[1].generation > looked[0].generation;
	unsigned order[2] = {!ret->current, ret->current};
	int result = 0;
	for (unsigned i = 0; i < 2 && result == 0; i++) {
		const struct journal_file *file = &looked[order[i]];
		ret->other_format = ret->other_format || file->other_format;
		if (file->other_format || (i == 0 && looked[ret->current].complete))
			continue;
		ret->damaged += file->damaged;
		result = recall_file(j, files[order[i]], file, history);
	}
	if (result == 0)
		recalled(j, looked, files[ret->current].size, history, ret);
	return result;
}

/* ---- appending ---- */

static void put(struct journal *j, const struct journal_record *record)
{
	if (j->state == JOURNAL_WRITTEN)
		journal_record_write(&j->pending, record);
}

static void put_kind(struct journal *j, enum journal_kind kind)
{
	put(j, &(struct journal_record){.kind = kind});
}

static void announce(struct journal *j, const struct issuer *issuer)
{
	int32_t number = issuer->record.id;
	if (j->announced[number])
		return;
	struct journal_record record = {.kind = JOURNAL_ISSUER, .issuer = (uint16_t)number};
	memcpy(record.identity, issuer->identity, sizeof(record.identity));
	put(j, &record);
	j->announced[number] = true;
}

static void put_row(struct journal *j, const struct cert_record *row, bool foreign)
{
	const struct issuer *issuer = issuers_by_id(j->issuers, row->issuer);
	if (j->state != JOURNAL_WRITTEN || !issuer || !issuer->identified)
		return;
	announce(j, issuer);
	put(j, &(struct journal_record){.kind = JOURNAL_ROW,
					.issuer_check = journal_identity_check(issuer->identity),
					.row = *row,
					.foreign = foreign});
}

static void put_history(struct journal *j)
{
	if (!j->history.known)
		return;
	put(j, &(struct journal_record){.kind = JOURNAL_HISTORY,
					.history = j->history.current,
					.position = j->history.position});
	j->position_written = j->history.position;
}

void journal_row(struct journal *j, const struct cert_record *record)
{
	struct cert_record row = *record, known;
	row.covers = revoked_find(j->revoked, row.issuer, serial_view(&row.serial), &known) &&
		     known.covers;
	put_row(j, &row, false);
}

bool journal_full(const struct journal *j)
{
	return j->pending.size >= PENDING_MOST;
}

void journal_issuer(struct journal *j, const struct issuer *issuer)
{
	if (j->state != JOURNAL_WRITTEN || !issuer->identified)
		return;
	announce(j, issuer);
	put(j, &(struct journal_record){.kind = JOURNAL_ISSUER_STATE,
					.issuer = (uint16_t)issuer->record.id,
					.issuer_check = journal_identity_check(issuer->identity),
					.revoked_at = issuer->record.revoked_at,
					.reason = issuer->record.reason});
}

/* Another one is told at once, before what is of it; how far it was seen goes with what is written. */
void journal_history(struct journal *j, const struct history *history)
{
	char why[160];
	const struct db_evidence evidence = {.history = history->current,
					     .position = history->position};
	bool continues = j->history.known && history_continues(&j->history, &evidence, why);
	j->history = *history;
	if (!continues)
		put_history(j);
}

void journal_renew(struct journal *j)
{
	j->renew = true;
}

/* ---- writing ---- */

/* What was to be written is lost; once it can be written again everything is told anew. */
static int broken(struct journal *j)
{
	buffer_deinit(&j->pending);
	j->pending = (struct buffer){0};
	memset(j->announced, 0, sizeof(j->announced));
	j->telling = false;
	j->renew = true;
	j->state = JOURNAL_BROKEN;
	j->retry_us = 0;
	return JOURNAL_FAILED;
}

int journal_flush(struct journal *j)
{
	if (j->pending.size == 0 && !j->pending.failed)
		return 0;
	if (j->history.position > j->position_written)
		put_history(j);
	if (buffer_result(&j->pending) < 0 ||
	    j->ops->append(j->context, buffer_view(&j->pending)) < 0)
		return broken(j);
	j->size += j->pending.size;
	buffer_reset(&j->pending);
	/* Damage to one write shall cost no other one. */
	memset(j->announced, 0, sizeof(j->announced));
	return 0;
}

/* ---- telling everything anew ---- */

static bool oversized(const struct journal *j)
{
	return j->size > UINT64_C(2) * ROW_OCTETS * (uint64_t)revoked_count(j->revoked) + SLACK;
}

static void start_file(struct journal *j)
{
	put(j, &(struct journal_record){.kind = JOURNAL_START,
					.format = JOURNAL_FORMAT,
					.generation = ++j->generation});
}

/* So that what is torn off does not go on in what follows: no record begins so, and none is longer. */
static void put_gap(struct buffer *out)
{
	uint8_t gap[JOURNAL_RECORD_MOST];
	memset(gap, 0xff, sizeof(gap));
	buffer_put(out, gap, sizeof(gap));
}

/* Into the other file; where this one still needs it, here. */
static int tell_begin(struct journal *j)
{
	j->state = JOURNAL_WRITTEN;
	if (j->complete) {
		if (journal_flush(j) != 0 || j->ops->swap(j->context) < 0)
			return broken(j);
		j->size = 0;
		j->started = j->complete = j->torn = false;
	}
	if (j->torn)
		put_gap(&j->pending);
	j->torn = false;
	if (!j->started)
		start_file(j);
	j->started = true;
	memset(j->announced, 0, sizeof(j->announced));
	put_kind(j, JOURNAL_SNAPSHOT);
	put_history(j);
	j->renew = false;
	j->telling = true;
	j->issuer_place = 0;
	j->row_place = 0;
	return 0;
}

static void tell_issuers(struct journal *j)
{
	for (; j->issuer_place < issuers_count(j->issuers); j->issuer_place++) {
		const struct issuer *issuer =
			issuers_by_id(j->issuers, (int32_t)j->issuer_place + 1);
		if (issuer->record.revoked_at != TIME_NONE)
			journal_issuer(j, issuer);
	}
}

static void tell_step(struct journal *j)
{
	struct revoked_row row;
	bool more = true;
	tell_issuers(j);
	for (unsigned i = 0; i < STEP_ROWS && more; i++) {
		more = revoked_next(j->revoked, false, &j->row_place, &row);
		if (more)
			put_row(j, &row.record, row.foreign);
	}
	if (more)
		return;
	put_kind(j, JOURNAL_COMPLETE);
	j->telling = false;
	j->complete = true;
}

static int tell(struct journal *j)
{
	int result = 0;
	if (!j->telling && (j->renew || oversized(j)))
		result = tell_begin(j);
	if (result == 0 && j->telling)
		tell_step(j);
	return result == 0 ? journal_flush(j) : result;
}

int journal_turn(struct journal *j, struct moment now)
{
	if (j->state == JOURNAL_WRITTEN)
		return tell(j);
	if (j->state == JOURNAL_BROKEN && j->retry_us == 0)
		j->retry_us = now.mono_us + RETRY_US;
	else if (j->state == JOURNAL_BROKEN && now.mono_us >= j->retry_us)
		(void)tell(j); /* that it cannot be written was said */
	return 0;
}

int64_t journal_next(const struct journal *j)
{
	if (j->state == JOURNAL_BROKEN)
		return j->retry_us;
	bool due = j->telling || j->renew || oversized(j);
	return j->state == JOURNAL_WRITTEN && due ? 0 : INT64_MAX;
}

enum journal_state journal_state(const struct journal *j)
{
	return j->state;
}

uint64_t journal_size(const struct journal *j)
{
	return j->size;
}
