#include "front/exchange.h"

#include "base/hex.h"
#include "base/log.h"
#include "http/get_path.h"

static int64_t seconds_of(const struct moment *now)
{
	return wall_seconds(now->wall_us);
}

/* ---- OCSP ---- */

/* Under a flood of nonces one head a second is written anew: answers of one signer have one size. */
static const struct front_head *uncacheable_head(struct front *front, int64_t second,
						 size_t body_size)
{
	struct front_head *head = &front->uncacheable;
	if (head->size == 0 || head->second != second || head->body_size != body_size) {
		head->size = http_put_uncacheable(head->octets, second, body_size);
		head->second = second;
		head->body_size = body_size;
	}
	return head;
}

/* Errors, nonces, several CertIDs: of nobody else's interest (P-20, P-50) … */
static void put_uncacheable(struct front *front, struct view der, const struct moment *now,
			    const struct reply_style *style)
{
	uint8_t *head = turn_room(&front->turn);
	const struct front_head *written = uncacheable_head(front, seconds_of(now), der.size);
	memcpy(head, written->octets, written->size);
	turn_put_reply(&front->turn, style, view_of(head, written->size), der);
}

/* … but for RFC 9919 every successful answer is (F-lightweight). */
static void put_passing(struct front *front, const struct answer *answer, const struct moment *now,
			const struct reply_style *style)
{
	uint8_t *head = turn_room(&front->turn);
	size_t size = answer->passing ? unstored_put_head(answers_layout(front->answers),
							  answer->passing, now, head)
				      : 0;
	if (size > 0)
		turn_put_reply(&front->turn, style, view_of(head, size), answer->der);
	else
		put_uncacheable(front, answer->der, now, style);
}

static void put_stored(struct front *front, struct cache_entry *entry, const struct moment *now,
		       const struct reply_style *style)
{
	struct stored_reply reply = stored_reply(answers_layout(front->answers), entry, now);
	turn_put_reply(&front->turn, style, reply.head, reply.body);
}

/* P-49. */
static bool put_not_modified(struct front *front, const struct http_request *request,
			     const struct answer *answer, const struct moment *now,
			     const struct reply_style *style)
{
	if (!http_is_conditional(request))
		return false;
	uint8_t *head = turn_room(&front->turn);
	size_t size = stored_not_modified(answers_layout(front->answers), answer->entry, request,
					  now, head);
	if (size == 0)
		return false;
	front->counts.not_modified++;
	turn_put_reply(&front->turn, style, view_of(head, size), (struct view){0});
	return true;
}

static void log_answered(uint64_t request, const struct answer *answer)
{
	static const char *const names[] = {
		[OCSP_GOOD] = "good", [OCSP_REVOKED] = "revoked", [OCSP_UNKNOWN] = "unknown"};
	const char *status = "none";
	if (answer->entry)
		status = names[cache_entry_label(answer->entry).status];
	else if (answer->passing)
		status = names[answer->passing->label.status];
	log_debug("answered " REQUEST_FORMAT " result=%s status=%s", request,
		  ocsp_result_name(answer->result), status);
}

static void put_answer(struct front *front, const struct http_request *request,
		       const struct answer *answer, const struct moment *now,
		       const struct reply_style *style)
{
	if (!answer->entry)
		put_passing(front, answer, now, style);
	else if (!put_not_modified(front, request, answer, now, style))
		put_stored(front, answer->entry, now, style);
}

/* With its line of the access log; `note` NULL: it gets none. */
static void put_noted(struct front *front, const struct http_request *request,
		      const struct access_note *note, const struct answer *answer,
		      const struct moment *now, const struct reply_style *style)
{
	size_t octets = front->turn.bytes;
	uint64_t not_modified = front->counts.not_modified;
	put_answer(front, request, answer, now, style);
	if (!note)
		return;
	const struct access_end end = {
		.answer = answer,
		.not_modified = front->counts.not_modified != not_modified,
		.octets = front->turn.bytes - octets,
	};
	access_add(front->access, front->conf, note, &end);
}

void exchange_deliver(struct front *front, const struct http_request *request,
		      struct flight_waiter *waiter, const struct answer *answer,
		      const struct moment *now, const struct reply_style *style)
{
	if (log_wants(LOG_LEVEL_DEBUG))
		log_answered(waiter->request, answer);
	put_noted(front, request, waiter->note, answer, now, style);
	free(waiter->note);
	waiter->note = NULL;
}

/* An OCSP error of this front's own, to a request of which nothing is known but its method. */
static void put_error(struct front *front, const struct http_request *request,
		      enum ocsp_result result, enum tally_cause cause, const struct moment *now,
		      const struct reply_style *style)
{
	const struct answer answer = {
		.result = result, .cause = cause, .der = ocsp_error_response(result)};
	uint64_t number = ++front->last_request;
	struct access_note note;
	bool noted = access_wants(front->conf, number);
	if (noted)
		access_note(&note, NULL, number, request->method, front->client, now);
	answers_count_error(front->answers, result, cause);
	put_noted(front, request, noted ? &note : NULL, &answer, now, style);
}

static int put_malformed(struct front *front, const struct http_request *request,
			 const struct moment *now, const struct reply_style *style)
{
	front->counts.malformed++;
	put_error(front, request, OCSP_MALFORMED_REQUEST, TALLY_ERROR, now, style);
	return 0;
}

static void log_received(uint64_t number, const struct ocsp_request *question)
{
	char serial[2 * LIMIT_SERIAL + 1];
	hex_put(serial, question->certids[0].serial);
	log_debug("received " REQUEST_FORMAT " serial=%s certids=%u nonce=%d signed=%d", number,
		  serial, question->certid_count, question->has_nonce, question->is_signed);
}

/* `flight`: it waits for this one, opened for it or before. */
static void log_looked_up(uint64_t number, const struct flight *flight, bool hit)
{
	if (!flight)
		log_debug("cache %s " REQUEST_FORMAT, hit ? "hit" : "miss", number);
	else if (flight_request(flight) == number)
		log_debug("cache miss, the ledger is asked " REQUEST_FORMAT, number);
	else
		log_debug("cache miss, another asks already " REQUEST_FORMAT " of=%016" PRIx64,
			  number, flight_request(flight));
}

static struct access_note *note_keep(const struct access_note *note)
{
	struct access_note *copy = malloc(sizeof(*copy));
	if (copy)
		*copy = *note;
	return copy;
}

/* The same as without words: hits are too many to ask again and again whether somebody reads them. */
static int exchange_told(struct front *front, const struct http_request *request,
			 const struct ocsp_request *question, struct flight_waiter *waiter,
			 const struct moment *now, const struct reply_style *style)
{
	struct answer answer;
	struct access_note note;
	bool noted = access_wants(front->conf, waiter->request);
	bool debugs = log_wants(LOG_LEVEL_DEBUG);
	if (noted)
		access_note(&note, question, waiter->request, request->method, front->client, now);
	if (debugs)
		log_received(waiter->request, question);
	int result = answers_ask(front->answers, question, waiter, now, &answer);
	if (debugs)
		log_looked_up(waiter->request, waiter->flight, result == 0 && answer.entry);
	if (result == ANSWERS_WAITING) {
		waiter->note = noted ? note_keep(&note) : NULL;
		return EXCHANGE_WAITING;
	}
	if (debugs)
		log_answered(waiter->request, &answer);
	put_noted(front, request, noted ? &note : NULL, &answer, now, style);
	return 0;
}

static int exchange_ocsp(struct front *front, const struct http_request *request, struct view der,
			 struct flight_waiter *waiter, const struct moment *now,
			 const struct reply_style *style)
{
	const struct ocsp_request_policy policy = {
		.most_certids = front->conf->max_certids,
		.critical = front->conf->critical_extensions,
	};
	struct ocsp_request question;
	if (ocsp_request_parse(der, &policy, &question) != 0)
		return put_malformed(front, request, now, style);
	waiter->request = ++front->last_request;
	front->counts.hashes[question.certids[0].hash]++;
	if (log_wants(LOG_LEVEL_DEBUG) || access_wants(front->conf, waiter->request))
		return exchange_told(front, request, &question, waiter, now, style);
	struct answer answer;
	if (answers_ask(front->answers, &question, waiter, now, &answer) == ANSWERS_WAITING)
		return EXCHANGE_WAITING;
	put_answer(front, request, &answer, now, style);
	return 0;
}

/* ---- pages for people and load balancers ---- */

static int put_page(struct front *front, unsigned status, const char *text,
		    const struct moment *now, const struct reply_style *style)
{
	uint8_t *room = turn_room(&front->turn);
	struct view body = view_of_string(text);
	size_t size = http_put_plain(room, status, seconds_of(now), body.size);
	turn_put_reply(&front->turn, style, view_of(room, size), body);
	return 0;
}

/* What and why, with a line's end, in the part of the room that heads leave free. */
static int put_reason(struct front *front, unsigned status, const char *what, const char *reason,
		      const struct moment *now, const struct reply_style *style)
{
	char *text = (char *)turn_room(&front->turn) + HTTP_REPLY_HEAD_SIZE;
	(void)snprintf(text, TURN_ROOM - HTTP_REPLY_HEAD_SIZE, "%s%s\n", what, reason);
	return put_page(front, status, text, now, style);
}

/* NULL: this instance may receive traffic. */
static const char *not_ready(const struct front *front, const struct moment *now)
{
	return front->draining ? "draining" : answers_not_ready(front->answers, now);
}

/* What is wrong and no reason to stay away stands in a second line. */
static int put_readiness(struct front *front, const struct moment *now,
			 const struct reply_style *style)
{
	const char *reason = not_ready(front, now);
	const char *degraded = answers_degraded(front->answers);
	if (reason)
		return put_reason(front, 503, "", reason, now, style);
	return *degraded ? put_reason(front, 200, "ok\ndegraded: ", degraded, now, style)
			 : put_page(front, 200, "ok\n", now, style);
}

static const struct conf_issuer *find_issuer(const struct conf *conf, struct view name)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (view_equal(name, view_of_string(conf->issuers[i].name)))
			return &conf->issuers[i];
	return NULL;
}

static int put_issuer_readiness(struct front *front, struct view path, const struct moment *now,
				const struct reply_style *style)
{
	struct view name;
	const struct conf *conf = front->whole_conf;
	const struct conf_issuer *issuer =
		http_page_issuer(path, front->der, &name) == 0 ? find_issuer(conf, name) : NULL;
	if (!issuer)
		return put_page(front, 404, "no such issuer\n", now, style);
	const char *reason = not_ready(front, now);
	if (!reason)
		reason = answers_issuer_not_ready(front->answers,
						  (unsigned)(issuer - conf->issuers));
	return reason ? put_reason(front, 503, "", reason, now, style)
		      : put_page(front, 200, "ok\n", now, style);
}

/* ---- by method ---- */

static int exchange_get(struct front *front, const struct http_request *request,
			struct flight_waiter *waiter, const struct moment *now,
			const struct reply_style *style)
{
	switch (http_page_of(request->path)) {
	case HTTP_PAGE_ROOT:
		return put_page(front, 200, "This is an OCSP responder (RFC 6960).\n", now, style);
	case HTTP_PAGE_HEALTH:
		return put_page(front, 200, "ok\n", now, style);
	case HTTP_PAGE_READY:
		return put_readiness(front, now, style);
	case HTTP_PAGE_READY_ISSUER:
		return put_issuer_readiness(front, request->path, now, style);
	case HTTP_PAGE_OCSP:
		break;
	}
	struct view der;
	if (http_get_path_decode(request->path, front->der, &der) != 0)
		return put_malformed(front, request, now, style);
	return exchange_ocsp(front, request, der, waiter, now, style);
}

static void begin_reply(struct front *front, const struct http_request *request,
			struct reply_style *style)
{
	front->counts.requests++;
	style->close = !request->keep_alive || front->draining || style->last;
	style->no_body = request->method == HTTP_HEAD;
}

int exchange(struct front *front, const struct http_request *request, struct view body,
	     struct flight_waiter *waiter, const struct moment *now, struct reply_style *style)
{
	begin_reply(front, request, style);
	if (request->method != HTTP_POST)
		return exchange_get(front, request, waiter, now, style);
	if (front->conf->strict_content_type && !http_is_ocsp_request(request->content_type)) {
		style->close = true;
		exchange_refuse(front, 415, now);
		return 0;
	}
	return exchange_ocsp(front, request, body, waiter, now, style);
}

void exchange_error(struct front *front, const struct http_request *request,
		    enum ocsp_result result, const struct moment *now, struct reply_style *style)
{
	begin_reply(front, request, style);
	put_error(front, request, result, TALLY_SHED, now, style);
}

void exchange_refuse(struct front *front, int status, const struct moment *now)
{
	uint8_t *room = turn_room(&front->turn);
	size_t size = http_put_refusal(room, (unsigned)status, seconds_of(now));
	front->counts.refusals++;
	turn_put_whole(&front->turn, view_of(room, size));
}
