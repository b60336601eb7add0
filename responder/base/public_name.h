/* What certificates and issuers are called outside of this program, in HTTP caches: the same in every instance and
 * after every restart, so that whoever learns of a change names all the answers that it ends. They are made
 * of what every answer says, and are no secret. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Of one answer. 0: it has none. */
struct public_name {
	uint64_t
		certificate; /* SHA-256 over the issuer's key's SHA-256 and the serial, its beginning */
	uint64_t issuer; /* SHA-256 over the SHA-256 of its name and of its key, its beginning */
};

/* What all answers are called. */
#define PUBLIC_NAME_ALL "stillgood"

/* "c" or "i", and 16 hexadecimal digits, a NUL. */
#define PUBLIC_NAME_SIZE 18u
void public_name_put(char kind, uint64_t name, char ret[static PUBLIC_NAME_SIZE]);

static inline bool public_name_whole(struct public_name name)
{
	return name.certificate != 0 && name.issuer != 0;
}
