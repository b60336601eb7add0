#include "conf/expectation.h"

static void put_words(const struct option_word *words, const char *last_separator,
		      struct buffer *out)
{
	for (size_t i = 0; words[i].name; i++) {
		if (i > 0)
			buffer_put_string(out, words[i + 1].name ? ", " : last_separator);
		buffer_put_string(out, words[i].name);
	}
}

static void put_or_words(const struct option *option, struct buffer *out)
{
	if (!option->words)
		return;
	buffer_put_string(out, ", or ");
	put_words(option->words, " or ", out);
}

static void put_range(const struct option *option, const char *kind, const char *units,
		      struct buffer *out)
{
	buffer_put_string(out, kind);
	buffer_put_string(out, " from ");
	value_print_number(option, option->least, out);
	buffer_put_string(out, " to ");
	value_print_number(option, option->most, out);
	buffer_put_string(out, units);
	put_or_words(option, out);
}

void option_expectation(const struct option *option, struct buffer *out)
{
	switch (option->type) {
	case OPTION_INTEGER:
		put_range(option, "a whole number", "", out);
		break;
	case OPTION_DURATION:
		put_range(option, "a duration", " (units ms, s, m, h, d)", out);
		break;
	case OPTION_SIZE:
		put_range(option, "a size", " (units B, KiB, MiB, GiB)", out);
		break;
	case OPTION_SWITCH:
	case OPTION_CHOICE:
		put_words(option->words, " or ", out);
		break;
	case OPTION_TEXT:
		buffer_printf(out, "text of 1 to %d bytes", (int)option->most);
		break;
	case OPTION_NAME:
		buffer_printf(out, "a name of 1 to %d bytes", (int)option->most);
		put_or_words(option, out);
		break;
	case OPTION_PATH:
		buffer_printf(out, "a path of 1 to %d bytes", (int)option->most);
		put_or_words(option, out);
		break;
	case OPTION_KEY:
		buffer_printf(out,
			      "a path, or a PKCS #11 URI (RFC 7512) without pin-value, of 1 to %d "
			      "bytes",
			      (int)option->most);
		break;
	case OPTION_PASSPHRASE:
		buffer_printf(out, "a path, credential:NAME or prompt, of 1 to %d bytes, or none",
			      (int)option->most);
		break;
	case OPTION_DATE:
		buffer_put_string(out, "a date such as 2036-03-31 or 2036-03-31T15:00:00Z (UTC)");
		put_or_words(option, out);
		break;
	case OPTION_NETWORKS:
		buffer_printf(out,
			      "up to %u different addresses or networks, separated by commas, such "
			      "as 192.0.2.1, 198.51.100.0/24 or 2001:db8::/32, or none",
			      LIMIT_NETWORKS);
		break;
	case OPTION_SAMPLE:
		buffer_printf(out, "1/N with N from %d to %d", (int)option->least,
			      (int)option->most);
		put_or_words(option, out);
		break;
	case OPTION_HOSTS:
		buffer_printf(out, "up to %u different host names, separated by commas",
			      LIMIT_ADMIN_HOSTS);
		put_or_words(option, out);
		break;
	case OPTION_URLS:
		buffer_printf(out, "up to %u different URLs of http or https, separated by commas",
			      LIMIT_CRL_URLS);
		put_or_words(option, out);
		break;
	case OPTION_URL:
		buffer_put_string(out, "one URL of http or https");
		put_or_words(option, out);
		break;
	case OPTION_PROXY:
		buffer_put_string(out, "a proxy's URL with its port, such as "
				       "http://proxy.example.com:3128");
		put_or_words(option, out);
		break;
	case OPTION_LISTEN:
		buffer_printf(out,
			      "up to %u different numeric addresses with ports, separated by "
			      "commas, such as 127.0.0.1:8080 or [::1]:8080",
			      LIMIT_LISTENERS);
		put_or_words(option, out);
		break;
	}
}
