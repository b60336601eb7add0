/* Answers as they might come to `ask`, right and wrong: a CA, its certificates and its delegate with
 * keys that are the same in every run, and a forge that signs whatever it is given. Used by unit
 * tests and by the fuzz target of the verification. */
#pragma once

#include "base/timetext.h"
#include "client/ocsp_client.h"
#include "ocsp/der.h"

#include <openssl/ocsp.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#define FORGE_NOW INT64_C(1800000000)
#define FORGE_SKEW 5
#define FORGE_DAY INT64_C(86400)
#define FORGE_NONCE "thirty-two octets that we sent .."

struct forge {
	EVP_PKEY *ca_key, *delegate_key, *leaf_key;
	X509 *ca, *leaf, *other; /* leaf and other are asked about */
	X509 *delegate;
	X509 *plain; /* the delegate's key, without the purpose */
	struct ocsp_question question; /* about leaf and other, a nonce offered */
};

static inline void forge_must(bool done)
{
	if (!done)
		abort();
}

static inline EVP_PKEY *forge_key(const char *seed)
{
	unsigned char octets[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)seed, strlen(seed), octets);
	EVP_PKEY *key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, octets, sizeof(octets));
	forge_must(key);
	return key;
}

static inline void forge_extend(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	forge_must(extension && X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static inline void forge_name(X509_NAME *name, const char *text)
{
	forge_must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					      (const unsigned char *)text, -1, -1, 0));
}

/* Valid from a day before FORGE_NOW for a hundred days; not signed yet. */
static inline X509 *forge_draft(const char *subject, long serial, EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	forge_must(certificate && X509_set_version(certificate, X509_VERSION_3));
	forge_must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial));
	forge_name(X509_get_subject_name(certificate), subject);
	forge_name(X509_get_issuer_name(certificate), "Forge CA");
	forge_must(ASN1_TIME_set(X509_getm_notBefore(certificate), FORGE_NOW - FORGE_DAY));
	forge_must(ASN1_TIME_set(X509_getm_notAfter(certificate), FORGE_NOW + 100 * FORGE_DAY));
	forge_must(X509_set_pubkey(certificate, key));
	return certificate;
}

static inline X509 *forge_issued(const char *subject, long serial, EVP_PKEY *key, EVP_PKEY *ca_key)
{
	X509 *certificate = forge_draft(subject, serial, key);
	forge_must(X509_sign(certificate, ca_key, NULL) > 0);
	return certificate;
}

static inline X509 *forge_delegate(const struct forge *forge)
{
	X509 *certificate = forge_draft("Delegate", 9, forge->delegate_key);
	forge_extend(certificate, NID_ext_key_usage, "OCSPSigning");
	forge_extend(certificate, NID_key_usage, "critical,digitalSignature");
	forge_extend(certificate, NID_id_pkix_OCSP_noCheck, "ignored");
	forge_must(X509_sign(certificate, forge->ca_key, NULL) > 0);
	return certificate;
}

static inline void forge_ask(struct forge *forge)
{
	struct ocsp_question *question = &forge->question;
	*question = (struct ocsp_question){
		.issuer = forge->ca,
		.certificates = {forge->leaf, forge->other},
		.count = 2,
		.hash = EVP_sha1(),
		.nonce = OCSP_NONCE_OFFERED,
	};
	memcpy(question->nonce_octets, FORGE_NONCE, sizeof(question->nonce_octets));
	for (unsigned i = 0; i < question->count; i++)
		question->ids[i] =
			OCSP_cert_to_id(question->hash, question->certificates[i], forge->ca);
}

static inline void forge_init(struct forge *forge)
{
	*forge = (struct forge){
		.ca_key = forge_key("the CA"),
		.delegate_key = forge_key("the delegate"),
		.leaf_key = forge_key("the leaf"),
	};
	forge->ca = forge_issued("Forge CA", 1, forge->ca_key, forge->ca_key);
	forge->leaf = forge_issued("Leaf", 2, forge->leaf_key, forge->ca_key);
	forge->other = forge_issued("Other", 3, forge->leaf_key, forge->ca_key);
	forge->delegate = forge_delegate(forge);
	forge->plain = forge_issued("Plain", 8, forge->delegate_key, forge->ca_key);
	forge_ask(forge);
}

static inline void forge_deinit(struct forge *forge)
{
	ocsp_question_deinit(&forge->question);
	X509 *const certificates[] = {forge->ca, forge->leaf, forge->other, forge->delegate,
				      forge->plain};
	for (size_t i = 0; i < array_size(certificates); i++)
		X509_free(certificates[i]);
	EVP_PKEY_free(forge->ca_key);
	EVP_PKEY_free(forge->delegate_key);
	EVP_PKEY_free(forge->leaf_key);
}

/* ---- what an answer says ---- */

#define FORGE_LEFT_OUT (-1)

struct forge_extension {
	const char *oid; /* NULL: none */
	bool critical;
	struct view value; /* content of extnValue */
};

struct forge_wish {
	int status[3]; /* of leaf, other, and leaf once more; V_OCSP_CERTSTATUS_… or left out */
	int64_t this_update, next_update, produced_at; /* next_update may be TIME_NONE */
	bool nonce;
	struct forge_extension extensions[2]; /* of the answer */
	struct forge_extension single[2]; /* of the first SingleResponse */
	bool by_name;
	bool by_ca; /* named as the signer; else the delegate */
};

static inline struct forge_wish forge_usual(void)
{
	return (struct forge_wish){
		.status = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED, FORGE_LEFT_OUT},
		.this_update = FORGE_NOW - 60,
		.next_update = FORGE_NOW + 3600,
		.produced_at = FORGE_NOW - 60,
		.nonce = true,
	};
}

static inline X509_EXTENSION *forge_one_extension(const struct forge_extension *wish)
{
	ASN1_OBJECT *object = OBJ_txt2obj(wish->oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	forge_must(value && ASN1_OCTET_STRING_set(value, wish->value.data, (int)wish->value.size));
	X509_EXTENSION *extension =
		X509_EXTENSION_create_by_OBJ(NULL, object, wish->critical, value);
	forge_must(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
	return extension;
}

static inline void forge_extensions(OCSP_BASICRESP *basic, const struct forge_wish *wish)
{
	for (size_t i = 0; i < array_size(wish->extensions); i++) {
		if (wish->extensions[i].oid) {
			X509_EXTENSION *made = forge_one_extension(&wish->extensions[i]);
			forge_must(OCSP_BASICRESP_add_ext(basic, made, -1));
			X509_EXTENSION_free(made);
		}
		if (wish->single[i].oid) {
			X509_EXTENSION *made = forge_one_extension(&wish->single[i]);
			forge_must(OCSP_SINGLERESP_add_ext(OCSP_resp_get0(basic, 0), made, -1));
			X509_EXTENSION_free(made);
		}
	}
}

static inline void forge_statuses(const struct forge *forge, OCSP_BASICRESP *basic,
				  const struct forge_wish *wish)
{
	ASN1_TIME *from = ASN1_GENERALIZEDTIME_set(NULL, wish->this_update), *until = NULL;
	ASN1_TIME *revoked = ASN1_GENERALIZEDTIME_set(NULL, FORGE_NOW - FORGE_DAY);
	if (wish->next_update != TIME_NONE)
		until = ASN1_GENERALIZEDTIME_set(NULL, wish->next_update);
	for (size_t i = 0; i < array_size(wish->status); i++) {
		bool is_revoked = wish->status[i] == V_OCSP_CERTSTATUS_REVOKED;
		if (wish->status[i] != FORGE_LEFT_OUT)
			forge_must(OCSP_basic_add1_status(
				basic, forge->question.ids[i % 2], wish->status[i],
				OCSP_REVOKED_STATUS_KEYCOMPROMISE, is_revoked ? revoked : NULL,
				from, until));
	}
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	ASN1_TIME_free(revoked);
}

/* Appends the DER of the ResponseData. OpenSSL signs it on the way; that signature is not used. */
static inline void forge_data(const struct forge *forge, const struct forge_wish *wish,
			      struct buffer *out)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	forge_statuses(forge, basic, wish);
	if (wish->nonce)
		forge_must(OCSP_basic_add1_nonce(
			basic, (unsigned char *)(uintptr_t)forge->question.nonce_octets,
			sizeof(forge->question.nonce_octets)));
	forge_extensions(basic, wish);
	/* There is no other way to choose it. */
	forge_must(ASN1_GENERALIZEDTIME_set(
		(ASN1_GENERALIZEDTIME *)(uintptr_t)OCSP_resp_get0_produced_at(basic),
		wish->produced_at));
	forge_must(OCSP_basic_sign(basic, wish->by_ca ? forge->ca : forge->delegate,
				   wish->by_ca ? forge->ca_key : forge->delegate_key, NULL, NULL,
				   OCSP_NOTIME | OCSP_NOCERTS |
					   (wish->by_name ? 0 : OCSP_RESPID_KEY)));
	unsigned char *der = NULL;
	int size = i2d_OCSP_BASICRESP(basic, &der);
	forge_must(size > 0);
	struct cursor c = cursor_of(view_of(der, (size_t)size));
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	buffer_put_view(out, der_take_whole(&fields, DER_SEQUENCE));
	OPENSSL_free(der);
	OCSP_BASICRESP_free(basic);
}

/* ---- signing anything ---- */

struct forge_envelope {
	struct view data; /* ResponseData, or what pretends to be */
	struct view signature;
	struct view certificates; /* encoded one after the other; empty: no field */
};

static inline void forge_write(struct der_writer *w, const void *fields)
{
	static const uint8_t ed25519[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
	static const uint8_t basic_type[] = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x05,
					     0x05, 0x07, 0x30, 0x01, 0x01};
	static const uint8_t successful[] = {0x0a, 0x01, 0x00};
	const struct forge_envelope *envelope = fields;
	size_t end = w->size, list;
	if (envelope->certificates.size > 0) {
		der_put_view(w, envelope->certificates);
		der_put_header(w, DER_SEQUENCE, end);
		der_put_header(w, DER_CONTEXT_CONSTRUCTED(0), end);
	}
	list = w->size;
	der_put_view(w, envelope->signature);
	der_put_u8(w, 0);
	der_put_header(w, DER_BIT_STRING, list);
	der_put(w, ed25519, sizeof(ed25519));
	der_put_view(w, envelope->data);
	der_put_header(w, DER_SEQUENCE, end);
	der_put_header(w, DER_OCTET_STRING, end);
	der_put(w, basic_type, sizeof(basic_type));
	der_put_header(w, DER_SEQUENCE, end);
	der_put_header(w, DER_CONTEXT_CONSTRUCTED(0), end);
	der_put(w, successful, sizeof(successful));
	der_put_header(w, DER_SEQUENCE, end);
}

/* Appends a whole OCSPResponse over these bytes. */
static inline void forge_sign(struct view data, EVP_PKEY *key, struct view certificates,
			      struct buffer *out)
{
	uint8_t octets[64];
	size_t size = sizeof(octets);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	forge_must(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
		   EVP_DigestSign(context, octets, &size, data.data, data.size) == 1);
	EVP_MD_CTX_free(context);
	const struct forge_envelope envelope = {data, view_of(octets, size), certificates};
	der_append(out, forge_write, &envelope);
}

static inline void forge_embed(X509 *certificate, struct buffer *out)
{
	unsigned char *der = NULL;
	int size = i2d_X509(certificate, &der);
	forge_must(size > 0);
	buffer_put(out, der, (size_t)size);
	OPENSSL_free(der);
}

/* The whole answer as wished, signed as it says, with the delegate's certificate. */
static inline void forge_answer(const struct forge *forge, const struct forge_wish *wish,
				struct buffer *out)
{
	struct buffer data = {0}, certificates = {0};
	forge_data(forge, wish, &data);
	if (!wish->by_ca)
		forge_embed(forge->delegate, &certificates);
	forge_sign(buffer_view(&data), wish->by_ca ? forge->ca_key : forge->delegate_key,
		   buffer_view(&certificates), out);
	buffer_deinit(&data);
	buffer_deinit(&certificates);
}
