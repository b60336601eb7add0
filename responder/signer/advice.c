/* What can be used but is unwise, or refused by the issuer's profile (P-35, P-39). */
#include "signer/proof.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* SHA-1 counts as 63 bits, MD5 as 39. */
#define DIGEST_BITS_LEAST 100

static void advise(struct findings *out, enum finding_kind kind, const char *path)
{
	findings_add(out, kind, path, NULL);
}

enum nocheck { NOCHECK_ABSENT, NOCHECK_OTHER, NOCHECK_RIGHT };

/* Right with the value NULL, 05 00, and nothing else (P-35). */
static enum nocheck nocheck_of(const X509 *x509)
{
	int index = X509_get_ext_by_NID(x509, NID_id_pkix_OCSP_noCheck, -1);
	if (index < 0)
		return NOCHECK_ABSENT;
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(x509, index));
	bool right =
		view_equal(view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)),
			   view_of("\x05\x00", 2));
	return right ? NOCHECK_RIGHT : NOCHECK_OTHER;
}

static bool has_extension(const X509 *x509, int nid)
{
	return X509_get_ext_by_NID(x509, nid, -1) >= 0;
}

/* Of the responder's own certificate: clients might ask it about itself. */
static bool names_responder(const X509 *x509)
{
	AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(x509, NID_info_access, NULL, NULL);
	bool found = false;
	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++)
		found = found ||
			OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(access, i)->method) == NID_ad_OCSP;
	AUTHORITY_INFO_ACCESS_free(access);
	return found;
}

static void advise_delegate(const struct certfile *signer, struct findings *out)
{
	static const struct {
		int nid;
		enum finding_kind kind;
	} unwanted[] = {
		{NID_certificate_policies, FINDING_SIGNER_POLICIES},
		{NID_crl_distribution_points, FINDING_SIGNER_CRL_POINTS},
		{NID_subject_alt_name, FINDING_SIGNER_ALTERNATIVE_NAMES},
		{NID_name_constraints, FINDING_SIGNER_NAME_CONSTRAINTS},
	};
	enum nocheck nocheck = nocheck_of(signer->x509);
	if (nocheck == NOCHECK_ABSENT)
		advise(out, FINDING_NOCHECK_ABSENT, signer->path);
	if (nocheck == NOCHECK_OTHER)
		advise(out, FINDING_NOCHECK_VALUE, signer->path);
	if (!has_extension(signer->x509, NID_key_usage))
		advise(out, FINDING_KEY_USAGE_ABSENT, signer->path);
	if (X509_get_extension_flags(signer->x509) & EXFLAG_CA) /* whatever its key usage */
		advise(out, FINDING_SIGNER_IS_CA, signer->path);
	if (names_responder(signer->x509))
		advise(out, FINDING_SIGNER_NAMES_RESPONDER, signer->path);
	for (size_t i = 0; i < array_size(unwanted); i++)
		if (has_extension(signer->x509, unwanted[i].nid))
			advise(out, unwanted[i].kind, signer->path);
}

static void advise_own(const struct certfile *signer, struct findings *out)
{
	if (!(X509_get_key_usage(signer->x509) & KU_DIGITAL_SIGNATURE))
		advise(out, FINDING_OWN_KEY_USAGE, signer->path);
}

static void advise_signature(const struct certfile *file, struct findings *out)
{
	int bits = 0;
	if (X509_get_signature_info(file->x509, NULL, NULL, &bits, NULL) == 1 &&
	    bits < DIGEST_BITS_LEAST)
		advise(out, FINDING_WEAK_SIGNATURE, file->path);
	ERR_clear_error();
}

static void advise_ca(const struct certfile *ca, struct findings *out)
{
	if (X509_check_ca(ca->x509) == 0)
		advise(out, FINDING_CA_NOT_CA, ca->path);
	if ((X509_get_extension_flags(ca->x509) & EXFLAG_XKUSAGE) &&
	    (X509_get_extended_key_usage(ca->x509) & XKU_OCSP_SIGN) &&
	    nocheck_of(ca->x509) != NOCHECK_RIGHT)
		advise(out, FINDING_CA_SIGNS_OCSP, ca->path);
}

void proof_advise(const struct proof *p, struct findings *out)
{
	bool own = proof_is_own(p);
	advise_ca(p->ca, out);
	if (own)
		advise_own(p->signer, out);
	else
		advise_delegate(p->signer, out);
	if (!own) /* a root's signature on itself says nothing */
		advise_signature(p->signer, out);
	if (p->ca->more)
		advise(out, FINDING_MORE_CERTIFICATES, p->ca->path);
	if (p->signer->more && !own)
		advise(out, FINDING_MORE_CERTIFICATES, p->signer->path);
	ERR_clear_error();
}
