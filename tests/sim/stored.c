/* Answers that were signed beforehand: real ones, because the ledger proves them; and the connection by which it asks
 * for them. */
#include "world.h"

#include "base/timetext.h"
#include "ocsp/answer.h"
#include "unit/ledger/made_stored.h"

static const enum ocsp_hash hashes[SIM_HASHES] = {OCSP_HASH_SHA1, OCSP_HASH_SHA256};

/* ---- importing ---- */

static void certid_make(const struct world *w, const struct stored *stored, unsigned serial,
			struct buffer *out)
{
	uint8_t octet = (uint8_t)(serial + 1);
	const struct ocsp_issuer *issuer = &w->hashes[stored->issuer];
	made_certid(out, hashes[stored->hash], issuer, issuer, view_of(&octet, 1));
}

static bool is_wanted(const struct world *w, unsigned issuer)
{
	bool wanted = false;
	for (unsigned i = 0; i < w->options.instances; i++)
		wanted = wanted || w->instances[i].sections[issuer].source == SOURCE_PRESIGNED;
	return wanted;
}

static struct ocsp_cert_status says(const struct server *s, const struct change *row)
{
	struct cert_record record = server_record(s, row);
	return (struct ocsp_cert_status){
		.status = row->status == CERT_GOOD ? OCSP_GOOD : OCSP_REVOKED,
		.revoked_at = record.revoked_at,
		.reason = record.reason,
		.invalidity_at = record.invalidity_at,
	};
}

static void sign(struct stored *stored)
{
	const struct ocsp_single single = {
		.certid = buffer_view(&stored->certid),
		.says = stored->says,
		.this_update = stored->this_update,
		.next_update = stored->next_update,
	};
	const char *name = world_issuer_name(stored->issuer);
	made_stored(&stored->der, name, stored->forged ? "nobody" : name, &single,
		    stored->this_update);
}

void stored_import(struct world *w, unsigned issuer, unsigned serial, unsigned hash,
		   enum import import, int64_t lasts)
{
	const struct server *s = &w->cluster.servers[w->cluster.authority];
	const struct change *row = s->rows[issuer][serial];
	int64_t ago = import == IMPORT_ENDED ? lasts + 10 : 0;
	cleanup(buffer_deinit) struct buffer certid = {0};
	if (!row || row->bad || row->status == CERT_WITHDRAWN || !is_wanted(w, issuer))
		return;
	struct stored *stored = calloc(1, sizeof(*stored));
	if (!stored)
		abort();
	*stored = (struct stored){
		.issuer = issuer,
		.serial = serial,
		.hash = hash,
		.says = says(s, row),
		.this_update = wall_seconds(w->cluster.now_us + SIM_CLOCK_US) - ago,
		.forged = import == IMPORT_FORGED,
	};
	stored->next_update = stored->this_update + lasts;
	if (import == IMPORT_GOOD)
		stored->says = (struct ocsp_cert_status){.status = OCSP_GOOD,
							 .revoked_at = TIME_NONE,
							 .reason = REASON_NONE,
							 .invalidity_at = TIME_NONE};
	certid_make(w, stored, serial, &certid);
	certid_make(w, stored, import == IMPORT_OF_ANOTHER ? (serial + 1) % SIM_SERIALS : serial,
		    &stored->certid);
	if (ocsp_certid_digest(buffer_view(&certid), stored->digest) != 0)
		abort();
	sign(stored);
	(void)server_import(&w->cluster, w->cluster.authority, stored);
}

const struct stored *stored_find(const struct world *w, struct view der)
{
	const struct stored *stored = w->cluster.stored;
	while (stored && !view_equal(buffer_view(&stored->der), der))
		stored = stored->next_made;
	return stored;
}

/* ---- being asked ---- */

int fetch_ask(struct instance *in, uint64_t batch, const struct db_stored_key *keys, size_t count)
{
	struct fetch *f = &in->fetch;
	if (f->state != FETCH_IDLE)
		return -EBUSY;
	f->state = FETCH_ASKED;
	f->batch = batch;
	f->count = count;
	memcpy(f->keys, keys, count * sizeof(*keys));
	return 0;
}

void fetch_cut(struct instance *in)
{
	struct fetch *f = &in->fetch;
	if (!in->ledger || f->state == FETCH_IDLE)
		return;
	f->state = FETCH_IDLE;
	in->turn = true;
	ledger_stored_failed(in->ledger, f->batch, instance_now(in));
}

static const struct stored *recorded(const struct server *s, const struct db_stored_key *key)
{
	for (unsigned i = 0; i < SIM_ISSUERS; i++)
		for (unsigned h = 0; s->ids[i] == key->issuer && h < SIM_HASHES; h++) {
			const struct stored *stored = s->stored[i][key->serial.octets[0] - 1][h];
			if (stored && memcmp(stored->digest, key->certid, sizeof(key->certid)) == 0)
				return stored;
		}
	return NULL;
}

/* That the issuer's row has. */
static struct view certificate_in(const struct world *w, const struct server *s, unsigned issuer)
{
	const struct change *row = s->rows[issuer][SIM_OF_ISSUER];
	bool another = row && row->bad == ROW_OF_ANOTHER;
	return buffer_view(another ? &w->another[issuer] : &w->certificates[issuer]);
}

static void run(struct instance *in)
{
	struct fetch *f = &in->fetch;
	const struct world *w = in->world;
	const struct server *s = &w->cluster.servers[in->server];
	f->state = FETCH_RUN;
	f->server = in->server;
	for (size_t i = 0; i < f->count; i++) {
		const struct stored *stored = recorded(s, &f->keys[i]);
		f->found[i] = (struct db_stored_found){.answer = {0}};
		if (!stored)
			continue;
		f->found[i].answer = buffer_view(&stored->der);
		f->found[i].certificate = certificate_in(w, s, stored->issuer);
	}
}

bool fetch_step(struct instance *in)
{
	struct fetch *f = &in->fetch;
	const struct server *s = &in->world->cluster.servers[in->server];
	if (!in->ledger || f->state == FETCH_IDLE)
		return false;
	if (f->state == FETCH_ASKED && (!s->exists || !s->alive)) {
		fetch_cut(in);
	} else if (f->state == FETCH_ASKED) {
		run(in);
	} else {
		f->state = FETCH_IDLE;
		in->turn = true;
		ledger_stored_done(in->ledger, f->batch, f->found, f->count, instance_now(in));
	}
	return true;
}
