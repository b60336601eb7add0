#include "fetcher/purge_caches.h"

#include "base/hex.h"
#include "base/histogram.h"
#include "base/json.h"
#include "base/log.h"
#include "fetcher/cachekind.h"
#include "net/headers.h"

#define ANSWER_MOST ((size_t)64 << 10)
#define ANSWER_TIMEOUT_US (4 * SECOND_US)
/* Unconfirmed for so long it is a person's business; longer than one answer may take, so that the alarm says why. */
#define ALARM_AFTER_US (5 * SECOND_US)
/* Until the last front has heard, beyond freshness. */
#define AGAIN_SLACK_US SECOND_US
#define REFUSALS_MOST 5u

struct told {
	struct purge_caches *all;
	unsigned index; /* of its section */
	struct purge_queue *queue;
	const struct purge_item *items; /* that are being told */
	unsigned count, step;
	unsigned refused; /* one after the other */
	struct transfer *transfer;
	char reason[200]; /* of the latest failure; "": the latest was none */
	uint64_t purges, failures;
	struct histogram times; /* from the change's coming here to the cache's word */
};

struct purge_caches {
	struct shell *shell;
	struct transfers *transfers;
	struct alarms *alarms;
	unsigned count;
	struct told *each[LIMIT_CACHES];
};

static const struct conf_cache *section_of(const struct told *told)
{
	return &told->all->shell->conf->caches[told->index];
}

/* ---- one request ---- */

static void go_on(struct told *told);

static void failed(struct told *told, const char *reason)
{
	(void)snprintf(told->reason, sizeof(told->reason), "%s", reason);
	told->failures++;
	purge_queue_failed(told->queue, clock_now().mono_us);
}

/* What cannot be asked for anew, because no cache may keep it any more, can be forgotten with all the rest only. */
static void refused(struct told *told, const char *reason)
{
	failed(told, reason);
	if (++told->refused % REFUSALS_MOST == 0 && section_of(told)->kind == CACHE_URL)
		purge_queue_add(told->queue, &(struct message_forget){.scope = PURGE_ALL},
				clock_now().mono_us);
}

static void confirmed(struct told *told)
{
	int64_t now = clock_now().mono_us;
	for (unsigned i = 0; i < told->count; i++)
		if (!told->items[i].again)
			histogram_add(&told->times, now - told->items[i].since_us);
	told->reason[0] = '\0';
	told->refused = 0;
	told->purges += told->count;
	purge_queue_confirmed(told->queue, now);
}

static void on_done(void *context, const struct transfer_reply *reply)
{
	struct told *told = context;
	char reason[64];
	told->transfer = NULL;
	(void)snprintf(reason, sizeof(reason), "it answers %u", reply->status);
	if (reply->reason)
		failed(told, reply->reason);
	else if (!cachekind_confirmed(section_of(told), told->items, reply->status, reply->etag[0]))
		refused(told, reason);
	else if (++told->step < cachekind_steps(section_of(told), told->items))
		go_on(told);
	else
		confirmed(told);
	shell_turn(told->all->shell);
}

static int start(struct told *told, struct cachekind_request *r, struct headers *headers)
{
	/* The kind's own fields come first. */
	const char *fields[HEADERS_MOST + 3];
	unsigned count = 0;
	for (const char *f = (const char *)r->fields.data;
	     r->fields.size > 0 && f < (const char *)r->fields.data + r->fields.size;
	     f += strlen(f) + 1)
		fields[count++] = f;
	for (unsigned i = 0; i < headers->count; i++)
		fields[count++] = headers->each[i];
	fields[count] = NULL;
	const struct transfer_request request = {
		.url = (const char *)r->url.data,
		.method = r->method,
		.fields = fields,
		.body = buffer_view(&r->body),
		.most = ANSWER_MOST,
		.timeout_us = ANSWER_TIMEOUT_US,
	};
	return transfer_start(told->all->transfers, &request, on_done, told, &told->transfer);
}

static const char *reason_of(int result)
{
	switch (result) {
	case -EINVAL:
		return "its URL is not of http, or of https without fetch_ca_file";
	case -EAGAIN:
		return "too many names wait to be resolved";
	default:
		return strerror(-result);
	}
}

/* A file that has been replaced can be opened by the next process only. */
static void headers_failed(struct told *told, const struct fault *fault)
{
	failed(told, fault->text);
	if (shell_outdated(told->all->shell))
		shell_end(told->all->shell, 0);
}

static void go_on(struct told *told)
{
	const struct conf_cache *section = section_of(told);
	struct fault fault = {""};
	struct cachekind_request r = {.method = NULL};
	cleanup(headers_deinit) struct headers headers = {0};
	if (headers_read(section->headers_file, &headers, &fault) < 0) {
		headers_failed(told, &fault);
		return;
	}
	int result = cachekind_request(section, told->items, told->count, told->step, &r);
	if (result == 0)
		result = start(told, &r, &headers);
	cachekind_request_deinit(&r);
	if (result < 0)
		failed(told, reason_of(result));
}

/* Turns come while one is being told, too. */
static void begin(struct told *told, int64_t now_us)
{
	const struct purge_item *items;
	unsigned count =
		purge_queue_take(told->queue, cachekind_most(section_of(told)), now_us, &items);
	if (count == 0)
		return;
	told->items = items;
	told->count = count;
	told->step = 0;
	go_on(told);
}

/* ---- what a person must know ---- */

static void describe(const struct purge_item *item, char *ret, size_t size)
{
	char serial[2 * LIMIT_SERIAL + 1];
	hex_put(serial, serial_view(&item->serial));
	if (item->scope == PURGE_ALL)
		(void)snprintf(ret, size, "everything");
	else if (item->scope == PURGE_ISSUER)
		(void)snprintf(ret, size, "all of issuer=%s", log_quoted(item->issuer));
	else
		(void)snprintf(ret, size, "issuer=%s serial=%s", log_quoted(item->issuer), serial);
}

/* Without ages, so that one that lasts stays the same one. */
static bool describe_trouble(const struct told *told, int64_t now_us, char ret[LIMIT_ALARM_TEXT])
{
	char what[300];
	const struct purge_item *oldest;
	if (purge_queue_unconfirmed(told->queue, &oldest) == 0 ||
	    now_us < oldest->since_us + ALARM_AFTER_US)
		return false;
	describe(oldest, what, sizeof(what));
	(void)snprintf(
		ret, LIMIT_ALARM_TEXT,
		"the cache %.60s may say what is over: it cannot be told, %.200s; first: %.180s",
		log_quoted(section_of(told)->name),
		told->reason[0] ? told->reason : "it does not answer", what);
	return true;
}

static void look_at_alarms(struct purge_caches *caches, struct moment now)
{
	char texts[LIMIT_CACHES][LIMIT_ALARM_TEXT];
	const char *list[LIMIT_CACHES];
	size_t count = 0;
	for (unsigned i = 0; i < caches->count; i++)
		if (describe_trouble(caches->each[i], now.mono_us, texts[count])) {
			list[count] = texts[count];
			count++;
		}
	alarms_set(caches->alarms, ALARM_CACHE_UNTOLD, list, count, now);
}

static int64_t look_again(const struct told *told, int64_t now_us)
{
	const struct purge_item *oldest;
	int64_t next = purge_queue_next(told->queue);
	if (purge_queue_unconfirmed(told->queue, &oldest) == 0)
		return next;
	int64_t alarm = oldest->since_us + ALARM_AFTER_US;
	return alarm > now_us && alarm < next ? alarm : next;
}

int64_t purge_caches_turn(struct purge_caches *caches, struct moment now)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < caches->count; i++)
		begin(caches->each[i], now.mono_us);
	look_at_alarms(caches, now);
	for (unsigned i = 0; i < caches->count; i++) {
		int64_t again = look_again(caches->each[i], now.mono_us);
		next = again < next ? again : next;
	}
	return next;
}

/* ---- from the ledger ---- */

int purge_caches_frame(struct purge_caches *caches, uint8_t type, struct view payload)
{
	struct message_forget m;
	if (type != MESSAGE_FORGET || message_forget_read(payload, &m) < 0)
		return -EBADMSG;
	for (unsigned i = 0; i < caches->count; i++)
		purge_queue_add(caches->each[i]->queue, &m, clock_now().mono_us);
	shell_turn(caches->shell);
	return 0;
}

/* ---- life ---- */

static void told_free(struct told *told)
{
	if (!told)
		return;
	if (told->transfer)
		transfer_cancel(told->transfer);
	purge_queue_free(told->queue);
	free(told);
}

static int64_t again_us(const struct purge_caches *caches)
{
	return caches->shell->conf->database.freshness_us + AGAIN_SLACK_US;
}

static int told_new(struct purge_caches *caches, unsigned index, struct told **ret)
{
	struct told *told = calloc(1, sizeof(*told));
	if (!told)
		return -ENOMEM;
	told->all = caches;
	told->index = index;
	int result = purge_queue_new(again_us(caches), clock_now().mono_us, &told->queue);
	if (result < 0) {
		told_free(told);
		return result;
	}
	*ret = told;
	return 0;
}

void purge_caches_free(struct purge_caches *caches)
{
	if (!caches)
		return;
	for (unsigned i = 0; i < caches->count; i++)
		told_free(caches->each[i]);
	free(caches);
}

int purge_caches_new(struct shell *shell, struct transfers *transfers, struct alarms *alarms,
		     struct purge_caches **ret)
{
	struct purge_caches *caches = calloc(1, sizeof(*caches));
	if (!caches)
		return -ENOMEM;
	caches->shell = shell;
	caches->transfers = transfers;
	caches->alarms = alarms;
	for (; caches->count < shell->conf->cache_count; caches->count++) {
		if (told_new(caches, caches->count, &caches->each[caches->count]) == 0)
			continue;
		purge_caches_free(caches);
		return -ENOMEM;
	}
	*ret = caches;
	return 0;
}

/* The one of before whose section says the same. */
static struct told *inherit(struct told **each, unsigned count, const struct conf *before,
			    const struct conf_cache *section)
{
	for (unsigned i = 0; i < count; i++) {
		struct told *told = each[i];
		if (!told || !conf_cache_same(&before->caches[told->index], section))
			continue;
		each[i] = NULL;
		return told;
	}
	return NULL;
}

int purge_caches_commit(struct purge_caches *caches, const struct conf *before)
{
	const struct conf *conf = caches->shell->conf;
	struct told *former[LIMIT_CACHES];
	unsigned count = caches->count;
	int result = 0;
	memcpy(former, caches->each, sizeof(former));
	caches->count = 0;
	for (unsigned i = 0; result == 0 && i < conf->cache_count; i++) {
		struct told *told = inherit(former, count, before, &conf->caches[i]);
		if (!told)
			result = told_new(caches, i, &told);
		if (result < 0)
			break;
		told->index = i;
		purge_queue_set_again(told->queue, again_us(caches));
		caches->each[caches->count++] = told;
	}
	for (unsigned i = 0; i < count; i++)
		told_free(former[i]);
	shell_turn(caches->shell);
	return result;
}

void purge_caches_needs(const struct conf *conf, struct sandbox *needs)
{
	for (unsigned i = 0; i < conf->cache_count; i++) {
		if (!conf->caches[i].headers_file)
			continue;
		sandbox_calls(needs, CALLS_FILES);
		sandbox_reads(needs, conf->caches[i].headers_file);
	}
}

/* ---- status ---- */

static void put_cache(const struct told *told, struct moment now, struct buffer *out)
{
	static const char *const kinds[] = {
		[CACHE_VARNISH] = "varnish", [CACHE_URL] = "url", [CACHE_TEMPLATE] = "template"};
	const struct purge_item *oldest;
	unsigned unpurged = purge_queue_unconfirmed(told->queue, &oldest);
	int64_t age = unpurged ? now.mono_us - oldest->since_us : 0;
	buffer_put_string(out, "{\"name\":");
	json_put_string(out, section_of(told)->name);
	buffer_printf(out, ",\"kind\":\"%s\"", kinds[section_of(told)->kind]);
	json_put_number(out, "unpurged", unpurged);
	json_put_number(out, "oldest_unpurged_ms", (uint64_t)(age > 0 ? age : 0) / 1000);
	json_put_number(out, "repeats", purge_queue_repeats(told->queue));
	json_put_number(out, "purges", told->purges);
	json_put_number(out, "failures", told->failures);
	histogram_put_json(&told->times, "times", out);
	buffer_put_string(out, ",\"failure\":");
	json_put_string(out, told->reason);
	buffer_put_u8(out, '}');
}

void purge_caches_status(const struct purge_caches *caches, struct moment now, struct buffer *out)
{
	buffer_put_string(out, "\"caches\":[");
	for (unsigned i = 0; i < caches->count; i++) {
		buffer_put_string(out, i ? "," : "");
		put_cache(caches->each[i], now, out);
	}
	buffer_put_u8(out, ']');
}
