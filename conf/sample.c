/* The commented sample file and the OPTIONS part of stillgood.conf(5), from the option table. */
#include "conf/expectation.h"
#include "conf/profile.h"

#define TEXT_WIDTH 94

/* Writes words up to TEXT_WIDTH in lines that start with "# ". */
static void put_comment(const char *text, struct buffer *out)
{
	while (*text) {
		size_t size = strlen(text);
		if (size > TEXT_WIDTH) {
			for (size = TEXT_WIDTH; size > 0 && text[size] != ' ';)
				size--;
			if (size == 0)
				size = strcspn(text, " ");
		}
		buffer_printf(out, "# %.*s\n", (int)size, text);
		text += size;
		while (*text == ' ')
			text++;
	}
}

/* Required options stand as they are; the others as comments with their default, and an example
 * where that differs. */
static void put_sample_option(const struct option *option, bool comment, struct buffer *out)
{
	struct buffer text = {0};
	buffer_printf(&text, "%s Value: ", option->help);
	option_expectation(option, &text);
	buffer_put_string(&text,
			  option->change == BY_RESTART ? ". Changed by a restart only." : ".");
	if (option->standard && strcmp(option->standard, option->example) != 0)
		buffer_printf(&text, " Example: %s", option->example);
	buffer_put_u8(&text, '\0');
	if (text.failed)
		out->failed = true;
	else
		put_comment((char *)text.data, out);
	buffer_deinit(&text);
	buffer_printf(out, "%s%s = %s\n\n", option->standard || comment ? "#" : "", option->name,
		      option->standard ? option->standard : option->example);
}

static void put_sample_section(enum option_section section, bool shared, struct buffer *out)
{
	for (size_t i = 0; i < option_count; i++)
		if (options[i].section == section && options[i].shared == shared)
			put_sample_option(&options[i], false, out);
}

/* A second signer is an exception: the whole section is a comment. */
static void put_sample_signer(struct buffer *out)
{
	buffer_put_string(out, "# One more signer of an issuer, its successor or one with another "
			       "algorithm; the name is yours.\n#[signer \"Example CA, 2027\"]\n");
	for (size_t i = 0; i < option_count; i++)
		if (options[i].section == SECTION_SIGNER)
			put_sample_option(&options[i], true, out);
}

static void put_sample_cache(struct buffer *out)
{
	buffer_put_string(out,
			  "# An HTTP cache in front, which is told to forget what has changed; the "
			  "name is yours.\n#[cache \"edge\"]\n");
	for (size_t i = 0; i < option_count; i++)
		if (options[i].section == SECTION_CACHE)
			put_sample_option(&options[i], true, out);
}

void conf_render_sample(struct buffer *out)
{
	buffer_put_string(
		out,
		"# Stillgood, an OCSP responder: the configuration, see stillgood.conf(5).\n"
		"# Commented options show their defaults. \"stillgood check\" says what holds.\n"
		"# Sections may stand in other files too, one for each CA for example: a file, a "
		"folder's\n"
		"# *.conf or a pattern, relative to this file, in the order of their names.\n"
		"#     include = conf.d\n"
		"\n[server]\n");
	put_sample_section(SECTION_SERVER, false, out);
	buffer_put_string(out, "[database]\n");
	put_sample_section(SECTION_DATABASE, false, out);
	buffer_put_string(out, "# For every issuer that does not say otherwise.\n[defaults]\n");
	put_sample_section(SECTION_ISSUER, true, out);
	buffer_put_string(out, "# One section for each CA; the name is that of \"stillgood issuer "
			       "add\". Every option of\n# [defaults] may be set here too.\n"
			       "[issuer \"Example CA\"]\n");
	put_sample_section(SECTION_ISSUER, false, out);
	put_sample_signer(out);
	put_sample_cache(out);
}

/* ---- roff ---- */

/* A backslash and a minus are commands to roff; the text is never at the start of a line. */
static void put_roff(const char *text, struct buffer *out)
{
	for (; *text; text++) {
		if (*text == '\\')
			buffer_put_string(out, "\\e");
		else if (*text == '-')
			buffer_put_string(out, "\\-");
		else
			buffer_put_u8(out, (uint8_t)*text);
	}
}

static void put_manual_option(const struct option *option, struct buffer *out)
{
	struct buffer expectation = {0};
	buffer_printf(out, ".TP\n\\fB%s\\fR", option->name);
	if (option->standard) {
		buffer_put_string(out, " (default: ");
		put_roff(option->standard, out);
		buffer_put_string(out, ")\n");
	} else {
		buffer_put_string(out, option_of_own_signer(option)
					       ? " (required without a [signer])\n"
				       : option_certifies_key(option)
					       ? " (required without a PKCS #12 file)\n"
					       : " (required)\n");
	}
	put_roff(option->help, out);
	buffer_put_string(out, "\n.br\nValue: ");
	option_expectation(option, &expectation);
	buffer_put_u8(&expectation, '\0');
	if (expectation.failed)
		out->failed = true;
	else
		put_roff((char *)expectation.data, out);
	buffer_deinit(&expectation);
	buffer_put_string(out,
			  option->change == BY_RESTART ? ". Changed by a restart only.\n" : ".\n");
	buffer_put_string(out, ".br\nExample: ");
	put_roff(option->example, out);
	buffer_put_string(out, "\n");
}

static void put_manual_section(const char *head, enum option_section section, bool shared,
			       struct buffer *out)
{
	buffer_printf(out, ".SS %s\n", head);
	for (size_t i = 0; i < option_count; i++)
		if (options[i].section == section && options[i].shared == shared)
			put_manual_option(&options[i], out);
}

/* ---- profiles ---- */

static void put_profile_standards(enum profile profile, struct buffer *out)
{
	bool any = false;
	for (size_t i = 0; i < option_count; i++) {
		const char *standard = options[i].section == SECTION_ISSUER
					       ? profile_standard(profile, options[i].name)
					       : NULL;
		if (!standard)
			continue;
		buffer_printf(out, "%s%s = %s", any ? ", " : "Defaults: ", options[i].name,
			      standard);
		any = true;
	}
	buffer_put_string(out, any ? ".\n" : "The defaults are those above.\n");
}

/* What this profile refuses and at least one other does not. */
static bool refused_by(enum profile profile, enum finding_kind kind)
{
	bool all = true;
	for (unsigned p = 0; p < PROFILE_COUNT; p++)
		all = all && finding_severity(kind, (enum profile)p) == SEVERITY_REFUSED;
	return !all && finding_severity(kind, profile) == SEVERITY_REFUSED;
}

static void put_profile_refusals(enum profile profile, struct buffer *out)
{
	char requirement[sizeof(((struct finding *)NULL)->requirement)];
	for (unsigned kind = 0; kind < FINDING_COUNT; kind++) {
		if (!refused_by(profile, (enum finding_kind)kind))
			continue;
		finding_requirement((enum finding_kind)kind, profile, requirement,
				    sizeof(requirement));
		buffer_put_string(out, ".br\nRefused (");
		put_roff(requirement, out);
		buffer_put_string(out, "): ");
		put_roff(finding_words((enum finding_kind)kind), out);
		buffer_put_string(out, ".\n");
	}
}

static void put_profiles(struct buffer *out)
{
	buffer_put_string(out, ".SH PROFILES\nWhat is set by hand wins over a profile's defaults, "
			       "but not over what it refuses.\n");
	for (unsigned p = 0; p < PROFILE_COUNT; p++) {
		buffer_printf(out, ".TP\n.B %s\n", profile_name((enum profile)p));
		put_profile_standards((enum profile)p, out);
		if (profile_refresh_most((enum profile)p) != INT64_MAX)
			buffer_printf(
				out,
				".br\nAnswers are replaced before half of their life is over, "
				"and within %d days. None lasts longer than %d days, not even "
				"revoked on old evidence.\n",
				(int)(profile_refresh_most((enum profile)p) / 86400),
				(int)(profile_life_most((enum profile)p) / 86400));
		if (p == PROFILE_LIGHTWEIGHT)
			buffer_put_string(
				out,
				".br\nEvery successful answer is for caches, with thisUpdate as "
				"Last-Modified and nextUpdate as Expires, and is replaced before "
				"the max-age that it was sent with is over.\n");
		put_profile_refusals((enum profile)p, out);
	}
}

void conf_render_manual(struct buffer *out)
{
	buffer_put_string(out, ".SH OPTIONS\n");
	put_manual_section("[server]", SECTION_SERVER, false, out);
	put_manual_section("[database]", SECTION_DATABASE, false, out);
	put_manual_section("\"[defaults] and [issuer \\(dqNAME\\(dq]\"", SECTION_ISSUER, true, out);
	put_manual_section("\"[issuer \\(dqNAME\\(dq] only\"", SECTION_ISSUER, false, out);
	put_manual_section("\"[signer \\(dqNAME\\(dq]\"", SECTION_SIGNER, false, out);
	put_manual_section("\"[cache \\(dqNAME\\(dq]\"", SECTION_CACHE, false, out);
	put_profiles(out);
}
