/* Object identifiers that this room knows, as views of their content octets. Private to ocsp/. */
#pragma once

#include "base/bytes.h"

#define OID(octets) view_of(octets, sizeof(octets) - 1)

/* id-pkix-ocsp 1.3.6.1.5.5.7.48.1 (RFC 6960, appendix B) */
#define OID_OCSP_BASIC OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x01")
#define OID_OCSP_NONCE OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x02")
#define OID_OCSP_CRL OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x03")
#define OID_OCSP_ACCEPTABLE_RESPONSES OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x04")
#define OID_OCSP_ARCHIVE_CUTOFF OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x06")
#define OID_OCSP_SERVICE_LOCATOR OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x07")
#define OID_OCSP_PREFERRED_ALGORITHMS OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x08")
#define OID_OCSP_EXTENDED_REVOKE OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x09")

/* certHash 1.3.36.8.3.13 (Common PKI, part 4); SCT list 1.3.6.1.4.1.11129.2.4.5 (RFC 6962, 3.3) */
#define OID_CERT_HASH OID("\x2b\x24\x08\x03\x0d")
#define OID_OCSP_SCT_LIST OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x05")
/* The poison of a precertificate, 1.3.6.1.4.1.11129.2.4.3 (RFC 6962, 3.1) */
#define OID_CT_POISON OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03")

/* id-ce 2.5.29 (RFC 5280) */
#define OID_SUBJECT_KEY_ID OID("\x55\x1d\x0e")
#define OID_CRL_NUMBER OID("\x55\x1d\x14")
#define OID_REASON_CODE OID("\x55\x1d\x15")
#define OID_HOLD_INSTRUCTION OID("\x55\x1d\x17")
#define OID_INVALIDITY_DATE OID("\x55\x1d\x18")
#define OID_DELTA_CRL OID("\x55\x1d\x1b")
#define OID_DISTRIBUTION_POINT OID("\x55\x1d\x1c")
#define OID_CERTIFICATE_ISSUER OID("\x55\x1d\x1d")
#define OID_AUTHORITY_KEY_ID OID("\x55\x1d\x23")

/* Hash functions: 1.3.14.3.2.26, 1.2.840.113549.2.5, and NIST's 2.16.840.1.101.3.4.2.n */
#define OID_SHA1 OID("\x2b\x0e\x03\x02\x1a")
#define OID_MD5 OID("\x2a\x86\x48\x86\xf7\x0d\x02\x05")
#define OID_NIST_HASH(n) OID("\x60\x86\x48\x01\x65\x03\x04\x02" n)
#define OID_SHA256 OID_NIST_HASH("\x01")
#define OID_SHA384 OID_NIST_HASH("\x02")
#define OID_SHA512 OID_NIST_HASH("\x03")
#define OID_SHA224 OID_NIST_HASH("\x04")
#define OID_SHA512_224 OID_NIST_HASH("\x05")
#define OID_SHA512_256 OID_NIST_HASH("\x06")
#define OID_SHA3_224 OID_NIST_HASH("\x07")
#define OID_SHA3_256 OID_NIST_HASH("\x08")
#define OID_SHA3_384 OID_NIST_HASH("\x09")
#define OID_SHA3_512 OID_NIST_HASH("\x0a")
