/* What was signed together is not signed anew together (P-28, doc/faults.md row 13): a million answers of one second
 * are due for renewal evenly over a fifth of half of their life. */
#include "unit.h"

#include "ledger/state.h"
#include "ledger/times.h"
#include "made_conf.h"

#define ANSWERS 1000000u
#define LIFE_S 28800
#define HALF_S (LIFE_S / 2)
#define SPREAD_S (HALF_S / 10)

static void a_million_answers_of_one_second_are_renewed_evenly(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf =
		made_conf(CONF_LEDGER, MADE_DATABASE MADE_ISSUER("A"));
	struct ledger l = {.conf = conf, .key = {.k0 = 1, .k1 = 2}};
	struct question *q = calloc(1, sizeof(*q) + sizeof(struct entry));
	static unsigned due[LIFE_S];
	assert_non_null(q);
	q->section = &conf->issuers[0];
	q->valid_until = INT64_MAX;
	q->count = 1;
	for (uint64_t i = 0; i < ANSWERS; i++) {
		const int64_t made = 1800000000;
		struct answer_label label = {
			.tag = i << 20, /* that tags are hashes is not relied on */
			.this_update = made,
			.produced_at = made,
			.next_update = made + LIFE_S};
		times_of_answer(&l, q, &label);
		assert_in_range(label.refresh_at, made + HALF_S - SPREAD_S,
				made + HALF_S + SPREAD_S);
		due[label.refresh_at - made]++;
	}
	free(q);
	const unsigned mean = ANSWERS / (2 * SPREAD_S);
	unsigned least = ANSWERS, most = 0;
	for (unsigned s = HALF_S - SPREAD_S + 1; s < HALF_S + SPREAD_S - 1; s++) {
		least = due[s] < least ? due[s] : least;
		most = due[s] > most ? due[s] : most;
	}
	assert_in_range(least, mean * 2 / 3, mean);
	assert_in_range(most, mean, mean * 5 / 2); /* the middle is rounded to from both sides */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_answers_of_one_second_are_renewed_evenly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
