#include "db/evidence.h"

static struct db_evidence of_beat(int64_t beat_us, struct moment sent, struct db_beat *beat)
{
	if (!beat->known || beat->beat_us != beat_us)
		*beat = (struct db_beat){
			.beat_us = beat_us, .seen_mono_us = sent.mono_us, .known = true};
	int64_t age = sent.wall_us > beat_us ? sent.wall_us - beat_us : 0;
	int64_t unchanged = sent.mono_us - beat->seen_mono_us;
	return (struct db_evidence){
		.time_us = beat_us,
		.mono_us = sent.mono_us - (age > unchanged ? age : unchanged),
	};
}

static struct db_field take_time(struct cursor *c)
{
	return (struct db_field){.bytes = cursor_take(c, sizeof(int64_t))};
}

static uint32_t take_u32(struct cursor *c)
{
	uint64_t value = cursor_u64(c);
	if (value > UINT32_MAX)
		cursor_fail(c);
	return (uint32_t)value;
}

int db_evidence_read(const struct db_field *field, struct moment sent, struct db_beat *beat,
		     struct db_evidence *ret)
{
	struct cursor c = cursor_of(field->bytes);
	struct db_field at = take_time(&c), beat_at = take_time(&c);
	struct db_history history = {.system = cursor_u64(&c)};
	history.database = take_u32(&c);
	history.timeline = take_u32(&c);
	history.tables = cursor_u64(&c);
	uint64_t position = cursor_u64(&c);
	bool standby = cursor_bool(&c), followed = cursor_bool(&c);
	bool by_beat = standby || followed; /* in the same snapshot, a time that was written */
	int64_t time_us;
	if (field->null || cursor_end(&c) < 0 ||
	    db_read_time_us(by_beat ? &beat_at : &at, &time_us) != 0)
		return DB_ROW_BAD;
	*ret = by_beat ? of_beat(time_us, sent, beat)
		       : (struct db_evidence){.time_us = time_us, .mono_us = sent.mono_us};
	ret->standby = standby;
	ret->position = position;
	ret->history = history;
	return 0;
}

const char *db_history_break(const struct db_evidence *a, const struct db_evidence *b)
{
	if (a->history.system != b->history.system)
		return "database: another server answers than before";
	if (a->history.database != b->history.database)
		return "database: another database answers than before";
	if (a->history.timeline != b->history.timeline)
		return "database: another history: a server was promoted or recovered";
	if (a->history.tables != b->history.tables)
		return "database: another history: its tables were restored, truncated or "
		       "rewritten";
	if (b->position < a->position)
		return "database: another history: its transactions went back";
	return NULL;
}
