/* The verdict's whole table: P-22, P-23, P-29, P-33, P-34. */
#include "unit.h"

#include "ocsp/verdict.h"

#define NOW INT64_C(1800000000)
#define EARLIER (NOW - 1000)
#define EARLIEST (NOW - 2000)

static const struct issuer_policy usual = {.complete = true};
static const struct issuer_record healthy = {
	.id = 1, .revoked_at = TIME_NONE, .crl_from = EARLIER, .crl_until = NOW + 500};
static const struct issuer_record compromised = {
	.id = 1,
	.revoked_at = EARLIER,
	.reason = REASON_CA_COMPROMISE,
};
static const struct cert_record good = {
	.status = CERT_GOOD,
	.reason = REASON_NONE,
	.revoked_at = TIME_NONE,
	.invalidity_at = TIME_NONE,
	.not_after = NOW + 1000,
};

static struct cert_record record_of(enum cert_status status, int64_t at,
				    enum revocation_reason reason)
{
	struct cert_record record = good;
	record.status = status;
	record.revoked_at = at;
	record.reason = reason;
	return record;
}

static void assert_revoked(struct verdict verdict, int64_t at, enum revocation_reason reason)
{
	assert_int_equal(verdict.result, OCSP_SUCCESSFUL);
	assert_int_equal(verdict.says.status, OCSP_REVOKED);
	assert_int_equal(verdict.says.revoked_at, at);
	assert_int_equal(verdict.says.reason, reason);
	assert_false(verdict.extended_revoke);
}

static void assert_status(struct verdict verdict, enum ocsp_status status)
{
	assert_int_equal(verdict.result, OCSP_SUCCESSFUL);
	assert_int_equal(verdict.says.status, status);
	assert_int_equal(verdict.says.revoked_at, TIME_NONE);
	assert_int_equal(verdict.says.reason, REASON_NONE);
	assert_int_equal(verdict.says.invalidity_at, TIME_NONE);
	assert_false(verdict.extended_revoke);
}

static void no_row_is_never_good_where_the_issuer_is_complete_p22(void **state)
{
	(void)state;
	for (int unassigned = UNASSIGNED_UNKNOWN; unassigned <= UNASSIGNED_REVOKED; unassigned++) {
		for (int expired = EXPIRED_ANSWER; expired <= EXPIRED_UNAUTHORIZED; expired++) {
			struct issuer_policy policy = {.unassigned =
							       (enum unassigned_policy)unassigned,
						       .expired = (enum expired_policy)expired,
						       .complete = true};
			struct verdict verdict = verdict_of(&policy, &healthy, NULL, NOW);
			assert_true(verdict.result != OCSP_SUCCESSFUL ||
				    verdict.says.status != OCSP_GOOD);
		}
	}
}

static void no_row_follows_the_unassigned_policy_p22(void **state)
{
	(void)state;
	struct issuer_policy policy = usual;
	assert_status(verdict_of(&policy, &healthy, NULL, NOW), OCSP_UNKNOWN);
	policy.unassigned = UNASSIGNED_UNAUTHORIZED;
	assert_int_equal(verdict_of(&policy, &healthy, NULL, NOW).result, OCSP_UNAUTHORIZED);
}

static void unassigned_revoked_is_the_extended_definition_exactly_p23(void **state)
{
	(void)state;
	struct issuer_policy policy = usual;
	policy.unassigned = UNASSIGNED_REVOKED;
	struct verdict verdict = verdict_of(&policy, &healthy, NULL, NOW);
	assert_int_equal(verdict.result, OCSP_SUCCESSFUL);
	assert_int_equal(verdict.says.status, OCSP_REVOKED);
	assert_int_equal(verdict.says.reason, REASON_CERTIFICATE_HOLD);
	assert_int_equal(verdict.says.revoked_at, 0);
	assert_int_equal(verdict.says.invalidity_at, TIME_NONE);
	assert_true(verdict.extended_revoke);
}

static void no_row_is_good_only_where_the_issuer_is_known_by_crl_p22(void **state)
{
	(void)state;
	struct issuer_policy policy = usual;
	policy.complete = false;
	policy.unassigned = UNASSIGNED_REVOKED;
	assert_status(verdict_of(&policy, &healthy, NULL, NOW), OCSP_GOOD);
}

/* I-1: revocations come with a CRL, so nothing is good that is newer than it, nor after it has lapsed; with
 * a row or without. */
static void what_crls_prove_is_as_old_as_they_are_p22(void **state)
{
	(void)state;
	const struct issuer_policy by_crl = {.complete = false};
	const struct cert_record *rows[] = {NULL, &good};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct verdict verdict = verdict_of(&by_crl, &healthy, rows[i], NOW);
		assert_status(verdict, OCSP_GOOD);
		assert_int_equal(verdict.as_of, healthy.crl_from);
		assert_int_equal(verdict.valid_until, healthy.crl_until);
		verdict = verdict_of(&by_crl, &healthy, rows[i], healthy.crl_until - 1);
		assert_int_equal(verdict.result, OCSP_SUCCESSFUL);
		verdict = verdict_of(&by_crl, &healthy, rows[i], healthy.crl_until);
		assert_int_equal(verdict.result, OCSP_TRY_LATER);
		assert_int_equal(verdict.rule, RULE_CRL_LAPSED);
		struct issuer_record none = healthy;
		none.crl_from = none.crl_until = TIME_NONE;
		verdict = verdict_of(&by_crl, &none, rows[i], NOW);
		assert_int_equal(verdict.result, OCSP_TRY_LATER);
		assert_int_equal(verdict.rule, RULE_NO_CRL);
	}
	assert_int_equal(verdict_of(&usual, &healthy, &good, NOW).as_of, INT64_MAX);
}

static void revoked_outlives_the_crl_p29(void **state)
{
	(void)state;
	const struct issuer_policy by_crl = {.complete = false};
	struct cert_record record = record_of(CERT_REVOKED, EARLIEST, REASON_SUPERSEDED);
	struct verdict verdict = verdict_of(&by_crl, &healthy, &record, healthy.crl_until + 1000);
	assert_revoked(verdict, EARLIEST, REASON_SUPERSEDED);
	assert_int_equal(verdict.as_of, INT64_MAX);
	assert_int_equal(verdict.valid_until, INT64_MAX);
}

static void a_good_row_is_good(void **state)
{
	(void)state;
	assert_status(verdict_of(&usual, &healthy, &good, NOW), OCSP_GOOD);
}

static void expired_certificates_follow_the_policy_p22(void **state)
{
	(void)state;
	struct issuer_policy strict = usual;
	strict.expired = EXPIRED_UNAUTHORIZED;
	struct cert_record record = good;
	record.not_after = NOW - 1;
	assert_int_equal(verdict_of(&strict, &healthy, &record, NOW).result, OCSP_UNAUTHORIZED);
	assert_status(verdict_of(&usual, &healthy, &record, NOW), OCSP_GOOD);
	record.not_after = NOW; /* the last second still counts */
	assert_status(verdict_of(&strict, &healthy, &record, NOW), OCSP_GOOD);
	record.not_after = TIME_NONE; /* not known is not expired */
	assert_status(verdict_of(&strict, &healthy, &record, NOW), OCSP_GOOD);
}

static void revoked_stays_revoked_after_expiry_p33(void **state)
{
	(void)state;
	struct issuer_policy strict = usual;
	strict.expired = EXPIRED_UNAUTHORIZED;
	struct cert_record record = record_of(CERT_REVOKED, EARLIER, REASON_KEY_COMPROMISE);
	record.not_after = NOW - 500;
	assert_revoked(verdict_of(&strict, &healthy, &record, NOW), EARLIER, REASON_KEY_COMPROMISE);
	struct cert_record expired = good;
	expired.not_after = NOW - 500;
	assert_revoked(verdict_of(&strict, &compromised, &expired, NOW), EARLIER,
		       REASON_CA_COMPROMISE);
}

static void a_revocation_is_answered_as_recorded_p29(void **state)
{
	(void)state;
	struct cert_record record = record_of(CERT_REVOKED, 86400, REASON_SUPERSEDED);
	record.invalidity_at = 4711;
	struct verdict verdict = verdict_of(&usual, &healthy, &record, NOW);
	assert_revoked(verdict, 86400, REASON_SUPERSEDED);
	assert_int_equal(verdict.says.invalidity_at, 4711);
	record.reason = REASON_NONE;
	assert_revoked(verdict_of(&usual, &healthy, &record, NOW), 86400, REASON_NONE);
}

static void a_hold_is_revoked_with_its_reason(void **state)
{
	(void)state;
	struct cert_record record = record_of(CERT_HELD, EARLIER, REASON_NONE);
	assert_revoked(verdict_of(&usual, &healthy, &record, NOW), EARLIER,
		       REASON_CERTIFICATE_HOLD);
}

static void a_state_not_known_is_never_good(void **state)
{
	(void)state;
	struct cert_record record = record_of((enum cert_status)4, EARLIER, REASON_NONE);
	assert_revoked(verdict_of(&usual, &healthy, &record, NOW), EARLIER, REASON_NONE);
}

static void a_withdrawn_certificate_is_answered_as_if_it_had_no_row(void **state)
{
	(void)state;
	struct cert_record record = record_of(CERT_WITHDRAWN, TIME_NONE, REASON_NONE);
	const struct issuer_policy by_crl = {.complete = false};
	struct verdict verdict = verdict_of(&usual, &healthy, &record, NOW);
	assert_status(verdict, OCSP_UNKNOWN);
	assert_true(verdict.unassigned && !verdict.recorded && verdict.not_after == TIME_NONE);
	assert_status(verdict_of(&by_crl, &healthy, &record, NOW), OCSP_GOOD);
	assert_revoked(verdict_of(&usual, &compromised, &record, NOW), EARLIER,
		       REASON_CA_COMPROMISE);
}

/* P-6: nobody has issued these numbers; who revoked them all the same is believed. */
static void a_wrong_serial_is_never_good_p6(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		bool hashed;
		enum ocsp_status status;
	} cases[] = {
		{"\xc0\xde", false, OCSP_UNKNOWN},    {"\x80", true, OCSP_UNKNOWN},
		{"\x7f\xde", false, OCSP_GOOD},       {"00f3a200", false, OCSP_UNKNOWN},
		{"00:F3:A2:00", false, OCSP_UNKNOWN}, {"\\x00f3A2", false, OCSP_UNKNOWN},
		{"00f3a200", true, OCSP_GOOD},        {"00f3a20", false, OCSP_GOOD},
		{"00f3a20g", false, OCSP_GOOD},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct cert_record record = good;
		record.hashed = cases[i].hashed;
		assert_int_equal(serial_set(&record.serial, view_of_string(cases[i].octets)), 0);
		assert_status(verdict_of(&usual, &healthy, &record, NOW), cases[i].status);
		record.status = CERT_REVOKED;
		record.revoked_at = EARLIER;
		assert_revoked(verdict_of(&usual, &healthy, &record, NOW), EARLIER, REASON_NONE);
	}
}

static void a_revoked_issuer_revokes_its_good_certificates_p34(void **state)
{
	(void)state;
	assert_revoked(verdict_of(&usual, &compromised, &good, NOW), EARLIER, REASON_CA_COMPROMISE);
}

static void a_revoked_issuer_revokes_serials_without_a_row_p34(void **state)
{
	(void)state;
	for (int unassigned = UNASSIGNED_UNKNOWN; unassigned <= UNASSIGNED_REVOKED; unassigned++) {
		struct issuer_policy policy = {.unassigned = (enum unassigned_policy)unassigned,
					       .complete = true};
		assert_revoked(verdict_of(&policy, &compromised, NULL, NOW), EARLIER,
			       REASON_CA_COMPROMISE);
		policy.complete = false;
		assert_revoked(verdict_of(&policy, &compromised, NULL, NOW), EARLIER,
			       REASON_CA_COMPROMISE);
	}
}

static void the_earlier_of_two_revocations_is_kept_p34(void **state)
{
	(void)state;
	struct cert_record before = record_of(CERT_REVOKED, EARLIEST, REASON_KEY_COMPROMISE);
	assert_revoked(verdict_of(&usual, &compromised, &before, NOW), EARLIEST,
		       REASON_KEY_COMPROMISE);
	struct cert_record at_once = record_of(CERT_REVOKED, EARLIER, REASON_KEY_COMPROMISE);
	assert_revoked(verdict_of(&usual, &compromised, &at_once, NOW), EARLIER,
		       REASON_KEY_COMPROMISE);
	struct cert_record after = record_of(CERT_REVOKED, NOW, REASON_SUPERSEDED);
	assert_revoked(verdict_of(&usual, &compromised, &after, NOW), EARLIER,
		       REASON_CA_COMPROMISE);
}

static void a_hold_under_a_revoked_issuer_is_final_p34(void **state)
{
	(void)state;
	struct cert_record before = record_of(CERT_HELD, EARLIEST, REASON_CERTIFICATE_HOLD);
	assert_revoked(verdict_of(&usual, &compromised, &before, NOW), EARLIEST,
		       REASON_CA_COMPROMISE);
	struct cert_record after = record_of(CERT_HELD, NOW, REASON_CERTIFICATE_HOLD);
	assert_revoked(verdict_of(&usual, &compromised, &after, NOW), EARLIER,
		       REASON_CA_COMPROMISE);
}

/* ---- how long it is true, P-23 ---- */

static void a_good_ends_with_its_certificate_where_expired_ones_are_not_answered_p23(void **state)
{
	(void)state;
	struct issuer_policy strict = usual;
	strict.expired = EXPIRED_UNAUTHORIZED;
	struct verdict verdict = verdict_of(&strict, &healthy, &good, NOW);
	assert_int_equal(verdict.valid_until, good.not_after + 1);
	assert_int_equal(verdict_of(&strict, &healthy, &good, verdict.valid_until - 1).result,
			 OCSP_SUCCESSFUL);
	assert_int_equal(verdict_of(&strict, &healthy, &good, verdict.valid_until).result,
			 OCSP_UNAUTHORIZED);
	assert_int_equal(verdict_of(&usual, &healthy, &good, NOW).valid_until, INT64_MAX);
	struct cert_record record = record_of(CERT_REVOKED, EARLIER, REASON_SUPERSEDED);
	assert_int_equal(verdict_of(&strict, &healthy, &record, NOW).valid_until, INT64_MAX);
	record = good;
	record.not_after = TIME_NONE;
	assert_int_equal(verdict_of(&strict, &healthy, &record, NOW).valid_until, INT64_MAX);
}

/* Whatever the policy says for it. What the issuer's revocation says no issuance overtakes. */
static void what_is_said_for_want_of_a_row_may_be_overtaken_p23(void **state)
{
	(void)state;
	struct issuer_policy policies[] = {
		usual,
		{.complete = true, .unassigned = UNASSIGNED_REVOKED},
		{.complete = false,
		 .expired = EXPIRED_UNAUTHORIZED}, /* a row may say that it is over */
	};
	const struct issuer_policy by_crl = {.complete = false};
	assert_false(verdict_of(&by_crl, &healthy, NULL, NOW).unassigned);
	for (size_t i = 0; i < array_size(policies); i++) {
		struct verdict verdict = verdict_of(&policies[i], &healthy, NULL, NOW);
		assert_true(verdict.unassigned);
		assert_false(verdict.recorded);
		verdict = verdict_of(&policies[i], &compromised, NULL, NOW);
		assert_false(verdict.unassigned);
		assert_false(verdict.recorded); /* P-53 */
		struct cert_record withdrawn = record_of(CERT_WITHDRAWN, TIME_NONE, REASON_NONE);
		verdict = verdict_of(&policies[i], &healthy, &withdrawn, NOW);
		assert_true(verdict.unassigned);
		assert_false(verdict.recorded);
		assert_int_equal(verdict.not_after, TIME_NONE);
		assert_false(verdict_of(&policies[i], &compromised, &withdrawn, NOW).recorded);
		verdict = verdict_of(&policies[i], &healthy, &good, NOW);
		assert_false(verdict.unassigned);
		assert_true(verdict.recorded);
	}
}

static void every_verdict_about_a_row_knows_the_certificates_end_p27(void **state)
{
	(void)state;
	static const enum cert_status statuses[] = {CERT_REVOKED, CERT_HELD};
	assert_int_equal(verdict_of(&usual, &healthy, &good, NOW).not_after, good.not_after);
	assert_int_equal(verdict_of(&usual, &compromised, &good, NOW).not_after, good.not_after);
	for (size_t i = 0; i < array_size(statuses); i++) {
		struct cert_record record = record_of(statuses[i], EARLIER, REASON_SUPERSEDED);
		assert_int_equal(verdict_of(&usual, &healthy, &record, NOW).not_after,
				 good.not_after);
	}
	assert_int_equal(verdict_of(&usual, &healthy, NULL, NOW).not_after, TIME_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_row_is_never_good_where_the_issuer_is_complete_p22),
		cmocka_unit_test(no_row_follows_the_unassigned_policy_p22),
		cmocka_unit_test(unassigned_revoked_is_the_extended_definition_exactly_p23),
		cmocka_unit_test(no_row_is_good_only_where_the_issuer_is_known_by_crl_p22),
		cmocka_unit_test(what_crls_prove_is_as_old_as_they_are_p22),
		cmocka_unit_test(revoked_outlives_the_crl_p29),
		cmocka_unit_test(a_good_row_is_good),
		cmocka_unit_test(expired_certificates_follow_the_policy_p22),
		cmocka_unit_test(revoked_stays_revoked_after_expiry_p33),
		cmocka_unit_test(a_revocation_is_answered_as_recorded_p29),
		cmocka_unit_test(a_hold_is_revoked_with_its_reason),
		cmocka_unit_test(a_state_not_known_is_never_good),
		cmocka_unit_test(a_withdrawn_certificate_is_answered_as_if_it_had_no_row),
		cmocka_unit_test(a_wrong_serial_is_never_good_p6),
		cmocka_unit_test(a_revoked_issuer_revokes_its_good_certificates_p34),
		cmocka_unit_test(a_revoked_issuer_revokes_serials_without_a_row_p34),
		cmocka_unit_test(the_earlier_of_two_revocations_is_kept_p34),
		cmocka_unit_test(a_hold_under_a_revoked_issuer_is_final_p34),
		cmocka_unit_test(
			a_good_ends_with_its_certificate_where_expired_ones_are_not_answered_p23),
		cmocka_unit_test(what_is_said_for_want_of_a_row_may_be_overtaken_p23),
		cmocka_unit_test(every_verdict_about_a_row_knows_the_certificates_end_p27),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
