#include "admin/reply.h"

#include "base/result.h"
#include "base/timetext.h"

static const struct {
	unsigned status;
	const char *reason, *text;
} statuses[] = {
	{200, "OK", "ok"},
	{400, "Bad Request", "not a request that HTTP/1.1 allows"},
	{403, "Forbidden", "this form came from another site"},
	{404, "Not Found", "there is nothing here"},
	{405, "Method Not Allowed", "not with this method"},
	{408, "Request Timeout", "the request did not arrive in time"},
	{413, "Content Too Large",
	 "larger than any request here: a file with one certificate has less than 8 kB"},
	{414, "URI Too Long", "longer than any address here"},
	{415, "Unsupported Media Type", "not in this form"},
	{417, "Expectation Failed", "only 100-continue is understood"},
	{421, "Misdirected Request",
	 "this name is not listed in admin_hosts; use a numeric address, or list it"},
	{431, "Request Header Fields Too Large", "too many or too large header fields"},
	{503, "Service Unavailable", "not ready"},
	{504, "Gateway Timeout", "the warden does not answer"},
	{500, "Internal Server Error", "something went wrong here"}, /* any other: keep last */
};

static size_t find_status(unsigned status)
{
	size_t i = 0;
	while (i + 1 < array_size(statuses) && statuses[i].status != status)
		i++;
	return i;
}

void admin_reply_say(struct admin_reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	buffer_reset(&reply->body);
	buffer_printf(&reply->body, "%s\n", text ? text : statuses[find_status(status)].text);
}

void admin_reply_write(const struct admin_reply *reply, bool no_body, struct moment now,
		       struct buffer *out)
{
	char date[HTTP_DATE_SIZE + 1] = {0};
	size_t at = find_status(reply->status);
	time_put_http(date, wall_seconds(now.wall_us));
	buffer_printf(out,
		      "HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		      "Cache-Control: no-store\r\nContent-Security-Policy: %s\r\n"
		      "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
		      "Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n",
		      statuses[at].status, statuses[at].reason, date,
		      reply->type ? reply->type : ADMIN_PLAIN, reply->body.size,
		      reply->policy ? reply->policy : ADMIN_STRICT_POLICY);
	if (reply->allow)
		buffer_printf(out, "Allow: %s\r\n", reply->allow);
	buffer_put_string(out, "\r\n");
	if (!no_body)
		buffer_put_view(out, buffer_view(&reply->body));
	if (reply->body.failed)
		out->failed = true;
}

void admin_reply_deinit(struct admin_reply *reply)
{
	buffer_deinit(&reply->body);
}
