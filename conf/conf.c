/* What is asked of a configuration. */
#include "conf/conf.h"

#include "base/clock.h"

const struct conf_issuer *conf_issuer_named(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (strcmp(conf->issuers[i].name, name) == 0)
			return &conf->issuers[i];
	return NULL;
}

const struct conf_issuer *conf_default_issuer(const struct conf *conf)
{
	if (conf->server.unknown_issuer != UNKNOWN_ISSUER_UNKNOWN || !conf->server.default_issuer)
		return NULL;
	return conf_issuer_named(conf, conf->server.default_issuer);
}

bool conf_verifies(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (conf->issuers[i].signed_requests != SIGNED_IGNORE)
			return true;
	return false;
}

bool conf_fetches(const struct conf *conf)
{
	if (conf->cache_count > 0)
		return true;
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (conf->issuers[i].crl || conf->issuers[i].crl_watch)
			return true;
	return false;
}

/* crl_warning = auto: so much of a CRL's time is left. */
#define WARNING_SHARE 4

int64_t conf_crl_warned_from(const struct conf_issuer *issuer, int64_t this_update,
			     int64_t next_update)
{
	int64_t before = issuer->crl_warning_us / SECOND_US;
	return next_update - (before ? before : (next_update - this_update) / WARNING_SHARE);
}

unsigned conf_extensions(const struct conf_issuer *issuer)
{
	unsigned mask = 0;
	for (unsigned i = 0; i < EXTENSION_COUNT; i++)
		if (issuer->extensions[i])
			mask |= EXTENSION_BIT(i);
	return mask;
}

bool conf_wants_facts(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (conf_extensions(&conf->issuers[i]))
			return true;
	return false;
}

/* ---- signers ---- */

static bool has_own_signer(const struct conf_issuer *issuer)
{
	return issuer->signer_key != NULL;
}

unsigned conf_signer_count(const struct conf_issuer *issuer)
{
	return issuer->signer_count + (has_own_signer(issuer) ? 1 : 0);
}

struct conf_signer conf_signer_at(const struct conf_issuer *issuer, unsigned index)
{
	if (!has_own_signer(issuer))
		return issuer->signers[index];
	if (index > 0)
		return issuer->signers[index - 1];
	return (struct conf_signer){
		.name = issuer->name,
		.line = issuer->line,
		.issuer = issuer->name,
		.certificate = issuer->signer_certificate,
		.key = issuer->signer_key,
		.key_passphrase_file = issuer->signer_key_passphrase_file,
		.signature = issuer->signature,
	};
}
