/* How caches of each kind are told (doc/faults.md row 33). */
#include "unit.h"

#include "fetcher/cachekind.h"

static struct purge_item item_of(enum purge_scope scope)
{
	struct purge_item item = {.scope = scope, .name = {0xab, 0xcd}};
	item.serial = (struct serial){.size = 2, .octets = {0x12, 0x34}};
	for (int i = 0; i < OCSP_HASHES; i++) {
		memset(item.name_hashes[i], 0x11 * (i + 1), 64);
		memset(item.key_hashes[i], 0xff, 64);
	}
	return item;
}

static void the_names_travel_in_one_field(void **state)
{
	const struct conf_cache cache = {.kind = CACHE_VARNISH, .url = (char[]){"http://a/"}};
	const struct purge_item items[] = {item_of(PURGE_TAG), item_of(PURGE_ISSUER)};
	struct cachekind_request r;
	(void)state;
	assert_int_equal(cachekind_request(&cache, items, 2, 0, &r), 0);
	assert_string_equal((char *)r.fields.data,
			    "xkey-purge: c00000000000000ab i00000000000000cd");
	assert_string_equal((char *)r.url.data, "http://a/");
	assert_string_equal(r.method, "PURGE");
	assert_int_equal(r.body.size, 0);
	cachekind_request_deinit(&r);
}

static void a_template_is_filled_wherever_it_asks_for_names(void **state)
{
	const struct conf_cache cache = {
		.kind = CACHE_TEMPLATE,
		.url = (char[]){"http://a/"},
		.field = (char[]){"K: {tags}"},
		.body = (char[]){"{json}, {tags} and {other} {"},
	};
	const struct purge_item items[] = {item_of(PURGE_TAG), item_of(PURGE_ALL)};
	struct cachekind_request r;
	(void)state;
	assert_int_equal(cachekind_request(&cache, items, 2, 0, &r), 0);
	static const char body[] = "\"c00000000000000ab\",\"stillgood\", c00000000000000ab "
				   "stillgood and {other} {";
	assert_true(view_equal(buffer_view(&r.body), view_of_string(body)));
	assert_string_equal((char *)r.fields.data, "K: c00000000000000ab stillgood");
	assert_string_equal(r.method, "POST");
	cachekind_request_deinit(&r);
}

/* As OpenSSL writes it, which test_caches.py asks for: here that each URL is another one. */
static void a_certificate_has_eight_urls(void **state)
{
	const struct conf_cache cache = {.kind = CACHE_URL, .url = (char[]){"http://a/x"}};
	const struct purge_item item = item_of(PURGE_TAG);
	char urls[8][1024];
	(void)state;
	assert_int_equal(cachekind_steps(&cache, &item), 8);
	for (unsigned step = 0; step < 8; step++) {
		struct cachekind_request r;
		assert_int_equal(cachekind_request(&cache, &item, 1, step, &r), 0);
		(void)snprintf(urls[step], sizeof(urls[step]), "%s", (char *)r.url.data);
		cachekind_request_deinit(&r);
		assert_int_equal(strncmp(urls[step], "http://a/x/M", 12), 0);
		assert_true((strchr(urls[step] + 11, '/') == NULL) == (step % 2 == 1));
		for (unsigned other = 0; other < step; other++)
			assert_string_not_equal(urls[step], urls[other]);
	}
	assert_string_equal(
		urls[0], "http://a/x/MEMwQTA/MD0wOzAJBgUrDgMCGgUABBQREREREREREREREREREREREREREQQU"
			 "//////////////////////////8CAhI0");
}

static void what_has_no_urls_is_everything(void **state)
{
	const struct conf_cache cache = {.kind = CACHE_URL,
					 .url = (char[]){"http://a/"},
					 .url_all = (char[]){"http://a/all/"},
					 .method_all = (char[]){"DELETE"}};
	struct purge_item items[] = {item_of(PURGE_ISSUER), item_of(PURGE_ALL), item_of(PURGE_TAG)};
	items[2].several_names = true; /* P-7 */
	(void)state;
	for (size_t i = 0; i < array_size(items); i++) {
		struct cachekind_request r;
		assert_int_equal(cachekind_steps(&cache, &items[i]), 1);
		assert_int_equal(cachekind_request(&cache, &items[i], 1, 0, &r), 0);
		assert_string_equal((char *)r.url.data, "http://a/all/");
		assert_string_equal(r.method, "DELETE");
		cachekind_request_deinit(&r);
	}
}

static void only_what_was_done_is_confirmed(void **state)
{
	const struct conf_cache varnish = {.kind = CACHE_VARNISH}, url = {.kind = CACHE_URL},
				template = {.kind = CACHE_TEMPLATE},
				get = {.kind = CACHE_URL, .method = (char[]){"GET"}};
	static const unsigned wrong[] = {0, 100, 199, 300, 302, 304, 400, 403, 405, 429, 500, 503};
	const struct purge_item item = item_of(PURGE_TAG), all = item_of(PURGE_ALL);
	(void)state;
	for (size_t i = 0; i < array_size(wrong); i++) {
		assert_false(cachekind_confirmed(&varnish, &item, wrong[i], true));
		assert_false(cachekind_confirmed(&url, &item, wrong[i], true));
		assert_false(cachekind_confirmed(&template, &item, wrong[i], true));
		assert_false(cachekind_confirmed(&get, &item, wrong[i], true));
	}
	assert_true(cachekind_confirmed(&varnish, &item, 200, false));
	assert_true(cachekind_confirmed(&template, &item, 202, false));
	assert_false(cachekind_confirmed(&varnish, &item, 404, true));
	assert_false(cachekind_confirmed(&template, &item, 412, true));
	assert_true(cachekind_confirmed(&url, &item, 200, false));
	assert_true(cachekind_confirmed(&url, &item, 412, false));
	assert_true(cachekind_confirmed(&url, &item, 404, false));
	/* tryLater is 200 too, and replaces nothing. */
	assert_true(cachekind_confirmed(&get, &item, 200, true));
	assert_false(cachekind_confirmed(&get, &item, 200, false));
	assert_true(cachekind_confirmed(&get, &all, 204, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_names_travel_in_one_field),
		cmocka_unit_test(a_template_is_filled_wherever_it_asks_for_names),
		cmocka_unit_test(a_certificate_has_eight_urls),
		cmocka_unit_test(what_has_no_urls_is_everything),
		cmocka_unit_test(only_what_was_done_is_confirmed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
