#include "conf/options.h"

#include "base/clock.h"
#include "base/timetext.h"

#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

/* Bytes of a text: with every character escaped, a line of it still fits LIMIT_CONF_LINE, so that
 * what was parsed can always be rendered and parsed again. */
#define TEXT_MOST 2000
#define LISTEN_MOST 1000

#define SERVER(member) #member, SECTION_SERVER, false
#define SERVER_AT(member) offsetof(struct conf_server, member)
#define DATABASE(member) #member, SECTION_DATABASE, false
#define DATABASE_AT(member) offsetof(struct conf_database, member)
#define SHARED(member) #member, SECTION_ISSUER, true
#define ISSUER(member) #member, SECTION_ISSUER, false
#define ISSUER_AT(member) offsetof(struct conf_issuer, member)
#define SIGNER(member) #member, SECTION_SIGNER, false
#define SIGNER_AT(member) offsetof(struct conf_signer, member)
#define CACHE(member) #member, SECTION_CACHE, false
#define CACHE_AT(member) offsetof(struct conf_cache, member)

static const struct option_word auto_words[] = {{"auto", 0}, {NULL, 0}};
static const struct option_word switch_words[] = {{"yes", true}, {"no", false}, {NULL, 0}};
static const struct option_word sandbox_words[] = {
	{"yes", SANDBOX_YES},
	{"no", SANDBOX_NO},
	{"required", SANDBOX_REQUIRED},
	{NULL, 0},
};
static const struct option_word log_words[] = {
	{"error", LOG_LEVEL_ERROR},
	{"warning", LOG_LEVEL_WARNING},
	{"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG},
	{NULL, 0},
};
static const struct option_word tag_words[] = {
	{"off", CACHE_TAG_OFF},
	{"xkey", CACHE_TAG_XKEY},
	{"surrogate-key", CACHE_TAG_SURROGATE_KEY},
	{"cache-tag", CACHE_TAG_CACHE_TAG},
	{NULL, 0},
};
static const struct option_word cache_words[] = {
	{"varnish", CACHE_VARNISH},
	{"url", CACHE_URL},
	{"template", CACHE_TEMPLATE},
	{NULL, 0},
};
static const struct option_word access_words[] = {{"off", 0}, {"full", 1}, {NULL, 0}};
static const struct option_word access_client_words[] = {
	{"network", ACCESS_CLIENT_NETWORK},
	{"full", ACCESS_CLIENT_FULL},
	{"none", ACCESS_CLIENT_NONE},
	{NULL, 0},
};
static const struct option_word critical_words[] = {
	{"refuse", OCSP_CRITICAL_REFUSE},
	{"ignore", OCSP_CRITICAL_IGNORE},
	{NULL, 0},
};
static const struct option_word source_words[] = {
	{"signer", SOURCE_SIGNER},
	{"presigned", SOURCE_PRESIGNED},
	{NULL, 0},
};
static const struct option_word nonce_words[] = {
	{"echo", NONCE_ECHO},
	{"ignore", NONCE_IGNORE},
	{NULL, 0},
};
static const struct option_word raw_nonce_words[] = {
	{"accept", RAW_NONCE_ACCEPT},
	{"refuse", RAW_NONCE_REFUSE},
	{NULL, 0},
};
static const struct option_word profile_words[] = {
	{"private", PROFILE_PRIVATE},
	{"webpki", PROFILE_WEBPKI},
	{"smime", PROFILE_SMIME},
	{"codesigning", PROFILE_CODESIGNING},
	{"qualified", PROFILE_QUALIFIED},
	{"lightweight", PROFILE_LIGHTWEIGHT},
	{NULL, 0},
};
static const struct option_word responder_words[] = {
	{"key", OCSP_BY_KEY},
	{"name", OCSP_BY_NAME},
	{NULL, 0},
};
static const struct option_word signature_words[] = {
	{"auto", SIGNATURE_AUTO},
	{"sha256", SIGNATURE_SHA256},
	{"sha384", SIGNATURE_SHA384},
	{"sha512", SIGNATURE_SHA512},
	{"pss-sha256", SIGNATURE_PSS_SHA256},
	{"pss-sha384", SIGNATURE_PSS_SHA384},
	{"pss-sha512", SIGNATURE_PSS_SHA512},
	{NULL, 0},
};
static const struct option_word none_words[] = {{"none", 0}, {NULL, 0}};
static const struct option_word signed_words[] = {
	{"ignore", SIGNED_IGNORE},
	{"verify", SIGNED_VERIFY},
	{"require", SIGNED_REQUIRE},
	{NULL, 0},
};
static const struct option_word unassigned_words[] = {
	{"unknown", UNASSIGNED_UNKNOWN},
	{"unauthorized", UNASSIGNED_UNAUTHORIZED},
	{"revoked", UNASSIGNED_REVOKED},
	{NULL, 0},
};
static const struct option_word expired_words[] = {
	{"answer", EXPIRED_ANSWER},
	{"unauthorized", EXPIRED_UNAUTHORIZED},
	{NULL, 0},
};

static const struct option_word never_words[] = {{"never", 0}, {NULL, 0}};
static const struct option_word unknown_issuer_words[] = {
	{"unauthorized", UNKNOWN_ISSUER_UNAUTHORIZED},
	{"unknown", UNKNOWN_ISSUER_UNKNOWN},
	{NULL, 0},
};
static const struct option_word lost_words[] = {
	{"continue", LOST_HISTORY_CONTINUE},
	{"stop", LOST_HISTORY_STOP},
	{NULL, 0},
};
static const struct option_word archive_words[] = {
	{"no", ARCHIVE_CUTOFF_NONE},
	{"issuer", ARCHIVE_CUTOFF_ISSUER},
	{NULL, 0},
};

/* Columns: name, section and shared · type · rooms · change · words · bounds · default, example · offset ·
 * help. The order is that of the sample file and the manual. */
const struct option options[] = {
	{SERVER(listen), OPTION_LISTEN, CONF_WARDEN, BY_RELOAD, NULL, 1, LISTEN_MOST,
	 "127.0.0.1:8080", "192.0.2.1:80, [2001:db8::1]:80", SERVER_AT(listen),
	 "Addresses and ports of the public listener, separated by commas. Numeric addresses only; "
	 "0.0.0.0 and [::] stand for all of the machine."},
	{SERVER(admin_listen), OPTION_LISTEN, CONF_WARDEN, BY_RELOAD, none_words, 1, LISTEN_MOST,
	 "none", "127.0.0.1:9180, [::1]:9180", SERVER_AT(admin_listen),
	 "Addresses and ports of the admin listener: metrics, health with every reason, the page "
	 "for people. It asks nobody for a password: keep it on the machine or in a network of "
	 "the operators."},
	{SERVER(admin_hosts), OPTION_HOSTS, CONF_ADMIN, BY_RELOAD, none_words, 1, LISTEN_MOST,
	 "none", "ocsp1.example.com, ocsp1", SERVER_AT(admin_hosts),
	 "The names by which the admin listener may be called. Numeric addresses and localhost "
	 "always may; every other name in Host is refused, so that no web site can read it through "
	 "an operator's browser."},
	{SERVER(control_socket), OPTION_PATH, CONF_WARDEN, BY_RESTART, NULL, 1, 100,
	 "/run/stillgood/control.sock", "/run/stillgood/control.sock", SERVER_AT(control_socket),
	 "The Unix socket that \"stillgood status\", \"reload\" and \"drain\" talk to."},
	{SERVER(sandbox), OPTION_CHOICE, CONF_ALL, BY_RESTART, sandbox_words, 0, 0, "yes",
	 "required", SERVER_AT(sandbox),
	 "Each room gives up, once it is open, every system call and every file that it has no "
	 "business with (seccomp, Landlock): yes with what the system has, and a warning for what "
	 "it "
	 "has not; required refuses to start without all of it, users included unless they are "
	 "none; no "
	 "is for debuggers and tracers."},
	{SERVER(users), OPTION_NAME, CONF_WARDEN, BY_RESTART, none_words, 1, 48, "stillgood",
	 "stillgood", SERVER_AT(users),
	 "The users that the rooms run as, each with its own group only, where serve is started as "
	 "root or with CAP_SETUID, CAP_SETGID and CAP_KILL: NAME for the ledger, which the "
	 "database "
	 "knows, NAME-signer, NAME-verifier, NAME-front and NAME-admin for the others. So a key "
	 "that "
	 "only NAME-signer may read is safe from whatever else the others come to run. A number "
	 "stands for the ledger's user and group; the others, in this order, have the next ones. "
	 "With none, and with a warning where they are missing, all rooms share the user that "
	 "serve "
	 "was started as."},
	{SERVER(fronts), OPTION_INTEGER, CONF_WARDEN | CONF_LEDGER, BY_RESTART, auto_words, 1,
	 LIMIT_FRONTS, "auto", "4", SERVER_AT(fronts),
	 "Number of processes that read the network; auto is one for each core."},
	{SERVER(signers), OPTION_INTEGER, CONF_WARDEN | CONF_LEDGER, BY_RELOAD, auto_words, 1,
	 LIMIT_SIGNERS, "auto", "4", SERVER_AT(signers),
	 "Number of processes that hold the keys and sign; auto is one for each core."},
	{SERVER(log_level), OPTION_CHOICE, CONF_ALL, BY_RELOAD, log_words, 0, 0, "info", "warning",
	 SERVER_AT(log_level), "The least important messages that are still logged."},
	{SERVER(access_log), OPTION_SAMPLE, CONF_FRONT, BY_RELOAD, access_words, 2, 1000000, "off",
	 "1/100", SERVER_AT(access_log),
	 "Write a line for each OCSP answer, or for one in N of them: client, method, serial "
	 "number, "
	 "status, thisUpdate, signer, where it came from, microseconds, octets. Lines that cannot "
	 "be "
	 "written at once are kept for a while, then dropped and counted; no answer waits for its "
	 "line."},
	{SERVER(access_log_client), OPTION_CHOICE, CONF_FRONT, BY_RELOAD, access_client_words, 0, 0,
	 "network", "none", SERVER_AT(access_log_client),
	 "How these lines name the client: its network (/24 of IPv4, /48 of IPv6), its full "
	 "address, "
	 "or not at all. Whoever asks about a certificate tells what its holder does."},
	{SERVER(access_log_file), OPTION_PATH, CONF_WARDEN, BY_RESTART, none_words, 1, TEXT_MOST,
	 "none", "/var/log/stillgood/access.log", SERVER_AT(access_log_file),
	 "The file that they are appended to, opened again on SIGUSR1; none is standard error."},
	{SERVER(cache), OPTION_SIZE, CONF_FRONT | CONF_LEDGER, BY_RELOAD, NULL, MIB, 256 * GIB,
	 "64MiB", "512MiB", SERVER_AT(cache_size),
	 "Memory for signed answers: of each front, and once more of the ledger."},
	{SERVER(known_size), OPTION_SIZE, CONF_LEDGER, BY_RELOAD, NULL, 0, 256 * GIB, "16MiB",
	 "256MiB", SERVER_AT(known_size),
	 "Memory of the ledger for certificates that were looked up and are good: while the change "
	 "log is read without a gap they need no second lookup. 0 looks up each time."},
	{SERVER(strict_start), OPTION_SWITCH, CONF_WARDEN, BY_RELOAD, switch_words, 0, 0, "no",
	 "yes", SERVER_AT(strict_start),
	 "Refuse to start while the files of one issuer cannot be used: a signer that has expired, "
	 "a "
	 "key that cannot be read, a certificate of another CA. no starts without that issuer, "
	 "which "
	 "is told tryLater, as long as there is another one."},
	{SERVER(journal), OPTION_PATH, CONF_WARDEN, BY_RESTART, none_words, 1, TEXT_MOST,
	 "/var/lib/stillgood", "/var/lib/stillgood", SERVER_AT(journal),
	 "The folder where it is kept which certificates were revoked, so that no restart forgets "
	 "what the database may have lost meanwhile. It must be on a local disk, and no other "
	 "instance may use it. none keeps it in memory only."},
	{SERVER(kept_answers), OPTION_SIZE, CONF_WARDEN | CONF_LEDGER, BY_RESTART, NULL, 0,
	 64 * GIB, "0B", "256MiB", SERVER_AT(kept_answers),
	 "Room in that folder for signed answers: after a restart they are given out again, as "
	 "long "
	 "as they are true and of use, instead of being signed anew all at once. What is said is "
	 "decided anew each time; only the signature is saved. The ledger holds them in memory for "
	 "its first hour. 0B keeps none."},
	{SERVER(connections), OPTION_INTEGER, CONF_FRONT, BY_RELOAD, NULL, 1, 1000000, "20000",
	 "50000", SERVER_AT(connections),
	 "Most client connections open at a time, for each front."},
	{SERVER(connections_per_address), OPTION_INTEGER, CONF_FRONT, BY_RELOAD, NULL, 0, 1000000,
	 "0", "200", SERVER_AT(connections_per_address),
	 "Most connections of one client address, for each front. 0 sets no such limit, because "
	 "everybody behind a load balancer or a company's proxy shares one address."},
	{SERVER(signatures_per_address), OPTION_INTEGER, CONF_FRONT, BY_RELOAD, NULL, 0, 1000000,
	 "0", "50", SERVER_AT(signatures_per_address),
	 "Signatures a second that one client address may cause, for each front, and five seconds' "
	 "worth at once; beyond it the client is told tryLater. Stored answers cost none. 0 sets "
	 "no "
	 "such limit. For clients of trusted_proxies their own addresses count; a listed proxy "
	 "that "
	 "speaks for itself, such as a cache, has no limit."},
	{SERVER(head_timeout), OPTION_DURATION, CONF_FRONT, BY_RELOAD, NULL, 100 * MILLISECOND_US,
	 10 * MINUTE_US, "10s", "5s", SERVER_AT(head_timeout_us),
	 "Time for a request's head to arrive, from its first byte to its last."},
	{SERVER(body_timeout), OPTION_DURATION, CONF_FRONT, BY_RELOAD, NULL, 100 * MILLISECOND_US,
	 10 * MINUTE_US, "10s", "5s", SERVER_AT(body_timeout_us),
	 "Time for a request's body to arrive, from the end of its head."},
	{SERVER(write_timeout), OPTION_DURATION, CONF_FRONT, BY_RELOAD, NULL, 100 * MILLISECOND_US,
	 10 * MINUTE_US, "10s", "5s", SERVER_AT(write_timeout_us),
	 "Time for a client to take an answer."},
	{SERVER(idle_timeout), OPTION_DURATION, CONF_FRONT, BY_RELOAD, NULL, 100 * MILLISECOND_US,
	 HOUR_US, "60s", "2m", SERVER_AT(idle_timeout_us),
	 "Time that a connection may stay open without a request."},
	{SERVER(answer_timeout), OPTION_DURATION, CONF_FRONT | CONF_LEDGER | CONF_SIGNER, BY_RELOAD,
	 NULL, 50 * MILLISECOND_US, MINUTE_US, "3s", "5s", SERVER_AT(answer_timeout_us),
	 "Time to find and sign an answer; after it the client is told tryLater. At least "
	 "query_timeout."},
	{SERVER(nonce_share), OPTION_INTEGER, CONF_LEDGER, BY_RELOAD, NULL, 1, 45, "30", "10",
	 SERVER_AT(nonce_share),
	 "The share of the signers' time, in percent, for answers that nobody else can use (with a "
	 "nonce, about several certificates, to signed requests that count) while others wait for "
	 "signatures too. Beyond what can be served in time the client is told tryLater at once."},
	{SERVER(unseen_share), OPTION_INTEGER, CONF_LEDGER, BY_RELOAD, NULL, 1, 45, "10", "5",
	 SERVER_AT(unseen_share), "The same for answers that a serial number was never issued."},
	{SERVER(drain_delay), OPTION_DURATION, CONF_WARDEN, BY_RELOAD, NULL, 0, 10 * MINUTE_US,
	 "5s", "0s", SERVER_AT(drain_delay_us),
	 "How long the service goes on as before when it is told to end, with 503 from /readyz and "
	 "answers that end their connections: the time that a load balancer needs to see that. A "
	 "second signal skips it."},
	{SERVER(drain_timeout), OPTION_DURATION, CONF_ALL, BY_RELOAD, NULL, 100 * MILLISECOND_US,
	 10 * MINUTE_US, "10s", "30s", SERVER_AT(drain_timeout_us),
	 "Time to finish what is in flight when the service ends, after drain_delay. At least "
	 "answer_timeout."},
	{SERVER(max_age), OPTION_DURATION, CONF_FRONT | CONF_LEDGER, BY_RELOAD, NULL, 0, 7 * DAY_US,
	 "300s", "1h", SERVER_AT(max_age_us),
	 "Upper bound of Cache-Control max-age: the delay that HTTP caches may add to a "
	 "revocation. "
	 "At most the validity of every issuer; the age sent never reaches beyond nextUpdate."},
	{SERVER(cache_tag), OPTION_CHOICE, CONF_FRONT | CONF_LEDGER, BY_RELOAD, tag_words, 0, 0,
	 "off", "xkey", SERVER_AT(cache_tag),
	 "Names the certificate and the issuer of every answer that HTTP caches may keep, so that "
	 "they can be told to forget it: in the field xkey (Varnish), Surrogate-Key (Fastly) or "
	 "Cache-Tag (Cloudflare). Answers that have no such name, because they are about several "
	 "certificates, are then for no cache."},
	{SERVER(max_certids), OPTION_INTEGER, CONF_FRONT, BY_RELOAD, NULL, 1, LIMIT_CERTIDS, "10",
	 "1", SERVER_AT(max_certids),
	 "Most certificates asked for in one request; more is malformedRequest."},
	{SERVER(critical_extensions), OPTION_CHOICE, CONF_FRONT, BY_RELOAD, critical_words, 0, 0,
	 "refuse", "ignore", SERVER_AT(critical_extensions),
	 "What to do with a request that holds an unknown critical extension: refuse it with "
	 "malformedRequest, or ignore the extension."},
	{SERVER(strict_content_type), OPTION_SWITCH, CONF_FRONT, BY_RELOAD, switch_words, 0, 0,
	 "no", "yes", SERVER_AT(strict_content_type),
	 "Refuse POST with another Content-Type than application/ocsp-request (415). Some clients "
	 "send none."},
	{SERVER(trusted_proxies), OPTION_NETWORKS, CONF_FRONT, BY_RELOAD, NULL, 1, TEXT_MOST,
	 "none", "192.0.2.10, 2001:db8:1::/64", SERVER_AT(trusted_proxies),
	 "Load balancers and HTTP proxies whose word for the client's address is taken: from the "
	 "PROXY header where proxy_protocol is set, and from X-Forwarded-For. Nobody else's is."},
	{SERVER(proxy_protocol), OPTION_SWITCH, CONF_FRONT, BY_RELOAD, switch_words, 0, 0, "no",
	 "yes", SERVER_AT(proxy_protocol),
	 "Every connection of trusted_proxies begins with a PROXY header, version 1 or 2; one that "
	 "does not is refused, and so is a PROXY header of anybody else. Clients that come without "
	 "a proxy are served as ever."},
	{SERVER(unknown_issuer), OPTION_CHOICE, CONF_LEDGER | CONF_SIGNER, BY_RELOAD,
	 unknown_issuer_words, 0, 0, "unauthorized", "unknown", SERVER_AT(unknown_issuer),
	 "The answer for certificates of CAs that are not configured here: refuse with "
	 "unauthorized, or say unknown under the signer of default_issuer, which may not have the "
	 "profile lightweight."},
	{SERVER(default_issuer), OPTION_NAME, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, none_words, 1,
	 LIMIT_ISSUER_NAME, "none", "Example CA", SERVER_AT(default_issuer),
	 "The issuer whose signer answers where unknown_issuer = unknown: the name in the head of "
	 "its section."},
	{SERVER(renew_command), OPTION_NAME, CONF_WARDEN, BY_RELOAD, none_words, 1, TEXT_MOST,
	 "none", "/usr/local/sbin/renew-ocsp-signer", SERVER_AT(renew_command),
	 "A command that renews the certificate of an issuer whose last signer ends within 30 "
	 "days: "
	 "run by /bin/sh when that begins and every day until it is no more so, as the user "
	 "stillgood-renew where there is one, else as the service's own. It finds "
	 "STILLGOOD_ISSUER, STILLGOOD_SIGNER, STILLGOOD_CERTIFICATE, STILLGOOD_CA, "
	 "STILLGOOD_NOT_AFTER and STILLGOOD_CONF in its environment. What it prints is logged; "
	 "where it ends with status 0 the configuration is read anew."},
	{SERVER(renew_timeout), OPTION_DURATION, CONF_WARDEN, BY_RELOAD, NULL, SECOND_US, DAY_US,
	 "5m", "1h", SERVER_AT(renew_timeout_us),
	 "Time for renew_command; after it the command, and whatever it has started in its "
	 "process group, is killed."},
	{SERVER(pkcs11_module), OPTION_NAME, CONF_SIGNER, BY_RELOAD, NULL, 1, TEXT_MOST,
	 "p11-kit-proxy.so", "/usr/lib/softhsm/libsofthsm2.so", SERVER_AT(pkcs11_module),
	 "The library that speaks to tokens, for keys whose PKCS #11 URI has no module-path. "
	 "The default speaks to every token that the system knows of (p11-kit(8))."},

	{SERVER(fetch_interval), OPTION_DURATION, CONF_FETCHER, BY_RELOAD, NULL, SECOND_US,
	 7 * DAY_US, "1h", "15m", SERVER_AT(fetch_interval_us),
	 "A CRL that is followed is asked for at least so often: a CA that revokes may publish "
	 "before "
	 "the next one is due. As that comes near it is asked for more often, each time after half "
	 "of what is left. What has not changed is not sent again (ETag, Last-Modified)."},
	{SERVER(fetch_retry), OPTION_DURATION, CONF_FETCHER, BY_RELOAD, NULL, SECOND_US, DAY_US,
	 "1m", "10s", SERVER_AT(fetch_retry_us),
	 "No CRL is asked for more often than this, and after a failure not before; each failure "
	 "after another doubles it, up to fetch_interval."},
	{SERVER(fetch_timeout), OPTION_DURATION, CONF_FETCHER, BY_RELOAD, NULL,
	 100 * MILLISECOND_US, HOUR_US, "1m", "5m", SERVER_AT(fetch_timeout_us),
	 "Time to fetch one CRL, name, connection and all."},
	{SERVER(fetch_size), OPTION_SIZE, CONF_FETCHER | CONF_WARDEN, BY_RELOAD, NULL, 1024, GIB,
	 "64MiB", "256MiB", SERVER_AT(fetch_size),
	 "The largest CRL that is fetched. Up to 8 are held in memory at a time."},
	{SERVER(fetch_hosts), OPTION_HOSTS, CONF_FETCHER, BY_RELOAD, none_words, 1, LISTEN_MOST,
	 "none", "cdn.example.com", SERVER_AT(fetch_hosts),
	 "Names of hosts to which a redirect may lead; always allowed is the host of the URL "
	 "itself, "
	 "and never from https to http."},
	{SERVER(fetch_ca_file), OPTION_PATH, CONF_FETCHER, BY_RELOAD, none_words, 1, TEXT_MOST,
	 "none", "/etc/ssl/certs/ca-certificates.crt", SERVER_AT(fetch_ca_file),
	 "The CA certificates (PEM) of servers that CRLs are fetched from by https. CRLs are "
	 "signed, and "
	 "http is what RFC 5280 asks for; none refuses https."},
	{SERVER(fetch_proxy), OPTION_PROXY, CONF_FETCHER, BY_RELOAD, none_words, 1, LIMIT_CRL_URL,
	 "none", "http://proxy.example.com:3128", SERVER_AT(fetch_proxy),
	 "The HTTP proxy that CRLs are fetched by: those of http as a request of the whole URL, "
	 "those of https through a tunnel (CONNECT). It looks the servers' names up, and needs no "
	 "password. Caches are always told directly, and what the environment says of proxies "
	 "counts for nobody."},

	{DATABASE(conninfo), OPTION_TEXT, CONF_LEDGER, BY_RELOAD, NULL, 1, TEXT_MOST, NULL,
	 "host=/run/postgresql dbname=stillgood user=stillgood", DATABASE_AT(conninfo),
	 "Where PostgreSQL is: a libpq connection string or URI. It may name several hosts. Prefer "
	 "peer authentication or a passfile to a password here, which is refused where everybody "
	 "may "
	 "read this file."},
	{DATABASE(import_conninfo), OPTION_TEXT, CONF_IMPORTER, BY_RELOAD, none_words, 1, TEXT_MOST,
	 "none", "host=/run/postgresql dbname=stillgood user=stillgood-importer",
	 DATABASE_AT(import_conninfo),
	 "Where CRLs that were fetched are recorded: the same database, as a role that may write "
	 "(stillgood_ca). A process of its own does it, as the user stillgood-importer where there "
	 "is "
	 "one."},
	{DATABASE(import_timeout), OPTION_DURATION, CONF_WARDEN, BY_RELOAD, NULL, SECOND_US, DAY_US,
	 "10m", "30m", DATABASE_AT(import_timeout_us),
	 "Time to verify one CRL that was fetched and record what it says; after it that is given "
	 "up and "
	 "tried again."},
	{DATABASE(poll_interval), OPTION_DURATION, CONF_LEDGER, BY_RELOAD, NULL, 5 * MILLISECOND_US,
	 MINUTE_US, "50ms", "100ms", DATABASE_AT(poll_interval_us),
	 "How often the change log is read: most of the time that a revocation takes to be seen."},
	{DATABASE(freshness), OPTION_DURATION, CONF_LEDGER | CONF_FETCHER, BY_RELOAD, NULL,
	 100 * MILLISECOND_US, DAY_US, "60s", "10s", DATABASE_AT(freshness_us),
	 "The oldest proof of being current on which \"good\" is still answered; beyond it clients "
	 "are told tryLater. At least twice poll_interval, and query_timeout."},
	{DATABASE(connect_timeout), OPTION_DURATION, CONF_LEDGER, BY_RELOAD, NULL,
	 100 * MILLISECOND_US, MINUTE_US, "5s", "2s", DATABASE_AT(connect_timeout_us),
	 "Time to connect to one host of conninfo."},
	{DATABASE(query_timeout), OPTION_DURATION, CONF_LEDGER, BY_RELOAD, NULL,
	 50 * MILLISECOND_US, MINUTE_US, "2s", "1s", DATABASE_AT(query_timeout_us),
	 "Time for one query; after it the connection is given up and made anew."},
	{DATABASE(on_lost_history), OPTION_CHOICE, CONF_LEDGER, BY_RELOAD, lost_words, 0, 0,
	 "continue", "stop", DATABASE_AT(on_lost_history),
	 "What to do where the database has lost revocations that were answered (a failover, a "
	 "restored backup): they stay revoked in either case. With stop nothing is answered good "
	 "until an operator has run \"stillgood accept-history\"."},

	{DATABASE(prewarm), OPTION_SWITCH, CONF_LEDGER, BY_RESTART, switch_words, 0, 0, "no", "yes",
	 DATABASE_AT(prewarm),
	 "Read all certificates and their key once at the start, and be ready only then: a "
	 "database "
	 "that has just started, too, has them on its disk only, and reads them for each question "
	 "one "
	 "by one. They stay in the memory of the database's machine as far as it has room. Faster "
	 "where the extension pg_prewarm is installed (CREATE EXTENSION pg_prewarm); PostgreSQL 13 "
	 "without it reads the key alone. What cannot be read is told in a line, and is no reason "
	 "to "
	 "stay not ready."},

	{SHARED(profile), OPTION_CHOICE, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, profile_words, 0, 0,
	 "private", "webpki", ISSUER_AT(profile),
	 "The kind of CA: gives other defaults to the options below, and refuses what those who "
	 "rely on such a CA forbid. stillgood.conf(5) lists both under PROFILES, \"stillgood "
	 "check\" "
	 "names each violation."},
	{SHARED(validity), OPTION_DURATION, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, NULL,
	 2 * SECOND_US, 3650 * DAY_US, "8h", "1d", ISSUER_AT(validity_us),
	 "From thisUpdate to nextUpdate. Never beyond the end of the signer's certificate. At "
	 "least "
	 "max_age, and twice freshness and backdate."},
	{SHARED(backdate), OPTION_DURATION, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, NULL, 0, DAY_US,
	 "0s", "5m", ISSUER_AT(backdate_us),
	 "thisUpdate is set back by this, for clients whose clocks are slow. At most half of "
	 "validity."},
	{SHARED(outlive), OPTION_SWITCH, CONF_LEDGER, BY_RELOAD, switch_words, 0, 0, "no", "yes",
	 ISSUER_AT(outlive),
	 "May an answer last longer than the certificate that it is about? With no the nextUpdate "
	 "of a certificate that has not expired is at most its notAfter, because servers do not "
	 "staple an answer that outlives their certificate; answers in its last hours are "
	 "therefore shorter than validity. In its last second, and after it, answers have the "
	 "whole validity again."},
	{ISSUER(final_answers), OPTION_SWITCH, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, switch_words,
	 0, 0, "no", "yes", ISSUER_AT(final_answers),
	 "For a CA that has closed, whose certificates will never change again: answers have the "
	 "nextUpdate 99991231235959Z, as last CRLs have, or the end of the signer's certificate "
	 "where that is earlier. Only for certificates that the database has recorded, whatever "
	 "outlive says; not for unknown ones or those on hold."},
	{SHARED(hold_releasable), OPTION_SWITCH, CONF_LEDGER, BY_RELOAD, switch_words, 0, 0, "yes",
	 "no", ISSUER_AT(hold_releasable),
	 "May a certificate on hold become good again? no is for CAs where a suspension never "
	 "ends (as in the Japanese public key infrastructure): where the database calls a held "
	 "certificate good, certificateHold goes on being answered and an alarm is logged. This "
	 "holds for as long as the process remembers the hold: a certificate released while the "
	 "service was stopped is good, so let nobody release in the database either."},
	{SHARED(nonce), OPTION_CHOICE, CONF_FRONT | CONF_LEDGER, BY_RELOAD, nonce_words, 0, 0,
	 "echo", "ignore", ISSUER_AT(nonce),
	 "A request's nonce: echo it, at the price of a signature each time, or ignore it and "
	 "serve "
	 "the shared answer."},
	{SHARED(raw_nonce), OPTION_CHOICE, CONF_FRONT | CONF_LEDGER, BY_RELOAD, raw_nonce_words, 0,
	 0, "accept", "refuse", ISSUER_AT(raw_nonce),
	 "A nonce of 1 to 128 octets that is not inside an OCTET STRING, as RFC 2560 was read: "
	 "accept it, which echoes it as it came unless nonces are ignored, or refuse the request "
	 "as "
	 "malformed."},
	{SHARED(responder_id), OPTION_CHOICE, CONF_SIGNER, BY_RELOAD, responder_words, 0, 0, "key",
	 "name", ISSUER_AT(responder_id),
	 "How answers name the signer: by the SHA-1 hash of its key or by its subject name."},
	{SHARED(signature), OPTION_CHOICE, CONF_SIGNER, BY_RELOAD, signature_words, 0, 0, "auto",
	 "pss-sha256", ISSUER_AT(signature),
	 "How signer_key signs. auto is what the key asks for: sha256 with RSA, RSASSA-PSS with an "
	 "RSA-PSS key, ECDSA with the digest of its curve, and whatever other keys do. The other "
	 "words are for RSA keys: PKCS #1 v1.5 or RSASSA-PSS (pss-), with this digest."},
	{SHARED(unassigned), OPTION_CHOICE, CONF_LEDGER, BY_RELOAD, unassigned_words, 0, 0,
	 "unknown", "unauthorized", ISSUER_AT(policy.unassigned),
	 "The answer for a serial number that was never issued. revoked is the extended definition "
	 "of RFC 6960, section 2.2."},
	{SHARED(expired), OPTION_CHOICE, CONF_LEDGER, BY_RELOAD, expired_words, 0, 0, "answer",
	 "unauthorized", ISSUER_AT(policy.expired),
	 "Certificates that have expired: answer for as long as the database knows them, or refuse "
	 "with unauthorized. Revoked ones are always answered."},
	{SHARED(complete), OPTION_SWITCH, CONF_LEDGER | CONF_SIGNER | CONF_FETCHER, BY_RELOAD,
	 switch_words, 0, 0, "yes", "no", ISSUER_AT(policy.complete),
	 "Does the database hold every certificate of this issuer? no is for an issuer known by "
	 "its CRLs: "
	 "what they do not list is then answered good, with a row or without, from thisUpdate to "
	 "nextUpdate of "
	 "the CRL that was recorded, and with its thisUpdate. Once it has lapsed, or before there "
	 "is one, "
	 "clients are told tryLater; what is revoked stays revoked."},
	{SHARED(crl_warning), OPTION_DURATION, CONF_LEDGER | CONF_FETCHER, BY_RELOAD, auto_words,
	 SECOND_US, 366 * DAY_US, "auto", "6h", ISSUER_AT(crl_warning_us),
	 "So long before a CRL ends, while the next one is not recorded, there is an alarm: of an "
	 "issuer known by its CRLs (complete = no) crl_ends, else of those that are followed (crl) "
	 "crl_due. auto: a quarter of the CRL's time."},
	{SHARED(archive_cutoff), OPTION_DURATION, CONF_SIGNER, BY_RELOAD, archive_words, DAY_US,
	 36500 * DAY_US, "no", "3650d", ISSUER_AT(archive_cutoff_us),
	 "Say in answers how far back they are reliable after certificates expire "
	 "(archiveCutoff): this long before the answer, or with issuer since the CA's "
	 "certificate began."},
	{SHARED(crl_id), OPTION_SWITCH, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, switch_words, 0, 0,
	 "no", "yes", ISSUER_AT(extensions[EXTENSION_CRL_ID]),
	 "Name in revoked answers the CRL that brought the revocation (CrlID), where the database "
	 "knows it; with complete = no, in good ones the CRL that does not list the certificate, "
	 "where "
	 "one CRL is about all of the issuer's."},
	{SHARED(cert_hash), OPTION_SWITCH, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, switch_words, 0, 0,
	 "no", "yes", ISSUER_AT(extensions[EXTENSION_CERT_HASH]),
	 "Put the SHA-256 hash of the certificate into good and revoked answers (certHash), where "
	 "the database knows it: the positive statement that this very certificate was issued."},
	{SHARED(sct_list), OPTION_SWITCH, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, switch_words, 0, 0,
	 "no", "yes", ISSUER_AT(extensions[EXTENSION_SCT_LIST]),
	 "Put the certificate's signed certificate timestamps into good answers, where the "
	 "database has some."},
	{SHARED(signed_requests), OPTION_CHOICE, CONF_FRONT | CONF_LEDGER | CONF_VERIFIER,
	 BY_RELOAD, signed_words, 0, 0, "ignore", "verify", ISSUER_AT(signed_requests),
	 "Signatures of requests: ignore them; verify them where there are any, and answer "
	 "unauthorized where that fails; or require them, and answer sigRequired where there is "
	 "none. Answers that require one are for no HTTP cache."},
	{SHARED(requestors), OPTION_PATH, CONF_VERIFIER, BY_RELOAD, none_words, 1, TEXT_MOST,
	 "none", "requestors.pem", ISSUER_AT(requestors),
	 "CA certificates, PEM, that certificates of requestors must lead to. Certificates between "
	 "come with the request; nothing is fetched, so these CAs' revocations are not seen: leave "
	 "a requestor out of allow instead."},
	{SHARED(allow), OPTION_PATH, CONF_VERIFIER, BY_RELOAD, none_words, 1, TEXT_MOST, "none",
	 "requestors.list", ISSUER_AT(allow),
	 "The requestors that may ask, one a line: the SHA-256 of a certificate in hexadecimal, or "
	 "a subject as of RFC 2253. none is everybody whom the CAs of requestors have certified."},
	{ISSUER(crl), OPTION_URLS, CONF_FETCHER | CONF_WARDEN, BY_RELOAD, none_words, 1, TEXT_MOST,
	 "none", "http://crl.example.com/ca.crl, http://crl.example.com/delta.crl", ISSUER_AT(crl),
	 "Where this CA publishes its CRLs, full and delta: they are fetched when the next one is "
	 "due, verified, and "
	 "recorded in the database."},
	{ISSUER(crl_watch), OPTION_URLS, CONF_FETCHER | CONF_WARDEN, BY_RELOAD, none_words, 1,
	 TEXT_MOST, "none", "http://crl.example.com/ca.crl", ISSUER_AT(crl_watch),
	 "CRLs that this CA publishes and that are compared with the database, as \"stillgood "
	 "diff\" does, "
	 "whenever there is another one; nothing is recorded. A difference is an alarm and a "
	 "metric."},
	{ISSUER(certificate), OPTION_PATH, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, NULL, 1, TEXT_MOST,
	 NULL, "ca.pem", ISSUER_AT(certificate),
	 "The CA's certificate, PEM or DER. A relative path starts at this file's folder."},
	{ISSUER(source), OPTION_CHOICE, CONF_LEDGER | CONF_SIGNER, BY_RELOAD, source_words, 0, 0,
	 "signer", "presigned", ISSUER_AT(source),
	 "Where answers come from. presigned: no key is here, and what was signed elsewhere "
	 "(stillgood presign) and recorded (stillgood import answers) is given out as it is: "
	 "proven anew, until it ends, and not where the database is stricter. A nonce is not "
	 "echoed then, one request asks about one certificate, and what has no answer there is "
	 "answered unauthorized."},
	{ISSUER(signer_certificate), OPTION_PATH, CONF_SIGNER, BY_RELOAD, NULL, 1, TEXT_MOST, NULL,
	 "ocsp.pem", ISSUER_AT(signer_certificate),
	 "The certificate that answers are signed under, PEM or DER: issued by this CA with the "
	 "extended key usage OCSPSigning, or the CA's own. May be left out where signer_key is a "
	 "PKCS #12 file that holds it, and together with signer_key where a [signer] section names "
	 "this issuer."},
	{ISSUER(signer_key), OPTION_KEY, CONF_SIGNER, BY_RELOAD, NULL, 1, TEXT_MOST, NULL,
	 "ocsp.key", ISSUER_AT(signer_key),
	 "The private key of signer_certificate: a PEM or PKCS #12 file, readable by the service "
	 "alone, or the PKCS #11 URI (RFC 7512) of a key in a token, such as "
	 "pkcs11:token=ca;object=ocsp, whose PIN signer_key_passphrase_file gives, or the URI's "
	 "pin-source (a file)."},
	{ISSUER(signer_key_passphrase_file), OPTION_PASSPHRASE, CONF_SIGNER, BY_RELOAD, none_words,
	 1, TEXT_MOST, "none", "ocsp.passphrase", ISSUER_AT(signer_key_passphrase_file),
	 "What unlocks signer_key: a file whose first line is the passphrase or PIN; "
	 "credential:NAME, a credential that systemd passes to the service; or prompt, which asks "
	 "on the terminal that serve or check runs on. The answer stays, in locked memory, for as "
	 "long as serve runs. A PIN that a token has refused is not given to it again."},
	{ISSUER(renew_command), OPTION_NAME, CONF_WARDEN, BY_RELOAD, none_words, 1, TEXT_MOST,
	 "none", "/usr/local/sbin/renew-ocsp-signer demo", ISSUER_AT(renew_command),
	 "As renew_command of [server], for this issuer alone."},
	{ISSUER(chain), OPTION_PATH, CONF_SIGNER, BY_RELOAD, none_words, 1, TEXT_MOST, "none",
	 "chain.pem", ISSUER_AT(chain),
	 "More certificates for every answer, after the signer's: a PEM file with the CA's "
	 "certificate first, then each one's issuer. Few clients need it, and it makes answers "
	 "larger."},
	{ISSUER(retired_until), OPTION_DATE, CONF_LEDGER, BY_RELOAD, never_words, 1, TIME_MOST,
	 "never", "2036-03-31", ISSUER_AT(retired_until),
	 "The end of retention of a CA that no longer issues: it is answered until this moment, "
	 "and refused with unauthorized after it."},

	{SIGNER(issuer), OPTION_NAME, CONF_SIGNER, BY_RELOAD, NULL, 1, LIMIT_ISSUER_NAME, NULL,
	 "Example CA", SIGNER_AT(issuer),
	 "The issuer that this signer answers for: the name in the head of its section. An issuer "
	 "has up to 8 signers: its own signer_certificate first, then its [signer] sections in the "
	 "order of this file. The first one whose certificate outlives the answer signs, so the "
	 "next one takes over before one expires; a client that prefers another one's signature "
	 "algorithm gets that."},
	{SIGNER(certificate), OPTION_PATH, CONF_SIGNER, BY_RELOAD, NULL, 1, TEXT_MOST, NULL,
	 "ocsp-2027.pem", SIGNER_AT(certificate),
	 "As signer_certificate. It may still be in the future."},
	{SIGNER(key), OPTION_KEY, CONF_SIGNER, BY_RELOAD, NULL, 1, TEXT_MOST, NULL, "ocsp-2027.key",
	 SIGNER_AT(key), "As signer_key."},
	{SIGNER(key_passphrase_file), OPTION_PASSPHRASE, CONF_SIGNER, BY_RELOAD, none_words, 1,
	 TEXT_MOST, "none", "ocsp-2027.passphrase", SIGNER_AT(key_passphrase_file),
	 "As signer_key_passphrase_file."},
	{SIGNER(signature), OPTION_CHOICE, CONF_SIGNER, BY_RELOAD, signature_words, 0, 0, "auto",
	 "pss-sha256", SIGNER_AT(signature), "As signature of an issuer, for this key."},
	{CACHE(kind), OPTION_CHOICE, CONF_FETCHER, BY_RELOAD, cache_words, 0, 0, "varnish", "url",
	 CACHE_AT(kind),
	 "How it is told: varnish, by PURGE with the names in the field xkey-purge, which "
	 "vmod_xkey "
	 "understands (conf/varnish.vcl.example); url, by PURGE of each URL that the certificate's "
	 "answers have (nginx, conf/nginx.conf.example); template, by whatever request field and "
	 "body make (Fastly, Cloudflare). All but url need cache_tag of [server]."},
	{CACHE(url), OPTION_URL, CONF_FETCHER, BY_RELOAD, NULL, 1, TEXT_MOST, NULL,
	 "http://127.0.0.1:6081/", CACHE_AT(url),
	 "Where it is told. Of kind url: what clients put before an answer's path."},
	{CACHE(url_all), OPTION_URL, CONF_FETCHER, BY_RELOAD, none_words, 1, TEXT_MOST, "none",
	 "http://127.0.0.1:8081/everything/", CACHE_AT(url_all),
	 "Of kind url, and needed there: where it forgets everything, after a start, and where "
	 "there is too much to be named."},
	{CACHE(method), OPTION_NAME, CONF_FETCHER, BY_RELOAD, none_words, 1, 20, "none", "POST",
	 CACHE_AT(method),
	 "The method of these requests; none stands for PURGE, and for POST of a template."},
	{CACHE(method_all), OPTION_NAME, CONF_FETCHER, BY_RELOAD, none_words, 1, 20, "none",
	 "DELETE", CACHE_AT(method_all), "The method for url_all; none is that of the others."},
	{CACHE(headers_file), OPTION_PATH, CONF_FETCHER, BY_RELOAD, none_words, 1, TEXT_MOST,
	 "none", "cdn.headers", CACHE_AT(headers_file),
	 "A file of more fields for each request, one \"Name: value\" a line, such as a token: "
	 "readable by the service alone, read each time, never logged."},
	{CACHE(field), OPTION_NAME, CONF_FETCHER, BY_RELOAD, none_words, 1, TEXT_MOST, "none",
	 "Surrogate-Key: {tags}", CACHE_AT(field),
	 "Of kind template: a field that names what is to be forgotten. {tags} becomes the names "
	 "with spaces between them."},
	{CACHE(body), OPTION_NAME, CONF_FETCHER, BY_RELOAD, none_words, 1, TEXT_MOST, "none",
	 "{\"tags\":[{json}]}", CACHE_AT(body),
	 "Of kind template: what is sent. {json} becomes the names in quotation marks, with commas "
	 "between them; {tags} as in field."},
};
const size_t option_count = array_size(options);

_Static_assert(array_size(options) <= OPTIONS_MOST, "OPTIONS_MOST is too small");

const char *section_name(enum option_section section)
{
	static const char *const names[SECTION_COUNT] = {"server", "database", "defaults",
							 "issuer", "signer",   "cache"};
	return names[section];
}

bool section_named(enum option_section section)
{
	return section == SECTION_ISSUER || section == SECTION_SIGNER || section == SECTION_CACHE;
}

bool option_of_own_signer(const struct option *option)
{
	return option->section == SECTION_ISSUER &&
	       (option->offset == ISSUER_AT(signer_certificate) ||
		option->offset == ISSUER_AT(signer_key));
}

bool option_certifies_key(const struct option *option)
{
	return (option->section == SECTION_ISSUER &&
		option->offset == ISSUER_AT(signer_certificate)) ||
	       (option->section == SECTION_SIGNER && option->offset == SIGNER_AT(certificate));
}

bool option_fits(const struct option *option, enum option_section section)
{
	return option->section == section || (option->shared && section == SECTION_DEFAULTS);
}

const struct option *option_find(enum option_section section, const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (option_fits(&options[i], section) && strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

bool section_concerns(enum option_section section, unsigned rooms)
{
	for (size_t i = 0; i < option_count; i++)
		if (options[i].section == section && (options[i].rooms & rooms))
			return true;
	return false;
}

const char *option_word(const struct option *option, int64_t value)
{
	const struct option_word *word = option->words;
	while (word->name && word->value != value)
		word++;
	return word->name;
}
