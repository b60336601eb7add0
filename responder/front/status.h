/* What a front tells of itself. */
#pragma once

#include "front/front.h"

/* Appends one JSON object. */
void status_write(const struct front *front, unsigned index, const struct moment *now,
		  struct buffer *out);
