/* The end of a world: faults stop, everything is mended, and then everything must be answered, soon and
 * rightly. */
#pragma once

#include "world.h"

void calm(struct world *w);
