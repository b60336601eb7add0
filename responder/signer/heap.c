#include "signer/heap.h"

#include "base/log.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* An RSA key of 4096 bits takes some 5 kB, in pieces of powers of two; while it is read, twice that. */
#define HEAP_KEY (size_t)32768
#define HEAP_LEAST (size_t)262144
#define HEAP_PIECE (size_t)32

/* What the library computes with lies elsewhere: all of the process, where nothing limits that. */
static void lock_all(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

void heap_lock(size_t keys)
{
	size_t size = HEAP_LEAST;
	while (size < keys * HEAP_KEY)
		size *= 2;
	lock_all();
	if (CRYPTO_secure_malloc_initialized() == 0 &&
	    CRYPTO_secure_malloc_init(size, HEAP_PIECE) != 1)
		log_warning("the keys' memory cannot be locked, so it may be swapped: let "
			    "RLIMIT_MEMLOCK "
			    "(LimitMEMLOCK= of the unit) be more than %zu KiB",
			    size / 1024);
}
