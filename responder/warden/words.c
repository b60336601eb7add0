#include "warden/words.h"

const struct word *word_find(const struct word *words, size_t count, struct view line,
			     struct view *ret_rest)
{
	const uint8_t *space = line.size ? memchr(line.data, ' ', line.size) : NULL;
	size_t size = space ? (size_t)(space - line.data) : line.size;
	for (size_t i = 0; i < count; i++) {
		if (!view_equal(view_of(line.data, size), view_of_string(words[i].name)))
			continue;
		size_t behind = space ? size + 1 : size;
		*ret_rest = view_of(line.data + behind, line.size - behind);
		return &words[i];
	}
	return NULL;
}
