/* CRLs of the fake database's issuers: what each of them lists is there in the same commit as its times. The
 * oracle remembers all of them, whatever history the database goes back to. */
#include "world.h"

static bool is_listed(const struct fake_crl *crl, const struct serial *serial)
{
	for (size_t i = 0; i < crl->count; i++)
		if (view_equal(serial_view(&crl->listed[i]), serial_view(serial)))
			return true;
	return false;
}

/* All that is revoked now. */
static void list_revoked(const struct database *db, struct fake_crl *crl)
{
	const struct change *change;
	TAILQ_FOREACH(change, &db->log, log) {
		const struct serial *serial = &change->record.serial;
		if (change->whole_issuer || change->record.issuer != crl->issuer)
			continue;
		const struct change *row = database_row(db, crl->issuer, serial);
		if (!row || !status_says_revoked(row->record.status) || is_listed(crl, serial))
			continue;
		crl->listed = reallocarray(crl->listed, crl->count + 1, sizeof(*crl->listed));
		if (!crl->listed)
			abort();
		crl->listed[crl->count++] = *serial;
	}
}

void crls_add(struct world *w, int32_t issuer, int64_t from, int64_t until)
{
	struct fake_crl *crl = calloc(1, sizeof(*crl));
	if (!crl)
		abort();
	*crl = (struct fake_crl){.next = w->crls,
				 .issuer = issuer,
				 .from = from,
				 .until = until,
				 .committed_us = w->now.mono_us};
	list_revoked(&w->database, crl);
	w->crls = crl;
}

void crls_free(struct world *w)
{
	struct fake_crl *crl;
	while ((crl = w->crls)) {
		w->crls = crl->next;
		free(crl->listed);
		free(crl);
	}
}

/* Since this CRL. */
static bool released_since(const struct world *w, const struct fake_crl *crl,
			   const struct serial *serial)
{
	const struct change *change;
	TAILQ_FOREACH(change, &w->database.log, log)
		if (!change->whole_issuer && change->committed &&
		    change->committed_us >= crl->committed_us &&
		    change->record.issuer == crl->issuer &&
		    !status_says_revoked(change->record.status) &&
		    view_equal(serial_view(&change->record.serial), serial_view(serial)))
			return true;
	return false;
}

/* P-30: an answer that names a CRL names the one that proves it. */
static bool names(const struct question *question, unsigned i, const struct fake_crl *crl)
{
	int64_t named = question->statuses[i].facts.crl_time;
	return named == 0 || named == crl->from;
}

bool crls_prove(const struct world *w, const struct question *question, unsigned i)
{
	int32_t issuer = database_issuer_id(question->issuers[i]);
	const struct serial *serial = &question->serials[i];
	for (const struct fake_crl *crl = w->crls; crl; crl = crl->next)
		if (crl->issuer == issuer && names(question, i, crl) &&
		    question->this_update <= crl->from && question->next_update <= crl->until &&
		    (!is_listed(crl, serial) || released_since(w, crl, serial)))
			return true;
	return false;
}
