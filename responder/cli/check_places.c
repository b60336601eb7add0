/* What a start would bind. A running instance holds these places rightly where `check` asks, because
 * the next start follows its end; where serve asks, it does not. */
#include "cli/check_steps.h"
#include "warden/access_file.h"
#include "warden/control_socket.h"
#include "warden/journal_files.h"
#include "warden/listeners.h"

#include <spawn.h>
#include <sys/wait.h>

/* Made by the service manager (systemd/stillgood.service), and gone while the service is down. */
#define RUNTIME_FOLDER "/run/stillgood/"
#define SYSTEMD_RUNS "/run/systemd/system"

/* The ports are not worth a look while another instance has them. */
static bool check_control_socket(const struct conf *conf, struct preflight *preflight)
{
	const char *path = conf->server.control_socket;
	struct fault fault = {""};
	int result = control_socket_try(path, &fault);
	if (result == CONTROL_SOCKET_TAKEN && !preflight->serving) {
		preflight_find(preflight, SERVE_WELL, "", "%s; its ports are not tried",
			       fault.text);
		return false;
	}
	if (result == CONTROL_SOCKET_NO_FOLDER && !preflight->serving &&
	    strncmp(path, RUNTIME_FOLDER, strlen(RUNTIME_FOLDER)) == 0)
		preflight_find(preflight, SERVE_WARNED, "",
			       "%s, unless systemd does (RuntimeDirectory=stillgood)", fault.text);
	else if (result != 0)
		preflight_find(preflight, SERVE_REFUSED, "", "%s", fault.text);
	return result != CONTROL_SOCKET_TAKEN;
}

/* Where systemd runs: the next start is given the socket that it holds. */
static bool socket_unit_listens(void)
{
	static const char *const words[] = {"systemctl", "--quiet", "is-active", "stillgood.socket",
					    NULL};
	pid_t pid;
	int status = 0;
	return access(SYSTEMD_RUNS, F_OK) == 0 &&
	       posix_spawnp(&pid, words[0], NULL, NULL, (char *const *)words, environ) == 0 &&
	       waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void check_ports(const struct conf *conf, struct preflight *preflight)
{
	struct fault fault = {""};
	int result = listeners_try(&conf->server.listen, &fault);
	if (result == 0)
		result = listeners_try(&conf->server.admin_listen, &fault);
	/* Whoever checks need not have the service's capabilities. */
	if (result == -EACCES && !preflight->serving)
		preflight_find(preflight, SERVE_WARNED, "", "%s, which you do not have",
			       fault.text);
	else if (result == -EADDRINUSE && !preflight->serving && socket_unit_listens())
		preflight_find(preflight, SERVE_WELL, "", "%s: stillgood.socket is active",
			       fault.text);
	else if (result < 0)
		preflight_find(preflight, SERVE_REFUSED, "", "%s", fault.text);
}

/* A running instance holds the lock, rightly. */
static void check_journal(const struct conf *conf, struct preflight *preflight)
{
	struct fault fault = {""};
	int result = journal_files_try(&conf->server, &fault);
	if (result == JOURNAL_FILES_UNUSABLE && !preflight->serving) /* the warden says it */
		preflight_find(preflight, SERVE_WARNED, "",
			       "%s: what is known to be revoked is remembered until the end only",
			       fault.text);
	else if (result < 0)
		preflight_find(preflight, SERVE_REFUSED, "", "%s", fault.text);
}

static void check_access_log(const struct conf *conf, struct preflight *preflight)
{
	struct fault fault = {""};
	int result = access_file_try(&conf->server, &fault);
	/* Whoever checks need not be the service's user. */
	if (result < 0)
		preflight_find(preflight,
			       result == -EACCES && !preflight->serving ? SERVE_WARNED
									: SERVE_REFUSED,
			       "", "%s", fault.text);
}

void check_places(const struct conf *conf, struct preflight *preflight)
{
	if (check_control_socket(conf, preflight))
		check_ports(conf, preflight);
	check_journal(conf, preflight);
	check_access_log(conf, preflight);
}
