/* What an answer may say of a certificate besides its status, as the database tells it (P-30): the
 * extensions, and the facts that go into them. None of it decides anything: a fact that is not known,
 * or does not fit, is left out.
 *
 * One extension, one row; one fact, one row. Wire fields, columns, copies and what a signer admits
 * come from these rows. A new extension needs besides: a function that writes its DER
 * (ocsp/response_data.c), an option, and its columns (db/row.h). */
#pragma once

#include "base/bytes.h"
#include "base/label.h"
#include "base/limits.h"

#define CERTIFICATE_HASH_SIZE 32u

/* In the order in which an answer has them. */
enum answer_extension {
	EXTENSION_CRL_ID, /* the CRL that brought the status: lists it, or does not */
	EXTENSION_CERT_HASH,
	EXTENSION_SCT_LIST, /* a SignedCertificateTimestampList (RFC 6962, 3.3) */
};
#define EXTENSION_COUNT 3
#define EXTENSION_BIT(extension) (1u << (extension))

/* The extensions that an answer of this status may carry, EXTENSION_BIT()s. */
unsigned extensions_with(enum ocsp_status status);

/* OCTETS(member, extension, most octets): what *_fits() below says; empty: not known.
 * TIME(member, extension): seconds since 1970; 0: not known. In the order of the columns. */
#define FACT_ROWS(OCTETS, TIME)                                              \
	OCTETS(certificate_hash, EXTENSION_CERT_HASH, CERTIFICATE_HASH_SIZE) \
	OCTETS(crl_url, EXTENSION_CRL_ID, LIMIT_CRL_URL)                     \
	OCTETS(crl_number, EXTENSION_CRL_ID, LIMIT_CRL_NUMBER)               \
	TIME(crl_time, EXTENSION_CRL_ID) /* thisUpdate of the CRL */         \
	OCTETS(sct_list, EXTENSION_SCT_LIST, LIMIT_SCT_LIST)

#define FACT_OCTETS_MEMBER(member, extension, most) struct view member;
#define FACT_TIME_MEMBER(member, extension) int64_t member;

/* All zeros: nothing is known. */
struct cert_facts {
	FACT_ROWS(FACT_OCTETS_MEMBER, FACT_TIME_MEMBER)
};

#define FACT_OCTETS_NUMBER(member, extension, most) FACT_##member,
#define FACT_TIME_NUMBER(member, extension) FACT_##member,

enum fact { FACT_ROWS(FACT_OCTETS_NUMBER, FACT_TIME_NUMBER) FACT_COUNT };

/* Is each fact that is there as said above? */
must_check bool facts_fit(const struct cert_facts *facts);
/* The extensions that have any fact. */
unsigned facts_extensions(const struct cert_facts *facts);
/* Those of these extensions only. */
struct cert_facts facts_only(const struct cert_facts *facts, unsigned extensions);
/* How many octets they are, and a copy of them that points to these octets. */
size_t facts_size(const struct cert_facts *facts);
struct cert_facts facts_copy(const struct cert_facts *facts, uint8_t *octets);
/* Sets one fact; what does not fit is left out. */
bool fact_is_time(enum fact fact);
void fact_set_octets(struct cert_facts *facts, enum fact fact, struct view octets);
void fact_set_time(struct cert_facts *facts, enum fact fact, int64_t seconds);

/* One each that is octets; an empty view fits nowhere. */
must_check bool certificate_hash_fits(struct view hash);
must_check bool crl_url_fits(struct view url); /* printable ASCII */
must_check bool crl_number_fits(struct view number); /* content of a DER INTEGER ≥ 0 */
must_check bool sct_list_fits(struct view list);
