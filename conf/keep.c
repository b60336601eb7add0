#include "conf/keep.h"

#include "conf/value.h"

/* NULL is written as the word that stands for it. */
static void put(const struct option *option, const void *base, struct buffer *out)
{
	bool absent = value_is_text(option) &&
		      !*(char *const *)(const void *)((const char *)base + option->offset);
	if (absent)
		buffer_put_string(out, option_word(option, 0));
	else
		value_print(option, base, out);
	buffer_put_u8(out, '\0');
}

static int keep(const struct option *option, const void *now, void *next, bool *ret_other)
{
	cleanup(buffer_deinit) struct buffer before = {0}, after = {0};
	struct value value = {0};
	put(option, now, &before);
	put(option, next, &after);
	if (buffer_result(&before) < 0 || buffer_result(&after) < 0)
		return -ENOMEM;
	*ret_other = !view_equal(buffer_view(&before), buffer_view(&after));
	if (!*ret_other)
		return 0;
	int result = value_parse(option, (const char *)before.data, &value);
	value_unstore(option, next);
	if (result == 0)
		result = value_store(option, &value, next);
	value_deinit(&value);
	return result;
}

static int keep_section(enum option_section section, const void *now, void *next,
			void (*take)(void *context, const char *section, const char *name),
			void *context)
{
	for (size_t i = 0; i < option_count; i++) {
		bool other = false;
		if (options[i].section != section || options[i].change != BY_RESTART)
			continue;
		int result = keep(&options[i], now, next, &other);
		if (result < 0)
			return result;
		if (other)
			take(context, section_name(section), options[i].name);
	}
	return 0;
}

int conf_keep(const struct conf *now, struct conf *next,
	      void (*take)(void *context, const char *section, const char *name), void *context)
{
	next->server.journal_named = now->server.journal_named;
	int result = keep_section(SECTION_SERVER, &now->server, &next->server, take, context);
	return result < 0 ? result
			  : keep_section(SECTION_DATABASE, &now->database, &next->database, take,
					 context);
}
