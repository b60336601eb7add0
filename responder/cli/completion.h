/* `stillgood --completion bash`: the shell's completion, from the rows of commands and options. */
#pragma once

#include "base/result.h"

/* Prints it. Another shell's is -ENOTSUP with a fault. */
must_check int completion_print(const char *shell, struct fault *fault);
