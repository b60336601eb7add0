/* A disk that takes a while: put before PostgreSQL (LD_PRELOAD), each read of what the kernel has not in its memory
 * waits for SLOW_DISK_US microseconds first. What is in memory, and what the kernel has read ahead, does not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

typedef ssize_t pread_function(int fd, void *octets, size_t size, off_t at);

static void wait_for_disk(void)
{
	const char *text = getenv("SLOW_DISK_US");
	long us = text ? strtol(text, NULL, 10) : 0;
	struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

ssize_t pread(int fd, void *octets, size_t size, off_t at)
{
	static pread_function *next;
	struct iovec whole = {octets, size};
	if (!next)
		next = (pread_function *)dlsym(RTLD_NEXT, "pread");
	ssize_t there = preadv2(fd, &whole, 1, at, RWF_NOWAIT);
	if (there >= 0 && (size_t)there == size)
		return there;
	wait_for_disk();
	return next(fd, octets, size, at);
}

ssize_t pread64(int fd, void *octets, size_t size, off_t at)
{
	return pread(fd, octets, size, at);
}
