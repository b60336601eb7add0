/* Every way leads to source_fail() or succeed(), and from there to rest(). */
#include "fetcher/source.h"

#include "base/log.h"
#include "conf/hosts.h"
#include "fetcher/schedule.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* Once a day all of it, whatever a server says has not changed: the database may be another one by then. */
#define WHOLE_US (86400 * SECOND_US)
/* The first round begins within this time, so that not all instances of a fleet ask at once. */
#define FIRST_MS 2000u
/* Beyond what the warden allows: it answers earlier. */
#define OUTCOME_US (86400 * SECOND_US + 600 * SECOND_US)

const char *source_kind_name(enum source_kind kind)
{
	static const char *const names[] = {"crl", "watch"};
	return names[kind];
}

/* ---- how long it lasts ---- */

/* The wall clock may be set: what comes later is looked at before. */
#define LOOK_US (60 * SECOND_US)

static enum source_validity validity_at(const struct source *s, int64_t now_s)
{
	if (s->warned_from == INT64_MAX)
		return VALIDITY_UNTOLD;
	if (s->times.next_update <= now_s)
		return VALIDITY_LAPSED;
	return s->warned_from <= now_s ? VALIDITY_ENDING : VALIDITY_VALID;
}

static void settle_validity(struct source *s, struct moment now)
{
	const struct conf_issuer *issuer = conf_issuer_named(s->world->conf, s->issuer);
	bool told = s->kind == SOURCE_RECORDED && s->times.next_update != TIME_NONE && issuer &&
		    issuer->policy.complete;
	s->warned_from =
		told ? conf_crl_warned_from(issuer, s->times.this_update, s->times.next_update)
		     : INT64_MAX;
	s->validity = validity_at(s, wall_seconds(now.wall_us));
}

bool source_reconfigure(struct source *s, struct moment now)
{
	enum source_validity before = s->validity;
	settle_validity(s, now);
	return s->validity != before;
}

int64_t source_look(struct source *s, struct moment now, bool *ret_changed)
{
	enum source_validity before = s->validity;
	s->validity = validity_at(s, wall_seconds(now.wall_us));
	*ret_changed = s->validity != before;
	if (s->validity == VALIDITY_UNTOLD)
		return INT64_MAX;
	int64_t at = s->validity == VALIDITY_VALID ? s->warned_from : s->times.next_update;
	int64_t left = at - wall_seconds(now.wall_us);
	if (s->validity == VALIDITY_LAPSED || left > LOOK_US / SECOND_US)
		return now.mono_us + LOOK_US;
	return now.mono_us + left * SECOND_US - now.wall_us % SECOND_US;
}

/* ---- the end of one round ---- */

uint32_t source_chance(void)
{
	uint32_t number = 0;
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		number = (uint32_t)clock_now().mono_us;
	return number;
}

static struct schedule schedule_of(const struct source *s)
{
	const struct conf_server *server = &s->world->conf->server;
	return (struct schedule){.least_us = server->fetch_retry_us,
				 .most_us = server->fetch_interval_us};
}

/* Whatever it does ends. */
static void stop(struct source *s)
{
	if (s->transfer)
		transfer_cancel(s->transfer);
	if (s->fd >= 0)
		close(s->fd);
	s->transfer = NULL;
	s->fd = -1;
	s->ticket = 0;
	s->state = SOURCE_RESTING;
}

static void rest(struct source *s, int64_t pause_us, struct moment now)
{
	stop(s);
	s->due_us = now.mono_us + (s->at_once ? 0 : pause_us);
	s->at_once = false;
	s->world->changed(s->world->context, s, now);
}

void source_fail(struct source *s, struct moment now, const char *format, ...)
{
	struct schedule schedule = schedule_of(s);
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(s->error, sizeof(s->error), format, arguments);
	va_end(arguments);
	s->failures++;
	s->failed++;
	rest(s, schedule_after_failure(&schedule, s->failures, source_chance()), now);
}

static void succeed(struct source *s, struct moment now)
{
	struct schedule schedule = schedule_of(s);
	int64_t next = s->times.next_update;
	int64_t left_us = next == TIME_NONE ? INT64_MAX : next * SECOND_US - now.wall_us;
	s->failures = 0;
	s->error[0] = '\0';
	s->overdue = left_us > 0 ? 0 : s->overdue + 1;
	s->answered_at = wall_seconds(now.wall_us);
	rest(s, schedule_after_success(&schedule, left_us, s->overdue, source_chance()), now);
}

/* ---- what became of it ---- */

/* A count of each kind, and the line. 0 or -EBADMSG. */
static int take_differences(struct source *s, struct view *text)
{
	uint64_t counts[SOURCE_DIFFERENCES] = {0};
	const uint8_t *p = text->data, *end = p + text->size;
	for (unsigned i = 0; i < SOURCE_DIFFERENCES; i++) {
		const uint8_t *begin = p;
		for (; p < end && *p >= '0' && *p <= '9' && p - begin < 18; p++)
			counts[i] = counts[i] * 10 + (uint64_t)(*p - '0');
		if (p == begin || p == end || *p++ != ' ')
			return -EBADMSG;
	}
	memcpy(s->differences, counts, sizeof(counts));
	*text = view_of(p, (size_t)(end - p));
	return 0;
}

static void take(struct source *s, struct view text, struct moment now)
{
	(void)snprintf(s->outcome, sizeof(s->outcome), "%.*s", (int)text.size,
		       (const char *)text.data);
	s->known = s->coming;
	s->times = s->coming_times;
	settle_validity(s, now);
	s->whole_us = now.mono_us;
	s->again = s->differs; /* what has changed in the database meanwhile is seen then */
	s->recorded++;
	s->recorded_at = wall_seconds(now.wall_us);
	succeed(s, now);
}

void source_outcome(struct source *s, enum control_outcome outcome, struct view text,
		    struct moment now)
{
	s->differs = outcome == CONTROL_DIFFERS && s->kind == SOURCE_COMPARED;
	if (s->differs && take_differences(s, &text) < 0)
		source_fail(s, now, "what was said of it is not understood");
	else if (outcome == CONTROL_TAKEN || s->differs)
		take(s, text, now);
	else
		source_fail(s, now, "%.*s", (int)text.size, (const char *)text.data);
	if (!s->differs)
		memset(s->differences, 0, sizeof(s->differences));
}

void source_hand_over(struct source *s, struct moment now)
{
	struct source_world *world = s->world;
	char text[LIMIT_ISSUER_NAME + 16];
	(void)snprintf(text, sizeof(text), "%s %s", source_kind_name(s->kind), s->issuer);
	if (++world->ticket == 0)
		world->ticket = 1;
	if (!world->hand_over(world->context, world->ticket, text, s->fd)) {
		source_fail(s, now, "it could not be handed over");
		return;
	}
	close(s->fd);
	s->fd = -1;
	s->ticket = world->ticket;
	s->state = SOURCE_RECORDING;
	s->due_us = now.mono_us + OUTCOME_US;
}

/* ---- what came ---- */

/* One that does not fit is as if there were none. */
static void keep_validator(const char *text, char ret[LIMIT_VALIDATOR + 1])
{
	ret[0] = '\0';
	if (strlen(text) <= LIMIT_VALIDATOR)
		(void)snprintf(ret, LIMIT_VALIDATOR + 1, "%s", text);
}

/* Whose fault it may be. */
static const char *by(const struct source *s)
{
	return s->world->conf->server.fetch_proxy ? " (by fetch_proxy)" : "";
}

static void take_body(struct source *s, const struct transfer_reply *reply, struct moment now)
{
	struct fault fault = {""};
	if (arrival_read(reply->body, &s->coming_times, &fault) < 0) {
		source_fail(s, now, "%.300s%s", fault.text, by(s));
		return;
	}
	int result = arrival_seal(reply->body, &s->fd);
	if (result < 0) {
		source_fail(s, now, "it could not be kept: %s", strerror(-result));
		return;
	}
	keep_validator(reply->etag, s->coming.etag);
	keep_validator(reply->last_modified, s->coming.last_modified);
	s->size = reply->body.size;
	s->state = SOURCE_WAITING;
	s->world->changed(s->world->context, s, now);
}

static void fetch(struct source *s, struct moment now);

/* Never to a host that nobody listed, nor from https to http. */
static void take_redirect(struct source *s, const char *where, struct moment now)
{
	const char *hosts = s->world->conf->server.fetch_hosts;
	struct location to, own;
	if (!*where || location_read(s->at.url, where, &to) < 0 ||
	    location_read(s->url, s->url, &own) < 0)
		source_fail(s, now, "a redirect leads to no URL of http or https: \"%.200s\"",
			    where);
	else if (strcmp(to.host, own.host) != 0 && !hosts_have(hosts, view_of_string(to.host)))
		source_fail(s, now,
			    "a redirect leads to another host, %.200s, that fetch_hosts "
			    "does not list",
			    to.host);
	else if (s->at.secure && !to.secure)
		source_fail(s, now, "a redirect leads from https to http");
	else if (++s->redirects > LIMIT_REDIRECTS)
		source_fail(s, now, "more than %u redirects", LIMIT_REDIRECTS);
	else {
		s->at = to;
		fetch(s, now);
	}
}

static bool is_redirect(unsigned status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void on_reply(void *context, const struct transfer_reply *reply)
{
	struct source *s = context;
	struct moment now = clock_now();
	s->transfer = NULL;
	if (reply->reason)
		source_fail(s, now, "%.300s%s", reply->reason, by(s));
	else if (reply->status == 200)
		take_body(s, reply, now);
	else if (reply->status == 304 && s->conditional)
		succeed(s, now);
	else if (reply->status == 304)
		source_fail(s, now, "the server says 304, as if we had it");
	else if (is_redirect(reply->status))
		take_redirect(s, reply->location, now);
	else
		source_fail(s, now, "the server says %u%s", reply->status, by(s));
}

/* ---- the beginning of one round ---- */

#define FIELD (LIMIT_VALIDATOR + 32)

/* Where the last went well, and is not over: else there may be more wrong than what a server knows of. */
static bool may_ask_conditionally(const struct source *s, struct moment now)
{
	return !s->again && s->failures == 0 && s->overdue == 0 && s->whole_us != INT64_MIN &&
	       now.mono_us - s->whole_us < WHOLE_US &&
	       (s->known.etag[0] || s->known.last_modified[0]);
}

static const char *condition(const struct source *s, char ret[FIELD])
{
	bool by_tag = s->known.etag[0];
	(void)snprintf(ret, FIELD, "%s: %s", by_tag ? "If-None-Match" : "If-Modified-Since",
		       by_tag ? s->known.etag : s->known.last_modified);
	return ret;
}

static void fetch(struct source *s, struct moment now)
{
	const struct conf_server *server = &s->world->conf->server;
	char field[FIELD];
	const char *const fields[] = {s->conditional ? condition(s, field) : NULL, NULL};
	const struct transfer_request request = {
		.url = s->at.url,
		.proxy = server->fetch_proxy,
		.fields = fields,
		.most = server->fetch_size,
		.timeout_us = server->fetch_timeout_us,
	};
	s->state = SOURCE_FETCHING;
	int result = transfer_start(s->world->transfers, &request, on_reply, s, &s->transfer);
	if (result == -EINVAL)
		source_fail(s, now, "%s",
			    s->at.secure ? "https needs [server] fetch_ca_file, readable"
					 : "it is no URL");
	else if (result < 0)
		source_fail(s, now, "it could not be asked for: %s", strerror(-result));
}

void source_start(struct source *s, struct moment now)
{
	if (location_read(s->url, s->url, &s->at) < 0) {
		source_fail(s, now, "it is no URL");
		return;
	}
	s->fetched++;
	s->redirects = 0;
	s->conditional = may_ask_conditionally(s, now);
	fetch(s, now);
}

void source_now(struct source *s, struct moment now)
{
	s->again = true;
	s->at_once = s->state != SOURCE_RESTING;
	if (s->state == SOURCE_RESTING)
		s->due_us = now.mono_us;
}

/* ---- life ---- */

struct source *source_new(struct source_world *world, enum source_kind kind, const char *issuer,
			  struct view url)
{
	struct source *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->world = world;
	s->kind = kind;
	s->fd = -1;
	s->due_us = clock_now().mono_us + (int64_t)(source_chance() % FIRST_MS) * MILLISECOND_US;
	s->whole_us = INT64_MIN;
	s->times = (struct arrival){.this_update = TIME_NONE, .next_update = TIME_NONE};
	s->answered_at = s->recorded_at = TIME_NONE;
	s->warned_from = INT64_MAX;
	(void)snprintf(s->issuer, sizeof(s->issuer), "%s", issuer);
	(void)snprintf(s->url, sizeof(s->url), "%.*s", (int)url.size, (const char *)url.data);
	return s;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	stop(s);
	free(s);
}
