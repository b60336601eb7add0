/* Calls that are easy to misuse do not compile: unbounded string functions, functions that return
 * pointers to static storage, and time functions that depend on the process's time zone. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With clang and _FORTIFY_SOURCE glibc makes it a macro, which cannot be poisoned. */
#undef sprintf
#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf gets
#pragma GCC poison gmtime localtime ctime asctime mktime
#pragma GCC poison atoi atol atoll
