/* Configurations for tests, through the real parser: what a test does not say has the default of the
 * option table, as in a room that runs. So an option that is new is never silently 0 in a test. */
#pragma once

#include "conf/conf.h"

#include <stdio.h>

#define MADE_DATABASE "[database]\nconninfo = none\n"
#define MADE_ISSUER(name)                                                              \
	"[issuer \"" name "\"]\ncertificate = ca.pem\nsigner_certificate = ocsp.pem\n" \
	"signer_key = ocsp.key\n"

static inline struct conf *made_conf_read(struct view text, unsigned rooms)
{
	struct conf *conf = NULL;
	struct fault fault = {""};
	if (conf_parse("test", text, (enum conf_room)rooms, &conf, &fault) < 0) {
		(void)fprintf(stderr, "%s\n", fault.text);
		abort();
	}
	return conf;
}

/* A whole file's text, and what rooms of these (enum conf_room, mask) are given of it. Ends the
 * program with the reason if the text is not right. */
static inline struct conf *made_conf(unsigned rooms, const char *text)
{
	cleanup(conf_freep) struct conf *whole = made_conf_read(view_of_string(text), CONF_ALL);
	cleanup(buffer_deinit) struct buffer given = {0};
	conf_render(whole, rooms, true, &given);
	return made_conf_read(buffer_view(&given), rooms);
}

/* One issuer's part, whose name and required files the caller sets, with strings of its own. */
static inline struct conf_issuer made_issuer(unsigned rooms)
{
	cleanup(conf_freep) struct conf *conf = made_conf(rooms, MADE_DATABASE MADE_ISSUER("made"));
	struct conf_issuer issuer = conf->issuers[0];
	issuer.name = issuer.certificate = NULL;
	issuer.signer_certificate = issuer.signer_key = NULL;
	return issuer;
}

/* A signer's part: the same. */
static inline struct conf_signer made_signer(void)
{
	cleanup(conf_freep) struct conf *conf = made_conf(
		CONF_SIGNER,
		MADE_DATABASE MADE_ISSUER("made") "[signer \"made\"]\nissuer = made\n"
						  "certificate = ocsp.pem\nkey = ocsp.key\n");
	struct conf_signer signer = conf->issuers[0].signers[0];
	signer.name = signer.issuer = signer.certificate = signer.key = NULL;
	return signer;
}

/* All but issuers, which the caller sets, with an array of its own: nothing of it needs freeing. */
static inline struct conf made_conf_of(unsigned rooms, struct conf_issuer *issuers, unsigned count)
{
	cleanup(conf_freep) struct conf *parsed =
		made_conf(rooms, MADE_DATABASE MADE_ISSUER("made"));
	struct conf conf = {.server = parsed->server, .database = parsed->database};
	conf.server.control_socket = conf.server.users = NULL;
	conf.server.journal = conf.server.default_issuer = NULL;
	conf.server.listen = conf.server.admin_listen = (struct conf_listen){0};
	conf.server.admin_hosts = conf.server.access_log_file = NULL;
	conf.database.conninfo = NULL;
	conf.issuers = issuers;
	conf.issuer_count = count;
	return conf;
}
