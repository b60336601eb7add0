/* `presign`: what an offline root, a CDN or a closing CA gives out without a signer. */
#include "cli/presign.h"

#include "base/clock.h"
#include "base/facts.h"
#include "base/hex.h"
#include "base/timetext.h"
#include "conf/profile.h"
#include "signer/certfile.h"
#include "signer/passphrase.h"
#include "tool/operand.h"

#include <inttypes.h>
#include <stdio.h>

static void presign_deinit(struct presign *p)
{
	crew_free(p->crew);
	for (unsigned i = 0; i < PRESIGN_PENDING; i++) {
		buffer_deinit(&p->pending[i].certid);
		buffer_deinit(&p->pending[i].path);
	}
	for (unsigned i = 0; i < PRESIGN_SAMPLE; i++)
		buffer_deinit(&p->sample[i]);
	if (p->folder >= 0)
		(void)close(p->folder);
	presign_sql_deinit(p);
	buffer_deinit(&p->crl_octets);
	free(p->names);
	ocsp_prover_free(p->prover);
	import_report_deinit(&p->report);
	registry_deinit(&p->registry);
	database_close(&p->database);
	conf_free(p->conf);
	free(p);
}

static void presign_freep(struct presign **p)
{
	if (*p)
		presign_deinit(*p);
}

static int usage(struct fault *fault, const char *text)
{
	return fault_set(fault, STATUS_USAGE, "presign: %s", text);
}

/* ---- what is wished ---- */

static int add_hash(struct presign *p, struct view word, struct fault *fault)
{
	static const char *const names[OCSP_HASHES] = {"sha1", "sha256", "sha384", "sha512"};
	for (unsigned i = 0; i < OCSP_HASHES; i++) {
		if (!view_equal_nocase(word, view_of_string(names[i])))
			continue;
		for (unsigned k = 0; k < p->hash_count; k++)
			if (p->hashes[k] == (enum ocsp_hash)(i + 1))
				return 0;
		p->hashes[p->hash_count++] = (enum ocsp_hash)(i + 1);
		return 0;
	}
	return usage(fault, "--hash: of sha1, sha256, sha384 and sha512, with commas between");
}

static int read_hashes(struct presign *p, struct fault *fault)
{
	const char *at =
		p->line->values[OPTION_HASH] ? p->line->values[OPTION_HASH] : "sha1,sha256";
	int result = 0;
	while (result == 0) {
		size_t size = strcspn(at, ",");
		result = add_hash(p, view_of(at, size), fault);
		if (at[size] == '\0')
			break;
		at += size + 1;
	}
	return result;
}

/* As an answer has it, 99991231235959Z, or as a person writes it. */
static int read_until(const char *text, int64_t now, int64_t *ret)
{
	return time_parse_generalized(view_of_string(text), ret) == 0
		       ? 0
		       : operand_time(text, now, ret);
}

static int read_life(struct presign *p, struct fault *fault)
{
	const char *validity = p->line->values[OPTION_VALIDITY];
	const char *until = p->line->values[OPTION_UNTIL];
	if (validity && until)
		return usage(fault, "--validity or --until, not both");
	if (validity && (operand_duration(validity, &p->section.validity_us) < 0 ||
			 p->section.validity_us < 60 * SECOND_US))
		return usage(fault, "--validity: a duration like 90d, a minute at least");
	p->next_update = TIME_NONE;
	if (!until)
		return 0;
	if (read_until(until, p->now, &p->next_update) < 0 || p->next_update <= p->now)
		return usage(fault, "--until: a time to come, like 2027-05-09 or 99991231235959Z");
	p->for_ever = p->next_update == TIME_MOST;
	p->section.final_answers = true; /* for the signers: as long as is asked for */
	return 0;
}

static int read_jobs(struct presign *p, unsigned *ret, struct fault *fault)
{
	const char *text = p->line->values[OPTION_JOBS];
	char *end = NULL;
	unsigned long count = text ? strtoul(text, &end, 10) : p->conf->server.signers;
	if (text && (end == text || *end != '\0' || count < 1 || count > CREW_MOST))
		return usage(fault, "--jobs: a number from 1 to 256");
	*ret = count < 1 ? 1 : (unsigned)count;
	return 0;
}

static int find_section(struct presign *p, struct fault *fault)
{
	const char *path = p->line->values[OPTION_CONFIG];
	const char *name = p->line->values[OPTION_ISSUER];
	int result = conf_load(path ? path : DEFAULT_CONFIGURATION, &p->conf, fault);
	if (result < 0)
		return result;
	const struct conf_issuer *section = conf_issuer_named(p->conf, name);
	if (!section)
		return fault_set(fault, -ENOENT,
				 "%s: there is no [issuer \"%s\"], which says who signs",
				 p->conf->path, name);
	p->section = *section;
	return 0;
}

/* What the profile forbids an online signer is forbidden here, too. */
static int check_profile(const struct presign *p, struct fault *fault)
{
	int64_t most = profile_life_most(p->section.profile);
	if (most == INT64_MAX || p->next_update - p->this_update + 1 <= most)
		return 0;
	return fault_set(fault, -EINVAL,
			 "profile %s: no answer may last longer than %" PRId64
			 " days; say --validity",
			 profile_name(p->section.profile), most / 86400);
}

/* ---- who signs, and for whom ---- */

static int collect_passphrases(const struct presign *p, struct fault *fault)
{
	int result = 0;
	for (unsigned i = 0; i < conf_signer_count(&p->section) && result == 0; i++) {
		struct conf_signer signer = conf_signer_at(&p->section, i);
		result = passphrase_collect(signer.key_passphrase_file, signer.key, true, fault);
	}
	return result;
}

static int start_crew(struct presign *p, struct fault *fault)
{
	unsigned jobs = 0;
	int result = read_jobs(p, &jobs, fault);
	if (result == 0)
		result = collect_passphrases(p, fault);
	return result == 0 ? crew_start(&p->conf->server, &p->section, jobs, &p->crew, fault)
			   : result;
}

/* The CA of the section's file must be the registered one: the keys are proven to be its. */
static int check_certificate(const struct presign *p, struct fault *fault)
{
	struct certfile file = {0};
	int result = certfile_load(&file, p->section.certificate, fault);
	if (result < 0)
		return result;
	bool same = view_equal(file.slices.subject, p->issuer->certificate.subject) &&
		    view_equal(file.slices.key_bits, p->issuer->certificate.key_bits);
	certfile_deinit(&file);
	return same ? 0
		    : fault_set(fault, -EKEYREJECTED,
				"%s: the issuer \"%s\" is registered with another name or key",
				p->section.certificate, p->section.name);
}

static int read_names(struct presign *p, struct fault *fault)
{
	const struct registered *issuer = p->issuer;
	p->names = calloc(issuer->name_count + 1, sizeof(*p->names));
	if (!p->names)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i <= issuer->name_count; i++) {
		struct presign_name *name = &p->names[p->name_count++];
		struct view subject = issuer->certificate.subject;
		if (i > 0)
			subject = name->der = buffer_view(&issuer->names[i - 1].der);
		if (ocsp_issuer_init(&name->hashes, subject, issuer->certificate.key_bits) < 0)
			return fault_set(fault, -EIO, "the library refuses to hash");
	}
	return 0;
}

static int prepare(struct presign *p, struct fault *fault)
{
	int result = find_section(p, fault);
	if (result == 0)
		result = read_hashes(p, fault);
	if (result == 0)
		result = read_life(p, fault);
	if (result == 0)
		result = start_crew(p, fault); /* before there are descriptors that they inherit */
	if (result == 0)
		result = import_report_init(&p->report, p->line, "certificates", 0, fault);
	if (result == 0)
		result = database_open_current(p->line, DB_READER, &p->database, fault);
	if (result == 0)
		result = presign_begin(p, fault);
	if (result == 0)
		result = p->place->open(p, fault);
	if (result == 0)
		result = check_certificate(p, fault);
	if (result == 0)
		result = read_names(p, fault);
	if (result == 0)
		result = ocsp_prover_new(buffer_view(&p->issuer->der), &p->prover, fault);
	if (result)
		return result;
	p->this_update -= wall_seconds(p->section.backdate_us);
	if (p->next_update == TIME_NONE) /* validity counts both ends */
		p->next_update = p->this_update + wall_seconds(p->section.validity_us) - 1;
	return check_profile(p, fault);
}

/* ---- one answer ---- */

static void note(struct presign *p, enum import_finding finding, const struct serial *serial,
		 const char *text)
{
	char digits[2 * LIMIT_SERIAL + 1];
	hex_put(digits, serial_view(serial));
	import_note(&p->report, finding, "serial %s: %s", digits, text);
}

/* Proven, then put in its place as a whole. */
static int put(struct presign *p, const struct presign_wish *wish, struct view der,
	       struct fault *fault)
{
	struct fault why = {""};
	struct ocsp_said said;
	if (presign_prove(p, wish, der, &said, &why) != 0)
		return fault_set(fault, -EKEYREJECTED, "what was signed would not be believed: %s",
				 why.text);
	int result = p->place->put(p, wish, der, &said, fault);
	if (result == 0) {
		p->counts.made++;
		presign_count_end(p, said.next_update);
	}
	return result;
}

static int take_one(struct presign *p, struct fault *fault)
{
	struct crew_result done = {0};
	int result = crew_take(p->crew, &done, fault);
	if (result)
		return result;
	for (unsigned i = 0; i < PRESIGN_PENDING; i++) {
		struct presign_wish *wish = &p->pending[i];
		if (wish->id == 0 || wish->id != done.answer.id)
			continue;
		wish->id = 0;
		if (!done.reason)
			return put(p, wish, done.answer.der, fault);
		note(p, IMPORT_PROBLEM, &wish->serial, done.reason);
		return p->place->remove(p, wish, fault);
	}
	return fault_set(fault, -EPROTO, "a signing process answered what nobody asked");
}

static struct presign_wish *free_place(struct presign *p)
{
	for (unsigned i = 0; i < PRESIGN_PENDING; i++)
		if (p->pending[i].id == 0)
			return &p->pending[i];
	return NULL;
}

/* CrlID only where the CRL brought what is said, or proves it, as the ledger decides it. */
static struct cert_facts facts_of(const struct presign *p, const struct presign_row *row,
				  const struct verdict *verdict)
{
	unsigned fit = extensions_with(verdict->says.status) & conf_extensions(&p->section);
	if (row->record.status == CERT_GOOD || p->record.revoked_at != TIME_NONE)
		fit &= ~EXTENSION_BIT(EXTENSION_CRL_ID);
	struct cert_facts facts = facts_only(&row->facts, fit);
	if (!p->section.extensions[EXTENSION_CRL_ID] || verdict->says.status != OCSP_GOOD ||
	    verdict->as_of != p->crl.crl_time)
		return facts;
	facts.crl_url = p->crl.crl_url;
	facts.crl_number = p->crl.crl_number;
	facts.crl_time = p->crl.crl_time;
	return facts;
}

static int give(struct presign *p, struct presign_wish *wish, const struct presign_name *name,
		const struct cert_facts *facts, struct fault *fault)
{
	struct message_sign job = {
		.id = ++p->last_id,
		.this_update = wish->this_update,
		.next_update = wish->next_update,
		.count = 1,
	};
	job.entries[0] = (struct sign_entry){
		.certid = buffer_view(&wish->certid),
		.says = wish->says,
		.facts = *facts,
		.issuer_name = name->der,
	};
	int result = 0;
	while (result == 0 && !crew_has_room(p->crew))
		result = take_one(p, fault);
	if (result == 0)
		result = crew_give(p->crew, &job, fault);
	if (result == 0)
		wish->id = job.id;
	return result;
}

/* One CertID of a certificate. `verdict` NULL: nothing is to be said of it. */
static int make_answer(struct presign *p, const struct presign_row *row,
		       const struct presign_name *name, enum ocsp_hash hash,
		       const struct presign_wish *model, bool said, const struct cert_facts *facts,
		       struct fault *fault)
{
	struct presign_wish *wish;
	int result = 0;
	while (!(wish = free_place(p)) && result == 0)
		result = take_one(p, fault);
	if (result)
		return result;
	struct buffer certid = wish->certid, path = wish->path;
	*wish = *model;
	wish->certid = certid;
	wish->path = path;
	buffer_reset(&wish->certid);
	ocsp_certid_write_of(&wish->certid, &name->hashes, hash, serial_view(&row->record.serial));
	if (buffer_result(&wish->certid) < 0 || presign_path(wish) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!said)
		return p->place->remove(p, wish, fault);
	return p->place->is_kept(p, wish) ? 0 : give(p, wish, name, facts, fault);
}

/* ---- one certificate ---- */

/* NULL, or why nothing is said of it. */
static const char *silence(const struct presign *p, const struct presign_row *row,
			   const struct verdict *verdict)
{
	const struct cert_record *record = &row->record;
	bool held = verdict->says.reason == REASON_CERTIFICATE_HOLD;
	if (record->status == CERT_WITHDRAWN)
		return "it was withdrawn";
	if (!record_counts(record))
		return "it is no serial number (see stillgood check)";
	if (verdict->result == OCSP_UNAUTHORIZED)
		return "it has expired, and expired = unauthorized";
	if (verdict->result != OCSP_SUCCESSFUL)
		return verdict_rule_text(verdict->rule)->text;
	if (p->for_ever && held && p->section.hold_releasable)
		return "it is on hold, and no final answer can be given: revoke or release it";
	return NULL;
}

static bool is_expected(const struct verdict *verdict, const struct presign_row *row)
{
	return row->record.status == CERT_WITHDRAWN || verdict->result == OCSP_UNAUTHORIZED;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* As ledger/times.c ends them; nobody here can take an answer back, so that it ends where another would begin. */
static int64_t end_of(const struct presign *p, const struct verdict *verdict)
{
	int64_t end = least(p->next_update, verdict->valid_until);
	/* A signer lets nothing leave that lasts longer. */
	int64_t life = wall_seconds(p->section.validity_us + p->section.backdate_us);
	if (!p->section.final_answers)
		end = least(end, least(p->this_update, verdict->as_of) + life);
	if (!p->section.outlive && !p->for_ever && verdict->not_after != TIME_NONE &&
	    verdict->not_after > p->now)
		end = least(end, verdict->not_after);
	return p->section.retired_until ? least(end, p->section.retired_until) : end;
}

static void count_unexpired(struct presign *p, const struct verdict *verdict)
{
	bool ended = verdict->not_after != TIME_NONE && verdict->not_after <= p->now;
	p->counts.unexpired += p->for_ever && verdict->says.status == OCSP_GOOD && !ended;
}

static int take_row(struct presign *p, const struct presign_row *row, struct fault *fault)
{
	struct verdict verdict = verdict_of(&p->section.policy, &p->record, &row->record, p->now);
	const char *why = silence(p, row, &verdict);
	struct presign_wish model = {
		.serial = row->record.serial,
		.says = verdict.says,
		.this_update = least(p->this_update, verdict.as_of),
		.next_update = end_of(p, &verdict),
	};
	if (!why && (model.next_update <= p->now || model.next_update <= model.this_update))
		why = "nothing is left of the time for which it could be said";
	if (why)
		note(p, is_expected(&verdict, row) ? IMPORT_SKIPPED : IMPORT_PROBLEM, &model.serial,
		     why);
	else
		count_unexpired(p, &verdict);
	const struct cert_facts facts = facts_of(p, row, &verdict);
	int result = 0;
	for (unsigned n = 0; n < p->name_count && result == 0; n++)
		for (unsigned h = 0; h < p->hash_count && result == 0; h++)
			result = make_answer(p, row, &p->names[n], p->hashes[h], &model, !why,
					     &facts, fault);
	return result;
}

/* ---- the whole ---- */

static int work(struct presign *p, struct fault *fault)
{
	int result = presign_each(p, take_row, fault);
	while (result == 0)
		result = take_one(p, fault);
	return result == CREW_IDLE ? p->place->close(p, fault) : result;
}

static void print_json(struct presign *p)
{
	const struct presign_counts *counts = &p->counts;
	struct json_object *document = json_object_new_object();
	output_json_string(document, "issuer", p->section.name);
	output_json_number(document, "certificates", (int64_t)counts->certificates);
	output_json_number(document, "signed", (int64_t)counts->made);
	output_json_number(document, "kept", (int64_t)counts->kept);
	output_json_number(document, "removed", (int64_t)counts->removed);
	output_json_number(document, "good_for_ever_unexpired", (int64_t)counts->unexpired);
	output_json_time(document, "this_update", p->this_update);
	output_json_time(document, "first_next_update", counts->first_end);
	output_json_time(document, "last_next_update", counts->last_end);
	import_report_json(&p->report, document);
}

static void print_text(struct presign *p)
{
	const struct presign_counts *counts = &p->counts;
	char until[ISO_TIME_SIZE + 1] = "";
	printf("%" PRIu64 " certificate%s: %" PRIu64 " answer%s signed, %" PRIu64 " kept, %" PRIu64
	       " removed",
	       counts->certificates, output_plural(counts->certificates), counts->made,
	       output_plural(counts->made), counts->kept, counts->removed);
	if (p->report.counts[IMPORT_PROBLEM])
		printf(", %" PRIu64 " problem%s", p->report.counts[IMPORT_PROBLEM],
		       output_plural(p->report.counts[IMPORT_PROBLEM]));
	if (counts->first_end != TIME_NONE) {
		time_put_iso(until, counts->first_end);
		printf("; the first ends at %s", until);
	}
	printf("\n");
}

static void warn_of_final(struct presign *p)
{
	const struct presign_counts *counts = &p->counts;
	char end[ISO_TIME_SIZE + 1] = "";
	if (counts->unexpired)
		import_note(&p->report, IMPORT_WARNING,
			    "%" PRIu64 " that have not expired are said to be good for ever: "
			    "nobody will hear of a revocation of theirs",
			    counts->unexpired);
	if (!p->for_ever || counts->first_end == TIME_NONE || counts->first_end == TIME_MOST)
		return;
	time_put_iso(end, counts->first_end);
	import_note(&p->report, IMPORT_WARNING,
		    "they are not final, the first ends at %s: no answer lasts longer than its "
		    "signer's certificate, which must have no end (99991231235959Z)",
		    end);
}

static int check_usage(const struct command_line *line, struct fault *fault)
{
	if (!option_given(line, OPTION_ISSUER) ||
	    option_given(line, OPTION_OUT) == option_given(line, OPTION_SQL))
		return usage(fault, "say --issuer, and --out or --sql");
	return 0;
}

int command_presign(const struct command_line *line, struct fault *fault)
{
	int result = check_usage(line, fault);
	if (result)
		return result;
	cleanup(presign_freep) struct presign *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(fault, -ENOMEM, "out of memory");
	p->line = line;
	p->place = option_given(line, OPTION_SQL) ? &presign_sql : &presign_folder;
	p->folder = -1;
	p->now = wall_seconds(clock_now().wall_us);
	p->counts.first_end = p->counts.last_end = TIME_NONE;
	result = prepare(p, fault);
	if (result == 0)
		result = work(p, fault);
	if (result)
		return result;
	progress_deinit(&p->report.progress);
	warn_of_final(p);
	if (option_given(line, OPTION_JSON))
		print_json(p);
	else
		print_text(p);
	return import_status(&p->report);
}
