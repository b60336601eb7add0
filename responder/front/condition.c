#include "front/condition.h"

struct condition {
	bool has_tags, has_date;
	size_t tags_size, date_size;
	uint8_t octets[]; /* the tags, then the date */
};

struct condition *condition_keep(const struct http_request *request)
{
	struct view tags = request->if_none_match, date = request->if_modified_since;
	bool any = tags.data || date.data;
	if (!any || request->method == HTTP_POST || tags.size + date.size > LIMIT_HTTP_CONDITION)
		return NULL;
	struct condition *condition = malloc(sizeof(*condition) + tags.size + date.size);
	if (!condition)
		return NULL;
	condition->has_tags = tags.data;
	condition->has_date = date.data;
	condition->tags_size = tags.size;
	condition->date_size = date.size;
	if (tags.data)
		memcpy(condition->octets, tags.data, tags.size);
	if (date.data)
		memcpy(condition->octets + tags.size, date.data, date.size);
	return condition;
}

void condition_free(struct condition *condition)
{
	free(condition);
}

struct http_request condition_request(const struct condition *condition)
{
	struct http_request request = {.method = HTTP_GET};
	if (condition && condition->has_tags)
		request.if_none_match = view_of(condition->octets, condition->tags_size);
	if (condition && condition->has_date)
		request.if_modified_since =
			view_of(condition->octets + condition->tags_size, condition->date_size);
	return request;
}
