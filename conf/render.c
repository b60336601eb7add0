/* From struct conf to text: what a room is given, and what `check` shows. */
#include "conf/conninfo.h"
#include "conf/ini.h"
#include "conf/value.h"

/* The value of one option as text, a NUL at its end. */
static void put_text(const struct option *option, const void *base, bool secrets,
		     struct buffer *text)
{
	if (!secrets && option->type == OPTION_TEXT)
		conninfo_mask(*(char *const *)((const char *)base + option->offset), text);
	else
		value_print(option, base, text);
	buffer_put_u8(text, '\0');
}

/* NULL is said by leaving the option out. */
static bool is_absent(const struct option *option, const void *base)
{
	return value_is_text(option) &&
	       !*(char *const *)(const void *)((const char *)base + option->offset);
}

static void put_option(const struct option *option, const void *base, bool secrets,
		       struct buffer *out)
{
	struct buffer text = {0};
	if (is_absent(option, base))
		return;
	put_text(option, base, secrets, &text);
	if (text.failed) {
		out->failed = true;
	} else {
		buffer_printf(out, "%s = ", option->name);
		ini_put_value(out, (char *)text.data);
		buffer_put_u8(out, '\n');
		explicit_bzero(text.data, text.size);
	}
	buffer_deinit(&text);
}

static void put_section(enum option_section section, const char *name, const void *base,
			unsigned rooms, bool secrets, struct buffer *out)
{
	if (!section_concerns(section, rooms))
		return;
	buffer_printf(out, "[%s", section_name(section));
	if (name) {
		buffer_put_u8(out, ' ');
		ini_put_quoted(out, name);
	}
	buffer_put_string(out, "]\n");
	for (size_t i = 0; i < option_count; i++)
		if (options[i].section == section && (options[i].rooms & rooms))
			put_option(&options[i], base, secrets, out);
	buffer_put_u8(out, '\n');
}

void conf_each_issuer_option(const struct conf_issuer *issuer, unsigned rooms,
			     void (*take)(void *context, const char *name, const char *value),
			     void *context)
{
	for (size_t i = 0; i < option_count; i++) {
		cleanup(buffer_deinit) struct buffer text = {0};
		if (options[i].section != SECTION_ISSUER || !(options[i].rooms & rooms) ||
		    options[i].type == OPTION_PATH || is_absent(&options[i], issuer))
			continue;
		put_text(&options[i], issuer, true, &text);
		if (buffer_result(&text) == 0)
			take(context, options[i].name, (const char *)text.data);
	}
}

static void put_issuer(const struct conf_issuer *issuer, unsigned rooms, bool secrets,
		       struct buffer *out)
{
	put_section(SECTION_ISSUER, issuer->name, issuer, rooms, secrets, out);
	for (unsigned i = 0; i < issuer->signer_count; i++)
		put_section(SECTION_SIGNER, issuer->signers[i].name, &issuer->signers[i], rooms,
			    secrets, out);
}

void conf_issuer_text(const struct conf_issuer *issuer, unsigned rooms, struct buffer *out)
{
	put_section(SECTION_ISSUER, NULL, issuer, rooms, true, out);
	for (unsigned i = 0; i < issuer->signer_count; i++)
		put_section(SECTION_SIGNER, NULL, &issuer->signers[i], rooms, true, out);
}

bool conf_issuer_same(const struct conf_issuer *a, const struct conf_issuer *b, unsigned rooms)
{
	struct buffer texts[2] = {{0}};
	conf_issuer_text(a, rooms, &texts[0]);
	conf_issuer_text(b, rooms, &texts[1]);
	bool same = buffer_result(&texts[0]) == 0 && buffer_result(&texts[1]) == 0 &&
		    view_equal(buffer_view(&texts[0]), buffer_view(&texts[1]));
	buffer_deinit(&texts[0]);
	buffer_deinit(&texts[1]);
	return same;
}

bool conf_cache_same(const struct conf_cache *a, const struct conf_cache *b)
{
	cleanup(buffer_deinit) struct buffer one = {0}, other = {0};
	put_section(SECTION_CACHE, a->name, a, CONF_ALL, true, &one);
	put_section(SECTION_CACHE, b->name, b, CONF_ALL, true, &other);
	return buffer_result(&one) == 0 && buffer_result(&other) == 0 &&
	       view_equal(buffer_view(&one), buffer_view(&other));
}

void conf_render(const struct conf *conf, unsigned rooms, bool secrets, struct buffer *out)
{
	put_section(SECTION_SERVER, NULL, &conf->server, rooms, secrets, out);
	put_section(SECTION_DATABASE, NULL, &conf->database, rooms, secrets, out);
	for (unsigned i = 0; i < conf->issuer_count; i++)
		put_issuer(&conf->issuers[i], rooms, secrets, out);
	for (unsigned i = 0; i < conf->cache_count; i++)
		put_section(SECTION_CACHE, conf->caches[i].name, &conf->caches[i], rooms, secrets,
			    out);
}
