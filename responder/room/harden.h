/* Closes doors that no process of this program needs. */
#pragma once

#include "base/result.h"

/* No core dumps and no debugger of the same user (memory holds keys, or the database's password), no
 * new privileges by executing something. 0 or -errno. */
must_check int harden_process(void);
/* The terminal's ^C, and a signal to the whole process group, are the warden's to handle. */
void harden_signals(void);
