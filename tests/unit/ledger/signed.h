/* Signed questions on the bench, and the verifier's word (P-15). */
#pragma once

#include "bench.h"
#include "ocsp/der.h"

static inline struct view request_of(struct view certid, struct buffer *out)
{
	/* tbsRequest with a requestorName, and a signature of three octets. */
	static const uint8_t name[] = {0xa1, 0x11, 0xa4, 0x0f, 0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09,
				       0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x02, 'A',  'l'};
	static const uint8_t signature[] = {0xa0, 0x14, 0x30, 0x12, 0x30, 0x0a, 0x06, 0x08,
					    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
					    0x03, 0x04, 0x00, 1,    2,    3};
	uint8_t room[400];
	struct der_writer w = {.end = room + sizeof(room)};
	der_put(&w, signature, sizeof(signature));
	size_t signed_size = w.size;
	der_put_view(&w, certid);
	der_put_header(&w, DER_SEQUENCE, signed_size);
	der_put_header(&w, DER_SEQUENCE, signed_size);
	der_put(&w, name, sizeof(name));
	der_put_header(&w, DER_SEQUENCE, signed_size);
	der_put_header(&w, DER_SEQUENCE, 0);
	buffer_put(out, room + sizeof(room) - w.size, w.size);
	return buffer_view(out);
}

/* A signed question about a serial of issuer A whose request is about another one where they differ. */
static inline int ask_signed(struct bench *b, uint64_t id, uint8_t serial, uint8_t signed_serial)
{
	cleanup(buffer_deinit) struct buffer certid = {0}, other = {0}, der = {0}, query = {0},
					     payload = {0};
	const struct ocsp_issuer *issuer = &b->hashes[0];
	made_certid(&certid, OCSP_HASH_SHA1, issuer, issuer, view_of(&serial, 1));
	made_certid(&other, OCSP_HASH_SHA1, issuer, issuer, view_of(&signed_serial, 1));
	struct message_query m = {.id = id, .certid_count = 1, .certids = {buffer_view(&certid)}};
	message_query_write(&query, &m);
	const struct message_signed_query around = {.signed_request =
							    request_of(buffer_view(&other), &der),
						    .query = buffer_view(&query)};
	message_signed_query_write(&payload, &around);
	assert_int_equal(buffer_result(&payload), 0);
	return ledger_front_frame(b->ledger, 0, MESSAGE_SIGNED_QUERY, buffer_view(&payload),
				  b->now);
}

static inline void verifier_says(struct bench *b, enum ocsp_result result)
{
	cleanup(buffer_deinit) struct buffer payload = {0};
	struct message_verify ask;
	assert_int_equal(message_verify_read(last_frame(b, MESSAGE_VERIFY), &ask), 0);
	const struct message_verified m = {.id = ask.id, .result = result};
	message_verified_write(&payload, &m);
	assert_int_equal(ledger_verifier_frame(b->ledger, 0, MESSAGE_VERIFIED,
					       buffer_view(&payload), b->now),
			 0);
}
