/* What a start reads before it does anything else. */
#include "base/clock.h"
#include "base/timetext.h"
#include "cli/check_steps.h"
#include "cli/check_take.h"
#include "conf/conninfo.h"
#include "conf/profile.h"
#include "signer/credential.h"
#include "verifier/requestors.h"

#include <sys/stat.h>

/* The same rule as for a key (FINDING_KEY_OPEN): the group is how a service's user reads what is
 * root's. */
void check_secret(const struct conf *conf, struct preflight *preflight)
{
	struct stat status;
	const char *path = conf->database.file ? conf->database.file : conf->path;
	const char *import = conf->database.import_conninfo;
	bool open = stat(path, &status) == 0 && (status.st_mode & S_IROTH);
	bool secret = conninfo_has_secret(conf->database.conninfo);
	if (open && (secret || (import && conninfo_has_secret(import))))
		preflight_find(preflight, SERVE_REFUSED, "",
			       "%s: everybody may read this file, and %s holds a password; chmod "
			       "o-r it, or keep the password in a passfile (mode 0600)",
			       path, secret ? "conninfo" : "import_conninfo");
}

/* P-37: each signer with its time; expired ones are findings of credential_load(). */
static void tell_signers(const struct conf_issuer *section, const struct credential *credential,
			 int64_t now, struct preflight *preflight)
{
	for (unsigned i = 0; i < credential_signer_count(credential); i++) {
		struct credential_signer signer = credential_signer_at(credential, i);
		char from[ISO_TIME_SIZE + 1] = "", until[ISO_TIME_SIZE + 1] = "";
		bool early = now < signer.not_before;
		time_put_iso(from, signer.not_before);
		time_put_iso(until, signer.not_after);
		if (signer.ready && now <= signer.not_after)
			preflight_find(preflight, SERVE_WELL, "",
				       "issuer \"%s\": signs with %s%s%s until %s", section->name,
				       signer.algorithm, early ? " from " : "", early ? from : "",
				       until);
	}
}

/* What was found out about one issuer. */
struct proven {
	struct credential *credential; /* NULL: none can be used */
	struct findings findings;
};

static void prove_signers_of(const struct conf *conf, const struct conf_issuer *section,
			     int64_t now, struct proven *ret)
{
	struct fault fault = {""};
	ret->findings = (struct findings){.profile = section->profile};
	profile_judge(section, &ret->findings);
	if (credential_prove(&conf->server, section, now, false, &ret->credential, &ret->findings,
			     &fault))
		findings_add(&ret->findings, FINDING_PROOF_FAILED, NULL, "%s", fault.text);
}

/* One issuer's trouble is its own while there is another one (promise 7). */
static enum consequence trouble_of_issuer(const struct conf *conf, const struct proven *proven)
{
	bool other = false;
	for (unsigned i = 0; i < conf->issuer_count; i++)
		other = other || check_troubles(&proven[i].findings) == 0;
	return other ? preflight_of_issuer(conf) : SERVE_REFUSED;
}

static void check_requestors_of(const struct conf_issuer *section, enum consequence refused,
				struct preflight *preflight)
{
	cleanup(requestors_freep) struct requestors *requestors = NULL;
	struct fault fault = {""};
	if (section->signed_requests == SIGNED_IGNORE)
		return;
	if (requestors_load(section, &requestors, &fault))
		preflight_find(preflight, refused, "P-15", "issuer \"%s\": %.800s", section->name,
			       fault.text);
	else
		preflight_find(preflight, SERVE_WELL, "", "issuer \"%s\": requestors are read",
			       section->name);
}

void check_signers(const struct conf *conf, struct preflight *preflight)
{
	int64_t now = wall_seconds(clock_now().wall_us);
	cleanup(memory_freep) struct proven *proven = calloc(conf->issuer_count, sizeof(*proven));
	if (!proven) {
		preflight_find(preflight, SERVE_REFUSED, "", "out of memory");
		return;
	}
	for (unsigned i = 0; i < conf->issuer_count; i++)
		prove_signers_of(conf, &conf->issuers[i], now, &proven[i]);
	enum consequence refused = trouble_of_issuer(conf, proven);
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		preflight->issuer = conf->issuers[i].name;
		check_take(preflight, &conf->issuers[i], &proven[i].findings, refused);
		if (proven[i].credential)
			tell_signers(&conf->issuers[i], proven[i].credential, now, preflight);
		credential_free(proven[i].credential);
		findings_deinit(&proven[i].findings);
	}
	preflight->issuer = NULL;
}

void check_requestors(const struct conf *conf, struct preflight *preflight)
{
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		preflight->issuer = conf->issuers[i].name;
		check_requestors_of(&conf->issuers[i], preflight_of_issuer(conf), preflight);
	}
	preflight->issuer = NULL;
}
