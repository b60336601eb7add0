#include "ledger/forgets.h"

#include "ipc/messages.h"
#include "ledger/issuers.h"
#include "ledger/public_names.h"
#include "ledger/report.h"
#include "ledger/state.h"

/* Of a turn: told one by one. */
#define CERTIFICATES_MOST 1000u

struct forgets {
	bool attached;
	uint64_t sent;
	unsigned certificates; /* in this turn */
	bool due, all_due;
	bool issuer_due[LIMIT_ISSUERS + 1]; /* by our number */
};

int forgets_init(struct ledger *l)
{
	l->forgets = calloc(1, sizeof(*l->forgets));
	return l->forgets ? 0 : -ENOMEM;
}

void forgets_deinit(struct ledger *l)
{
	free(l->forgets);
}

/* What was said before there was evidence was said by another process, and everything goes then. */
static bool listens(const struct ledger *l)
{
	return l->forgets->attached && l->has_evidence;
}

static void tell(struct ledger *l, const struct message_forget *m)
{
	buffer_reset(&l->frame);
	message_forget_write(&l->frame, m);
	if (buffer_result(&l->frame) < 0) {
		ledger_alarm(l, "what caches shall forget cannot be written");
		return;
	}
	l->forgets->sent++;
	l->ops->to_fetcher(l->context, MESSAGE_FORGET, buffer_view(&l->frame));
}

static void hashes_of(const struct issuer *issuer, struct message_forget *m)
{
	for (int i = 0; i < OCSP_HASHES; i++) {
		size_t size = ocsp_hash_size((enum ocsp_hash)(i + 1));
		m->name_hashes[i] = view_of(issuer->hashes.hashes[i].name, size);
		m->key_hashes[i] = view_of(issuer->hashes.hashes[i].key, size);
	}
	m->several_names = issuer->encoding_count > 0;
}

void forgets_certificate(struct ledger *l, int32_t number, struct view serial)
{
	const struct issuer *issuer = issuers_by_id(l->issuers, number);
	if (!listens(l) || !issuer || !issuer->readable)
		return; /* nothing was ever said of what is not readable */
	if (l->forgets->certificates++ >= CERTIFICATES_MOST) {
		forgets_issuer(l, number);
		return;
	}
	struct message_forget m = {
		.scope = PURGE_TAG,
		.name.certificate = public_name_of_certificate(issuer, serial),
		.name.issuer = public_name_of_issuer(issuer),
		.issuer = view_of_string(issuer->record.name),
		.serial = serial,
	};
	hashes_of(issuer, &m);
	tell(l, &m);
}

void forgets_issuer(struct ledger *l, int32_t number)
{
	if (!listens(l) || number <= 0 || (unsigned)number > LIMIT_ISSUERS)
		return;
	l->forgets->issuer_due[number] = true;
	l->forgets->due = true;
}

void forgets_all(struct ledger *l)
{
	l->forgets->all_due = l->forgets->due = listens(l);
}

void forgets_attach(struct ledger *l, bool attached)
{
	l->forgets->attached = attached;
	forgets_all(l);
}

/* An issuer that cannot be read any more has no name. */
static void send_issuer(struct ledger *l, int32_t number)
{
	const struct issuer *issuer = issuers_by_id(l->issuers, number);
	if (!issuer)
		return;
	struct message_forget m = {.scope = PURGE_ALL};
	if (issuer->readable)
		m = (struct message_forget){
			.scope = PURGE_ISSUER,
			.name.issuer = public_name_of_issuer(issuer),
			.issuer = view_of_string(issuer->record.name),
		};
	tell(l, &m);
}

void forgets_turn(struct ledger *l)
{
	struct forgets *forgets = l->forgets;
	forgets->certificates = 0;
	if (!forgets->due)
		return;
	if (forgets->all_due)
		tell(l, &(struct message_forget){.scope = PURGE_ALL});
	for (int32_t i = 1; !forgets->all_due && i <= (int32_t)LIMIT_ISSUERS; i++)
		if (forgets->issuer_due[i])
			send_issuer(l, i);
	memset(forgets->issuer_due, 0, sizeof(forgets->issuer_due));
	forgets->due = forgets->all_due = false;
}

uint64_t forgets_sent(const struct ledger *l)
{
	return l->forgets->sent;
}
