#include "conf/check.h"

/* greater ≥ factor × lesser; all are durations. */
static const struct rule {
	enum option_section greater_section;
	const char *greater;
	int factor;
	enum option_section lesser_section;
	const char *lesser;
	const char *why;
} rules[] = {
	{SECTION_DATABASE, "freshness", 2, SECTION_DATABASE, "poll_interval",
	 "one late poll would stop every good"},
	{SECTION_DATABASE, "freshness", 1, SECTION_DATABASE, "query_timeout",
	 "a slow query would be too old when it is done"},
	{SECTION_SERVER, "answer_timeout", 1, SECTION_DATABASE, "query_timeout",
	 "clients would be sent away before the database had its time"},
	{SECTION_SERVER, "drain_timeout", 1, SECTION_SERVER, "answer_timeout",
	 "an end of the service would cut off answers in the making"},
	{SECTION_ISSUER, "validity", 2, SECTION_DATABASE, "freshness",
	 "thisUpdate may be that old when an answer is made"},
	{SECTION_ISSUER, "validity", 2, SECTION_ISSUER, "backdate",
	 "answers would have less than half of their life left"},
	{SECTION_ISSUER, "validity", 1, SECTION_SERVER, "max_age",
	 "caches would be told to keep answers beyond nextUpdate"},
};

/* One option as it holds for one issuer. */
struct side {
	const struct option *option;
	int64_t value;
	unsigned line; /* 0: the default */
};

static struct side side_of(const struct draft *draft, const struct conf *conf,
			   enum option_section section, const char *name,
			   const struct conf_issuer *issuer)
{
	const void *base = section == SECTION_SERVER     ? (const void *)&conf->server
			   : section == SECTION_DATABASE ? (const void *)&conf->database
							 : (const void *)issuer;
	struct side side = {.option = option_find(section, name)};
	const struct draft_section *given_in =
		draft_find(draft, section, section == SECTION_ISSUER ? issuer->name : NULL);
	const struct given *given = draft_given(draft, given_in, side.option);
	side.value = value_duration(side.option, base);
	side.line = given ? given->line : 0;
	return side;
}

static int refuse(const struct draft *draft, const struct rule *rule, const struct side *greater,
		  const struct side *lesser, const struct conf_issuer *issuer)
{
	struct buffer text = {0};
	bool of_issuer = rule->greater_section == SECTION_ISSUER;
	buffer_printf(&text, "%s = ", rule->greater);
	value_print_number(greater->option, greater->value, &text);
	if (of_issuer)
		buffer_printf(&text, " of issuer \"%s\"", issuer->name);
	buffer_printf(&text, " must be at least %s%s = ", rule->factor == 2 ? "twice " : "",
		      rule->lesser);
	value_print_number(lesser->option, lesser->value, &text);
	buffer_printf(&text, ", because %s; raise %s or lower %s", rule->why, rule->greater,
		      rule->lesser);
	buffer_put_u8(&text, '\0');
	/* The defaults fit together, so at least one line is given. */
	unsigned line = greater->line > lesser->line ? greater->line : lesser->line;
	int result =
		fault_set(draft->fault, -EINVAL, "%s:%u: %s", draft_file(draft, line),
			  draft_line(line), text.failed ? "options contradict" : (char *)text.data);
	buffer_deinit(&text);
	return result;
}

static int check_rule(const struct draft *draft, const struct conf *conf, const struct rule *rule,
		      const struct conf_issuer *issuer)
{
	struct side greater = side_of(draft, conf, rule->greater_section, rule->greater, issuer);
	struct side lesser = side_of(draft, conf, rule->lesser_section, rule->lesser, issuer);
	if (greater.value >= rule->factor * lesser.value)
		return 0;
	return refuse(draft, rule, &greater, &lesser, issuer);
}

/* Nobody listens in one place twice. */
static int check_listeners(const struct draft *draft, const struct conf *conf)
{
	const struct conf_listen *open = &conf->server.listen, *admin = &conf->server.admin_listen;
	const struct draft_section *server = draft_find(draft, SECTION_SERVER, NULL);
	const struct given *given =
		draft_given(draft, server, option_find(SECTION_SERVER, "admin_listen"));
	unsigned line = given ? given->line : 0;
	for (unsigned i = 0; i < admin->count; i++)
		for (unsigned j = 0; j < open->count; j++)
			if (strcmp(admin->each[i], open->each[j]) == 0)
				return fault_set(draft->fault, -EINVAL,
						 "%s:%u: admin_listen: %s is in listen too; the "
						 "admin listener needs a port of its own",
						 draft_file(draft, line), draft_line(line),
						 admin->each[i]);
	return 0;
}

static int check_proxies(const struct draft *draft, const struct conf *conf)
{
	if (!conf->server.proxy_protocol || conf->server.trusted_proxies.count > 0)
		return 0;
	const struct draft_section *server = draft_find(draft, SECTION_SERVER, NULL);
	const struct option *option = option_find(SECTION_SERVER, "proxy_protocol");
	return fault_set(
		draft->fault, -EINVAL,
		"%s:%u: proxy_protocol = yes without trusted_proxies would have no effect; "
		"list the proxies that send PROXY headers",
		draft_file(draft, draft_given(draft, server, option)->line),
		draft_line(draft_given(draft, server, option)->line));
}

static int check_kept_answers(const struct draft *draft, const struct conf *conf)
{
	if (conf->server.kept_answers == 0 || conf->server.journal)
		return 0;
	const struct draft_section *server = draft_find(draft, SECTION_SERVER, NULL);
	const struct given *given =
		draft_given(draft, server, option_find(SECTION_SERVER, "kept_answers"));
	return fault_set(draft->fault, -EINVAL,
			 "%s:%u: kept_answers needs a folder; name one by journal, or leave it out",
			 draft_file(draft, given->line), draft_line(given->line));
}

/* P-22: saying unknown for other CAs needs somebody who signs it. */
static int check_default_issuer(const struct draft *draft, const struct conf *conf)
{
	const struct conf_server *server = &conf->server;
	const struct draft_section *section = draft_find(draft, SECTION_SERVER, NULL);
	const char *name = server->default_issuer ? "default_issuer" : "unknown_issuer";
	const struct given *given = draft_given(draft, section, option_find(SECTION_SERVER, name));
	unsigned line = given ? given->line : 0;
	if (server->default_issuer && !conf_issuer_named(conf, server->default_issuer))
		return fault_set(draft->fault, -EINVAL,
				 "%s:%u: default_issuer: there is no [issuer \"%s\"]; write the "
				 "name as in the head of its section",
				 draft_file(draft, line), draft_line(line), server->default_issuer);
	if (server->unknown_issuer == UNKNOWN_ISSUER_UNKNOWN && !server->default_issuer)
		return fault_set(draft->fault, -EINVAL,
				 "%s:%u: unknown_issuer = unknown needs somebody who signs it; add "
				 "default_issuer = NAME of an [issuer \"NAME\"]",
				 draft_file(draft, line), draft_line(line));
	/* RFC 9919, 3.2.3: without authoritative records the answer is unauthorized. */
	const struct conf_issuer *answering = conf_default_issuer(conf);
	if (answering && answering->profile == PROFILE_LIGHTWEIGHT)
		return fault_set(draft->fault, -EINVAL,
				 "%s:%u: issuer \"%s\" has the profile lightweight, which says "
				 "unauthorized for other CAs; leave unknown_issuer out, or name "
				 "another default_issuer",
				 draft_file(draft, line), draft_line(line), answering->name);
	return 0;
}

/* The line of an issuer's option, or of its section. */
static unsigned line_of(const struct draft *draft, const struct conf_issuer *issuer,
			const char *name)
{
	const struct draft_section *section = draft_find(draft, SECTION_ISSUER, issuer->name);
	const struct given *given = draft_given(draft, section, option_find(SECTION_ISSUER, name));
	return given ? given->line : section->line;
}

static int check_requestors(const struct draft *draft, const struct conf_issuer *issuer)
{
	bool counts = issuer->signed_requests != SIGNED_IGNORE;
	if (counts && !issuer->requestors)
		return fault_set(
			draft->fault, -EINVAL,
			"%s:%u: issuer \"%s\" looks at signatures of requests but has no "
			"requestors; name the file of the CA certificates that certify them",
			draft_file(draft, line_of(draft, issuer, "signed_requests")),
			draft_line(line_of(draft, issuer, "signed_requests")), issuer->name);
	if (!counts && issuer->allow)
		return fault_set(
			draft->fault, -EINVAL,
			"%s:%u: issuer \"%s\" has a list of requestors (allow) but ignores "
			"signatures; set signed_requests to verify or require",
			draft_file(draft, line_of(draft, issuer, "allow")),
			draft_line(line_of(draft, issuer, "allow")), issuer->name);
	return 0;
}

static int refuse_cache(const struct draft *draft, const struct conf_cache *cache, const char *name,
			const char *what)
{
	const struct draft_section *section = draft_find(draft, SECTION_CACHE, cache->name);
	const struct given *given = draft_given(draft, section, option_find(SECTION_CACHE, name));
	unsigned line = given ? given->line : section->line;
	return fault_set(draft->fault, -EINVAL, "%s:%u: [cache \"%s\"] %s: %s",
			 draft_file(draft, line), draft_line(line), cache->name, name, what);
}

static bool has_place(const char *text)
{
	return text && (strstr(text, "{tags}") || strstr(text, "{json}"));
}

static bool is_method(const char *text)
{
	return !text || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text);
}

/* What is none would be left out of the request, which the cache would confirm all the same. */
static bool is_field(const char *text)
{
	size_t name = text ? strcspn(text, ": \t{") : 0;
	return !text || (name > 0 && text[name] == ':');
}

/* One that cannot be made to forget everything could never be whole again after it was missed. */
static int check_cache(const struct draft *draft, const struct conf *conf,
		       const struct conf_cache *cache)
{
	bool url = cache->kind == CACHE_URL, template = cache->kind == CACHE_TEMPLATE;
	if (url && !cache->url_all)
		return refuse_cache(draft, cache, "url_all",
				    "kind = url needs a URL that makes it forget everything");
	if (!url && conf->server.cache_tag == CACHE_TAG_OFF)
		return refuse_cache(draft, cache, "kind",
				    "its answers need names; set cache_tag in [server]");
	if (template && !has_place(cache->field) && !has_place(cache->body))
		return refuse_cache(draft, cache, "body",
				    "kind = template needs {tags} or {json} in body or field");
	if (!template && (cache->field || cache->body))
		return refuse_cache(draft, cache, cache->field ? "field" : "body",
				    "is for kind = template");
	if (!is_field(cache->field))
		return refuse_cache(draft, cache, "field", "write \"Name: value\"");
	if (!is_method(cache->method))
		return refuse_cache(draft, cache, "method", "write capital letters, as in PURGE");
	if (!is_method(cache->method_all))
		return refuse_cache(draft, cache, "method_all",
				    "write capital letters, as in PURGE");
	return 0;
}

static int check_caches(const struct draft *draft, const struct conf *conf)
{
	int result = 0;
	for (unsigned i = 0; result == 0 && i < conf->cache_count; i++)
		result = check_cache(draft, conf, &conf->caches[i]);
	return result;
}

/* Its keys are elsewhere; one that is here is a mistake about who signs. */
static int check_source(const struct draft *draft, const struct conf *conf,
			const struct conf_issuer *issuer)
{
	if (issuer->source != SOURCE_PRESIGNED)
		return 0;
	unsigned line = line_of(draft, issuer, "source");
	if (conf_signer_count(issuer) > 0 || issuer->signer_certificate)
		return fault_set(draft->fault, -EINVAL,
				 "%s:%u: issuer \"%s\" has source = presigned and a signer, which "
				 "would sign nothing; leave one of the two out",
				 draft_file(draft, line), draft_line(line), issuer->name);
	if (conf_default_issuer(conf) == issuer)
		return fault_set(draft->fault, -EINVAL,
				 "%s:%u: issuer \"%s\" has source = presigned and cannot sign for "
				 "unknown issuers; name another default_issuer",
				 draft_file(draft, line), draft_line(line), issuer->name);
	return 0;
}

int check_rules(const struct draft *draft, const struct conf *conf)
{
	int default_issuer = check_default_issuer(draft, conf);
	if (default_issuer < 0)
		return default_issuer;
	for (size_t r = 0; r < array_size(rules); r++)
		for (unsigned i = 0; i < conf->issuer_count; i++) {
			int result = check_rule(draft, conf, &rules[r], &conf->issuers[i]);
			if (result < 0)
				return result;
		}
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		int result = check_requestors(draft, &conf->issuers[i]);
		if (result == 0)
			result = check_source(draft, conf, &conf->issuers[i]);
		if (result < 0)
			return result;
	}
	int caches = check_caches(draft, conf);
	if (caches < 0)
		return caches;
	int result = check_listeners(draft, conf);
	if (result == 0)
		result = check_kept_answers(draft, conf);
	return result < 0 ? result : check_proxies(draft, conf);
}
