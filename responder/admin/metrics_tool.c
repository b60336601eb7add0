/* Prints doc/metrics.md, from the table. */
#include "admin/metrics.h"

#include "base/result.h"

#include <stdio.h>

int main(void)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	metrics_put_manual(&out);
	return buffer_result(&out) == 0 && fwrite(out.data, 1, out.size, stdout) == out.size ? 0
											     : 1;
}
