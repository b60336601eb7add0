/* PROXY headers and X-Forwarded-For lists: no prefix of a header is another one, what follows it
 * changes nothing, and both are bounded (P-51). */
#include "http/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static void check_address(const struct ip_address *address)
{
	char text[IP_TEXT_SIZE];
	struct ip_address again;
	ip_print(address, text);
	if (address->family == IP_NONE)
		return;
	CHECK(ip_parse(view_of_string(text), &again) == 0 && ip_equal(address, &again));
}

static void check_header(struct view bytes)
{
	struct proxy_header header, other;
	int result = proxy_header_parse(bytes, &header);
	CHECK(result == 0 || result == PROXY_INCOMPLETE || result == PROXY_MALFORMED);
	CHECK(result != PROXY_INCOMPLETE || bytes.size < LIMIT_PROXY_HEADER);
	for (size_t part = 0; part < bytes.size && part < LIMIT_PROXY_HEADER; part++) {
		int early = proxy_header_parse(view_of(bytes.data, part), &other);
		CHECK(early != PROXY_MALFORMED || result == PROXY_MALFORMED);
		CHECK(early != 0 ||
		      (result == 0 && other.size == header.size && other.size <= part));
	}
	if (result != 0)
		return;
	CHECK(header.size > 0 && header.size <= bytes.size && header.size <= LIMIT_PROXY_HEADER);
	CHECK(proxy_header_parse(view_of(bytes.data, header.size - 1), &other) == PROXY_INCOMPLETE);
	check_address(&header.client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view list = view_of(data, size);
	struct ip_address address;
	check_header(list);
	for (size_t before = list.size + 1; proxy_forwarded_last(&list, &address);) {
		CHECK(list.size < before && list.data == data);
		before = list.size;
		check_address(&address);
		if (list.size == 0)
			break;
	}
	return 0;
}
