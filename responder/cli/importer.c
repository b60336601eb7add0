#include "cli/importer.h"

#include "cli/crl_watch.h"
#include "db/files.h"
#include "room/harden.h"
#include "room/sandbox.h"
#include "warden/importer_process.h"
#include "warden/kind.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

bool importer_named(int argc, char *const *argv)
{
	return argc == 4 && strcmp(argv[0], ROOM_ARGV0) == 0 && strcmp(argv[1], IMPORTER_NAME) == 0;
}

/* The one line. */
static int say(enum control_outcome outcome, const char *text)
{
	char line[LIMIT_OUTCOME + 1];
	(void)snprintf(line, sizeof(line), "%.*s", (int)LIMIT_OUTCOME, text);
	for (char *p = line; (p = strpbrk(p, "\r\n"));)
		*p = ' ';
	printf("%d %s\n", (int)outcome, line);
	return fflush(stdout) == 0 && outcome != CONTROL_LATER ? 0 : 1;
}

/* ---- with what it needs, and nothing else ---- */

static void needs_file(void *needs, const char *path)
{
	sandbox_reads(needs, path);
}

static int lock_in(const struct conf *conf, struct fault *fault)
{
	cleanup(sandbox_deinit) struct sandbox sandbox = {0};
	sandbox_calls(&sandbox, CALLS_CONNECT | CALLS_FILES);
	if (db_files(conf->database.import_conninfo, needs_file, &sandbox) < 0)
		return fault_set(fault, -EINVAL, "import_conninfo is no connection string");
	return sandbox_enter(&sandbox, conf, fault);
}

static int load(struct conf **ret, struct fault *fault)
{
	int result = conf_load_descriptor(IMPORTER_CONF_FD, CONF_IMPORTER, ret, fault);
	(void)close(IMPORTER_CONF_FD);
	if (result == 0)
		log_set_level((*ret)->server.log_level);
	if (result == 0 && !(*ret)->database.import_conninfo)
		result = fault_set(fault, -EINVAL, "there is no import_conninfo");
	return result;
}

/* ---- its work ---- */

/* What may go well another time. */
static bool is_passing(int result)
{
	return result == -EAGAIN || result == -EIO || result == -ECONNREFUSED || result == -EROFS ||
	       result == -ENOMEM;
}

static int import(const struct crl_delivery *delivery)
{
	struct fault fault = {""};
	struct crl_outcome outcome = {0};
	int result = crl_import_delivery(delivery, &outcome, &fault);
	if (result < 0)
		return say(is_passing(result) ? CONTROL_LATER : CONTROL_REFUSED, fault.text);
	return say(CONTROL_TAKEN, outcome.said.text);
}

/* "COUNT COUNT … LINE" where they differ (enum crl_difference). */
static int watch(const struct crl_delivery *delivery)
{
	struct fault fault = {""};
	struct crl_watched watched = {0};
	cleanup(buffer_deinit) struct buffer text = {0};
	int result = crl_watch_delivery(delivery, &watched, &fault);
	if (result < 0)
		return say(is_passing(result) ? CONTROL_LATER : CONTROL_REFUSED, fault.text);
	if (!watched.said.text[0])
		return say(CONTROL_TAKEN, "the database says the same");
	for (unsigned i = 0; i < CRL_DIFFERENCES; i++)
		buffer_printf(&text, "%llu ", (unsigned long long)watched.counts[i]);
	buffer_put_string(&text, watched.said.text);
	buffer_put_u8(&text, '\0');
	if (buffer_result(&text) < 0)
		return say(CONTROL_LATER, "out of memory");
	return say(CONTROL_DIFFERS, (const char *)text.data);
}

int importer_run(const char *kind, const char *issuer)
{
	cleanup(conf_freep) struct conf *conf = NULL;
	struct fault fault = {"it cannot give up privileges"};
	log_init(IMPORTER_NAME, LOG_LEVEL_INFO);
	(void)prctl(PR_SET_NAME, "sg-importer", 0, 0, 0);
	int result = harden_process();
	if (result == 0)
		result = load(&conf, &fault);
	if (result == 0)
		result = lock_in(conf, &fault);
	if (result < 0 || !conf)
		return say(CONTROL_LATER, fault.text);
	const struct crl_delivery delivery = {.conninfo = conf->database.import_conninfo,
					      .issuer = issuer,
					      .origin = "fetched",
					      .fd = IMPORTER_CRL_FD};
	return strcmp(kind, "watch") == 0 ? watch(&delivery) : import(&delivery);
}
