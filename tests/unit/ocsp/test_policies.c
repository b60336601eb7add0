/* P-22: every policy against every state that a certificate can be in. What the fourth state, an
 * issuer that nobody knows, is answered with is the ledger's to say (replay/policies-…). */
#include "unit.h"

#include "ocsp/verdict.h"

#define NOW INT64_C(1800000000)

enum answer { GOOD, REVOKED, UNKNOWN, UNAUTHORIZED, EXTENDED };
enum condition { ISSUED, EXPIRED, REVOKED_AND_EXPIRED, NEVER_ISSUED, CONDITIONS };

static const struct issuer_record healthy = {
	.id = 1, .revoked_at = TIME_NONE, .crl_from = NOW - 100, .crl_until = NOW + 100};

static const struct {
	struct issuer_policy policy;
	enum answer answers[CONDITIONS];
} matrix[] = {
	/* unassigned, expired, complete */
	{{UNASSIGNED_UNKNOWN, EXPIRED_ANSWER, true}, {GOOD, GOOD, REVOKED, UNKNOWN}},
	{{UNASSIGNED_UNAUTHORIZED, EXPIRED_ANSWER, true}, {GOOD, GOOD, REVOKED, UNAUTHORIZED}},
	{{UNASSIGNED_REVOKED, EXPIRED_ANSWER, true}, {GOOD, GOOD, REVOKED, EXTENDED}},
	{{UNASSIGNED_UNKNOWN, EXPIRED_ANSWER, false}, {GOOD, GOOD, REVOKED, GOOD}},
	{{UNASSIGNED_UNAUTHORIZED, EXPIRED_ANSWER, false}, {GOOD, GOOD, REVOKED, GOOD}},
	{{UNASSIGNED_REVOKED, EXPIRED_ANSWER, false}, {GOOD, GOOD, REVOKED, GOOD}},
	{{UNASSIGNED_UNKNOWN, EXPIRED_UNAUTHORIZED, true}, {GOOD, UNAUTHORIZED, REVOKED, UNKNOWN}},
	{{UNASSIGNED_UNAUTHORIZED, EXPIRED_UNAUTHORIZED, true},
	 {GOOD, UNAUTHORIZED, REVOKED, UNAUTHORIZED}},
	{{UNASSIGNED_REVOKED, EXPIRED_UNAUTHORIZED, true}, {GOOD, UNAUTHORIZED, REVOKED, EXTENDED}},
	{{UNASSIGNED_UNKNOWN, EXPIRED_UNAUTHORIZED, false}, {GOOD, UNAUTHORIZED, REVOKED, GOOD}},
};

static struct verdict verdict_in(const struct issuer_policy *policy, enum condition condition)
{
	bool revoked = condition == REVOKED_AND_EXPIRED;
	struct cert_record record = {
		.status = revoked ? CERT_REVOKED : CERT_GOOD,
		.reason = REASON_NONE,
		.revoked_at = revoked ? NOW - 500 : TIME_NONE,
		.invalidity_at = TIME_NONE,
		.not_after = condition == ISSUED ? NOW + 1000 : NOW - 100,
	};
	return verdict_of(policy, &healthy, condition == NEVER_ISSUED ? NULL : &record, NOW);
}

static enum answer answer_of(const struct verdict *verdict)
{
	if (verdict->result == OCSP_UNAUTHORIZED)
		return UNAUTHORIZED;
	assert_int_equal(verdict->result, OCSP_SUCCESSFUL);
	if (verdict->extended_revoke)
		return EXTENDED;
	return verdict->says.status == OCSP_GOOD      ? GOOD
	       : verdict->says.status == OCSP_REVOKED ? REVOKED
						      : UNKNOWN;
}

static void every_policy_meets_every_state_p22_p33(void **state)
{
	(void)state;
	for (size_t row = 0; row < array_size(matrix); row++)
		for (int condition = ISSUED; condition < CONDITIONS; condition++) {
			struct verdict verdict =
				verdict_in(&matrix[row].policy, (enum condition)condition);
			if (answer_of(&verdict) != matrix[row].answers[condition])
				fail_msg("row %zu, state %d: %d", row, condition,
					 answer_of(&verdict));
		}
}

static void only_the_extended_definition_is_a_hold_since_1970_p23(void **state)
{
	(void)state;
	for (size_t row = 0; row < array_size(matrix); row++)
		for (int condition = ISSUED; condition < CONDITIONS; condition++) {
			struct verdict v =
				verdict_in(&matrix[row].policy, (enum condition)condition);
			assert_int_equal(v.result == OCSP_SUCCESSFUL && ocsp_never_issued(&v.says),
					 v.extended_revoke);
			if (v.extended_revoke)
				assert_int_equal(v.says.invalidity_at, TIME_NONE);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy_meets_every_state_p22_p33),
		cmocka_unit_test(only_the_extended_definition_is_a_hold_since_1970_p23),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
