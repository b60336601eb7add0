/* Answers as they are stored: ready to be sent in one write.
 *
 *   payload = stamp, size of the head · HTTP head · OCSPResponse
 *
 * Date, Expires and max-age are brought up to date in place, at most once a second, and only when the
 * answer is asked for. Pure. */
#pragma once

#include "base/clock.h"
#include "cache/cache.h"
#include "conf/conf.h"
#include "http/reply.h"
#include "ipc/messages.h"

/* A trait beside the ledger's (enum answer_trait): its Last-Modified may be another answer's too, so
 * that it bears none (recent.h). RFC 9919 wants one always. */
#define STORED_UNDATED 64u

#define STORED_BODY_DIGITS 6u /* of Content-Length: LIMIT_RESPONSE has five */

/* Where the changing parts of our heads are. All heads are written with the digits of the longest
 * max-age first, so the places depend on the number of digits of Content-Length only. */
struct stored_layout {
	uint32_t max_age; /* seconds: the configured cap (P-48) */
	enum cache_tag cache_tag;
	struct http_head_marks marks[STORED_BODY_DIGITS]; /* index: digits − 1 */
};

void stored_layout_init(struct stored_layout *layout, int64_t max_age_us, enum cache_tag cache_tag);

/* May it be said no more, because it has ended, time or an issuance may have overtaken it (P-23), it
 * comes from a future that our clock was set back from (P-28), or HTTP caches that were told how long
 * to keep it must find a newer one now (RFC 9919, 7.1)? */
bool stored_is_over(const struct stored_layout *layout, const struct answer_label *label,
		    const struct moment *now);

/* Stores a successful answer under its key. What cache_put() returns; -EINVAL: it is for HTTP caches, which could
 * not be told to forget it. */
must_check int stored_put(struct cache *cache, const struct stored_layout *layout, struct view key,
			  const struct message_answer *m, const struct moment *now,
			  struct cache_entry **ret);

/* The OCSPResponse. */
struct view stored_der(const struct cache_entry *entry);

struct stored_reply {
	struct view head, body; /* one piece of memory */
};
/* The HTTP reply as of now. The entry must not be over. */
struct stored_reply stored_reply(const struct stored_layout *layout, struct cache_entry *entry,
				 const struct moment *now);

/* The head for a successful answer that is not stored here (several CertIDs, a nonce): written to
 * HTTP_REPLY_HEAD_SIZE octets. Gives its size; 0: no head of its own, it is for no cache. */
size_t unstored_put_head(const struct stored_layout *layout, const struct message_answer *m,
			 const struct moment *now, uint8_t *out);

/* Whether the stored answer's head is for HTTP caches; that of `unknown` mostly is not (P-50). */
bool stored_is_cacheable(const struct cache_entry *entry);
/* Whether the request's conditions are met by it, so that 304 is due (P-49); then the head of that
 * reply is written to HTTP_REPLY_HEAD_SIZE octets. Gives its size or 0. */
size_t stored_not_modified(const struct stored_layout *layout, const struct cache_entry *entry,
			   const struct http_request *request, const struct moment *now,
			   uint8_t *out);
