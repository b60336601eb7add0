/* Every command, a row each, in the order of `stillgood --help`. `serve` is here for its options and
 * its help; main starts it, because it is no command of this room. */
#include "base/limits.h"
#include "cli/command.h"

#define DATABASE (OPTION_BIT(OPTION_DATABASE) | OPTION_BIT(OPTION_CONFIG))
#define JSON OPTION_BIT(OPTION_JSON)
#define TARGET \
	(OPTION_BIT(OPTION_ISSUER) | OPTION_BIT(OPTION_SERIAL) | OPTION_BIT(OPTION_ALL_IN_FILE))
#define EVENT (OPTION_BIT(OPTION_REQUESTED_BY) | OPTION_BIT(OPTION_NOTE))
#define IMPORT                                                                                \
	(OPTION_BIT(OPTION_ISSUER) | OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_STRICT) | \
	 OPTION_BIT(OPTION_WITHDRAW))
#define TIMES (OPTION_BIT(OPTION_AT) | OPTION_BIT(OPTION_INVALIDITY))

const struct command commands[] = {
	{
		.name = "serve",
		.operands = "",
		.summary = "answer OCSP questions, in the foreground",
		.help = "Makes the proof that `stillgood check` prints, opens its listeners and "
			"serves "
			"until SIGTERM.\nRefuses to start where `stillgood check` says so.",
		.options = OPTION_BIT(OPTION_CONFIG),
	},
	{
		.name = "check",
		.operands = "",
		.summary = "find out what serve would do",
		.help = "Reads the configuration, proves every signer, tries ports, reads the "
			"database. Prints what\nis wrong, one line a finding with what serve does "
			"about it, or one line where all is well.\n--verbose prints the effective "
			"configuration (passwords masked) and what is well, too.\nExit status 1: "
			"something is refused, or an error.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_VERBOSE) | JSON,
		.run = command_check,
	},
	{
		.name = "status",
		.operands = "",
		.summary = "show how a running instance is",
		.help = "Asks through the control socket, twice within a second: rates and times "
			"are of "
			"what came between.\n--watch shows a page that updates, with rates over 1, "
			"10 and "
			"60 seconds; where the output is no\nterminal, one document after the "
			"other. "
			"Exit status 1: not running or not ready.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_SOCKET) |
			   OPTION_BIT(OPTION_WATCH) | OPTION_BIT(OPTION_VERBOSE) | JSON,
		.run = command_status,
	},
	{
		.name = "drain",
		.operands = "",
		.summary = "take a running instance out of its load balancer",
		.help = "From now on /readyz says 503 and every answer ends its connection; "
			"whoever "
			"asks is answered as\nbefore. --off takes it back.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_SOCKET) |
			   OPTION_BIT(OPTION_OFF) | JSON,
		.run = command_drain,
	},
	{
		.name = "reload",
		.operands = "",
		.summary = "make a running instance take its configuration anew",
		.help = "Reads the configuration and every file that it names, proves them beside "
			"the "
			"running instance, and\ntakes all of it over at once, or nothing: then it "
			"says "
			"why, and everything is as before. Requests are\nanswered all the time.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_SOCKET) | JSON,
		.run = command_reload,
	},
	{
		.name = "fetch",
		.operands = "[ISSUER]",
		.summary = "make a running instance fetch CRLs now",
		.help = "Those that it follows or watches, of one issuer or of all, without "
			"waiting for "
			"the next time; and\ntells what came of each. Exit status 1: not all of "
			"them could be fetched and taken.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_SOCKET) | JSON,
		.most = 1,
		.run = command_fetch,
	},
	{
		.name = "explain",
		.operands = "CERT | --issuer NAME --serial SERIAL",
		.summary = "say why a running instance answers what it answers",
		.help = "Asks through the control socket: the row, where it was found and what the "
			"database says of it now,\nevidence, history, policy, signer, and what is "
			"stored where. Changes nothing.\nExit status as of ask: 0 good, 3 "
			"revoked, 4 unknown, 5 another answer; 1: not running, or the\n"
			"certificate cannot be told.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_SOCKET) |
			   OPTION_BIT(OPTION_ISSUER) | OPTION_BIT(OPTION_SERIAL) | JSON,
		.most = 1,
		.run = command_explain,
	},
	{
		.name = "accept-history",
		.operands = "",
		.summary = "let what the database has lost be lost",
		.help = "A running instance keeps what it knows as revoked, also where the "
			"database has lost it (failover,\nrestored backup). This ends that: the "
			"database is right, and what it does not know as revoked\nmay be good "
			"again. Asks back.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_SOCKET) |
			   OPTION_BIT(OPTION_SHOW) | OPTION_BIT(OPTION_YES) | JSON,
		.run = command_accept_history,
	},
	{
		.name = "db init",
		.operands = "",
		.summary = "create the database schema and its roles",
		.help = "Needs a login that may create schemas and roles. The database itself must "
			"exist.\nA second run has nothing to do.",
		.options = DATABASE | JSON,
		.run = command_db_init,
	},
	{
		.name = "db upgrade",
		.operands = "",
		.summary = "bring the schema up to this version",
		.help = "Applies what is missing, in one transaction, and lists certificates that "
			"are "
			"recorded under serial\nnumbers that cannot be meant: negative ones, and "
			"text. --correct-serials sets them right.",
		.options = DATABASE | JSON | OPTION_BIT(OPTION_CORRECT_SERIALS),
		.run = command_db_upgrade,
	},
	{
		.name = "db heartbeat",
		.operands = "",
		.summary = "prove to standbys how current they are",
		.help = "Writes a time to the primary again and again, until SIGTERM. Responders "
			"that read from a\nstandby need it; those of a primary do not.",
		.options = DATABASE | OPTION_BIT(OPTION_EVERY),
		.run = command_db_heartbeat,
	},
	{
		.name = "db follow",
		.operands = "NAME",
		.summary = "follow the tables of another CA program",
		.help = "Brings what differs there, again and again, until SIGTERM. NAME is that "
			"of the adapter that\nwas run in the database: ejbca, step-ca. Nothing "
			"is proven that is newer than the last look.",
		.options = DATABASE | OPTION_BIT(OPTION_EVERY),
		.least = 1,
		.most = 1,
		.run = command_db_follow,
	},
	{
		.name = "issuer add",
		.operands = "CERT…",
		.summary = "register CA certificates",
		.help = "PEM (several in a file) or DER. The name is the subject's CN, else OU, "
			"else O. All are\nregistered or none. A renewed certificate, of the same "
			"subject and key, replaces the one that is\nregistered if it is valid for "
			"longer.",
		.options = DATABASE | JSON | OPTION_BIT(OPTION_NAME) |
			   OPTION_BIT(OPTION_NAME_FROM) | OPTION_BIT(OPTION_FORCE),
		.most = -1,
		.run = command_issuer_add,
	},
	{
		.name = "issuer list",
		.operands = "",
		.summary = "list registered CA certificates",
		.help = "With --hashes also what a CertID of each contains, for SHA-1, SHA-256, "
			"SHA-384, SHA-512.",
		.options = DATABASE | JSON | OPTION_BIT(OPTION_HASHES),
		.run = command_issuer_list,
	},
	{
		.name = "signer request",
		.operands = "",
		.summary = "make a signer's key and the request to certify it",
		.help = "Makes a key (a file that the service alone may read, or one that stays in "
			"a token) and prints\na request (PKCS #10, PEM) for a certificate that may "
			"sign for the issuer. Never replaces anything.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_ISSUER) |
			   OPTION_BIT(OPTION_KEY_AT) | OPTION_BIT(OPTION_ALGORITHM) |
			   OPTION_BIT(OPTION_SUBJECT) | OPTION_BIT(OPTION_PASSPHRASE_FILE) |
			   OPTION_BIT(OPTION_OUT) | JSON,
		.run = command_signer_request,
	},
	{
		.name = "signer check",
		.operands = "CERT",
		.summary = "prove a signer's certificate before it is installed",
		.help = "Against its CA, its key or request, the issuer's profile and the clock: "
			"what serve would refuse,\nand what is unwise. Exit status 1: it is "
			"refused.",
		.options = OPTION_BIT(OPTION_CONFIG) | OPTION_BIT(OPTION_ISSUER) |
			   OPTION_BIT(OPTION_CA) | OPTION_BIT(OPTION_KEY_AT) |
			   OPTION_BIT(OPTION_PASSPHRASE_FILE) | OPTION_BIT(OPTION_REQUEST) | JSON,
		.least = 1,
		.most = 1,
		.run = command_signer_check,
	},
	{
		.name = "presign",
		.operands = "",
		.summary = "sign answers beforehand, for who serves them without a key",
		.help = "Of every recorded certificate of the issuer, for each hash and each "
			"encoding of its name. --out\nis a folder for a web server: the names of "
			"its files are the paths of GET. What is there already\nand still true is "
			"kept, so that a run that was interrupted goes on. --sql is a script for "
			"psql, which records them\nfor responders (source = presigned). Exit "
			"status "
			"1: some could not be signed.",
		.options = DATABASE | JSON | OPTION_BIT(OPTION_ISSUER) | OPTION_BIT(OPTION_OUT) |
			   OPTION_BIT(OPTION_SQL) | OPTION_BIT(OPTION_HASH) |
			   OPTION_BIT(OPTION_VALIDITY) | OPTION_BIT(OPTION_UNTIL) |
			   OPTION_BIT(OPTION_JOBS),
		.run = command_presign,
	},
	{
		.name = "import certs",
		.operands = "PATH…",
		.summary = "record issued certificates from files and folders",
		.help = "PEM, base64, DER, PKCS#7, PKCS#12 without password; folders with all "
			"below them. Each\ncertificate's issuer is found by name and proven by "
			"signature. One that cannot be recorded is\nnamed, the others are "
			"recorded, and the exit status is 1; --strict records all or none.",
		.options = DATABASE | JSON | IMPORT | OPTION_BIT(OPTION_SKIP_UNKNOWN),
		.least = 1,
		.most = -1,
		.run = command_import_certs,
	},
	{
		.name = "import index",
		.operands = "FILE",
		.summary = "record the index.txt of an `openssl ca`",
		.help = "Valid, revoked, held and expired certificates of one issuer, which "
			"newcerts/ beside the file\nproves. Revocations and holds always go in, "
			"and none is ever taken back: contradictions are\nnamed, and the exit "
			"status is 1; --strict applies all lines or none.",
		.options = DATABASE | JSON | IMPORT | OPTION_BIT(OPTION_FORCE),
		.least = 1,
		.most = 1,
		.run = command_import_index,
	},
	{
		.name = "import crl",
		.operands = "PATH…|URL…",
		.summary = "record what certificate revocation lists say",
		.help = "Full and delta CRLs, DER or PEM, from files, folders and http. The issuer "
			"is found by name and\nproven by signature. Revocations and holds always "
			"go in; what came by a CRL and a newer one no\nlonger holds is released. "
			"What contradicts is named, and the exit status is 1.",
		.options = DATABASE | JSON | OPTION_BIT(OPTION_ISSUER) |
			   OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_STRICT) |
			   OPTION_BIT(OPTION_PROXY_AT),
		.least = 1,
		.most = -1,
		.run = command_import_crl,
	},
	{
		.name = "import answers",
		.operands = "PATH…",
		.summary = "record answers that were signed beforehand",
		.help = "Files and folders, such as presign writes. Each is proven: whose "
			"certificate, by whom it was\nsigned, its times. One that is less strict "
			"than the database is not taken. Whoever serves them\n(source = presigned) "
			"proves them again. Exit status 1: some were not taken, and are named.",
		.options = DATABASE | JSON | OPTION_BIT(OPTION_ISSUER) |
			   OPTION_BIT(OPTION_DRY_RUN) | OPTION_BIT(OPTION_STRICT),
		.least = 1,
		.most = -1,
		.run = command_import_answers,
	},
	{
		.name = "diff",
		.operands = "--crl PATH|URL",
		.summary = "compare a published CRL with the database",
		.help = "Certificates that are revoked in one of them only, with another status, "
			"reason or date, and\nwhether the CRL has lapsed or is older than one that "
			"was imported. What expired, or was revoked\nafter the CRL, need not be on "
			"it. Changes nothing. Exit status 1: they differ.",
		.options = DATABASE | JSON | OPTION_BIT(OPTION_ISSUER) | OPTION_BIT(OPTION_CRL) |
			   OPTION_BIT(OPTION_PROXY_AT),
		.run = command_diff,
	},
	{
		.name = "revoke",
		.operands =
			"CERT… | --issuer NAME --serial SERIAL | --issuer NAME --all|--recorded",
		.summary = "revoke certificates, or all of an issuer, for ever",
		.help = "Responders answer `revoked` as soon as this has returned. All of a call "
			"are "
			"revoked or none. Given\nagain, it corrects reason or date. --all is for a "
			"compromised or closed CA: it revokes the issuer, and with\nit what will "
			"be "
			"recorded later. --recorded revokes each certificate that is recorded, so "
			"many "
			"at a\ntime, and goes on where it was interrupted. Both ask back.",
		.options = DATABASE | JSON | TARGET | EVENT | TIMES | OPTION_BIT(OPTION_ALL) |
			   OPTION_BIT(OPTION_RECORDED) | OPTION_BIT(OPTION_YES) |
			   OPTION_BIT(OPTION_REASON),
		.most = -1,
		.run = command_revoke,
	},
	{
		.name = "hold",
		.operands = "CERT… | --issuer NAME --serial SERIAL",
		.summary = "revoke certificates until they are released",
		.help = "The answer is `revoked` with reason certificateHold. All of a call are "
			"held "
			"or none.",
		.options = DATABASE | JSON | TARGET | EVENT | TIMES,
		.most = -1,
		.run = command_hold,
	},
	{
		.name = "release",
		.operands = "CERT… | --issuer NAME --serial SERIAL",
		.summary = "end holds: the certificates are good again",
		.help = "Only a certificate on hold can be released. All of a call are released or "
			"none.",
		.options = DATABASE | JSON | TARGET | EVENT,
		.most = -1,
		.run = command_release,
	},
	{
		.name = "ask",
		.operands = "CERT… | --serial SERIAL --issuer CA",
		.summary = "ask a responder and prove its answer",
		.help = "All certificates, of one CA, go into one request; CERT may be - for "
			"standard "
			"input. Unless told\notherwise POST sends a nonce and judges an answer "
			"without it by its times.\n"
			"Exit status, of the worst: 0 good, 3 revoked, 4 unknown, 5 no authentic "
			"answer; 1 a file is\nnot readable.",
		.options = JSON | OPTION_BIT(OPTION_ISSUER) | OPTION_BIT(OPTION_SERIAL) |
			   OPTION_BIT(OPTION_URL) | OPTION_BIT(OPTION_METHOD) |
			   OPTION_BIT(OPTION_NONCE) | OPTION_BIT(OPTION_NO_NONCE) |
			   OPTION_BIT(OPTION_HASH) | OPTION_BIT(OPTION_TIMEOUT) |
			   OPTION_BIT(OPTION_SKEW) | OPTION_BIT(OPTION_RESPOUT) |
			   OPTION_BIT(OPTION_REQOUT) | OPTION_BIT(OPTION_PROMETHEUS) |
			   OPTION_BIT(OPTION_VERBOSE),
		.most = LIMIT_CERTIDS,
		.run = command_ask,
	},
};
const size_t command_count = array_size(commands);
