/* "Did you mean": the valid word that takes the fewest edits. */
#pragma once

#include <stddef.h>

/* Insertions, deletions, replacements and swaps of neighbours. Words over 63 bytes are cut. */
unsigned edit_distance(const char *a, const char *b);
