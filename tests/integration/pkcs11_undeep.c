/* Preloaded where the program has the address sanitizer, which ends a process that opens a library with
 * RTLD_DEEPBIND, as pkcs11-provider does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

void *dlopen(const char *path, int flags)
{
	void *symbol = dlsym(RTLD_NEXT, "dlopen");
	void *(*real)(const char *, int);
	memcpy(&real, &symbol, sizeof(real));
	return real(path, flags & ~RTLD_DEEPBIND);
}
