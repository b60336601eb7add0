#include "base/alarms.h"

#include "base/json.h"
#include "base/timetext.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US (INT64_C(86400) * SECOND_US)

const char *alarm_kind_name(enum alarm_kind kind)
{
#define NAME(KIND, name) [ALARM_##KIND] = (name),
	static const char *const names[] = {ALARM_KINDS(NAME)};
#undef NAME
	return names[kind];
}

static void put_since(const struct alarm *alarm, struct buffer *out)
{
	char since[ISO_TIME_SIZE + 1] = "";
	time_put_iso(since, wall_seconds(alarm->since_us));
	buffer_put_string(out, since);
}

void alarm_put_line(enum alarm_event event, const struct alarm *alarm, struct buffer *out)
{
	static const char *const words[] = {
		[ALARM_BEGINS] = "",
		[ALARM_LASTS] = "it lasts: ",
		[ALARM_ENDS] = "it has ended: ",
	};
	buffer_printf(out, "%s%s alarm=%s", words[event], alarm->text,
		      alarm_kind_name(alarm->kind));
	if (alarm->scope[0])
		buffer_printf(out, " issuer=\"%s\"", alarm->scope);
	if (event == ALARM_BEGINS)
		return;
	buffer_put_string(out, " since=");
	put_since(alarm, out);
}

void alarms_init(struct alarms *alarms, alarms_tell *tell, void *context)
{
	*alarms = (struct alarms){.tell = tell, .context = context};
}

void alarms_deinit(struct alarms *alarms)
{
	for (unsigned i = 0; i < alarms->count; i++)
		free(alarms->all[i]);
	alarms->count = 0;
}

/* ---- the table ---- */

static void tell(const struct alarms *alarms, enum alarm_event event, const struct alarm *alarm)
{
	if (alarms->tell)
		alarms->tell(alarms->context, event, alarm);
}

/* `text` NULL: whatever it says. Its place, or `count`. */
static unsigned find(const struct alarms *alarms, enum alarm_kind kind, const char *scope,
		     const char *text)
{
	unsigned place = 0;
	for (; place < alarms->count; place++) {
		const struct alarm *alarm = alarms->all[place];
		if (alarm->kind == kind && strcmp(alarm->scope, scope) == 0 &&
		    (!text || strcmp(alarm->text, text) == 0))
			break;
	}
	return place;
}

static void begin(struct alarms *alarms, enum alarm_kind kind, const char *scope, const char *text,
		  struct moment now)
{
	struct alarm *alarm = calloc(1, sizeof(*alarm));
	if (!alarm)
		return; /* raised again while it lasts */
	alarm->kind = kind;
	alarm->since_us = now.wall_us;
	alarm->told_us = now.mono_us;
	(void)snprintf(alarm->scope, sizeof(alarm->scope), "%s", scope);
	(void)snprintf(alarm->text, sizeof(alarm->text), "%s", text);
	alarms->all[alarms->count++] = alarm;
	tell(alarms, ALARM_BEGINS, alarm);
}

/* The last place is for saying that there is no other. */
static void add(struct alarms *alarms, enum alarm_kind kind, const char *scope, const char *text,
		struct moment now)
{
	if (alarms->count + 1 < LIMIT_ALARMS)
		begin(alarms, kind, scope, text, now);
	else if (alarms->count < LIMIT_ALARMS)
		begin(alarms, ALARM_MORE, "", "more conditions last than can be listed", now);
}

static void end(struct alarms *alarms, unsigned place)
{
	struct alarm *alarm = alarms->all[place];
	alarms->count--;
	for (unsigned i = place; i < alarms->count; i++)
		alarms->all[i] = alarms->all[i + 1];
	tell(alarms, ALARM_ENDS, alarm);
	free(alarm);
}

/* There is a place again. */
static void end_more(struct alarms *alarms)
{
	unsigned place = find(alarms, ALARM_MORE, "", NULL);
	if (place < alarms->count && alarms->count < LIMIT_ALARMS)
		end(alarms, place);
}

/* ---- what is so ---- */

void alarms_raise(struct alarms *alarms, enum alarm_kind kind, const char *scope, struct moment now,
		  const char *format, ...)
{
	char text[LIMIT_ALARM_TEXT];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	unsigned place = find(alarms, kind, scope, NULL);
	if (place == alarms->count)
		add(alarms, kind, scope, text, now);
	else
		memcpy(alarms->all[place]->text, text, sizeof(text));
}

void alarms_clear(struct alarms *alarms, enum alarm_kind kind, const char *scope)
{
	unsigned place = find(alarms, kind, scope, NULL);
	if (place == alarms->count)
		return;
	end(alarms, place);
	end_more(alarms);
}

/* As it would be kept. */
static bool is_among(const char *const *texts, size_t count, const char *kept)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(texts[i], kept, LIMIT_ALARM_TEXT - 1) == 0)
			return true;
	return false;
}

void alarms_set(struct alarms *alarms, enum alarm_kind kind, const char *const *texts, size_t count,
		struct moment now)
{
	for (unsigned place = alarms->count; place-- > 0;)
		if (alarms->all[place]->kind == kind &&
		    !is_among(texts, count, alarms->all[place]->text))
			end(alarms, place);
	end_more(alarms);
	for (size_t i = 0; i < count; i++) {
		char kept[LIMIT_ALARM_TEXT];
		(void)snprintf(kept, sizeof(kept), "%s", texts[i]);
		if (find(alarms, kind, "", kept) == alarms->count)
			add(alarms, kind, "", kept, now);
	}
}

bool alarms_has(const struct alarms *alarms, enum alarm_kind kind, const char *scope)
{
	return find(alarms, kind, scope, NULL) < alarms->count;
}

/* ---- every day ---- */

void alarms_turn(struct alarms *alarms, struct moment now)
{
	for (unsigned i = 0; i < alarms->count; i++) {
		struct alarm *alarm = alarms->all[i];
		if (now.mono_us < alarm->told_us + DAY_US)
			continue;
		alarm->told_us = now.mono_us;
		tell(alarms, ALARM_LASTS, alarm);
	}
}

int64_t alarms_next(const struct alarms *alarms)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < alarms->count; i++)
		if (alarms->all[i]->told_us + DAY_US < next)
			next = alarms->all[i]->told_us + DAY_US;
	return next;
}

/* ---- status ---- */

static void put(const struct alarm *alarm, struct buffer *out)
{
	buffer_put_string(out, "{\"since\":\"");
	put_since(alarm, out);
	buffer_printf(out, "\",\"kind\":\"%s\",\"issuer\":", alarm_kind_name(alarm->kind));
	json_put_string(out, alarm->scope);
	buffer_put_string(out, ",\"text\":");
	json_put_string(out, alarm->text);
	buffer_put_u8(out, '}');
}

/* Of one, where every octet of it must be escaped. */
#define ALARM_SPACE ((size_t)6 * (LIMIT_ISSUER_NAME + LIMIT_ALARM_TEXT) + 128)

void alarms_put_json(const struct alarms *alarms, size_t most, struct buffer *out)
{
	size_t before = out->size;
	buffer_put_string(out, "\"alarms\":[");
	for (unsigned i = 0; i < alarms->count && out->size - before + ALARM_SPACE + 8 <= most;
	     i++) {
		buffer_put_string(out, i ? "," : "");
		put(alarms->all[i], out);
	}
	buffer_put_u8(out, ']');
}
