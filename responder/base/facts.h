/* What an answer may say of a certificate besides its status (P-30). None of it decides anything:
 * a fact that is not known, or does not fit, is left out. All zeros: nothing is known. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

#define CERTIFICATE_HASH_SIZE 32u

struct cert_facts {
	struct view certificate_hash; /* SHA-256 of the certificate */
	/* The CRL that brought the status. */
	struct view crl_url; /* printable ASCII, up to LIMIT_CRL_URL octets */
	struct view crl_number; /* content of a DER INTEGER ≥ 0, up to LIMIT_CRL_NUMBER octets */
	int64_t crl_time; /* thisUpdate of the CRL, seconds since 1970; 0: not known */
	/* A SignedCertificateTimestampList (RFC 6962, 3.3), up to LIMIT_SCT_LIST octets. */
	struct view sct_list;
};

static inline bool facts_name_crl(const struct cert_facts *facts)
{
	return facts->crl_url.size > 0 || facts->crl_number.size > 0 || facts->crl_time != 0;
}

/* Is each fact that is there as said above? */
must_check bool facts_fit(const struct cert_facts *facts);

/* The parts of it. An empty view fits nowhere. */
must_check bool crl_url_fits(struct view url);
must_check bool crl_number_fits(struct view number);
must_check bool sct_list_fits(struct view list);
