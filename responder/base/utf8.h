/* Text that may be anybody's: where its characters begin and end. */
#pragma once

#include "base/bytes.h"

/* Octets of the character of UTF-8 with which `text`, which is not empty, begins; 0: of none. */
size_t utf8_size(struct view text);
