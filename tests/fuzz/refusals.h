/* The documented differences: why we refuse a request that OpenSSL accepts. Written over OpenSSL's
 * own reading of the request, not over ours, so that the fuzz target can hold both sides to it: what
 * we refuse has a reason here, and what we accept has none.
 *
 *   P-2   octets after the request
 *   P-3   no CertID
 *   P-4   a version other than v1
 *   P-5   BER: what DER would write in other octets; DEFAULT FALSE written out, TRUE that is not FF;
 *         a tag of several octets, a SEQUENCE in primitive form
 *   P-6   a serial number of no octet, padded, or longer than LIMIT_SERIAL
 *   P-9   hashes of other sizes than their algorithm's, or of two sizes; a CertID over LIMIT_CERTID
 *   P-10  parameters of the hash algorithm other than NULL
 *   P-11  more CertIDs than the policy allows
 *   P-13  an unknown critical extension, where the policy refuses it
 *   P-14  an extension twice, or more than LIMIT_EXTENSIONS
 *   P-15  a signature: unused bits or no octet, more than LIMIT_REQUEST_CHAIN certificates, a
 *         requestor that is no directoryName
 *   P-16  a nonce of no octet or more than LIMIT_NONCE: those inside its OCTET STRING or, where there
 *         is none in DER (a raw nonce), those that stand in its place
 *   P-18  response types that are no list of OIDs with the basic one in it */
#pragma once

#include "ocsp/request.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

/* ---- strict TLVs (P-5) ---- */

#define REFUSALS_DEPTH 64

/* SEQUENCE, SET and their like are constructed, and nothing else is; other classes say neither. */
static inline bool has_right_form(int form, int tag, int class)
{
	bool constructed = tag == V_ASN1_SEQUENCE || tag == V_ASN1_SET || tag == V_ASN1_EXTERNAL;
	return class != V_ASN1_UNIVERSAL || constructed == ((form & V_ASN1_CONSTRUCTED) != 0);
}

/* What ASN1_get_object() reads is what ASN1_put_object() would write, all the way down. */
static inline bool is_strict(struct view der, int depth)
{
	while (der.size > 0) {
		const unsigned char *p = der.data;
		long size = 0;
		int tag = 0, class = 0;
		int form = ASN1_get_object(&p, &size, &tag, &class, (long)der.size);
		size_t header = (size_t)(p - der.data);
		if (form & 0x80 || form & 1 || tag > 30 || (tag == 0 && class == 0) ||
		    !has_right_form(form, tag, class))
			return false;
		if (ASN1_object_size(0, (int)size, tag) != (int)header + (int)size)
			return false;
		if (form & V_ASN1_CONSTRUCTED &&
		    (depth == REFUSALS_DEPTH || !is_strict(view_of(p, (size_t)size), depth + 1)))
			return false;
		der = view_of(p + size, der.size - header - (size_t)size);
	}
	return true;
}

/* The content of the first value in `der`, and its tag with its class; 0: there is none. */
static inline int first_value(struct view der, struct view *content)
{
	const unsigned char *p = der.data;
	long size = 0;
	int tag = 0, class = 0;
	if (der.size == 0 || ASN1_get_object(&p, &size, &tag, &class, (long)der.size) & 0x80)
		return 0;
	*content = view_of(p, (size_t)size);
	return tag | class;
}

/* ---- the parts ---- */

static inline bool is_same_again(OCSP_REQUEST *request, struct view der)
{
	unsigned char *again = NULL;
	int size = i2d_OCSP_REQUEST(request, &again);
	bool same = size > 0 && view_equal(view_of(again, (size_t)size), der);
	OPENSSL_free(again);
	return same;
}

/* tbsRequest begins with [0] { INTEGER 0 }, or with something else. */
static inline bool is_version_1(struct view der)
{
	struct view whole = {0}, tbs = {0}, wrapper = {0}, number = {0};
	(void)first_value(der, &whole);
	(void)first_value(whole, &tbs);
	if (first_value(tbs, &wrapper) != V_ASN1_CONTEXT_SPECIFIC)
		return true;
	return first_value(wrapper, &number) == V_ASN1_INTEGER && number.size == 1 &&
	       number.data[0] == 0;
}

static inline size_t hash_size(const ASN1_OBJECT *object)
{
	static const struct {
		int nid;
		size_t size;
	} known[] = {{NID_sha1, 20},       {NID_sha256, 32},     {NID_sha384, 48},
		     {NID_sha512, 64},     {NID_md5, 16},        {NID_sha224, 28},
		     {NID_sha512_224, 28}, {NID_sha512_256, 32}, {NID_sha3_224, 28},
		     {NID_sha3_256, 32},   {NID_sha3_384, 48},   {NID_sha3_512, 64}};
	for (size_t i = 0; i < array_size(known); i++)
		if (OBJ_obj2nid(object) == known[i].nid)
			return known[i].size;
	return 0;
}

/* hashAlgorithm has no accessor: it is the first value of the CertID. */
static inline const char *refusal_of_algorithm(struct view certid)
{
	struct view fields = {0}, algorithm = {0}, oid = {0}, rest = {0};
	(void)first_value(certid, &fields);
	(void)first_value(fields, &algorithm);
	(void)first_value(algorithm, &oid);
	const uint8_t *end = oid.data + oid.size;
	rest = view_of(end, algorithm.size - (size_t)(end - algorithm.data));
	if (rest.size > 0 && !view_equal(rest, view_of("\5", 2)))
		return "P-10";
	return NULL;
}

static inline const char *refusal_of_serial(const ASN1_INTEGER *serial)
{
	int size = i2d_ASN1_INTEGER(serial, NULL);
	int header = size > 0x81 ? 3 : 2;
	return size - header < 1 || size - header > (int)LIMIT_SERIAL ? "P-6" : NULL;
}

static inline const char *refusal_of_certid(OCSP_CERTID *id)
{
	ASN1_OCTET_STRING *name = NULL, *key = NULL;
	ASN1_OBJECT *algorithm = NULL;
	ASN1_INTEGER *serial = NULL;
	unsigned char *der = NULL;
	OCSP_id_get0_info(&name, &algorithm, &key, &serial, id);
	int size = i2d_OCSP_CERTID(id, &der);
	const char *why = refusal_of_algorithm(view_of(der, size > 0 ? (size_t)size : 0));
	OPENSSL_free(der);
	size_t expected = hash_size(algorithm);
	size_t octets = (size_t)ASN1_STRING_length(name);
	if (!why && (size > (int)LIMIT_CERTID || octets == 0 ||
		     octets != (size_t)ASN1_STRING_length(key) || (expected && expected != octets)))
		why = "P-9";
	return why ? why : refusal_of_serial(serial);
}

/* ---- extensions ---- */

static inline struct view value_of(X509_EXTENSION *extension)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	return view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
}

static inline bool has_der_boolean(X509_EXTENSION *extension)
{
	unsigned char *der = NULL;
	int size = i2d_X509_EXTENSION(extension, &der);
	struct view fields = {0}, oid = {0}, flag = {0};
	(void)first_value(view_of(der, size > 0 ? (size_t)size : 0), &fields);
	(void)first_value(fields, &oid);
	const uint8_t *end = oid.data + oid.size;
	int tag = first_value(view_of(end, fields.size - (size_t)(end - fields.data)), &flag);
	bool well = tag != V_ASN1_BOOLEAN || (flag.size == 1 && flag.data[0] == 0xff);
	OPENSSL_free(der);
	return well;
}

static inline bool is_nonce(struct view value)
{
	struct view inner = {0};
	bool wrapped = is_strict(value, 0) && first_value(value, &inner) == V_ASN1_OCTET_STRING &&
		       (value.data[0] & 0x20) == 0 &&
		       inner.data + inner.size == value.data + value.size;
	size_t size = wrapped ? inner.size : value.size;
	return size >= 1 && size <= LIMIT_NONCE;
}

/* ExtKeyUsageSyntax has the same form, so its reader serves. */
static inline bool names_basic(struct view value)
{
	const unsigned char *p = value.data;
	EXTENDED_KEY_USAGE *types = d2i_EXTENDED_KEY_USAGE(NULL, &p, (long)value.size);
	bool basic = false;
	for (int i = 0; i < sk_ASN1_OBJECT_num(types); i++)
		basic |= OBJ_obj2nid(sk_ASN1_OBJECT_value(types, i)) == NID_id_pkix_OCSP_basic;
	unsigned char *again = NULL;
	int size = types ? i2d_EXTENDED_KEY_USAGE(types, &again) : 0;
	bool is_der = size > 0 && view_equal(view_of(again, (size_t)size), value);
	OPENSSL_free(again);
	EXTENDED_KEY_USAGE_free(types);
	return basic && is_der;
}

/* Extensions of the request, or of one CertID, by number. */
struct refusals_list {
	OCSP_REQUEST *request; /* or NULL */
	OCSP_ONEREQ *single;
	int count;
};

static inline X509_EXTENSION *extension_at(const struct refusals_list *list, int i)
{
	return list->request ? OCSP_REQUEST_get_ext(list->request, i)
			     : OCSP_ONEREQ_get_ext(list->single, i);
}

static inline bool came_before(const struct refusals_list *list, int at)
{
	const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension_at(list, at));
	for (int i = 0; i < at; i++)
		if (OBJ_cmp(X509_EXTENSION_get_object(extension_at(list, i)), object) == 0)
			return true;
	return false;
}

/* id-pkix-ocsp: nonce, serviceLocator; of the request also response types and preferred algorithms. */
static inline bool is_known(const struct refusals_list *list, const char *oid)
{
	static const char prefix[] = "1.3.6.1.5.5.7.48.1.";
	if (strncmp(oid, prefix, strlen(prefix)) != 0)
		return false;
	const char *last = oid + strlen(prefix);
	return strcmp(last, "2") == 0 || strcmp(last, "7") == 0 ||
	       (list->request && (strcmp(last, "4") == 0 || strcmp(last, "8") == 0));
}

static inline const char *refusal_of_extension(const struct refusals_list *list, int i,
					       enum ocsp_critical critical)
{
	X509_EXTENSION *extension = extension_at(list, i);
	char oid[128];
	(void)OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(extension), 1);
	if (!has_der_boolean(extension))
		return "P-5";
	if (came_before(list, i))
		return "P-14";
	if (list->request && strcmp(oid, "1.3.6.1.5.5.7.48.1.2") == 0)
		return is_nonce(value_of(extension)) ? NULL : "P-16";
	if (list->request && strcmp(oid, "1.3.6.1.5.5.7.48.1.4") == 0)
		return names_basic(value_of(extension)) ? NULL : "P-18";
	return !is_known(list, oid) && X509_EXTENSION_get_critical(extension) &&
			       critical == OCSP_CRITICAL_REFUSE
		       ? "P-13"
		       : NULL;
}

static inline const char *refusal_of_extensions(const struct refusals_list *list,
						enum ocsp_critical critical)
{
	const char *why = list->count > (int)LIMIT_EXTENSIONS ? "P-14" : NULL;
	for (int i = 0; !why && i < list->count; i++)
		why = refusal_of_extension(list, i, critical);
	return why;
}

/* ---- the whole ---- */

static inline const char *refusal_of_singles(OCSP_REQUEST *request,
					     const struct ocsp_request_policy *policy)
{
	int count = OCSP_request_onereq_count(request);
	int most = (int)policy->most_certids;
	const char *why = count < 1 ? "P-3" : count > most ? "P-11" : NULL;
	for (int i = 0; !why && i < count; i++) {
		OCSP_ONEREQ *single = OCSP_request_onereq_get0(request, i);
		const struct refusals_list list = {NULL, single, OCSP_ONEREQ_get_ext_count(single)};
		why = refusal_of_certid(OCSP_onereq_get0_id(single));
		if (!why)
			why = refusal_of_extensions(&list, policy->critical);
	}
	return why;
}

/* optionalSignature and requestorName have no accessors: they are looked for in the bytes, which are
 * strict by now. */
static inline struct view after(struct view value, struct view within)
{
	const uint8_t *end = value.data + value.size;
	return view_of(end, within.size - (size_t)(end - within.data));
}

static inline bool chain_is_short(struct view signature)
{
	struct view algorithm = {0}, bits = {0}, wrapper = {0}, list = {0}, one = {0};
	unsigned count = 0;
	(void)first_value(signature, &algorithm);
	(void)first_value(after(algorithm, signature), &bits);
	struct view rest = after(bits, signature);
	if (rest.size == 0)
		return true;
	(void)first_value(rest, &wrapper);
	(void)first_value(wrapper, &list);
	for (; list.size > 0; list = after(one, list), count++)
		(void)first_value(list, &one);
	return count <= LIMIT_REQUEST_CHAIN;
}

static inline const char *refusal_of_signature(struct view der)
{
	struct view whole = {0}, tbs = {0}, wrapper = {0}, signature = {0};
	struct view algorithm = {0}, bits = {0}, version = {0}, requestor = {0}, name = {0};
	(void)first_value(der, &whole);
	(void)first_value(whole, &tbs);
	struct view rest = after(tbs, whole);
	if (rest.size == 0)
		return NULL;
	(void)first_value(rest, &wrapper);
	(void)first_value(wrapper, &signature);
	(void)first_value(signature, &algorithm);
	(void)first_value(after(algorithm, signature), &bits);
	if (bits.size < 2 || bits.data[0] != 0 || !chain_is_short(signature))
		return "P-15";
	rest = tbs;
	if (first_value(rest, &version) == V_ASN1_CONTEXT_SPECIFIC)
		rest = after(version, rest);
	if (first_value(rest, &requestor) != (V_ASN1_CONTEXT_SPECIFIC | 1))
		return NULL;
	return first_value(requestor, &name) == (V_ASN1_CONTEXT_SPECIFIC | 4) ? NULL : "P-15";
}

/* The requirement by which a request that OpenSSL has read is to be refused, or NULL. With `shallow`
 * strictness is not asked of what lies within: where we accept, we have not looked into names and
 * certificates. */
static inline const char *refusal_of(OCSP_REQUEST *request, struct view der, bool shallow,
				     const struct ocsp_request_policy *policy)
{
	const char *why = NULL;
	if (!shallow && (!is_same_again(request, der) || !is_strict(der, 0)))
		why = "P-5";
	if (!why && !is_version_1(der))
		why = "P-4";
	if (!why)
		why = refusal_of_singles(request, policy);
	const struct refusals_list list = {request, NULL, OCSP_REQUEST_get_ext_count(request)};
	if (!why)
		why = refusal_of_extensions(&list, policy->critical);
	return why ? why : refusal_of_signature(der);
}
