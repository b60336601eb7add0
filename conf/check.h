/* What must fit together: rules between two options. */
#pragma once

#include "conf/draft.h"

/* 0, or -EINVAL with a fault that names both options, why, and the line of the later one. */
must_check int check_rules(const struct draft *draft, const struct conf *conf);
