#include "cli/issuer_certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#define VERSION_3 2

static void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

/* NULL if it may stand for an issuer. */
static const char *objection_to(X509 *x509)
{
	uint32_t flags = X509_get_extension_flags(x509);
	if (!(flags & EXFLAG_BCONS))
		return X509_get_version(x509) < VERSION_3
			       ? NULL
			       : "it has no basic constraints that say CA:TRUE";
	if (!(flags & EXFLAG_CA))
		return "its basic constraints say CA:FALSE";
	if (flags & EXFLAG_KUSAGE && !(X509_get_key_usage(x509) & KU_KEY_CERT_SIGN))
		return "its key usage lacks keyCertSign";
	return NULL;
}

int issuer_certificate_check(struct view der, const char *where, struct fault *fault)
{
	const unsigned char *p = der.data;
	cleanup(x509_freep) X509 *x509 = d2i_X509(NULL, &p, (long)der.size);
	if (!x509) {
		ERR_clear_error();
		return fault_set(fault, -EBADMSG, "%s: OpenSSL cannot read the certificate", where);
	}
	const char *objection = objection_to(x509);
	ERR_clear_error();
	if (!objection)
		return 0;
	return fault_set(fault, -EINVAL,
			 "%s: not a CA certificate: %s; --force registers it all the same", where,
			 objection);
}

bool issuer_certificate_outlives(const struct certificate *a, const struct certificate *b)
{
	if (a->not_after != b->not_after)
		return a->not_after > b->not_after;
	return a->not_before > b->not_before;
}
