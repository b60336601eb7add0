#include "fetcher/cachekind.h"

#include "ocsp/der.h"

#include <errno.h>

/* Cloudflare takes no more of them at once. */
#define TAGS_MOST 30u

/* Ways to write the same path: base64 as it is, and what has a meaning in URLs escaped (RFC 6960, A.1). */
#define FORMS 2u

void cachekind_request_deinit(struct cachekind_request *request)
{
	buffer_deinit(&request->url);
	buffer_deinit(&request->fields);
	buffer_deinit(&request->body);
}

unsigned cachekind_most(const struct conf_cache *cache)
{
	return cache->kind == CACHE_URL ? 1 : TAGS_MOST;
}

/* Of an issuer nobody knows all URLs; nor of a certificate whose issuer has several names. */
static bool by_url(const struct purge_item *item)
{
	return item->scope == PURGE_TAG && !item->several_names;
}

unsigned cachekind_steps(const struct conf_cache *cache, const struct purge_item *items)
{
	return cache->kind == CACHE_URL && by_url(items) ? FORMS * OCSP_HASHES : 1;
}

static bool by_refreshing(const struct conf_cache *cache, const struct purge_item *items)
{
	return cache->kind == CACHE_URL && by_url(items) && cache->method &&
	       strcmp(cache->method, "GET") == 0;
}

bool cachekind_confirmed(const struct conf_cache *cache, const struct purge_item *items,
			 unsigned status, bool kept)
{
	if (by_refreshing(cache, items))
		return status == 200 && kept;
	/* nginx's ways to say that there is nothing of it. */
	bool absent = cache->kind == CACHE_URL && (status == 404 || status == 412);
	return absent || (status >= 200 && status <= 299);
}

/* ---- names ---- */

static void put_tag(struct buffer *out, const struct purge_item *item)
{
	char name[PUBLIC_NAME_SIZE] = PUBLIC_NAME_ALL;
	if (item->scope == PURGE_TAG)
		public_name_put('c', item->name.certificate, name);
	else if (item->scope == PURGE_ISSUER)
		public_name_put('i', item->name.issuer, name);
	buffer_put_string(out, name);
}

static void put_tags(struct buffer *out, const struct purge_item *items, unsigned count, bool json)
{
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			buffer_put_u8(out, json ? ',' : ' ');
		buffer_put_string(out, json ? "\"" : "");
		put_tag(out, &items[i]);
		buffer_put_string(out, json ? "\"" : "");
	}
}

/* With the names where the template wants them. */
static void put_filled(struct buffer *out, const char *template, const struct purge_item *items,
		       unsigned count)
{
	while (*template) {
		bool json = strncmp(template, "{json}", 6) == 0;
		if (json || strncmp(template, "{tags}", 6) == 0) {
			put_tags(out, items, count, json);
			template += 6;
		} else {
			buffer_put_u8(out, (uint8_t) * template ++);
		}
	}
}

/* ---- URLs ---- */

static struct view algorithm_of(enum ocsp_hash hash)
{
#define NIST(n) "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" n "\x05\x00"
	static const struct {
		const char *octets;
		size_t size;
	} algorithms[] = {
		[OCSP_HASH_SHA1] = {"\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00", 11},
		[OCSP_HASH_SHA256] = {NIST("\x01"), 15},
		[OCSP_HASH_SHA384] = {NIST("\x02"), 15},
		[OCSP_HASH_SHA512] = {NIST("\x03"), 15},
	};
#undef NIST
	return view_of(algorithms[hash].octets, algorithms[hash].size);
}

static void put_octets(struct der_writer *w, uint8_t tag, struct view content)
{
	size_t since = w->size;
	der_put_view(w, content);
	der_put_header(w, tag, since);
}

struct asked {
	const struct purge_item *item;
	enum ocsp_hash hash;
};

/* An OCSPRequest of one CertID, and nothing else. */
static void put_question(struct der_writer *w, const void *fields)
{
	const struct asked *asked = fields;
	unsigned i = (unsigned)asked->hash - 1;
	size_t size = ocsp_hash_size(asked->hash), whole = w->size;
	put_octets(w, DER_INTEGER, serial_view(&asked->item->serial));
	put_octets(w, DER_OCTET_STRING, view_of(asked->item->key_hashes[i], size));
	put_octets(w, DER_OCTET_STRING, view_of(asked->item->name_hashes[i], size));
	der_put_view(w, algorithm_of(asked->hash));
	for (int around = 0; around < 5; around++) /* CertID, Request, list, tbsRequest, all */
		der_put_header(w, DER_SEQUENCE, whole);
}

static void put_digit(struct buffer *out, unsigned value, bool escaped)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	char digit = digits[value];
	if (escaped && strchr("+/=", digit))
		buffer_printf(out, "%%%02X", (unsigned)digit);
	else
		buffer_put_u8(out, (uint8_t)digit);
}

static void put_base64(struct buffer *out, struct view octets, bool escaped)
{
	for (size_t at = 0; at < octets.size; at += 3) {
		uint8_t three[3] = {0};
		size_t left = octets.size - at < 3 ? octets.size - at : 3;
		memcpy(three, octets.data + at, left);
		put_digit(out, three[0] >> 2, escaped);
		put_digit(out, (three[0] & 3U) << 4 | three[1] >> 4, escaped);
		put_digit(out, left > 1 ? (three[1] & 15U) << 2 | three[2] >> 6 : 64, escaped);
		put_digit(out, left > 2 ? three[2] & 63U : 64, escaped);
	}
}

static void put_url(struct buffer *out, const char *before, const struct purge_item *item,
		    unsigned step)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	const struct asked asked = {.item = item, .hash = (enum ocsp_hash)(step / FORMS + 1)};
	size_t size = strlen(before);
	der_append(&der, put_question, &asked);
	if (buffer_result(&der) < 0) {
		out->failed = true;
		return;
	}
	buffer_put_string(out, before);
	if (size > 0 && before[size - 1] != '/')
		buffer_put_u8(out, '/');
	put_base64(out, buffer_view(&der), step % FORMS == 1);
}

/* ---- requests ---- */

static void put_field(struct buffer *fields, const char *before, const struct purge_item *items,
		      unsigned count)
{
	put_filled(fields, before, items, count);
	buffer_put_u8(fields, 0);
}

static void fill_template(const struct conf_cache *cache, const struct purge_item *items,
			  unsigned count, struct cachekind_request *r)
{
	if (cache->field)
		put_field(&r->fields, cache->field, items, count);
	if (!cache->body)
		return;
	buffer_put(&r->fields, "Content-Type: application/json", 31);
	put_filled(&r->body, cache->body, items, count);
}

static const char *method_of(const struct conf_cache *cache, const struct purge_item *items)
{
	const char *standard = cache->kind == CACHE_TEMPLATE ? "POST" : "PURGE";
	const char *method = cache->method ? cache->method : standard;
	return cache->kind == CACHE_URL && !by_url(items) && cache->method_all ? cache->method_all
									       : method;
}

static void fill(const struct conf_cache *cache, const struct purge_item *items, unsigned count,
		 unsigned step, struct cachekind_request *r)
{
	if (cache->kind == CACHE_URL && by_url(items))
		put_url(&r->url, cache->url, items, step);
	else
		buffer_put_string(&r->url, cache->kind == CACHE_URL ? cache->url_all : cache->url);
	buffer_put_u8(&r->url, 0);
	if (cache->kind == CACHE_VARNISH)
		put_field(&r->fields, "xkey-purge: {tags}", items, count);
	else if (cache->kind == CACHE_TEMPLATE)
		fill_template(cache, items, count, r);
	r->method = method_of(cache, items);
}

int cachekind_request(const struct conf_cache *cache, const struct purge_item *items,
		      unsigned count, unsigned step, struct cachekind_request *ret)
{
	struct cachekind_request r = {.method = NULL};
	fill(cache, items, count, step, &r);
	if (buffer_result(&r.url) < 0 || buffer_result(&r.fields) < 0 ||
	    buffer_result(&r.body) < 0) {
		cachekind_request_deinit(&r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}
