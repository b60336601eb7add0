/* What the start is refused for, found out in processes of their own. */
#include "unit.h"

#include "warden/proof.h"

static struct conf *parse(const char *conninfo)
{
	char text[512];
	struct conf *conf = NULL;
	struct fault fault = {0};
	(void)snprintf(text, sizeof(text),
		       "[database]\nconninfo = %s\n"
		       "[issuer \"Test\"]\ncertificate = /nonexistent/ca.pem\n"
		       "signer_certificate = /nonexistent/signer.pem\n"
		       "signer_key = /nonexistent/signer.key\n",
		       conninfo);
	assert_int_equal(
		conf_parse("/nonexistent/conf", view_of_string(text), CONF_ALL, &conf, &fault), 0);
	return conf;
}

static void a_credential_that_cannot_be_read_is_refused_by_its_file(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse("host=/nonexistent");
	struct fault fault = {0};
	assert_int_equal(proof_credentials(conf, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "/nonexistent/"));
}

static void a_database_that_is_not_there_is_no_reason_to_refuse(void **state)
{
	(void)state;
	cleanup(conf_freep) struct conf *conf = parse("host=/nonexistent password=secret");
	struct fault fault = {0};
	assert_int_equal(proof_database(conf, &fault), 0);
	assert_string_equal(fault.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_credential_that_cannot_be_read_is_refused_by_its_file),
		cmocka_unit_test(a_database_that_is_not_there_is_no_reason_to_refuse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
