/* SipHash-2-4 against the paper and an implementation that was written without this one. */
#include "unit.h"

#include "base/siphash.h"

static const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

static void the_papers_example_comes_out(void **state)
{
	(void)state;
	/* Appendix A: key 00 … 0f, message 00 … 0e. */
	uint8_t message[15];
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	assert_true(siphash(&key, view_of(message, sizeof(message))) ==
		    UINT64_C(0xa129ca6149be45e5));
}

/* The reference vectors: message 00 … n−1 for n below 16, then around the next whole words. */
static void every_remainder_of_a_word_counts(void **state)
{
	(void)state;
	static const struct {
		size_t size;
		uint64_t hash;
	} vectors[] = {
		{0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
		{2, UINT64_C(0x0d6c8009d9a94f5a)},  {3, UINT64_C(0x85676696d7fb7e2d)},
		{4, UINT64_C(0xcf2794e0277187b7)},  {5, UINT64_C(0x18765564cd99a68d)},
		{6, UINT64_C(0xcbc9466e58fee3ce)},  {7, UINT64_C(0xab0200f58b01d137)},
		{8, UINT64_C(0x93f5f5799a932462)},  {9, UINT64_C(0x9e0082df0ba9e4b0)},
		{10, UINT64_C(0x7a5dbbc594ddb9f3)}, {11, UINT64_C(0xf4b32f46226bada7)},
		{12, UINT64_C(0x751e8fbc860ee5fb)}, {13, UINT64_C(0x14ea5627c0843d90)},
		{14, UINT64_C(0xf723ca908e7af2ee)}, {15, UINT64_C(0xa129ca6149be45e5)},
		{16, UINT64_C(0x3f2acc7f57c29bdb)}, {17, UINT64_C(0x699ae9f52cbe4794)},
		{31, UINT64_C(0x32d892fad841c342)}, {32, UINT64_C(0x7127512f72f27cce)},
		{33, UINT64_C(0xa7f32346f95978e3)}, {63, UINT64_C(0x958a324ceb064572)},
		{64, UINT64_C(0xacd2c40b8502cad8)},
	};
	uint8_t message[64];
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	for (size_t i = 0; i < array_size(vectors); i++)
		assert_true(siphash(&key, view_of(message, vectors[i].size)) == vectors[i].hash);
}

static void another_key_gives_another_hash(void **state)
{
	(void)state;
	struct siphash_key first, second;
	assert_int_equal(siphash_key_random(&first), 0);
	assert_int_equal(siphash_key_random(&second), 0);
	struct view text = view_of_string("serial");
	assert_true(siphash(&first, text) != siphash(&second, text));
	assert_true(siphash(&first, text) == siphash(&first, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_papers_example_comes_out),
		cmocka_unit_test(every_remainder_of_a_word_counts),
		cmocka_unit_test(another_key_gives_another_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
