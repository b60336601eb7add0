/* GET paths: what comes out is always one whole DER SEQUENCE, and the forms that P-41 lists of the
 * same path give the same bytes. */
#include "http/get_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* What a DER reader says that the first element measures, or 0. */
static size_t element_size(struct view der)
{
	struct cursor c = cursor_of(der);
	if (cursor_u8(&c) != 0x30)
		return 0;
	size_t length = cursor_u8(&c);
	if (length >= 0x80) {
		size_t count = length & 0x7f;
		struct view octets = cursor_take(&c, count);
		length = 0;
		for (size_t i = 0; i < octets.size; i++)
			length = length << 8 | octets.data[i];
		if (count == 0 || count > 2 || length < (count == 1 ? 0x80u : 0x100u))
			return 0;
	}
	return c.failed ? 0 : der.size - c.rest.size + length;
}

static void check_form(struct view path, struct view expected)
{
	static uint8_t out[LIMIT_GET_PATH];
	struct view der;
	if (path.size > LIMIT_GET_PATH)
		return;
	CHECK(http_get_path_decode(path, out, &der) == 0);
	CHECK(view_equal(der, expected));
}

static void put_escaped(struct buffer *b, uint8_t octet)
{
	static const char digits[] = "0123456789abcdef";
	buffer_put_u8(b, '%');
	buffer_put_u8(b, (uint8_t)digits[octet >> 4]);
	buffer_put_u8(b, (uint8_t)digits[octet & 15]);
}

/* The same path with every octet escaped that is not yet. */
static void check_escaped(struct view path, struct view expected)
{
	struct buffer b = {0};
	for (size_t i = 0; i < path.size; i++) {
		if (path.data[i] == '%') {
			buffer_put(&b, path.data + i, 3);
			i += 2;
		} else {
			put_escaped(&b, path.data[i]);
		}
	}
	check_form(buffer_view(&b), expected);
	buffer_deinit(&b);
}

static void put_base64(struct buffer *b, struct view octets, const char *digits)
{
	for (size_t bit = 0; bit < octets.size * 8; bit += 6) {
		unsigned value = 0;
		for (size_t i = bit; i < bit + 6; i++) {
			unsigned octet = i / 8 < octets.size ? octets.data[i / 8] : 0;
			value = value << 1 | (octet >> (7 - i % 8) & 1);
		}
		buffer_put_u8(b, (uint8_t)digits[value]);
	}
}

/* The same request, written anew in one form of each kind. */
static void check_forms(struct view der)
{
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	static const struct {
		const char *before, *digits, *after;
	} forms[] = {
		{"/", LETTERS "+/", ""},
		{"/", LETTERS "-_", ""},
		{"//", LETTERS "+/", "/"},
		{"/ocsp/v1/", LETTERS "+_", "//"},
	};
	for (size_t i = 0; i < array_size(forms); i++) {
		struct buffer b = {0};
		buffer_put_string(&b, forms[i].before);
		put_base64(&b, der, forms[i].digits);
		buffer_put_string(&b, forms[i].after);
		check_form(buffer_view(&b), der);
		buffer_deinit(&b);
	}
}

/* The name of an issuer is never longer than what it was read from. */
static void check_page(struct view path)
{
	static uint8_t out[LIMIT_GET_PATH];
	struct view name;
	if (http_page_of(path) != HTTP_PAGE_READY_ISSUER || path.size > LIMIT_GET_PATH)
		return;
	if (http_page_issuer(path, out, &name) == 0)
		CHECK(name.size <= path.size && (name.size == 0 || name.data == out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_page(view_of(data, size));
	static uint8_t out[LIMIT_GET_PATH];
	struct view path = view_of(data, size), der = {0};
	(void)http_page_of(path);
	int result = http_get_path_decode(path, out, &der);
	CHECK(result == 0 || result == HTTP_BAD_PATH);
	CHECK(result == 0 || !der.data);
	if (result != 0)
		return 0;
	CHECK(size <= LIMIT_GET_PATH && der.data == out && der.size < size);
	CHECK(element_size(der) == der.size);
	static uint8_t copy[LIMIT_GET_PATH];
	memcpy(copy, out, der.size);
	der.data = copy;
	check_form(path, der);
	check_escaped(path, der);
	check_forms(der);
	return 0;
}
