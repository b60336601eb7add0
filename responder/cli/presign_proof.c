/* Is what was signed, or was there already, what shall be said, and would a client believe it? */
#include "cli/presign.h"

#include "base/clock.h"

static bool says_same(const struct ocsp_cert_status *a, const struct ocsp_cert_status *b)
{
	enum revocation_reason left = a->reason == REASON_UNSPECIFIED ? REASON_NONE : a->reason;
	enum revocation_reason right = b->reason == REASON_UNSPECIFIED ? REASON_NONE : b->reason;
	return a->status == b->status && a->revoked_at == b->revoked_at && left == right &&
	       a->invalidity_at == b->invalidity_at;
}

int presign_prove(const struct presign *p, const struct presign_wish *wish, struct view der,
		  struct ocsp_said *ret, struct fault *fault)
{
	int64_t now = wall_seconds(clock_now().wall_us);
	struct ocsp_said said;
	int result = ocsp_said_read(der, &said, fault);
	if (result == 0)
		result = ocsp_said_timely(&said, now, 0, fault);
	if (result == 0 && (!view_equal(said.certid.der, buffer_view(&wish->certid)) ||
			    !says_same(&said.says, &wish->says)))
		result = fault_set(fault, OCSP_ANSWER_UNFIT, "it says something else");
	if (result == 0)
		result = ocsp_prover_prove(p->prover, &said, now, 0, fault);
	if (result == 0)
		*ret = said;
	return result;
}

void presign_count_end(struct presign *p, int64_t next_update)
{
	struct presign_counts *counts = &p->counts;
	if (counts->first_end == TIME_NONE || next_update < counts->first_end)
		counts->first_end = next_update;
	if (counts->last_end == TIME_NONE || next_update > counts->last_end)
		counts->last_end = next_update;
}
