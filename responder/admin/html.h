/* Text inside HTML, whoever it comes from: what could be markup is escaped, what is no UTF-8 or would steer
 * anything becomes U+FFFD. Fit for elements' content and for attributes in double quotes. */
#pragma once

#include "base/bytes.h"

void html_put_view(struct buffer *out, struct view text);
/* NULL is nothing. */
void html_put(struct buffer *out, const char *text);
/* "2026-11-26T04:41:45Z" as a <time> that a person reads; anything else as it is. */
void html_put_time(struct buffer *out, const char *text);
/* Its day alone. */
void html_put_day(struct buffer *out, const char *text);
/* "1,234,567". */
void html_put_number(struct buffer *out, uint64_t number);
/* Microseconds; a dash below 0. */
void html_put_duration(struct buffer *out, int64_t us);
