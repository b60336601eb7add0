#include "net/location.h"

#include "net/curl.h"

#include <ctype.h>
#include <stdio.h>

static int take_part(const struct curl *curl, const CURLU *url, CURLUPart part, size_t size,
		     char *ret)
{
	char *text = NULL;
	if (curl->url_get(url, part, &text, 0) != CURLUE_OK || !text)
		return -EINVAL;
	int written = snprintf(ret, size, "%s", text);
	curl->free(text);
	return written >= 0 && (size_t)written < size ? 0 : -EINVAL;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

static int take(const struct curl *curl, const CURLU *url, struct location *ret)
{
	char scheme[8] = "";
	int result = take_part(curl, url, CURLUPART_URL, sizeof(ret->url), ret->url);
	if (result == 0)
		result = take_part(curl, url, CURLUPART_HOST, sizeof(ret->host), ret->host);
	if (result == 0)
		result = take_part(curl, url, CURLUPART_SCHEME, sizeof(scheme), scheme);
	if (result < 0)
		return result;
	lower(ret->host);
	ret->secure = strcmp(scheme, "https") == 0;
	return ret->secure || strcmp(scheme, "http") == 0 ? 0 : -EINVAL;
}

int location_read(const char *base, const char *reference, struct location *ret)
{
	struct fault fault;
	struct location location;
	const struct curl *curl;
	if (curl_load(&curl, &fault) < 0)
		return -ENOMEM;
	CURLU *url = curl->url();
	if (!url)
		return -ENOMEM;
	int result = -EINVAL;
	if (curl->url_set(url, CURLUPART_URL, base, CURLU_DISALLOW_USER) == CURLUE_OK &&
	    curl->url_set(url, CURLUPART_URL, reference, CURLU_DISALLOW_USER) == CURLUE_OK)
		result = take(curl, url, &location);
	curl->url_cleanup(url);
	if (result == 0)
		*ret = location;
	return result;
}
