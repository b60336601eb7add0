#include "front/front.h"

#include "base/log.h"

#define LOG_INTERVAL_US SECOND_US

/* Nonces are dropped only where nobody would echo one. */
static bool all_ignore_nonces(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (conf->issuers[i].nonce != NONCE_IGNORE)
			return false;
	return conf->issuer_count > 0;
}

/* Nor are raw ones looked at where nobody would refuse one (P-16). */
static bool all_accept_raw_nonces(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (conf->issuers[i].raw_nonce != RAW_NONCE_ACCEPT)
			return false;
	return true;
}

static struct answers_settings settings_of(const struct conf *conf)
{
	return (struct answers_settings){
		.cache_bytes = conf->server.cache_size,
		.max_age_us = conf->server.max_age_us,
		.cache_tag = conf->server.cache_tag,
		.answer_timeout_us = conf->server.answer_timeout_us,
		.verify_signatures = conf_verifies(conf),
		.ignore_nonce = all_ignore_nonces(conf),
		.ignore_raw_nonce = all_ignore_nonces(conf) && all_accept_raw_nonces(conf),
	};
}

void front_configure(struct front *front, const struct conf *conf)
{
	const struct answers_settings settings = settings_of(conf);
	front->whole_conf = conf;
	front->conf = &conf->server;
	addresses_limit(front->addresses, conf->server.connections_per_address);
	budget_limit(front->budget, conf->server.signatures_per_address);
	answers_configure(front->answers, &settings);
}

int front_new(struct event_base *base, const struct conf *conf, const struct answers_ops *ops,
	      void *context, struct front **ret)
{
	cleanup(front_freep) struct front *front = calloc(1, sizeof(*front));
	if (!front)
		return -ENOMEM;
	front->base = base;
	front->whole_conf = conf;
	front->conf = &conf->server;
	LIST_INIT(&front->connections);
	wheel_init(&front->wheel, clock_now().mono_us);
	int result = access_new(&front->access);
	if (result < 0)
		return result;
	result = addresses_new(conf->server.connections_per_address, &front->addresses);
	if (result < 0)
		return result;
	result = budget_new(conf->server.signatures_per_address, &front->budget);
	if (result < 0)
		return result;
	const struct answers_settings settings = settings_of(conf);
	result = answers_new(&settings, ops, context, &front->answers);
	if (result < 0)
		return result;
	*ret = front;
	front = NULL;
	return 0;
}

void front_free(struct front *front)
{
	if (!front)
		return;
	answers_free(front->answers);
	access_free(front->access);
	addresses_free(front->addresses);
	budget_free(front->budget);
	free(front);
}

void front_log_refusal(struct front *front, const struct ip_address *who, const char *why,
		       const struct moment *now)
{
	char text[IP_TEXT_SIZE];
	if (now->mono_us < front->complain_after_us)
		return;
	front->complain_after_us = now->mono_us + LOG_INTERVAL_US;
	ip_print(who, text);
	log_warning("%s address=%s", why, text);
}
