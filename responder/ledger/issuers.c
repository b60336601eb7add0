/* Issuers lie in an array in order of arrival. A CertID is matched through an open-addressing table
 * over the key hashes of all four kinds; two issuers may share a key under different names, so each
 * candidate is compared in full (P-8). Issuers change once in months: the table is simply built anew. */
#include "ledger/issuers.h"

#include "conf/nearest.h"
#include "ocsp/certificate.h"
#include "ocsp/der.h"

/* At least twice as many places as LIMIT_ISSUERS × OCSP_HASHES. */
#define INDEX_SIZE 8192u

struct issuers {
	const struct conf *conf;
	struct siphash_key key;
	unsigned count;
	struct issuer *all[LIMIT_ISSUERS];
	uint16_t index[INDEX_SIZE]; /* place in `all` + 1 */
	const struct issuer *by_section[LIMIT_ISSUERS];
	const struct conf_issuer *missing;
	uint64_t settled;
};

int issuers_new(const struct conf *conf, const struct siphash_key *key, struct issuers **ret)
{
	struct issuers *issuers = calloc(1, sizeof(*issuers));
	if (!issuers)
		return -ENOMEM;
	issuers->conf = conf;
	issuers->key = *key;
	issuers->missing = conf->issuer_count ? &conf->issuers[0] : NULL;
	*ret = issuers;
	return 0;
}

void issuers_free(struct issuers *issuers)
{
	if (!issuers)
		return;
	for (unsigned i = 0; i < issuers->count; i++) {
		free(issuers->all[i]->encodings);
		free(issuers->all[i]);
	}
	free(issuers);
}

/* ---- the table ---- */

static uint32_t index_start(const struct issuers *issuers, struct view key_hash)
{
	return (uint32_t)siphash(&issuers->key, key_hash) % INDEX_SIZE;
}

static void index_add(struct issuers *issuers, struct view key_hash, unsigned place)
{
	uint32_t at = index_start(issuers, key_hash);
	while (issuers->index[at])
		at = (at + 1) % INDEX_SIZE;
	issuers->index[at] = (uint16_t)(place + 1);
}

static void index_build(struct issuers *issuers)
{
	memset(issuers->index, 0, sizeof(issuers->index));
	for (unsigned i = 0; i < issuers->count; i++) {
		for (int hash = OCSP_HASH_SHA1; hash <= OCSP_HASHES; hash++) {
			const uint8_t *key = issuers->all[i]->hashes.hashes[hash - 1].key;
			size_t size = ocsp_hash_size((enum ocsp_hash)hash);
			index_add(issuers, view_of(key, size), i);
		}
	}
}

static const struct issuer_encoding *encoding_in(const struct issuer *issuer,
						 const struct ocsp_certid *certid)
{
	for (unsigned i = 0; i < issuer->encoding_count; i++)
		if (ocsp_issuer_matches(&issuer->encodings[i].hashes, certid))
			return &issuer->encodings[i];
	return NULL;
}

struct view issuer_name_in(const struct issuer *issuer, struct view der)
{
	struct ocsp_certid certid;
	if (issuer->encoding_count == 0 || ocsp_certid_parse(der, &certid) != 0 ||
	    ocsp_issuer_matches(&issuer->hashes, &certid))
		return (struct view){0};
	const struct issuer_encoding *encoding = encoding_in(issuer, &certid);
	return encoding ? encoding->name : (struct view){0};
}

/* How well an issuer fits; 0: not at all. A name of its own counts more than a learnt one; then the
 * configured one answers. */
static unsigned fitness(const struct issuer *issuer, const struct ocsp_certid *certid)
{
	bool own = ocsp_issuer_matches(&issuer->hashes, certid);
	if (!own && !encoding_in(issuer, certid))
		return 0;
	return 1u + (own ? 2u : 0u) + (issuer->section ? 1u : 0u);
}

const struct issuer *issuers_match(const struct issuers *issuers, const struct ocsp_certid *certid)
{
	const struct issuer *match = NULL;
	unsigned best = 0;
	uint32_t at = index_start(issuers, certid->key_hash);
	for (; issuers->index[at]; at = (at + 1) % INDEX_SIZE) {
		const struct issuer *issuer = issuers->all[issuers->index[at] - 1];
		unsigned fits = fitness(issuer, certid);
		if (fits > best) {
			match = issuer;
			best = fits;
		}
	}
	return match;
}

/* ---- changes ---- */

static struct issuer *find(const struct issuers *issuers, int32_t id)
{
	for (unsigned i = 0; i < issuers->count; i++)
		if (issuers->all[i]->record.id == id)
			return issuers->all[i];
	return NULL;
}

static const struct conf_issuer *section_of(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (strcmp(conf->issuers[i].name, name) == 0)
			return &conf->issuers[i];
	return NULL;
}

static void find_sections(struct issuers *issuers)
{
	memset(issuers->by_section, 0, sizeof(issuers->by_section));
	for (unsigned i = 0; i < issuers->count; i++)
		if (issuers->all[i]->section)
			issuers->by_section[issuers->all[i]->section_index] = issuers->all[i];
	issuers->missing = NULL;
	for (unsigned i = issuers->conf->issuer_count; i-- > 0;)
		if (!issuers->by_section[i])
			issuers->missing = &issuers->conf->issuers[i];
}

/* What the database calls an issuer, in CertIDs' terms. */
struct hashes {
	struct ocsp_issuer own;
	struct issuer_encoding *encodings;
	unsigned count;
};

static void hashes_deinit(struct hashes *hashes)
{
	free(hashes->encodings);
}

/* The next of the names, or an empty view after the last; the database has read each of them, so one
 * that cannot be read is no name of anybody's. */
static struct view next_name(struct cursor *c)
{
	struct view name = der_take_whole(c, DER_SEQUENCE);
	return name.size <= LIMIT_NAME ? name : (struct view){0};
}

static int hash_encodings(struct view names, struct view key, struct hashes *ret)
{
	size_t places = LIMIT_ISSUER_ENCODINGS * sizeof(*ret->encodings);
	if (names.size == 0)
		return 0;
	ret->encodings = calloc(1, places + names.size);
	if (!ret->encodings)
		return -ENOMEM;
	uint8_t *kept = (uint8_t *)ret->encodings + places;
	memcpy(kept, names.data, names.size);
	struct cursor c = cursor_of(view_of(kept, names.size));
	for (; ret->count < LIMIT_ISSUER_ENCODINGS; ret->count++) {
		struct issuer_encoding *encoding = &ret->encodings[ret->count];
		encoding->name = next_name(&c);
		if (encoding->name.size == 0)
			break;
		int r = ocsp_issuer_init(&encoding->hashes, encoding->name, key);
		if (r < 0)
			return r;
	}
	return 0;
}

static int hash_certificate(const struct db_issuer *issuer, struct hashes *ret, struct fault *fault)
{
	struct certificate certificate;
	if (certificate_read(issuer->certificate, &certificate) != 0)
		return fault_set(fault, -EINVAL,
				 "issuer \"%s\": its certificate in the database cannot be read, "
				 "register it again",
				 issuer->record.name);
	int r = ocsp_issuer_init(&ret->own, certificate.subject, certificate.key_bits);
	return r < 0 ? r : hash_encodings(issuer->names, certificate.key_bits, ret);
}

static void take_hashes(struct issuer *issuer, struct hashes *hashes)
{
	free(issuer->encodings);
	issuer->hashes = hashes->own;
	issuer->encodings = hashes->encodings;
	issuer->encoding_count = hashes->count;
	hashes->encodings = NULL;
}

static int add(struct issuers *issuers, const struct db_issuer *from, struct issuer **ret,
	       struct fault *fault)
{
	if (issuers->count == LIMIT_ISSUERS)
		return fault_set(fault, -EFBIG, "issuer \"%s\": more than %u issuers",
				 from->record.name, LIMIT_ISSUERS);
	struct issuer *issuer = calloc(1, sizeof(*issuer));
	if (!issuer)
		return -ENOMEM;
	issuers->all[issuers->count++] = issuer;
	*ret = issuer;
	return 0;
}

int issuers_apply(struct issuers *issuers, const struct db_issuer *from, struct fault *fault)
{
	struct issuer *issuer = find(issuers, from->record.id);
	if (issuer && from->record.version <= issuer->record.version)
		return 0;
	if (issuer && issuer->record.revoked_at != TIME_NONE &&
	    from->record.revoked_at == TIME_NONE)
		return ISSUERS_REFUSED;
	cleanup(hashes_deinit) struct hashes hashes = {0};
	int result = hash_certificate(from, &hashes, fault);
	/* An unreadable certificate must not keep a revocation of a known issuer from counting. */
	bool readable = result == 0;
	if (!issuer && readable)
		result = add(issuers, from, &issuer, fault);
	if (!issuer)
		return result;
	if (readable)
		take_hashes(issuer, &hashes);
	issuer->record = from->record;
	issuer->section = section_of(issuers->conf, from->record.name);
	issuer->section_index =
		issuer->section ? (uint32_t)(issuer->section - issuers->conf->issuers) : 0;
	return ISSUERS_CHANGED;
}

void issuers_settle(struct issuers *issuers)
{
	index_build(issuers);
	find_sections(issuers);
	issuers->settled++;
}

const struct issuer *issuers_by_id(const struct issuers *issuers, int32_t id)
{
	return find(issuers, id);
}

unsigned issuers_count(const struct issuers *issuers)
{
	return issuers->count;
}

const struct conf_issuer *issuers_missing(const struct issuers *issuers)
{
	return issuers->missing;
}

const struct issuer *issuers_by_section(const struct issuers *issuers, unsigned section)
{
	return issuers->by_section[section];
}

uint64_t issuers_settled(const struct issuers *issuers)
{
	return issuers->settled;
}

const char *issuers_nearest(const struct issuers *issuers, const char *name)
{
	const char *nearest = NULL;
	for (unsigned i = 0; i < issuers->count; i++) {
		const struct issuer *issuer = issuers->all[i];
		if (!issuer->section && (!nearest || edit_distance(name, issuer->record.name) <
							     edit_distance(name, nearest)))
			nearest = issuer->record.name;
	}
	return nearest;
}
