#include "http/syntax.h"

#include "base/ip.h"

enum { TOKEN = 1, HOST = 2, HEX = 4, DIGIT = 8 };

static const uint8_t classes[256] = {
	['0' ... '9'] = TOKEN | HOST | HEX | DIGIT,
	['A' ... 'F'] = TOKEN | HOST | HEX,
	['G' ... 'Z'] = TOKEN | HOST,
	['a' ... 'f'] = TOKEN | HOST | HEX,
	['g' ... 'z'] = TOKEN | HOST,
	['-'] = TOKEN | HOST,
	['.'] = TOKEN | HOST,
	['_'] = TOKEN | HOST,
	['~'] = TOKEN | HOST,
	['%'] = TOKEN,
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

static uint8_t at(struct view text, size_t place)
{
	return place < text.size ? text.data[place] : 0;
}

/* A name, or an IPv4 address, which looks like one: a percent sign stands before two digits. */
static size_t name_size(struct view text)
{
	size_t size = 0;
	for (;;) {
		size += span(http_from(text, size), HOST);
		if (at(text, size) != '%' || !(classes[at(text, size + 1)] & HEX) ||
		    !(classes[at(text, size + 2)] & HEX))
			return size;
		size += 3;
	}
}

/* "v" HEXDIG… "." and what a name may have, or a colon: addresses of the future. */
static bool is_future_address(struct view text)
{
	if ((at(text, 0) | 0x20) != 'v')
		return false;
	size_t dot = 1 + span(http_from(text, 1), HEX);
	if (dot == 1 || at(text, dot) != '.' || dot + 1 == text.size)
		return false;
	struct view rest = http_from(text, dot + 1);
	while (rest.size > 0 && (rest.data[0] == ':' || (classes[rest.data[0]] & HOST)))
		rest = http_from(rest, 1);
	return rest.size == 0;
}

/* An IPv6 address in brackets, which are counted; 0: none. */
static size_t literal_size(struct view text)
{
	size_t end = http_find(text, ']');
	if (end == text.size)
		return 0;
	struct ip_address address;
	struct view inside = view_of(text.data + 1, end - 1);
	bool is_v6 = http_find(inside, ':') < inside.size && ip_parse(inside, &address) == 0;
	return is_v6 || is_future_address(inside) ? end + 1 : 0;
}

size_t http_host_size(struct view text)
{
	size_t size = at(text, 0) == '[' ? literal_size(text) : name_size(text);
	if (size == 0 || at(text, size) != ':')
		return size;
	return size + 1 + span(http_from(text, size + 1), DIGIT);
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
