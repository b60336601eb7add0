/* Values as operators and index files write them. */
#pragma once

#include "base/record.h"
#include "base/result.h"

/* A serial number in hexadecimal, either case: leading zeros do not count, colons and 0x are
 * allowed. Becomes the content octets of a minimal DER INTEGER, so 80 is 00 80. -EINVAL for anything
 * else, also for a negative or a longer one. */
must_check int operand_serial(struct view text, struct serial *ret);
/* The same as people paste it from tools, mails and SQL: also \x, serial=, blanks for colons, and
 * decimal:123. Always the unsigned number: a sign is refused. -EINVAL with a fault that begins with
 * the text and says what is right. */
must_check int operand_serial_pasted(struct view text, struct serial *ret, struct fault *fault);
/* The octets of an INTEGER that may not be minimal; negative ones are -EINVAL. */
must_check int operand_serial_octets(struct view octets, struct serial *ret);

/* A reason in every spelling of OpenSSL: keyCompromise, CACompromise, "Key Compromise" …, or its
 * number (RFC 5280, 5.3.1). -EINVAL; removeFromCRL is none. */
must_check int operand_reason(struct view text, enum revocation_reason *ret);

/* 250ms, 10s, 5m, 8h, 2d. -EINVAL; no negative ones. */
must_check int operand_duration(const char *text, int64_t *ret_us);

/* UTCTime or GeneralizedTime as CAs have written it: without seconds, with a fraction (dropped) or
 * with an offset from UTC. -EINVAL. */
must_check int operand_asn1_time(struct view text, int64_t *ret);

/* A time of a command line: 2026-05-09, 2026-05-09T08:30:00Z, 2026-05-09T17:30+09:00, now, -2h. A
 * clock time must say its zone. -EINVAL. */
must_check int operand_time(const char *text, int64_t now, int64_t *ret);
