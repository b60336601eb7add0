/* Facts and unknown issuers on their way to a signer (P-22, P-30): a ledger that was taken over cannot
 * make a signer read what no answer may say. */
#include "unit.h"

#include "ipc/messages.h"

#include <errno.h>

#define NOW INT64_C(1780000000)

static const uint8_t octets[LIMIT_SCT_LIST + 8];
static const uint8_t scts[5] = {0, 3, 0, 1, 9};

static struct message_sign job_of(enum ocsp_status status)
{
	struct message_sign job = {
		.id = 9, .this_update = NOW, .next_update = NOW + 100, .count = 1};
	job.entries[0] = (struct sign_entry){
		.certid = view_of(octets, 50),
		.says.status = status,
		.says.revoked_at = status == OCSP_REVOKED ? NOW - 9 : TIME_NONE,
		.says.reason = REASON_NONE,
		.says.invalidity_at = TIME_NONE,
	};
	return job;
}

static struct message_sign revoked_with_crl(void)
{
	struct message_sign job = job_of(OCSP_REVOKED);
	job.entries[0].facts = (struct cert_facts){
		.certificate_hash = view_of(octets, 32),
		.crl_url = view_of_string("http://crl.example/1.crl"),
		.crl_number = view_of(octets, 1),
		.crl_time = NOW - 5,
	};
	return job;
}

static void unwritable(const struct message_sign *job)
{
	struct buffer out = {0};
	message_sign_write(&out, job);
	assert_int_not_equal(buffer_result(&out), 0);
	buffer_deinit(&out);
}

static void facts_out_of_range_are_refused_p30(void **state)
{
	(void)state;
	struct message_sign job = revoked_with_crl();
	job.entries[0].facts.certificate_hash.size = 31;
	unwritable(&job);
	job = revoked_with_crl();
	job.entries[0].facts.crl_url = view_of(octets, 3);
	unwritable(&job);
	job = revoked_with_crl();
	job.entries[0].facts.crl_url = view_of(octets, LIMIT_CRL_URL + 1);
	unwritable(&job);
	job = revoked_with_crl();
	job.entries[0].facts.crl_number = view_of(octets, 2);
	unwritable(&job);
	job = revoked_with_crl();
	job.entries[0].facts.crl_time = -1;
	unwritable(&job);
	job = job_of(OCSP_GOOD);
	job.entries[0].facts.sct_list = view_of(octets, sizeof(octets));
	unwritable(&job);
}

static void facts_of_another_status_are_refused_p30(void **state)
{
	(void)state;
	struct message_sign job = job_of(OCSP_GOOD), back;
	job.entries[0].facts.sct_list = view_of(scts, sizeof(scts));
	cleanup(buffer_deinit) struct buffer out = {0};
	message_sign_write(&out, &job);
	assert_int_equal(message_sign_read(buffer_view(&out), &back), 0);
	/* id 8 · issuer 4 · nonce 4 · extended 1 · times 16 · unknown 1 · count 4 · certid 4+50 */
	assert_int_equal(out.data[92], OCSP_GOOD + 1);
	out.data[92] = OCSP_UNKNOWN + 1;
	assert_int_equal(message_sign_read(buffer_view(&out), &back), -EBADMSG);
}

static void of_an_unknown_issuer_there_is_nothing_but_unknown_p22(void **state)
{
	(void)state;
	struct message_sign job = job_of(OCSP_GOOD), back;
	cleanup(buffer_deinit) struct buffer out = {0};
	message_sign_write(&out, &job);
	assert_int_equal(out.data[33], false);
	out.data[33] = true;
	assert_int_equal(message_sign_read(buffer_view(&out), &back), -EBADMSG);
	job.unknown_issuer = true;
	unwritable(&job);
	job = job_of(OCSP_REVOKED);
	job.unknown_issuer = true;
	unwritable(&job);
	job = job_of(OCSP_UNKNOWN);
	job.unknown_issuer = true;
	buffer_reset(&out);
	message_sign_write(&out, &job);
	assert_int_equal(message_sign_read(buffer_view(&out), &back), 0);
	assert_true(back.unknown_issuer);
}

static void facts_come_back_as_they_were_p30(void **state)
{
	(void)state;
	struct message_sign job = revoked_with_crl(), back;
	cleanup(buffer_deinit) struct buffer out = {0};
	message_sign_write(&out, &job);
	assert_int_equal(message_sign_read(buffer_view(&out), &back), 0);
	const struct cert_facts *facts = &back.entries[0].facts, *were = &job.entries[0].facts;
	assert_view_equal(facts->certificate_hash, were->certificate_hash);
	assert_view_equal(facts->crl_url, were->crl_url);
	assert_view_equal(facts->crl_number, were->crl_number);
	assert_int_equal(facts->crl_time, were->crl_time);
	for (size_t size = 0; size < out.size; size++)
		assert_int_equal(message_sign_read(view_of(out.data, size), &back), -EBADMSG);
}

/* Ten entries with the largest facts. */
static void the_largest_job_fits_into_a_frame_p30(void **state)
{
	(void)state;
	static uint8_t list[LIMIT_SCT_LIST];
	list[0] = (LIMIT_SCT_LIST - 2) >> 8;
	list[1] = (LIMIT_SCT_LIST - 2) & 0xff;
	list[2] = (LIMIT_SCT_LIST - 4) >> 8;
	list[3] = (LIMIT_SCT_LIST - 4) & 0xff;
	static const uint8_t name[LIMIT_NAME];
	struct message_sign job = job_of(OCSP_GOOD);
	job.count = LIMIT_CERTIDS;
	for (unsigned i = 0; i < LIMIT_CERTIDS; i++) {
		job.entries[i] = job.entries[0];
		job.entries[i].certid = view_of(octets, LIMIT_CERTID);
		job.entries[i].facts.sct_list = view_of(list, sizeof(list));
		job.entries[i].issuer_name = view_of(name, LIMIT_NAME);
	}
	cleanup(buffer_deinit) struct buffer out = {.most = LIMIT_FRAME - 1};
	message_sign_write(&out, &job);
	assert_int_equal(buffer_result(&out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_out_of_range_are_refused_p30),
		cmocka_unit_test(facts_of_another_status_are_refused_p30),
		cmocka_unit_test(of_an_unknown_issuer_there_is_nothing_but_unknown_p22),
		cmocka_unit_test(facts_come_back_as_they_were_p30),
		cmocka_unit_test(the_largest_job_fits_into_a_frame_p30),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
