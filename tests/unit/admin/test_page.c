/* The page's parts that strangers' octets go through: text becomes no markup, a form is what a browser sends
 * and nothing else. */
#include "unit.h"

#include "admin/form.h"
#include "admin/hour.h"
#include "admin/html.h"
#include "admin/page.h"

/* ---- text ---- */

static const char *escaped(const char *text)
{
	static uint8_t room[256];
	struct buffer out = {0};
	html_put(&out, text);
	buffer_put_u8(&out, '\0');
	assert_true(out.size <= sizeof(room));
	memcpy(room, out.data, out.size);
	buffer_deinit(&out);
	return (const char *)room;
}

static void markup_is_only_text(void **state)
{
	(void)state;
	assert_string_equal(escaped("<b a=\"x\" b='y'>&amp;</b>"),
			    "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;");
	assert_string_equal(escaped("電子署名 CA"), "電子署名 CA");
	assert_string_equal(escaped(""), "");
}

/* Cut sequences, overlong ones, surrogates, controls, and marks that turn the direction of what follows. */
static void what_is_no_text_is_replaced(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"\x80", "\xc0\xbc", "\xe0\x80\xbc", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
		"\x1b", "\x7f",     "\xc2\x9b",     "\xe2\x80\xae", "\xe2\x81\xa6",     "\xe3\x81"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		const char *said = escaped(wrong[i]);
		assert_non_null(strstr(said, "\xef\xbf\xbd"));
		assert_null(strchr(said, '\x1b'));
		assert_true(strlen(said) % 3 == 0);
	}
}

static void times_and_numbers_are_for_people(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer out = {0};
	html_put_number(&out, 1234567);
	html_put_time(&out, "2026-11-26T04:41:45Z");
	html_put_day(&out, "2026-11-26T04:41:45Z");
	html_put_time(&out, "<script>");
	html_put_time(&out, "2026-11-26T04:41:4<Z");
	buffer_put_u8(&out, '\0');
	assert_string_equal((const char *)out.data,
			    "1,234,567<time datetime=\"2026-11-26T04:41:45Z\">2026-11-26 04:41:45 "
			    "UTC</time><time datetime=\"2026-11-26T04:41:45Z\">2026-11-26</time>"
			    "&lt;script&gt;2026-11-26T04:41:4&lt;Z");
}

/* ---- the form ---- */

#define TYPE "multipart/form-data; boundary=----x"
#define PART(name, value) \
	"------x\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "------x--\r\n"

static int read_form(const char *type, const char *body, struct form *ret)
{
	return form_read(view_of_string(type), view_of_string(body), ret);
}

static void a_browser_s_form_is_read(void **state)
{
	(void)state;
	struct form form;
	assert_int_equal(
		read_form(TYPE,
			  "------x\r\nContent-Disposition: form-data; name=\"certificate\"; "
			  "filename=\"a.pem\"\r\nContent-Type: application/octet-stream\r\n\r\n"
			  "octets\r\n--x\r\n" PART("issuer", "A;b") PART("other", "y")
				  PART("serial", "") END,
			  &form),
		0);
	assert_view_equal(form.certificate, view_of_string("octets\r\n--x"));
	assert_view_equal(form.issuer, view_of_string("A;b"));
	assert_int_equal(form.serial.size, 0);
	assert_non_null(form.serial.data);
	assert_int_equal(read_form("multipart/form-data; boundary=\"----x\"",
				   PART("issuer", "A") END, &form),
			 0);
	assert_null(form.serial.data);
}

static void what_is_no_such_form_is_refused(void **state)
{
	(void)state;
	struct form form;
	static const struct {
		const char *type, *body;
	} wrong[] = {
		{"", PART("issuer", "A") END},
		{"application/x-www-form-urlencoded", "issuer=A"},
		{"multipart/form-data", PART("issuer", "A") END},
		{"multipart/form-data; boundary=", PART("issuer", "A") END},
		{"multipart/form-data; boundary=y", PART("issuer", "A") END},
		{"multipart/form-data; boundary="
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 END},
		{TYPE, ""},
		{TYPE, "------x"},
		{TYPE, PART("issuer", "A")},
		{TYPE, "x" PART("issuer", "A") END},
		{TYPE, PART("issuer", "A") PART("issuer", "B") END},
		{TYPE, "------x\r\nContent-Type: text/plain\r\n\r\nA\r\n" END},
		{TYPE, "------x\r\nContent-Disposition: form-data; name=\"issuer\"\r\nA\r\n" END},
		{TYPE, PART("a", "") PART("b", "") PART("c", "") PART("d", "") PART("e", "")
			       PART("f", "") PART("g", "") PART("h", "") PART("i", "") END},
	};
	for (size_t i = 0; i < array_size(wrong); i++)
		if (read_form(wrong[i].type, wrong[i].body, &form) == 0)
			fail_msg("taken: %zu", i);
}

static int words(const char *issuer, const char *serial, struct buffer *out, struct fault *fault)
{
	const struct form form = {.issuer = view_of_string(issuer),
				  .serial = view_of_string(serial)};
	buffer_reset(out);
	return form_words(&form, out, fault);
}

static void issuer_and_serial_become_one_line(void **state)
{
	(void)state;
	struct fault fault = {""};
	cleanup(buffer_deinit) struct buffer out = {0};
	assert_int_equal(words(" Demo CA ", "00:7f:02", &out, &fault), 0);
	assert_view_equal(buffer_view(&out), view_of_string("explain Demo CA 7F02"));
	assert_int_equal(words("A", "decimal:200", &out, &fault), 0);
	assert_view_equal(buffer_view(&out), view_of_string("explain A 00C8"));
	static const struct {
		const char *issuer, *serial;
	} wrong[] = {{"", ""},     {"A", ""},           {"", "01"},
		     {"A", "xyz"}, {"A\nstatus", "01"}, {"A", "-1"}};
	for (size_t i = 0; i < array_size(wrong); i++) {
		fault.text[0] = '\0';
		if (words(wrong[i].issuer, wrong[i].serial, &out, &fault) >= 0)
			fail_msg("taken: %zu", i);
		assert_true(fault.text[0] != '\0');
	}
}

static void a_file_that_is_no_certificate_is_named_so(void **state)
{
	(void)state;
	static const char *const files[] = {"nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n",
					    "\x30\x03\x02\x01\x01"};
	for (size_t i = 0; i < array_size(files); i++) {
		struct fault fault = {""};
		cleanup(buffer_deinit) struct buffer out = {0};
		const struct form form = {.certificate = view_of_string(files[i])};
		assert_true(form_words(&form, &out, &fault) < 0);
		assert_true(fault.text[0] != '\0');
	}
}

/* ---- the page ---- */

static const struct hour *no_hour(void)
{
	static struct hour *hour;
	if (!hour)
		assert_int_equal(hour_new(&hour), 0);
	return hour;
}

static const char *page_of(struct json_object *document, struct admin_reply *reply)
{
	const struct admin_request request = {.method = HTTP_GET, .hour = no_hour()};
	page_make(&request, document, clock_now(), reply);
	buffer_put_u8(&reply->body, '\0');
	return (const char *)reply->body.data;
}

/* Everything that rooms, the database or a configuration may say: in every place that is shown. */
static void nothing_that_is_told_becomes_markup(void **state)
{
	(void)state;
	static const char form[] =
		"{\"version\":%s,\"started_at\":%s,\"ready\":false,\"reason\":%s,\"issuers\":[%s],"
		"\"policies\":[{\"issuer\":%s,\"profile\":%s,\"<i>\":\"v\"}],"
		"\"alarms\":[{\"kind\":%s,\"issuer\":%s,\"text\":%s,\"since\":%s}],\"rooms\":[{"
		"\"name\":%s,"
		"\"state\":%s},{\"name\":\"ledger\",\"status\":{\"feed\":%s,\"feed_reason\":%s,"
		"\"role\":%s,\"lookup_reason\":%s}},{\"name\":\"signer "
		"0\",\"status\":{\"issuers\":["
		"{\"name\":%s,\"warning\":%s,\"signers\":[{\"name\":%s,\"algorithm\":%s,"
		"\"state\":%s,\"not_after\":%s}]}]}},{\"name\":\"fetcher\",\"status\":{"
		"\"sources\":[{\"issuer\":%s,\"url\":%s,\"kind\":%s,\"next_update\":%s,"
		"\"next_fetch\":%s,\"failing\":true,\"error\":%s}],\"caches\":[{\"name\":%s,"
		"\"unpurged\":1,\"failure\":%s}]}}]}";
	static const char w[] = "\"</p><script>alert(1)</script>\"";
	char text[4096];
	struct admin_reply reply = {.status = 200};
	(void)snprintf(text, sizeof(text), form, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w,
		       w, w, w, w, w, w, w, w, w, w, w, w, w);
	struct json_object *document = json_tokener_parse(text);
	assert_non_null(document);
	const char *page = page_of(document, &reply);
	assert_null(strstr(page, "<script>"));
	assert_null(strstr(page, "<i>"));
	unsigned shown = 0;
	for (const char *at = page; (at = strstr(at, "&lt;script&gt;alert(1)")); at++)
		shown++;
	assert_true(shown >= 18 + 6);
	json_object_put(document);
	admin_reply_deinit(&reply);
}

/* ' stands for ". */
static struct json_object *document_of(const char *text)
{
	char json[4096];
	(void)snprintf(json, sizeof(json), "%s", text);
	for (char *p = json; (p = strchr(p, '\''));)
		*p = '"';
	struct json_object *document = json_tokener_parse(json);
	assert_non_null(document);
	return document;
}

static void page_shows(const char *text, const char *const *shown, size_t count)
{
	struct admin_reply reply = {.status = 200};
	struct json_object *document = document_of(text);
	const char *page = page_of(document, &reply);
	for (size_t i = 0; i < count; i++)
		if (!strstr(page, shown[i]))
			fail_msg("not shown: %s", shown[i]);
	assert_null(strstr(page, "hidden from here"));
	json_object_put(document);
	admin_reply_deinit(&reply);
}

#define SOURCES(each)                                                                     \
	"{'issuers':['A'],'rooms':[{'name':'fetcher','status':{'sources':[{'issuer':'B'," \
	"'url':'hidden from here'},{'issuer':'A','kind':'crl','url':'http://a/'," each "}]}}]}"

/* What is wrong is seen as such, and says why. */
static void followed_crls_are_shown_with_their_end_and_what_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{SOURCES("'validity':'valid','outcome':'hidden from here','next_update':"
			 "'2026-11-26T04:41:45Z','next_fetch':'2026-11-26T03:00:00Z'"),
		 "<li class=\"fine\">http://a/ <span class=\"quiet\">CRL, recorded, ends <time "
		 "datetime=\"2026-11-26T04:41:45Z\">2026-11-26 04:41:45 UTC</time>, fetched again "
		 "<time datetime=\"2026-11-26T03:00:00Z\">2026-11-26 03:00:00 "
		 "UTC</time></span></li>"},
		{SOURCES("'validity':'ending'"), "<li class=\"warn\">http://a/"},
		{SOURCES("'validity':'lapsed','next_update':'2026-11-26T04:41:45Z'"),
		 "<li class=\"bad\">http://a/ <span class=\"quiet\">CRL, recorded, has ended "
		 "<time"},
		{SOURCES("'failing':true,'error':'says 503','outcome':'hidden from here'"),
		 "<li class=\"bad\">http://a/ <span class=\"quiet\">CRL, recorded</span> &ndash; "
		 "says 503</li>"},
		{SOURCES("'kind':'watch','differences':[{'count':0},{'count':2}],"
			 "'outcome':'missing: 07'"),
		 "<li class=\"warn\">http://a/ <span class=\"quiet\">CRL, compared</span> &ndash; "
		 "missing: 07</li>"},
	};
	for (size_t i = 0; i < array_size(cases); i++)
		page_shows(cases[i].text, &cases[i].shown, 1);
}

static void what_an_issuer_is_known_by_is_shown(void **state)
{
	(void)state;
	static const char *const valid[] = {
		"<p class=\"warn\">Good as its CRL says, as of <time "
		"datetime=\"2026-11-25T04:41:45Z\">2026-11-25 04:41:45 UTC</time> until <time "
		"datetime=\"2026-11-26T04:41:45Z\">"};
	static const char *const none[] = {"<p class=\"bad\">No CRL of it is recorded"};
	page_shows("{'issuers':['A'],'rooms':[{'name':'ledger','status':{'crls':[{'issuer':'A',"
		   "'state':'ending','this_update':'2026-11-25T04:41:45Z',"
		   "'next_update':'2026-11-26T04:41:45Z'}]}}]}",
		   valid, 1);
	page_shows("{'issuers':['A'],'rooms':[{'name':'ledger','status':{'crls':[{'issuer':'A',"
		   "'state':'missing','next_update':null}]}}]}",
		   none, 1);
}

static void caches_are_shown_with_what_they_do_not_know(void **state)
{
	(void)state;
	static const char *const shown[] = {
		"one</th><td class=\"fine\">",
		"told all</td><td class=\"number\">1,234,567<",
		"two</th><td class=\"bad\">",
		"3 to be told, the first for 70&nbsp;s: it answers 500<",
		"three</th><td class=\"warn\">",
		"1 to be told, the first for 7.0&nbsp;ms<",
	};
	page_shows("{'rooms':[{'name':'fetcher','status':{'caches':["
		   "{'name':'one','unpurged':0,'purges':1234567,'failure':'hidden from here'},"
		   "{'name':'two','unpurged':3,'oldest_unpurged_ms':70000,"
		   "'failure':'it answers 500'},"
		   "{'name':'three','unpurged':1,'oldest_unpurged_ms':7,'failure':''}]}}]}",
		   shown, array_size(shown));
}

static void kept_answers_are_shown_where_there_are_any(void **state)
{
	(void)state;
	static const char *const shown[] = {
		"Answers kept for the next start</dt><dd>written, 4&nbsp;KiB; given out again "
		"since this one: 1,234<"};
	page_shows("{'rooms':[{'name':'ledger','status':{'kept_answers':'written',"
		   "'kept_bytes':4096,'kept_reused':1234}}]}",
		   shown, 1);
	struct json_object *none = document_of(
		"{'rooms':[{'name':'ledger','status':{'kept_answers':'none','kept_bytes':0}}]}");
	struct admin_reply reply = {.status = 200};
	assert_null(strstr(page_of(none, &reply), "Answers kept"));
	json_object_put(none);
	admin_reply_deinit(&reply);
}

static void documents_of_nonsense_make_a_page(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{}", "{\"rooms\":7}", "{\"rooms\":[]}",
		"{\"rooms\":[null,7,{}],\"issuers\":[7,null],\"alarms\":[7]}",
		"{\"error\":\"<b>\"}"};
	for (size_t i = 0; i < array_size(texts); i++) {
		struct admin_reply reply = {.status = 200};
		struct json_object *document = json_tokener_parse(texts[i]);
		assert_non_null(strstr(page_of(document, &reply), "</html>"));
		json_object_put(document);
		admin_reply_deinit(&reply);
	}
}

/* ---- who may send the form ---- */

static int question_from(const char *origin, const char *host)
{
	cleanup(buffer_deinit) struct buffer line = {0};
	struct admin_request request = {
		.method = HTTP_POST,
		.host = view_of_string(host),
		.content_type = view_of_string(TYPE),
		.body = view_of_string(PART("issuer", "A") PART("serial", "01") END),
	};
	if (origin)
		request.origin = view_of_string(origin);
	int status = page_question(&request, &line);
	if (status == 0)
		assert_view_equal(buffer_view(&line), view_of_string("explain A 01"));
	return status;
}

static void another_site_s_form_is_refused(void **state)
{
	(void)state;
	assert_int_equal(question_from("http://127.0.0.1:9180", "127.0.0.1:9180"), 0);
	assert_int_equal(question_from(NULL, "127.0.0.1:9180"), 0);
	static const char *const others[] = {
		"null", "http://evil.example",         "http://127.0.0.1:9181",
		"",     "127.0.0.1:9180.evil.example", "http://127.0.0.1:9180.evil.example"};
	for (size_t i = 0; i < array_size(others); i++)
		assert_int_equal(question_from(others[i], "127.0.0.1:9180"), 403);
}

/* ---- an hour ---- */

static void take(struct hour *hour, unsigned count, int64_t second)
{
	char text[256];
	(void)snprintf(text, sizeof(text),
		       "{\"rooms\":[{\"name\":\"front 0\",\"pid\":7,\"answered\":true,\"status\":{"
		       "\"answers\":[{\"status\":\"good\",\"cause\":\"hit\",\"count\":%u}]}}]}",
		       count);
	struct json_object *document = json_tokener_parse(text);
	hour_take(hour, document, (struct moment){.mono_us = second * SECOND_US});
	json_object_put(document);
}

static void an_hour_is_kept_and_no_more(void **state)
{
	(void)state;
	cleanup(hour_freep) struct hour *hour = NULL;
	assert_int_equal(hour_new(&hour), 0);
	for (unsigned i = 0; i < 5000; i++)
		take(hour, i * 3, 10 + i);
	struct hour_counts all = hour_between(hour, 10, 5010);
	assert_int_equal(all.seconds, HOUR_SECONDS);
	assert_int_equal(all.answers[FIGURE_GOOD], HOUR_SECONDS * 3);
	assert_int_equal(all.hits, HOUR_SECONDS * 3);
	assert_int_equal(hour_between(hour, 5000, 5010).answers[FIGURE_GOOD], 30);
	assert_int_equal(hour_between(hour, 6000, 7000).seconds, 0);
	assert_int_equal(hour_percentile(hour, 1, FIGURE_LIVE, 0.5), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_is_only_text),
		cmocka_unit_test(what_is_no_text_is_replaced),
		cmocka_unit_test(times_and_numbers_are_for_people),
		cmocka_unit_test(a_browser_s_form_is_read),
		cmocka_unit_test(what_is_no_such_form_is_refused),
		cmocka_unit_test(issuer_and_serial_become_one_line),
		cmocka_unit_test(a_file_that_is_no_certificate_is_named_so),
		cmocka_unit_test(nothing_that_is_told_becomes_markup),
		cmocka_unit_test(followed_crls_are_shown_with_their_end_and_what_is_wrong),
		cmocka_unit_test(what_an_issuer_is_known_by_is_shown),
		cmocka_unit_test(caches_are_shown_with_what_they_do_not_know),
		cmocka_unit_test(kept_answers_are_shown_where_there_are_any),
		cmocka_unit_test(documents_of_nonsense_make_a_page),
		cmocka_unit_test(another_site_s_form_is_refused),
		cmocka_unit_test(an_hour_is_kept_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
