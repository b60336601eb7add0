/* Preloaded into a program: its wall clock is ahead of the machine's by the seconds in CLOCK_FILE, which a
 * test changes while the program runs. No other clock is touched. The file's name is compiled in, because
 * rooms get few variables of the environment. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int clock_function(clockid_t, struct timespec *);

static const volatile int64_t *ahead;
static clock_function *machine;

/* Before anybody shuts files or memory away. */
__attribute__((constructor)) static void begin(void)
{
	int fd = open(CLOCK_FILE, O_RDONLY | O_CLOEXEC);
	void *mapped =
		fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		(void)close(fd);
	if (mapped != MAP_FAILED)
		ahead = mapped;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	if (!machine)
		machine = (clock_function *)dlsym(RTLD_NEXT, "clock_gettime");
	int result = machine(id, ret);
	if (ahead && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ret->tv_sec += (time_t)*ahead;
	return result;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	int result = clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return result;
}

time_t time(time_t *ret)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
