/* Issuers lie in an array in order of arrival. A CertID is matched through an open-addressing table
 * over the key hashes of all four kinds; two issuers may share a key under different names, so each
 * candidate is compared in full (P-8). Issuers change once in months: the table is simply built anew. */
#include "ledger/issuers.h"

#include "conf/nearest.h"

/* Those of the database and as many that it does not name any more. */
#define ISSUERS_MOST (2 * LIMIT_ISSUERS)
/* At least twice as many places as ISSUERS_MOST × OCSP_HASHES. */
#define INDEX_SIZE 16384u
/* Of the table by the database's ids. */
#define IDS_SIZE 8192u

struct issuers {
	const struct conf *conf;
	struct siphash_key key;
	unsigned count;
	struct issuer *all[ISSUERS_MOST];
	uint16_t index[INDEX_SIZE]; /* place in `all` + 1 */
	uint16_t ids[IDS_SIZE]; /* of the database: our number, or 0 */
	const struct issuer *by_section[LIMIT_ISSUERS];
	const struct conf_issuer *missing;
	uint64_t settled;
	bool crls_told; /* some that do not count yet */
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
		free(issuers->all[i]->crl_octets);
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
		if (!issuers->all[i]->readable)
			continue;
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
	return 1u + (own ? 2u : 0u) + (issuer->section && issuer->database_id ? 1u : 0u);
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

/* The place of a database's id, or the empty one for it. */
static unsigned id_place(const struct issuers *issuers, int32_t id)
{
	unsigned at = ((uint32_t)id * UINT32_C(2654435761)) >> 19; /* 13 bits: IDS_SIZE */
	while (issuers->ids[at] && issuers->all[issuers->ids[at] - 1]->database_id != id)
		at = (at + 1) % IDS_SIZE;
	return at;
}

static struct issuer *find(const struct issuers *issuers, int32_t database_id)
{
	unsigned number = issuers->ids[id_place(issuers, database_id)];
	return number ? issuers->all[number - 1] : NULL;
}

static struct issuer *find_identity(const struct issuers *issuers, const uint8_t *identity)
{
	for (unsigned i = 0; i < issuers->count; i++)
		if (issuers->all[i]->identified &&
		    memcmp(issuers->all[i]->identity, identity, ISSUER_IDENTITY) == 0)
			return issuers->all[i];
	return NULL;
}

/* One that an earlier load of this history called so. */
static struct issuer *find_former(const struct issuers *issuers, int32_t database_id)
{
	for (unsigned i = 0; i < issuers->count; i++)
		if (issuers->all[i]->former_id == database_id && !issuers->all[i]->database_id)
			return issuers->all[i];
	return NULL;
}

static void call(struct issuers *issuers, struct issuer *issuer, int32_t database_id)
{
	unsigned place = id_place(issuers, database_id);
	issuer->database_id = database_id;
	issuers->ids[place] = (uint16_t)issuer->record.id;
}

static void take_section(const struct conf *conf, struct issuer *issuer)
{
	issuer->section = conf_issuer_named(conf, issuer->record.name);
	issuer->section_index = issuer->section ? (uint32_t)(issuer->section - conf->issuers) : 0;
}

static void find_sections(struct issuers *issuers)
{
	memset(issuers->by_section, 0, sizeof(issuers->by_section));
	for (unsigned i = 0; i < issuers->count; i++)
		if (issuers->all[i]->section && issuers->all[i]->database_id)
			issuers->by_section[issuers->all[i]->section_index] = issuers->all[i];
	issuers->missing = NULL;
	for (unsigned i = issuers->conf->issuer_count; i-- > 0;)
		if (!issuers->by_section[i])
			issuers->missing = &issuers->conf->issuers[i];
}

/* Unknown but for its number. NULL: too many, or no memory. */
static struct issuer *add(struct issuers *issuers)
{
	if (issuers->count == ISSUERS_MOST)
		return NULL;
	struct issuer *issuer = calloc(1, sizeof(*issuer));
	if (!issuer)
		return NULL;
	issuers->all[issuers->count++] = issuer;
	issuer->record.id = (int32_t)issuers->count;
	issuer->record.revoked_at = TIME_NONE;
	issuer->record.reason = REASON_NONE;
	issuer->record.crl_from = issuer->record.crl_until = TIME_NONE;
	issuer->crls = (struct crl_window){TIME_NONE, TIME_NONE};
	issuer->record.presigned_from = issuer->record.presigned_until = TIME_NONE;
	issuer->foreign = true;
	return issuer;
}

static struct issuer *add_identity(struct issuers *issuers, const uint8_t *identity)
{
	struct issuer *issuer = add(issuers);
	if (issuer) {
		memcpy(issuer->identity, identity, ISSUER_IDENTITY);
		issuer->identified = true;
	}
	return issuer;
}

/* ---- what the database says ---- */

/* What the database calls so, also where its row has not come or cannot be read. */
static struct issuer *called_or_new(struct issuers *issuers, int32_t database_id)
{
	struct issuer *issuer = find(issuers, database_id);
	if (issuer)
		return issuer;
	issuer = find_former(issuers, database_id);
	if (!issuer)
		issuer = add(issuers);
	if (issuer)
		call(issuers, issuer, database_id);
	return issuer;
}

static bool is_revoked(const struct issuer_record *record)
{
	return record->revoked_at != TIME_NONE;
}

static bool same_encodings(const struct issuer *issuer, const struct issuer_hashes *hashes)
{
	if (!issuer->readable || issuer->encoding_count != hashes->count)
		return false;
	for (unsigned i = 0; i < hashes->count; i++)
		if (!view_equal(issuer->encodings[i].name, hashes->encodings[i].name))
			return false;
	return true;
}

static void take_hashes(struct issuer *issuer, struct issuer_hashes *hashes)
{
	free(issuer->encodings);
	issuer->hashes = hashes->own;
	issuer->encodings = hashes->encodings;
	issuer->encoding_count = hashes->count;
	issuer->readable = true;
	hashes->encodings = NULL;
}

static bool same_record(const struct issuer_record *a, const struct issuer_record *b)
{
	return strcmp(a->name, b->name) == 0 && a->revoked_at == b->revoked_at &&
	       a->reason == b->reason;
}

/* Where nothing depends on its CRLs, another one changes nothing that was said. */
static bool same_crls(const struct issuer *issuer, const struct issuer_record *before)
{
	const struct issuer_record *now = &issuer->record;
	return !issuer->section || issuer->section->policy.complete ||
	       (before->crl_from == now->crl_from && before->crl_until == now->crl_until);
}

static bool same_presigned(const struct issuer *issuer, const struct issuer_record *before)
{
	return !issuer->section || issuer->section->source != SOURCE_PRESIGNED ||
	       before->presigned == issuer->record.presigned;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b; /* TIME_NONE comes before all */
}

/* What both prove: the revocations that belong to the later one may not be here yet. */
static void narrow_crls(struct issuers *issuers, struct issuer *issuer,
			const struct issuer_record *known)
{
	struct issuer_record *record = &issuer->record;
	issuer->crls = (struct crl_window){record->crl_from, record->crl_until};
	record->crl_from = earlier(known->crl_from, record->crl_from);
	record->crl_until = earlier(known->crl_until, record->crl_until);
	issuers->crls_told = issuers->crls_told || record->crl_from != issuer->crls.from ||
			     record->crl_until != issuer->crls.until;
}

static bool same_crl(const struct cert_facts *a, const struct cert_facts *b)
{
	return a->crl_time == b->crl_time && view_equal(a->crl_number, b->crl_number) &&
	       view_equal(a->crl_url, b->crl_url);
}

/* Has the CRL that answers name another address, or is it one of several now, though it proves what it did? */
static bool renamed_crl(const struct issuer *issuer, const struct db_issuer *from)
{
	const struct conf_issuer *section = issuer->section;
	return section && !section->policy.complete && section->extensions[EXTENSION_CRL_ID] &&
	       issuer->crls.from == from->record.crl_from &&
	       issuer->crls.until == from->record.crl_until && !same_crl(&issuer->crl, &from->crl);
}

/* Without memory: none. */
static void take_crl(struct issuer *issuer, const struct cert_facts *crl)
{
	free(issuer->crl_octets);
	issuer->crl_octets = malloc(facts_size(crl) + 1); /* also for a time alone */
	issuer->crl =
		issuer->crl_octets ? facts_copy(crl, issuer->crl_octets) : (struct cert_facts){0};
}

/* All but a revocation that it takes back. */
static int take_record(struct issuers *issuers, struct issuer *issuer,
		       const struct issuer_record *record)
{
	struct issuer_record known = issuer->record;
	bool lost = is_revoked(&known) && !is_revoked(record);
	bool told = issuer->lost;
	issuer->record = *record;
	issuer->record.id = known.id;
	issuer->foreign = false;
	issuer->lost = lost;
	narrow_crls(issuers, issuer, &known);
	if (lost) {
		issuer->record.revoked_at = known.revoked_at;
		issuer->record.reason = known.reason;
	}
	take_section(issuers->conf, issuer);
	if (lost && !told)
		return ISSUERS_REFUSED;
	bool same = same_record(&known, &issuer->record) && same_crls(issuer, &known) &&
		    same_presigned(issuer, &known);
	return same ? 0 : ISSUERS_CHANGED;
}

const struct issuer *issuers_count_crls(struct issuers *issuers)
{
	for (unsigned i = 0; issuers->crls_told && i < issuers->count; i++) {
		struct issuer *issuer = issuers->all[i];
		struct issuer_record known = issuer->record;
		issuer->record.crl_from = issuer->crls.from;
		issuer->record.crl_until = issuer->crls.until;
		if (same_crls(issuer, &known))
			continue;
		issuers->settled++;
		return issuer;
	}
	issuers->crls_told = false;
	return NULL;
}

/* An older version in one history is no news, unless it says that the issuer is revoked. */
static bool is_late(const struct issuer *issuer, const struct issuer_record *record)
{
	return !issuer->foreign && record->version < issuer->record.version &&
	       (is_revoked(&issuer->record) || !is_revoked(record));
}

static int update(struct issuers *issuers, struct issuer *issuer, const struct db_issuer *from,
		  struct issuer_hashes *hashes)
{
	bool news = issuer->bad || !same_encodings(issuer, hashes);
	issuer->bad = false;
	if (is_late(issuer, &from->record))
		return 0;
	take_hashes(issuer, hashes);
	news = news || renamed_crl(issuer, from);
	take_crl(issuer, &from->crl);
	int result = take_record(issuers, issuer, &from->record);
	return result == 0 && news ? ISSUERS_CHANGED : result;
}

/* Its revocation counts all the same. */
static int update_bad(struct issuer *issuer, const struct issuer_record *record)
{
	issuer->bad = true;
	if (is_revoked(record) && !is_revoked(&issuer->record)) {
		issuer->record.revoked_at = record->revoked_at;
		issuer->record.reason = record->reason;
	}
	if (!issuer->record.name[0])
		memcpy(issuer->record.name, record->name, sizeof(record->name));
	return -EINVAL;
}

/* Which one it is, called so from now on; NULL: no room. */
static struct issuer *name_identity(struct issuers *issuers, int32_t id, const uint8_t *identity)
{
	struct issuer *issuer = find_identity(issuers, identity);
	if (!issuer)
		issuer = add_identity(issuers, identity);
	if (issuer && !issuer->database_id)
		call(issuers, issuer, id);
	return issuer;
}

static bool means_another(const struct issuers *issuers, int32_t id, const uint8_t *identity)
{
	const struct issuer *called = find(issuers, id), *known = find_identity(issuers, identity);
	return (called && called != known) ||
	       (known && known->database_id && known->database_id != id);
}

static int apply_other(struct issuers *issuers, int32_t id, const uint8_t *identity,
		       const struct issuer **ret)
{
	struct issuer *called = find(issuers, id), *known = find_identity(issuers, identity);
	if (called)
		called->bad = true;
	if (known)
		known->bad = true;
	*ret = called ? called : known;
	return ISSUERS_OTHER;
}

static int too_many(const char *name, struct fault *fault)
{
	return fault_set(fault, -EFBIG, "issuer \"%s\": more than %u issuers, or no memory", name,
			 LIMIT_ISSUERS);
}

/* Too many of them are refused for good; for want of memory everything has to be read anew. */
static int no_room(const struct issuers *issuers, int refused)
{
	return issuers->count == ISSUERS_MOST ? refused : -ENOMEM;
}

int issuers_apply(struct issuers *issuers, const struct db_issuer *from, const struct issuer **ret,
		  struct fault *fault)
{
	int32_t id = from->record.id;
	cleanup(issuer_hashes_deinit) struct issuer_hashes hashes = {0};
	int result = issuer_hashes_read(from, &hashes, fault);
	if (result == -EINVAL) {
		struct issuer *issuer = called_or_new(issuers, id);
		*ret = issuer;
		return issuer ? update_bad(issuer, &from->record) : no_room(issuers, result);
	}
	if (result < 0)
		return result;
	if (means_another(issuers, id, hashes.identity))
		return apply_other(issuers, id, hashes.identity, ret);
	struct issuer *issuer = name_identity(issuers, id, hashes.identity);
	*ret = issuer;
	if (!issuer)
		return no_room(issuers, too_many(from->record.name, fault));
	return update(issuers, issuer, from, &hashes);
}

void issuers_begin(struct issuers *issuers, bool same)
{
	memset(issuers->ids, 0, sizeof(issuers->ids));
	for (unsigned i = 0; i < issuers->count; i++) {
		struct issuer *issuer = issuers->all[i];
		issuer->former_id = same ? issuer->database_id : 0;
		issuer->database_id = 0;
		issuer->foreign |= !same;
	}
}

const struct issuer *issuers_bad(struct issuers *issuers, int32_t database_id)
{
	struct issuer *issuer = called_or_new(issuers, database_id);
	if (issuer)
		issuer->bad = true;
	return issuer;
}

int32_t issuers_number(struct issuers *issuers, int32_t database_id)
{
	const struct issuer *issuer = called_or_new(issuers, database_id);
	if (issuer)
		return issuer->record.id;
	return issuers->count == ISSUERS_MOST ? 0 : -ENOMEM;
}

bool issuers_named(const struct issuers *issuers, int32_t database_id)
{
	return find(issuers, database_id) != NULL;
}

const struct issuer *issuers_recall(struct issuers *issuers,
				    const uint8_t identity[static ISSUER_IDENTITY])
{
	struct issuer *issuer = find_identity(issuers, identity);
	return issuer ? issuer : add_identity(issuers, identity);
}

void issuers_recall_revoked(struct issuers *issuers, int32_t number, int64_t revoked_at,
			    enum revocation_reason reason)
{
	struct issuer *issuer = issuers->all[number - 1];
	issuer->record.revoked_at = revoked_at;
	issuer->record.reason = reason;
}

void issuers_forget(struct issuers *issuers, int32_t number)
{
	struct issuer *issuer = issuers->all[number - 1];
	issuer->record.revoked_at = TIME_NONE;
	issuer->record.reason = REASON_NONE;
	issuer->lost = false;
}

bool issuer_lost(const struct issuer *issuer)
{
	return is_revoked(&issuer->record) && (issuer->lost || issuer->database_id == 0);
}

bool issuer_is_of(const struct issuer *issuer, int64_t version)
{
	return version != 0 && issuer->database_id != 0 && !issuer->bad && !issuer->foreign &&
	       !issuer->lost && issuer->record.version == version;
}

bool issuer_unusable(const struct issuer *issuer)
{
	return issuer->record.id != ISSUER_UNKNOWN && (issuer->bad || issuer->database_id == 0) &&
	       !is_revoked(&issuer->record);
}

void issuers_settle(struct issuers *issuers)
{
	index_build(issuers);
	find_sections(issuers);
	issuers->settled++;
}

void issuers_configure(struct issuers *issuers, const struct conf *conf)
{
	issuers->conf = conf;
	for (unsigned i = 0; i < issuers->count; i++)
		take_section(conf, issuers->all[i]);
	find_sections(issuers);
	issuers->settled++;
}

const struct issuer *issuers_by_id(const struct issuers *issuers, int32_t number)
{
	bool known = number > 0 && (unsigned)number <= issuers->count;
	return known ? issuers->all[number - 1] : NULL;
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
		if (!issuer->section && issuer->database_id && issuer->record.name[0] &&
		    (!nearest ||
		     edit_distance(name, issuer->record.name) < edit_distance(name, nearest)))
			nearest = issuer->record.name;
	}
	return nearest;
}
