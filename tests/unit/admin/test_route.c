/* What is read of a request to the admin listener, and who may read. */
#include "unit.h"

#include "admin/route.h"
#include "conf/hosts.h"

static bool allowed(const char *names, const char *host)
{
	return admin_host_allowed(names, view_of_string(host));
}

static void addresses_and_localhost_may_always_be_called(void **state)
{
	(void)state;
	static const char *const hosts[] = {"127.0.0.1", "192.0.2.1:9180",
					    "[::1]",     "[2001:db8::1]:9180",
					    "localhost", "LocalHost:9180"};
	for (size_t i = 0; i < array_size(hosts); i++)
		assert_true(allowed(NULL, hosts[i]));
}

/* DNS rebinding: a web site's own name that leads here. */
static void a_name_that_is_not_listed_may_not(void **state)
{
	(void)state;
	static const char *const hosts[] = {"",
					    "evil.example",
					    "evil.example:9180",
					    "127.0.0.1.evil.example",
					    "localhost.evil.example",
					    "ocsp1.evil.example",
					    "ocsp",
					    "[::1",
					    "[evil]",
					    "::1",
					    "ocsp1, other"};
	for (size_t i = 0; i < array_size(hosts); i++) {
		assert_false(allowed(NULL, hosts[i]));
		assert_false(allowed("ocsp1, other", hosts[i]));
	}
}

static void listed_names_may_in_whatever_case(void **state)
{
	(void)state;
	assert_true(allowed("ocsp1.example.com, ocsp1", "ocsp1"));
	assert_true(allowed("ocsp1.example.com, ocsp1", "OCSP1.example.com:9180"));
	assert_false(allowed("ocsp1.example.com", "ocsp1"));
}

/* HTTP/1.0 without Host, as load balancers ask: no browser does. */
static void a_request_without_host_may(void **state)
{
	(void)state;
	assert_true(admin_host_allowed(NULL, (struct view){0}));
}

static void lists_of_hosts_are_checked(void **state)
{
	(void)state;
	static const char *const wrong[] = {"",    "a,",   ",a",    "a,,b", "a b", "-a",
					    "a,A", "a:80", "[::1]", "a\tb", "é"};
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_int_equal(hosts_check(wrong[i]), -EINVAL);
	assert_int_equal(hosts_check("a"), 0);
	assert_int_equal(hosts_check("ocsp-1.example.com , b_2"), 0);
}

static const struct admin_route *find(const char *path, struct admin_request *request)
{
	*request = (struct admin_request){.path = view_of_string(path)};
	return admin_route_find(request);
}

static void routes_are_found_by_the_whole_path(void **state)
{
	(void)state;
	struct admin_request request;
	static const char *const none[] = {"/healthz/", "/healthz/x", "/health",
					   "/readyz/",  "/readyzz",   "//healthz",
					   "/HEALTHZ",  "/etc",       ""};
	for (size_t i = 0; i < array_size(none); i++)
		assert_null(find(none[i], &request));
	assert_non_null(find("/healthz", &request));
	assert_non_null(find("/readyz", &request));
	assert_int_equal(request.below.size, 0);
	assert_non_null(find("/readyz/An%20issuer/x", &request));
	assert_view_equal(request.below, view_of_string("An%20issuer/x"));
}

static void expect_decoded(const char *text, bool form, const char *expected)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	assert_int_equal(admin_decode(view_of_string(text), form, &out), 0);
	assert_view_equal(buffer_view(&out), view_of_string(expected));
}

static void text_is_decoded(void **state)
{
	(void)state;
	static const char *const wrong[] = {"%", "%4", "%zz", "a%4", "%4:", "%:4", "%+1"};
	expect_decoded("A%20b%2f%C3%A9", false, "A b/\xc3\xa9");
	expect_decoded("a+b", false, "a+b");
	expect_decoded("a+b%2B", true, "a b+");
	for (size_t i = 0; i < array_size(wrong); i++) {
		cleanup(buffer_deinit) struct buffer out = {0};
		assert_int_equal(admin_decode(view_of_string(wrong[i]), false, &out), -EINVAL);
	}
}

/* ---- health ---- */

static unsigned ready(const char *path, const char *document, struct buffer *ret_body)
{
	struct admin_request request;
	const struct admin_route *route = find(path, &request);
	struct admin_reply reply = {.status = 200};
	struct json_object *parsed = json_tokener_parse(document);
	struct moment now = {0};
	assert_non_null(route);
	route->make(&request, parsed, now, &reply);
	json_object_put(parsed);
	*ret_body = reply.body;
	return reply.status;
}

static void expect_ready(const char *path, const char *document, unsigned status,
			 const char *window)
{
	cleanup(buffer_deinit) struct buffer body = {0};
	assert_int_equal(ready(path, document, &body), status);
	buffer_put_u8(&body, '\0');
	assert_non_null(strstr((const char *)body.data, window));
}

#define ISSUERS "\"issuers\":[\"A\",\"B c\"]"
#define ALARMS                                                                                \
	"\"alarms\":[{\"kind\":\"signer_expired\",\"issuer\":\"A\",\"text\":\"it is over\"}," \
	"{\"kind\":\"database_away\",\"issuer\":\"\",\"text\":\"no connection\"}]"

static void readiness_is_told_with_its_reasons(void **state)
{
	(void)state;
	expect_ready("/readyz", "{\"ready\":true,\"reason\":\"\"}", 200, "ok\n");
	expect_ready("/readyz", "{\"ready\":false,\"reason\":\"no signer answers\"}", 503,
		     "no signer answers\n");
	expect_ready("/readyz", "{\"ready\":true," ALARMS "}", 200,
		     "A: it is over\nno connection\n");
	expect_ready("/readyz", "{}", 503, "not ready\n");
	expect_ready("/readyz", "{\"ready\":1,\"reason\":[],\"alarms\":{}}", 503, "not ready\n");
}

static void one_issuer_is_told_of_alone(void **state)
{
	(void)state;
	expect_ready("/readyz/A", "{\"ready\":true," ISSUERS "}", 200, "ok\n");
	expect_ready("/readyz/B%20c", "{\"ready\":true," ISSUERS "," ALARMS "}", 200,
		     "ok\nno connection\n");
	expect_ready("/readyz/A", "{\"ready\":true," ISSUERS "," ALARMS "}", 503,
		     "this issuer is not answered\nA: it is over\n");
	expect_ready("/readyz/B%20c", "{\"ready\":false," ISSUERS "," ALARMS "}", 503,
		     "not ready\n");
	expect_ready("/readyz/C", "{\"ready\":true," ISSUERS "}", 404, "no issuer");
	expect_ready("/readyz/%00", "{\"ready\":true," ISSUERS "}", 404, "no issuer");
	expect_ready("/readyz/%", "{\"ready\":true," ISSUERS "}", 404, "no issuer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_localhost_may_always_be_called),
		cmocka_unit_test(a_name_that_is_not_listed_may_not),
		cmocka_unit_test(listed_names_may_in_whatever_case),
		cmocka_unit_test(a_request_without_host_may),
		cmocka_unit_test(lists_of_hosts_are_checked),
		cmocka_unit_test(routes_are_found_by_the_whole_path),
		cmocka_unit_test(text_is_decoded),
		cmocka_unit_test(readiness_is_told_with_its_reasons),
		cmocka_unit_test(one_issuer_is_told_of_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
