/* The process as the warden and the ledger see it. */
#include "pki.h"

#include "base/clock.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "room/room.h"
#include "signer/jobs.h"

#include <openssl/ocsp.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* One signer process with its sockets, and the frames that came back. */
struct rig {
	struct pki_files files;
	EVP_PKEY *ca_key, *key;
	X509 *ca;
	struct buffer certid;
	pid_t pid;
	int control;
	uint8_t packet[CONTROL_PACKET];
	struct event_base *base;
	struct channel *channel;
	unsigned wanted, answered, closed, offers;
	struct message_offer offer; /* without its bytes */
	struct message_signed last; /* without its bytes */
	uint64_t last_id;
};

static int conf_pipe(const struct pki_files *files)
{
	int ends[2];
	char text[512];
	int size = snprintf(text, sizeof(text),
			    "[issuer \"A \\\"1\\\"\"]\ncertificate = %s\nsigner_certificate = %s\n"
			    "signer_key = %s\n",
			    files->ca, files->certificate, files->key);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, (size_t)size), size);
	close(ends[1]);
	return ends[0];
}

static void start(struct rig *rig)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	int conf = conf_pipe(&rig->files);
	rig->pid = fork();
	assert_true(rig->pid >= 0);
	if (rig->pid == 0) {
		close(pair[0]);
		_exit(room_run(&signer_plan, ROOM_SIGNER, 3, pair[1], conf));
	}
	close(conf);
	close(pair[1]);
	rig->control = pair[0];
}

static void rig_init(struct rig *rig)
{
	*rig = (struct rig){.control = -1};
	rig->ca_key = pki_key("P-256");
	rig->key = pki_key("P-256");
	rig->ca = pki_ca("CA", rig->ca_key);
	struct pki_wish wish = pki_delegate(rig->key, rig->ca, rig->ca_key);
	X509 *certificate = pki_certificate(&wish);
	pki_files_init(&rig->files);
	pki_write_certificate(rig->files.ca, rig->ca);
	pki_write_certificate(rig->files.certificate, certificate);
	pki_write_key(rig->files.key, rig->key, NULL);
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), certificate, rig->ca);
	unsigned char *der = NULL;
	int size = i2d_OCSP_CERTID(id, &der);
	buffer_put(&rig->certid, der, (size_t)size);
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	X509_free(certificate);
	rig->base = event_base_new();
}

static int rig_deinit(struct rig *rig)
{
	int status = -1;
	channel_free(rig->channel);
	close(rig->control);
	assert_int_equal(waitpid(rig->pid, &status, 0), rig->pid);
	event_base_free(rig->base);
	buffer_deinit(&rig->certid);
	pki_files_deinit(&rig->files);
	EVP_PKEY_free(rig->ca_key);
	EVP_PKEY_free(rig->key);
	X509_free(rig->ca);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static struct control_message receive(struct rig *rig, enum control_type expected)
{
	struct control_message message = {0};
	do
		assert_int_equal(control_receive(rig->control, rig->packet, &message), 0);
	while (message.type == CONTROL_LOST || message.type == CONTROL_BEAT); /* now and then */
	assert_int_equal(message.type, expected);
	return message;
}

static void order(struct rig *rig, enum control_type type)
{
	struct control_message message = {.type = type};
	if (type == CONTROL_ASK)
		message.text = view_of_string("status");
	assert_int_equal(control_send(rig->control, &message), 0);
}

static int on_frame(void *context, uint8_t type, struct view payload)
{
	struct rig *rig = context;
	if (type == MESSAGE_OFFER) {
		rig->offers++;
		assert_int_equal(message_offer_read(payload, &rig->offer), 0);
		return 0;
	}
	assert_int_equal(type, MESSAGE_SIGNED);
	assert_int_equal(message_signed_read(payload, &rig->last), 0);
	assert_int_equal(rig->last.id, rig->last_id + 1); /* in order */
	rig->last_id = rig->last.id;
	if (++rig->answered == rig->wanted)
		(void)event_base_loopbreak(rig->base);
	return 0;
}

static void on_closed(void *context, const char *reason)
{
	(void)reason;
	struct rig *rig = context;
	rig->closed++;
	(void)event_base_loopbreak(rig->base);
}

static void give_ledger(struct rig *rig)
{
	static const struct channel_ops ops = {.frame = on_frame, .closed = on_closed};
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	struct control_message message = {.type = CONTROL_CHANNEL,
					  .kind = ROOM_LEDGER,
					  .descriptor_count = 1,
					  .descriptors = {pair[1]}};
	assert_int_equal(control_send(rig->control, &message), 0);
	close(pair[1]);
	channel_free(rig->channel);
	rig->channel = NULL;
	assert_int_equal(channel_new(rig->base, pair[0], &ops, rig, &rig->channel), 0);
}

static struct message_sign job_of(const struct rig *rig, uint64_t id)
{
	int64_t now = wall_seconds(clock_now().wall_us);
	return (struct message_sign){.id = id,
				     .this_update = now - 1,
				     .next_update = now + 3600,
				     .count = 1,
				     .entries = {{.certid = buffer_view(&rig->certid),
						  .says.status = OCSP_GOOD,
						  .says.revoked_at = TIME_NONE,
						  .says.reason = REASON_NONE,
						  .says.invalidity_at = TIME_NONE}}};
}

static void send_job(struct rig *rig, const struct message_sign *job)
{
	struct buffer frame = {0};
	message_sign_write(&frame, job);
	assert_int_equal(buffer_result(&frame), 0);
	assert_int_equal(channel_send(rig->channel, MESSAGE_SIGN, buffer_view(&frame)), 0);
	buffer_deinit(&frame);
	rig->wanted++;
}

static void run(struct rig *rig)
{
	assert_true(event_base_loopexit(rig->base, &(struct timeval){.tv_sec = 10}) == 0);
	assert_true(event_base_dispatch(rig->base) >= 0);
}

/* doc/faults.md row 47: it is one issuer's trouble. */
static void a_key_that_cannot_be_used_is_offered_by_nobody_and_told(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig);
	assert_int_equal(unlink(rig.files.key), 0);
	start(&rig);
	(void)receive(&rig, CONTROL_READY);
	give_ledger(&rig);
	struct message_sign job = job_of(&rig, 1);
	send_job(&rig, &job);
	run(&rig);
	assert_int_equal(rig.last.result, OCSP_TRY_LATER);
	assert_int_equal(rig.offers, 1);
	assert_int_equal(rig.offer.count, 0);
	assert_int_equal(rig.offer.key_hashes[0].size, 20); /* whose it is is known */
	order(&rig, CONTROL_ASK);
	struct control_message message = receive(&rig, CONTROL_ANSWER);
	char text[8192] = "";
	memcpy(text, message.text.data, message.text.size);
	const char *alarm = strstr(text, "\"kind\":\"signer_unusable\"");
	assert_non_null(alarm);
	assert_non_null(strstr(alarm, "ocsp.key: No such file"));
	order(&rig, CONTROL_STOP);
	assert_int_equal(rig_deinit(&rig), 0);
}

static void jobs_are_answered_in_order_and_counted(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig);
	start(&rig);
	(void)receive(&rig, CONTROL_READY);
	give_ledger(&rig);
	for (uint64_t id = 1; id <= LIMIT_SIGNER_DEPTH; id++) {
		struct message_sign job = job_of(&rig, id);
		job.issuer = id == 2 ? 1 : 0; /* there is no second issuer */
		if (id == 3)
			job.this_update += 100;
		send_job(&rig, &job);
	}
	run(&rig);
	assert_int_equal(rig.offers, 1); /* P-17, P-37 */
	assert_int_equal(rig.offer.count, 1);
	assert_int_equal(rig.answered, LIMIT_SIGNER_DEPTH);
	assert_int_equal(rig.last.result, OCSP_SUCCESSFUL);
	order(&rig, CONTROL_ASK);
	struct control_message message = receive(&rig, CONTROL_ANSWER);
	char text[2048] = "";
	memcpy(text, message.text.data, message.text.size);
	assert_non_null(strstr(text, "{\"index\":3,\"strays\":1,\"issuers\":[{\"name\":\"A "
				     "\\\"1\\\"\",\"algorithm\":\"EC P-256\",\"not_after\":\"20"));
	char counts[64];
	(void)snprintf(counts, sizeof(counts), "\"signatures\":%u,\"failures\":1,\"warning\":null,",
		       LIMIT_SIGNER_DEPTH - 2);
	assert_non_null(strstr(text, counts));
	order(&rig, CONTROL_STOP);
	assert_int_equal(rig_deinit(&rig), 0);
}

static void stop_finishes_the_jobs_that_were_sent(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig);
	start(&rig);
	(void)receive(&rig, CONTROL_READY);
	give_ledger(&rig);
	for (uint64_t id = 1; id <= LIMIT_SIGNER_DEPTH; id++) {
		struct message_sign job = job_of(&rig, id);
		send_job(&rig, &job);
	}
	(void)event_base_loop(rig.base, EVLOOP_NONBLOCK); /* the frames are on their way */
	order(&rig, CONTROL_STOP);
	run(&rig);
	assert_int_equal(rig.answered, LIMIT_SIGNER_DEPTH);
	assert_int_equal(rig_deinit(&rig), 0);
}

static void a_new_ledger_replaces_the_old(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig);
	start(&rig);
	(void)receive(&rig, CONTROL_READY);
	for (uint64_t id = 1; id <= 3; id++) {
		give_ledger(&rig);
		struct message_sign job = job_of(&rig, id);
		send_job(&rig, &job);
		run(&rig);
		assert_int_equal(rig.answered, id);
	}
	assert_int_equal(rig_deinit(&rig), 0); /* the warden is gone: an end, not an error */
}

static void a_ledger_that_breaks_the_protocol_is_cut_off(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig);
	start(&rig);
	(void)receive(&rig, CONTROL_READY);
	give_ledger(&rig);
	assert_int_equal(channel_send(rig.channel, MESSAGE_SIGN, view_of_string("digest")), 0);
	run(&rig);
	assert_int_equal(rig.closed, 1);
	give_ledger(&rig); /* a good one is served again */
	struct message_sign job = job_of(&rig, 1);
	send_job(&rig, &job);
	run(&rig);
	assert_int_equal(rig.answered, 1);
	assert_int_equal(rig_deinit(&rig), 0);
}

static void refused(struct rig *rig, uint64_t id, const struct message_sign *forged)
{
	struct message_sign job = *forged;
	job.id = id;
	send_job(rig, &job);
	run(rig);
	assert_int_equal(rig->answered, id);
	assert_int_not_equal(rig->last.result, OCSP_SUCCESSFUL);
}

/* doc/faults.md row 32: this test in the ledger's place, at the real process, which is locked in. */
static void a_compromised_ledger_gets_nothing_signed_but_answers_of_its_bounds(void **state)
{
	(void)state;
	struct rig rig;
	static const uint8_t digest[32];
	rig_init(&rig);
	start(&rig);
	(void)receive(&rig, CONTROL_READY);
	give_ledger(&rig);
	const struct message_sign honest = job_of(&rig, 0);
	struct message_sign octets = honest, another = honest, future = honest, endless = honest;
	struct message_sign long_good = honest, fact = honest, stranger = honest;
	octets.entries[0].certid = view_of(digest, sizeof(digest)); /* chosen ones */
	another.issuer = 1;
	future.this_update += 3600;
	endless.next_update += 400 * PKI_DAY;
	long_good.this_update -= 400 * PKI_DAY;
	fact.entries[0].facts.certificate_hash = view_of(digest, sizeof(digest));
	stranger.unknown_issuer = true;
	stranger.entries[0].says.status = OCSP_UNKNOWN;
	const struct message_sign *const forged[] = {&octets,    &another, &future,  &endless,
						     &long_good, &fact,    &stranger};
	for (uint64_t i = 0; i < array_size(forged); i++)
		refused(&rig, i + 1, forged[i]);
	struct message_sign job = job_of(&rig, array_size(forged) + 1); /* what it gives away */
	send_job(&rig, &job);
	run(&rig);
	assert_int_equal(rig.last.result, OCSP_SUCCESSFUL);
	assert_int_equal(rig_deinit(&rig), 0);
}

/* There is no word that asks for a key, and what is meant for other rooms is none here. */
static void a_compromised_ledger_is_told_no_key(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig);
	start(&rig);
	(void)receive(&rig, CONTROL_READY);
	for (unsigned type = 0; type < 256; type++) {
		if (type == MESSAGE_SIGN)
			continue;
		rig.closed = 0;
		give_ledger(&rig);
		assert_int_equal(channel_send(rig.channel, (uint8_t)type, view_of_string("key")),
				 0);
		run(&rig);
		assert_int_equal(rig.closed, 1);
	}
	assert_int_equal(rig.answered, 0);
	assert_int_equal(rig_deinit(&rig), 0);
}

static void the_ring_of_jobs_keeps_order_and_refuses_a_flood(void **state)
{
	(void)state;
	static struct jobs jobs;
	struct view taken;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < JOBS_MOST; i++) {
			uint8_t octet = (uint8_t)i;
			assert_int_equal(jobs_put(&jobs, view_of(&octet, 1)), 0);
		}
		assert_int_equal(jobs_put(&jobs, view_of("x", 1)), -ENOBUFS);
		for (unsigned i = 0; i < JOBS_MOST - round; i++) {
			assert_true(jobs_take(&jobs, &taken));
			assert_int_equal(taken.data[0], i);
		}
		while (jobs_take(&jobs, &taken)) {
		}
	}
	jobs_deinit(&jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_cannot_be_used_is_offered_by_nobody_and_told),
		cmocka_unit_test(jobs_are_answered_in_order_and_counted),
		cmocka_unit_test(stop_finishes_the_jobs_that_were_sent),
		cmocka_unit_test(a_new_ledger_replaces_the_old),
		cmocka_unit_test(a_ledger_that_breaks_the_protocol_is_cut_off),
		cmocka_unit_test(
			a_compromised_ledger_gets_nothing_signed_but_answers_of_its_bounds),
		cmocka_unit_test(a_compromised_ledger_is_told_no_key),
		cmocka_unit_test(the_ring_of_jobs_keeps_order_and_refuses_a_flood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
