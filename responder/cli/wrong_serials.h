/* Rows from before migration 3 whose serial is not the number that was meant (P-6): without its leading
 * 00, or written as text. `db upgrade` lists them and, told to, sets them right. */
#pragma once

#include "cli/connect.h"

#include <json-c/json.h>

/* What text of digits alone was: nobody but the operator knows. */
enum digits { DIGITS_UNSAID, DIGITS_HEX, DIGITS_DECIMAL };

struct wrong_serials {
	uint64_t corrected, failed;
	uint64_t left; /* need correction still */
	uint64_t ambiguous; /* of these: digits alone */
	struct json_object *rows; /* some that are left, an array; owned */
	struct json_object *failures; /* some that failed: {"serial", "issuer", "error"}; owned */
};
void wrong_serials_deinit(struct wrong_serials *wrong);

/* Sets right what can be: each row by itself, because one that contradicts another must not keep the
 * rest wrong. */
must_check int wrong_serials_correct(struct database *database, enum digits digits,
				     struct wrong_serials *wrong, struct fault *fault);
/* Counts and lists what is left. */
must_check int wrong_serials_load(struct database *database, struct wrong_serials *wrong,
				  struct fault *fault);

/* For people; nothing where nothing is or was wrong. */
void wrong_serials_print(const struct wrong_serials *wrong);
/* The same as a member of the document. */
void wrong_serials_add(struct wrong_serials *wrong, struct json_object *document);
