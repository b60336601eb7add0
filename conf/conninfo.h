/* libpq connection strings, for showing them to people. */
#pragma once

#include "base/bytes.h"

/* Appends `conninfo` with the values of password, sslpassword and their like as ***, in both forms
 * (key=value and URI). What cannot be read for certain is masked whole: too much rather than too
 * little. */
void conninfo_mask(const char *conninfo, struct buffer *out);
