/* `check`: what serve would do, without serving. The proof is the one that serve makes itself
 * (check_steps.h). */
#include "cli/check_steps.h"
#include "cli/connect.h"
#include "signer/passphrase.h"
#include "tool/output.h"

#include <stdio.h>

struct checking {
	const char *path;
	bool verbose;
	struct conf *conf; /* NULL: not readable */
	struct buffer configuration; /* as effective, passwords masked */
	struct users users;
	struct preflight preflight;
	struct json_object *findings;
};

static void checking_deinit(struct checking *checking)
{
	json_object_put(checking->findings);
	buffer_deinit(&checking->configuration);
	conf_free(checking->conf);
}

static void on_found(void *context, const struct preflight_finding *finding)
{
	struct checking *checking = context;
	struct json_object *object = json_object_new_object();
	output_json_string(object, "level", consequence_level(finding->consequence));
	if (finding->requirement[0])
		output_json_string(object, "requirement", finding->requirement);
	output_json_string(object, "text", finding->text);
	output_json_string(object, "serve", consequence_serve(finding->consequence));
	output_json_string(object, "consequence", consequence_words(finding->consequence));
	json_object_array_add(checking->findings, object);
}

static void prove(struct checking *checking)
{
	struct fault fault = {""};
	if (conf_load(checking->path, &checking->conf, &fault)) {
		preflight_find(&checking->preflight, SERVE_REFUSED, "", "%s", fault.text);
		return;
	}
	if (passphrases_collect(checking->conf, true, &fault))
		preflight_find(&checking->preflight, SERVE_REFUSED, "", "%s", fault.text);
	conf_render(checking->conf, CONF_ALL, false, &checking->configuration);
	preflight_find(&checking->preflight, SERVE_WELL, "", "%s: read", checking->path);
	users_find(checking->conf, &checking->users);
	checking->preflight.users = &checking->users;
	for (const struct preflight_step *step = check_steps; step->prove; step++)
		preflight_run(step, checking->conf, &checking->preflight);
}

/* ---- report ---- */

static enum consequence worst(const struct preflight *preflight)
{
	unsigned worst = CONSEQUENCE_COUNT - 1;
	while (worst > 0 && preflight->counts[worst] == 0)
		worst--;
	return (enum consequence)worst;
}

static bool is_ok(const struct preflight *preflight)
{
	return preflight_count(preflight, SERVE_REGARDLESS) == 0;
}

static void report_json(struct checking *checking)
{
	struct json_object *document = json_object_new_object();
	output_json_bool(document, "ok", is_ok(&checking->preflight));
	output_json_string(document, "serve", consequence_serve(worst(&checking->preflight)));
	output_json_string(document, "file", checking->path);
	output_json_view(document, "configuration", buffer_view(&checking->configuration));
	json_object_object_add(document, "findings", json_object_get(checking->findings));
	output_json(document);
}

static const char *member(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(json_object_object_get(object, key));
	return text ? text : "";
}

static void print_finding(const struct checking *checking, struct json_object *finding)
{
	const char *level = member(finding, "level"), *requirement = member(finding, "requirement");
	const char *words = member(finding, "consequence");
	if (!checking->verbose && strcmp(level, consequence_level(SERVE_WELL)) == 0)
		return;
	cleanup(memory_freep) char *text = output_text_new(member(finding, "text"));
	printf("%s: %s%s%s%s%s%s\n", level, requirement, *requirement ? ": " : "", text ? text : "",
	       *words ? " [" : "", words, *words ? "]" : "");
}

static void print_ok(const struct checking *checking)
{
	const struct conf *conf = checking->conf;
	unsigned signers = 0, warnings = checking->preflight.counts[SERVE_WARNED];
	for (unsigned i = 0; i < conf->issuer_count; i++)
		signers += conf_signer_count(&conf->issuers[i]);
	printf("%s: ok, %u issuer%s, %u signer%s", checking->path, conf->issuer_count,
	       output_plural(conf->issuer_count), signers, output_plural(signers));
	if (warnings > 0)
		printf(", %u warning%s", warnings, output_plural(warnings));
	printf("\n");
}

static void report(const struct checking *checking)
{
	if (checking->verbose && checking->configuration.size)
		printf("%.*s", (int)checking->configuration.size,
		       (const char *)checking->configuration.data);
	for (size_t i = 0; i < json_object_array_length(checking->findings); i++)
		print_finding(checking, json_object_array_get_idx(checking->findings, i));
	if (is_ok(&checking->preflight))
		print_ok(checking);
}

static int fault_of(const struct checking *checking, struct fault *fault)
{
	const struct preflight *preflight = &checking->preflight;
	unsigned refused = preflight->counts[SERVE_REFUSED];
	unsigned errors = preflight_count(preflight, SERVE_REGARDLESS) - refused;
	return fault_set(fault, -EINVAL, "%s: %u refused, %u error%s, %u warning%s; %s",
			 checking->path, refused, errors, output_plural(errors),
			 preflight->counts[SERVE_WARNED],
			 output_plural(preflight->counts[SERVE_WARNED]),
			 consequence_words(worst(preflight)));
}

int command_check(const struct command_line *line, struct fault *fault)
{
	const char *path = line->values[OPTION_CONFIG];
	cleanup(checking_deinit) struct checking checking = {
		.path = path ? path : DEFAULT_CONFIGURATION,
		.verbose = option_given(line, OPTION_VERBOSE),
		.findings = json_object_new_array(),
	};
	checking.preflight = (struct preflight){.found = on_found, .context = &checking};
	prove(&checking);
	if (option_given(line, OPTION_JSON))
		report_json(&checking);
	else
		report(&checking);
	return is_ok(&checking.preflight) ? STATUS_DONE : fault_of(&checking, fault);
}
