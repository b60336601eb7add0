#include "warden/access_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuse(const struct conf_server *server, int error, struct fault *fault)
{
	return fault_set(fault, -error, "access_log_file %s: %s%s", server->access_log_file,
			 strerror(error), error == ENOENT ? "; make its folder" : "");
}

/* Never blocks: a FIFO that nobody reads is refused (ENXIO). */
int access_file_open(const struct conf_server *server, int *ret, struct fault *fault)
{
	*ret = -1;
	if (!server->access_log_file)
		return 0;
	int fd = open(server->access_log_file,
		      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	if (fd < 0)
		return refuse(server, errno, fault);
	*ret = fd;
	return 0;
}

int access_file_try(const struct conf_server *server, struct fault *fault)
{
	const char *path = server->access_log_file;
	if (!path || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
		return 0;
	const char *slash = strrchr(path, '/');
	if (errno != ENOENT || !slash)
		return refuse(server, errno, fault);
	cleanup(memory_freep) char *folder =
		slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	if (folder && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	return refuse(server, folder ? errno : ENOMEM, fault);
}
