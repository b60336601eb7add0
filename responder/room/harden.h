/* Closes doors that no process of this program needs. */
#pragma once

#include "base/result.h"

/* No core dumps and no debugger of the same user (memory holds keys, or the database's password), no
 * new privileges by executing something. 0 or -errno. */
must_check int harden_process(void);
/* The terminal's ^C, and a signal to the whole process group, are the warden's to handle. */
void harden_signals(void);
/* What would end or stop a process, and is meant as a command by nobody: a terminal that is written to from
 * the background, timers, a full disk, real-time signals. */
void harden_stray_signals(void);
