/* What an option's value may be, in words. */
#pragma once

#include "conf/value.h"

/* Appends "a duration from 100ms to 10m (units ms, s, m, h, d)". */
void option_expectation(const struct option *option, struct buffer *out);
