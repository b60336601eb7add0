/* The access log: what a line holds, and that nobody waits for it. */
#include "unit.h"

#include "front/access.h"
#include "made_conf.h"
#include "ocsp/der.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct conf *made;
static struct conf_server conf; /* a copy to change */
static struct access *access_log;
static int ends[2];

static int set_up(void **state)
{
	(void)state;
	made = made_conf(CONF_FRONT,
			 "[server]\naccess_log = full\n" MADE_DATABASE MADE_ISSUER("A"));
	conf = made->server;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(access_new(&access_log), 0);
	access_set_file(access_log, ends[1]);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	access_free(access_log);
	conf_free(made);
	return close(ends[0]);
}

static struct access_note note_of(const char *address)
{
	struct access_note note = {.request = 0x4711, .method = HTTP_POST};
	assert_int_equal(ip_parse(view_of_string(address), &note.client), 0);
	note.serial_size = 2;
	memcpy(note.serial, "\x01\xab", 2);
	note.since_us = clock_now().mono_us;
	return note;
}

static void add(const struct access_note *note, const struct answer *answer)
{
	const struct access_end end = {.answer = answer, .octets = 1800};
	access_add(access_log, &conf, note, &end);
}

static const char *written(void)
{
	static char text[1 << 16];
	access_flush(access_log);
	ssize_t got = read(ends[0], text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void expect(const char *words)
{
	const char *text = written();
	if (!strstr(text, words))
		fail_msg("no %s in %s", words, text);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static const struct answer late = {.result = OCSP_TRY_LATER, .cause = TALLY_SHED};

static void a_line_says_what_left(void **state)
{
	(void)state;
	const struct message_answer m = {.label = {.status = OCSP_REVOKED, .this_update = 86400}};
	const struct answer answer = {.cause = TALLY_LIVE, .passing = &m, .der = view_of("x", 1)};
	struct access_note note = note_of("192.0.2.77");
	add(&note, &answer);
	expect("Z request=0000000000004711 client=192.0.2.0/24 method=POST serial=01AB "
	       "status=revoked "
	       "this_update=1970-01-02T00:00:00Z signer=- cause=live http=200 us=");
	add(&note, &late);
	expect(" status=tryLater this_update=- signer=- cause=shed http=200 us=");
	assert_int_equal(access_counts(access_log).lines, 2);
}

/* P-51: whoever asks about a certificate tells what its holder does. */
static void a_client_is_named_as_the_configuration_says(void **state)
{
	(void)state;
	struct access_note four = note_of("192.0.2.77"), six = note_of("2001:db8:1:2:3::4");
	add(&six, &late);
	expect(" client=2001:db8:1::/48 ");
	conf.access_log_client = ACCESS_CLIENT_FULL;
	add(&four, &late);
	expect(" client=192.0.2.77 ");
	conf.access_log_client = ACCESS_CLIENT_NONE;
	add(&four, &late);
	expect(" client=- ");
}

static void one_in_so_many_is_written(void **state)
{
	(void)state;
	unsigned lines = 0;
	conf.access_log = 0;
	for (uint64_t i = 1; i <= 1000; i++)
		assert_false(access_wants(&conf, i));
	conf.access_log = 10;
	for (uint64_t i = 1; i <= 1000; i++)
		lines += access_wants(&conf, i);
	assert_int_equal(lines, 100);
	conf.access_log = 1;
	assert_true(access_wants(&conf, 1) && access_wants(&conf, 2));
}

/* Whoever reads the lines may stop: then they are kept, then dropped and counted, and nothing waits. */
static void a_sink_that_is_full_drops_lines_and_blocks_nobody(void **state)
{
	(void)state;
	struct access_note note = note_of("192.0.2.77");
	(void)alarm(120); /* it would block for ever */
	(void)fcntl(ends[1], F_SETFL, 0); /* as standard error is */
	while (access_counts(access_log).dropped < 10)
		add(&note, &late);
	uint64_t lines = access_counts(access_log).lines;
	assert_true(lines > 100);
	/* Everything that was not dropped comes, whole lines, in order. */
	uint64_t seen = 0;
	static char text[PIPE_BUF];
	for (;;) {
		access_flush(access_log);
		(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
		ssize_t got = read(ends[0], text, sizeof(text));
		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++)
			seen += text[i] == '\n';
	}
	assert_int_equal(seen, lines);
	(void)alarm(0);
}

static void a_sink_that_is_gone_stops_nobody(void **state)
{
	(void)state;
	struct access_note note = note_of("192.0.2.77");
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(close(ends[0]), 0);
	for (unsigned i = 0; i < 100; i++) {
		add(&note, &late);
		access_flush(access_log);
	}
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	access_set_file(access_log, ends[1]); /* opened again */
	assert_true(strlen(written()) > 1000);
}

/* ---- who signed ---- */

/* OCSPResponse { successful, [0] { id, OCTET STRING { BasicOCSPResponse { tbsResponseData { ID … */
static void put_response(struct der_writer *w, const void *id)
{
	static const uint8_t basic[] = {0x06, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1};
	const struct view *responder = id;
	size_t end = w->size;
	der_put_view(w, *responder);
	der_put_header(w, DER_SEQUENCE, end);
	der_put_header(w, DER_SEQUENCE, end);
	der_put_header(w, DER_OCTET_STRING, end);
	der_put(w, basic, sizeof(basic));
	der_put_header(w, DER_SEQUENCE, end);
	der_put_header(w, DER_CONTEXT_CONSTRUCTED(0), end);
	der_put(w, "\x0a\x01\x00", 3);
	der_put_header(w, DER_SEQUENCE, end);
}

static void expect_signer(struct view id, const char *expected)
{
	cleanup(buffer_deinit) struct buffer der = {0}, out = {0};
	der_append(&der, put_response, &id);
	assert_int_equal(access_signer(buffer_view(&der), &out), expected != NULL);
	if (!expected)
		return;
	assert_view_equal(buffer_view(&out), view_of_string(expected));
	for (size_t cut = 0; cut < der.size; cut++) {
		cleanup(buffer_deinit) struct buffer none = {0};
		assert_false(access_signer(view_of(der.data, cut), &none));
	}
}

static void the_signer_is_read_out_of_the_answer(void **state)
{
	(void)state;
	static const uint8_t key[] = {0xa2, 4, 4, 2, 0xab, 0xcd};
	static const uint8_t name[] = {0xa1, 30,   0x30, 28, 0x31, 11,  0x30, 9,   6,    3,  0x55,
				       4,    6,    0x13, 2,  'J',  'P', 0x31, 13,  0x30, 11, 6,
				       3,    0x55, 4,    3,  0x0c, 4,   'O',  'C', 'S',  'P'};
	static const uint8_t nobody[] = {0xa1, 2, 0x30, 0};
	expect_signer(view_of(key, sizeof(key)), "ABCD");
	expect_signer(view_of(name, sizeof(name)), "OCSP");
	expect_signer(view_of(nobody, sizeof(nobody)), NULL);
	expect_signer(view_of("\xa3\x00", 2), NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_says_what_left),
		TEST(a_client_is_named_as_the_configuration_says),
		TEST(one_in_so_many_is_written),
		TEST(a_sink_that_is_full_drops_lines_and_blocks_nobody),
		TEST(a_sink_that_is_gone_stops_nobody),
		TEST(the_signer_is_read_out_of_the_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
