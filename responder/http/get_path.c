/* The rule is in the header. A place where the request may begin is first judged by the few
 * characters that hold the SEQUENCE's length: its end must fall on the path's end. Only then is it
 * decoded, so the work stays linear however many slashes there are. */
#include "http/get_path.h"

#include "base/hex.h"
#include "http/syntax.h"

/* Places that look right and turn out not to be base64 throughout: hostile, so few are tried. */
#define MOST_ATTEMPTS 4
/* Characters that are sure to hold the tag and the length of what fits into a path. */
#define DER_HEADER_CHARACTERS 8u

#define NO 0xff

/* The values of both alphabets' digits (RFC 4648, sections 4 and 5). */
/* clang-format off */
static const uint8_t digits[256] = {
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, 62, NO, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
	NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, 63,
	NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
	[128 ... 255] = NO,
};
/* clang-format on */

static bool is_page(struct view path, const char *page)
{
	return view_equal(path, view_of_string(page));
}

#define READY_ISSUER "/readyz/"

static bool is_ready_issuer(struct view path)
{
	size_t size = sizeof(READY_ISSUER) - 1;
	return path.size > size && memcmp(path.data, READY_ISSUER, size) == 0;
}

enum http_page http_page_of(struct view path)
{
	if (is_ready_issuer(path))
		return HTTP_PAGE_READY_ISSUER;
	if (path.size > sizeof("/healthz") - 1)
		return HTTP_PAGE_OCSP;
	if (is_page(path, "/"))
		return HTTP_PAGE_ROOT;
	if (is_page(path, "/healthz"))
		return HTTP_PAGE_HEALTH;
	if (is_page(path, "/readyz"))
		return HTTP_PAGE_READY;
	return HTTP_PAGE_OCSP;
}

/* The octet that the two digits after a % say. */
static bool read_escape(struct view path, size_t at, uint8_t *ret)
{
	size_t size;
	if (path.size - at < 3)
		return false;
	return hex_parse(view_of(path.data + at + 1, 2), 1, ret, &size) == 0;
}

/* Exactly once; `out` has path.size octets. 0 or HTTP_BAD_PATH. */
static int unescape(struct view path, uint8_t *out, struct view *ret)
{
	size_t size = 0;
	for (size_t i = 0; i < path.size; i++) {
		uint8_t octet = path.data[i];
		if (octet == '%') {
			if (!read_escape(path, i, &octet))
				return HTTP_BAD_PATH;
			i += 2;
		}
		out[size++] = octet;
	}
	*ret = view_of(out, size);
	return 0;
}

int http_page_issuer(struct view path, uint8_t *out, struct view *ret)
{
	struct view name = http_from(path, sizeof(READY_ISSUER) - 1);
	return name.size <= LIMIT_GET_PATH ? unescape(name, out, ret) : HTTP_BAD_PATH;
}

/* Four digits are three octets. Gives back something with bit 7 set if one of them is no digit. */
static uint32_t decode_four(const uint8_t *text, uint8_t *out)
{
	uint32_t a = digits[text[0]], b = digits[text[1]], c = digits[text[2]], d = digits[text[3]];
	uint32_t bits = a << 18 | b << 12 | c << 6 | d;
	out[0] = (uint8_t)(bits >> 16);
	out[1] = (uint8_t)(bits >> 8);
	out[2] = (uint8_t)bits;
	return a | b | c | d;
}

/* The last two or three digits are one or two octets; the bits to spare are zero. */
static bool decode_rest(struct view text, uint8_t *out)
{
	if (text.size == 0)
		return true;
	if (text.size == 1)
		return false;
	uint8_t four[4] = {'A', 'A', 'A', 'A'}, octets[3];
	memcpy(four, text.data, text.size);
	uint32_t seen = decode_four(four, octets);
	memcpy(out, octets, text.size - 1);
	return !(seen & 0x80) && octets[text.size - 1] == 0;
}

/* Base64 without padding; false for anything else. `out` has room for text.size octets. */
static bool decode(struct view text, uint8_t *out)
{
	uint32_t seen = 0;
	size_t size = 0, whole = text.size / 4 * 4;
	for (size_t i = 0; i < whole; i += 4, size += 3)
		seen |= decode_four(text.data + i, out + size);
	return !(seen & 0x80) && decode_rest(http_from(text, whole), out + size);
}

/* What the whole SEQUENCE measures that begins with these octets, or 0: no SEQUENCE, no minimal
 * length, or larger than a path could hold. */
static size_t der_size(const uint8_t *octets)
{
	if (octets[0] != 0x30)
		return 0;
	if (octets[1] < 0x80)
		return 2 + (size_t)octets[1];
	if (octets[1] == 0x81 && octets[2] >= 0x80)
		return 3 + (size_t)octets[2];
	if (octets[1] == 0x82 && octets[2] > 0)
		return 4 + ((size_t)octets[2] << 8 | octets[3]);
	return 0;
}

/* The path after its escapes, and where the base64 may end in it. */
struct text {
	struct view bytes;
	size_t slashes; /* from here on there are only slashes */
	size_t padding; /* from here to `slashes` there are only equals signs */
};

static struct text text_of(struct view bytes)
{
	size_t slashes = bytes.size;
	while (slashes > 0 && bytes.data[slashes - 1] == '/')
		slashes--;
	size_t padding = slashes;
	while (padding > 0 && bytes.data[padding - 1] == '=')
		padding--;
	return (struct text){.bytes = bytes, .slashes = slashes, .padding = padding};
}

/* The slashes at the end may also be the last digits of base64. */
static bool may_end_at(const struct text *text, size_t end, size_t padding_due)
{
	if (text->padding < text->slashes)
		return end == text->padding && text->slashes - text->padding <= padding_due;
	return end >= text->slashes && end <= text->bytes.size;
}

/* The octets of the SEQUENCE that would begin at `start` and end with the path, or 0. */
static size_t sequence_at(const struct text *text, size_t start)
{
	uint8_t characters[DER_HEADER_CHARACTERS] = "AAAAAAAA", header[6];
	struct view rest = http_from(text->bytes, start);
	memcpy(characters, rest.data,
	       rest.size < sizeof(characters) ? rest.size : sizeof(characters));
	(void)decode_four(characters, header);
	(void)decode_four(characters + 4, header + 3);
	size_t size = der_size(header);
	size_t count = (size * 8 + 5) / 6;
	return size > 0 && may_end_at(text, start + count, (4 - count % 4) % 4) ? size : 0;
}

static int find_sequence(const struct text *text, uint8_t *out, struct view *ret)
{
	unsigned attempts = 0;
	size_t start = 0;
	for (;;) {
		start += http_find(http_from(text->bytes, start), '/') + 1;
		if (start >= text->bytes.size || attempts == MOST_ATTEMPTS)
			return HTTP_BAD_PATH;
		size_t size = sequence_at(text, start);
		if (size == 0)
			continue;
		if (decode(view_of(text->bytes.data + start, (size * 8 + 5) / 6), out)) {
			*ret = view_of(out, size);
			return 0;
		}
		attempts++;
	}
}

int http_get_path_decode(struct view path, uint8_t *out, struct view *ret)
{
	if (path.size > LIMIT_GET_PATH)
		return HTTP_BAD_PATH;
	uint8_t unescaped[LIMIT_GET_PATH];
	struct view bytes = path;
	if (http_find(path, '%') < path.size && unescape(path, unescaped, &bytes))
		return HTTP_BAD_PATH;
	struct text text = text_of(bytes);
	return find_sequence(&text, out, ret);
}
