/* What a DER value is that is no certificate, and the certificates that one may contain. */
#include "ocsp/certificate.h"
#include "ocsp/der.h"
#include "tool/certinput_parts.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

/* Deriving a key from the empty password takes as many turns as the file says; this is half a second,
 * and far more than any program uses. */
#define ITERATIONS_MOST 1000000

/* Past the header of a value that may be BER: false if there is none. */
static bool take_header(struct cursor *c, uint8_t *ret_tag, size_t *ret_size)
{
	*ret_tag = cursor_u8(c);
	size_t size = cursor_u8(c);
	if (size > 0x84)
		return false;
	if (size > 0x80) {
		unsigned octets = (unsigned)size & 7;
		for (size = 0; octets > 0; octets--)
			size = size << 8 | cursor_u8(c);
	} else if (size == 0x80) {
		size = c->rest.size; /* an end is marked somewhere in it */
	}
	*ret_size = size;
	return !c->failed && size <= c->rest.size;
}

struct view element_take(struct view *bytes)
{
	struct cursor c = cursor_of(*bytes);
	struct view whole = *bytes;
	uint8_t tag;
	size_t size;
	if (take_header(&c, &tag, &size))
		(void)cursor_take(&c, size);
	else
		(void)cursor_take(&c, c.rest.size);
	*bytes = c.failed ? (struct view){0} : c.rest;
	return view_of(whole.data, whole.size - bytes->size);
}

/* ---- kinds ---- */

static bool is_item(struct view der, const ASN1_ITEM *item)
{
	const unsigned char *p = der.data;
	ASN1_VALUE *value = ASN1_item_d2i(NULL, &p, (long)der.size, item);
	ERR_clear_error();
	ASN1_item_free(value, item);
	return value != NULL;
}

/* Version 0 or 1, then a number (RSA, DSA), an octet string (a curve) or an algorithm (PKCS#8): by its
 * shape, because trying every decoder of OpenSSL takes it a hundredth of a second. */
static bool is_private_key(struct view der)
{
	struct cursor whole = cursor_of(der);
	struct cursor key = der_enter(&whole, DER_SEQUENCE);
	struct view version = der_take(&key, DER_INTEGER);
	uint8_t next = der_any(&key).tag;
	return !key.failed && version.size == 1 && version.data[0] <= 1 &&
	       (next == DER_INTEGER || next == DER_OCTET_STRING || next == DER_SEQUENCE);
}

const char *element_kind(struct view der)
{
	struct certificate certificate;
	if (certificate_read(der, &certificate) == 0)
		return NULL;
	if (is_item(der, ASN1_ITEM_rptr(X509_CRL)))
		return "a certificate revocation list";
	if (is_item(der, ASN1_ITEM_rptr(X509_REQ)))
		return "a certificate signing request";
	if (is_private_key(der))
		return "a private key";
	if (is_item(der, ASN1_ITEM_rptr(X509_PUBKEY)))
		return "a public key";
	if (is_item(der, ASN1_ITEM_rptr(X509_SIG)))
		return "an encrypted private key";
	if (is_item(der, ASN1_ITEM_rptr(OCSP_RESPONSE)))
		return "an OCSP response";
	return NULL;
}

/* ContentInfo begins with an object identifier, PFX with the number 3. */
bool element_is_package(struct view der)
{
	static const uint8_t version[] = {0x02, 0x01, 0x03, 0x30};
	struct cursor c = cursor_of(der);
	uint8_t tag;
	size_t size;
	if (!take_header(&c, &tag, &size) || tag != DER_SEQUENCE || c.rest.size < sizeof(version))
		return false;
	return c.rest.data[0] == DER_OID || memcmp(c.rest.data, version, sizeof(version)) == 0;
}

/* ---- packages ---- */

static int put_certificate(struct buffer *out, X509 *certificate, unsigned *count)
{
	int size = i2d_X509(certificate, NULL);
	uint8_t *room = size > 0 ? buffer_reserve(out, (size_t)size) : NULL;
	if (!room)
		return size > 0 ? -ENOMEM : 0;
	if (i2d_X509(certificate, &room) != size)
		return -ENOMEM;
	out->size += (size_t)size;
	++*count;
	return 0;
}

static int put_certificates(struct buffer *out, const STACK_OF(X509) * certificates,
			    unsigned *count)
{
	int result = 0;
	for (int i = 0; result == 0 && i < sk_X509_num(certificates); i++)
		result = put_certificate(out, sk_X509_value(certificates, i), count);
	return result;
}

static void cms_freep(CMS_ContentInfo **cms)
{
	CMS_ContentInfo_free(*cms);
}

static void certificates_freep(STACK_OF(X509) * *certificates)
{
	sk_X509_pop_free(*certificates, X509_free);
}

static int unpack_cms(CMS_ContentInfo *cms, struct buffer *out, unsigned *count,
		      const char **ret_kind)
{
	cleanup(certificates_freep) STACK_OF(X509) *certificates = CMS_get1_certs(cms);
	bool is_signed = OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed;
	ERR_clear_error();
	*ret_kind = is_signed ? "a PKCS#7 (CMS) file without certificates"
			      : "a PKCS#7 (CMS) message that is no list of certificates";
	return put_certificates(out, certificates, count);
}

static void pkcs12_freep(PKCS12 **pkcs12)
{
	PKCS12_free(*pkcs12);
}

static void safes_freep(STACK_OF(PKCS7) * *safes)
{
	sk_PKCS7_pop_free(*safes, PKCS7_free);
}

static void bags_freep(STACK_OF(PKCS12_SAFEBAG) * *bags)
{
	sk_PKCS12_SAFEBAG_pop_free(*bags, PKCS12_SAFEBAG_free);
}

static bool is_affordable(const ASN1_INTEGER *iterations)
{
	int64_t count = 0;
	return !iterations ||
	       (ASN1_INTEGER_get_int64(&count, iterations) == 1 && count <= ITERATIONS_MOST);
}

static bool is_affordable_pbkdf2(const X509_ALGOR *function)
{
	PBKDF2PARAM *parameters =
		ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), function->parameter);
	bool affordable = parameters && is_affordable(parameters->iter);
	PBKDF2PARAM_free(parameters);
	return affordable;
}

/* Whether it may be tried. What is neither of these two is left alone. */
static bool is_affordable_algorithm(const X509_ALGOR *algorithm)
{
	if (!algorithm || !algorithm->parameter)
		return false;
	PBE2PARAM *second = NULL;
	PBEPARAM *first = NULL;
	bool affordable = false;
	if (OBJ_obj2nid(algorithm->algorithm) == NID_pbes2) {
		second = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
		affordable = second && second->keyfunc && second->keyfunc->parameter &&
			     OBJ_obj2nid(second->keyfunc->algorithm) == NID_id_pbkdf2 &&
			     is_affordable_pbkdf2(second->keyfunc);
	} else {
		first = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
		affordable = first && is_affordable(first->iter);
	}
	PBE2PARAM_free(second);
	PBEPARAM_free(first);
	return affordable;
}

/* "No password" is two things, the empty one and none at all. */
static STACK_OF(PKCS12_SAFEBAG) * decrypt(PKCS7 *safe)
{
	const PKCS7_ENCRYPT *encrypted = safe->d.encrypted;
	if (!encrypted || !encrypted->enc_data ||
	    !is_affordable_algorithm(encrypted->enc_data->algorithm))
		return NULL;
	STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7encdata(safe, "", 0);
	return bags ? bags : PKCS12_unpack_p7encdata(safe, NULL, 0);
}

static int put_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, struct buffer *out, unsigned *count)
{
	int result = 0;
	for (int i = 0; result == 0 && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		X509 *certificate = PKCS12_SAFEBAG_get_nid(bag) == NID_certBag
					    ? PKCS12_SAFEBAG_get1_cert(bag)
					    : NULL;
		if (certificate)
			result = put_certificate(out, certificate, count);
		X509_free(certificate);
	}
	return result;
}

static int unpack_safe(PKCS7 *safe, struct buffer *out, unsigned *count, struct fault *fault)
{
	bool is_plain = OBJ_obj2nid(safe->type) == NID_pkcs7_data;
	bool is_encrypted = OBJ_obj2nid(safe->type) == NID_pkcs7_encrypted;
	cleanup(bags_freep) STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	if (is_plain)
		bags = PKCS12_unpack_p7data(safe);
	else if (is_encrypted)
		bags = decrypt(safe);
	if (!bags)
		return fault_set(fault, -EBADMSG,
				 "a PKCS#12 file with a password: take its certificates out with "
				 "`openssl pkcs12 -nokeys -in FILE`");
	return put_bags(bags, out, count);
}

/* The MAC is not looked at: it guards against those who do not know the password, and whoever reads
 * without one does not know it either. Each certificate is proven by its signature. */
static int unpack_pkcs12(PKCS12 *pkcs12, struct buffer *out, unsigned *count, const char **ret_kind,
			 struct fault *fault)
{
	cleanup(safes_freep) STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(pkcs12);
	int result = 0;
	*ret_kind = "a PKCS#12 file without certificates";
	if (!safes)
		return fault_set(fault, -EBADMSG, "a PKCS#12 file that cannot be read");
	for (int i = 0; result == 0 && i < sk_PKCS7_num(safes); i++)
		result = unpack_safe(sk_PKCS7_value(safes, i), out, count, fault);
	return result;
}

int element_unpack(struct view der, struct buffer *out, unsigned *ret_count, const char **ret_kind,
		   struct fault *fault)
{
	const unsigned char *p = der.data, *q = der.data;
	cleanup(cms_freep) CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.size);
	cleanup(pkcs12_freep) PKCS12 *pkcs12 = cms ? NULL : d2i_PKCS12(NULL, &q, (long)der.size);
	int result =
		fault_set(fault, -EBADMSG, "neither a whole certificate nor PKCS#7 or PKCS#12");
	*ret_count = 0;
	if (cms)
		result = unpack_cms(cms, out, ret_count, ret_kind);
	else if (pkcs12)
		result = unpack_pkcs12(pkcs12, out, ret_count, ret_kind, fault);
	ERR_clear_error();
	return result;
}
