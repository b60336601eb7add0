/* Who signed an answer, for the access log, out of whatever the ledger hands over: text that log_quote() and a
 * line can hold, or nothing. */
#include "front/access.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	if (!access_signer(view_of(data, size), &out))
		return 0;
	if (buffer_result(&out) < 0 || out.size > 200 ||
	    (out.size && memchr(out.data, '\0', out.size)))
		abort();
	return 0;
}
