#include "signer/token_worker.h"

#include "base/clock.h"
#include "signer/certfile.h"
#include "signer/pkcs11_key.h"
#include "signer/scheme.h"
#include "signer/token_messages.h"
#include "signer/token_sandbox.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

/* How often it is looked whether the token is still there, and whether a missing key has come. */
#define LOOK_MS 2000

struct worker {
	const struct token_key *keys;
	unsigned count;
	int socket;
	int64_t patience_us;
	struct pkcs11_module *module;
	struct scheme *schemes[TOKEN_ALL_KEYS]; /* NULL: not ready */
	uint8_t packet[TOKEN_PACKET];
};

/* ---- saying ---- */

static void say(const struct worker *w, const struct token_message *m)
{
	cleanup(buffer_deinit) struct buffer packet = {0};
	token_message_write(&packet, m);
	if (buffer_result(&packet) < 0 || send(w->socket, packet.data, packet.size, 0) < 0)
		_exit(0); /* nobody listens any more */
}

static void say_trouble(const struct worker *w, unsigned key, enum pkcs11_trouble trouble,
			const char *text)
{
	const struct token_message m = {.type = TOKEN_TROUBLE,
					.key = (uint8_t)key,
					.trouble = (uint8_t)trouble,
					.bytes = view_of_string(text)};
	say(w, &m);
}

static void say_ready(const struct worker *w, unsigned key)
{
	const struct token_message m = {.type = TOKEN_READY,
					.key = (uint8_t)key,
					.bytes = scheme_trial(w->schemes[key]),
					.algorithm = scheme_algorithm(w->schemes[key])};
	say(w, &m);
}

/* A module that does not come back, wherever it waits, ends this process; the next one begins afresh. */
static void watch(int64_t us)
{
	const struct itimerval timer = {
		.it_value = {.tv_sec = us / SECOND_US, .tv_usec = us % SECOND_US}};
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---- opening ---- */

static int open_key(struct worker *w, unsigned index, enum pkcs11_trouble *trouble,
		    struct fault *fault)
{
	const struct token_key *key = &w->keys[index];
	struct pkcs11_key opened = {0};
	const char *reason = "";
	unsigned count = 0;
	*trouble = PKCS11_AWAY;
	int result = pkcs11_module_count(w->module, &key->address, &count, fault);
	if (result < 0)
		return result;
	*trouble = PKCS11_HOPELESS;
	if (count != 1)
		return fault_set(fault, -ENOENT, "%s: %s", key->address.text,
				 count ? "it means more than one key; say more of the one"
				       : "there is no such private key in the token");
	result = pkcs11_key_open(&key->address, pkcs11_module_pin(w->module), &opened, fault);
	if (result < 0)
		return result;
	result = scheme_new_elsewhere(opened.library, opened.pkey, key->choice, &w->schemes[index],
				      &reason);
	return result < 0 ? fault_set(fault, result, "%s: this key cannot sign (%s)",
				      key->address.text, reason)
			  : 0;
}

static void open_keys(struct worker *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		enum pkcs11_trouble trouble;
		struct fault fault = {""};
		if (w->schemes[i])
			continue;
		if (open_key(w, i, &trouble, &fault) == 0)
			say_ready(w, i);
		else
			say_trouble(w, i, trouble, fault.text);
	}
}

/* ---- serving ---- */

static bool sign(struct worker *w, const struct token_message *work)
{
	struct token_message m = {.type = TOKEN_SIGNED, .id = work->id};
	struct scheme *scheme = work->key < w->count ? w->schemes[work->key] : NULL;
	int result = scheme ? scheme_sign(scheme, work->bytes, &m.bytes) : -ENOENT;
	if (result < 0) {
		struct fault fault;
		m.bytes = (struct view){0};
		(void)fault_set(&fault, 0, "the token does not sign (%s)", openssl_reason());
		say_trouble(w, TOKEN_ALL_KEYS, PKCS11_AWAY, fault.text);
	}
	say(w, &m);
	return result == 0;
}

static bool look(struct worker *w)
{
	if (pkcs11_module_alive(w->module)) {
		open_keys(w);
		return true;
	}
	say_trouble(w, TOKEN_ALL_KEYS, PKCS11_AWAY,
		    "the token was removed, or its session has ended");
	return false;
}

/* One message, or a look at the token where none comes. False: it is over. */
static bool serve_once(struct worker *w)
{
	struct pollfd ready = {.fd = w->socket, .events = POLLIN};
	struct token_message work;
	int count = poll(&ready, 1, LOOK_MS);
	watch(3 * w->patience_us);
	bool good = count >= 0 || errno == EINTR;
	if (count == 0) {
		good = look(w);
	} else if (count > 0) {
		ssize_t size = recv(w->socket, w->packet, sizeof(w->packet), 0);
		good = size > 0 &&
		       token_message_read(view_of(w->packet, (size_t)size), &work) == 0 &&
		       work.type == TOKEN_SIGN && sign(w, &work);
	}
	watch(0);
	return good;
}

int token_worker_run(const struct conf_server *server, const struct token_key *keys, unsigned count,
		     int socket, int64_t patience_us)
{
	static struct worker w; /* a child that only this is for */
	enum pkcs11_trouble trouble = PKCS11_AWAY;
	struct fault fault = {""};
	w = (struct worker){
		.keys = keys, .count = count, .socket = socket, .patience_us = patience_us};
	watch(3 * patience_us + 30 * SECOND_US);
	if (token_sandbox_enter(server, keys, count, &fault) < 0) {
		say_trouble(&w, TOKEN_ALL_KEYS, PKCS11_HOPELESS, fault.text);
		return 1;
	}
	if (pkcs11_module_open(&keys[0].address, &w.module, &trouble, &fault) < 0) {
		say_trouble(&w, TOKEN_ALL_KEYS, trouble, fault.text);
		return trouble == PKCS11_PIN ? TOKEN_WORKER_FOR_GOOD : 1;
	}
	open_keys(&w);
	watch(0);
	while (serve_once(&w))
		;
	return 1;
}
