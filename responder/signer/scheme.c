#include "signer/scheme.h"

#include "ocsp/der.h"
#include "signer/certfile.h"

#include <openssl/asn1t.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

struct scheme {
	OSSL_LIB_CTX *library; /* of the key; NULL: the default one */
	EVP_MD *digest; /* NULL: the key signs whole messages */
	int padding; /* of RSA keys; 0: others have none */
	EVP_MD_CTX *hash;
	EVP_PKEY_CTX *sign, *verify;
	EVP_MD_CTX *message_sign, *message_verify;
	bool verify_always;
	uint64_t count;
	uint8_t *algorithm, *signature;
	size_t algorithm_size, signature_capacity;
	ASN1_BIT_STRING *trial;
	struct view oid; /* in `algorithm` */
};

/* ---- what the key and the configuration want ---- */

/* How a choice signs with an RSA key. The numbers of the choices are rows. */
struct manner {
	const char *digest;
	bool pss;
};

static const struct manner manners[] = {
	[SIGNATURE_SHA256] = {"SHA256", false},    [SIGNATURE_SHA384] = {"SHA384", false},
	[SIGNATURE_SHA512] = {"SHA512", false},    [SIGNATURE_PSS_SHA256] = {"SHA256", true},
	[SIGNATURE_PSS_SHA384] = {"SHA384", true}, [SIGNATURE_PSS_SHA512] = {"SHA512", true},
};

static bool is_rsa(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
}

/* The digest that the key asks for. That of an ECDSA key is that of its curve (P-36); where the
 * library's usual one is weaker than SHA-256, SHA-256. NULL: none, whole messages. */
static const char *usual_digest(EVP_PKEY *key, char usual[64])
{
	int answer = EVP_PKEY_get_default_digest_name(key, usual, 64);
	if (answer == 2)
		return strcmp(usual, "UNDEF") == 0 || usual[0] == '\0' ? NULL : usual;
	if (EVP_PKEY_is_a(key, "EC"))
		return EVP_PKEY_get_bits(key) <= 256   ? "SHA256"
		       : EVP_PKEY_get_bits(key) <= 384 ? "SHA384"
						       : "SHA512";
	if (answer == 1 && (strstr(usual, "384") || strstr(usual, "512")))
		return usual;
	return "SHA256";
}

static bool choose_manner(struct scheme *s, EVP_PKEY *key, enum signature_choice choice,
			  const char **reason)
{
	char usual[64] = "";
	const char *digest =
		choice == SIGNATURE_AUTO ? usual_digest(key, usual) : manners[choice].digest;
	bool pss = choice == SIGNATURE_AUTO ? EVP_PKEY_is_a(key, "RSA-PSS") : manners[choice].pss;
	if (is_rsa(key))
		s->padding = pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
	if (choice != SIGNATURE_AUTO && !is_rsa(key)) {
		*reason = "only an RSA key leaves the choice; use signature = auto";
		return false;
	}
	if (!digest)
		return true;
	s->digest = EVP_MD_fetch(s->library, digest, NULL);
	if (s->digest && EVP_MD_get_size(s->digest) < SCHEME_DIGEST_LEAST) {
		*reason = "its parameters demand a weak digest";
		return false;
	}
	return s->digest;
}

/* RSASSA-PSS as everybody expects it: MGF1 with the same digest, a salt of its size (RFC 8017, 8.1
 * and A.2.3; RFC 4055, 3.1). A key that is restricted to anything else is refused. */
static bool set_manner(const struct scheme *s, EVP_PKEY_CTX *context)
{
	if (s->padding != 0 && EVP_PKEY_CTX_set_rsa_padding(context, s->padding) != 1)
		return false;
	if (s->padding != RSA_PKCS1_PSS_PADDING)
		return true;
	return EVP_PKEY_CTX_set_rsa_mgf1_md(context, s->digest) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* ---- preparation ---- */

/* Signs something small through the library's certificate code, which knows every algorithm's exact
 * identifier, and keeps identifier and signature. */
static bool take_algorithm(struct scheme *s, EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *manner = NULL;
	X509_ALGOR *algorithm = X509_ALGOR_new();
	ASN1_INTEGER *something = ASN1_INTEGER_new();
	const char *digest = s->digest ? EVP_MD_get0_name(s->digest) : NULL;
	int size = -1;
	s->trial = ASN1_BIT_STRING_new();
	if (context && algorithm && s->trial && something &&
	    EVP_DigestSignInit_ex(context, &manner, digest, s->library, NULL, key, NULL) == 1 &&
	    set_manner(s, manner) &&
	    ASN1_item_sign_ctx(ASN1_ITEM_rptr(ASN1_INTEGER), algorithm, NULL, s->trial, something,
			       context) > 0)
		size = i2d_X509_ALGOR(algorithm, &s->algorithm);
	s->algorithm_size = size > 0 ? (size_t)size : 0;
	EVP_MD_CTX_free(context);
	X509_ALGOR_free(algorithm);
	ASN1_INTEGER_free(something);
	return size > 0;
}

static bool take_oid(struct scheme *s)
{
	struct cursor c = cursor_of(scheme_algorithm(s));
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	s->oid = der_take_whole(&fields, DER_OID);
	return s->oid.size > 0 && s->oid.size <= LIMIT_OID;
}

static bool prepare_sign(struct scheme *s, EVP_PKEY *key)
{
	if (!s->digest) {
		s->message_sign = EVP_MD_CTX_new();
		return s->message_sign && EVP_DigestSignInit_ex(s->message_sign, NULL, NULL,
								s->library, NULL, key, NULL) == 1;
	}
	s->sign = EVP_PKEY_CTX_new_from_pkey(s->library, key, NULL);
	return s->sign && EVP_PKEY_sign_init(s->sign) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(s->sign, s->digest) == 1 && set_manner(s, s->sign);
}

static bool prepare_verify(struct scheme *s, EVP_PKEY *public_key)
{
	if (!s->digest) {
		s->message_verify = EVP_MD_CTX_new();
		return s->message_verify &&
		       EVP_DigestVerifyInit_ex(s->message_verify, NULL, NULL, NULL, NULL,
					       public_key, NULL) == 1;
	}
	s->verify = EVP_PKEY_CTX_new_from_pkey(NULL, public_key, NULL);
	return s->verify && EVP_PKEY_verify_init(s->verify) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(s->verify, s->digest) == 1 && set_manner(s, s->verify);
}

static bool prepare(struct scheme *s, EVP_PKEY *key)
{
	int size = EVP_PKEY_get_size(key);
	if (size <= 0)
		return false;
	s->verify_always = is_rsa(key);
	s->signature_capacity = (size_t)size;
	s->signature = malloc(s->signature_capacity);
	s->hash = EVP_MD_CTX_new();
	return s->signature && s->hash;
}

static int refuse(const char *why, const char **reason)
{
	const char *library = openssl_reason();
	*reason = why ? why : library;
	return -ENOTSUP;
}

int scheme_new(EVP_PKEY *key, EVP_PKEY *public_key, enum signature_choice choice,
	       struct scheme **ret, const char **reason)
{
	cleanup(scheme_freep) struct scheme *s = calloc(1, sizeof(*s));
	const char *why = NULL;
	struct view signature;
	if (!s || !choose_manner(s, key, choice, &why) || !prepare(s, key) ||
	    !prepare_sign(s, key) || !prepare_verify(s, public_key) || !take_algorithm(s, key) ||
	    !take_oid(s))
		return refuse(why, reason);
	/* The first signature is verified for every kind of key. */
	int result = scheme_sign(s, view_of_string("trial"), &signature);
	if (result < 0) {
		*reason = openssl_reason();
		return result == -EIO ? -ENOTSUP : result;
	}
	s->count = 0; /* and so is the first that leaves */
	*ret = s;
	s = NULL;
	return 0;
}

int scheme_new_elsewhere(OSSL_LIB_CTX *library, EVP_PKEY *key, enum signature_choice choice,
			 struct scheme **ret, const char **reason)
{
	cleanup(scheme_freep) struct scheme *s = calloc(1, sizeof(*s));
	const char *why = NULL;
	if (s)
		s->library = library;
	if (!s || !choose_manner(s, key, choice, &why) || !prepare(s, key) ||
	    !prepare_sign(s, key) || !take_algorithm(s, key) || !take_oid(s))
		return refuse(why, reason);
	*ret = s;
	s = NULL;
	return 0;
}

/* ---- what was signed elsewhere ---- */

static bool keep_algorithm(struct scheme *s, struct view algorithm)
{
	s->algorithm = OPENSSL_memdup(algorithm.data, algorithm.size);
	s->algorithm_size = algorithm.size;
	return s->algorithm && take_oid(s);
}

/* Whoever signed it says under which identifier: the library believes it if it fits. */
static bool fits_algorithm(const struct scheme *s, EVP_PKEY *public_key, struct view trial)
{
	const unsigned char *at = s->algorithm;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &at, (long)s->algorithm_size);
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	ASN1_INTEGER *something = ASN1_INTEGER_new();
	bool whole = algorithm && at == s->algorithm + s->algorithm_size && signature &&
		     something &&
		     ASN1_BIT_STRING_set(signature, (unsigned char *)trial.data, (int)trial.size);
	if (whole) {
		signature->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 7L);
		signature->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	}
	bool fits = whole && ASN1_item_verify(ASN1_ITEM_rptr(ASN1_INTEGER), algorithm, signature,
					      something, public_key) == 1;
	X509_ALGOR_free(algorithm);
	ASN1_BIT_STRING_free(signature);
	ASN1_INTEGER_free(something);
	return fits;
}

int scheme_new_verifying(EVP_PKEY *public_key, enum signature_choice choice, struct view algorithm,
			 struct view trial, struct scheme **ret, const char **reason)
{
	static const uint8_t zero[] = {0x02, 0x01, 0x00};
	cleanup(scheme_freep) struct scheme *s = calloc(1, sizeof(*s));
	const char *why = NULL;
	if (!s || !choose_manner(s, public_key, choice, &why) || !prepare(s, public_key) ||
	    !prepare_verify(s, public_key))
		return refuse(why, reason);
	/* By both: what clients are told, and what every later signature is measured by. */
	if (!keep_algorithm(s, algorithm) || !fits_algorithm(s, public_key, trial) ||
	    scheme_verify(s, view_of(zero, sizeof(zero)), trial) < 0) {
		*reason = openssl_reason();
		return -EKEYREJECTED;
	}
	*ret = s;
	s = NULL;
	return 0;
}

struct view scheme_trial(const struct scheme *s)
{
	return view_of(ASN1_STRING_get0_data(s->trial), (size_t)ASN1_STRING_length(s->trial));
}

void scheme_free(struct scheme *s)
{
	if (!s)
		return;
	EVP_MD_free(s->digest);
	EVP_MD_CTX_free(s->hash);
	EVP_PKEY_CTX_free(s->sign);
	EVP_PKEY_CTX_free(s->verify);
	EVP_MD_CTX_free(s->message_sign);
	EVP_MD_CTX_free(s->message_verify);
	OPENSSL_free(s->algorithm);
	ASN1_BIT_STRING_free(s->trial);
	free(s->signature);
	free(s);
}

struct view scheme_algorithm(const struct scheme *s)
{
	return view_of(s->algorithm, s->algorithm_size);
}

struct view scheme_oid(const struct scheme *s)
{
	return s->oid;
}

/* ---- signatures ---- */

static bool make_digest(struct scheme *s, struct view message, uint8_t digest[EVP_MAX_MD_SIZE],
			unsigned *size)
{
	return EVP_DigestInit_ex2(s->hash, s->digest, NULL) == 1 &&
	       EVP_DigestUpdate(s->hash, message.data, message.size) == 1 &&
	       EVP_DigestFinal_ex(s->hash, digest, size) == 1;
}

/* Without memory the library has said that it has signed, and that the signature is SIZE_MAX octets long
 * (doc/faults.md row 28). */
static bool is_signature(const struct scheme *s, int signed_, size_t size)
{
	return signed_ == 1 && size > 0 && size <= s->signature_capacity;
}

static int sign_digest(struct scheme *s, struct view message, bool verify, size_t *size)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_size;
	if (!make_digest(s, message, digest, &digest_size))
		return -EIO;
	int signed_ = EVP_PKEY_sign(s->sign, s->signature, size, digest, digest_size);
	if (!is_signature(s, signed_, *size))
		return -EIO;
	if (verify && EVP_PKEY_verify(s->verify, s->signature, *size, digest, digest_size) != 1)
		return -EKEYREJECTED;
	return 0;
}

static bool verifies_message(struct scheme *s, struct view message, struct view signature)
{
	return EVP_DigestVerifyInit(s->message_verify, NULL, NULL, NULL, NULL) == 1 &&
	       EVP_DigestVerify(s->message_verify, signature.data, signature.size, message.data,
				message.size) == 1;
}

static int sign_message(struct scheme *s, struct view message, bool verify, size_t *size)
{
	int signed_ = EVP_DigestSignInit(s->message_sign, NULL, NULL, NULL, NULL);
	if (signed_ == 1)
		signed_ = EVP_DigestSign(s->message_sign, s->signature, size, message.data,
					 message.size);
	if (!is_signature(s, signed_, *size))
		return -EIO;
	if (verify && !verifies_message(s, message, view_of(s->signature, *size)))
		return -EKEYREJECTED;
	return 0;
}

int scheme_verify(struct scheme *s, struct view message, struct view signature)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_size;
	if (!s->digest)
		return verifies_message(s, message, signature) ? 0 : -EKEYREJECTED;
	return make_digest(s, message, digest, &digest_size) &&
			       EVP_PKEY_verify(s->verify, signature.data, signature.size, digest,
					       digest_size) == 1
		       ? 0
		       : -EKEYREJECTED;
}

int scheme_sign(struct scheme *s, struct view message, struct view *ret)
{
	bool verify = (s->verify || s->message_verify) &&
		      (s->verify_always || s->count % SCHEME_VERIFY_ONE_IN == 0);
	size_t size = s->signature_capacity;
	int result = s->digest ? sign_digest(s, message, verify, &size)
			       : sign_message(s, message, verify, &size);
	if (result < 0)
		return result;
	s->count++;
	*ret = view_of(s->signature, size);
	return 0;
}
