#include "base/histogram.h"

#include "base/json.h"

#include <inttypes.h>

static const uint32_t bounds_us[HISTOGRAM_BOUNDS] = {100,    250,    500,     1000,    2500,
						     5000,   10000,  25000,   50000,   100000,
						     250000, 500000, 1000000, 2500000, 5000000};

void histogram_add(struct histogram *h, int64_t us)
{
	unsigned at = 0;
	uint64_t time = us > 0 ? (uint64_t)us : 0;
	while (at < HISTOGRAM_BOUNDS && time > bounds_us[at])
		at++;
	h->counts[at]++;
	h->sum_us += time;
}

void histogram_put_json(const struct histogram *h, const char *name, struct buffer *out)
{
	buffer_printf(out, ",\"%s\":{\"bounds_us\":[", name);
	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++)
		buffer_printf(out, "%s%u", i ? "," : "", bounds_us[i]);
	buffer_put_string(out, "],\"counts\":[");
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		buffer_printf(out, "%s%" PRIu64, i ? "," : "", h->counts[i]);
	buffer_put_u8(out, ']');
	json_put_number(out, "sum_us", h->sum_us);
	buffer_put_u8(out, '}');
}
