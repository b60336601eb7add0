/* The error doctrine of the whole program.
 *
 *   0          success
 *   negative   -errno: fatal for the operation, forwarded by the caller
 *   positive   named in the header of the function that returns it, handled by its caller
 *
 * Out-parameters are untouched on failure, and functions that return such a result are marked
 * must_check. What a person must read goes into a struct fault: library code never logs. */
#pragma once

#include "base/compiler.h"

#include <errno.h>
#include <stdarg.h>

#define FAULT_TEXT_SIZE 1024

/* One line for the operator: object (file:line, issuer, database …), what is wrong, what to do. */
struct fault {
	char text[FAULT_TEXT_SIZE];
};

/* Writes the text and returns `result`, so that `return fault_set(fault, -EINVAL, …)` reads well.
 * `fault` may be NULL. A text too long is cut. */
int fault_set(struct fault *fault, int result, const char *format, ...) printf_like(3, 4);
