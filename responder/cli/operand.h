/* Values as operators and index files write them. */
#pragma once

#include "base/record.h"
#include "base/result.h"

/* A serial number in hexadecimal, either case: leading zeros do not count, colons and 0x are
 * allowed. Becomes the content octets of a minimal DER INTEGER, so 80 is 00 80. -EINVAL for anything
 * else, also for a negative or a longer one. */
must_check int operand_serial(struct view text, struct serial *ret);
/* The octets of an INTEGER that may not be minimal; negative ones are -EINVAL. */
must_check int operand_serial_octets(struct view octets, struct serial *ret);

/* A reason in every spelling of OpenSSL: keyCompromise, CACompromise, "Key Compromise" …
 * -EINVAL; removeFromCRL is none. */
must_check int operand_reason(struct view text, enum revocation_reason *ret);

/* 250ms, 10s, 5m, 8h, 2d. -EINVAL; no negative ones. */
must_check int operand_duration(const char *text, int64_t *ret_us);

/* UTCTime or GeneralizedTime as CAs have written it: without seconds, with a fraction (dropped) or
 * with an offset from UTC. -EINVAL. */
must_check int operand_asn1_time(struct view text, int64_t *ret);
