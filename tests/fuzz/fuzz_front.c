/* A front under a compromised ledger (doc/faults.md row 32): any frames in any order, with clients that ask in between. Each
 * client is answered once, at the latest when its time is over, whatever the ledger says; what the front stores stays
 * within its bound.
 *
 *   step = 0 · certificate            a client asks
 *        = 1 · seconds                time passes
 *        = 2 · answers the oldest question: result · serve_until (i16 from now) · size · octets
 *        = else type · size (u16) · payload */
#include "front/ledger_link.h"

#include "made_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
#define CLIENTS 64u
#define CACHE (1u << 20)

static struct world {
	struct answers *answers;
	struct moment now;
	struct flight_waiter clients[CLIENTS];
	bool waits[CLIENTS];
	unsigned count;
	uint64_t oldest; /* id of a question that was asked; 0: none */
} w;

static bool query(void *context, const struct message_query *question)
{
	(void)context;
	w.oldest = question->id;
	return true;
}

static void deliver(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	size_t index = (size_t)(waiter - w.clients);
	(void)context;
	CHECK(index < CLIENTS && w.waits[index]);
	CHECK(answer->der.size > 0);
	w.waits[index] = false;
}

/* ---- steps ---- */

static void ask(struct cursor *in)
{
	uint8_t serial[3] = {0x02, 0x01, cursor_u8(in)};
	struct answer answer;
	struct ocsp_request request = {.certid_count = 1};
	request.certids[0].der = view_of(serial, sizeof(serial));
	if (w.count == CLIENTS)
		return;
	int result = answers_ask(w.answers, &request, &w.clients[w.count], &w.now, &answer);
	CHECK(result == 0 || result == ANSWERS_WAITING);
	w.waits[w.count++] = result == ANSWERS_WAITING;
}

static void pass(struct cursor *in)
{
	int64_t us = cursor_u8(in) * SECOND_US;
	w.now.mono_us += us;
	w.now.wall_us += us;
	answers_expire(w.answers, &w.now);
}

static struct view take_octets(struct cursor *in)
{
	size_t high = cursor_u8(in), size = high << 8 | cursor_u8(in);
	return cursor_take(in, size < in->rest.size ? size : in->rest.size);
}

static int tell(uint8_t type, struct view payload)
{
	return type == MESSAGE_EXPLAIN ? 0 : ledger_link_frame(NULL, w.answers, type, payload);
}

static void answer_oldest(struct cursor *in)
{
	cleanup(buffer_deinit) struct buffer payload = {0};
	int64_t now = wall_seconds(w.now.wall_us);
	struct message_answer m = {.id = w.oldest, .result = OCSP_SUCCESSFUL, .cacheable = true};
	m.label = (struct answer_label){.tag = cursor_u8(in),
					.issuer = 1,
					.status = cursor_u8(in) % 3,
					.traits = cursor_u8(in) & ANSWER_TRAITS,
					.produced_at = now,
					.this_update = now,
					.next_update = now + cursor_u8(in) * 100,
					.serve_until = now + cursor_u8(in) * 100,
					.refresh_at = now + cursor_u8(in)};
	m.der = take_octets(in);
	message_answer_write(&payload, &m);
	if (!in->failed && buffer_result(&payload) == 0)
		(void)tell(MESSAGE_ANSWER, buffer_view(&payload));
}

static void step(struct cursor *in)
{
	uint8_t type = cursor_u8(in);
	switch (type) {
	case 0:
		ask(in);
		break;
	case 1:
		pass(in);
		break;
	case 2:
		answer_oldest(in);
		break;
	default:
		if (tell(type, take_octets(in)) <
		    0) { /* the channel closes, and another one comes */
			answers_ledger_lost(w.answers);
			answers_ledger_connected(w.answers);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct answers_ops ops = {.query = query, .deliver = deliver};
	const struct answers_settings settings = {.cache_bytes = CACHE,
						  .max_age_us = 300 * SECOND_US,
						  .answer_timeout_us = SECOND_US};
	struct cursor in = cursor_of(view_of(data, size));
	w = (struct world){
		.now = {.mono_us = 1000 * SECOND_US, .wall_us = INT64_C(1800000000) * SECOND_US}};
	CHECK(answers_new(&settings, &ops, NULL, &w.answers) == 0);
	answers_ledger_connected(w.answers);
	for (unsigned i = 0; i < 200 && in.rest.size > 0; i++)
		step(&in);
	w.now.mono_us += 3600 * SECOND_US;
	answers_expire(w.answers, &w.now);
	for (unsigned i = 0; i < w.count; i++)
		CHECK(!w.waits[i]);
	CHECK(answers_counts(w.answers).cache.bytes <= CACHE);
	answers_free(w.answers);
	return 0;
}
