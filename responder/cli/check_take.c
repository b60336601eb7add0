#include "cli/check_take.h"

static enum consequence follows(const struct finding *finding, enum consequence refused)
{
	if (finding->severity != SEVERITY_REFUSED)
		return SERVE_WARNED;
	return finding_is_of_configuration(finding->kind) ? SERVE_REFUSED : refused;
}

unsigned check_troubles(const struct findings *findings)
{
	unsigned count = findings->failed;
	for (size_t i = 0; i < findings->count; i++)
		count += findings->items[i].severity == SEVERITY_REFUSED &&
			 !finding_is_of_configuration(findings->items[i].kind);
	return count;
}

void check_take(struct preflight *preflight, const struct conf_issuer *section,
		const struct findings *findings, enum consequence refused)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		preflight_find(preflight, follows(finding, refused), finding->requirement,
			       "issuer \"%s\": %.800s", section->name, finding->text);
	}
	if (findings->failed)
		preflight_find(preflight, refused, "", "issuer \"%s\": out of memory",
			       section->name);
}
