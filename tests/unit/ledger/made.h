/* DER made by code for the ledger's tests and the replay harness: certificates with nothing but
 * what identifies an issuer, and CertIDs. */
#pragma once

#include "ocsp/issuer.h"

static inline void made_put(struct buffer *out, uint8_t tag, struct view content)
{
	buffer_put_u8(out, tag);
	if (content.size >= 0x100) {
		buffer_put_u8(out, 0x82);
		buffer_put_u16(out, (uint16_t)content.size);
	} else {
		if (content.size >= 0x80)
			buffer_put_u8(out, 0x81);
		buffer_put_u8(out, (uint8_t)content.size);
	}
	buffer_put_view(out, content);
}

/* Wraps everything in `inner` and empties it. */
static inline void made_wrap(struct buffer *out, uint8_t tag, struct buffer *inner)
{
	made_put(out, tag, buffer_view(inner));
	buffer_deinit(inner);
	*inner = (struct buffer){0};
}

/* Name: one CommonName. */
static inline void made_name(struct buffer *out, const char *name)
{
	static const uint8_t common_name[] = {0x55, 0x04, 0x03};
	struct buffer attribute = {0}, set = {0}, names = {0};
	made_put(&attribute, 0x06, view_of(common_name, sizeof(common_name)));
	made_put(&attribute, 0x0c, view_of_string(name));
	made_wrap(&set, 0x30, &attribute);
	made_wrap(&names, 0x31, &set);
	made_wrap(out, 0x30, &names);
}

static inline void made_algorithm(struct buffer *out)
{
	static const uint8_t ed25519[] = {0x2b, 0x65, 0x70};
	struct buffer inner = {0};
	made_put(&inner, 0x06, view_of(ed25519, sizeof(ed25519)));
	made_wrap(out, 0x30, &inner);
}

static inline void made_bits(struct buffer *out, struct view octets)
{
	struct buffer bits = {0};
	buffer_put_u8(&bits, 0);
	buffer_put_view(&bits, octets);
	made_wrap(out, 0x03, &bits);
}

static inline void made_validity(struct buffer *out)
{
	struct buffer inner = {0};
	made_put(&inner, 0x17, view_of_string("200101000000Z"));
	made_put(&inner, 0x17, view_of_string("400101000000Z"));
	made_wrap(out, 0x30, &inner);
}

/* A certificate of the CA `name` with this public key. */
static inline void made_certificate_of(struct buffer *out, const char *name, struct view key)
{
	static const uint8_t version3[] = {0xa0, 0x03, 0x02, 0x01, 0x02}, one = 1;
	struct buffer tbs = {0}, spki = {0}, all = {0};
	buffer_put(&tbs, version3, sizeof(version3));
	made_put(&tbs, 0x02, view_of(&one, 1));
	made_algorithm(&tbs);
	made_name(&tbs, name);
	made_validity(&tbs);
	made_name(&tbs, name);
	made_algorithm(&spki);
	made_bits(&spki, key);
	made_wrap(&tbs, 0x30, &spki);
	made_wrap(&all, 0x30, &tbs);
	made_algorithm(&all);
	made_bits(&all, view_of_string("no signature"));
	made_wrap(out, 0x30, &all);
}

/* Whose public key's bits are the text `key`. */
static inline void made_certificate(struct buffer *out, const char *name, const char *key)
{
	made_certificate_of(out, name, view_of_string(key));
}

static inline void made_hash(struct buffer *out, enum ocsp_hash hash)
{
	static const uint8_t sha1[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
	uint8_t sha2[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x00};
	struct buffer inner = {0};
	sha2[8] = (uint8_t)(hash - 1); /* .1 SHA-256, .2 SHA-384, .3 SHA-512 */
	made_put(&inner, 0x06,
		 hash == OCSP_HASH_SHA1 ? view_of(sha1, sizeof(sha1))
					: view_of(sha2, sizeof(sha2)));
	made_wrap(out, 0x30, &inner);
}

/* A CertID: the name hash of one issuer and the key hash of another, or the same. */
static inline void made_certid(struct buffer *out, enum ocsp_hash hash,
			       const struct ocsp_issuer *name, const struct ocsp_issuer *key,
			       struct view serial)
{
	struct buffer inner = {0};
	size_t size = ocsp_hash_size(hash);
	made_hash(&inner, hash);
	made_put(&inner, 0x04, view_of(name->hashes[hash - 1].name, size));
	made_put(&inner, 0x04, view_of(key->hashes[hash - 1].key, size));
	made_put(&inner, 0x02, serial);
	made_wrap(out, 0x30, &inner);
}
