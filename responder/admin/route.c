#include "admin/route.h"

#include "admin/health.h"
#include "admin/metrics.h"
#include "admin/page.h"
#include "base/result.h"

/* How everything is. */
static int ask_status(const struct admin_request *request, struct buffer *line)
{
	(void)request;
	buffer_put_string(line, "status");
	return 0;
}

static const struct admin_route routes[] = {
	{"/", false, ADMIN_READS | ADMIN_WRITES, page_question, page_make},
	{"/healthz", false, ADMIN_READS, NULL, health_alive},
	{"/icon.svg", false, ADMIN_READS, NULL, page_icon},
	{"/metrics", false, ADMIN_READS, ask_status, metrics_make},
	{"/page.css", false, ADMIN_READS, NULL, page_style},
	{"/page.js", false, ADMIN_READS, NULL, page_script},
	{"/readyz", true, ADMIN_READS, ask_status, health_ready},
};

const struct admin_route *admin_route_find(struct admin_request *request)
{
	for (size_t i = 0; i < array_size(routes); i++) {
		struct view path = view_of_string(routes[i].path), asked = request->path;
		if (view_equal(path, asked))
			return &routes[i];
		if (!routes[i].below || asked.size <= path.size + 1 ||
		    memcmp(asked.data, path.data, path.size) != 0 || asked.data[path.size] != '/')
			continue;
		request->below = view_of(asked.data + path.size + 1, asked.size - path.size - 1);
		return &routes[i];
	}
	return NULL;
}
