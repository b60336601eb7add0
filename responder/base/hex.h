/* Octets as hexadecimal text. */
#pragma once

#include "base/bytes.h"

/* Writes 2 × size upper-case digits and a NUL; `out` has room for 2 × size + 1. */
void hex_put(char *out, struct view bytes);
/* Digits of either case; a colon may stand between two octets; an odd first digit stands alone
 * ("F01" is 0F 01). Appends at most `most` octets. 0 or -EINVAL. */
must_check int hex_parse(struct view text, size_t most, uint8_t *out, size_t *ret_size);
