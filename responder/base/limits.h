/* Every cap on what a client, a peer or a file can make this program use, each with its reason.
 * Configuration may lower some of them (conf/), never raise them. */
#pragma once

/* ---- the OCSP request ---- */

/* P-19: nothing legitimate comes near; ten CertIDs with SHA-512 hashes are under 2 kB. */
#define LIMIT_REQUEST_BODY 10000u
#define LIMIT_GET_PATH 8192u
/* P-11: more CertIDs than any client known to us sends in one request. */
#define LIMIT_CERTIDS 10u
/* P-6: 20 octets by RFC 5280; CAs have issued up to 30; above this it is no serial number. */
#define LIMIT_SERIAL 64u
/* A CertID with SHA-512 hashes and the longest serial, rounded up. */
#define LIMIT_CERTID 256u
/* P-16: RFC 9654, section 2.1. */
#define LIMIT_NONCE 128u
/* P-14: duplicates are found by comparing with all before; 32 keeps that cheap. */
#define LIMIT_EXTENSIONS 32u
/* P-15: certificates embedded in a signed request; a chain has three or four. */
#define LIMIT_REQUEST_CHAIN 8u
/* P-15: RSA keys of those who sign requests and of CAs above them, in octets of the modulus: from
 * 2048 bits, the security level's least, to 4096, the largest in use. Whoever asks chooses this key, and
 * verifying costs its size's square. */
#define LIMIT_REQUESTOR_RSA_LEAST 256u
#define LIMIT_REQUESTOR_RSA 512u
/* Octets of its public exponent: verifying costs its length. 65537 has three, and FIPS 186-5 allows more
 * only so that nobody depends on one value. */
#define LIMIT_REQUESTOR_EXPONENT 4u
/* Signed requests that wait for the verifier, over all fronts: a second's work for it at most. */
#define LIMIT_VERIFICATIONS 64u
/* Requestors on one issuer's list. */
#define LIMIT_ALLOWED 4096u
/* P-17: preferences beyond this are not looked at. */
#define LIMIT_PREFERRED_ALGORITHMS 8u
/* An OBJECT IDENTIFIER of a signature algorithm with its header; those in use have 5 to 13 octets. */
#define LIMIT_OID 32u
/* LIMIT_PREFERRED_ALGORITHMS of them, one after the other, as they travel between rooms. */
#define LIMIT_PREFERENCES 256u

/* Certificates in an answer that bear the ResponderID's name and are tried by `ask`: two while a
 * signer is renewed. */
#define LIMIT_ANSWER_SIGNERS 8u

/* ---- HTTP ---- */

/* Request line with the longest GET path, plus headers of ordinary clients and proxies. */
#define LIMIT_HTTP_HEAD 16384u
/* Header lines in one head; browsers send about 20. */
#define LIMIT_HTTP_HEADERS 64u
/* Chunk-size lines and extensions: hostile clients send one octet a chunk. */
#define LIMIT_HTTP_CHUNK_LINE 64u
/* Trailers of a chunked body, which mean nothing to us: room for a proxy's, no more. */
#define LIMIT_HTTP_TRAILERS 1024u
/* Pipelined requests of one connection answered in one turn: they share a write, and then it is the
 * other connections' turn. */
#define LIMIT_HTTP_PIPELINE 16u
/* Octets after which no further pipelined request is answered in one turn: what a client that does
 * not read makes us keep is this and one answer. */
#define LIMIT_HTTP_TURN_BYTES 32768u
/* After our last octet: how long, and for how many octets, we read and discard, so that the client
 * gets the answer before the connection is torn down. */
#define LIMIT_HTTP_LINGER_MS 2000u
#define LIMIT_HTTP_LINGER_BYTES (1u << 20)
/* When we stop: how long an idle connection may still bring a request that is on its way, and how long the
 * listening sockets are still looked at for connections that the kernel has half made. */
#define LIMIT_HTTP_LAST_CALL_MS 500u
/* The same of a connection that has not brought any yet. */
#define LIMIT_HTTP_FIRST_CALL_MS 2000u
/* The PROXY header of a listed proxy: 107 octets of version 1; version 2's addresses with what load
 * balancers add (a name, identifiers, the client's TLS data). */
#define LIMIT_PROXY_HEADER 2048u
/* If-None-Match fields of one request whose tags are looked at; beyond it the whole answer is sent. No
 * cache sends more than one, and proxies may join none. */
#define LIMIT_HTTP_TAG_FIELDS 4u
/* If-None-Match of a request that waits is remembered up to this: ten of our tags. Beyond it the
 * whole answer is sent, which is always allowed. */
#define LIMIT_HTTP_CONDITION 1024u
/* Connections accepted in one turn, before those that are open get theirs. */
#define LIMIT_ACCEPTS 64u
/* Seconds for which a cache serves what is said because there is no row (P-23): a flood for a serial
 * that was never issued costs one signature a second, and a certificate issued just now is answered
 * rightly within a second. */
#define LIMIT_UNASSIGNED_AGE 1

/* ---- the OCSP response ---- */

/* P-30, P-31: whole answers stay under 10,240 octets with an RSA-4096 signer and its certificate, so
 * what a database may add to one is bounded. A CRL's address: the longest in use have about 150. */
#define LIMIT_CRL_URL 512u
/* RFC 5280, section 5.2.3. */
#define LIMIT_CRL_NUMBER 20u
/* A SignedCertificateTimestampList: an SCT has about 120 octets, and browsers want two to five. */
#define LIMIT_SCT_LIST 2048u
/* P-26: certificates of the chain in each answer, besides the signer's. */
#define LIMIT_CHAIN 4u

/* ---- the rooms ---- */

/* P-31 asks for answers under 10,240 octets; several CertIDs and a chain may need more. */
#define LIMIT_RESPONSE 65536u
/* One frame on a channel: a response with its fields, or a batch of purges. */
#define LIMIT_FRAME 131072u
/* Bytes queued towards a peer that does not read; past it the peer counts as hung. */
#define LIMIT_CHANNEL_QUEUE (64u << 20)
/* Conditions that last, of one room: more than a person looks through; the last place says so. */
#define LIMIT_ALARMS 256u
/* What is said of one: a line with the path of a file and a reason. */
#define LIMIT_ALARM_TEXT 512u
/* A readiness reason: what fits on a line of a status page. */
#define LIMIT_READINESS_REASON 1024u
/* Questions a front may have open towards the ledger; above it tryLater at once. */
#define LIMIT_FLIGHTS 20000u
/* Of these, questions whose answers nobody else can use: a flood of nonces leaves the others room. */
#define LIMIT_FLIGHTS_ALONE 15000u
/* Connections that may wait for one flight. */
#define LIMIT_WAITERS 100000u
/* Questions the ledger works on at a time, over all fronts. */
#define LIMIT_JOBS 50000u
/* Rows of one lookup batch: larger ones gain nothing (doc/performance.md). */
#define LIMIT_LOOKUP_BATCH 256u
/* Batches in flight, each on a connection of its own: one is enough where rows are in memory. Where they are
 * not, a database reads those of one batch one after the other. */
#define LIMIT_LOOKUP_BATCHES 4u
/* Stored answers of one batch: each may have LIMIT_RESPONSE octets, and proving one costs a tenth of a millisecond. */
#define LIMIT_STORED_BATCH 32u
/* Seconds after which a stored answer is looked at again, though its issuer has told of no change. */
#define LIMIT_STORED_AGE 600
/* Their end is warned of when this part of their life is left: a quarter. */
#define LIMIT_STORED_WARNING 4
/* How long a row that was found good is remembered without another lookup, while the feed tells of no
 * change: what it does not tell (the end of a certificate, recorded later) counts after that. */
#define LIMIT_KNOWN_AGE_US (INT64_C(3600) * 1000000)
/* Jobs given to one signer ahead of its answers: enough to keep it busy, few to redo. */
#define LIMIT_SIGNER_DEPTH 32u
/* Purges of single certificates in one turn; above it one purge of everything costs less. */
#define LIMIT_PURGES 131072u
/* Certificates whose rows could not be understood of which the ledger knows since when; above it the latest
 * counts for all. */
#define LIMIT_DOUBTS 256u
/* Times a job is decided anew because its certificate changed meanwhile. */
#define LIMIT_FENCE_RETRIES 8u

/* ---- the control socket ---- */

/* Operators and monitors that ask at the same time. */
#define LIMIT_CONTROL_CLIENTS 16u
/* A command: `explain` with the longest name of an issuer and the longest serial number. */
#define LIMIT_CONTROL_LINE 512u
/* An explanation takes this long at most, half of it for the database and half for the fronts: less than a
 * client of the control socket waits. */
#define LIMIT_EXPLAIN_US (INT64_C(4) * 1000000)
/* `explain`s at work at a time. */
#define LIMIT_EXPLANATIONS 8u
/* Stored answers of one certificate that a front tells of: four CertID hashes. */
#define LIMIT_EXPLAINED 4u

/* ---- the access log ---- */

/* Lines that wait to be written, of each front: a few thousand. Beyond it they are dropped and counted. */
#define LIMIT_ACCESS_LOG (1u << 20)
/* So much is written at once and not a turn later. */
#define LIMIT_ACCESS_PIECE (1u << 16)

/* ---- the admin listener ---- */

/* Connections at a time: monitors and a few people. One more takes the place of the oldest. */
#define LIMIT_ADMIN_CONNECTIONS 64u
/* From the first octet to the last, whatever it does. */
#define LIMIT_ADMIN_SECONDS 10
/* What the warden tells of all rooms: each at most one control message. */
#define LIMIT_ADMIN_DOCUMENT (8u << 20)

/* ---- the installation ---- */

#define LIMIT_ISSUERS 1024u
#define LIMIT_ISSUER_NAME 200u
/* P-7: encodings of an issuer's subject besides its own, as the database allows: a CA changes its
 * encoding once or twice in its life, and an octet string says the same in few ways. */
#define LIMIT_ISSUER_ENCODINGS 16u
/* A Name in DER: the longest in use have about 500 octets. */
#define LIMIT_NAME 4096u
/* P-37: the signer in use, the next one, and the same for two more algorithms; and one to spare. */
#define LIMIT_ISSUER_SIGNERS 8u
/* P-17: signature algorithms among which clients may choose, over all issuers. */
#define LIMIT_ALGORITHMS 16u
#define LIMIT_FRONTS 64u
#define LIMIT_SIGNERS 64u
#define LIMIT_LISTENERS 16u
/* admin_hosts: the names of one machine. */
#define LIMIT_ADMIN_HOSTS 16u
/* Addresses of one issuer's CRLs: a full one and a delta, a second place of each, parts. */
#define LIMIT_CRL_URLS 8u
/* CRLs that are in memory at a time, on their way to whoever records them: fetch_size each. A server that is slow
 * holds one of these places until fetch_timeout. */
#define LIMIT_FETCHES 8u
/* Redirects on the way to one CRL: to https and to a CDN. */
#define LIMIT_REDIRECTS 3u
/* A validator (ETag, Last-Modified) that is kept; without one the CRL comes again. */
#define LIMIT_VALIDATOR 200u
/* What a process that records a CRL says of it: a line. */
#define LIMIT_OUTCOME 400u
#define LIMIT_CACHES 16u /* HTTP caches that are told: each holds up to 1.3 MiB */
/* trusted_proxies: load balancers and the networks of a CDN. */
#define LIMIT_NETWORKS 64u
/* The configuration file. */
#define LIMIT_CONF_FILE (1u << 20)
#define LIMIT_CONF_LINE 4096u
/* Files that a configuration includes: one for each issuer. LIMIT_CONF_FILE counts all of them. */
#define LIMIT_CONF_INCLUDES 1024u
/* A certificate or key file. */
#define LIMIT_PEM_FILE (4u << 20)
