/* Keys in tokens from the signer's side, whose worker is played here (doc/faults.md row 19): what it may
 * say, what becomes of it when it is slow, gone, or says what it may not; that only the certificate's key
 * proves what it signed. */
#include "pki.h"

#include "base/clock.h"
#include "signer/scheme.h"
#include "signer/token.h"

#include <sys/socket.h>

#define SECOND SECOND_US
#define URI "pkcs11:token=ca;object="

static struct {
	struct tokens tokens;
	struct token *token;
	int worker;
	unsigned done;
	uint64_t id;
	size_t size;
} world;

static void add(const char *key, const char *passphrase)
{
	char uri[80], name[] = "s", source[80];
	struct fault fault = {""};
	struct conf_signer signer = made_signer();
	(void)snprintf(uri, sizeof(uri), "%s", key);
	(void)snprintf(source, sizeof(source), "%s", passphrase);
	signer.name = name;
	signer.key = uri;
	signer.key_passphrase_file = source;
	if (tokens_add(&world.tokens, &signer, &fault) < 0)
		fail_msg("%s", fault.text);
}

static int begin(void **state)
{
	(void)state;
	int ends[2];
	memset(&world, 0, sizeof(world));
	world.tokens = (struct tokens){.module = "module.so", .patience_us = SECOND};
	add(URI "a", "/pin");
	add(URI "b", "/pin");
	world.token = world.tokens.all[0];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	world.token->fd = ends[0];
	world.worker = ends[1];
	return 0;
}

static int end(void **state)
{
	(void)state;
	tokens_deinit(&world.tokens);
	close(world.worker);
	return 0;
}

static void say(struct token_message m)
{
	cleanup(buffer_deinit) struct buffer packet = {0};
	token_message_write(&packet, &m);
	assert_int_equal(send(world.worker, packet.data, packet.size, 0), packet.size);
}

static void on_signed(void *context, struct token *token, uint64_t id, struct view signature)
{
	(void)context;
	assert_ptr_equal(token, world.token);
	world.done++;
	world.id = id;
	world.size = signature.size;
}

static void hear(int64_t mono_us)
{
	token_receive(world.token, mono_us, on_signed, NULL);
}

static void make_ready(void)
{
	for (uint8_t i = 0; i < 2; i++)
		say((struct token_message){.type = TOKEN_READY,
					   .key = i,
					   .algorithm = view_of_string("algorithm"),
					   .bytes = view_of_string("trial")});
	hear(0);
	assert_int_equal(world.token->keys[0].state, TOKEN_UP);
	assert_int_equal(world.token->keys[1].state, TOKEN_UP);
}

static void keys_of_one_token_share_a_worker(void **state)
{
	(void)state;
	assert_int_equal(world.tokens.count, 1);
	assert_int_equal(world.token->count, 2);
	add(URI "a", "/pin"); /* the same */
	assert_int_equal(world.token->count, 2);
	add(URI "a", "/other"); /* another PIN: another login */
	add("pkcs11:token=cb;object=a", "/pin");
	assert_int_equal(world.tokens.count, 3);
}

static void what_is_signed_comes_back_with_its_number(void **state)
{
	(void)state;
	struct token_message m;
	uint8_t packet[TOKEN_PACKET];
	make_ready();
	assert_true(token_ask(world.token, 1, 42, view_of_string("data"), 0));
	ssize_t size = recv(world.worker, packet, sizeof(packet), 0);
	assert_int_equal(token_message_read(view_of(packet, (size_t)size), &m), 0);
	assert_int_equal(m.type, TOKEN_SIGN);
	assert_int_equal(m.key, 1);
	assert_view_equal(m.bytes, view_of_string("data"));
	say((struct token_message){
		.type = TOKEN_SIGNED, .id = m.id, .bytes = view_of_string("sig")});
	hear(1);
	assert_int_equal(world.done, 1);
	assert_int_equal(world.id, 42);
	assert_int_equal(world.size, 3);
	assert_int_equal(world.token->asked, 0);
}

static void a_slow_token_is_down_until_it_has_caught_up(void **state) /* row 19 */
{
	(void)state;
	make_ready();
	assert_true(token_ask(world.token, 0, 1, view_of_string("x"), 0));
	assert_true(token_ask(world.token, 0, 2, view_of_string("y"), 0));
	assert_false(token_look(world.token, SECOND, SECOND - 1));
	assert_true(token_look(world.token, SECOND, SECOND));
	assert_int_equal(world.token->keys[0].state, TOKEN_DOWN);
	assert_int_equal(world.token->keys[0].trouble, PKCS11_AWAY);
	say((struct token_message){.type = TOKEN_SIGNED, .id = 1, .bytes = view_of_string("sig")});
	hear(2 * SECOND);
	assert_int_equal(world.token->keys[0].state, TOKEN_DOWN);
	say((struct token_message){.type = TOKEN_SIGNED, .id = 2, .bytes = view_of_string("sig")});
	hear(3 * SECOND);
	assert_int_equal(world.token->keys[0].state, TOKEN_UP);
	assert_int_equal(world.done, 0); /* nobody waits for them any more */
}

static void only_as_much_is_asked_as_comes_in_time(void **state) /* row 19 */
{
	(void)state;
	make_ready();
	for (uint64_t i = 0; i < 8; i++) {
		assert_true(token_has_room(world.token, SECOND));
		assert_true(token_ask(world.token, 0, i + 1, view_of_string("x"), 0));
	}
	assert_false(token_has_room(world.token, SECOND)); /* however fast it is */
	say((struct token_message){.type = TOKEN_SIGNED, .id = 1, .bytes = view_of_string("s")});
	hear(SECOND - 1);
	assert_false(token_has_room(world.token, SECOND)); /* seven more seconds are enough */
}

static void a_token_that_fails_says_why_and_is_back_when_its_worker_is(void **state) /* row 19 */
{
	(void)state;
	make_ready();
	assert_true(token_ask(world.token, 0, 1, view_of_string("x"), 0));
	say((struct token_message){.type = TOKEN_TROUBLE,
				   .key = TOKEN_ALL_KEYS,
				   .trouble = PKCS11_PIN,
				   .bytes = view_of_string("the PIN is wrong")});
	say((struct token_message){.type = TOKEN_GONE, .key = TOKEN_ALL_KEYS});
	hear(1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(world.token->keys[i].state, TOKEN_DOWN);
		assert_int_equal(world.token->keys[i].trouble, PKCS11_PIN);
		assert_string_equal(world.token->keys[i].text, "the PIN is wrong");
	}
	assert_int_equal(world.token->asked, 0);
	make_ready();
}

static void a_worker_that_dies_without_a_word_is_missed(void **state) /* row 19 */
{
	(void)state;
	make_ready();
	say((struct token_message){.type = TOKEN_GONE, .key = TOKEN_ALL_KEYS});
	hear(1);
	assert_int_equal(world.token->keys[0].state, TOKEN_DOWN);
	assert_int_equal(world.token->keys[0].trouble, PKCS11_AWAY);
}

static void given_up(void)
{
	hear(1);
	assert_int_equal(world.token->fd, -1);
	assert_int_equal(world.token->keys[0].state, TOKEN_DOWN);
	assert_false(token_ask(world.token, 0, 1, view_of_string("x"), 0));
}

static void what_a_worker_may_not_say_ends_it(void **state) /* row 32 */
{
	(void)state;
	make_ready();
	say((struct token_message){.type = TOKEN_SIGN, .id = 1});
	given_up();
}

static void a_key_that_is_not_there_ends_it(void **state) /* row 32 */
{
	(void)state;
	say((struct token_message){.type = TOKEN_READY, .key = 2});
	given_up();
}

static void a_cut_message_ends_it(void **state) /* row 32 */
{
	(void)state;
	assert_int_equal(send(world.worker, "\x02\x00", 2, 0), 2);
	given_up();
}

static void ready_for_all_ends_it(void **state) /* row 32 */
{
	(void)state;
	say((struct token_message){.type = TOKEN_READY, .key = TOKEN_ALL_KEYS});
	given_up();
}

static void every_message_that_is_cut_is_refused(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer packet = {0};
	struct token_message m = {.type = TOKEN_READY,
				  .key = 3,
				  .algorithm = view_of_string("algorithm"),
				  .bytes = view_of_string("signature")};
	token_message_write(&packet, &m);
	for (size_t i = 0; i < packet.size; i++)
		assert_int_equal(token_message_read(view_of(packet.data, i), &m), -EBADMSG);
	assert_int_equal(token_message_read(buffer_view(&packet), &m), 0);
	buffer_put_u8(&packet, 0);
	assert_int_equal(token_message_read(buffer_view(&packet), &m), -EBADMSG);
}

/* ---- what it signs ---- */

static void only_the_certificates_key_proves_it(const char *kind)
{
	static const uint8_t message[] = "what is answered";
	EVP_PKEY *key = pki_key(kind), *other = pki_key(kind);
	struct scheme *there = NULL, *here = NULL, *wrong = NULL;
	const char *reason = "";
	struct view signature, data = view_of(message, sizeof(message));
	assert_int_equal(scheme_new_elsewhere(NULL, key, SIGNATURE_AUTO, &there, &reason), 0);
	assert_int_equal(scheme_new_verifying(other, SIGNATURE_AUTO, scheme_algorithm(there),
					      scheme_trial(there), &wrong, &reason),
			 -EKEYREJECTED);
	assert_int_equal(scheme_new_verifying(key, SIGNATURE_AUTO, scheme_algorithm(there),
					      scheme_trial(there), &here, &reason),
			 0);
	assert_view_equal(scheme_oid(here), scheme_oid(there));
	assert_int_equal(scheme_sign(there, data, &signature), 0);
	assert_int_equal(scheme_verify(here, data, signature), 0);
	uint8_t copy[1024];
	assert_true(signature.size <= sizeof(copy));
	memcpy(copy, signature.data, signature.size);
	copy[signature.size / 2] ^= 1;
	assert_int_equal(scheme_verify(here, data, view_of(copy, signature.size)), -EKEYREJECTED);
	assert_int_equal(scheme_verify(here, view_of(message, 4), signature), -EKEYREJECTED);
	scheme_free(there);
	scheme_free(here);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void a_wrong_signature_is_found_out(void **state) /* row 19, P-38 */
{
	(void)state;
	only_the_certificates_key_proves_it("P-256");
	only_the_certificates_key_proves_it("RSA-2048");
	only_the_certificates_key_proves_it("ED25519");
}

/* A worker that names an algorithm other than the one that it signed with would make answers that nobody
 * can verify. */
static void a_wrong_algorithm_is_found_out(void **state) /* P-36 */
{
	(void)state;
	EVP_PKEY *key = pki_key("RSA-2048");
	struct scheme *pss = NULL, *plain = NULL, *here = NULL;
	const char *reason = "";
	assert_int_equal(scheme_new_elsewhere(NULL, key, SIGNATURE_PSS_SHA256, &pss, &reason), 0);
	assert_int_equal(scheme_new_elsewhere(NULL, key, SIGNATURE_AUTO, &plain, &reason), 0);
	assert_int_equal(scheme_new_verifying(key, SIGNATURE_AUTO, scheme_algorithm(pss),
					      scheme_trial(plain), &here, &reason),
			 -EKEYREJECTED);
	assert_int_equal(scheme_new_verifying(key, SIGNATURE_AUTO, scheme_algorithm(pss),
					      scheme_trial(pss), &here, &reason),
			 -EKEYREJECTED); /* nor another one than the configuration's */
	scheme_free(pss);
	scheme_free(plain);
	EVP_PKEY_free(key);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(keys_of_one_token_share_a_worker),
		TEST(what_is_signed_comes_back_with_its_number),
		TEST(a_slow_token_is_down_until_it_has_caught_up),
		TEST(only_as_much_is_asked_as_comes_in_time),
		TEST(a_token_that_fails_says_why_and_is_back_when_its_worker_is),
		TEST(a_worker_that_dies_without_a_word_is_missed),
		TEST(what_a_worker_may_not_say_ends_it),
		TEST(a_key_that_is_not_there_ends_it),
		TEST(a_cut_message_ends_it),
		TEST(ready_for_all_ends_it),
		cmocka_unit_test(every_message_that_is_cut_is_refused),
		cmocka_unit_test(a_wrong_signature_is_found_out),
		cmocka_unit_test(a_wrong_algorithm_is_found_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
