#include "front/condition.h"

struct condition {
	bool has_tags, has_date;
	size_t tags_size, date_size;
	uint8_t octets[]; /* the tags, as one list, then the date */
};

/* Several fields are one list, joined by commas (RFC 9110, 5.3). */
static size_t tags_size_of(const struct http_request *request)
{
	size_t size = 0;
	for (unsigned i = 0; i < request->tag_fields; i++)
		size += (i > 0) + request->if_none_match[i].size;
	return size;
}

static uint8_t *put(uint8_t *at, struct view bytes)
{
	if (bytes.size)
		memcpy(at, bytes.data, bytes.size);
	return at + bytes.size;
}

struct condition *condition_keep(const struct http_request *request)
{
	if (!http_is_conditional(request) || request->method == HTTP_POST ||
	    request->tag_fields > LIMIT_HTTP_TAG_FIELDS)
		return NULL;
	struct view date = request->if_modified_since;
	size_t tags_size = tags_size_of(request);
	if (tags_size + date.size > LIMIT_HTTP_CONDITION)
		return NULL;
	struct condition *condition = malloc(sizeof(*condition) + tags_size + date.size);
	if (!condition)
		return NULL;
	*condition = (struct condition){
		.has_tags = request->tag_fields > 0,
		.has_date = date.data,
		.tags_size = tags_size,
		.date_size = date.size,
	};
	uint8_t *at = condition->octets;
	for (unsigned i = 0; i < request->tag_fields; i++) {
		if (i > 0)
			at = put(at, view_of(",", 1));
		at = put(at, request->if_none_match[i]);
	}
	(void)put(at, date);
	return condition;
}

void condition_free(struct condition *condition)
{
	free(condition);
}

struct http_request condition_request(const struct condition *condition)
{
	struct http_request request = {.method = HTTP_GET};
	if (condition && condition->has_tags) {
		request.tag_fields = 1;
		request.if_none_match[0] = view_of(condition->octets, condition->tags_size);
	}
	if (condition && condition->has_date)
		request.if_modified_since =
			view_of(condition->octets + condition->tags_size, condition->date_size);
	return request;
}
