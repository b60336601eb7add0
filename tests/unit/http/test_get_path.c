/* GET paths (P-40 … P-42): every form of one request gives the same bytes, and what is no request
 * gives none. */
#include "unit.h"

#include "http/get_path.h"

/* What V-1 (…//A==) and V-2 (…+/A==) of doc/protocol.md begin with. */
#define STEM                                                                                       \
	"MEQwQjBAMD4wPDAJBgUrDgMCGgUABBQAAAAAAAAAAAAAAAAAAAAAAAAAAAQUAAAAAAAAAAAAAAAAAAAAAAAAAAAC" \
	"AwP"

static int decode(const char *text, uint8_t *out, struct view *ret)
{
	/* An exact copy: a read past the end is caught by the address sanitizer. */
	struct view path = view_of_string(text);
	cleanup(memory_freep) uint8_t *copy = malloc(path.size ? path.size : 1);
	assert_non_null(copy);
	memcpy(copy, path.data, path.size);
	return http_get_path_decode(view_of(copy, path.size), out, ret);
}

static void check_bad(const char *path)
{
	uint8_t out[LIMIT_GET_PATH];
	struct view der, before = der = view_of_string("before");
	if (decode(path, out, &der) != HTTP_BAD_PATH)
		fail_msg("%s was taken for a request", path);
	assert_ptr_equal(der.data, before.data);
}

static void check_der(const char *path, struct view expected)
{
	uint8_t out[LIMIT_GET_PATH];
	struct view der = {0};
	if (decode(path, out, &der) != 0)
		fail_msg("%s was not taken for a request", path);
	assert_view_equal(der, expected);
}

/* The 70 octets of V-1 (… FF FC) and V-2 (… FE FC), written out, not decoded. */
static struct view vector(uint8_t out[70], uint8_t b1, uint8_t b2)
{
	static const uint8_t head[] = {0x30, 0x44, 0x30, 0x42, 0x30, 0x40, 0x30, 0x3e,
				       0x30, 0x3c, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
				       0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};
	memset(out, 0, 70);
	memcpy(out, head, sizeof(head));
	out[43] = 0x04;
	out[44] = 0x14;
	out[65] = 0x02;
	out[66] = 0x03;
	out[67] = 0x03;
	out[68] = b1;
	out[69] = b2;
	return view_of(out, 70);
}

static void every_form_of_v_1_gives_the_same_bytes(void **state) /* P-41 */
{
	(void)state;
	static const char *const forms[] = {
		"/" STEM "//A==",
		"/" STEM "%2F%2FA%3D%3D",
		"/" STEM "%2f%2fA%3d%3d",
		"/" STEM "/%2FA=%3D",
		"/" STEM "%2F/A%3d=",
		/* more slashes before */
		"//" STEM "//A==",
		"////" STEM "//A==",
		"/%2F" STEM "//A==",
		/* padding missing, whole or half */
		"/" STEM "//A",
		"/" STEM "//A=",
		"/" STEM "%2F%2FA",
		/* base64url, and both alphabets at once */
		"/" STEM "__A",
		"/" STEM "__A==",
		"/" STEM "_/A",
		"/" STEM "%5F_A",
		/* slashes behind */
		"/" STEM "//A==/",
		"/" STEM "//A/",
		"/" STEM "__A/",
		"/" STEM "//A==//",
		"/" STEM "//A%3D%3D%2F",
		/* prefixes */
		"/ocsp/" STEM "//A==",
		"/ocsp/v1/" STEM "//A==",
		"/ocsp//" STEM "//A==",
		"/a.b/../c%20d/" STEM "//A==",
		"/M/MA/MEQ/" STEM "//A==",
		"/%00%ff/" STEM "//A==",
		"/+/=/" STEM "//A==",
		"/MEQwQjBAMD4wPDAJBgUrDgMCGgUABBQ/" STEM "//A==",
		"/ocsp%2F" STEM "//A==",
		"//ocsp/" STEM "//A/",
		/* a character of the base64 escaped that need not be */
		"/%"
		"4DEQwQjBAMD4wPDAJBgUrDgMCGgUABBQAAAAAAAAAAAAAAAAAAAAAAAAAAAQUAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAACAwP//A==",
	};
	uint8_t octets[70];
	struct view expected = vector(octets, 0xff, 0xfc);
	for (size_t i = 0; i < array_size(forms); i++)
		check_der(forms[i], expected);
}

static void every_form_of_v_2_gives_the_same_bytes(void **state) /* P-41 */
{
	(void)state;
	static const char *const forms[] = {
		"/" STEM "+/A==",   "/" STEM "%2B%2FA%3D%3D",  "/" STEM "%2b%2fA%3d%3d",
		"/" STEM "+%2FA==", "/" STEM "%2B/A",          "/" STEM "-_A",
		"/" STEM "-/A==",   "/ocsp/v1/" STEM "+/A==/",
	};
	uint8_t octets[70];
	struct view expected = vector(octets, 0xfe, 0xfc);
	for (size_t i = 0; i < array_size(forms); i++)
		check_der(forms[i], expected);
}

/* P-41: `+` is never a space, a space is never a `+`, and nothing is decoded twice. */
static void nothing_is_decoded_twice(void **state)
{
	(void)state;
	check_bad("/" STEM "%20/A==");
	check_bad("/" STEM "%252B%252FA");
	check_bad("/" STEM "%252F%252FA%253D%253D");
	check_bad("/%254D" STEM "//A==");
}

static void bad_escapes_are_refused(void **state) /* P-42 */
{
	(void)state;
	check_bad("/" STEM "//A%");
	check_bad("/" STEM "//A%3");
	check_bad("/" STEM "//A%3D%3");
	check_bad("/" STEM "//A%3G%3D");
	check_bad("/" STEM "//A%::");
	check_bad("/" STEM "//A% 3D");
	/* Also in the prefix, where it would not matter. */
	check_bad("/%zz/" STEM "//A==");
}

static void bad_base64_is_refused(void **state) /* P-42 */
{
	(void)state;
	check_bad("/" STEM "//!==");
	check_bad("/" STEM "//A===");
	check_bad("/MAA=="); /* one is due */
	check_bad("/MAEA="); /* none is due */
	check_bad("/" STEM "//A==A");
	check_bad("/" STEM "//A=/=");
	check_bad("/" STEM "//A==.");
	check_bad("/" STEM "//A%0A==");
	check_bad("/" STEM "//A== ");
	check_bad("/MEQw!"
		  "jBAMD4wPDAJBgUrDgMCGgUABBQAAAAAAAAAAAAAAAAAAAAAAAAAAAQUAAAAAAAAAAAAAAAAAAAAAAAA"
		  "AAACAwP//A==");
	check_bad("/MEQw="
		  "jBAMD4wPDAJBgUrDgMCGgUABBQAAAAAAAAAAAAAAAAAAAAAAAAAAAQUAAAAAAAAAAAAAAAAAAAAAAAA"
		  "AAACAwP//A==");
}

/* Two spellings of one request must not differ in bits that nobody sees. */
static void spare_bits_must_be_zero(void **state)
{
	(void)state;
	check_bad("/" STEM "//B==");
	check_bad("/" STEM "//P==");
	uint8_t three[] = {0x30, 0x00};
	check_der("/MAA=", view_of(three, 2));
	check_bad("/MAB=");
}

static void only_one_whole_sequence_is_a_request(void **state) /* P-42 */
{
	(void)state;
	check_bad("/" STEM "//"); /* truncated */
	check_bad("/" STEM);
	check_bad("/" STEM "//AA"); /* an octet more */
	check_bad("/" STEM "//AAA");
	check_bad("/" STEM "//AAAA");
	check_bad("/" STEM "//A==/x"); /* something behind */
	check_bad("/MQIAAA=="); /* SET */
	check_bad("/MIAAAA=="); /* indefinite length */
	check_bad("/MIECAAA="); /* length not minimal: 81 02 */
	check_bad("/MIIAAgAA"); /* 82 00 02 */
	check_bad("/MIMAAAIAAA=="); /* 83 00 00 02 */
	check_bad("/MP////////8=");
}

static void what_is_no_request_at_all_is_refused(void **state)
{
	(void)state;
	check_bad("");
	check_bad("/");
	check_bad("//");
	check_bad("/M");
	check_bad("/MA");
	check_bad("/ocsp");
	check_bad("/ocsp/");
	check_bad("/favicon.ico");
	check_bad("/%");
	check_bad("/x" STEM "//A==");
}

/* Every place that looks right costs a decoding: a hostile path is given up soon, and stays cheap. */
static void hostile_slashes_cost_little(void **state)
{
	(void)state;
	char path[LIMIT_GET_PATH + 1];
	memset(path, '/', LIMIT_GET_PATH);
	path[LIMIT_GET_PATH] = '\0';
	check_bad(path);
	for (size_t i = 1; i < LIMIT_GET_PATH; i += 2)
		path[i] = 'M';
	check_bad(path);
	memset(path, 'M', LIMIT_GET_PATH);
	check_bad(path);
}

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* An independent encoder: a bit at a time. */
static size_t encode(const uint8_t *octets, size_t size, char *out)
{
	size_t count = 0;
	for (size_t bit = 0; bit < size * 8; bit += 6) {
		unsigned value = 0;
		for (size_t b = bit; b < bit + 6; b++)
			value = value << 1 |
				(b < size * 8 ? (unsigned)octets[b / 8] >> (7 - b % 8) & 1u : 0);
		out[count++] = base64[value];
	}
	out[count] = '\0';
	return count;
}

static size_t sequence(uint8_t *out, size_t content, uint8_t fill)
{
	size_t size = 0;
	out[size++] = 0x30;
	if (content > 255)
		out[size++] = 0x82, out[size++] = (uint8_t)(content >> 8);
	else if (content > 127)
		out[size++] = 0x81;
	out[size++] = (uint8_t)content;
	memset(out + size, fill, content);
	return size + content;
}

static void check_content(size_t content, uint8_t fill)
{
	static uint8_t der[LIMIT_GET_PATH];
	static char path[2 * LIMIT_GET_PATH] = "/a/";
	size_t size = sequence(der, content, fill);
	size_t count = encode(der, size, path + 3);
	check_der(path, view_of(der, size));
	memcpy(path + 3 + count, "/", 2);
	check_der(path, view_of(der, size));
	memcpy(path + 3 + count, "==", (size_t)(3 - size % 3) % 3 + 1);
	path[3 + count + (3 - size % 3) % 3] = '\0';
	check_der(path, view_of(der, size));
}

/* All slashes and dashes (FF, FB EF BE), so that every wrong rule about slashes shows. */
static void every_size_and_length_form_is_decoded(void **state)
{
	(void)state;
	static const uint8_t fills[] = {0x00, 0xff, 0x4d, 0xa7};
	for (size_t content = 0; content < 700; content++)
		for (size_t f = 0; f < array_size(fills); f++)
			check_content(content, fills[f]);
	check_content(6000, 0xff);
}

static void the_longest_path_is_decoded_and_a_longer_one_is_not(void **state)
{
	(void)state;
	static uint8_t der[LIMIT_GET_PATH];
	char path[LIMIT_GET_PATH + 2] = "/";
	size_t size = sequence(der, 6134, 1);
	size_t count = 1 + encode(der, size, path + 1);
	memset(path + count, '/', LIMIT_GET_PATH - count);
	path[LIMIT_GET_PATH] = '\0';
	check_der(path, view_of(der, size));
	memcpy(path + LIMIT_GET_PATH, "/", 2);
	check_bad(path);
}

static enum http_page page_of(const char *path)
{
	return http_page_of(view_of_string(path));
}

static void pages_have_exact_names(void **state)
{
	(void)state;
	assert_int_equal(page_of("/"), HTTP_PAGE_ROOT);
	assert_int_equal(page_of("/healthz"), HTTP_PAGE_HEALTH);
	assert_int_equal(page_of("/readyz"), HTTP_PAGE_READY);
	static const char *const others[] = {"//",       "/healthz/",  "//healthz",
					     "/Healthz", "/%68ealthz", "/readyzz",
					     "/ready",   "/ocsp",      "/a/healthz"};
	for (size_t i = 0; i < array_size(others); i++)
		assert_int_equal(page_of(others[i]), HTTP_PAGE_OCSP);
}

static bool names(const char *path, const char *expected)
{
	uint8_t out[LIMIT_GET_PATH];
	struct view name;
	assert_int_equal(page_of(path), HTTP_PAGE_READY_ISSUER);
	return http_page_issuer(view_of_string(path), out, &name) == 0 &&
	       view_equal(name, view_of_string(expected));
}

/* The name of an issuer, decoded exactly once (P-40, P-41). */
static void a_page_may_be_of_one_issuer(void **state)
{
	(void)state;
	assert_true(names("/readyz/Demo", "Demo"));
	assert_true(names("/readyz/A%20%c3%a9%2Fb/c+d", "A \xc3\xa9/b/c+d"));
	assert_true(names("/readyz/%2541", "%41"));
	assert_false(names("/readyz/%4", ""));
	assert_false(names("/readyz/%zz", ""));
	assert_int_equal(page_of("/readyz/"), HTTP_PAGE_OCSP);
	assert_int_equal(page_of("/a/readyz/Demo"), HTTP_PAGE_OCSP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_may_be_of_one_issuer),
		cmocka_unit_test(nothing_is_decoded_twice),
		cmocka_unit_test(bad_escapes_are_refused),
		cmocka_unit_test(bad_base64_is_refused),
		cmocka_unit_test(spare_bits_must_be_zero),
		cmocka_unit_test(only_one_whole_sequence_is_a_request),
		cmocka_unit_test(what_is_no_request_at_all_is_refused),
		cmocka_unit_test(hostile_slashes_cost_little),
		cmocka_unit_test(every_form_of_v_1_gives_the_same_bytes),
		cmocka_unit_test(every_form_of_v_2_gives_the_same_bytes),
		cmocka_unit_test(every_size_and_length_form_is_decoded),
		cmocka_unit_test(the_longest_path_is_decoded_and_a_longer_one_is_not),
		cmocka_unit_test(pages_have_exact_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
