/* Conditional requests (RFC 9110, section 13; P-49).
 *
 * An entity tag is the hash of the answer: equal tags are equal answers. A date is not. Its second may
 * have seen two answers, a good one and, a moment later, a revoked one with the same Last-Modified;
 * and a date later than ours may be another instance's answer, or the moment when somebody fetched
 * something. So 304 by If-Modified-Since needs all of these:
 *
 *   1. The answer is good. Whatever a client holds, "not modified" then never lets it keep a good that
 *      is revoked by now: we would say so only where we say good ourselves.
 *   2. Nothing but good was ever said of this certificate with a Last-Modified: its row is of the first
 *      version (each change of status counts it), and answers about serials without a row have no
 *      Last-Modified but by RFC 9919, under whose profile no date confirms. So what bears this date
 *      is good too, on every instance and whatever clocks do: a hold that was released within the
 *      second, an issuance, a late replica change nothing. Only the ledger knows that (messages.h,
 *      ANSWER_UNCHANGED).
 *   3. The date is ours to the second: a copy of another date is another answer, and its nextUpdate
 *      may be near.
 *
 * Where one of them fails the whole answer is sent, which is always right. Clients that compare dates
 * by themselves are front/changes.h's business. */
#include "base/hex.h"
#include "base/timetext.h"
#include "http/reply.h"
#include "http/syntax.h"

/* An entity tag's text cannot hold a quote, and a comma in another server's tag only cuts it into
 * pieces that are not our 64 digits between quotes. So a list splits at its commas. */
static bool has_tag(struct view list, const uint8_t *hash)
{
	char digits[2 * HTTP_ETAG_HASH_SIZE + 1];
	hex_put(digits, view_of(hash, HTTP_ETAG_HASH_SIZE));
	struct view tag;
	while (http_next_element(&list, &tag)) {
		if (tag.size >= 2 && memcmp(tag.data, "W/", 2) == 0)
			tag = http_from(tag, 2);
		if (tag.size == sizeof(digits) + 1 && tag.data[0] == '"' &&
		    tag.data[tag.size - 1] == '"' &&
		    memcmp(tag.data + 1, digits, sizeof(digits) - 1) == 0)
			return true;
	}
	return false;
}

/* Beyond the limit of fields we have not seen all tags, and none is ours. */
static bool has_any_tag(const struct http_request *request, const uint8_t *hash)
{
	unsigned count = request->tag_fields;
	if (count > LIMIT_HTTP_TAG_FIELDS)
		return false;
	if (count == 1 && view_equal(request->if_none_match[0], view_of("*", 1)))
		return true;
	for (unsigned i = 0; i < count; i++)
		if (has_tag(request->if_none_match[i], hash))
			return true;
	return false;
}

bool http_is_not_modified(const struct http_request *request, const uint8_t *hash, int64_t modified)
{
	if (request->method == HTTP_POST)
		return false;
	if (request->tag_fields > 0)
		return has_any_tag(request, hash);
	int64_t since;
	return modified != HTTP_NO_DATE && request->if_modified_since.data &&
	       time_parse_http(request->if_modified_since, modified, &since) == 0 &&
	       modified == since;
}
