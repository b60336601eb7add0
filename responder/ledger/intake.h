/* Questions as they come from fronts. A front is not believed: what it says is parsed again. */
#pragma once

#include "ledger/question.h"

/* Makes a question of it, for decide() to begin with. 0 or -EBADMSG. */
must_check int intake_frame(struct ledger *l, unsigned front, uint8_t type, struct view payload,
			    struct moment now);
