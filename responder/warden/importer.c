#include "warden/importer.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "warden/importer_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define KIND_SIZE 8
/* Four counts may stand before the line. */
#define OUTPUT_MOST (LIMIT_OUTCOME + 100u)

struct importer {
	struct event_base *base;
	importer_told *told;
	void *context;

	pid_t pid; /* and its process group; 0: none runs */
	pid_t from;
	uint32_t ticket;
	char kind[KIND_SIZE], issuer[LIMIT_ISSUER_NAME + 1];
	bool late;
	int fd; /* what it says; -1 */
	struct event *readable, *deadline;
	size_t size;
	char output[OUTPUT_MOST];
};

int importer_new(struct event_base *base, importer_told *told, void *context, struct importer **ret)
{
	struct importer *importer = calloc(1, sizeof(*importer));
	if (!importer)
		return -ENOMEM;
	importer->base = base;
	importer->told = told;
	importer->context = context;
	importer->fd = -1;
	*ret = importer;
	return 0;
}

/* ---- what it says ---- */

/* What does not fit is left out. As read(). */
static ssize_t take_output(struct importer *importer)
{
	char octets[1024];
	size_t room = sizeof(importer->output) - importer->size;
	ssize_t got = read(importer->fd, octets, sizeof(octets));
	if (got > 0) {
		size_t size = (size_t)got < room ? (size_t)got : room;
		memcpy(importer->output + importer->size, octets, size);
		importer->size += size;
	}
	return got;
}

static void on_output(evutil_socket_t fd, short what, void *context)
{
	struct importer *importer = context;
	(void)fd;
	(void)what;
	if (take_output(importer) == 0)
		(void)event_del(importer->readable); /* SIGCHLD follows */
}

static void kill_all(const struct importer *importer)
{
	(void)kill(-importer->pid, SIGKILL);
	(void)kill(importer->pid, SIGKILL);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct importer *importer = context;
	(void)fd;
	(void)what;
	importer->late = true;
	kill_all(importer);
}

static void release(struct importer *importer)
{
	if (importer->readable)
		event_free(importer->readable);
	if (importer->deadline)
		event_free(importer->deadline);
	if (importer->fd >= 0)
		close(importer->fd);
	importer->readable = importer->deadline = NULL;
	importer->fd = -1;
	importer->pid = 0;
}

/* "DIGIT TEXT", up to the end of the line. */
static enum control_outcome outcome_of(const struct importer *importer, struct view *ret_line)
{
	const char *line = importer->output;
	const char *end = memchr(line, '\n', importer->size);
	size_t size = end ? (size_t)(end - line) : 0;
	if (size < 3 || line[0] < '0' + CONTROL_TAKEN || line[0] > '0' + CONTROL_LATER ||
	    line[1] != ' ')
		return 0;
	*ret_line = view_of(line + 2, size - 2);
	return (enum control_outcome)(line[0] - '0');
}

static void log_outcome(const struct importer *importer, enum control_outcome outcome,
			struct view line)
{
	log_line(outcome == CONTROL_TAKEN ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		 "%s of a CRL issuer=\"%s\": %.*s",
		 strcmp(importer->kind, "crl") == 0 ? "import" : "comparison", importer->issuer,
		 (int)line.size, (const char *)line.data);
}

static void end(struct importer *importer, int status)
{
	char died[80];
	struct view line = {0};
	(void)kill(-importer->pid, SIGKILL); /* nothing of it stays */
	while (importer->size < sizeof(importer->output) && take_output(importer) > 0)
		;
	enum control_outcome outcome = importer->late ? 0 : outcome_of(importer, &line);
	if (outcome == 0) {
		outcome = CONTROL_LATER;
		(void)snprintf(died, sizeof(died), "the importer %s %d",
			       WIFSIGNALED(status) ? "was ended by signal" : "ended with status",
			       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		line = view_of_string(importer->late ? "it took longer than import_timeout" : died);
	}
	release(importer);
	log_outcome(importer, outcome, line);
	importer->told(importer->context, importer->from, importer->ticket, outcome, line);
}

void importer_reap(struct importer *importer)
{
	int status;
	if (importer && importer->pid != 0 &&
	    waitpid(importer->pid, &status, WNOHANG) == importer->pid)
		end(importer, status);
}

/* ---- what it is given ---- */

/* Is this kind of work asked for, for this issuer? The fetcher is not believed. */
static bool is_wanted(const struct conf *conf, const char *kind, const char *issuer)
{
	const struct conf_issuer *section = conf_issuer_named(conf, issuer);
	return section && ((strcmp(kind, "crl") == 0 && section->crl) ||
			   (strcmp(kind, "watch") == 0 && section->crl_watch));
}

/* "KIND ISSUER". */
static bool read_text(struct importer *importer, const struct conf *conf, struct view text)
{
	const uint8_t *space = text.size ? memchr(text.data, ' ', text.size) : NULL;
	size_t kind = space ? (size_t)(space - text.data) : 0;
	if (!space || kind >= KIND_SIZE || text.size - kind - 1 > LIMIT_ISSUER_NAME)
		return false;
	(void)snprintf(importer->kind, KIND_SIZE, "%.*s", (int)kind, (const char *)text.data);
	(void)snprintf(importer->issuer, sizeof(importer->issuer), "%.*s",
		       (int)(text.size - kind - 1), (const char *)space + 1);
	return is_wanted(conf, importer->kind, importer->issuer);
}

/* Nobody changes it while it is read, and it is no larger than was said. NULL, or what is wrong. */
static const char *unfit(const struct conf *conf, int fd)
{
	const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & all) != all)
		return "it is not sealed";
	if (fstat(fd, &status) < 0 || status.st_size <= 0 ||
	    (uint64_t)status.st_size > conf->server.fetch_size)
		return "it is larger than fetch_size";
	return conf->database.import_conninfo
		       ? NULL
		       : "nobody may record it: set [database] import_conninfo";
}

static int watch(struct importer *importer, int64_t timeout_us)
{
	const struct timeval deadline = {.tv_sec = timeout_us / SECOND_US,
					 .tv_usec = timeout_us % SECOND_US};
	importer->readable =
		event_new(importer->base, importer->fd, EV_READ | EV_PERSIST, on_output, importer);
	importer->deadline = event_new(importer->base, -1, 0, on_deadline, importer);
	return importer->readable && importer->deadline &&
			       event_add(importer->readable, NULL) == 0 &&
			       event_add(importer->deadline, &deadline) == 0
		       ? 0
		       : -ENOMEM;
}

static int start(struct importer *importer, const struct conf *conf, const struct users *users,
		 int crl)
{
	const struct importer_call call = {.kind = importer->kind,
					   .issuer = importer->issuer,
					   .crl = crl,
					   .conf = conf,
					   .users = users};
	importer->late = false;
	importer->size = 0;
	int result = importer_process_start(&call, &importer->pid, &importer->fd);
	if (result == 0 && watch(importer, conf->database.import_timeout_us) < 0)
		kill_all(importer); /* SIGCHLD follows, and what is to be told */
	return result;
}

void importer_take(struct importer *importer, const struct conf *conf, const struct users *users,
		   const struct delivery *delivery)
{
	cleanup(descriptor_closep) int crl = delivery->fd;
	const char *wrong = NULL;
	if (importer->pid != 0)
		wrong = "another CRL is being recorded";
	else if (!read_text(importer, conf, delivery->text))
		wrong = "nobody asked for it";
	else
		wrong = unfit(conf, crl);
	if (!wrong) {
		importer->from = delivery->from;
		importer->ticket = delivery->ticket;
		int result = start(importer, conf, users, crl);
		wrong = result < 0 ? strerror(-result) : NULL;
	}
	if (wrong)
		importer->told(importer->context, delivery->from, delivery->ticket, CONTROL_LATER,
			       view_of_string(wrong));
}

void importer_free(struct importer *importer)
{
	if (!importer)
		return;
	if (importer->pid > 0) {
		kill_all(importer);
		(void)waitpid(importer->pid, NULL, 0);
	}
	release(importer);
	free(importer);
}
