/* What people call a certificate: its subject in one line, and the name under which an issuer is
 * registered unless the operator says another. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

/* RFC 2253 with UTF-8 as it is and control characters escaped; "" if it cannot be read. A new
 * string, NULL without memory. */
char *certname_subject(struct view name);

/* How it is encoded, attribute by attribute: "C=PrintableString,O=UTF8String". The same. */
char *certname_encoding(struct view name);

/* The last common name, else organizational unit, else organization; "Issuer" for an empty subject.
 * At most LIMIT_ISSUER_NAME octets, fit for [issuer "NAME"]: no quotes, brackets or control
 * characters. */
void certname_derive(struct view name, char ret[LIMIT_ISSUER_NAME + 1]);
/* The same with " XXXXXXXX": the first `digits` hexadecimal digits of the key identifier. */
void certname_distinguish(char name[LIMIT_ISSUER_NAME + 1], struct view key_id, size_t digits);
