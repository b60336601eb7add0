/* Conditional requests (RFC 9110, section 13; P-49). */
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

bool http_is_not_modified(const struct http_request *request, const uint8_t *hash,
			  int64_t produced_at)
{
	if (request->method == HTTP_POST)
		return false;
	struct view tags = request->if_none_match;
	if (tags.data)
		return view_equal(tags, view_of("*", 1)) || has_tag(tags, hash);
	int64_t since;
	return request->if_modified_since.data &&
	       time_parse_http(request->if_modified_since, &since) == 0 && produced_at <= since;
}
