/* The configuration: /etc/stillgood/stillgood.conf, one INI file.
 *
 * options.c holds one row an option (name, type, unit, bounds, default, rooms, help). The parser,
 * `stillgood check`, the manual page and the sample file come from these rows. Each room is given
 * the options of its kind only: a front never sees the database's password or a key's path. */
#pragma once

#include "base/bytes.h"
#include "base/facts.h"
#include "base/ip.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "ocsp/request.h"
#include "ocsp/response.h"
#include "ocsp/verdict.h"

#define DEFAULT_CONFIGURATION "/etc/stillgood/stillgood.conf"

/* Bits: which rooms an option is given to. */
enum conf_room {
	CONF_FRONT = 1,
	CONF_LEDGER = 2,
	CONF_SIGNER = 4,
	CONF_WARDEN = 8,
	CONF_VERIFIER = 16,
	CONF_ADMIN = 32,
	CONF_FETCHER = 64,
	CONF_IMPORTER = 128, /* no room: a process that the warden starts for one CRL */
	CONF_ALL = 255,
};

/* Places to listen on: "127.0.0.1:8080", "[::1]:8080". */
struct conf_listen {
	unsigned count;
	char *each[LIMIT_LISTENERS];
};

/* How the value of a key's or a passphrase's option begins, or is, that names no file. */
#define CONF_PKCS11 "pkcs11:"
#define CONF_CREDENTIAL "credential:"
#define CONF_PROMPT "prompt"

struct conf_networks {
	unsigned count;
	struct ip_network each[LIMIT_NETWORKS];
};

/* Where an issuer's answers come from: keys here, or stillgood.presigned. */
enum answer_source { SOURCE_SIGNER, SOURCE_PRESIGNED };
enum nonce_policy { NONCE_ECHO, NONCE_IGNORE };
enum raw_nonce_policy { RAW_NONCE_ACCEPT, RAW_NONCE_REFUSE };
enum unknown_issuer_policy { UNKNOWN_ISSUER_UNAUTHORIZED, UNKNOWN_ISSUER_UNKNOWN };

/* archive_cutoff_us: none, or the day on which the CA's certificate began. */
#define ARCHIVE_CUTOFF_NONE 0
#define ARCHIVE_CUTOFF_ISSUER (-1)

/* How a key signs (P-36). AUTO is what the key itself asks for; the others are for RSA keys, which
 * leave it open. */
enum signature_choice {
	SIGNATURE_AUTO,
	SIGNATURE_SHA256, /* PKCS #1 v1.5 */
	SIGNATURE_SHA384,
	SIGNATURE_SHA512,
	SIGNATURE_PSS_SHA256, /* RSASSA-PSS: MGF1 with the same digest, salt of its size */
	SIGNATURE_PSS_SHA384,
	SIGNATURE_PSS_SHA512,
};

/* What is asked of an issuer (doc/protocol.md, F); conf/profile.h. */
enum profile {
	PROFILE_PRIVATE,
	PROFILE_WEBPKI, /* CA/Browser Forum, Mozilla, Microsoft: TLS */
	PROFILE_SMIME,
	PROFILE_CODESIGNING,
	PROFILE_QUALIFIED, /* ETSI EN 319 411 */
	PROFILE_LIGHTWEIGHT, /* RFC 9919 */
};
#define PROFILE_COUNT 6

/* How a client is named in the access log. */
enum access_client { ACCESS_CLIENT_NETWORK, ACCESS_CLIENT_FULL, ACCESS_CLIENT_NONE };

/* The field of answers that names their certificate and issuer to HTTP caches. */
enum cache_tag { CACHE_TAG_OFF, CACHE_TAG_XKEY, CACHE_TAG_SURROGATE_KEY, CACHE_TAG_CACHE_TAG };

enum signed_policy { SIGNED_IGNORE, SIGNED_VERIFY, SIGNED_REQUIRE }; /* P-15 */

/* Whether rooms lock themselves in (room/sandbox.h). */
enum sandbox_policy { SANDBOX_YES, SANDBOX_NO, SANDBOX_REQUIRED };

struct conf_server {
	struct conf_listen listen;
	struct conf_listen admin_listen; /* none: there is no admin room */
	unsigned access_log; /* one line in so many answers; 0: none */
	enum access_client access_log_client;
	char *access_log_file; /* NULL: standard error */
	char *admin_hosts; /* names in Host beside addresses, separated by commas; NULL: none */
	char *control_socket;
	enum sandbox_policy sandbox;
	char *users; /* that rooms run as: a name, or the first's number; NULL: the starter's */
	unsigned fronts, signers; /* 0 = auto in the file; resolved to the number of cores */
	enum log_level log_level;

	uint64_t cache_size; /* bytes, each front and the ledger */
	unsigned connections, connections_per_address;
	int64_t head_timeout_us, body_timeout_us, write_timeout_us, idle_timeout_us;
	int64_t answer_timeout_us, drain_delay_us, drain_timeout_us;
	unsigned nonce_share, unseen_share; /* of signers' time, in percent */
	int64_t max_age_us; /* P-48 */
	unsigned signatures_per_address; /* a second; 0: no limit */
	enum cache_tag cache_tag;
	unsigned max_certids;
	enum ocsp_critical critical_extensions;
	bool strict_content_type; /* P-43 */
	bool strict_start; /* one issuer's trouble refuses the start */
	char *journal; /* folder of the memory of revocations; NULL: none */
	bool journal_named; /* by the file, so that it must be usable */
	uint64_t kept_answers; /* bytes in that folder for signed answers; 0: none */
	uint64_t known_size; /* bytes of the ledger's memory of rows that are good; 0: none */
	struct conf_networks trusted_proxies; /* P-51 */
	bool proxy_protocol; /* their connections begin with a PROXY header */
	enum unknown_issuer_policy unknown_issuer; /* P-22 */
	char *default_issuer; /* who answers for unknown issuers; NULL: nobody */
	char *renew_command; /* a shell's; NULL: none */
	int64_t renew_timeout_us;
	/* Of CRLs that are followed. */
	int64_t fetch_interval_us, fetch_retry_us, fetch_timeout_us;
	uint64_t fetch_size; /* bytes */
	char *fetch_hosts; /* names, separated by commas; NULL: no redirect to another host */
	char *fetch_ca_file; /* NULL: no https */
	char *fetch_proxy; /* a URL; NULL: none */
	char *pkcs11_module; /* what speaks to tokens where a key's URI names none */
};

/* What to do in a database history that lost revocations (doc/faults.md, I-10). */
enum lost_history { LOST_HISTORY_CONTINUE, LOST_HISTORY_STOP };

struct conf_database {
	const char *file; /* where its section is; NULL: nowhere */
	char *conninfo; /* libpq connection string; may hold a password */
	char *import_conninfo; /* of whoever records CRLs; NULL: nobody may */
	int64_t import_timeout_us;
	int64_t poll_interval_us;
	int64_t freshness_us; /* the bound on the age of evidence (doc/faults.md, I-3) */
	int64_t connect_timeout_us, query_timeout_us;
	enum lost_history on_lost_history;
	bool prewarm; /* ready only once the tables were read into the memory of the database's machine */
};

/* A key that may answer for an issuer. */
struct conf_signer {
	char *name; /* of its section */
	unsigned line;
	char *issuer; /* the name of its issuer's section */
	char *certificate; /* a file; NULL: the one that the key's PKCS #12 file holds */
	char *key; /* a file, or a PKCS #11 URI */
	char *key_passphrase_file; /* a file, credential:NAME or prompt; NULL: none */
	enum signature_choice signature;
};

/* How a cache is told to forget (fetcher/cachekind.h). */
enum cache_kind { CACHE_VARNISH, CACHE_URL, CACHE_TEMPLATE };

/* An HTTP cache in front of this instance, which is told of changes. */
struct conf_cache {
	char *name; /* of its section */
	unsigned line;
	enum cache_kind kind;
	char *url; /* where it is told; of CACHE_URL: what answers' paths are appended to */
	char *url_all; /* of CACHE_URL: where it forgets everything; NULL: none */
	char *method, *method_all; /* NULL: the kind's, method */
	char *headers_file; /* more fields of each request, secrets; NULL: none */
	char *field, *body; /* of CACHE_TEMPLATE; NULL: none */
};

struct conf_issuer {
	char *name; /* as in stillgood.issuer */
	const char *file; /* and line of its section, for messages */
	unsigned line;
	char *certificate; /* the CA's, a file */
	/* As in struct conf_signer. No key: [signer] sections do it. */
	char *signer_certificate; /* a file; equal to `certificate`: the CA signs itself */
	char *signer_key;
	char *signer_key_passphrase_file;
	char *renew_command; /* NULL: the server's */
	enum signature_choice signature; /* of signer_key */
	/* The [signer] sections that name this issuer, in the order of the file (P-37). */
	unsigned signer_count;
	struct conf_signer *signers;
	enum profile profile;
	int64_t validity_us;
	int64_t backdate_us; /* P-27 */
	bool outlive; /* answers may last longer than the certificate (P-27) */
	bool final_answers; /* nextUpdate 99991231235959Z instead of validity */
	bool hold_releasable; /* no: a suspension never ends */
	enum nonce_policy nonce;
	enum raw_nonce_policy raw_nonce;
	enum ocsp_responder_id responder_id;
	struct issuer_policy policy;
	/* P-30 */
	int64_t archive_cutoff_us; /* how long status is kept; ARCHIVE_CUTOFF_… */
	bool extensions[EXTENSION_COUNT]; /* index: enum answer_extension */
	int64_t retired_until; /* seconds since 1970: no answer after it (P-33); 0: no end */
	char *chain; /* a file of more certificates for each answer (P-26); NULL: none */
	enum answer_source source;
	enum signed_policy signed_requests;
	char *requestors; /* a file; NULL: none */
	char *allow; /* a file; NULL: whoever `requestors` have certified */
	int64_t crl_warning_us; /* before the CRL ends; 0: a quarter of its time */
	char *crl; /* URLs, separated by commas; NULL: none is followed */
	char *crl_watch; /* the same; NULL: none is compared */
};

struct conf {
	char *path; /* where it was read from, for messages */
	unsigned file_count; /* that, and what it includes */
	char **files;
	struct conf_server server;
	struct conf_database database;
	unsigned issuer_count;
	struct conf_issuer *issuers; /* in the order of the file */
	unsigned cache_count;
	struct conf_cache *caches;
};

/* All signers of an issuer in order of preference: its own pair, which has the issuer's
 * name, then its [signer] sections. The parser saw to it that there is one at least, or none where answers are
 * presigned. Borrowed strings. */
unsigned conf_signer_count(const struct conf_issuer *issuer);
struct conf_signer conf_signer_at(const struct conf_issuer *issuer, unsigned index);
/* NULL: no [issuer] section has this name. */
const struct conf_issuer *conf_issuer_named(const struct conf *conf, const char *name);
/* The issuer that answers for issuers that nobody here knows (P-22), or NULL. */
const struct conf_issuer *conf_default_issuer(const struct conf *conf);

/* Parses text. A fault reads "PATH:LINE: what, what to do" (an unknown key names the nearest valid
 * one). 0, -EINVAL or -ENOMEM; nothing is returned on failure. `room` CONF_ALL for a whole file:
 * required options must be there; otherwise only those of the room. */
must_check int conf_parse(const char *path, struct view text, enum conf_room room,
			  struct conf **ret, struct fault *fault);
/* The same of a whole file, which may include others. */
must_check int conf_parse_file(const char *path, struct view text, struct conf **ret,
			       struct fault *fault);
must_check int conf_load(const char *path, struct conf **ret, struct fault *fault);
/* The same from an open descriptor (CONTROL_CONF_FD). */
must_check int conf_load_descriptor(int fd, enum conf_room room, struct conf **ret,
				    struct fault *fault);
/* Are the HTTP caches of both the same ones? False also without memory. */
bool conf_cache_same(const struct conf_cache *a, const struct conf_cache *b);
/* Does any issuer look at signatures, so that somebody must verify them? */
bool conf_verifies(const struct conf *conf);
/* Is anything to be fetched, or anybody outside to be told? */
bool conf_fetches(const struct conf *conf);
/* Seconds since 1970: from when on a person is told that a CRL with these times ends (crl_warning). */
int64_t conf_crl_warned_from(const struct conf_issuer *issuer, int64_t this_update,
			     int64_t next_update);
/* What of struct cert_facts the issuer's answers may carry: EXTENSION_BIT()s. */
unsigned conf_extensions(const struct conf_issuer *issuer);
/* Does any issuer's configuration want what only the longer lookup reads (struct cert_facts)? */
bool conf_wants_facts(const struct conf *conf);
void conf_free(struct conf *conf); /* wipes what may be secret */
DEFINE_CLEANUP(struct conf, conf_free)

/* Appends the effective configuration as INI text, only what the rooms in the mask are given.
 * `secrets` no: passwords inside conninfo are written as ***, for people. */
void conf_render(const struct conf *conf, unsigned rooms, bool secrets, struct buffer *out);
/* Each option of an issuer that the rooms in the mask are given and that is no file, in the order of the
 * table, as it would be written. */
void conf_each_issuer_option(const struct conf_issuer *issuer, unsigned rooms,
			     void (*take)(void *context, const char *name, const char *value),
			     void *context);
/* Appends all that they are given of it, as it would be written, but for the sections' own names. */
void conf_issuer_text(const struct conf_issuer *issuer, unsigned rooms, struct buffer *out);
/* Do both say the same of all that the rooms in the mask are given, but for the sections' own names?
 * False also without memory. */
bool conf_issuer_same(const struct conf_issuer *a, const struct conf_issuer *b, unsigned rooms);
/* Appends the commented sample file / the OPTIONS part of stillgood.conf(5), from the rows. */
void conf_render_sample(struct buffer *out);
void conf_render_manual(struct buffer *out);
