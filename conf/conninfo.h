/* libpq connection strings and the secrets in them. */
#pragma once

#include "base/bytes.h"

/* Appends `conninfo` with the values of password, sslpassword and their like as ***, in both forms
 * (key=value and URI). What cannot be read for certain is masked whole: too much rather than too
 * little. */
void conninfo_mask(const char *conninfo, struct buffer *out);
/* Does it hold any of them? Yes, too, where that cannot be told. */
bool conninfo_has_secret(const char *conninfo);
