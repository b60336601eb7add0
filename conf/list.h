/* Values that are lists: items separated by commas. */
#pragma once

#include "base/bytes.h"

/* The next item without the blanks around it; false at the end. `*text` becomes NULL after the
 * last. */
bool list_next(const char **text, struct view *ret);
