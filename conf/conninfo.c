#include "conf/conninfo.h"

#define MASK "***"

static bool is_secret(struct view key)
{
	static const char *const names[] = {"password", "sslpassword", "scram_client_key",
					    "scram_server_key", "oauth_client_secret"};
	for (size_t i = 0; i < array_size(names); i++)
		if (view_equal_nocase(key, view_of_string(names[i])))
			return true;
	return false;
}

static void put_range(struct buffer *out, const char *from, const char *to)
{
	buffer_put(out, from, (size_t)(to - from));
}

/* ---- host=db user=u password='it''s' ---- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of a value as libpq reads it, or NULL (an open quote, a backslash at the end). */
static const char *value_end(const char *p)
{
	bool quoted = *p == '\'';
	for (p += quoted; *p && (quoted ? *p != '\'' : !is_space(*p)); p++) {
		if (*p != '\\')
			continue;
		p++;
		if (!*p)
			return NULL;
	}
	if (quoted)
		return *p ? p + 1 : NULL;
	return p;
}

/* False: not a sequence of key = value. */
static bool mask_pairs(const char *p, struct buffer *out)
{
	for (;;) {
		const char *start = p;
		while (is_space(*p))
			p++;
		if (!*p)
			return true;
		const char *key = p;
		p += strcspn(p, "= \t\n\v\f\r");
		struct view name = view_of(key, (size_t)(p - key));
		while (is_space(*p))
			p++;
		if (name.size == 0 || *p != '=')
			return false;
		p++;
		while (is_space(*p))
			p++;
		const char *value = p;
		p = value_end(value);
		if (!p)
			return false;
		put_range(out, start, value);
		if (is_secret(name))
			buffer_put_string(out, MASK);
		else
			put_range(out, value, p);
	}
}

/* ---- postgresql://user:secret@host:port/db?password=secret ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes a parameter's name; one too long or wrongly encoded counts as a secret. */
static bool parameter_is_secret(struct view name)
{
	char decoded[64];
	size_t size = 0;
	for (size_t i = 0; i < name.size; i++) {
		if (size == sizeof(decoded))
			return true;
		char c = (char)name.data[i];
		if (c == '%') {
			int high = i + 2 < name.size ? hex_digit((char)name.data[i + 1]) : -1;
			int low = i + 2 < name.size ? hex_digit((char)name.data[i + 2]) : -1;
			if (high < 0 || low < 0)
				return true;
			c = (char)(high << 4 | low);
			i += 2;
		}
		decoded[size++] = c;
	}
	return is_secret(view_of(decoded, size));
}

static void mask_parameters(const char *p, struct buffer *out)
{
	while (*p) {
		size_t size = strcspn(p, "&"), name = strcspn(p, "=&");
		bool has_value = name < size;
		if (has_value && parameter_is_secret(view_of(p, name))) {
			buffer_put(out, p, name + 1);
			buffer_put_string(out, MASK);
		} else {
			buffer_put(out, p, size);
		}
		p += size;
		if (*p)
			buffer_put_u8(out, (uint8_t)*p++);
	}
}

static void mask_uri(const char *uri, struct buffer *out)
{
	const char *rest = strstr(uri, "://") + 3;
	const char *colon = strchr(rest, ':'), *at = strrchr(rest, '@');
	put_range(out, uri, rest);
	/* Up to the last @: a password with a raw @ or / in it is an error to libpq, and still a
	 * password. */
	if (at && colon && colon < at) {
		put_range(out, rest, colon + 1);
		buffer_put_string(out, MASK);
		rest = at;
	}
	const char *query = strchr(rest, '?');
	if (!query) {
		buffer_put_string(out, rest);
		return;
	}
	put_range(out, rest, query + 1);
	mask_parameters(query + 1, out);
}

void conninfo_mask(const char *conninfo, struct buffer *out)
{
	if (strncmp(conninfo, "postgresql://", 13) == 0 ||
	    strncmp(conninfo, "postgres://", 11) == 0) {
		mask_uri(conninfo, out);
		return;
	}
	size_t before = out->size;
	if (!mask_pairs(conninfo, out)) {
		out->size = before;
		buffer_put_string(out, MASK);
	}
}

bool conninfo_has_secret(const char *conninfo)
{
	struct buffer masked = {0};
	conninfo_mask(conninfo, &masked);
	bool same = buffer_result(&masked) == 0 &&
		    view_equal(buffer_view(&masked), view_of_string(conninfo));
	buffer_deinit(&masked);
	return !same;
}
