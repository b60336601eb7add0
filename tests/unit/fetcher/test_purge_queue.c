/* What an HTTP cache has still to be told to forget (doc/faults.md row 33). */
#include "unit.h"

#include "base/clock.h"
#include "fetcher/purge_queue.h"

#define AGAIN (6 * SECOND_US)

static struct purge_queue *queue;
static const struct purge_item *items;

static unsigned take(int64_t now)
{
	return purge_queue_take(queue, 30, now, &items);
}

static int setup(void **state)
{
	(void)state;
	return purge_queue_new(AGAIN, 0, &queue);
}

/* It has forgotten everything twice: what comes is what is left. */
static int setup_clean(void **state)
{
	int result = setup(state);
	(void)take(0);
	purge_queue_confirmed(queue, 0);
	(void)take(AGAIN);
	purge_queue_confirmed(queue, AGAIN);
	return result;
}

static int teardown(void **state)
{
	(void)state;
	purge_queue_free(queue);
	return 0;
}

static void add_certificate(unsigned number, uint64_t issuer, int64_t now)
{
	const uint8_t serial[] = {1, (uint8_t)(number >> 8), (uint8_t)number};
	purge_queue_add(queue,
			&(struct message_forget){.scope = PURGE_TAG,
						 .name = {1000 + number, issuer},
						 .issuer = view_of_string("A"),
						 .serial = view_of(serial, sizeof(serial))},
			now);
}

static void add_issuer(uint64_t issuer, int64_t now)
{
	purge_queue_add(queue,
			&(struct message_forget){.scope = PURGE_ISSUER,
						 .name.issuer = issuer,
						 .issuer = view_of_string("A")},
			now);
}

static unsigned left(void)
{
	const struct purge_item *oldest;
	return purge_queue_unconfirmed(queue, &oldest);
}

static int64_t oldest(void)
{
	const struct purge_item *item;
	return purge_queue_unconfirmed(queue, &item) ? item->since_us : -1;
}

static void it_begins_with_everything(void **state)
{
	(void)state;
	assert_int_equal(take(1), 1);
	assert_int_equal(items[0].scope, PURGE_ALL);
	assert_int_equal(left(), 1);
}

static void order_is_kept_and_one_request_is_under_way(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		add_certificate(i, 1, 10);
	assert_int_equal(purge_queue_take(queue, 2, 10, &items), 2);
	assert_int_equal(items[0].name.certificate, 1000);
	assert_int_equal(items[1].name.certificate, 1001);
	assert_int_equal(take(10), 0);
	assert_true(purge_queue_next(queue) == INT64_MAX);
	purge_queue_confirmed(queue, 10);
	assert_int_equal(take(10), 3);
	assert_int_equal(items[0].name.certificate, 1002);
}

static void each_is_told_once_more_when_nobody_can_say_the_old_any_more(void **state)
{
	const int64_t now = AGAIN + 50;
	(void)state;
	add_certificate(1, 1, now);
	assert_int_equal(take(now), 1);
	purge_queue_confirmed(queue, now + 1);
	assert_int_equal(left(), 0);
	assert_true(purge_queue_next(queue) == now + 1 + AGAIN);
	assert_int_equal(take(now + AGAIN), 0);
	assert_int_equal(take(now + 1 + AGAIN), 1);
	assert_true(items[0].again);
	assert_int_equal(items[0].name.certificate, 1001);
	assert_int_equal(left(), 0);
	purge_queue_confirmed(queue, now + 2 + AGAIN);
	assert_true(purge_queue_next(queue) == INT64_MAX);
}

static void what_is_told_again_is_also_told_until_it_is_confirmed(void **state)
{
	(void)state;
	add_certificate(1, 1, 0);
	(void)take(0);
	purge_queue_confirmed(queue, 0);
	assert_int_equal(take(2 * AGAIN), 1);
	purge_queue_failed(queue, 2 * AGAIN);
	assert_int_equal(take(3 * AGAIN), 1);
	assert_int_equal(items[0].name.certificate, 1001);
}

static void a_failure_is_repeated_in_order_and_not_at_once(void **state)
{
	int64_t now = 100, before = 0;
	(void)state;
	add_certificate(1, 1, now);
	add_certificate(2, 1, now);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(purge_queue_take(queue, 1, now, &items), 1);
		assert_int_equal(items[0].name.certificate, 1001);
		purge_queue_failed(queue, now);
		int64_t patience = purge_queue_next(queue) - now;
		assert_true(patience > 0 && patience >= before && patience <= 5 * SECOND_US);
		assert_int_equal(purge_queue_take(queue, 1, now + patience - 1, &items), 0);
		before = patience;
		now += patience;
	}
	assert_int_equal(take(now), 2);
	assert_int_equal(items[1].name.certificate, 1002);
	assert_int_equal(oldest(), 100);
}

static void a_change_while_the_former_is_told_is_told_itself(void **state)
{
	(void)state;
	add_certificate(1, 1, 5);
	assert_int_equal(take(5), 1);
	add_certificate(1, 1, 6);
	purge_queue_confirmed(queue, 7);
	assert_int_equal(left(), 1);
	assert_int_equal(oldest(), 6);
	assert_int_equal(take(8), 1);
	assert_false(items[0].again);
}

static void a_change_that_finds_its_repetition_counts_as_new(void **state)
{
	(void)state;
	add_certificate(1, 1, 0);
	(void)take(0);
	purge_queue_confirmed(queue, 0);
	add_certificate(2, 1, AGAIN);
	(void)purge_queue_take(queue, 1, AGAIN, &items); /* the repetition waits */
	add_certificate(1, 1, AGAIN + 9);
	assert_int_equal(left(), 2);
	purge_queue_confirmed(queue, AGAIN + 10);
	assert_int_equal(take(AGAIN + 10), 1);
	assert_false(items[0].again);
	assert_int_equal(items[0].since_us, AGAIN + 9);
}

static void what_is_named_twice_is_told_once(void **state)
{
	(void)state;
	add_certificate(1, 1, 20);
	add_certificate(1, 1, 30);
	add_issuer(1, 40);
	add_certificate(2, 1, 50);
	add_certificate(2, 2, 50);
	assert_int_equal(left(), 2);
	assert_int_equal(oldest(), 20);
	assert_int_equal(take(60), 2);
	assert_int_equal(items[0].scope, PURGE_ISSUER);
	assert_int_equal(items[1].name.issuer, 2);
}

static void many_certificates_become_their_issuer_and_many_issuers_everything(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		add_certificate(i, 7, 20 + i);
	add_certificate(1, 8, 1);
	assert_int_equal(left(), 2);
	assert_int_equal(take(9999), 2);
	assert_int_equal(items[0].scope, PURGE_ISSUER);
	assert_int_equal(items[0].name.issuer, 7);
	assert_int_equal(items[0].since_us, 20);
	assert_string_equal(items[0].issuer, "A");
	for (uint64_t i = 1; i < 1000; i++)
		add_issuer(i, 10000);
	purge_queue_confirmed(queue, 10000);
	assert_int_equal(take(10000), 1);
	assert_int_equal(items[0].scope, PURGE_ALL);
}

/* A certificate of each of many issuers. */
static void however_many_wait_it_is_bounded_and_nothing_is_forgotten(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		add_certificate(i % 90, 1 + i % 1000, 1);
	assert_true(left() <= 512);
	assert_int_equal(take(2), 1);
	assert_int_equal(items[0].scope, PURGE_ALL);
}

static void everything_goes_alone(void **state)
{
	(void)state;
	add_certificate(1, 1, 1);
	assert_int_equal(take(1), 1);
	assert_int_equal(items[0].scope, PURGE_ALL);
	add_certificate(2, 1, 2);
	purge_queue_failed(queue, 2);
	assert_int_equal(left(), 1);
}

/* The other end is a room that may have been taken over. */
static void what_names_no_certificate_is_its_issuers(void **state)
{
	(void)state;
	purge_queue_add(queue, &(struct message_forget){.scope = PURGE_TAG, .name = {3, 4}}, 1);
	assert_int_equal(take(1), 1);
	assert_int_equal(items[0].scope, PURGE_ISSUER);
	assert_int_equal(items[0].name.issuer, 4);
	purge_queue_confirmed(queue, 1);
	add_certificate(1, 1, 1);
	assert_int_equal(take(1), 1);
	assert_true(items[0].several_names); /* no hash of the issuer's came */
}

int main(void)
{
#define CLEAN(name) cmocka_unit_test_setup_teardown(name, setup_clean, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_begins_with_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(everything_goes_alone, setup, teardown),
		CLEAN(order_is_kept_and_one_request_is_under_way),
		CLEAN(each_is_told_once_more_when_nobody_can_say_the_old_any_more),
		CLEAN(what_is_told_again_is_also_told_until_it_is_confirmed),
		CLEAN(a_failure_is_repeated_in_order_and_not_at_once),
		CLEAN(a_change_while_the_former_is_told_is_told_itself),
		CLEAN(a_change_that_finds_its_repetition_counts_as_new),
		CLEAN(what_is_named_twice_is_told_once),
		CLEAN(many_certificates_become_their_issuer_and_many_issuers_everything),
		CLEAN(however_many_wait_it_is_bounded_and_nothing_is_forgotten),
		CLEAN(what_names_no_certificate_is_its_issuers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
