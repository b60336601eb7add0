#include "warden/proof.h"

#include "base/clock.h"
#include "conf/profile.h"
#include "db/migrate.h"
#include "signer/credential.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* A key on a file system that hangs must not hang the start for ever. */
#define CREDENTIALS_TIMEOUT (60 * SECOND_US)
/* Seconds for one host; and for the whole attempt, name resolution and all hosts included. */
#define DATABASE_PATIENCE "2"
#define DATABASE_TIMEOUT (5 * SECOND_US)
/* Warnings of every issuer. */
#define PROOF_TEXT_MOST (1u << 20)

/* ---- in the child: lines "W…" for warnings, "E…" for what a profile refuses, "F…" for the fault, through the pipe ---- */

static void put_line(int fd, char kind, struct view text)
{
	struct buffer line = {0};
	buffer_put_u8(&line, (uint8_t)kind);
	buffer_put_view(&line, text);
	buffer_put_u8(&line, '\n');
	if (buffer_result(&line) == 0) {
		ssize_t written = write(fd, line.data, line.size);
		(void)written; /* the exit status tells, too */
	}
	buffer_deinit(&line);
}

/* Ready to be logged: "P-39: issuer \"NAME\": FILE: what". */
static void put_finding(struct buffer *out, const struct conf_issuer *issuer,
			const struct finding *finding)
{
	buffer_printf(out, "%s%sissuer \"%s\": %s", finding->requirement,
		      finding->requirement[0] ? ": " : "", issuer->name, finding->text);
}

/* 0, or -EINVAL with a fault: the profile refuses some of them. */
static int judge(const struct conf_issuer *issuer, const struct findings *findings,
		 struct fault *fault)
{
	unsigned refused = findings_refused(findings);
	if (refused == 0)
		return 0;
	return fault_set(fault, -EINVAL,
			 "issuer \"%s\": its profile %s refuses what is named above (%u)",
			 issuer->name, profile_name(issuer->profile), refused);
}

static void put_findings(int fd, const struct conf_issuer *issuer, const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		cleanup(buffer_deinit) struct buffer line = {0};
		put_finding(&line, issuer, &findings->items[i]);
		put_line(fd, findings->items[i].severity == SEVERITY_REFUSED ? 'E' : 'W',
			 buffer_view(&line));
	}
}

static int prove_issuer(int fd, const struct conf_issuer *issuer)
{
	cleanup(credential_freep) struct credential *credential = NULL;
	cleanup(findings_deinit) struct findings findings = {.profile = issuer->profile};
	struct fault fault = {0};
	int result = credential_load(issuer, wall_seconds(clock_now().wall_us), &credential,
				     &findings, &fault);
	put_findings(fd, issuer, &findings);
	if (result == 0)
		result = judge(issuer, &findings, &fault);
	if (result < 0)
		put_line(fd, 'F', view_of_string(fault.text));
	return result;
}

static int prove_credentials(int fd, const struct conf *conf)
{
	int result = 0;
	for (unsigned i = 0; result == 0 && i < conf->issuer_count; i++)
		result = prove_issuer(fd, &conf->issuers[i]);
	return result;
}

static PGconn *connect_database(const struct conf *conf)
{
	const char *keywords[] = {"dbname", "connect_timeout", "fallback_application_name", NULL};
	const char *values[] = {conf->database.conninfo, DATABASE_PATIENCE, "stillgood serve",
				NULL};
	return PQconnectdbParams(keywords, values, 1);
}

static void put_unreachable(int fd, const PGconn *connection)
{
	char line[256];
	struct fault text;
	(void)fault_set(&text, 0, "the database is not there yet, answers follow when it is: %s",
			db_message_line(connection ? PQerrorMessage(connection) : "out of memory",
					line, sizeof(line)));
	put_line(fd, 'W', view_of_string(text.text));
}

static int prove_database(int fd, const struct conf *conf)
{
	struct fault fault = {0};
	PGconn *connection = connect_database(conf);
	if (PQstatus(connection) != CONNECTION_OK) {
		put_unreachable(fd, connection);
		PQfinish(connection);
		return 0;
	}
	int result = db_schema_check(connection, &fault);
	PQfinish(connection);
	bool refused = result > 0 || result == -EINVAL;
	if (result != 0)
		put_line(fd, refused ? 'F' : 'W', view_of_string(fault.text));
	return refused ? -EINVAL : 0;
}

/* ---- in the warden ---- */

/* Until the child closes its end. 0, -ETIMEDOUT or -errno. */
static int read_until_end(int fd, int64_t timeout_us, struct buffer *out)
{
	int64_t deadline = clock_now().mono_us + timeout_us;
	for (;;) {
		int64_t left = (deadline - clock_now().mono_us) / MILLISECOND_US;
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int count = left > 0 ? poll(&ready, 1, (int)left) : 0;
		if (count < 0 && errno == EINTR)
			continue;
		uint8_t *room = buffer_reserve(out, 4096);
		if (count <= 0 || !room)
			return count < 0 ? -errno : count == 0 ? -ETIMEDOUT : -ENOMEM;
		ssize_t got = read(fd, room, 4096);
		if (got <= 0)
			return got < 0 ? -errno : 0;
		out->size += (size_t)got;
	}
}

static void take_lines(struct buffer *text, struct fault *fault)
{
	buffer_put_u8(text, '\0');
	if (buffer_result(text) < 0)
		return;
	char *rest = (char *)text->data;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (line[0] == 'W')
			log_warning("%s", line + 1);
		else if (line[0] == 'E')
			log_error("%s", line + 1);
		else if (line[0] == 'F')
			(void)fault_set(fault, 0, "%s", line + 1);
	}
}

/* 0; -EINVAL if the child refused; another -errno, without a fault, if it could not finish. */
static int await_child(pid_t pid, int fd, int64_t timeout_us, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer text = {.most = PROOF_TEXT_MOST};
	int status = 0;
	int result = read_until_end(fd, timeout_us, &text);
	if (result < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (result < 0)
		return result;
	if (!WIFEXITED(status))
		return -ECHILD;
	take_lines(&text, fault);
	return WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}

typedef int prover(int fd, const struct conf *conf);

static int run_child(prover *prove, const struct conf *conf, int64_t timeout_us,
		     struct fault *fault)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	cleanup(descriptor_closep) int reading = ends[0];
	int writing = ends[1];
	pid_t pid = fork();
	int error = errno;
	if (pid == 0)
		_exit(prove(writing, conf) == 0 ? 0 : 1);
	close(writing);
	return pid < 0 ? -error : await_child(pid, reading, timeout_us, fault);
}

static void log_findings(const struct conf_issuer *issuer, const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		cleanup(buffer_deinit) struct buffer line = {0};
		put_finding(&line, issuer, &findings->items[i]);
		buffer_put_u8(&line, '\0');
		if (buffer_result(&line) < 0)
			continue;
		if (findings->items[i].severity == SEVERITY_REFUSED)
			log_error("%s", (const char *)line.data);
		else
			log_warning("%s", (const char *)line.data);
	}
}

int proof_profiles(const struct conf *conf, struct fault *fault)
{
	int result = 0;
	for (unsigned i = 0; result == 0 && i < conf->issuer_count; i++) {
		cleanup(findings_deinit) struct findings findings = {
			.profile = conf->issuers[i].profile};
		profile_judge(&conf->issuers[i], &findings);
		log_findings(&conf->issuers[i], &findings);
		result = judge(&conf->issuers[i], &findings, fault);
	}
	return result;
}

int proof_credentials(const struct conf *conf, struct fault *fault)
{
	int result = run_child(prove_credentials, conf, CREDENTIALS_TIMEOUT, fault);
	if (result < 0 && result != -EINVAL)
		return fault_set(fault, result, "the credentials could not be proven: %s",
				 strerror(-result));
	return result;
}

int proof_database(const struct conf *conf, struct fault *fault)
{
	int result = run_child(prove_database, conf, DATABASE_TIMEOUT, fault);
	if (result < 0 && result != -EINVAL) {
		log_warning("the database's schema could not be checked: %s", strerror(-result));
		return 0;
	}
	return result;
}
