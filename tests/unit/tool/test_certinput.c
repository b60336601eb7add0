/* Files of certificates: read piece by piece, with bounded memory. */
#include "temporary.h"

#include "tool/certinput.h"

static int count_certificates(unsigned *ret_line, struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *input = NULL;
	assert_int_equal(certinput_open(path, &input, fault), 0);
	for (int count = 0;; count++) {
		struct view der = {0};
		int result = certinput_next(input, &der, ret_line, fault);
		if (result == CERTINPUT_END)
			return count;
		if (result)
			return result;
		assert_int_equal(der.size, 3);
	}
}

/* Counts what can be read, and what is damaged. */
static int count_all(struct view bytes, unsigned *ret_damaged, unsigned *ret_line)
{
	cleanup(certinput_closep) struct certinput *input = NULL;
	put_file(bytes);
	assert_int_equal(certinput_open(path, &input, NULL), 0);
	*ret_damaged = 0;
	for (int count = 0;;) {
		struct view der = {0};
		int result = certinput_next(input, &der, ret_line, NULL);
		if (result == CERTINPUT_END)
			return count;
		if (result == -EBADMSG)
			++*ret_damaged;
		else
			count++;
	}
}

static void assert_certificates(const char *text, int result, const char *why)
{
	struct fault fault = {""};
	unsigned line = 0;
	put_file(view_of_string(text));
	assert_int_equal(count_certificates(&line, &fault), result);
	assert_non_null(strstr(fault.text, why));
}

static void damaged_blocks_are_named_with_their_line(void **state)
{
	(void)state;
	assert_certificates("\n-----BEGIN CERTIFICATE-----\nMAEA\n", -EBADMSG, ":2: ");
	assert_certificates("-----BEGIN CERTIFICATE-----\nMA*A\n-----END CERTIFICATE-----\n",
			    -EBADMSG, ":2: not base64");
	assert_certificates("-----BEGIN CERTIFICATE-----\nMAE\n-----END CERTIFICATE-----\n",
			    -EBADMSG, ":3: the base64");
	assert_certificates(" -----BEGIN CERTIFICATE-----\n", -EBADMSG, ":1: ");
	assert_certificates("text\n-----BEGIN CERTIFICATE----\nMAEA\n", -EBADMSG, ":2: the BEGIN");
	assert_certificates("-----BEGIN CERTIFICATE-----\nMAEA\n-----END X-----\n", -EBADMSG,
			    ":1: ");
	assert_certificates("-----BEGIN PRIVATE KEY-----\nMAEA\n", -EBADMSG, ":1: the block");
}

/* A block that lost its end takes the next ones with it nowhere. */
static void what_follows_a_damaged_block_is_read(void **state)
{
	(void)state;
	static const char good[] = "-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERTIFICATE-----\n";
	static const char *const damages[] = {
		"-----BEGIN CERTIFICATE-----\nMAEA\n",
		"-----BEGIN CERTIFICATE-----\nMA*A\n",
		"-----BEGIN PRIVATE KEY-----\nMAEA\n",
		"-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERT",
		"-----BEGIN CERTIFICATE-----\nMAE\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE\n",
	};
	for (size_t i = 0; i < array_size(damages); i++) {
		struct buffer text = {0};
		unsigned damaged = 0, line = 0;
		buffer_put_string(&text, good);
		buffer_put_string(&text, damages[i]);
		if (text.data[text.size - 1] != '\n')
			buffer_put_u8(&text, '\n');
		buffer_put_string(&text, good);
		assert_int_equal(count_all(buffer_view(&text), &damaged, &line), 2);
		assert_int_equal(damaged, 1);
		buffer_deinit(&text);
	}
}

/* The same two certificates in every encoding of text, the second on line 5. */
static void text_is_read_in_every_encoding(void **state)
{
	(void)state;
	static const char text[] =
		"-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERTIFICATE-----\n\n"
		"-----BEGIN CERTIFICATE-----\nMA\nEA\n-----END CERTIFICATE-----";
	static const char *const marks[] = {"", "\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};
	static const char *const ends[] = {"\n", "\r\n", "\r"};
	for (unsigned i = 0; i < 6 * array_size(ends); i++) {
		struct buffer bytes = {0};
		unsigned damaged = 0, line = 0, kind = i / 3, width = kind < 2 ? 1 : 2;
		bool big = kind == 3 || kind == 5;
		if (kind < 4)
			buffer_put_string(&bytes, marks[kind]);
		for (const char *c = text; *c; c++) {
			const char *written = *c == '\n' ? ends[i % 3] : (char[]){*c, '\0'};
			for (; *written; written++) {
				if (width == 2 && big)
					buffer_put_u8(&bytes, 0);
				buffer_put_u8(&bytes, (uint8_t)*written);
				if (width == 2 && !big)
					buffer_put_u8(&bytes, 0);
			}
		}
		assert_int_equal(count_all(buffer_view(&bytes), &damaged, &line), 2);
		assert_int_equal(damaged, 0);
		assert_int_equal(line, 5);
		buffer_deinit(&bytes);
	}
}

static void blocks_are_found_wherever_they_stand(void **state)
{
	(void)state;
	assert_certificates(
		"cert: \"-----BEGIN CERTIFICATE-----\n  MAEA\n  -----END CERTIFICATE-----\"\n", 1,
		"");
	assert_certificates("-----BEGIN CERTIFICATE-----MAEA-----END CERTIFICATE----------BEGIN "
			    "CERTIFICATE----- MAEA -----END CERTIFICATE-----",
			    2, "");
	assert_certificates("-----------\n-----\n-----BEGIN CERTIFICATE-----\nMAEA\n"
			    "-----END CERTIFICATE-----\n",
			    1, "");
}

static void what_a_file_holds_instead_is_said(void **state)
{
	(void)state;
	cleanup(certinput_closep) struct certinput *input = NULL;
	struct fault fault = {""};
	struct view der = {0};
	unsigned line = 0;
	put_file(view_of_string("-----BEGIN X509 CRL-----\nMAEA\n-----END X509 CRL-----\n"));
	assert_int_equal(certinput_open(path, &input, &fault), 0);
	assert_int_equal(certinput_next(input, &der, &line, &fault), CERTINPUT_END);
	assert_int_equal(certinput_nothing(input, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "holds no certificate, but a block \"X509 CRL\""));
}

static void certificates_are_found_among_other_text(void **state)
{
	(void)state;
	assert_certificates("", 0, "");
	assert_certificates("text\n-----BEGIN PRIVATE KEY-----\nMAEA\n-----END PRIVATE KEY-----\n",
			    0, "");
	assert_certificates(
		"subject=x\r\n-----BEGIN CERTIFICATE-----\r\nMAEA\r\n"
		"-----END CERTIFICATE-----\r\n"
		"-----BEGIN X509 CERTIFICATE-----\nMA\nEA\n-----END X509 CERTIFICATE-----",
		2, "");
}

/* OpenSSL's TRUSTED CERTIFICATE: the certificate, then its trust settings. */
static void what_follows_a_trusted_certificate_is_left_out(void **state)
{
	(void)state;
	assert_certificates("-----BEGIN TRUSTED CERTIFICATE-----\nMAEAMAA=\n"
			    "-----END TRUSTED CERTIFICATE-----\n",
			    1, "");
}

static void a_block_is_found_wherever_a_read_ended(void **state)
{
	(void)state;
	for (size_t before = 4060; before < 4100; before++) {
		struct buffer text = {0};
		unsigned damaged = 0, line = 0;
		while (text.size < before)
			buffer_put_u8(&text, text.size % 2 ? '\r' : 'x');
		buffer_put_string(&text, "-----BEGIN CERTIFICATE-----\r\rMAEA\r"
					 "-----END CERTIFICATE-----\r\n");
		assert_int_equal(count_all(buffer_view(&text), &damaged, &line), 1);
		assert_int_equal(damaged, 0);
		assert_int_equal(line, before / 2 + 1);
		buffer_deinit(&text);
	}
}

static void a_path_that_is_not_there_is_named(void **state)
{
	(void)state;
	struct fault fault = {""};
	assert_int_equal(certinput_walk("/nowhere/at/all", NULL, NULL, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "/nowhere/at/all"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_blocks_are_named_with_their_line),
		cmocka_unit_test(certificates_are_found_among_other_text),
		cmocka_unit_test(what_follows_a_trusted_certificate_is_left_out),
		cmocka_unit_test(what_follows_a_damaged_block_is_read),
		cmocka_unit_test(text_is_read_in_every_encoding),
		cmocka_unit_test(blocks_are_found_wherever_they_stand),
		cmocka_unit_test(what_a_file_holds_instead_is_said),
		cmocka_unit_test(a_block_is_found_wherever_a_read_ended),
		cmocka_unit_test(a_path_that_is_not_there_is_named),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
