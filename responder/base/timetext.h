/* Times as text, independent of time zone and locale. Seconds since 1970; years 1 to 9999. */
#pragma once

#include "base/bytes.h"

#define GENERALIZED_TIME_SIZE 15 /* YYYYMMDDHHMMSSZ */
#define HTTP_DATE_SIZE 29 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define ISO_TIME_SIZE 20 /* 1994-11-06T08:49:37Z */

/* Seconds of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what the formats can say. */
#define TIME_LEAST INT64_C(-62135596800)
#define TIME_MOST INT64_C(253402300799)

struct civil_time {
	int year, month, day, hour, minute, second;
};

/* A time outside the range is clamped to its ends. */
struct civil_time civil_of_seconds(int64_t seconds);
/* 0, or -EINVAL for a date that does not exist (30 February, hour 24, second 60). */
must_check int civil_to_seconds(const struct civil_time *civil, int64_t *ret);

/* Each writes exactly its size, without a terminating NUL. */
void time_put_generalized(char *out, int64_t seconds);
void time_put_http(char *out, int64_t seconds);
void time_put_iso(char *out, int64_t seconds);

/* Exactly YYYYMMDDHHMMSSZ (P-27). 0 or -EINVAL. */
must_check int time_parse_generalized(struct view text, int64_t *ret);
/* UTCTime YYMMDDHHMMSSZ, 1950 to 2049 (RFC 5280, 4.1.2.5.1). 0 or -EINVAL. */
must_check int time_parse_utc(struct view text, int64_t *ret);
/* The three forms of RFC 9110, 5.6.7: IMF-fixdate, RFC 850's and asctime's; whether the weekday is the
 * date's is not checked. A year of two digits is the one nearest before the fiftieth year after `near`,
 * seconds since 1970 as well. 0 or -EINVAL. */
must_check int time_parse_http(struct view text, int64_t near, int64_t *ret);
/* YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ with T or a space. 0 or -EINVAL. */
must_check int time_parse_iso(struct view text, int64_t *ret);
