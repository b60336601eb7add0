/* Answers a second over the last hour, as a picture and as the table behind it. */
#pragma once

#include "admin/hour.h"

void chart_put(const struct hour *hour, struct moment now, struct buffer *out);
