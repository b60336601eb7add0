/* What a front tells of itself. */
#pragma once

#include "front/edge.h"

/* Appends one JSON object. */
void status_write(const struct edge *edge, unsigned index, const struct moment *now,
		  struct buffer *out);
