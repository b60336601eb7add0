#include "cli/check_steps.h"

#include "base/clock.h"

const struct preflight_step check_steps[] = {
	/* A key on a file system that hangs must not hang the start for ever. */
	{"the files", 60 * SECOND_US, SERVE_REFUSED, check_files},
	{"ports and control socket", 60 * SECOND_US, SERVE_REFUSED, check_places},
	/* Without the database nothing but tryLater would be answered meanwhile. A host that does
	 * not answer is given up much earlier (cli/connect.c). */
	{"the database", 30 * SECOND_US, SERVE_LATER, check_database},
	/* However many there are. */
	{"the rows of the database", 10 * SECOND_US, SERVE_WARNED, check_rows},
	{0},
};

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
