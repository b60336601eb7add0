#include "verifier/strength.h"

#include "base/limits.h"
#include "ocsp/der.h"

#include <openssl/objects.h>
#include <openssl/rsa.h>

#define DIGEST_SIZE_LEAST 32

static bool digest_is_enough(int nid)
{
	const EVP_MD *digest = EVP_get_digestbynid(nid);
	return digest && EVP_MD_get_size(digest) >= DIGEST_SIZE_LEAST;
}

/* Left out, the digest of RSASSA-PSS is SHA-1 (RFC 4055, 3.1). */
static bool pss_is_enough(const X509_ALGOR *algorithm)
{
	const ASN1_TYPE *parameter = algorithm->parameter;
	if (!parameter || parameter->type != V_ASN1_SEQUENCE)
		return false;
	const ASN1_STRING *octets = parameter->value.sequence;
	const unsigned char *p = ASN1_STRING_get0_data(octets);
	RSA_PSS_PARAMS *pss = d2i_RSA_PSS_PARAMS(NULL, &p, ASN1_STRING_length(octets));
	bool enough = pss && pss->hashAlgorithm &&
		      digest_is_enough(OBJ_obj2nid(pss->hashAlgorithm->algorithm));
	RSA_PSS_PARAMS_free(pss);
	return enough;
}

bool strength_is_enough(const X509_ALGOR *algorithm)
{
	int nid = OBJ_obj2nid(algorithm->algorithm), digest = NID_undef, key = NID_undef;
	if (nid == NID_rsassaPss)
		return pss_is_enough(algorithm);
	if (OBJ_find_sigid_algs(nid, &digest, &key) != 1)
		return false;
	return digest == NID_undef || digest_is_enough(digest);
}

/* ---- keys ---- */

#define OID(octets) view_of(octets, sizeof(octets) - 1)
#define RSA_ENCRYPTION OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") /* 1.2.840.113549.1.1.1 */
#define RSASSA_PSS OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a") /* 1.2.840.113549.1.1.10 */
#define EC_PUBLIC_KEY OID("\x2a\x86\x48\xce\x3d\x02\x01") /* 1.2.840.10045.2.1 */

/* The size is that of the key's curve or parameter set. */
static bool is_of_fixed_size(struct view oid)
{
	const struct view known[] = {
		OID("\x2b\x65\x70"), /* Ed25519, 1.3.101.112 */
		OID("\x2b\x65\x71"), /* Ed448, 1.3.101.113 */
		OID("\x60\x86\x48\x01\x65\x03\x04\x03\x11"), /* ML-DSA-44, 2.16.840.1.101.3.4.3.17 */
		OID("\x60\x86\x48\x01\x65\x03\x04\x03\x12"), /* ML-DSA-65 */
		OID("\x60\x86\x48\x01\x65\x03\x04\x03\x13"), /* ML-DSA-87 */
	};
	for (size_t i = 0; i < array_size(known); i++)
		if (view_equal(oid, known[i]))
			return true;
	return false;
}

/* Parameters of one's own making are no curve that is known. */
static bool is_curve(struct view oid)
{
	const struct view known[] = {
		OID("\x2a\x86\x48\xce\x3d\x03\x01\x07"), /* P-256, 1.2.840.10045.3.1.7 */
		OID("\x2b\x81\x04\x00\x22"), /* P-384, 1.3.132.0.34 */
		OID("\x2b\x81\x04\x00\x23"), /* P-521 */
		/* brainpoolP256r1, P384r1, P512r1, 1.3.36.3.3.2.8.1.1.7, 11, 13 (RFC 5639) */
		OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x07"),
		OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0b"),
		OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0d"),
	};
	for (size_t i = 0; i < array_size(known); i++)
		if (view_equal(oid, known[i]))
			return true;
	return false;
}

/* An INTEGER's octets without the zero that keeps it positive; empty: not positive, not minimal. */
static struct view take_positive(struct cursor *c)
{
	struct view number = der_take(c, DER_INTEGER);
	if (number.size > 1 && number.data[0] == 0 && (number.data[1] & 0x80))
		return view_of(number.data + 1, number.size - 1);
	bool wrong = number.size == 0 || number.data[0] == 0 || (number.data[0] & 0x80);
	return wrong ? (struct view){0} : number;
}

/* RSAPublicKey ::= SEQUENCE { modulus, publicExponent } */
static const char *rsa_fault(struct view bits)
{
	struct cursor c = cursor_of(bits);
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	struct view modulus = take_positive(&fields), exponent = take_positive(&fields);
	der_leave(&c, &fields);
	if (cursor_end(&c) < 0 || modulus.size == 0 || exponent.size == 0)
		return "its RSA key is malformed";
	if (modulus.size < LIMIT_REQUESTOR_RSA_LEAST ||
	    !(modulus.data[0] & 0x80 || modulus.size > LIMIT_REQUESTOR_RSA_LEAST))
		return "its RSA key has less than 2048 bits";
	if (modulus.size > LIMIT_REQUESTOR_RSA)
		return "its RSA key has more than 4096 bits";
	bool odd = (modulus.data[modulus.size - 1] & exponent.data[exponent.size - 1]) & 1;
	bool one = exponent.size == 1 && exponent.data[0] == 1;
	if (exponent.size > LIMIT_REQUESTOR_EXPONENT || !odd || one)
		return "its RSA key's exponent is even, 1, or of more than 32 bits";
	return NULL;
}

const char *strength_key_fault(struct view spki)
{
	struct cursor c = cursor_of(spki);
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	struct cursor algorithm = der_enter(&fields, DER_SEQUENCE);
	struct view oid = der_oid(&algorithm);
	struct cursor bits = cursor_of(der_take(&fields, DER_BIT_STRING));
	der_leave(&c, &fields);
	if (cursor_u8(&bits) != 0 || bits.failed || cursor_end(&c) < 0)
		return "its key is malformed";
	if (view_equal(oid, RSA_ENCRYPTION) || view_equal(oid, RSASSA_PSS))
		return rsa_fault(bits.rest);
	if (view_equal(oid, EC_PUBLIC_KEY))
		return is_curve(der_oid(&algorithm)) ? NULL : "its key's curve is not known";
	return is_of_fixed_size(oid) ? NULL : "its key is of a kind that is not known";
}
