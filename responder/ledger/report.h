/* What goes out besides frames: alarms for people, and steps of one request's story (log_level = debug). */
#pragma once

#include "base/compiler.h"

#include <stdint.h>

struct ledger;

/* The table of what lasts (base/alarms.h) speaks through the ops. */
void report_init(struct ledger *l);
/* Something that a person must look at and that happened once: one line. */
void ledger_alarm(struct ledger *l, const char *format, ...) printf_like(2, 3);
void ledger_trace(const struct ledger *l, uint64_t request, const char *step);
