/* Private to presign*.c: `presign`, answers for every recorded certificate, signed beforehand.
 *
 *   rows (presign_rows.c) → what each is answered (verdict) → is it there already? (presign_folder.c)
 *   → crew (signer/crew.h) → proven as a client would → stored */
#pragma once

#include "cli/import_report.h"
#include "cli/registry.h"
#include "ocsp/answer.h"
#include "ocsp/issuer.h"
#include "signer/crew.h"

/* As the issuer's name may stand in a CertID (P-7). */
struct presign_name {
	struct ocsp_issuer hashes;
	struct view der; /* empty: as its certificate has it */
};

/* One answer that is wanted. */
struct presign_wish {
	uint64_t id; /* of its job; 0: the place is free */
	struct serial serial;
	struct ocsp_cert_status says;
	int64_t this_update, next_update;
	struct buffer certid;
	struct buffer path; /* of a GET, after decoding: base64, with a NUL */
};

struct presign_counts {
	uint64_t certificates, made, kept, removed;
	uint64_t unexpired; /* said to be good for ever, and it has not ended */
	int64_t first_end, last_end; /* of what is stored; TIME_NONE: nothing */
};

#define PRESIGN_PENDING (CREW_MOST * CREW_DEPTH)
#define PRESIGN_SAMPLE 1000u

struct presign {
	const struct command_line *line;
	struct conf *conf;
	struct conf_issuer section; /* with the life that was asked for; borrowed strings */
	bool for_ever; /* until 99991231235959Z */
	struct crew *crew;
	struct database database;
	struct registry registry;
	const struct registered *issuer;
	struct issuer_record record; /* as it is in the snapshot */
	struct ocsp_prover *prover;
	unsigned name_count;
	struct presign_name *names;
	unsigned hash_count;
	enum ocsp_hash hashes[OCSP_HASHES];
	int64_t now, this_update, next_update;
	struct import_report report;
	struct presign_counts counts;
	int folder;
	uint64_t last_id;
	struct presign_wish pending[PRESIGN_PENDING];
	struct buffer sample[PRESIGN_SAMPLE]; /* paths that were written */
	uint64_t sampled;
};

/* ---- rows ---- */

/* One certificate's row, and what it is answered. */
struct presign_row {
	struct cert_record record;
	struct cert_facts facts;
	struct buffer octets; /* that the facts point to */
};

/* Begins the snapshot: what is proven up to when, the issuer, and how many rows there are. */
must_check int presign_begin(struct presign *p, struct fault *fault);
/* Each row of the issuer, in the order of serial numbers. */
must_check int presign_each(struct presign *p,
			    int (*take)(struct presign *p, const struct presign_row *row,
					struct fault *fault),
			    struct fault *fault);

/* ---- the folder ---- */

must_check int presign_folder_open(struct presign *p, struct fault *fault);
/* The path of a GET for this CertID, under the folder. */
must_check int presign_path(struct presign_wish *wish);
/* Is an answer there that says this, is proven, and lasts nearly as long as a new one would? */
bool presign_is_kept(struct presign *p, const struct presign_wish *wish);
/* Proven, then put in its place as a whole. */
must_check int presign_put(struct presign *p, const struct presign_wish *wish, struct view der,
			   struct fault *fault);
/* What may not be said (any more). 0, also where there is none. */
must_check int presign_remove(struct presign *p, const struct presign_wish *wish,
			      struct fault *fault);
/* Everything is on the disk, and a sample of it reads as it was written. */
must_check int presign_folder_close(struct presign *p, struct fault *fault);
