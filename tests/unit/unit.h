/* What every unit test includes: cmocka with the headers that it needs before it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"

/* One test of a file alone: STILLGOOD_TEST=name, with * and ?. */
__attribute__((constructor)) static void choose_test(void)
{
	if (getenv("STILLGOOD_TEST"))
		cmocka_set_test_filter(getenv("STILLGOOD_TEST"));
}

#define assert_view_equal(actual, expected)                                                \
	do {                                                                               \
		struct view actual_ = (actual), expected_ = (expected);                    \
		assert_int_equal(actual_.size, expected_.size);                            \
		if (expected_.size)                                                        \
			assert_memory_equal(actual_.data, expected_.data, expected_.size); \
	} while (0)
