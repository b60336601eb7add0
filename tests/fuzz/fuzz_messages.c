/* The first octet selects the message; whatever decodes must encode back to the same octets, so no
 * message has two forms. */
#include "ipc/messages.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(struct buffer *out, struct view payload)
{
	if (buffer_result(out) != 0 || !view_equal(buffer_view(out), payload))
		abort();
	buffer_deinit(out);
}

#define ROUND_TRIP(name)                                          \
	static void round_trip_##name(struct view payload)        \
	{                                                         \
		struct message_##name message;                    \
		if (message_##name##_read(payload, &message) < 0) \
			return;                                   \
		struct buffer out = {0};                          \
		message_##name##_write(&out, &message);           \
		expect_same(&out, payload);                       \
	}

ROUND_TRIP(query)
ROUND_TRIP(answer)
ROUND_TRIP(purge)
ROUND_TRIP(tick)
ROUND_TRIP(readiness)
ROUND_TRIP(issuer)
ROUND_TRIP(sign)
ROUND_TRIP(signed)
ROUND_TRIP(algorithms)
ROUND_TRIP(offer)
ROUND_TRIP(explain)
ROUND_TRIP(explained)
ROUND_TRIP(signed_query)
ROUND_TRIP(verify)
ROUND_TRIP(verified)
ROUND_TRIP(forget)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct view payload = view_of(data + 1, size - 1);
	switch (data[0]) {
	case MESSAGE_QUERY:
		round_trip_query(payload);
		break;
	case MESSAGE_ANSWER:
		round_trip_answer(payload);
		break;
	case MESSAGE_PURGE:
		round_trip_purge(payload);
		break;
	case MESSAGE_TICK:
		round_trip_tick(payload);
		break;
	case MESSAGE_READINESS:
		round_trip_readiness(payload);
		break;
	case MESSAGE_ISSUER:
		round_trip_issuer(payload);
		break;
	case MESSAGE_SIGN:
		round_trip_sign(payload);
		break;
	case MESSAGE_SIGNED:
		round_trip_signed(payload);
		break;
	case MESSAGE_ALGORITHMS:
		round_trip_algorithms(payload);
		break;
	case MESSAGE_OFFER:
		round_trip_offer(payload);
		break;
	case MESSAGE_EXPLAIN:
		round_trip_explain(payload);
		break;
	case MESSAGE_EXPLAINED:
		round_trip_explained(payload);
		break;
	case MESSAGE_SIGNED_QUERY:
		round_trip_signed_query(payload);
		break;
	case MESSAGE_VERIFY:
		round_trip_verify(payload);
		break;
	case MESSAGE_VERIFIED:
		round_trip_verified(payload);
		break;
	case MESSAGE_FORGET:
		round_trip_forget(payload);
		break;
	default:
		break;
	}
	return 0;
}
