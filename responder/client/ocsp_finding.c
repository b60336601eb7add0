/* One SingleResponse: about this certificate, understood, within its times. */
#include "client/ocsp_finding.h"

#include "base/timetext.h"

#include <openssl/x509v3.h>

/* What is understood of a SingleResponse, so that it may be critical. */
static const char *const known_extensions[] = {
	"1.3.6.1.5.5.7.48.1.3", /* CrlID */
	"1.3.6.1.5.5.7.48.1.6", /* archiveCutoff */
	"2.5.29.24", /* invalidityDate */
	"1.3.36.8.3.13", /* certHash */
	NULL,
};
#define CERT_HASH "1.3.36.8.3.13"

static int refuse(struct fault *fault, const char *why)
{
	return fault_set(fault, OCSP_ANSWER_REFUSED, "%s", why);
}

static void generalized_freep(ASN1_GENERALIZEDTIME **time)
{
	ASN1_GENERALIZEDTIME_free(*time);
}

static void digest_info_freep(X509_SIG **digest)
{
	X509_SIG_free(*digest);
}

static void object_freep(ASN1_OBJECT **object)
{
	ASN1_OBJECT_free(*object);
}

static void extensions_freep(STACK_OF(X509_EXTENSION) * *extensions)
{
	sk_X509_EXTENSION_free(*extensions);
}

int ocsp_time_read(const ASN1_GENERALIZEDTIME *time, int64_t *ret)
{
	if (!time)
		return -EINVAL;
	return time_parse_generalized(
		view_of(ASN1_STRING_get0_data(time), (size_t)ASN1_STRING_length(time)), ret);
}

/* ---- extensions ---- */

static bool is_known(const ASN1_OBJECT *object, const char *const *known)
{
	char oid[80];
	(void)OBJ_obj2txt(oid, sizeof(oid), object, 1);
	for (; *known; known++)
		if (strcmp(oid, *known) == 0)
			return true;
	return false;
}

static bool came_before(const STACK_OF(X509_EXTENSION) * extensions, int at)
{
	ASN1_OBJECT *object = X509_EXTENSION_get_object(sk_X509_EXTENSION_value(extensions, at));
	return X509v3_get_ext_by_OBJ(extensions, object, -1) < at;
}

int ocsp_extensions_check(const STACK_OF(X509_EXTENSION) * extensions, const char *const *known,
			  struct fault *fault)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		X509_EXTENSION *extension = sk_X509_EXTENSION_value(extensions, i);
		const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
		if (came_before(extensions, i))
			return refuse(fault, "the answer has an extension twice");
		if (X509_EXTENSION_get_critical(extension) && !is_known(object, known))
			return refuse(fault,
				      "the answer has a critical extension that is not understood");
	}
	return 0;
}

/* Borrowed ones, in a list of their own: OCSP_SINGLERESP gives them out one by one only. */
static STACK_OF(X509_EXTENSION) * extensions_of(OCSP_SINGLERESP *single)
{
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	for (int i = 0; extensions && i < OCSP_SINGLERESP_get_ext_count(single); i++)
		(void)sk_X509_EXTENSION_push(extensions, OCSP_SINGLERESP_get_ext(single, i));
	return extensions;
}

static int read_extension_time(OCSP_SINGLERESP *single, int nid, int64_t *ret, struct fault *fault)
{
	if (OCSP_SINGLERESP_get_ext_by_NID(single, nid, -1) < 0)
		return 0;
	cleanup(generalized_freep) ASN1_GENERALIZEDTIME *time =
		OCSP_SINGLERESP_get1_ext_d2i(single, nid, NULL, NULL);
	return ocsp_time_read(time, ret) < 0 ? refuse(fault, "the answer's times are not readable")
					     : 0;
}

/* CertHash ::= SEQUENCE { AlgorithmIdentifier, OCTET STRING }: the certificate that the responder
 * means has these contents, not only this serial number (P-30). */
static int check_cert_hash(const ASN1_OCTET_STRING *value, X509 *certificate,
			   struct ocsp_finding *finding)
{
	const unsigned char *p = ASN1_STRING_get0_data(value);
	cleanup(digest_info_freep) X509_SIG *hash =
		d2i_X509_SIG(NULL, &p, ASN1_STRING_length(value));
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OCTET_STRING *said = NULL;
	const ASN1_OBJECT *object = NULL;
	unsigned char octets[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	if (!hash)
		return refuse(&finding->fault, "the answer's certHash is not readable");
	X509_SIG_get0(hash, &algorithm, &said);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	const EVP_MD *digest = EVP_get_digestbyobj(object);
	if (!digest || X509_digest(certificate, digest, octets, &size) != 1)
		return refuse(&finding->fault, "the answer's certHash is of an unknown kind");
	if (!view_equal(view_of(ASN1_STRING_get0_data(said), (size_t)ASN1_STRING_length(said)),
			view_of(octets, size)))
		return refuse(&finding->fault,
			      "the answer is about a certificate with other contents (certHash)");
	finding->cert_hash = true;
	return 0;
}

static int read_extensions(OCSP_SINGLERESP *single, X509 *certificate, struct ocsp_finding *finding)
{
	cleanup(extensions_freep) STACK_OF(X509_EXTENSION) *extensions = extensions_of(single);
	cleanup(object_freep) ASN1_OBJECT *cert_hash = OBJ_txt2obj(CERT_HASH, 1);
	if (!extensions || !cert_hash)
		return refuse(&finding->fault, "out of memory");
	int result = ocsp_extensions_check(extensions, known_extensions, &finding->fault);
	if (result == 0)
		result = read_extension_time(single, NID_invalidity_date, &finding->invalidity_at,
					     &finding->fault);
	if (result == 0)
		result = read_extension_time(single, NID_id_pkix_OCSP_archiveCutoff,
					     &finding->archive_cutoff, &finding->fault);
	int at = X509v3_get_ext_by_OBJ(extensions, cert_hash, -1);
	if (result == 0 && at >= 0 && certificate)
		result = check_cert_hash(
			X509_EXTENSION_get_data(sk_X509_EXTENSION_value(extensions, at)),
			certificate, finding);
	return result;
}

/* ---- status and times ---- */

static int read_status(OCSP_SINGLERESP *single, struct ocsp_finding *finding)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
	int reason = -1;
	int status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
	if (ocsp_time_read(this_update, &finding->this_update) < 0 ||
	    (next_update && ocsp_time_read(next_update, &finding->next_update) < 0))
		return refuse(&finding->fault, "the answer's times are not readable");
	if (status == V_OCSP_CERTSTATUS_REVOKED &&
	    ocsp_time_read(revoked, &finding->revoked_at) < 0)
		return refuse(&finding->fault, "the answer's revocation time is not readable");
	finding->status = status == V_OCSP_CERTSTATUS_GOOD      ? OCSP_GOOD
			  : status == V_OCSP_CERTSTATUS_REVOKED ? OCSP_REVOKED
								: OCSP_UNKNOWN;
	finding->reason = (enum revocation_reason)reason;
	if (!reason_name(finding->reason))
		finding->reason = REASON_NONE;
	return 0;
}

/* Without nextUpdate nothing but the nonce says that the answer is not an old one. */
static int check_times(struct ocsp_finding *finding, bool nonce_echoed, int64_t now, int64_t skew)
{
	char text[ISO_TIME_SIZE + 1] = "";
	time_put_iso(text, finding->this_update);
	if (finding->this_update > now + skew)
		return fault_set(&finding->fault, OCSP_ANSWER_REFUSED,
				 "the answer is from the future (thisUpdate %s)", text);
	if (finding->next_update == TIME_NONE)
		return nonce_echoed
			       ? 0
			       : refuse(&finding->fault, "the answer has neither nextUpdate "
							 "nor our nonce: it may be of any age");
	time_put_iso(text, finding->next_update);
	if (finding->next_update < finding->this_update)
		return refuse(&finding->fault, "the answer's nextUpdate is before its thisUpdate");
	if (finding->next_update < now - skew)
		return fault_set(&finding->fault, OCSP_ANSWER_REFUSED,
				 "the answer is out of date (nextUpdate %s)", text);
	return 0;
}

/* ---- finding it ---- */

static bool same_encoding(OCSP_SINGLERESP *a, OCSP_SINGLERESP *b)
{
	unsigned char *one = NULL, *other = NULL;
	int one_size = i2d_OCSP_SINGLERESP(a, &one), other_size = i2d_OCSP_SINGLERESP(b, &other);
	bool same = one_size > 0 && other_size > 0 &&
		    view_equal(view_of(one, (size_t)one_size), view_of(other, (size_t)other_size));
	OPENSSL_free(one);
	OPENSSL_free(other);
	return same;
}

/* A certificate that was asked twice may be answered twice, in the same words. */
static int find_single(const OCSP_CERTID *id, OCSP_BASICRESP *basic, OCSP_SINGLERESP **ret,
		       struct fault *fault)
{
	OCSP_SINGLERESP *found = NULL;
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		if (OCSP_id_cmp(OCSP_SINGLERESP_get0_id(single), id) != 0)
			continue;
		if (found && !same_encoding(found, single))
			return refuse(fault, "the answer contradicts itself");
		found = single;
	}
	if (!found)
		return refuse(fault, "the answer is about another certificate");
	*ret = found;
	return 0;
}

void ocsp_finding_read(const struct ocsp_question *question, unsigned i, OCSP_BASICRESP *basic,
		       bool nonce_echoed, int64_t now, int64_t skew, struct ocsp_finding *ret)
{
	struct ocsp_finding finding = {
		.revoked_at = TIME_NONE,
		.invalidity_at = TIME_NONE,
		.archive_cutoff = TIME_NONE,
		.next_update = TIME_NONE,
		.reason = REASON_NONE,
	};
	OCSP_SINGLERESP *single = NULL;
	int result = find_single(question->ids[i], basic, &single, &finding.fault);
	if (result == 0)
		result = read_extensions(single, question->certificates[i], &finding);
	if (result == 0)
		result = read_status(single, &finding);
	if (result == 0)
		result = check_times(&finding, nonce_echoed, now, skew);
	finding.proven = result == 0;
	*ret = finding;
}
