#include "cli/check_take.h"

void check_take(struct preflight *preflight, const struct conf_issuer *section,
		const struct findings *findings, enum consequence refused)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		preflight_find(preflight,
			       finding->severity == SEVERITY_REFUSED ? refused : SERVE_WARNED,
			       finding->requirement, "issuer \"%s\": %.800s", section->name,
			       finding->text);
	}
	if (findings->failed)
		preflight_find(preflight, refused, "", "issuer \"%s\": out of memory",
			       section->name);
}
