#include "http/syntax.h"

enum { TOKEN = 1, HOST = 2 };

static const uint8_t classes[256] = {
	['0' ... '9'] = TOKEN | HOST,
	['A' ... 'Z'] = TOKEN | HOST,
	['a' ... 'z'] = TOKEN | HOST,
	['-'] = TOKEN | HOST,
	['.'] = TOKEN | HOST,
	['_'] = TOKEN | HOST,
	['~'] = TOKEN | HOST,
	['%'] = TOKEN | HOST,
	['!'] = TOKEN | HOST,
	['$'] = TOKEN | HOST,
	['&'] = TOKEN | HOST,
	['\''] = TOKEN | HOST,
	['*'] = TOKEN | HOST,
	['+'] = TOKEN | HOST,
	['#'] = TOKEN,
	['^'] = TOKEN,
	['`'] = TOKEN,
	['|'] = TOKEN,
	['('] = HOST,
	[')'] = HOST,
	[';'] = HOST,
	['='] = HOST,
	[':'] = HOST,
	['['] = HOST,
	[']'] = HOST,
};

static size_t span(struct view text, uint8_t class)
{
	size_t size = 0;
	while (size < text.size && (classes[text.data[size]] & class))
		size++;
	return size;
}

bool http_is_token_octet(uint8_t octet)
{
	return classes[octet] & TOKEN;
}

size_t http_token_size(struct view text)
{
	return span(text, TOKEN);
}

size_t http_host_size(struct view text)
{
	return span(text, HOST);
}

static bool is_space(uint8_t octet)
{
	return octet == ' ' || octet == '\t';
}

struct view http_trim(struct view text)
{
	while (text.size > 0 && is_space(text.data[text.size - 1]))
		text.size--;
	while (text.size > 0 && is_space(text.data[0]))
		text = http_from(text, 1);
	return text;
}

bool http_next_element(struct view *list, struct view *ret)
{
	if (list->size == 0)
		return false;
	size_t comma = http_find(*list, ',');
	*ret = http_trim(view_of(list->data, comma));
	*list = http_from(*list, comma < list->size ? comma + 1 : comma);
	return true;
}
