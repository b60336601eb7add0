/* What is allowed but unwise: lines for `check` (P-39). */
#include "signer/proof.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* SHA-1 counts as 63 bits, MD5 as 39. */
#define DIGEST_BITS_LEAST 100

static void advise(struct findings *out, enum finding_kind kind, const char *path, const char *what)
{
	findings_add(out, kind, "%s: %s", path, what);
}

/* Present with the value NULL, 05 00, and nothing else (P-35). */
static bool has_nocheck(const X509 *x509)
{
	int index = X509_get_ext_by_NID(x509, NID_id_pkix_OCSP_noCheck, -1);
	if (index < 0)
		return false;
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(x509, index));
	return view_equal(view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)),
			  view_of("\x05\x00", 2));
}

static bool has_extension(const X509 *x509, int nid)
{
	return X509_get_ext_by_NID(x509, nid, -1) >= 0;
}

static void advise_delegate(const struct proof *p, struct findings *out)
{
	static const struct {
		int nid;
		enum finding_kind kind;
		const char *what;
	} unwanted[] = {
		{NID_certificate_policies, FINDING_POLICIES,
		 "a signer certificate should have no policies"},
		{NID_crl_distribution_points, FINDING_CRL_POINTS,
		 "a signer certificate should have no CRL distribution points: nocheck says that "
		 "nobody looks"},
		{NID_subject_alt_name, FINDING_ALTERNATIVE_NAMES,
		 "a signer certificate should have no alternative names"},
		{NID_name_constraints, FINDING_NAME_CONSTRAINTS,
		 "a signer certificate should have no name constraints"},
	};
	X509 *x509 = p->signer->x509;
	if (!has_nocheck(x509))
		advise(out, FINDING_NO_NOCHECK, p->signer->path,
		       "lacks id-pkix-ocsp-nocheck (value 05 00): some clients will ask for the "
		       "signer's own status");
	if (!has_extension(x509, NID_key_usage))
		advise(out, FINDING_NO_KEY_USAGE, p->signer->path,
		       "lacks the key usage digitalSignature");
	if (X509_check_ca(x509) == 1)
		advise(out, FINDING_DELEGATE_IS_CA, p->signer->path,
		       "a signer certificate should not be a CA's");
	for (size_t i = 0; i < array_size(unwanted); i++)
		if (has_extension(x509, unwanted[i].nid))
			advise(out, unwanted[i].kind, p->signer->path, unwanted[i].what);
}

static void advise_own(const struct proof *p, struct findings *out)
{
	if (!(X509_get_key_usage(p->signer->x509) & KU_DIGITAL_SIGNATURE))
		advise(out, FINDING_OWN_KEY_USAGE, p->signer->path,
		       "its key usage does not allow digitalSignature, and some clients check; "
		       "prefer a delegated signer");
}

static void advise_signature(const struct certfile *file, struct findings *out)
{
	int bits = 0;
	if (X509_get_signature_info(file->x509, NULL, NULL, &bits, NULL) == 1 &&
	    bits < DIGEST_BITS_LEAST)
		advise(out, FINDING_WEAK_DIGEST, file->path,
		       "is signed with a weak digest (SHA-1 or older)");
	ERR_clear_error();
}

static void advise_ca(const struct proof *p, struct findings *out)
{
	X509 *ca = p->ca->x509;
	if (X509_check_ca(ca) == 0)
		advise(out, FINDING_NOT_A_CA, p->ca->path,
		       "is not a CA's certificate by its basic constraints");
	if ((X509_get_extension_flags(ca) & EXFLAG_XKUSAGE) &&
	    (X509_get_extended_key_usage(ca) & XKU_OCSP_SIGN) && !has_nocheck(ca))
		advise(out, FINDING_CA_ANSWERS, p->ca->path,
		       "the CA itself has the extended key usage OCSPSigning without nocheck: it "
		       "could answer for its own issuer");
}

void proof_advise(const struct proof *p, bool key_open_to_others, struct findings *out)
{
	bool own = proof_is_own(p);
	advise_ca(p, out);
	if (own)
		advise_own(p, out);
	else
		advise_delegate(p, out);
	if (!own) /* a root's signature on itself says nothing */
		advise_signature(p->signer, out);
	if (p->ca->more)
		advise(out, FINDING_MORE_CERTIFICATES, p->ca->path,
		       "holds more than one certificate; the first is used");
	if (p->signer->more && !own)
		advise(out, FINDING_MORE_CERTIFICATES, p->signer->path,
		       "holds more than one certificate; the first is used");
	if (key_open_to_others)
		advise(out, FINDING_OPEN_KEY, p->key_path,
		       "everybody may read this key; chmod o-r it");
	ERR_clear_error();
}
