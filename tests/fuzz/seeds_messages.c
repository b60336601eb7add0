/* Seeds of fuzz_messages: one ordinary message of each kind, and the largest query. The folder to
 * write to is the argument. */
#include "ipc/messages.h"

static const char *folder;

static int put_file(const char *name, uint8_t type, struct buffer *payload)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	if (!file || buffer_result(payload) != 0)
		return 1;
	int wrong = fputc(type, file) == EOF ||
		    fwrite(payload->data, 1, payload->size, file) != payload->size;
	wrong |= fclose(file) != 0;
	buffer_deinit(payload);
	return wrong;
}

#define NOW INT64_C(1780000000)

static int put_queries(struct view octets)
{
	struct buffer out = {0};
	struct message_query query = {.id = 1, .certid_count = 1, .certids = {octets}};
	message_query_write(&out, &query);
	int wrong = put_file("query", MESSAGE_QUERY, &out);
	query.nonce = view_of(octets.data, 32);
	query.raw_nonce = true;
	query.certid_count = LIMIT_CERTIDS;
	for (unsigned i = 0; i < LIMIT_CERTIDS; i++)
		query.certids[i] = octets;
	message_query_write(&out, &query);
	return wrong | put_file("query-most", MESSAGE_QUERY, &out);
}

static int put_answers(struct view octets)
{
	struct buffer out = {0};
	struct message_answer answer = {.id = 1, .result = OCSP_TRY_LATER};
	message_answer_write(&out, &answer);
	int wrong = put_file("answer-error", MESSAGE_ANSWER, &out);
	answer = (struct message_answer){.id = 2,
					 .cacheable = true,
					 .label.status = OCSP_REVOKED,
					 .label.traits = ANSWER_STICKY | ANSWER_SHARED,
					 .label.tag = 77,
					 .label.issuer = 1,
					 .label.produced_at = NOW,
					 .label.this_update = NOW,
					 .label.next_update = NOW + 28799,
					 .label.serve_until = NOW + 28799,
					 .label.refresh_at = NOW + 14400,
					 .name = {1, 2},
					 .der = octets};
	message_answer_write(&out, &answer);
	return wrong | put_file("answer", MESSAGE_ANSWER, &out);
}

static int put_state(void)
{
	struct buffer out = {0};
	message_purge_write(&out, &(struct message_purge){.scope = PURGE_TAG, .tag = 77});
	int wrong = put_file("purge", MESSAGE_PURGE, &out);
	message_tick_write(&out, &(struct message_tick){NOW * 1000000, 5000000, 0});
	wrong |= put_file("tick", MESSAGE_TICK, &out);
	message_readiness_write(
		&out, &(struct message_readiness){.ready = true,
						  .reason = view_of_string("the database is away"),
						  .issuers = view_of("\x00\x01\x02\x03\x04", 5)});
	wrong |= put_file("readiness", MESSAGE_READINESS, &out);
	message_issuer_write(
		&out, &(struct message_issuer){.number = 3, .name = view_of_string("An issuer")});
	wrong |= put_file("issuer", MESSAGE_ISSUER, &out);
	struct view oid = view_of("\x06\x03\x2b\x65\x70", 5);
	message_algorithms_write(
		&out, &(struct message_algorithms){.count = 1, .algorithms = {{oid, true}}});
	wrong |= put_file("algorithms", MESSAGE_ALGORITHMS, &out);
	message_offer_write(&out, &(struct message_offer){.count = 2,
							  .algorithms = {oid, oid},
							  .key_hashes = {oid, oid, oid, oid}});
	wrong |= put_file("offer", MESSAGE_OFFER, &out);
	message_forget_write(&out, &(struct message_forget){.scope = PURGE_TAG,
							    .name = {1, 2},
							    .issuer = view_of_string("A"),
							    .serial = view_of("\x01", 1),
							    .name_hashes = {oid, oid, oid, oid},
							    .key_hashes = {oid, oid, oid, oid}});
	return wrong | put_file("forget", MESSAGE_FORGET, &out);
}

static int put_explanation(void)
{
	struct buffer out = {0};
	const struct explained_entry entry = {
		.served = true,
		.label = {.status = OCSP_REVOKED,
			  .traits = ANSWER_STICKY,
			  .produced_at = NOW,
			  .this_update = NOW,
			  .next_update = NOW + 3600,
			  .serve_until = NOW + 3600,
			  .refresh_at = NOW + 1800},
	};
	message_explain_write(&out, &(struct message_explain){.id = 3, .tag = 77});
	int wrong = put_file("explain", MESSAGE_EXPLAIN, &out);
	message_explained_write(
		&out, &(struct message_explained){.id = 3, .count = 2, .entries = {entry, entry}});
	return wrong | put_file("explained", MESSAGE_EXPLAINED, &out);
}

static int put_jobs(struct view octets)
{
	struct buffer out = {0};
	struct message_sign sign = {.id = 3,
				    .nonce = view_of(octets.data, 8),
				    .raw_nonce = true,
				    .this_update = NOW,
				    .next_update = NOW + 28799,
				    .count = 2};
	sign.entries[0] = (struct sign_entry){.certid = octets,
					      .says.status = OCSP_REVOKED,
					      .says.revoked_at = NOW - 100,
					      .says.reason = REASON_KEY_COMPROMISE,
					      .says.invalidity_at = TIME_NONE};
	sign.entries[0].issuer_name = octets;
	sign.entries[1] = (struct sign_entry){.certid = octets,
					      .says.revoked_at = TIME_NONE,
					      .says.reason = REASON_NONE,
					      .says.invalidity_at = TIME_NONE};
	message_sign_write(&out, &sign);
	int wrong = put_file("sign", MESSAGE_SIGN, &out);
	static const uint8_t hash[CERTIFICATE_HASH_SIZE], scts[] = {0, 3, 0, 1, 9};
	sign.entries[0].facts = (struct cert_facts){
		.certificate_hash = view_of(hash, sizeof(hash)),
		.crl_url = view_of_string("http://crl.example/"),
		.crl_number = view_of(octets.data + 1, 3),
		.crl_time = NOW - 500,
	};
	sign.entries[1].facts.sct_list = view_of(scts, sizeof(scts));
	message_sign_write(&out, &sign);
	wrong |= put_file("sign-facts", MESSAGE_SIGN, &out);
	sign.entries[0] = (struct sign_entry){.certid = octets,
					      .says.status = OCSP_UNKNOWN,
					      .says.revoked_at = TIME_NONE,
					      .says.reason = REASON_NONE,
					      .says.invalidity_at = TIME_NONE};
	sign.count = 1;
	sign.unknown_issuer = true;
	message_sign_write(&out, &sign);
	wrong |= put_file("sign-unknown-issuer", MESSAGE_SIGN, &out);
	message_signed_write(&out, &(struct message_signed){.id = 3,
							    .produced_at = NOW,
							    .next_update = NOW + 28799,
							    .der = octets});
	return wrong | put_file("signed", MESSAGE_SIGNED, &out);
}

static int put_verifications(struct view octets)
{
	struct buffer out = {0};
	message_signed_query_write(
		&out, &(struct message_signed_query){.signed_request = octets, .query = octets});
	int wrong = put_file("signed_query", MESSAGE_SIGNED_QUERY, &out);
	message_verify_write(&out, &(struct message_verify){
					   .issuer = 1, .request = 2, .signed_request = octets});
	wrong |= put_file("verify", MESSAGE_VERIFY, &out);
	message_verified_write(&out, &(struct message_verified){.result = OCSP_UNAUTHORIZED});
	return wrong | put_file("verified", MESSAGE_VERIFIED, &out);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	folder = argv[1];
	uint8_t octets[70];
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	struct view some = view_of(octets, sizeof(octets));
	return put_queries(some) | put_answers(some) | put_state() | put_jobs(some) |
	       put_explanation() | put_verifications(some);
}
