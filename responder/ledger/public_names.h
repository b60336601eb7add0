/* What a certificate and its issuer are called in HTTP caches (base/public_name.h). */
#pragma once

#include "base/bytes.h"
#include "base/public_name.h"

struct issuer;
struct ledger;
struct question;

/* 0: it has none, because its issuer's certificate is not known. */
uint64_t public_name_of_issuer(const struct issuer *issuer);
uint64_t public_name_of_certificate(const struct issuer *issuer, struct view serial);
/* Of the question's answer, where caches are told; zeros else, and where it is about several certificates. */
struct public_name public_names_of(const struct ledger *l, const struct question *q);
