#include "ledger/lost.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/timetext.h"
#include "ledger/issuers.h"
#include "ledger/revoked.h"
#include "ledger/state.h"

/* Of one page: with a row more it still fits a control message. */
#define PAGE_OCTETS 60000u

static size_t lost_issuers(const struct ledger *l)
{
	size_t count = 0;
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++)
		count += issuer_lost(issuers_by_id(l->issuers, (int32_t)number));
	return count;
}

bool lost_is_known(const struct ledger *l)
{
	return l->has_evidence && !l->loading && !l->settling;
}

size_t ledger_lost_count(const struct ledger *l)
{
	if (!lost_is_known(l))
		return l->lost_before;
	return revoked_lost_count(l->revoked) + lost_issuers(l);
}

bool lost_stops_good(const struct ledger *l)
{
	return l->conf->database.on_lost_history == LOST_HISTORY_STOP &&
	       (!l->settled || ledger_lost_count(l) > 0);
}

/* ---- listing ---- */

static void put_text(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, ",\"%s\":", name);
	if (text)
		json_put_string(out, text);
	else
		buffer_put_string(out, "null");
}

static void put_revocation(struct buffer *out, int64_t revoked_at, enum revocation_reason reason)
{
	char time[ISO_TIME_SIZE + 1] = {0};
	time_put_iso(time, revoked_at);
	put_text(out, "revoked_at", time);
	put_text(out, "reason", reason_name(reason));
}

static const char *issuer_name(const struct issuer *issuer)
{
	return issuer && issuer->record.name[0] ? issuer->record.name : NULL;
}

static void put_certificate(const struct ledger *l, const struct revoked_row *row,
			    struct buffer *out)
{
	static const char *const instead[] = {
		[INSTEAD_NOTHING] = "nothing",
		[INSTEAD_GOOD] = "good",
		[INSTEAD_HELD] = "held",
		[INSTEAD_WITHDRAWN] = "withdrawn",
	};
	const struct cert_record *record = &row->record;
	char serial[2 * LIMIT_SERIAL + 1];
	hex_put(serial, serial_view(&record->serial));
	buffer_printf(out, "{\"serial\":\"%s\"", serial);
	put_text(out, "issuer", issuer_name(issuers_by_id(l->issuers, record->issuer)));
	put_text(out, "status", record->status == CERT_HELD ? "held" : "revoked");
	put_revocation(out, record->revoked_at, record->reason);
	put_text(out, "database", instead[row->instead]);
	buffer_put_u8(out, '}');
}

static void put_issuer(const struct issuer *issuer, struct buffer *out)
{
	buffer_put_string(out, "{\"serial\":null");
	put_text(out, "issuer", issuer_name(issuer));
	put_text(out, "status", "revoked");
	put_revocation(out, issuer->record.revoked_at, issuer->record.reason);
	put_text(out, "database", issuer->database_id ? "good" : "nothing");
	buffer_put_u8(out, '}');
}

struct page {
	size_t first, at, next; /* places in the whole list */
	size_t start; /* of the page in the buffer */
	struct buffer *out;
};

/* True if this one is to be put. */
static bool page_takes(struct page *page)
{
	bool early = page->at++ < page->first;
	if (early || page->next)
		return false;
	if (page->out->size - page->start > PAGE_OCTETS) {
		page->next = page->at - 1;
		return false;
	}
	if (page->at - 1 > page->first)
		buffer_put_u8(page->out, ',');
	return true;
}

static void put_page(const struct ledger *l, struct page *page)
{
	size_t place = 0;
	struct revoked_row row;
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (issuer_lost(issuer) && page_takes(page))
			put_issuer(issuer, page->out);
	}
	while (!page->next && revoked_next(l->revoked, true, &place, &row))
		if (page_takes(page))
			put_certificate(l, &row, page->out);
}

bool ledger_replaced(const struct ledger *l)
{
	return l->replaced;
}

/* Of a database that is not believed nobody knows what it has lost: nothing is listed. */
void ledger_lost(const struct ledger *l, size_t first, struct buffer *out)
{
	bool known = lost_is_known(l) && !l->replaced;
	struct page page = {.first = first, .start = out->size, .out = out};
	buffer_put_string(out, "{\"lost\":[");
	if (known)
		put_page(l, &page);
	buffer_put_u8(out, ']');
	json_put_number(out, "count", l->replaced ? 0 : ledger_lost_count(l));
	json_put_number(out, "next", page.next);
	if (l->replaced)
		buffer_put_string(out, ",\"replaced\":true");
	buffer_printf(out, ",\"settled\":%s}", known || l->replaced ? "true" : "false");
}
