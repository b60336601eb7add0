#include "admin/html.h"

#include "base/timetext.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>

/* C0, DEL, C1, and the marks that turn the direction of what follows. */
static bool steers(struct view c)
{
	if (c.size == 1)
		return (c.data[0] < 0x20 && c.data[0] != '\n' && c.data[0] != '\t') ||
		       c.data[0] == 0x7f;
	if (c.size == 2)
		return c.data[0] == 0xc2 && c.data[1] < 0xa0;
	if (c.size != 3 || c.data[0] != 0xe2)
		return false;
	return (c.data[1] == 0x80 && c.data[2] >= 0xaa && c.data[2] <= 0xae) ||
	       (c.data[1] == 0x81 && c.data[2] >= 0xa6 && c.data[2] <= 0xa9);
}

static void put_character(struct buffer *out, struct view c)
{
	static const char *const escapes[128] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
	};
	if (c.size == 1 && c.data[0] < 128 && escapes[c.data[0]])
		buffer_put_string(out, escapes[c.data[0]]);
	else if (steers(c))
		buffer_put_string(out, "\xef\xbf\xbd");
	else
		buffer_put_view(out, c);
}

void html_put_view(struct buffer *out, struct view text)
{
	while (text.size > 0) {
		size_t size = utf8_size(text);
		if (size)
			put_character(out, view_of(text.data, size));
		else
			buffer_put_string(out, "\xef\xbf\xbd");
		size += size == 0;
		text = view_of(text.data + size, text.size - size);
	}
}

void html_put(struct buffer *out, const char *text)
{
	if (text)
		html_put_view(out, view_of(text, strlen(text)));
}

static bool is_time(const char *text)
{
	int64_t seconds;
	return text && strlen(text) == ISO_TIME_SIZE &&
	       time_parse_iso(view_of_string(text), &seconds) == 0;
}

void html_put_time(struct buffer *out, const char *text)
{
	if (is_time(text))
		buffer_printf(out, "<time datetime=\"%s\">%.10s %.8s UTC</time>", text, text,
			      text + 11);
	else
		html_put(out, text);
}

void html_put_day(struct buffer *out, const char *text)
{
	if (is_time(text))
		buffer_printf(out, "<time datetime=\"%s\">%.10s</time>", text, text);
	else
		html_put(out, text);
}

void html_put_number(struct buffer *out, uint64_t number)
{
	if (number >= 1000) {
		html_put_number(out, number / 1000);
		buffer_printf(out, ",%03" PRIu64, number % 1000);
	} else {
		buffer_printf(out, "%" PRIu64, number);
	}
}

void html_put_duration(struct buffer *out, int64_t us)
{
	if (us < 0)
		buffer_put_string(out, "&ndash;");
	else if (us < 1000)
		buffer_printf(out, "%lld&nbsp;µs", (long long)us);
	else if (us < 10000000)
		buffer_printf(out, "%.*f&nbsp;ms", us < 100000 ? 1 : 0, (double)us / 1000);
	else
		buffer_printf(out, "%lld&nbsp;s", (long long)(us / 1000000));
}
