#include "conf/urls.h"

#include "base/limits.h"
#include "conf/list.h"

static bool begins(struct view text, const char *with)
{
	struct view expected = view_of_string(with);
	return text.size > expected.size &&
	       view_equal_nocase(view_of(text.data, expected.size), expected);
}

/* What has no business in a URL as it is sent (RFC 3986, 2). */
static bool all_visible(struct view url)
{
	for (size_t i = 0; i < url.size; i++)
		if (url.data[i] <= ' ' || url.data[i] > '~' || strchr("\"<>\\^`{|}", url.data[i]))
			return false;
	return true;
}

static bool url_valid(struct view url)
{
	size_t scheme = begins(url, "http://") ? 7 : begins(url, "https://") ? 8 : 0;
	if (scheme == 0 || url.size > LIMIT_CRL_URL || !all_visible(url))
		return false;
	struct view rest = view_of(url.data + scheme, url.size - scheme);
	const uint8_t *slash = memchr(rest.data, '/', rest.size);
	size_t authority = slash ? (size_t)(slash - rest.data) : rest.size;
	return authority > 0 && !memchr(rest.data, '@', authority) && rest.data[0] != ':';
}

int urls_check(const char *text)
{
	struct view urls[LIMIT_CRL_URLS];
	unsigned count = 0;
	for (struct view url; list_next(&text, &url); count++) {
		if (count == LIMIT_CRL_URLS || !url_valid(url))
			return -EINVAL;
		for (unsigned i = 0; i < count; i++)
			if (view_equal(urls[i], url))
				return -EINVAL;
		urls[count] = url;
	}
	return 0;
}

int url_check(const char *text)
{
	return strchr(text, ',') || !url_valid(view_of_string(text)) ? -EINVAL : 0;
}

int url_check_proxy(const char *text)
{
	const char *end = text + strlen(text), *port = end;
	unsigned long number = 0;
	if (url_check(text) < 0 || !begins(view_of_string(text), "http://"))
		return -EINVAL;
	while (port[-1] >= '0' && port[-1] <= '9')
		port--;
	for (const char *p = port; p < end && number <= UINT16_MAX; p++)
		number = number * 10 + (unsigned long)(*p - '0');
	bool fits = port[-1] == ':' && number > 0 && number <= UINT16_MAX;
	return fits && strcspn(text + 7, "/?#") == strlen(text + 7) ? 0 : -EINVAL;
}
