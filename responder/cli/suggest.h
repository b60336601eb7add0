/* "Did you mean": what somebody who typed an unknown word may have wanted. One place, so that
 * commands, options and issuers are guessed, and said, alike. */
#pragma once

#include <stddef.h>

#define SUGGESTION_SIZE 400
#define SUGGESTIONS_MOST 3

/* Writes "; did you mean A, B or C?" with the nearest of the words, the best first, or "" where none
 * is near. `quote` stands around each word. NULL words are passed over; case does not matter. */
void suggest(const char *word, const char *const *words, size_t count, const char *quote,
	     char out[SUGGESTION_SIZE]);
