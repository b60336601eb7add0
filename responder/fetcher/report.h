/* What is told of the sources: their issuers' alarms, and their part of `status`. */
#pragma once

#include "base/alarms.h"
#include "fetcher/source.h"

/* What of this issuer's sources is wrong. */
void report_alarms(const struct source_list *sources, struct alarms *alarms, const char *issuer,
		   struct moment now);
/* Appends `"sources":[…],"sources_omitted":N`: half of what fits into a report at most. */
void report_sources(const struct source_list *sources, struct moment now, struct buffer *out);
