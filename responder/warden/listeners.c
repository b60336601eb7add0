#include "warden/listeners.h"

#include "warden/address.h"
#include "warden/inherited.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>

struct address {
	const char *text;
	struct sockaddr_storage place;
	socklen_t size;
};

static int refuse(const struct address *address, int error, struct fault *fault)
{
	const char *advice = "";
	if (error == EADDRINUSE)
		advice = "; stop the other process or listen elsewhere";
	else if (error == EACCES)
		advice = "; ports below 1024 need CAP_NET_BIND_SERVICE";
	else if (error == EADDRNOTAVAIL)
		advice = "; no interface of this machine has it";
	else if (error == EAFNOSUPPORT)
		advice = "; stillgood.socket has to listen there, or the service needs a network "
			 "(network.conf beside the sample)";
	return fault_set(fault, -error, "cannot listen on %s: %s%s", address->text, strerror(error),
			 advice);
}

static int bind_socket(const struct address *address, bool shared, int *ret)
{
	const int on = 1;
	cleanup(descriptor_closep) int fd = socket(
		address->place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0))
		return -errno;
	/* So that 0.0.0.0 and [::] can both be named. */
	if (address->place.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address->place, address->size) < 0)
		return -errno;
	*ret = fd;
	fd = -1;
	return 0;
}

/* SO_REUSEPORT would let us share the port with a foreign process of the same user, and a part of the
 * clients would go there. Without it the port must be free. */
static int probe(const struct address *address)
{
	if (inherited_on(&address->place, address->size) >= 0)
		return 0;
	cleanup(descriptor_closep) int fd = -1;
	return bind_socket(address, false, &fd);
}

static int open_front(const struct address *address, int *ret)
{
	int handed_over = inherited_on(&address->place, address->size);
	if (handed_over >= 0) {
		*ret = fcntl(handed_over, F_DUPFD_CLOEXEC, 0);
		return *ret < 0 ? -errno : 0;
	}
	cleanup(descriptor_closep) int fd = -1;
	int result = bind_socket(address, true, &fd);
	if (result < 0)
		return result;
	if (listen(fd, SOMAXCONN) < 0)
		return -errno;
	*ret = fd;
	fd = -1;
	return 0;
}

static int read_address(const char *text, struct address *ret, struct fault *fault)
{
	*ret = (struct address){.text = text};
	if (address_parse(text, &ret->place, &ret->size) < 0)
		return fault_set(fault, -EINVAL, "cannot listen on %s: not an address and port",
				 text);
	return 0;
}

int listeners_try(const struct conf_listen *addresses, struct fault *fault)
{
	for (unsigned i = 0; i < addresses->count; i++) {
		struct address address;
		int result = read_address(addresses->each[i], &address, fault);
		if (result < 0)
			return result;
		result = probe(&address);
		if (result < 0)
			return refuse(&address, -result, fault);
	}
	return 0;
}

static int open_address(struct listeners *listeners, unsigned position, const char *text,
			struct fault *fault)
{
	struct address address;
	int result = read_address(text, &address, fault);
	if (result < 0)
		return result;
	result = probe(&address);
	for (unsigned i = 0; result == 0 && i < listeners->processes; i++)
		result = open_front(&address,
				    &listeners->descriptors[i * listeners->addresses + position]);
	return result < 0 ? refuse(&address, -result, fault) : 0;
}

static int share_address(struct listeners *listeners, unsigned position,
			 const struct listeners *now, unsigned now_position, const char *text,
			 struct fault *fault)
{
	for (unsigned i = 0; i < listeners->processes; i++) {
		int fd = fcntl(now->descriptors[i * now->addresses + now_position], F_DUPFD_CLOEXEC,
			       0);
		if (fd < 0)
			return fault_set(fault, -errno, "cannot listen on %s: %s", text,
					 strerror(errno));
		listeners->descriptors[i * listeners->addresses + position] = fd;
	}
	return 0;
}

/* Its position there; -1: it is not. */
static int find_address(const struct conf_listen *addresses, const char *text)
{
	for (unsigned i = 0; addresses && i < addresses->count; i++)
		if (strcmp(addresses->each[i], text) == 0)
			return (int)i;
	return -1;
}

int listeners_open(const struct conf_listen *addresses, unsigned processes, struct listeners *ret,
		   struct fault *fault)
{
	return listeners_reopen(addresses, processes, NULL, NULL, ret, fault);
}

int listeners_reopen(const struct conf_listen *addresses, unsigned processes,
		     const struct listeners *now, const struct conf_listen *now_addresses,
		     struct listeners *ret, struct fault *fault)
{
	cleanup(listeners_close) struct listeners listeners = {.processes = processes,
							       .addresses = addresses->count};
	size_t count = (size_t)processes * addresses->count;
	bool same = now && now->processes == processes;
	listeners.descriptors = malloc((count + 1) * sizeof(int));
	if (!listeners.descriptors)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		listeners.descriptors[i] = -1;
	for (unsigned i = 0; i < addresses->count; i++) {
		const char *text = addresses->each[i];
		int there = same ? find_address(now_addresses, text) : -1;
		int result =
			there < 0 ? open_address(&listeners, i, text, fault)
				  : share_address(&listeners, i, now, (unsigned)there, text, fault);
		if (result < 0)
			return result;
	}
	*ret = listeners;
	listeners = (struct listeners){0};
	return 0;
}

const int *listeners_of(const struct listeners *listeners, unsigned process)
{
	return listeners->descriptors + (size_t)process * listeners->addresses;
}

/* SYN without ACK is dropped. The filter sees segments from the TCP header on; its octet 13 holds the flags. */
static void refuse_handshakes(int fd)
{
	enum { FLAGS_AT = 13, SYN = 0x02, ACK = 0x10 };
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_AT),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog filter = {array_size(steps), steps};
	if (inherited_is(fd))
		return; /* the next instance listens on it, too */
	/* Where this cannot be had, the window is as small as it can be without. */
	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

void listeners_retire(struct listeners *listeners)
{
	for (size_t i = 0; i < (size_t)listeners->processes * listeners->addresses; i++)
		refuse_handshakes(listeners->descriptors[i]);
	listeners_close(listeners);
}

void listeners_replace(struct listeners *listeners, const struct conf_listen *addresses,
		       const struct conf_listen *kept)
{
	for (size_t i = 0; i < (size_t)listeners->processes * listeners->addresses; i++)
		if (find_address(kept, addresses->each[i % listeners->addresses]) < 0)
			refuse_handshakes(listeners->descriptors[i]);
	listeners_close(listeners);
}

void listeners_close(struct listeners *listeners)
{
	for (size_t i = 0;
	     listeners->descriptors && i < (size_t)listeners->processes * listeners->addresses; i++)
		if (listeners->descriptors[i] >= 0)
			close(listeners->descriptors[i]);
	free(listeners->descriptors);
	*listeners = (struct listeners){0};
}
