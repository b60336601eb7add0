/* What every unit test includes: cmocka with the headers that it needs before it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

#define assert_view_equal(actual, expected)                                                \
	do {                                                                               \
		struct view actual_ = (actual), expected_ = (expected);                    \
		assert_int_equal(actual_.size, expected_.size);                            \
		if (expected_.size)                                                        \
			assert_memory_equal(actual_.data, expected_.data, expected_.size); \
	} while (0)
