#include "conf/nearest.h"

#include "base/compiler.h"

#define WORD_MOST 63

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned edit_distance(const char *a, const char *b)
{
	/* Row i: distances of a's first i letters to each beginning of b; three rows, for swaps. */
	unsigned rows[3][WORD_MOST + 1] = {0};
	size_t a_size = strnlen(a, WORD_MOST), b_size = strnlen(b, WORD_MOST);
	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_size; i++) {
		unsigned *row = rows[i % 3], *last = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_size; j++) {
			unsigned replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(replaced, least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], second[j - 2] + 1);
		}
	}
	return rows[a_size % 3][b_size];
}
