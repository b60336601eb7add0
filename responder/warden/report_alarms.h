/* What lasts, of all rooms and of the warden itself: one list at the top of the document. */
#pragma once

#include "base/alarms.h"

#include <json-c/json.h>

/* Appends what a room's report (its member "alarms") lists and this list does not: all signers hold the
 * same keys and say the same. */
void report_alarms_add(struct json_object *list, struct json_object *report);
/* The same of a table. */
void report_alarms_add_own(struct json_object *list, const struct alarms *alarms);
