/* The access log: one line for an answer that has left, where [server] access_log wants one.
 *
 *   request=… client=192.0.2.0/24 method=GET serial=01AB status=good this_update=… signer="…" cause=hit
 *   http=200 us=12 octets=1800
 *
 * Lines are gathered in memory and written a turn later, as much as whoever reads them takes: what it does
 * not take is kept up to LIMIT_ACCESS_LOG octets, and lines beyond that are dropped and counted. No answer
 * ever waits for its line. No octet of a line is a client's: numbers, our own words, and the signer's name,
 * escaped. */
#pragma once

#include "base/ip.h"
#include "conf/conf.h"
#include "front/answers.h"
#include "http/head.h"

struct access;

struct access_counts {
	uint64_t lines, dropped;
};

/* What a question is remembered by until its answer leaves; only of those that get a line. */
struct access_note {
	uint64_t request;
	enum http_method method;
	struct ip_address client;
	uint8_t serial_size; /* 0: none could be read */
	uint8_t serial[LIMIT_SERIAL];
	int64_t since_us; /* monotonic */
};

/* What became of it. */
struct access_end {
	const struct answer *answer;
	bool not_modified; /* 304 */
	size_t octets; /* of the whole reply */
};

/* 0 or -ENOMEM. */
must_check int access_new(struct access **ret);
void access_free(struct access *access);
DEFINE_CLEANUP(struct access, access_free)
/* Lines go there from now on, instead of to standard error. Takes it over; -1: standard error again. */
void access_set_file(struct access *access, int fd);

/* Does the request of this number get a line? */
static inline bool access_wants(const struct conf_server *conf, uint64_t number)
{
	return conf->access_log != 0 && number % conf->access_log == 0;
}
void access_note(struct access_note *note, const struct ocsp_request *question, uint64_t number,
		 enum http_method method, const struct ip_address *client,
		 const struct moment *now);
/* Adds the line. */
void access_add(struct access *access, const struct conf_server *conf,
		const struct access_note *note, const struct access_end *end);
/* Writes what is taken without waiting. */
void access_flush(struct access *access);
struct access_counts access_counts(const struct access *access);

/* Who signed this OCSPResponse: the key's hash in hexadecimal, or the last attribute of the name, which is
 * mostly its common name. False: it is no response that this program makes. */
bool access_signer(struct view response, struct buffer *out);
