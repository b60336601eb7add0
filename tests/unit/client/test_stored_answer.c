/* Answers that are kept to be given out as they are: which may be (ocsp/answer.h). With the forge of `ask`'s
 * tests, so that both are shown the same lies. */
#include "unit.h"

#include "ocsp/answer.h"
#include "ocsp/issuer.h"

#include "forge.h"

struct world {
	struct forge forge;
	struct ocsp_prover *prover;
};

static struct world world;

static int setup(void **state)
{
	(void)state;
	unsigned char *der = NULL;
	forge_init(&world.forge);
	int size = i2d_X509(world.forge.ca, &der);
	int result = ocsp_prover_new(view_of(der, (size_t)size), &world.prover, NULL);
	OPENSSL_free(der);
	return result;
}

static int teardown(void **state)
{
	(void)state;
	ocsp_prover_free(world.prover);
	forge_deinit(&world.forge);
	return 0;
}

/* About the leaf alone, good, for everybody. */
static struct forge_wish usual(void)
{
	struct forge_wish wish = forge_usual();
	wish.status[1] = FORGE_LEFT_OUT;
	wish.nonce = false;
	return wish;
}

/* The answer must outlive what is said of it. */
static int read_wish(const struct forge_wish *wish, struct buffer *der, struct ocsp_said *said,
		     struct fault *fault)
{
	forge_answer(&world.forge, wish, der);
	return ocsp_said_read(buffer_view(der), said, fault);
}

static void assert_unfit(const struct forge_wish *wish, const char *words)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct ocsp_said said;
	struct fault fault = {""};
	assert_int_equal(read_wish(wish, &der, &said, &fault), OCSP_ANSWER_UNFIT);
	assert_non_null(strstr(fault.text, words));
}

static void what_is_kept_is_read_and_proven(void **state)
{
	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		cleanup(buffer_deinit) struct buffer der = {0};
		struct ocsp_said said;
		struct fault fault = {""};
		struct forge_wish wish = usual();
		wish.by_ca = variant & 1;
		wish.by_name = variant & 2;
		assert_int_equal(read_wish(&wish, &der, &said, &fault), 0);
		assert_int_equal(said.says.status, OCSP_GOOD);
		assert_int_equal(said.this_update, FORGE_NOW - 60);
		assert_int_equal(said.next_update, FORGE_NOW + 3600);
		assert_true(view_equal(said.certid.serial, view_of("\2", 1)));
		assert_int_equal(
			ocsp_prover_prove(world.prover, &said, FORGE_NOW, FORGE_SKEW, &fault), 0);
	}
}

static void a_revocation_is_read_with_its_date(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer der = {0};
	struct ocsp_said said;
	struct forge_wish wish = usual();
	wish.status[0] = V_OCSP_CERTSTATUS_REVOKED;
	assert_int_equal(read_wish(&wish, &der, &said, NULL), 0);
	assert_int_equal(said.says.status, OCSP_REVOKED);
	assert_int_equal(said.says.revoked_at, FORGE_NOW - FORGE_DAY);
}

static void what_is_for_one_client_or_has_no_end_is_unfit(void **state)
{
	(void)state;
	struct forge_wish wish = usual();
	wish.nonce = true;
	assert_unfit(&wish, "nonce");
	wish = usual();
	wish.next_update = TIME_NONE;
	assert_unfit(&wish, "nextUpdate");
	wish = usual();
	wish.status[1] = V_OCSP_CERTSTATUS_GOOD;
	assert_unfit(&wish, "one certificate");
	wish = usual();
	wish.next_update = wish.this_update;
	assert_unfit(&wish, "contradict");
	wish = usual();
	wish.produced_at = wish.this_update - 1;
	assert_unfit(&wish, "contradict");
}

/* P-14. */
static void a_critical_extension_that_is_not_understood_is_unfit(void **state)
{
	(void)state;
	for (int place = 0; place < 2; place++) {
		struct forge_wish wish = usual();
		struct forge_extension *at = place ? wish.single : wish.extensions;
		at[0] = (struct forge_extension){"1.2.3.4", true, view_of("\5", 2)};
		assert_unfit(&wish, "critical");
		at[0].critical = false;
		cleanup(buffer_deinit) struct buffer der = {0};
		struct ocsp_said said;
		assert_int_equal(read_wish(&wish, &der, &said, NULL), 0);
	}
}

static void no_octet_can_be_changed(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer der = {0};
	struct ocsp_said said;
	struct forge_wish wish = usual();
	assert_int_equal(read_wish(&wish, &der, &said, NULL), 0);
	for (size_t i = 0; i < der.size; i++) {
		der.data[i] ^= 1;
		int result = ocsp_said_read(buffer_view(&der), &said, NULL);
		if (result == 0 && der.data + i >= said.basic.data)
			result =
				ocsp_prover_prove(world.prover, &said, FORGE_NOW, FORGE_SKEW, NULL);
		assert_int_equal(result, OCSP_ANSWER_UNFIT);
		der.data[i] ^= 1;
	}
}

static void no_part_of_one_is_one(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer der = {0};
	struct ocsp_said said;
	struct forge_wish wish = usual();
	assert_int_equal(read_wish(&wish, &der, &said, NULL), 0);
	for (size_t size = 0; size < der.size; size++)
		assert_int_equal(ocsp_said_read(view_of(der.data, size), &said, NULL),
				 OCSP_ANSWER_UNFIT);
	buffer_put_u8(&der, 0);
	assert_int_equal(ocsp_said_read(buffer_view(&der), &said, NULL), OCSP_ANSWER_UNFIT);
	for (uint8_t status = 0; status < 8; status++) {
		const uint8_t error[] = {0x30, 0x03, 0x0a, 0x01, status};
		assert_int_equal(ocsp_said_read(view_of(error, sizeof(error)), &said, NULL),
				 OCSP_ANSWER_UNFIT);
	}
}

static void it_counts_from_its_beginning_until_before_its_end(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer der = {0};
	struct ocsp_said said;
	struct forge_wish wish = usual();
	assert_int_equal(read_wish(&wish, &der, &said, NULL), 0);
	assert_int_equal(ocsp_said_timely(&said, FORGE_NOW + 3599, 0, NULL), 0);
	assert_int_equal(ocsp_said_timely(&said, FORGE_NOW + 3600, 0, NULL), OCSP_ANSWER_UNFIT);
	assert_int_equal(ocsp_said_timely(&said, FORGE_NOW - 60, 0, NULL), 0);
	assert_int_equal(ocsp_said_timely(&said, FORGE_NOW - 61, 0, NULL), OCSP_ANSWER_UNFIT);
	assert_int_equal(ocsp_said_timely(&said, FORGE_NOW - 61, 1, NULL), 0);
}

/* P-35. */
static void only_who_may_sign_is_believed(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer data = {0}, plain = {0}, delegate = {0}, der = {0};
	struct ocsp_said said;
	struct forge_wish wish = usual();
	forge_data(&world.forge, &wish, &data);
	forge_embed(world.forge.plain, &plain);
	forge_sign(buffer_view(&data), world.forge.delegate_key, buffer_view(&plain), &der);
	assert_int_equal(ocsp_said_read(buffer_view(&der), &said, NULL), 0);
	assert_int_equal(ocsp_prover_prove(world.prover, &said, FORGE_NOW, FORGE_SKEW, NULL),
			 OCSP_ANSWER_UNFIT);
	buffer_reset(&der);
	forge_embed(world.forge.delegate, &delegate);
	forge_sign(buffer_view(&data), world.forge.delegate_key, buffer_view(&delegate), &der);
	assert_int_equal(ocsp_said_read(buffer_view(&der), &said, NULL), 0);
	assert_int_equal(ocsp_prover_prove(world.prover, &said, FORGE_NOW, FORGE_SKEW, NULL), 0);
	assert_int_equal(ocsp_prover_prove(world.prover, &said, FORGE_NOW + 101 * FORGE_DAY,
					   FORGE_SKEW, NULL),
			 OCSP_ANSWER_UNFIT);
}

/* What is written for each hash is what is read (P-9). */
static void a_certid_of_each_hash_is_written_as_it_is_read(void **state)
{
	(void)state;
	struct ocsp_issuer issuer;
	assert_int_equal(ocsp_issuer_init(&issuer, view_of("30", 2), view_of("key", 3)), 0);
	for (enum ocsp_hash hash = OCSP_HASH_SHA1; hash <= OCSP_HASH_SHA512; hash++) {
		cleanup(buffer_deinit) struct buffer der = {0}, request = {0};
		struct ocsp_certid certid;
		struct ocsp_request read;
		const struct ocsp_request_policy policy = {.most_certids = 1};
		ocsp_certid_write_of(&der, &issuer, hash, view_of("\5", 1));
		assert_int_equal(ocsp_certid_parse(buffer_view(&der), &certid), 0);
		assert_int_equal(certid.hash, hash);
		assert_true(ocsp_issuer_matches(&issuer, &certid));
		ocsp_request_write(&request, buffer_view(&der));
		assert_int_equal(ocsp_request_parse(buffer_view(&request), &policy, &read), 0);
		assert_int_equal(read.certid_count, 1);
		assert_true(view_equal(read.certids[0].der, buffer_view(&der)));
		assert_false(read.has_nonce || read.is_signed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_is_read_and_proven),
		cmocka_unit_test(a_revocation_is_read_with_its_date),
		cmocka_unit_test(what_is_for_one_client_or_has_no_end_is_unfit),
		cmocka_unit_test(a_critical_extension_that_is_not_understood_is_unfit),
		cmocka_unit_test(no_octet_can_be_changed),
		cmocka_unit_test(no_part_of_one_is_one),
		cmocka_unit_test(it_counts_from_its_beginning_until_before_its_end),
		cmocka_unit_test(only_who_may_sign_is_believed),
		cmocka_unit_test(a_certid_of_each_hash_is_written_as_it_is_read),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
