/* What a server sends instead of a CRL is told apart, and what is handed over is nobody's to change. */
#include "unit.h"

#include "base/record.h"
#include "fetcher/arrival.h"

#include "ocsp/dertext.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALGORITHM "30{06{2a8648ce3d040302}}"
#define NAME "30{31{30{06{550403}0c{41}}}}"
#define YEAR_2020 "17{3230303130313030303030305a}"
#define YEAR_2019 "17{3139303130313030303030305a}"
#define YEAR_2030 "17{3330303130313030303030305a}"
#define YEAR_2060 "18{32303630303130313030303030305a}"
#define SECONDS_2020 INT64_C(1577836800)
#define SECONDS_2019 INT64_C(1546300800)
#define SECONDS_2030 INT64_C(1893456000)
#define SECONDS_2060 INT64_C(2840140800)
#define CRL(times) "30{30{020101" ALGORITHM NAME times "}" ALGORITHM "03{00 5a*8}}"

static void refused(struct view body, const char *expected)
{
	struct arrival arrival = {0};
	struct fault fault = {""};
	assert_int_equal(arrival_read(body, &arrival, &fault), -EBADMSG);
	if (!strstr(fault.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, expected);
}

static void a_crl_says_when_the_next_one_is_due(void **state)
{
	(void)state;
	struct arrival arrival = {0};
	struct fault fault = {""};
	struct view der = der_text(CRL(YEAR_2020 YEAR_2060));
	assert_int_equal(arrival_read(der, &arrival, &fault), 0);
	assert_int_equal(arrival.this_update, SECONDS_2020);
	assert_int_equal(arrival.next_update, SECONDS_2060);
	der_text_free(&der);
	der = der_text(CRL(YEAR_2020));
	assert_int_equal(arrival_read(der, &arrival, &fault), 0);
	assert_true(arrival.next_update == TIME_NONE);
	der_text_free(&der);
}

/* An arrival reads it like one that does not say when it ends. */
static void damaged_pem_is_handed_on_as_it_is(void **state)
{
	(void)state;
	struct arrival arrival = {0};
	struct fault fault = {""};
	struct view pem = view_of_string("-----BEGIN X509 CRL-----\nMIIB\n");
	assert_int_equal(arrival_read(pem, &arrival, &fault), 0);
	assert_true(arrival.next_update == TIME_NONE);
}

static void put_pem(struct buffer *out, const char *text)
{
	struct view der = der_text(text);
	cleanup(memory_freep) char *base64 = calloc(2, der.size + 4);
	assert_non_null(base64);
	(void)EVP_EncodeBlock((unsigned char *)base64, der.data, (int)der.size);
	buffer_printf(out, "-----BEGIN X509 CRL-----\n");
	for (const char *p = base64; *p; p += strnlen(p, 64))
		buffer_printf(out, "%.64s\n", p);
	buffer_printf(out, "-----END X509 CRL-----\n");
	der_text_free(&der);
}

/* The first that ends is the first whose next one is due. */
static void of_pem_too_it_is_known_when_the_next_one_is_due(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer pem = {0};
	struct arrival arrival = {0};
	struct fault fault = {""};
	put_pem(&pem, CRL(YEAR_2020));
	put_pem(&pem, CRL(YEAR_2020 YEAR_2060));
	put_pem(&pem, CRL(YEAR_2019 YEAR_2030));
	put_pem(&pem, CRL(YEAR_2020 YEAR_2060));
	assert_int_equal(arrival_read(buffer_view(&pem), &arrival, &fault), 0);
	assert_int_equal(arrival.this_update, SECONDS_2019);
	assert_int_equal(arrival.next_update, SECONDS_2030);
}

static void what_is_none_is_told_apart(void **state)
{
	(void)state;
	struct view der = der_text(CRL(YEAR_2020 YEAR_2060));
	refused(view_of("", 0), "is empty");
	refused(view_of_string("<!DOCTYPE html>"), "a page in HTML");
	refused(view_of_string("\x1f\x8b\x08"), "0x1f");
	refused(view_of_string("-----BEGIN CERTIFICATE-----"), "no CRL");
	refused(view_of("\x30\x03\x02\x01\x00", 5), "no CRL");
	for (size_t size = 2; size < der.size; size++)
		refused(view_of(der.data, size), "cut off");
	refused(view_of("\x30", 1), "cut off");
	refused(view_of("\x30\x85\xff\xff\xff\xff\xff", 7), "no CRL");
	refused(view_of("\x30\x84\xff\xff\xff\xff", 6), "cut off: 6 of 4294967301 octets");
	der_text_free(&der);
}

static void what_is_handed_over_cannot_be_changed(void **state)
{
	(void)state;
	int fd = -1;
	char read[4] = "";
	assert_int_equal(arrival_seal(view_of_string("abc"), &fd), 0);
	assert_int_equal(pread(fd, read, sizeof(read), 0), 3);
	assert_string_equal(read, "abc");
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_true(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crl_says_when_the_next_one_is_due),
		cmocka_unit_test(damaged_pem_is_handed_on_as_it_is),
		cmocka_unit_test(of_pem_too_it_is_known_when_the_next_one_is_due),
		cmocka_unit_test(what_is_none_is_told_apart),
		cmocka_unit_test(what_is_handed_over_cannot_be_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
