/* The room that verifies signed requests (P-15): one process, only where an issuer asks for it. It
 * reads certificates that anybody may have made, so it holds nothing: no key, no credential, no
 * network, no database; it knows public CA certificates and says yes or no to the ledger.
 *
 * A question is answered as it comes: the ledger asks at most LIMIT_VERIFICATIONS at a time, and
 * nobody else waits here. */
#include "base/log_alarm.h"
#include "ipc/messages.h"
#include "room/priority.h"
#include "room/room.h"
#include "verifier/requestors.h"

/* A flood of signed requests takes what the other rooms leave. */
#define NICENESS 10
/* Refusals are logged at most so often. */
#define LOG_INTERVAL_US SECOND_US

struct trust {
	struct requestors *requestors; /* NULL: signatures are ignored, or nobody can judge them */
	bool unusable; /* nobody can: the files could not be read */
};

struct verifier {
	struct shell *shell;
	struct trust *each; /* by place of the issuer */
	struct buffer frame; /* reused */
	int64_t log_after_us; /* monotonic */
	uint64_t verified, refused;
	struct alarms alarms;
};

/* ---- work ---- */

static enum ocsp_result judge(struct verifier *v, const struct message_verify *m)
{
	struct moment now = clock_now();
	const char *reason = "its issuer asks for no signatures";
	enum ocsp_result result = OCSP_UNAUTHORIZED;
	if (m->issuer < v->shell->conf->issuer_count && v->each[m->issuer].unusable) {
		reason = "its requestors' files cannot be used";
		result = OCSP_TRY_LATER;
	} else if (m->issuer < v->shell->conf->issuer_count && v->each[m->issuer].requestors) {
		result = requestors_judge(v->each[m->issuer].requestors, m->signed_request,
					  wall_seconds(now.wall_us), &reason);
	}
	if (result == OCSP_SUCCESSFUL) {
		v->verified++;
		return result;
	}
	v->refused++;
	if (now.mono_us >= v->log_after_us) {
		v->log_after_us = now.mono_us + LOG_INTERVAL_US;
		log_info("a signed request is refused: %s refused=%llu", reason,
			 (unsigned long long)v->refused);
	}
	return result;
}

static int verifier_frame(void *context, struct peer ledger, uint8_t type, struct view payload)
{
	struct verifier *v = context;
	struct message_verify m;
	if (type != MESSAGE_VERIFY || message_verify_read(payload, &m) < 0)
		return -EBADMSG;
	struct message_verified answer = {.id = m.id, .result = judge(v, &m)};
	log_debug("verified " REQUEST_FORMAT " issuer=%u result=%s", m.request, m.issuer,
		  ocsp_result_name(answer.result));
	buffer_reset(&v->frame);
	message_verified_write(&v->frame, &answer);
	(void)shell_send_buffer(v->shell, ledger, MESSAGE_VERIFIED, &v->frame);
	return 0;
}

static void verifier_status(void *context, struct moment now, struct buffer *out)
{
	struct verifier *v = context;
	(void)now;
	buffer_printf(out, "{\"verified\":%llu,\"refused\":%llu,", (unsigned long long)v->verified,
		      (unsigned long long)v->refused);
	alarms_put_json(&v->alarms, CONTROL_PACKET / 2, out);
	buffer_put_u8(out, '}');
}

static int64_t verifier_turn(void *context, struct moment now)
{
	struct verifier *v = context;
	alarms_turn(&v->alarms, now);
	return alarms_next(&v->alarms);
}

/* ---- life ---- */

static void verifier_free(void *context)
{
	struct verifier *v = context;
	if (!v)
		return;
	for (unsigned i = 0; v->each && i < v->shell->conf->issuer_count; i++)
		requestors_free(v->each[i].requestors);
	free(v->each);
	buffer_deinit(&v->frame);
	alarms_deinit(&v->alarms);
	free(v);
}
static void verifier_freep(struct verifier **v)
{
	verifier_free(*v);
}

/* What cannot be read is one issuer's trouble: nobody's signature counts there until a reload. */
static int load_one(struct verifier *v, const struct conf_issuer *issuer, struct trust *ret)
{
	struct fault fault = {""};
	if (issuer->signed_requests == SIGNED_IGNORE)
		return 0;
	int result = requestors_load(issuer, &ret->requestors, &fault);
	ret->unusable = result < 0;
	if (result < 0)
		alarms_raise(&v->alarms, ALARM_REQUESTORS_UNUSABLE, issuer->name, clock_now(),
			     "%.400s; its signed requests are told tryLater", fault.text);
	return result == -ENOMEM ? result : 0;
}

static int verifier_open(struct shell *shell, void **ret, struct fault *fault)
{
	const struct conf *conf = shell->conf;
	cleanup(verifier_freep) struct verifier *v = calloc(1, sizeof(*v));
	if (!v)
		return fault_set(fault, -ENOMEM, "out of memory");
	v->shell = shell;
	alarms_init(&v->alarms, log_alarm, NULL);
	v->each = calloc(conf->issuer_count + 1u, sizeof(*v->each));
	if (!v->each)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		if (load_one(v, &conf->issuers[i], &v->each[i]) < 0)
			return fault_set(fault, -ENOMEM, "out of memory");
	}
	priority_yield(NICENESS);
	*ret = v;
	v = NULL;
	return 0;
}

static unsigned verifier_processes(const struct conf *conf)
{
	return conf_verifies(conf) ? 1 : 0;
}

const struct room_plan verifier_plan = {
	.options = CONF_VERIFIER,
	.processes = verifier_processes,
	.open = verifier_open,
	.close = verifier_free,
	.peers = ROOM_BIT(ROOM_LEDGER),
	.frame = verifier_frame,
	.turn = verifier_turn,
	.status = verifier_status,
};
