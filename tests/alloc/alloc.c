#include "alloc.h"

#include <stddef.h>
#include <stdlib.h>

#include <openssl/crypto.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static struct {
	uint64_t first, count, requests, refused;
	bool inside;
} a;

static bool refuse(void)
{
	if (!a.inside)
		return false;
	a.requests++;
	bool refused = a.first && a.requests >= a.first && a.requests - a.first < a.count;
	a.refused += refused;
	return refused;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return refuse() ? NULL : __real_realloc(old, size);
}

void alloc_refuse(uint64_t first, uint64_t count)
{
	a.first = first;
	a.count = count;
	a.requests = a.refused = 0;
}

uint64_t alloc_requests(void)
{
	return a.requests;
}

bool alloc_refused(void)
{
	return a.refused > 0;
}

/* ---- OpenSSL ---- */

static void *crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return __wrap_malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return __wrap_realloc(old, size);
}

static void crypto_free(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

void alloc_take_openssl(void)
{
	if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free))
		abort();
}

/* ---- in and out ---- */

void alloc_enter(void)
{
	a.inside = true;
}

void alloc_leave(void)
{
	a.inside = false;
}

int alloc_left(int result)
{
	a.inside = false;
	return result;
}

bool alloc_step_out(void)
{
	bool inside = a.inside;
	a.inside = false;
	return inside;
}

void alloc_step_in(const bool *inside)
{
	a.inside = *inside;
}
