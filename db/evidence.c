#include "db/evidence.h"

enum { EVIDENCE_AT, EVIDENCE_STANDBY, EVIDENCE_BEAT };

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

int db_evidence_read(const struct db_field fields[DB_EVIDENCE_FIELDS], struct moment sent,
		     struct db_beat *beat, struct db_evidence *ret)
{
	bool standby;
	int64_t time_us;
	if (db_read_bool(&fields[EVIDENCE_STANDBY], &standby) != 0)
		return DB_ROW_BAD;
	if (db_read_time_us(&fields[standby ? EVIDENCE_BEAT : EVIDENCE_AT], &time_us) != 0)
		return DB_ROW_BAD;
	*ret = standby ? of_beat(time_us, sent, beat)
		       : (struct db_evidence){.time_us = time_us, .mono_us = sent.mono_us};
	return 0;
}
