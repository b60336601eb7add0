#include "verifier/requestors.h"

#include "base/file.h"
#include "ocsp/certificate.h"
#include "ocsp/signature.h"
#include "verifier/allowed.h"
#include "verifier/strength.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* 112 bits: RSA-2048, P-224, SHA-224. */
#define SECURITY_LEVEL 2
/* Certificates between the requestor's and the CA's: what is embedded is bounded already. */
#define DEPTH_MOST 4

struct requestors {
	X509_STORE *store;
	struct allowed *allowed; /* NULL: everybody whom these CAs have certified */
};

/* ---- files ---- */

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static void x509_freep(X509 **certificate)
{
	X509_free(*certificate);
}

/* A trust anchor is a name and a key (RFC 5280, 6.1): whoever configures it says that it is a CA's,
 * and neither missing extensions nor dates take that back. What says of itself that it is somebody
 * else's is in the wrong file. */
static bool may_be_ca(X509 *certificate)
{
	uint32_t flags = X509_get_extension_flags(certificate);
	if (flags & EXFLAG_BCONS)
		return flags & EXFLAG_CA;
	bool own = flags & EXFLAG_SI, v1 = X509_get_version(certificate) == 0;
	return own || v1 ||
	       (flags & EXFLAG_KUSAGE && X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN);
}

static const char *key_fault(X509 *certificate)
{
	unsigned char *der = NULL;
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	const char *fault =
		size > 0 ? strength_key_fault(view_of(der, (size_t)size)) : "its key is malformed";
	OPENSSL_free(der);
	return fault;
}

/* What can never work is said now, not of every request. */
static int add_ca(X509_STORE *store, X509 *certificate, const char *path, unsigned number,
		  struct fault *fault)
{
	const char *refusal = key_fault(certificate);
	if (!may_be_ca(certificate))
		return fault_set(fault, -EINVAL,
				 "%s: certificate %u is no CA's; list requestors "
				 "themselves in the file of the option allow",
				 path, number);
	if (refusal)
		return fault_set(
			fault, -EINVAL,
			"%s: certificate %u cannot be used, %s: nothing is verified with it", path,
			number, refusal);
	if (X509_STORE_add_cert(store, certificate) != 1)
		return fault_set(fault, -ENOMEM, "%s: a certificate cannot be used", path);
	return 0;
}

static int add_all(X509_STORE *store, struct view text, const char *path, struct fault *fault)
{
	cleanup(bio_freep) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
	unsigned count = 0;
	for (int result; bio; count++) {
		cleanup(x509_freep) X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!certificate)
			break;
		result = add_ca(store, certificate, path, count + 1, fault);
		if (result < 0)
			return result;
	}
	bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	if (count > 0 && end)
		return 0;
	return fault_set(fault, -EBADMSG, "%s: not a list of PEM certificates; is it cut short?",
			 path);
}

/* The chain's end is trusted for what it is; only the certificates below it are judged. An anchor that
 * signs requests itself is judged as any requestor is. */
static bool is_the_anchors(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
	case X509_V_ERR_INVALID_EXTENSION:
		return true;
	default:
		return false;
	}
}

/* Extensions are looked at once the chain has its end, so its last certificate is the anchor. */
static int judge(int ok, X509_STORE_CTX *context)
{
	int depth = X509_STORE_CTX_get_error_depth(context);
	int anchor = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
	if (ok || depth == 0 || depth != anchor ||
	    !is_the_anchors(X509_STORE_CTX_get_error(context)))
		return ok;
	X509_STORE_CTX_set_error(context, X509_V_OK);
	return 1;
}

static X509_STORE *store_new(void)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param = store ? X509_STORE_get0_param(store) : NULL;
	if (!param)
		return NULL;
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, DEPTH_MOST);
	/* Not strict: that asks for more than RFC 5280, 6.1 does, of the anchor too. What it adds to
	 * 6.1 below the anchor is in chain_fault(). */
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_STORE_set_verify_cb(store, judge);
	return store;
}

int requestors_load(const struct conf_issuer *issuer, struct requestors **ret, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	cleanup(requestors_freep) struct requestors *requestors = calloc(1, sizeof(*requestors));
	if (requestors)
		requestors->store = store_new();
	if (!requestors || !requestors->store)
		return fault_set(fault, -ENOMEM, "issuer \"%s\": out of memory", issuer->name);
	int result = file_read_pem(issuer->requestors, LIMIT_PEM_FILE, &text, fault);
	if (result == 0)
		result = add_all(requestors->store, buffer_view(&text), issuer->requestors, fault);
	if (result == 0 && issuer->allow)
		result = allowed_load(issuer->allow, &requestors->allowed, fault);
	if (result < 0)
		return result;
	*ret = requestors;
	requestors = NULL;
	return 0;
}

void requestors_free(struct requestors *requestors)
{
	if (!requestors)
		return;
	X509_STORE_free(requestors->store);
	allowed_free(requestors->allowed);
	free(requestors);
}

/* ---- certificates that came with the request ---- */

static void stack_freep(STACK_OF(X509) * *stack)
{
	sk_X509_pop_free(*stack, X509_free);
}

/* NULL with a reason: also its key must be one that is fit to verify with, before anything is. */
static X509 *parse(struct view der, const char **reason)
{
	struct certificate slices;
	*reason = "a certificate with it is malformed";
	if (certificate_read(der, &slices) != 0)
		return NULL;
	const char *refusal = strength_key_fault(slices.spki);
	if (refusal) {
		*reason = refusal;
		return NULL;
	}
	const unsigned char *p = der.data;
	X509 *certificate = d2i_X509(NULL, &p, (long)der.size);
	if (certificate && p == der.data + der.size)
		return certificate;
	X509_free(certificate);
	return NULL;
}

static STACK_OF(X509) * parse_all(const struct ocsp_request_signature *parts, const char **reason)
{
	cleanup(stack_freep) STACK_OF(X509) *stack = sk_X509_new_null();
	for (unsigned i = 0; stack && i < parts->count; i++) {
		X509 *certificate = parse(parts->certificates[i], reason);
		if (!certificate || sk_X509_push(stack, certificate) == 0) {
			X509_free(certificate);
			return NULL;
		}
	}
	STACK_OF(X509) *result = stack;
	stack = NULL;
	return result;
}

/* The first one with the name that the request gives (RFC 6960, 4.1.2). */
static X509 *find_signer(STACK_OF(X509) * certificates, struct view name)
{
	const unsigned char *p = name.data;
	X509_NAME *wanted = d2i_X509_NAME(NULL, &p, (long)name.size);
	X509 *signer = wanted ? X509_find_by_subject(certificates, wanted) : NULL;
	X509_NAME_free(wanted);
	return signer;
}

/* ---- signature and chain ---- */

/* Of any type, a SEQUENCE stays as it was encoded: what was signed is what came, not what we would
 * write. */
static bool verify_octets(struct view tbs, X509_ALGOR *algorithm, struct view bits, EVP_PKEY *key)
{
	const unsigned char *p = tbs.data;
	ASN1_TYPE *whole = d2i_ASN1_TYPE(NULL, &p, (long)tbs.size);
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	bool verified = false;
	if (whole && signature && ASN1_STRING_set(signature, bits.data, (int)bits.size) == 1) {
		signature->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
		signature->flags |= ASN1_STRING_FLAG_BITS_LEFT; /* no unused bits */
		verified = ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature, whole,
					    key) == 1;
	}
	ASN1_TYPE_free(whole);
	ASN1_BIT_STRING_free(signature);
	return verified;
}

static const char *signature_fault(const struct ocsp_request_signature *parts, X509 *signer)
{
	const unsigned char *p = parts->algorithm.data;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &p, (long)parts->algorithm.size);
	EVP_PKEY *key = X509_get0_pubkey(signer);
	const char *fault = NULL;
	if (!algorithm || !key)
		fault = "its key or algorithm is not known";
	else if (!strength_is_enough(algorithm))
		fault = "its signature algorithm is weak";
	else if (!verify_octets(parts->tbs, algorithm, parts->bits, key))
		fault = "its signature does not verify";
	X509_ALGOR_free(algorithm);
	return fault;
}

static bool may_sign(X509 *signer)
{
	uint32_t usage = X509_get_key_usage(signer); /* all bits where there is no extension */
	return usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
}

/* RFC 5280, 6.1.4 (k): basicConstraints say so, not key usage or what once stood for it. */
static bool all_between_are_cas(X509_STORE_CTX *context)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	for (int i = 1; i + 1 < sk_X509_num(chain); i++)
		if (X509_check_ca(sk_X509_value(chain, i)) != 1)
			return false;
	return true;
}

static const char *chain_fault(const struct requestors *requestors, X509 *signer,
			       STACK_OF(X509) * certificates, int64_t now)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	const char *fault = "out of memory";
	if (context && X509_STORE_CTX_init(context, requestors->store, signer, certificates) == 1) {
		X509_STORE_CTX_set_time(context, 0, (time_t)now);
		bool verified = X509_verify_cert(context) == 1;
		fault = verified ? NULL
				 : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
		if (verified && !all_between_are_cas(context))
			fault = "a certificate between its requestor's and the CA's is no CA's";
	}
	X509_STORE_CTX_free(context);
	return fault;
}

/* The cheap questions first: a forged request costs no chain. */
static const char *find_fault(const struct requestors *requestors,
			      const struct ocsp_request_signature *parts, int64_t now)
{
	const char *reason = "out of memory";
	cleanup(stack_freep) STACK_OF(X509) *certificates = parse_all(parts, &reason);
	if (!certificates)
		return reason;
	X509 *signer = find_signer(certificates, parts->requestor);
	if (!signer)
		return "no certificate of its requestor is with it";
	if (requestors->allowed && !allowed_has(requestors->allowed, signer))
		return "its requestor is not on the list";
	if (!may_sign(signer))
		return "its requestor's key usage allows no signatures";
	const char *fault = signature_fault(parts, signer);
	return fault ? fault : chain_fault(requestors, signer, certificates, now);
}

enum ocsp_result requestors_judge(const struct requestors *requestors, struct view request,
				  int64_t now, const char **reason)
{
	struct ocsp_request_signature parts;
	if (ocsp_request_signature(request, &parts) != 0) {
		*reason = "its requestorName is missing or no directoryName";
		return OCSP_MALFORMED_REQUEST;
	}
	*reason = find_fault(requestors, &parts, now);
	ERR_clear_error();
	return *reason ? OCSP_UNAUTHORIZED : OCSP_SUCCESSFUL;
}
