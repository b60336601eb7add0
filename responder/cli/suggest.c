#include "cli/suggest.h"

#include "base/compiler.h"
#include "conf/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FAR UINT32_MAX
#define FOLDED_SIZE 64 /* edit_distance() looks no further */

struct near_word {
	const char *word;
	unsigned distance;
};

static void fold(const char *word, char out[FOLDED_SIZE])
{
	size_t size = 0;
	for (; word[size] && size < FOLDED_SIZE - 1; size++)
		out[size] = (char)tolower((unsigned char)word[size]);
	out[size] = '\0';
}

/* A third of the letters may be wrong. "Example" means "Example CA" too: one beginning with the
 * other is nearer than any typing error but the least. */
static unsigned distance_of(const char *word, const char *candidate)
{
	char a[FOLDED_SIZE], b[FOLDED_SIZE];
	fold(word, a);
	fold(candidate, b);
	size_t a_size = strlen(a), b_size = strlen(b);
	size_t longer = a_size > b_size ? a_size : b_size;
	if (a_size > 2 && strncmp(a, b, a_size < b_size ? a_size : b_size) == 0 && b_size > 2)
		return strcmp(a, b) != 0;
	unsigned distance = edit_distance(a, b);
	return distance <= (longer < 6 ? 2 : longer / 3) && distance < longer ? distance : FAR;
}

/* Keeps the list sorted; a word that is there already is not listed twice. */
static void insert(struct near_word list[SUGGESTIONS_MOST], struct near_word item)
{
	for (size_t i = 0; i < SUGGESTIONS_MOST; i++) {
		if (list[i].word && strcmp(list[i].word, item.word) == 0)
			return;
		if (list[i].word && list[i].distance <= item.distance)
			continue;
		struct near_word moved = list[i];
		list[i] = item;
		item = moved;
		if (!item.word)
			return;
	}
}

void suggest(const char *word, const char *const *words, size_t count, const char *quote,
	     char out[SUGGESTION_SIZE])
{
	struct near_word list[SUGGESTIONS_MOST] = {0};
	size_t found = 0, used = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned distance = words[i] ? distance_of(word, words[i]) : FAR;
		if (distance != FAR)
			insert(list, (struct near_word){words[i], distance});
	}
	while (found < SUGGESTIONS_MOST && list[found].word)
		found++;
	*out = '\0';
	for (size_t i = 0; i < found; i++) {
		const char *before = i == 0 ? "; did you mean " : i + 1 == found ? " or " : ", ";
		int size = snprintf(out + used, SUGGESTION_SIZE - used - 1, "%s%s%s%s", before,
				    quote, list[i].word, quote);
		if (size < 0 || (size_t)size >= SUGGESTION_SIZE - used - 1)
			break;
		used += (size_t)size;
	}
	out[used] = '\0';
	if (used)
		(void)snprintf(out + used, SUGGESTION_SIZE - used, "?");
}
