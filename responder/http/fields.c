/* Header lines: one function a field that means something here; the others only have to be well
 * formed. What could be read in two ways is refused (P-46). */
#include "http/fields.h"

#include "http/syntax.h"

static bool is_word(struct view text, const char *word)
{
	return view_equal_nocase(text, view_of_string(word));
}

static int take_host(struct http_fields *f, struct view value)
{
	if (f->request->host.data || http_host_size(value) != value.size)
		return 400;
	f->request->host = value;
	return 0;
}

/* Digits only: no sign, no list, no hexadecimal; and once, even if the second one is equal. */
static int take_content_length(struct http_fields *f, struct view value)
{
	if (f->has_length || value.size == 0)
		return 400;
	uint32_t length = 0;
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return 400;
		length = length * 10 + (uint32_t)(value.data[i] - '0');
		if (length > LIMIT_REQUEST_BODY) {
			f->length_too_large = true;
			length = LIMIT_REQUEST_BODY;
		}
	}
	f->has_length = true;
	f->request->content_length = length;
	return 0;
}

/* The only coding of a request that we know is chunked, by itself and once. */
static int take_transfer_encoding(struct http_fields *f, struct view value)
{
	if (f->has_coding || !is_word(value, "chunked"))
		return 400;
	f->has_coding = true;
	return 0;
}

static int take_connection(struct http_fields *f, struct view value)
{
	struct view option;
	while (http_next_element(&value, &option))
		if (is_word(option, "close"))
			f->close = true;
	return 0;
}

static int take_expect(struct http_fields *f, struct view value)
{
	if (is_word(value, "100-continue"))
		f->expects = true;
	else
		f->expects_other = true;
	return 0;
}

static int take_content_type(struct http_fields *f, struct view value)
{
	f->request->content_type = value;
	return 0;
}

static int take_if_none_match(struct http_fields *f, struct view value)
{
	unsigned at = f->request->tag_fields++;
	if (at < LIMIT_HTTP_TAG_FIELDS)
		f->request->if_none_match[at] = value;
	return 0;
}

/* Twice is no date: the field is there and matches nothing (RFC 9110, 13.1.3). */
static int take_if_modified_since(struct http_fields *f, struct view value)
{
	if (f->request->if_modified_since.data)
		value.size = 0;
	f->request->if_modified_since = value;
	return 0;
}

static int take_forwarded_for(struct http_fields *f, struct view value)
{
	f->request->forwarded_for = value;
	return 0;
}

static int take_origin(struct http_fields *f, struct view value)
{
	f->request->origin = value;
	return 0;
}

#define FIELD(text, function) sizeof(text) - 1, (text), (function)

static const struct {
	size_t size;
	const char *name;
	int (*take)(struct http_fields *f, struct view value);
} known[] = {
	{FIELD("Host", take_host)},
	{FIELD("Connection", take_connection)},
	{FIELD("Content-Length", take_content_length)},
	{FIELD("Content-Type", take_content_type)},
	{FIELD("Transfer-Encoding", take_transfer_encoding)},
	{FIELD("Expect", take_expect)},
	{FIELD("If-None-Match", take_if_none_match)},
	{FIELD("If-Modified-Since", take_if_modified_since)},
	{FIELD("X-Forwarded-For", take_forwarded_for)},
	{FIELD("Origin", take_origin)},
};

/* A line that begins with white space (obs-fold), has no name, or white space before its colon
 * has no colon directly after a token. */
int http_take_field(struct http_fields *f, struct view line)
{
	if (++f->count > LIMIT_HTTP_HEADERS)
		return 431;
	struct view name = view_of(line.data, http_token_size(line));
	if (name.size == 0 || name.size == line.size || line.data[name.size] != ':')
		return 400;
	for (size_t i = 0; i < array_size(known); i++)
		if (known[i].size == name.size &&
		    view_equal_nocase(name, view_of(known[i].name, name.size)))
			return known[i].take(f, http_trim(http_from(line, name.size + 1)));
	return 0;
}
