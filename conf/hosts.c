#include "conf/hosts.h"

#include "base/limits.h"
#include "conf/list.h"

/* RFC 1035, 2.3.4. */
#define NAME_MOST 253

static bool is_letter_or_digit(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool name_valid(struct view name)
{
	if (name.size == 0 || name.size > NAME_MOST || !is_letter_or_digit(name.data[0]))
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (!is_letter_or_digit(name.data[i]) && !strchr("-._", name.data[i]))
			return false;
	return true;
}

int hosts_check(const char *text)
{
	struct view names[LIMIT_ADMIN_HOSTS];
	unsigned count = 0;
	for (struct view name; list_next(&text, &name); count++) {
		if (count == LIMIT_ADMIN_HOSTS || !name_valid(name))
			return -EINVAL;
		for (unsigned i = 0; i < count; i++)
			if (view_equal_nocase(names[i], name))
				return -EINVAL;
		names[count] = name;
	}
	return 0;
}

bool hosts_have(const char *text, struct view name)
{
	for (struct view item; list_next(&text, &item);)
		if (view_equal_nocase(item, name))
			return true;
	return false;
}
