/* The option table: one row an option. Parser, renderer, sample file and manual page are loops over
 * these rows; a new option is a row and a member in conf.h. */
#pragma once

#include "conf/conf.h"

enum option_section {
	SECTION_SERVER,
	SECTION_DATABASE,
	SECTION_DEFAULTS,
	SECTION_ISSUER, /* named */
	SECTION_SIGNER, /* named; says which issuer it is for */
	SECTION_CACHE, /* named */
};
#define SECTION_COUNT 6

/* What the text may be, and what the struct's member is. */
enum option_type {
	OPTION_INTEGER, /* unsigned */
	OPTION_DURATION, /* int64_t, microseconds */
	OPTION_SIZE, /* uint64_t, bytes */
	OPTION_SWITCH, /* bool */
	OPTION_CHOICE, /* an enum */
	OPTION_TEXT, /* char *, owned; `most` bytes */
	OPTION_NAME, /* the same, not secret: messages may repeat it; a word stands for NULL */
	OPTION_PATH, /* the same; relative to the configuration file's folder */
	OPTION_KEY, /* the same, or a PKCS #11 URI */
	OPTION_PASSPHRASE, /* the same as OPTION_PATH, credential:NAME or prompt */
	OPTION_NETWORKS, /* struct conf_networks */
	OPTION_DATE, /* int64_t, seconds since 1970 */
	OPTION_LISTEN, /* struct conf_listen; a word stands for none */
	OPTION_SAMPLE, /* unsigned: "1/N"; a word stands for 0 or 1 */
	OPTION_HOSTS, /* char *, owned: a list of host names; a word stands for NULL */
	OPTION_URLS, /* the same, of absolute URLs of http and https */
	OPTION_URL, /* the same: one of them */
	OPTION_PROXY, /* the same: an HTTP proxy's, "http://HOST:PORT" */
};

/* A word that stands for a number; the list ends with a NULL name. */
struct option_word {
	const char *name;
	int64_t value;
};

/* How a changed value comes into force. */
enum option_change { BY_RELOAD, BY_RESTART };

struct option {
	const char *name;
	enum option_section section; /* where it is written; never SECTION_DEFAULTS */
	bool shared; /* an issuer's option that [defaults] may hold too */
	enum option_type type;
	unsigned rooms; /* enum conf_room, mask */
	enum option_change change;
	const struct option_word *words; /* NULL: none */
	int64_t least, most; /* of the number; of the text's bytes */
	const char *standard; /* the default as text; NULL: required */
	const char *example;
	size_t offset; /* in struct conf_server, conf_database, conf_issuer, conf_signer or conf_cache */
	const char *help; /* sentences, for the sample and the manual */
};

#define OPTIONS_MOST 112 /* rows; checked when the table is compiled */

extern const struct option options[];
extern const size_t option_count;

/* "server", "database" … */
const char *section_name(enum option_section section);
/* May this option be written in that section? */
bool option_fits(const struct option *option, enum option_section section);
/* May it be left out, and is then not there at all, because [signer] sections do its work (P-37)? */
bool option_of_own_signer(const struct option *option);
/* Is it the certificate of a key, which may come with the key? */
bool option_certifies_key(const struct option *option);
/* Do sections of this kind have names, as in [issuer "NAME"]? */
bool section_named(enum option_section section);
/* NULL: no such option. */
const struct option *option_find(enum option_section section, const char *name);
/* Does any option of this section go to one of these rooms? */
bool section_concerns(enum option_section section, unsigned rooms);
/* The word that stands for a number in an option that has words; NULL: none does. */
const char *option_word(const struct option *option, int64_t value);
