/* `signer check`: would serve take this certificate? */
#include "base/clock.h"
#include "base/timetext.h"
#include "cli/signer_conf.h"
#include "signer/certfile.h"
#include "signer/credential.h"
#include "signer/examine.h"
#include "signer/passphrase.h"

#include <stdio.h>

struct checking {
	const struct command_line *line;
	const char *path; /* of the certificate */
	const struct conf *conf;
	struct conf_issuer section; /* borrowed strings */
	int64_t not_before, not_after;
	struct findings findings;
};

static void checking_deinit(struct checking *checking)
{
	findings_deinit(&checking->findings);
}

/* The issuer's section with this certificate and key alone; or one that says nothing but the defaults. */
static int choose_section(struct checking *checking, struct fault *fault)
{
	const char *name = checking->line->values[OPTION_ISSUER];
	const char *ca = checking->line->values[OPTION_CA];
	const struct conf_issuer *section =
		name ? conf_issuer_named(checking->conf, name) : &checking->conf->issuers[0];
	if (!section)
		return fault_set(fault, -ENOENT,
				 "%s: there is no [issuer \"%s\"]; say the name in the head of its "
				 "section, or --ca",
				 checking->conf->path, name);
	checking->section = *section;
	checking->section.signer_count = 0;
	if (!name)
		checking->section.profile = PROFILE_PRIVATE;
	if (!name)
		checking->section.chain = NULL;
	if (ca)
		checking->section.certificate = (char *)ca;
	checking->section.signer_certificate = (char *)checking->path;
	checking->section.signer_key = (char *)checking->line->values[OPTION_KEY_AT];
	checking->section.signer_key_passphrase_file =
		(char *)checking->line->values[OPTION_PASSPHRASE_FILE];
	checking->findings.profile = checking->section.profile;
	return 0;
}

static int prove_with_key(struct checking *checking, int64_t now, struct fault *fault)
{
	cleanup(credential_freep) struct credential *credential = NULL;
	int result = passphrase_collect(checking->section.signer_key_passphrase_file,
					checking->section.signer_key, true, fault);
	if (result == 0)
		result = credential_prove(&checking->conf->server, &checking->section, now, true,
					  &credential, &checking->findings, fault);
	return result;
}

/* What credential_read() leaves to its callers. */
static void judge_dates(struct checking *checking, int64_t now)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (now < checking->not_before) {
		time_put_iso(text, checking->not_before);
		findings_add(&checking->findings, FINDING_SIGNER_EARLY, checking->path, "%s", text);
	}
	if (now <= checking->not_after && checking->not_after - now < CREDENTIAL_NOTICE) {
		time_put_iso(text, checking->not_after);
		findings_add(&checking->findings, FINDING_SIGNER_ENDS_SOON, checking->path, "at %s",
			     text);
	}
	if (now > checking->not_after) {
		time_put_iso(text, checking->not_after);
		findings_add(&checking->findings, FINDING_PROOF_FAILED, checking->path,
			     "it expired at %s", text);
	}
}

static int read_dates(struct checking *checking, struct fault *fault)
{
	cleanup(certfile_deinit) struct certfile file = {0};
	int result = certfile_load(&file, checking->path, fault);
	if (result < 0)
		return result;
	checking->not_before = file.slices.not_before;
	checking->not_after = file.slices.not_after;
	return 0;
}

static void prove(struct checking *checking)
{
	struct fault fault = {""};
	int64_t now = wall_seconds(clock_now().wall_us);
	int result = read_dates(checking, &fault);
	if (result == 0)
		result = checking->section.signer_key
				 ? prove_with_key(checking, now, &fault)
				 : examine(&checking->section, NULL, &checking->findings, &fault);
	if (result == 0 && option_given(checking->line, OPTION_REQUEST))
		result = examine(&checking->section, checking->line->values[OPTION_REQUEST],
				 &checking->findings, &fault);
	if (result < 0)
		findings_add(&checking->findings, FINDING_PROOF_FAILED, NULL, "%s", fault.text);
	else
		judge_dates(checking, now);
}

static const char *level_of(const struct finding *finding)
{
	return finding->severity == SEVERITY_REFUSED ? "refused" : "warning";
}

static void print_json(const struct checking *checking)
{
	struct json_object *document = json_object_new_object(), *list = json_object_new_array();
	for (size_t i = 0; i < checking->findings.count; i++) {
		const struct finding *finding = &checking->findings.items[i];
		struct json_object *object = json_object_new_object();
		output_json_string(object, "level", level_of(finding));
		output_json_string(object, "requirement", finding->requirement);
		output_json_string(object, "text", finding->text);
		json_object_array_add(list, object);
	}
	output_json_bool(document, "ok", findings_refused(&checking->findings) == 0);
	output_json_string(document, "certificate", checking->path);
	output_json_time(document, "not_before", checking->not_before);
	output_json_time(document, "not_after", checking->not_after);
	json_object_object_add(document, "findings", list);
	output_json(document);
}

static void print_text(const struct checking *checking)
{
	char from[ISO_TIME_SIZE + 1] = "", until[ISO_TIME_SIZE + 1] = "";
	for (size_t i = 0; i < checking->findings.count; i++) {
		const struct finding *finding = &checking->findings.items[i];
		cleanup(memory_freep) char *text = output_text_new(finding->text);
		printf("%s: %s%s%s\n", level_of(finding), finding->requirement,
		       finding->requirement[0] ? ": " : "", text ? text : "");
	}
	if (findings_refused(&checking->findings) > 0)
		return;
	time_put_iso(from, checking->not_before);
	time_put_iso(until, checking->not_after);
	printf("%s: ok, may sign from %s until %s\n", checking->path, from, until);
}

int command_signer_check(const struct command_line *line, struct fault *fault)
{
	cleanup(conf_freep) struct conf *conf = NULL;
	cleanup(checking_deinit) struct checking checking = {.line = line,
							     .path = line->operands[0]};
	if (!option_given(line, OPTION_ISSUER) && !option_given(line, OPTION_CA))
		return fault_set(fault, STATUS_USAGE, "signer check: say --issuer or --ca");
	int result = signer_conf_load(line, &conf, fault);
	checking.conf = conf;
	if (result == 0)
		result = choose_section(&checking, fault);
	if (result < 0)
		return result;
	prove(&checking);
	if (option_given(line, OPTION_JSON))
		print_json(&checking);
	else
		print_text(&checking);
	unsigned refused = findings_refused(&checking.findings);
	return refused == 0 ? STATUS_DONE
			    : fault_set(fault, -EKEYREJECTED, "%s: refused", checking.path);
}
