#include "warden/inherited.h"

#include "base/log.h"
#include "warden/address.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>

/* Of the process, as its environment and its descriptors are. */
static struct {
	unsigned count;
	int each[INHERITED_MOST];
} inherited;

/* A decimal number and nothing else. 0: it is none. */
static unsigned long number_of(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	if (!text || *text < '1' || *text > '9')
		return 0;
	unsigned long number = strtoul(text, &end, 10);
	return *end ? 0 : number;
}

static bool listens(int fd)
{
	int type = 0, listening = 0;
	socklen_t size = sizeof(int);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

/* What is no listening socket is closed: nothing here knows what to do with it. */
void inherited_take(void)
{
	unsigned long count = number_of("LISTEN_FDS");
	bool ours = number_of("LISTEN_PID") == (unsigned long)getpid();
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	if (!ours || count > INHERITED_MOST)
		return;
	for (int fd = INHERITED_FIRST; fd < INHERITED_FIRST + (int)count; fd++) {
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && listens(fd))
			inherited.each[inherited.count++] = fd;
		else
			(void)close(fd);
	}
}

static bool same_place(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *one = (const void *)a, *other = (const void *)b;
		return one->sin_port == other->sin_port &&
		       one->sin_addr.s_addr == other->sin_addr.s_addr;
	}
	const struct sockaddr_in6 *one = (const void *)a, *other = (const void *)b;
	return a->ss_family == AF_INET6 && one->sin6_port == other->sin6_port &&
	       one->sin6_scope_id == other->sin6_scope_id &&
	       memcmp(&one->sin6_addr, &other->sin6_addr, sizeof(one->sin6_addr)) == 0;
}

static bool place_of(int fd, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	*ret_size = sizeof(*ret);
	memset(ret, 0, sizeof(*ret));
	return getsockname(fd, (struct sockaddr *)ret, ret_size) == 0;
}

int inherited_on(const struct sockaddr_storage *place, socklen_t size)
{
	for (unsigned i = 0; i < inherited.count; i++) {
		struct sockaddr_storage its;
		socklen_t its_size;
		if (place_of(inherited.each[i], &its, &its_size) && its_size == size &&
		    same_place(&its, place))
			return inherited.each[i];
	}
	return -1;
}

bool inherited_is(int fd)
{
	struct stat one, other;
	for (unsigned i = 0; i < inherited.count; i++)
		if (fstat(fd, &one) == 0 && fstat(inherited.each[i], &other) == 0 &&
		    one.st_dev == other.st_dev && one.st_ino == other.st_ino)
			return true;
	return false;
}

static bool is_named(int fd, const struct conf_listen *addresses)
{
	for (unsigned i = 0; i < addresses->count; i++) {
		struct sockaddr_storage place;
		socklen_t size;
		if (address_parse(addresses->each[i], &place, &size) == 0 &&
		    inherited_on(&place, size) == fd)
			return true;
	}
	return false;
}

static void tell_unused(int fd)
{
	struct sockaddr_storage place;
	socklen_t size;
	char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
	if (place_of(fd, &place, &size))
		(void)getnameinfo((struct sockaddr *)&place, size, host, sizeof(host), port,
				  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	log_warning(
		"the service manager listens on %s port %s for us, which the configuration does "
		"not name: nobody answers there",
		host, port);
}

void inherited_tell_unused(const struct conf_server *server)
{
	for (unsigned i = 0; i < inherited.count; i++)
		if (!is_named(inherited.each[i], &server->listen) &&
		    !is_named(inherited.each[i], &server->admin_listen))
			tell_unused(inherited.each[i]);
}
