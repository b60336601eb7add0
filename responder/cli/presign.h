/* Private to presign*.c: `presign`, answers for every recorded certificate, signed beforehand.
 *
 *   rows (presign_rows.c) → what each is answered (verdict) → is it there already? (presign_folder.c)
 *   → crew (signer/crew.h) → proven as a client would → stored: in a folder (presign_folder.c), or in a file
 *     for psql (presign_sql.c) */
#pragma once

#include "cli/import_report.h"
#include "cli/registry.h"
#include "ocsp/answer.h"
#include "ocsp/issuer.h"
#include "signer/crew.h"

#include <stdio.h>

/* As the issuer's name may stand in a CertID (P-7). */
struct presign_name {
	struct ocsp_issuer hashes;
	struct view der; /* empty: as its certificate has it */
};

struct presign;

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

/* Where answers are put. */
struct presign_place {
	must_check int (*open)(struct presign *p, struct fault *fault);
	/* Is an answer there that says this, is proven, and lasts nearly as long as a new one would? */
	bool (*is_kept)(struct presign *p, const struct presign_wish *wish);
	/* One that was proven. */
	must_check int (*put)(struct presign *p, const struct presign_wish *wish, struct view der,
			      const struct ocsp_said *said, struct fault *fault);
	/* What may not be said (any more). 0, also where there is none. */
	must_check int (*remove)(struct presign *p, const struct presign_wish *wish,
				 struct fault *fault);
	/* Everything is on the disk, and is what was written. */
	must_check int (*close)(struct presign *p, struct fault *fault);
};
extern const struct presign_place presign_folder, presign_sql;

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
	struct cert_facts crl; /* the one CRL that its window is; or none */
	struct buffer crl_octets; /* of its facts */
	struct ocsp_prover *prover;
	unsigned name_count;
	struct presign_name *names;
	unsigned hash_count;
	enum ocsp_hash hashes[OCSP_HASHES];
	int64_t now, this_update, next_update;
	struct import_report report;
	struct presign_counts counts;
	const struct presign_place *place;
	int folder; /* presign_folder.c */
	FILE *sql; /* presign_sql.c: what becomes `sql_path` */
	char *sql_path;
	uint64_t sql_rows;
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

/* ---- where answers are put ---- */

/* The path of a GET for this CertID, under the folder. */
must_check int presign_path(struct presign_wish *wish);
/* What a client would believe of it; and that it says what was wished. 0 or OCSP_ANSWER_UNFIT. */
must_check int presign_prove(const struct presign *p, const struct presign_wish *wish,
			     struct view der, struct ocsp_said *ret, struct fault *fault);
void presign_count_end(struct presign *p, int64_t next_update);
/* What was left of it if the whole was not done. */
void presign_sql_deinit(struct presign *p);
