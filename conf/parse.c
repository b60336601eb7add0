/* From text to struct conf: read the draft, fill each struct from what is given or from the
 * defaults, resolve "auto", check what must fit together. */
#include "conf/check.h"
#include "conf/draft.h"
#include "conf/profile.h"

#include <sched.h>

static int out_of_memory(const struct draft *draft)
{
	return fault_set(draft->fault, -ENOMEM, "%s: out of memory", draft->path);
}

static int refuse_missing(const struct draft *draft, const struct draft_section *section,
			  const struct option *option)
{
	if (!section)
		return fault_set(draft->fault, -EINVAL,
				 "%s: there is no [%s] section; add one with %s = %s", draft->path,
				 section_name(option->section), option->name, option->example);
	return fault_set(draft->fault, -EINVAL, "%s:%u: [%s%s%s%s] has no %s; add %s = %s",
			 draft_file(draft, section->line), draft_line(section->line),
			 section_name(section->kind), section->name ? " \"" : "",
			 section->name ? section->name : "", section->name ? "\"" : "",
			 option->name, option->name, option->example);
}

static const struct given *own_value(const struct draft_section *section, const char *name)
{
	const struct given *given = &section->given[option_find(section->kind, name) - options];
	return given->line ? given : NULL;
}

static bool signer_is_of(const struct draft_section *signer, const char *issuer)
{
	const struct given *given =
		signer->kind == SECTION_SIGNER ? own_value(signer, "issuer") : NULL;
	return given && strcmp(given->value.text, issuer) == 0;
}

static bool has_signer_section(const struct draft *draft, const struct draft_section *issuer)
{
	for (size_t i = 0; i < draft->count; i++)
		if (signer_is_of(&draft->sections[i], issuer->name))
			return true;
	return false;
}

/* A PKCS #12 file may hold the certificate (that another file does not, who reads it says); a token's key
 * comes alone. */
static bool may_come_with_key(const struct draft_section *section)
{
	const struct given *key =
		own_value(section, section->kind == SECTION_SIGNER ? "key" : "signer_key");
	return key && strncmp(key->value.text, CONF_PKCS11, strlen(CONF_PKCS11)) != 0;
}

static bool is_presigned(const struct draft_section *section)
{
	const struct given *given =
		section->kind == SECTION_ISSUER ? own_value(section, "source") : NULL;
	return given && given->value.number == SOURCE_PRESIGNED;
}

/* An issuer needs no signer of its own, and so neither half of one, where [signer] sections name it
 * (P-37). */
static bool may_lack(const struct draft *draft, const struct draft_section *section,
		     const struct option *option)
{
	if (option_of_own_signer(option) && is_presigned(section))
		return true;
	if (option_certifies_key(option) && may_come_with_key(section))
		return true;
	if (!option_of_own_signer(option) || own_value(section, "signer_certificate") ||
	    own_value(section, "signer_key"))
		return false;
	return has_signer_section(draft, section);
}

/* The profile that holds for an issuer's section, as far as this room is told. */
static enum profile profile_of(const struct draft *draft, const struct draft_section *section)
{
	const struct given *given =
		draft_given(draft, section, option_find(SECTION_ISSUER, "profile"));
	return given ? (enum profile)given->value.number : PROFILE_PRIVATE;
}

static const char *standard_of(const struct draft *draft, const struct draft_section *section,
			       const struct option *option)
{
	const char *standard = NULL;
	if (option->section == SECTION_ISSUER)
		standard = profile_standard(profile_of(draft, section), option->name);
	return standard ? standard : option->standard;
}

static int fill_option(const struct draft *draft, const struct draft_section *section,
		       const struct option *option, void *base)
{
	const struct given *given = draft_given(draft, section, option);
	const char *text = standard_of(draft, section, option);
	if (!given && !text)
		return may_lack(draft, section, option) ? 0
							: refuse_missing(draft, section, option);
	struct value standard = {0};
	int result = given ? 0 : value_parse(option, text, &standard);
	if (result == 0)
		result = value_store(option, given ? &given->value : &standard, base);
	value_deinit(&standard);
	return result < 0 ? out_of_memory(draft) : 0;
}

/* Only what the room is given; the rest of the struct stays zero. */
static int fill(const struct draft *draft, const struct draft_section *section,
		enum option_section kind, void *base)
{
	for (size_t i = 0; i < option_count; i++) {
		if (options[i].section != kind || !(options[i].rooms & draft->room))
			continue;
		int result = fill_option(draft, section, &options[i], base);
		if (result < 0)
			return result;
	}
	return 0;
}

static int fill_issuer(const struct draft *draft, const struct draft_section *section,
		       struct conf_issuer *issuer)
{
	issuer->file = draft_file(draft, section->line);
	issuer->line = draft_line(section->line);
	issuer->name = strdup(section->name);
	if (!issuer->name)
		return out_of_memory(draft);
	return fill(draft, section, SECTION_ISSUER, issuer);
}

static int fill_issuers(const struct draft *draft, struct conf *conf)
{
	if (draft->issuer_count == 0 && section_concerns(SECTION_ISSUER, draft->room))
		return fault_set(draft->fault, -EINVAL,
				 "%s: there is no [issuer \"NAME\"] section; add one for each CA",
				 draft->path);
	conf->issuers =
		calloc(draft->issuer_count ? draft->issuer_count : 1, sizeof(*conf->issuers));
	if (!conf->issuers)
		return out_of_memory(draft);
	for (size_t i = 0; i < draft->count; i++) {
		if (draft->sections[i].kind != SECTION_ISSUER)
			continue;
		int result = fill_issuer(draft, &draft->sections[i],
					 &conf->issuers[conf->issuer_count++]);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Into the issuer's list as soon as it exists, so that what it holds is freed with it. */
static int add_signer(const struct draft *draft, const struct draft_section *section,
		      struct conf_issuer *issuer)
{
	if (conf_signer_count(issuer) == LIMIT_ISSUER_SIGNERS)
		return fault_set(draft->fault, -EINVAL,
				 "%s:%u: issuer \"%s\" has more than %u signers",
				 draft_file(draft, section->line), draft_line(section->line),
				 issuer->name, LIMIT_ISSUER_SIGNERS);
	struct conf_signer *signers =
		reallocarray(issuer->signers, issuer->signer_count + 1, sizeof(*signers));
	if (!signers)
		return out_of_memory(draft);
	issuer->signers = signers;
	struct conf_signer *signer = &signers[issuer->signer_count++];
	*signer = (struct conf_signer){.line = draft_line(section->line),
				       .name = strdup(section->name)};
	return signer->name ? fill(draft, section, SECTION_SIGNER, signer) : out_of_memory(draft);
}

static int fill_signers(const struct draft *draft, struct conf *conf)
{
	for (size_t i = 0; i < draft->count; i++) {
		const struct draft_section *section = &draft->sections[i];
		if (section->kind != SECTION_SIGNER)
			continue;
		const struct given *name = own_value(section, "issuer");
		if (!name)
			return refuse_missing(draft, section,
					      option_find(SECTION_SIGNER, "issuer"));
		const struct conf_issuer *issuer = conf_issuer_named(conf, name->value.text);
		if (!issuer)
			return fault_set(draft->fault, -EINVAL,
					 "%s:%u: there is no [issuer \"%s\"] for [signer \"%s\"]; "
					 "write the name as in the head of its section",
					 draft_file(draft, name->line), draft_line(name->line),
					 name->value.text, section->name);
		int result = add_signer(draft, section, &conf->issuers[issuer - conf->issuers]);
		if (result < 0)
			return result;
	}
	return 0;
}

static int fill_cache(const struct draft *draft, const struct draft_section *section,
		      struct conf_cache *cache)
{
	cache->line = draft_line(section->line);
	cache->name = strdup(section->name);
	return cache->name ? fill(draft, section, SECTION_CACHE, cache) : out_of_memory(draft);
}

static int fill_caches(const struct draft *draft, struct conf *conf)
{
	conf->caches = calloc(LIMIT_CACHES, sizeof(*conf->caches));
	if (!conf->caches)
		return out_of_memory(draft);
	for (size_t i = 0; i < draft->count; i++) {
		const struct draft_section *section = &draft->sections[i];
		if (section->kind != SECTION_CACHE)
			continue;
		if (conf->cache_count == LIMIT_CACHES)
			return fault_set(draft->fault, -EINVAL, "%s:%u: more than %u caches",
					 draft_file(draft, section->line),
					 draft_line(section->line), LIMIT_CACHES);
		int result = fill_cache(draft, section, &conf->caches[conf->cache_count++]);
		if (result < 0)
			return result;
	}
	return 0;
}

/* The cores that this process may use, which in a container are not all of the machine. */
static unsigned cores(unsigned most)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	unsigned cores = count < 1 ? 1 : (unsigned)count;
	return cores > most ? most : cores;
}

static void resolve_auto(enum conf_room room, struct conf_server *server)
{
	if (!(room & (CONF_WARDEN | CONF_LEDGER)))
		return; /* given to nobody else */
	if (server->fronts == 0)
		server->fronts = cores(LIMIT_FRONTS);
	if (server->signers == 0)
		server->signers = cores(LIMIT_SIGNERS);
}

/* A folder that somebody names must be usable; the default one need not be there. */
static bool journal_named(const struct draft *draft)
{
	return draft_given(draft, draft_find(draft, SECTION_SERVER, NULL),
			   option_find(SECTION_SERVER, "journal")) != NULL;
}

/* Where conninfo is written, which may be a secret. */
static const char *database_file(const struct draft *draft)
{
	const struct draft_section *section = draft_find(draft, SECTION_DATABASE, NULL);
	return section ? draft_file(draft, section->line) : NULL;
}

static int build(const struct draft *draft, struct conf *conf)
{
	int result;
	conf->path = strdup(draft->files[0]);
	if (!conf->path)
		return out_of_memory(draft);
	result =
		fill(draft, draft_find(draft, SECTION_SERVER, NULL), SECTION_SERVER, &conf->server);
	if (result < 0)
		return result;
	result = fill(draft, draft_find(draft, SECTION_DATABASE, NULL), SECTION_DATABASE,
		      &conf->database);
	if (result < 0)
		return result;
	result = fill_issuers(draft, conf);
	if (result == 0)
		result = fill_signers(draft, conf);
	if (result == 0)
		result = fill_caches(draft, conf);
	if (result < 0)
		return result;
	conf->server.journal_named = journal_named(draft);
	conf->database.file = database_file(draft);
	resolve_auto(draft->room, &conf->server);
	/* A room's text was rendered from a configuration that passed. */
	return draft->room == CONF_ALL ? check_rules(draft, conf) : 0;
}

static int parse(struct draft *draft, struct view text, struct conf **ret)
{
	cleanup(conf_freep) struct conf *conf = calloc(1, sizeof(*conf));
	if (!conf)
		return out_of_memory(draft);
	int result = draft_read(draft, text);
	if (result == 0)
		result = build(draft, conf);
	if (result == 0) {
		conf->files = draft->files;
		conf->file_count = draft->file_count;
		draft->files = NULL;
		draft->file_count = 0;
	}
	draft_deinit(draft);
	if (result < 0)
		return result;
	*ret = conf;
	conf = NULL;
	return 0;
}

int conf_parse(const char *path, struct view text, enum conf_room room, struct conf **ret,
	       struct fault *fault)
{
	struct draft draft = {.path = path, .room = room, .fault = fault};
	return parse(&draft, text, ret);
}

int conf_parse_file(const char *path, struct view text, struct conf **ret, struct fault *fault)
{
	struct draft draft = {.path = path, .room = CONF_ALL, .may_include = true, .fault = fault};
	return parse(&draft, text, ret);
}

static void unfill(enum option_section kind, void *base)
{
	for (size_t i = 0; i < option_count; i++)
		if (options[i].section == kind)
			value_unstore(&options[i], base);
}

static void issuer_deinit(struct conf_issuer *issuer)
{
	for (unsigned i = 0; i < issuer->signer_count; i++) {
		unfill(SECTION_SIGNER, &issuer->signers[i]);
		free(issuer->signers[i].name);
	}
	free(issuer->signers);
	unfill(SECTION_ISSUER, issuer);
	free(issuer->name);
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	unfill(SECTION_SERVER, &conf->server);
	unfill(SECTION_DATABASE, &conf->database);
	for (unsigned i = 0; i < conf->issuer_count; i++)
		issuer_deinit(&conf->issuers[i]);
	free(conf->issuers);
	for (unsigned i = 0; i < conf->cache_count; i++) {
		unfill(SECTION_CACHE, &conf->caches[i]);
		free(conf->caches[i].name);
	}
	free(conf->caches);
	for (unsigned i = 0; i < conf->file_count; i++)
		free(conf->files[i]);
	free(conf->files);
	free(conf->path);
	free(conf);
}
