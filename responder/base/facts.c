#include "base/facts.h"

#include "base/record.h"
#include "base/timetext.h"

bool certificate_hash_fits(struct view hash)
{
	return hash.size == CERTIFICATE_HASH_SIZE;
}

bool crl_url_fits(struct view url)
{
	for (size_t i = 0; i < url.size; i++)
		if (url.data[i] <= ' ' || url.data[i] > '~')
			return false;
	return url.size > 0 && url.size <= LIMIT_CRL_URL;
}

bool crl_number_fits(struct view number)
{
	struct serial minimal;
	return number.size > 0 && number.size <= LIMIT_CRL_NUMBER &&
	       serial_set(&minimal, number) == 0 && number.data[0] < 0x80;
}

static struct view take_u16_sized(struct cursor *c)
{
	size_t size = cursor_u16(c);
	if (size == 0)
		cursor_fail(c);
	return cursor_take(c, size);
}

/* A 16-bit length and that many octets, which are one SCT or more, each with its 16-bit length; none
 * is empty (RFC 6962, 3.3). */
bool sct_list_fits(struct view list)
{
	struct cursor c = cursor_of(list);
	struct cursor scts = cursor_of(take_u16_sized(&c));
	if (list.size > LIMIT_SCT_LIST || cursor_end(&c) < 0)
		return false;
	while (!scts.failed && scts.rest.size > 0)
		(void)take_u16_sized(&scts);
	return !scts.failed;
}

/* ---- the rows ---- */

#define STATUS(status) (1u << (status))

static const struct {
	unsigned statuses;
} extensions[EXTENSION_COUNT] = {
	[EXTENSION_CRL_ID] = {STATUS(OCSP_GOOD) | STATUS(OCSP_REVOKED)},
	[EXTENSION_CERT_HASH] = {STATUS(OCSP_GOOD) | STATUS(OCSP_REVOKED)},
	[EXTENSION_SCT_LIST] = {STATUS(OCSP_GOOD)},
};

static const struct row {
	enum answer_extension extension;
	size_t offset; /* in struct cert_facts */
	bool (*fits)(struct view octets); /* NULL: a time */
} rows[FACT_COUNT] = {
#define OCTETS_ROW(member, extension, most) \
	[FACT_##member] = {extension, offsetof(struct cert_facts, member), member##_fits},
#define TIME_ROW(member, extension) \
	[FACT_##member] = {extension, offsetof(struct cert_facts, member), NULL},
	FACT_ROWS(OCTETS_ROW, TIME_ROW)};

unsigned extensions_with(enum ocsp_status status)
{
	unsigned mask = 0;
	for (unsigned i = 0; i < EXTENSION_COUNT; i++)
		if (extensions[i].statuses & STATUS(status))
			mask |= EXTENSION_BIT(i);
	return mask;
}

/* ---- the facts ---- */

static struct view *octets_at(struct cert_facts *facts, const struct row *row)
{
	return (struct view *)((uint8_t *)facts + row->offset);
}

static int64_t *time_at(struct cert_facts *facts, const struct row *row)
{
	return (int64_t *)((uint8_t *)facts + row->offset);
}

static bool is_there(struct cert_facts *facts, const struct row *row)
{
	return row->fits ? octets_at(facts, row)->size > 0 : *time_at(facts, row) != 0;
}

static bool time_fits(int64_t seconds)
{
	return seconds >= 0 && seconds <= TIME_MOST;
}

bool facts_fit(const struct cert_facts *facts)
{
	struct cert_facts own = *facts;
	for (const struct row *row = rows; row < rows + FACT_COUNT; row++)
		if (is_there(&own, row) && !(row->fits ? row->fits(*octets_at(&own, row))
						       : time_fits(*time_at(&own, row))))
			return false;
	return true;
}

unsigned facts_extensions(const struct cert_facts *facts)
{
	struct cert_facts own = *facts;
	unsigned mask = 0;
	for (const struct row *row = rows; row < rows + FACT_COUNT; row++)
		if (is_there(&own, row))
			mask |= EXTENSION_BIT(row->extension);
	return mask;
}

struct cert_facts facts_only(const struct cert_facts *facts, unsigned extensions_kept)
{
	struct cert_facts own = *facts;
	for (const struct row *row = rows; row < rows + FACT_COUNT; row++) {
		if (extensions_kept & EXTENSION_BIT(row->extension))
			continue;
		if (row->fits)
			*octets_at(&own, row) = (struct view){0};
		else
			*time_at(&own, row) = 0;
	}
	return own;
}

size_t facts_size(const struct cert_facts *facts)
{
	struct cert_facts own = *facts;
	size_t size = 0;
	for (const struct row *row = rows; row < rows + FACT_COUNT; row++)
		size += row->fits ? octets_at(&own, row)->size : 0;
	return size;
}

struct cert_facts facts_copy(const struct cert_facts *facts, uint8_t *octets)
{
	struct cert_facts own = *facts;
	for (const struct row *row = rows; row < rows + FACT_COUNT; row++) {
		struct view *fact = row->fits ? octets_at(&own, row) : NULL;
		if (!fact || fact->size == 0)
			continue;
		memcpy(octets, fact->data, fact->size);
		fact->data = octets;
		octets += fact->size;
	}
	return own;
}

bool fact_is_time(enum fact fact)
{
	return !rows[fact].fits;
}

void fact_set_octets(struct cert_facts *facts, enum fact fact, struct view octets)
{
	*octets_at(facts, &rows[fact]) = rows[fact].fits(octets) ? octets : (struct view){0};
}

void fact_set_time(struct cert_facts *facts, enum fact fact, int64_t seconds)
{
	*time_at(facts, &rows[fact]) = time_fits(seconds) ? seconds : 0;
}
