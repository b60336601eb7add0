#include "cli/check_steps.h"

#include "base/clock.h"

const struct preflight_step check_steps[] = {
	/* A key on a file system that hangs must not hang the start for ever. */
	{"the files", 60 * SECOND_US, SERVE_REFUSED, check_files},
	{"ports and control socket", 60 * SECOND_US, SERVE_REFUSED, check_places},
	/* Without the database nothing but tryLater would be answered meanwhile. A host that does
	 * not answer is given up much earlier (cli/connect.c). */
	{"the database", 30 * SECOND_US, SERVE_LATER, check_database},
	/* However many there are. */
	{"the rows of the database", 10 * SECOND_US, SERVE_WARNED, check_rows},
	{0},
};
