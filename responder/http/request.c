/* find_head() finds where the head ends, remembering what it has seen; only a whole head is parsed:
 * every octet first, then the request line, the header lines, and what they say together. */
#include "http/request.h"

#include "http/fields.h"
#include "http/syntax.h"

/* What a request may begin with: a method, or the one empty line that RFC 9112 (2.2) forgives.
 * So a TLS handshake is refused at its first octet. */
static bool may_begin(uint8_t octet)
{
	return http_is_token_octet(octet) || octet == '\r';
}

/* The head does not end within its limit: the request line itself, or the lines below it. */
static int refuse_large(const struct http_scan *scan)
{
	return scan->line <= 2 ? 414 : 431;
}

/* 0 with the size of the head, HTTP_INCOMPLETE or a refusal. */
static int find_head(struct http_scan *scan, struct view bytes, size_t *ret_size)
{
	size_t most = bytes.size < LIMIT_HTTP_HEAD ? bytes.size : LIMIT_HTTP_HEAD;
	if (scan->seen == 0 && most > 0 && !may_begin(bytes.data[0]))
		return 400;
	while (scan->seen < most) {
		struct view unseen = view_of(bytes.data + scan->seen, most - scan->seen);
		size_t end = scan->seen + http_find(unseen, '\n');
		scan->seen = end;
		if (end == most)
			break;
		if (end == scan->line || bytes.data[end - 1] != '\r')
			return 400; /* bare LF */
		if (end == scan->line + 1 && scan->line > 0) {
			*ret_size = end + 1;
			return 0;
		}
		scan->seen = scan->line = end + 1;
	}
	return most == LIMIT_HTTP_HEAD ? refuse_large(scan) : HTTP_INCOMPLETE;
}

/* No control octets but HTAB and whole CRLFs. Written for the compiler to vectorise. */
static bool is_clean(struct view head)
{
	uint8_t bad = 0;
	for (size_t i = 0; i + 1 < head.size; i++) {
		uint8_t c = head.data[i], next = head.data[i + 1];
		uint8_t control = (c < 0x20) & (c != '\t') & (c != '\n') & (c != '\r');
		bad |= (uint8_t)(control | (c == 0x7f) | ((c == '\r') & (next != '\n')));
	}
	return !bad;
}

/* Visible ASCII; a fragment is never sent. */
static bool is_target(struct view text)
{
	uint8_t bad = 0;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		bad |= (uint8_t)((c <= 0x20) | (c >= 0x7f) | (c == '#'));
	}
	return !bad && text.size > 0;
}

/* The next line without its CRLF; the caller knows that there is one. */
static struct view take_line(struct view *rest)
{
	size_t end = http_find(*rest, '\n');
	struct view line = view_of(rest->data, end - 1);
	*rest = http_from(*rest, end + 1);
	return line;
}

/* False: none of ours. */
static bool read_method(struct view name, struct http_request *r)
{
	if (view_equal(name, view_of("GET", 3)))
		r->method = HTTP_GET;
	else if (view_equal(name, view_of("POST", 4)))
		r->method = HTTP_POST;
	else if (view_equal(name, view_of("HEAD", 4)))
		r->method = HTTP_HEAD;
	else
		return false;
	return true;
}

/* A minor version that is not known yet is read as the highest one that is (RFC 9110, 2.5). */
static bool read_version(struct view text, struct http_request *r)
{
	if (text.size != 8 || memcmp(text.data, "HTTP/1.", 7) != 0)
		return false;
	r->minor = text.data[7] != '0';
	return text.data[7] >= '0' && text.data[7] <= '9';
}

/* What follows http:// or https://, or nothing. */
static struct view after_scheme(struct view target)
{
	static const char *const schemes[] = {"http://", "https://"};
	for (size_t i = 0; i < array_size(schemes); i++) {
		struct view scheme = view_of_string(schemes[i]);
		if (target.size > scheme.size &&
		    view_equal_nocase(view_of(target.data, scheme.size), scheme))
			return http_from(target, scheme.size);
	}
	return (struct view){0};
}

/* What an absolute-form target names below its authority; false if it is none. */
static bool path_of_absolute(struct view target, struct view *ret)
{
	struct view rest = after_scheme(target);
	size_t authority = http_host_size(rest);
	if (!rest.data || authority == 0)
		return false;
	*ret = http_from(rest, authority);
	if (ret->size == 0 || ret->data[0] == '?')
		*ret = view_of("/", 1);
	return ret->data[0] == '/';
}

/* Origin-form, or absolute-form (P-41); asterisk-form and authority-form name nothing here. */
static bool read_target(struct view target, struct http_request *r)
{
	struct view path = target;
	if (target.data[0] != '/' && !path_of_absolute(target, &path))
		return false;
	r->target = target;
	r->path = view_of(path.data, http_find(path, '?'));
	return true;
}

/* One space between the three, no other white space. 0, 400, or 405, which is only said of a request
 * that is otherwise well formed; what the target of a method that is not ours may be is that method's
 * business (`OPTIONS *`, `CONNECT host:port`; P-54). */
static int read_request_line(struct view line, struct http_request *r)
{
	struct view method = view_of(line.data, http_token_size(line));
	if (method.size == 0 || method.size == line.size || line.data[method.size] != ' ')
		return 400;
	struct view rest = http_from(line, method.size + 1);
	struct view target = view_of(rest.data, http_find(rest, ' '));
	if (target.size == rest.size || !is_target(target) ||
	    !read_version(http_from(rest, target.size + 1), r))
		return 400;
	if (!read_method(method, r))
		return 405;
	return read_target(target, r) ? 0 : 400;
}

static int read_fields(struct view lines, struct http_fields *fields)
{
	while (lines.size > 0) {
		int result = http_take_field(fields, take_line(&lines));
		if (result)
			return result;
	}
	return 0;
}

/* What no single line shows: 400 before the milder refusals. */
static int judge(const struct http_fields *f)
{
	const struct http_request *r = f->request;
	if (f->has_length && f->has_coding)
		return 400;
	if (r->minor == 0 && f->has_coding)
		return 400;
	if (r->minor == 1 && !r->host.data)
		return 400;
	if (r->path.size > LIMIT_GET_PATH)
		return 414;
	if (f->length_too_large)
		return 413;
	if (r->minor == 1 && f->expects_other)
		return 417;
	return 0;
}

static void settle(const struct http_fields *f)
{
	struct http_request *r = f->request;
	if (f->has_coding)
		r->framing = HTTP_CHUNKED_BODY;
	else if (f->has_length)
		r->framing = HTTP_SIZED_BODY;
	bool has_body = f->has_coding || r->content_length > 0;
	r->keep_alive = r->minor == 1 && !f->close;
	r->expect_continue = r->minor == 1 && f->expects && has_body;
}

static int parse_head(struct view head, struct http_request *r)
{
	if (!is_clean(head))
		return 400;
	struct view rest = view_of(head.data, head.size - 2); /* the empty line at the end */
	if (rest.size >= 2 && rest.data[0] == '\r')
		rest = http_from(rest, 2);
	if (rest.size == 0)
		return 400;
	int refusal = read_request_line(take_line(&rest), r);
	if (refusal == 400)
		return 400;
	struct http_fields fields = {.request = r};
	int result = read_fields(rest, &fields);
	if (!result)
		result = judge(&fields);
	if (refusal && result != 400)
		return refusal;
	settle(&fields);
	return result;
}

int http_request_parse(struct http_scan *scan, struct view bytes, struct http_request *ret)
{
	struct http_request request = {0};
	int result = find_head(scan, bytes, &request.head_size);
	if (result)
		return result;
	result = parse_head(view_of(bytes.data, request.head_size), &request);
	if (result)
		return result;
	*ret = request;
	return 0;
}

bool http_is_ocsp_request(struct view content_type)
{
	struct view type = view_of(content_type.data, http_find(content_type, ';'));
	return view_equal_nocase(http_trim(type), view_of_string("application/ocsp-request"));
}
