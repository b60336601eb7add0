/* The list of names by which the admin listener may be called: "ocsp1.example.com, ocsp1". */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* 0, or -EINVAL: an empty item, no host name, an item twice, more than LIMIT_ADMIN_HOSTS. */
must_check int hosts_check(const char *text);
/* Is this name, in whatever case, one of the list? NULL: a list of none. */
bool hosts_have(const char *text, struct view name);
