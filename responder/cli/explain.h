/* What a running instance says of one certificate, for people. */
#pragma once

#include <json-c/json.h>

/* Prints the document of `explain`. */
void explain_print(struct json_object *document);
