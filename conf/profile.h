/* Profiles (doc/protocol.md, F): what a kind of CA is asked for by those who rely on it. A profile gives
 * an issuer's options other defaults, and refuses what it forbids (finding.h). */
#pragma once

#include "conf/finding.h"

/* "private", "webpki" … */
const char *profile_name(enum profile profile);
/* The default of an issuer's option under a profile, as text; NULL: the option's own. */
const char *profile_standard(enum profile profile, const char *option);
/* Seconds after thisUpdate at which an answer must be replaced at the latest, besides half of its
 * life; INT64_MAX: the profile does not say. */
int64_t profile_refresh_most(enum profile profile);
/* Seconds from thisUpdate to nextUpdate, both ends counted, that no answer may exceed, on whatever
 * evidence; INT64_MAX: the profile does not say. */
int64_t profile_life_most(enum profile profile);
/* Adds what the issuer's options say against the profile of the list. */
void profile_judge(const struct conf_issuer *issuer, struct findings *ret);
