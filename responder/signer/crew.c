#include "signer/crew.h"

#include "base/clock.h"
#include "room/harden.h"
#include "signer/credential.h"
#include "signer/sign_wait.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Nobody waits for an answer, but for ever is too long. */
#define TOKEN_PATIENCE_US (60 * SECOND_US)
/* A response, its fields, or a line. */
#define PACKET_MOST (LIMIT_RESPONSE + 1024u)

/* What a packet of theirs begins with. */
enum { CREW_READY = 'r', CREW_FAULT = 'f', CREW_SIGNED = 's', CREW_REFUSED = 'n' };

struct member {
	pid_t pid;
	int fd;
	unsigned depth;
};

struct crew {
	unsigned count;
	struct member members[CREW_MOST];
	struct buffer job;
	uint8_t packet[PACKET_MOST + 1]; /* and a NUL behind a line */
};

/* ---- one of them ---- */

static bool tell(int fd, uint8_t kind, struct view rest)
{
	cleanup(buffer_deinit) struct buffer packet = {0};
	buffer_put_u8(&packet, kind);
	buffer_put_view(&packet, rest);
	return buffer_result(&packet) == 0 &&
	       send(fd, packet.data, packet.size, MSG_NOSIGNAL) == (ssize_t)packet.size;
}

static bool refuse(int fd, uint64_t id, const char *reason)
{
	cleanup(buffer_deinit) struct buffer rest = {0};
	buffer_put_u64(&rest, id);
	buffer_put_string(&rest, reason);
	return tell(fd, CREW_REFUSED, buffer_view(&rest));
}

static bool do_job(int fd, struct credential *credential, struct view payload)
{
	cleanup(buffer_deinit) struct buffer der = {0}, rest = {0};
	struct message_sign job;
	struct sign_outcome outcome = {0};
	if (message_sign_read(payload, &job) < 0)
		return false;
	int64_t now = wall_seconds(clock_now().wall_us);
	if (sign_wait(credential, &job, now, TOKEN_PATIENCE_US, &der, &outcome) != 0)
		return refuse(fd, job.id, outcome.reason ? outcome.reason : "it failed");
	struct message_signed answer = {
		.id = job.id,
		.result = OCSP_SUCCESSFUL,
		.produced_at = outcome.produced_at,
		.next_update = outcome.next_update,
		.der = buffer_view(&der),
	};
	message_signed_write(&rest, &answer);
	return buffer_result(&rest) == 0 && tell(fd, CREW_SIGNED, buffer_view(&rest));
}

static int prove(const struct conf_server *server, const struct conf_issuer *section,
		 struct credential **ret, struct fault *fault)
{
	cleanup(findings_deinit) struct findings findings = {.profile = section->profile};
	int result = credential_prove(server, section, wall_seconds(clock_now().wall_us), false,
				      ret, &findings, fault);
	for (size_t i = 0; result == 0 && i < findings.count; i++)
		if (findings.items[i].severity == SEVERITY_REFUSED)
			result = fault_set(fault, -EKEYREJECTED, "%s: %.900s",
					   findings.items[i].requirement, findings.items[i].text);
	return result;
}

static void serve(int fd, const struct conf_server *server, const struct conf_issuer *section)
{
	cleanup(credential_freep) struct credential *credential = NULL;
	struct fault fault = {""};
	static uint8_t packet[PACKET_MOST];
	if (prove(server, section, &credential, &fault) < 0) {
		(void)tell(fd, CREW_FAULT, view_of_string(fault.text));
		return;
	}
	bool more = tell(fd, CREW_READY, (struct view){0});
	for (ssize_t size = 0; more && (size = recv(fd, packet, sizeof(packet), 0)) > 0;)
		more = do_job(fd, credential, view_of(packet, (size_t)size));
}

/* Does not return. */
static void member_run(const struct crew *crew, int fd, pid_t parent,
		       const struct conf_server *server, const struct conf_issuer *section)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < crew->count; i++)
		(void)close(crew->members[i].fd);
	if (getppid() == parent && harden_process() == 0)
		serve(fd, server, section);
	_exit(0);
}

/* ---- all of them ---- */

static int start_one(struct crew *crew, const struct conf_server *server,
		     const struct conf_issuer *section, struct fault *fault)
{
	int ends[2];
	pid_t parent = getpid();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fault_set(fault, -errno, "a signing process: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		member_run(crew, ends[1], parent, server, section);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		int result = fault_set(fault, -errno, "a signing process: %s", strerror(errno));
		(void)close(ends[0]);
		return result;
	}
	crew->members[crew->count++] = (struct member){.pid = pid, .fd = ends[0]};
	return 0;
}

static int ended(struct fault *fault)
{
	return fault_set(fault, -EPIPE, "a signing process has ended unexpectedly");
}

/* Its packet, in the crew's memory. */
static int receive(struct crew *crew, const struct member *member, struct view *ret,
		   struct fault *fault)
{
	ssize_t size;
	do
		size = recv(member->fd, crew->packet, PACKET_MOST, 0);
	while (size < 0 && errno == EINTR);
	if (size <= 0)
		return ended(fault);
	crew->packet[size] = 0;
	*ret = view_of(crew->packet, (size_t)size);
	return 0;
}

static int await_proof(struct crew *crew, const struct member *member, struct fault *fault)
{
	struct view packet = {0};
	int result = receive(crew, member, &packet, fault);
	if (result < 0 || packet.data[0] == CREW_READY)
		return result;
	return fault_set(fault, -EKEYREJECTED, "%s", (const char *)packet.data + 1);
}

int crew_start(const struct conf_server *server, const struct conf_issuer *section, unsigned count,
	       struct crew **ret, struct fault *fault)
{
	cleanup(crew_freep) struct crew *crew = calloc(1, sizeof(*crew));
	if (!crew)
		return fault_set(fault, -ENOMEM, "out of memory");
	int result = 0;
	for (unsigned i = 0; result == 0 && i < count && i < CREW_MOST; i++)
		result = start_one(crew, server, section, fault);
	for (unsigned i = 0; result == 0 && i < crew->count; i++)
		result = await_proof(crew, &crew->members[i], fault);
	if (result < 0)
		return result;
	*ret = crew;
	crew = NULL;
	return 0;
}

static struct member *idlest(const struct crew *crew)
{
	const struct member *best = &crew->members[0];
	for (unsigned i = 1; i < crew->count; i++)
		if (crew->members[i].depth < best->depth)
			best = &crew->members[i];
	return (struct member *)best;
}

bool crew_has_room(const struct crew *crew)
{
	return idlest(crew)->depth < CREW_DEPTH;
}

int crew_give(struct crew *crew, const struct message_sign *job, struct fault *fault)
{
	struct member *member = idlest(crew);
	buffer_reset(&crew->job);
	message_sign_write(&crew->job, job);
	if (buffer_result(&crew->job) < 0)
		return fault_set(fault, -EINVAL, "fields that no answer has");
	ssize_t sent = send(member->fd, crew->job.data, crew->job.size, MSG_NOSIGNAL);
	if (sent != (ssize_t)crew->job.size)
		return ended(fault);
	member->depth++;
	return 0;
}

static struct member *await_any(struct crew *crew)
{
	struct pollfd polled[CREW_MOST];
	for (unsigned i = 0; i < crew->count; i++)
		polled[i] = (struct pollfd){.fd = crew->members[i].depth ? crew->members[i].fd : -1,
					    .events = POLLIN};
	while (poll(polled, crew->count, -1) < 0 && errno == EINTR)
		continue;
	for (unsigned i = 0; i < crew->count; i++)
		if (polled[i].revents)
			return &crew->members[i];
	return NULL;
}

static int take_packet(struct view packet, struct crew_result *ret)
{
	struct crew_result result = {0};
	struct cursor c = cursor_of(packet);
	uint8_t kind = cursor_u8(&c);
	if (kind == CREW_SIGNED && message_signed_read(c.rest, &result.answer) < 0)
		return -EBADMSG;
	if (kind == CREW_REFUSED) {
		result.answer.id = cursor_u64(&c);
		result.reason = (const char *)c.rest.data;
	}
	if ((kind != CREW_SIGNED && kind != CREW_REFUSED) || c.failed)
		return -EBADMSG;
	*ret = result;
	return 0;
}

int crew_take(struct crew *crew, struct crew_result *ret, struct fault *fault)
{
	struct view packet = {0};
	unsigned depth = 0;
	for (unsigned i = 0; i < crew->count; i++)
		depth += crew->members[i].depth;
	if (depth == 0)
		return CREW_IDLE;
	struct member *member = await_any(crew);
	if (!member)
		return ended(fault);
	int result = receive(crew, member, &packet, fault);
	if (result < 0)
		return result;
	member->depth--;
	return take_packet(packet, ret) == 0 ? 0 : ended(fault);
}

void crew_free(struct crew *crew)
{
	if (!crew)
		return;
	for (unsigned i = 0; i < crew->count; i++)
		(void)close(crew->members[i].fd);
	for (unsigned i = 0; i < crew->count; i++) {
		(void)kill(crew->members[i].pid, SIGTERM);
		while (waitpid(crew->members[i].pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	buffer_deinit(&crew->job);
	free(crew);
}
