/* The ledger binds a section to the issuer of its name, and the signer answers for the certificate in
 * the section's file: both must be the same CA. */
#include "cli/check_issuers.h"

#include "base/clock.h"
#include "base/timetext.h"
#include "conf/nearest.h"
#include "signer/certfile.h"

struct checking {
	const struct conf *conf;
	const struct registry *registry;
	struct preflight *preflight;
};

/* The registered name that the fewest edits make of this one, among those that no section has. */
static const char *nearest_name(const struct checking *checking, const char *name)
{
	const char *nearest = NULL;
	for (size_t i = 0; i < checking->registry->count; i++) {
		const char *other = checking->registry->issuers[i].record.name;
		if (!conf_issuer_named(checking->conf, other) &&
		    (!nearest || edit_distance(name, other) < edit_distance(name, nearest)))
			nearest = other;
	}
	return nearest;
}

static void find_unregistered(const struct checking *checking, const struct conf_issuer *section)
{
	const char *nearest = nearest_name(checking, section->name);
	preflight_find(checking->preflight, SERVE_WITHOUT_ISSUER, "",
		       "%s:%u: issuer \"%s\" is not registered%s%s%s; run: stillgood issuer add %s "
		       "--name \"%s\"",
		       section->file, section->line, section->name,
		       nearest ? ", the nearest name that is: \"" : "", nearest ? nearest : "",
		       nearest ? "\"" : "", section->certificate, section->name);
}

/* What the ledger raises an alarm for (presigned_ends), and what it is not ready without. */
static void check_presigned(const struct checking *checking, const struct conf_issuer *section,
			    const struct issuer_record *record)
{
	int64_t now = wall_seconds(clock_now().wall_us), left = record->presigned_until - now;
	char end[ISO_TIME_SIZE + 1] = "";
	if (record->presigned == 0) {
		preflight_find(
			checking->preflight, SERVE_WARNED, "",
			"issuer \"%s\": source = presigned, and no answer is recorded, so that "
			"nothing is answered; run: stillgood presign, stillgood import answers",
			section->name);
		return;
	}
	if (record->presigned_until == TIME_NONE ||
	    left > (record->presigned_until - record->presigned_from) / LIMIT_STORED_WARNING)
		return;
	time_put_iso(end, record->presigned_until);
	preflight_find(checking->preflight, SERVE_WARNED, "",
		       "issuer \"%s\": the first of the stored answers %s at %s; run: stillgood "
		       "presign, stillgood import answers",
		       section->name, left > 0 ? "ends" : "has ended", end);
}

/* P-22: nothing is good but as of a CRL that lasts. */
static void find_crl(const struct checking *checking, const struct conf_issuer *section,
		     const struct issuer_record *record)
{
	char until[ISO_TIME_SIZE + 1] = "";
	bool none = record->crl_from == TIME_NONE;
	int64_t now_s = wall_seconds(clock_now().wall_us);
	if (section->policy.complete || (!none && record->crl_until > now_s))
		return;
	if (!none)
		time_put_iso(until, record->crl_until);
	preflight_find(checking->preflight, SERVE_WARNED, "P-22",
		       "%s:%u: issuer \"%s\" has complete = no, and %s%s: nothing is good, clients "
		       "are told tryLater until one is recorded (stillgood import crl)",
		       section->file, section->line, section->name,
		       none ? "no CRL is recorded that proves what is not revoked"
			    : "its CRL has ended at ",
		       until);
}

static void find_well(const struct checking *checking, const struct conf_issuer *section,
		      const struct registered *registered)
{
	preflight_find(checking->preflight, SERVE_WELL, "",
		       "issuer \"%s\": registered with this subject and key", section->name);
	if (section->source == SOURCE_PRESIGNED)
		check_presigned(checking, section, &registered->record);
	if (registered->record.revoked_at != TIME_NONE)
		preflight_find(
			checking->preflight, SERVE_WARNED, "",
			"issuer \"%s\": revoked as a whole; every certificate of it is answered "
			"as revoked",
			section->name);
	find_crl(checking, section, &registered->record);
}

/* The key is what counts: under which names it issues the database says (P-7). */
static void compare_named(const struct checking *checking, const struct conf_issuer *section,
			  const struct registered *named, const struct certificate *ca)
{
	const char *path = section->file;
	if (!view_equal(named->certificate.key_bits, ca->key_bits))
		preflight_find(
			checking->preflight, SERVE_WITHOUT_ISSUER, "P-8",
			"%s:%u: issuer \"%s\" is registered with another key than that of %s", path,
			section->line, section->name, section->certificate);
	else if (!registered_knows_name(named, ca->subject))
		preflight_find(
			checking->preflight, SERVE_REGARDLESS, "P-7",
			"%s:%u: issuer \"%s\" is registered with the key, but without the "
			"subject, of %s; teach it what certificates call it: stillgood issuer "
			"add %s --name-from CERT",
			path, section->line, section->name, section->certificate,
			section->certificate);
	else
		find_well(checking, section, named);
}

static void compare(const struct checking *checking, const struct conf_issuer *section,
		    const struct certificate *ca)
{
	const struct registry *registry = checking->registry;
	const struct registered *named = registry_by_name(registry, section->name);
	const struct registered *same = registry_by_identity(registry, ca->subject, ca->key_bits);
	if (named && named->malformed)
		return; /* check_malformed() */
	if (named)
		compare_named(checking, section, named, ca);
	else if (same)
		preflight_find(checking->preflight, SERVE_WITHOUT_ISSUER, "",
			       "%s:%u: the CA of %s is registered as \"%s\", not as \"%s\"; rename "
			       "the section",
			       section->file, section->line, section->certificate,
			       same->record.name, section->name);
	else
		find_unregistered(checking, section);
}

/* A file that cannot be read is a finding of check_signers(). */
static void check_section(const struct checking *checking, const struct conf_issuer *section)
{
	struct certfile file = {0};
	if (certfile_load(&file, section->certificate, NULL) < 0)
		return;
	compare(checking, section, &file.slices);
	certfile_deinit(&file);
}

static void check_left_out(const struct checking *checking)
{
	for (size_t i = 0; i < checking->registry->count; i++) {
		const char *name = checking->registry->issuers[i].record.name;
		if (!conf_issuer_named(checking->conf, name))
			preflight_find(checking->preflight, SERVE_WARNED, "",
				       "issuer \"%s\" is registered but has no section: questions "
				       "about it are not answered",
				       name);
	}
}

/* Whether there is a section for it or not: commands, too, recognise nothing as its. */
static void check_malformed(const struct checking *checking)
{
	for (size_t i = 0; i < checking->registry->count; i++) {
		const struct registered *issuer = &checking->registry->issuers[i];
		if (!issuer->malformed)
			continue;
		bool served = conf_issuer_named(checking->conf, issuer->record.name);
		checking->preflight->issuer = served ? issuer->record.name : NULL;
		preflight_find(checking->preflight, served ? SERVE_WITHOUT_ISSUER : SERVE_WARNED,
			       "", REGISTRY_MALFORMED "; put the right one back",
			       issuer->record.name);
	}
	checking->preflight->issuer = NULL;
}

void check_issuers(const struct conf *conf, struct database *database, struct preflight *preflight)
{
	cleanup(registry_deinit) struct registry registry = {0};
	struct checking checking = {conf, &registry, preflight};
	struct fault fault = {""};
	if (registry_load(database, &registry, &fault)) {
		preflight_find(preflight, SERVE_WITHOUT_ISSUER, "", "%s", fault.text);
		return;
	}
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		preflight->issuer = conf->issuers[i].name;
		check_section(&checking, &conf->issuers[i]);
	}
	check_malformed(&checking);
	check_left_out(&checking);
}
