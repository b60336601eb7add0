#include "warden/notify.h"

#include "base/compiler.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	size_t size = path ? strlen(path) : 0;
	if (size < 2 || size >= sizeof(place.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(place.sun_path, path, size);
	if (path[0] == '@') /* the abstract name space */
		place.sun_path[0] = '\0';
	cleanup(descriptor_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* A manager that does not listen is its own problem: serving goes on. */
	ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&place,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
	(void)sent;
}
