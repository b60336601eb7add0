#include "base/public_name.h"

#include <inttypes.h>
#include <stdio.h>

void public_name_put(char kind, uint64_t name, char ret[static PUBLIC_NAME_SIZE])
{
	(void)snprintf(ret, PUBLIC_NAME_SIZE, "%c%016" PRIx64, kind, name);
}
