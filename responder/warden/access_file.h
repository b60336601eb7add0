/* The file of the access log, which the warden opens for the fronts: they may open nothing. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"

/* Opens it for appending, mode 0640 where it is new; -1 in `*ret`: standard error takes the lines. The fault
 * names the file. 0 or -errno. */
must_check int access_file_open(const struct conf_server *server, int *ret, struct fault *fault);
/* Could it be opened? Makes nothing. 0 or -errno with a fault. */
must_check int access_file_try(const struct conf_server *server, struct fault *fault);
