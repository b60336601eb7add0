#include "conf/value.h"

#include "base/clock.h"
#include "base/timetext.h"
#include "conf/hosts.h"
#include "conf/listen.h"
#include "conf/networks.h"
#include "conf/urls.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* From the largest: printing takes the first that divides. */
static const struct unit duration_units[] = {
	{"d", 86400 * SECOND_US}, {"h", 3600 * SECOND_US}, {"m", 60 * SECOND_US},
	{"s", SECOND_US},         {"ms", MILLISECOND_US},
};
static const struct unit size_units[] = {
	{"GiB", INT64_C(1) << 30},
	{"MiB", INT64_C(1) << 20},
	{"KiB", INT64_C(1) << 10},
	{"B", 1},
};
static const struct unit no_units[] = {{"", 1}};

static const struct unit *units_of(enum option_type type, size_t *ret_count)
{
	switch (type) {
	case OPTION_DURATION:
		*ret_count = array_size(duration_units);
		return duration_units;
	case OPTION_SIZE:
		*ret_count = array_size(size_units);
		return size_units;
	default:
		*ret_count = array_size(no_units);
		return no_units;
	}
}

/* ---- from text ---- */

static bool word_value(const struct option_word *words, const char *text, int64_t *ret)
{
	for (; words && words->name; words++)
		if (strcmp(words->name, text) == 0) {
			*ret = words->value;
			return true;
		}
	return false;
}

bool value_is_word(const struct option *option, const char *text)
{
	int64_t value;
	return word_value(option->words, text, &value);
}

static bool unit_factor(enum option_type type, const char *name, int64_t *ret)
{
	size_t count;
	const struct unit *units = units_of(type, &count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(units[i].name, name) == 0) {
			*ret = units[i].factor;
			return true;
		}
	return false;
}

/* Digits and a unit, nothing else: no sign, no fraction, no space between. */
static int number_parse(const struct option *option, const char *text, int64_t *ret)
{
	int64_t number = 0, factor;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *p - '0', &number))
			return -EINVAL;
	if (p == text || !unit_factor(option->type, p, &factor) ||
	    __builtin_mul_overflow(number, factor, &number) || number < option->least ||
	    number > option->most)
		return -EINVAL;
	*ret = number;
	return 0;
}

static int text_parse(const struct option *option, const char *text, char **ret)
{
	size_t size = strlen(text);
	if (size < (size_t)option->least || size > (size_t)option->most)
		return -EINVAL;
	char *copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* A list whose items `check` knows. */
static int checked_parse(const struct option *option, int (*check)(const char *text),
			 const char *text, char **ret)
{
	int result = check(text);
	return result < 0 ? result : text_parse(option, text, ret);
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool value_is_path(const struct option *option, const char *text)
{
	if (value_is_word(option, text))
		return false;
	return option->type == OPTION_PATH ||
	       (option->type == OPTION_KEY && !begins(text, CONF_PKCS11)) ||
	       (option->type == OPTION_PASSPHRASE && !begins(text, CONF_CREDENTIAL) &&
		strcmp(text, CONF_PROMPT) != 0);
}

/* RFC 7512 has a place for the PIN itself, which is none: a configuration is copied, shown and kept. */
static int source_parse(const struct option *option, const char *text, char **ret)
{
	if (option->type == OPTION_KEY && !value_is_path(option, text) &&
	    strcasestr(text, "pin-value"))
		return -EINVAL;
	if (option->type == OPTION_PASSPHRASE && begins(text, CONF_CREDENTIAL) &&
	    (!text[strlen(CONF_CREDENTIAL)] || strchr(text, '/')))
		return -EINVAL;
	return text_parse(option, text, ret);
}

static int networks_check(const char *text)
{
	struct conf_networks networks;
	return networks_parse(text, &networks);
}

static int date_parse(const struct option *option, const char *text, int64_t *ret)
{
	int64_t seconds;
	if (time_parse_iso(view_of_string(text), &seconds) < 0 || seconds < option->least ||
	    seconds > option->most)
		return -EINVAL;
	*ret = seconds;
	return 0;
}

int value_parse(const struct option *option, const char *text, struct value *ret)
{
	struct value value = {0};
	int result = 0;
	switch (option->type) {
	case OPTION_INTEGER:
	case OPTION_DURATION:
	case OPTION_SIZE:
		if (!word_value(option->words, text, &value.number))
			result = number_parse(option, text, &value.number);
		break;
	case OPTION_SWITCH:
	case OPTION_CHOICE:
		if (!word_value(option->words, text, &value.number))
			result = -EINVAL;
		break;
	case OPTION_SAMPLE:
		if (!word_value(option->words, text, &value.number))
			result = strncmp(text, "1/", 2) == 0
					 ? number_parse(option, text + 2, &value.number)
					 : -EINVAL;
		break;
	case OPTION_LISTEN:
		if (!value_is_word(option, text)) /* it stands for none */
			result = checked_parse(option, listen_check, text, &value.text);
		break;
	case OPTION_HOSTS:
		if (!value_is_word(option, text))
			result = checked_parse(option, hosts_check, text, &value.text);
		break;
	case OPTION_URLS:
		if (!value_is_word(option, text))
			result = checked_parse(option, urls_check, text, &value.text);
		break;
	case OPTION_URL:
		if (!value_is_word(option, text))
			result = checked_parse(option, url_check, text, &value.text);
		break;
	case OPTION_PROXY:
		if (!value_is_word(option, text))
			result = checked_parse(option, url_check_proxy, text, &value.text);
		break;
	case OPTION_NETWORKS:
		result = checked_parse(option, networks_check, text, &value.text);
		break;
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_KEY:
	case OPTION_PASSPHRASE:
		if (!value_is_word(option, text)) /* it stands for none: NULL */
			result = source_parse(option, text, &value.text);
		break;
	case OPTION_DATE:
		if (!word_value(option->words, text, &value.number))
			result = date_parse(option, text, &value.number);
		break;
	}
	if (result == 0)
		*ret = value;
	return result;
}

static void text_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void value_deinit(struct value *value)
{
	text_free(value->text);
	*value = (struct value){0};
}

/* ---- in the struct ---- */

/* Members of enum types are read and written as unsigned. */
_Static_assert(sizeof(enum nonce_policy) == sizeof(unsigned) &&
		       sizeof(enum log_level) == sizeof(unsigned) &&
		       sizeof(enum profile) == sizeof(unsigned),
	       "enums have the size of an int");

bool value_is_text(const struct option *option)
{
	return option->type == OPTION_TEXT || option->type == OPTION_NAME ||
	       option->type == OPTION_PATH || option->type == OPTION_HOSTS ||
	       option->type == OPTION_URLS || option->type == OPTION_URL ||
	       option->type == OPTION_PROXY || option->type == OPTION_KEY ||
	       option->type == OPTION_PASSPHRASE;
}

static int text_store(const char *text, char **member)
{
	char *copy = text ? strdup(text) : NULL;
	if (text && !copy)
		return -ENOMEM;
	text_free(*member);
	*member = copy;
	return 0;
}

int value_store(const struct option *option, const struct value *value, void *base)
{
	void *member = (char *)base + option->offset;
	switch (option->type) {
	case OPTION_INTEGER:
	case OPTION_CHOICE:
	case OPTION_SAMPLE:
		*(unsigned *)member = (unsigned)value->number;
		return 0;
	case OPTION_DURATION:
	case OPTION_DATE:
		*(int64_t *)member = value->number;
		return 0;
	case OPTION_SIZE:
		*(uint64_t *)member = (uint64_t)value->number;
		return 0;
	case OPTION_SWITCH:
		*(bool *)member = value->number != 0;
		return 0;
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_HOSTS:
	case OPTION_URLS:
	case OPTION_URL:
	case OPTION_PROXY:
	case OPTION_KEY:
	case OPTION_PASSPHRASE:
		return text_store(value->text, member);
	case OPTION_NETWORKS:
		return networks_parse(value->text, member);
	case OPTION_LISTEN:
		return listen_store(value->text, member);
	}
	return -EINVAL;
}

void value_unstore(const struct option *option, void *base)
{
	void *member = (char *)base + option->offset;
	if (option->type == OPTION_LISTEN) {
		listen_free(member);
	} else if (value_is_text(option)) {
		text_free(*(char **)member);
		*(char **)member = NULL;
	}
}

int64_t value_duration(const struct option *option, const void *base)
{
	return *(const int64_t *)((const char *)base + option->offset);
}

/* ---- to text ---- */

void value_print_number(const struct option *option, int64_t number, struct buffer *out)
{
	size_t count;
	const struct unit *units = units_of(option->type, &count);
	for (size_t i = 0; i < count; i++) {
		bool divides = number % units[i].factor == 0;
		/* Zero divides by all; "0s" reads best. */
		if (number == 0 && option->type == OPTION_DURATION)
			divides = units[i].factor == SECOND_US;
		if (!divides)
			continue;
		buffer_printf(out, "%lld%s", (long long)(number / units[i].factor), units[i].name);
		return;
	}
}

static bool print_word(const struct option_word *words, int64_t value, struct buffer *out)
{
	for (; words && words->name; words++)
		if (words->value == value) {
			buffer_put_string(out, words->name);
			return true;
		}
	return false;
}

static void print_duration(const struct option *option, int64_t value, struct buffer *out)
{
	if (!print_word(option->words, value, out))
		value_print_number(option, value, out);
}

static void print_date(const struct option *option, int64_t value, struct buffer *out)
{
	char text[ISO_TIME_SIZE];
	if (print_word(option->words, value, out))
		return;
	time_put_iso(text, value);
	buffer_put(out, text, sizeof(text));
}

void value_print(const struct option *option, const void *base, struct buffer *out)
{
	const void *member = (const char *)base + option->offset;
	const uint64_t *size = member;
	switch (option->type) {
	case OPTION_INTEGER:
		value_print_number(option, *(const unsigned *)member, out);
		break;
	case OPTION_DURATION:
		print_duration(option, *(const int64_t *)member, out);
		break;
	case OPTION_DATE:
		print_date(option, *(const int64_t *)member, out);
		break;
	case OPTION_SIZE:
		value_print_number(option, (int64_t)*size, out);
		break;
	case OPTION_SAMPLE:
		if (!print_word(option->words, *(const unsigned *)member, out))
			buffer_printf(out, "1/%u", *(const unsigned *)member);
		break;
	case OPTION_SWITCH:
		(void)print_word(option->words, *(const bool *)member, out);
		break;
	case OPTION_CHOICE:
		(void)print_word(option->words, *(const unsigned *)member, out);
		break;
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_HOSTS:
	case OPTION_URLS:
	case OPTION_URL:
	case OPTION_PROXY:
	case OPTION_KEY:
	case OPTION_PASSPHRASE:
		buffer_put_string(out, *(char *const *)member);
		break;
	case OPTION_NETWORKS:
		networks_print(member, out);
		break;
	case OPTION_LISTEN:
		listen_print(member, out);
		break;
	}
}
