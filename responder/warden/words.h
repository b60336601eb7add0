/* The words of the control socket that the warden obeys itself, each a row of a table; whatever stands in no
 * row is for the ledger. A row's function may answer later: the ticket says whom. */
#pragma once

#include "base/bytes.h"

struct word {
	const char *name; /* the first word of the line */
	/* How long its client waits for the answer; 0: as long as for everything. */
	long patience_ms;
	/* control_socket_reply() with this ticket follows, now, later or never. `rest` is what stands
	 * behind the name and a space; valid during the call. */
	void (*obey)(void *context, uint32_t ticket, struct view rest);
};

/* NULL: none of these. */
const struct word *word_find(const struct word *words, size_t count, struct view line,
			     struct view *ret_rest);
