#include "signer/findings.h"

#include <stdarg.h>
#include <stdlib.h>

static const char *const requirements[] = {
	[FINDING_NO_NOCHECK] = "P-35",        [FINDING_NO_KEY_USAGE] = "P-35",
	[FINDING_DELEGATE_IS_CA] = "P-39",    [FINDING_POLICIES] = "P-39",
	[FINDING_CRL_POINTS] = "P-39",        [FINDING_ALTERNATIVE_NAMES] = "P-39",
	[FINDING_NAME_CONSTRAINTS] = "P-39",  [FINDING_OWN_KEY_USAGE] = "P-35",
	[FINDING_WEAK_DIGEST] = "P-39",       [FINDING_ENDS_SOON] = "P-37",
	[FINDING_EXPIRED] = "P-37",           [FINDING_CA_EXPIRED] = "P-33",
	[FINDING_NOT_A_CA] = "P-35",          [FINDING_CA_ANSWERS] = "P-39",
	[FINDING_MORE_CERTIFICATES] = "P-35", [FINDING_OPEN_KEY] = "P-35",
};

static bool is_known(const struct findings *findings, const char *text)
{
	for (size_t i = 0; i < findings->count; i++)
		if (strcmp(findings->all[i].text, text) == 0)
			return true;
	return false;
}

void findings_add(struct findings *findings, enum finding_kind kind, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (text && is_known(findings, text)) {
		free(text);
		return;
	}
	struct finding *all =
		text ? reallocarray(findings->all, findings->count + 1, sizeof(*all)) : NULL;
	if (!all) {
		free(text);
		findings->failed = true;
		return;
	}
	findings->all = all;
	all[findings->count++] =
		(struct finding){.kind = kind, .requirement = requirements[kind], .text = text};
}

void findings_deinit(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->all[i].text);
	free(findings->all);
	*findings = (struct findings){0};
}

void findings_print(const struct findings *findings, struct buffer *out)
{
	for (size_t i = 0; i < findings->count; i++)
		buffer_printf(out, "%s\n", findings->all[i].text);
	if (findings->failed)
		out->failed = true;
}
