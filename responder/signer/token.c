#include "signer/token.h"

#include "base/clock.h"
#include "signer/token_keeper.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ---- states ---- */

void token_key_down(struct token_key *key, enum pkcs11_trouble trouble, const char *text)
{
	key->state = TOKEN_DOWN;
	key->trouble = trouble;
	(void)snprintf(key->text, sizeof(key->text), "%s", text);
}

void token_down(struct token *token, enum pkcs11_trouble trouble, const char *text)
{
	token->asked = 0;
	for (unsigned i = 0; i < token->count; i++)
		token_key_down(&token->keys[i], trouble, text);
}

/* ---- slow ones ---- */

/* As many ahead as keep the way to it full. */
#define AHEAD_MOST 8u

bool token_has_room(const struct token *token, int64_t patience_us)
{
	return token->asked < AHEAD_MOST && token->asked * token->took_us <= 2 * patience_us;
}

bool token_look(struct token *token, int64_t patience_us, int64_t mono_us)
{
	char text[64];
	if (token->asked == 0 || mono_us < token->silent_since_us + patience_us)
		return false;
	token->late = token->asked;
	(void)snprintf(text, sizeof(text), "the token has not answered for %d ms",
		       (int)((mono_us - token->silent_since_us) / MILLISECOND_US));
	token_down(token, PKCS11_AWAY, text);
	return true;
}

/* What nobody awaits any more has come: it is back. */
static void take_late(struct token *token)
{
	if (--token->late > 0)
		return;
	for (unsigned i = 0; i < token->count; i++)
		if (token->keys[i].readied > 0)
			token->keys[i].state = TOKEN_UP;
}

static void take_signed(struct token *token, const struct token_message *m, int64_t mono_us,
			token_signed *done, void *context)
{
	token->took_us = mono_us - token->silent_since_us;
	token->silent_since_us = mono_us;
	if (token->late > 0) {
		take_late(token);
		return;
	}
	token->asked -= token->asked > 0;
	done(context, token, m->id, m->bytes);
}

/* ---- what a worker says ---- */

static void take_ready(struct token_key *key, const struct token_message *m)
{
	buffer_reset(&key->algorithm);
	buffer_reset(&key->trial);
	buffer_put_view(&key->algorithm, m->algorithm);
	buffer_put_view(&key->trial, m->bytes);
	if (buffer_result(&key->algorithm) < 0 || buffer_result(&key->trial) < 0)
		return;
	key->state = TOKEN_UP;
	key->readied++;
}

static void take_trouble(struct token *token, const struct token_message *m)
{
	char text[LIMIT_ALARM_TEXT];
	token->late = 0;
	(void)snprintf(text, sizeof(text), "%.*s", (int)m->bytes.size, (const char *)m->bytes.data);
	if (m->key == TOKEN_ALL_KEYS)
		token_down(token, m->trouble, text);
	else
		token_key_down(&token->keys[m->key], m->trouble, text);
}

/* It keeps the reason that its worker gave. */
static void take_gone(struct token *token)
{
	token->asked = token->late = 0;
	for (unsigned i = 0; i < token->count; i++)
		if (token->keys[i].state != TOKEN_DOWN)
			token_key_down(&token->keys[i], PKCS11_AWAY,
				       "the process that speaks to the token has ended");
}

static void take(struct token *token, const struct token_message *m, int64_t mono_us,
		 token_signed *done, void *context)
{
	switch (m->type) {
	case TOKEN_READY:
		take_ready(&token->keys[m->key], m);
		break;
	case TOKEN_SIGNED:
		take_signed(token, m, mono_us, done, context);
		break;
	case TOKEN_TROUBLE:
		take_trouble(token, m);
		break;
	default:
		take_gone(token);
	}
}

static bool fits(const struct token *token, const struct token_message *m)
{
	bool of_all = m->type != TOKEN_READY && m->key == TOKEN_ALL_KEYS;
	return m->type != TOKEN_SIGN && (m->key < token->count || of_all);
}

static void give_up(struct token *token, const char *text)
{
	close(token->fd); /* which ends worker and keeper */
	token->fd = -1;
	token_down(token, PKCS11_HOPELESS, text);
}

void token_receive(struct token *token, int64_t mono_us, token_signed *done, void *context)
{
	struct token_message m;
	while (token->fd >= 0) {
		ssize_t size = recv(token->fd, token->packet, sizeof(token->packet), MSG_DONTWAIT);
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size <= 0) {
			give_up(token, "the process that keeps the token's has ended");
			return;
		}
		if (token_message_read(view_of(token->packet, (size_t)size), &m) < 0 ||
		    !fits(token, &m)) {
			give_up(token, "the process that speaks to the token says what it may not");
			return;
		}
		take(token, &m, mono_us, done, context);
	}
}

static bool tell(struct token *token, const struct token_message *m)
{
	cleanup(buffer_deinit) struct buffer packet = {0};
	token_message_write(&packet, m);
	return token->fd >= 0 && buffer_result(&packet) == 0 &&
	       send(token->fd, packet.data, packet.size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		       (ssize_t)packet.size;
}

void token_restart(struct token *token, const char *text)
{
	const struct token_message gone = {.type = TOKEN_GONE, .key = TOKEN_ALL_KEYS};
	token_down(token, PKCS11_AWAY, text);
	if (!tell(token, &gone))
		give_up(token, text);
}

bool token_ask(struct token *token, unsigned key, uint64_t id, struct view message, int64_t mono_us)
{
	const struct token_message m = {
		.type = TOKEN_SIGN, .id = id, .key = (uint8_t)key, .bytes = message};
	if (!tell(token, &m)) {
		token_down(token, PKCS11_AWAY,
			   "the process that speaks to the token takes no work");
		return false;
	}
	if (token->asked++ == 0)
		token->silent_since_us = mono_us;
	return true;
}

/* ---- the set ---- */

/* Less than the ledger waits for a sign of life before it counts its signer as hung. */
struct tokens tokens_of(const struct conf_server *server)
{
	return (struct tokens){.server = server,
			       .module = server->pkcs11_module,
			       .patience_us = server->answer_timeout_us / 2 * 9 / 10};
}

static bool is_token(const struct conf_signer *signer)
{
	return strncmp(signer->key, CONF_PKCS11, strlen(CONF_PKCS11)) == 0;
}

static bool is_key(const struct token_key *key, const struct conf_signer *signer)
{
	const char *source = signer->key_passphrase_file;
	return strcmp(key->name, signer->key) == 0 && key->choice == signer->signature &&
	       (key->passphrase ? source && strcmp(key->passphrase, source) == 0 : !source);
}

struct token *tokens_find(const struct tokens *tokens, const struct conf_signer *signer,
			  unsigned *ret_key)
{
	for (unsigned i = 0; i < tokens->count; i++)
		for (unsigned k = 0; k < tokens->all[i]->count; k++)
			if (is_key(&tokens->all[i]->keys[k], signer)) {
				*ret_key = k;
				return tokens->all[i];
			}
	return NULL;
}

static struct token *add_token(struct tokens *tokens)
{
	struct token **all = reallocarray(tokens->all, tokens->count + 1, sizeof(struct token *));
	struct token *token = all ? calloc(1, sizeof(*token)) : NULL;
	if (all)
		tokens->all = all;
	if (!token)
		return NULL;
	token->fd = -1;
	all[tokens->count++] = token;
	return token;
}

/* The one that this key's is, as far as it has room. */
static struct token *token_of(struct tokens *tokens, const struct pkcs11_address *address)
{
	for (unsigned i = 0; i < tokens->count; i++)
		if (tokens->all[i]->count < TOKEN_ALL_KEYS &&
		    pkcs11_address_same_token(&tokens->all[i]->keys[0].address, address))
			return tokens->all[i];
	return add_token(tokens);
}

static void key_deinit(struct token_key *key)
{
	pkcs11_address_deinit(&key->address);
	free(key->name);
	free(key->passphrase);
	buffer_deinit(&key->algorithm);
	buffer_deinit(&key->trial);
}

/* Takes the key over, on failure too. */
static int add_key(struct tokens *tokens, struct token_key *key)
{
	struct token *token = key->name ? token_of(tokens, &key->address) : NULL;
	struct token_key *keys =
		token ? reallocarray(token->keys, token->count + 1, sizeof(*keys)) : NULL;
	if (!keys) {
		key_deinit(key);
		return -ENOMEM;
	}
	token->keys = keys;
	keys[token->count++] = *key;
	return 0;
}

int tokens_add(struct tokens *tokens, const struct conf_signer *signer, struct fault *fault)
{
	unsigned index;
	if (!is_token(signer) || tokens_find(tokens, signer, &index))
		return 0;
	struct token_key key = {.choice = signer->signature, .text = "it is being opened"};
	int result = pkcs11_address_parse(signer->key, signer->key_passphrase_file, tokens->module,
					  &key.address, fault);
	if (result < 0)
		return result;
	key.name = strdup(signer->key);
	if (signer->key_passphrase_file)
		key.passphrase = strdup(signer->key_passphrase_file);
	result = add_key(tokens, &key);
	return result < 0 ? fault_set(fault, result, "%s: out of memory", signer->name) : 0;
}

int tokens_start(struct tokens *tokens, struct fault *fault)
{
	for (unsigned i = 0; i < tokens->count; i++) {
		struct token *token = tokens->all[i];
		int result = token_keeper_start(tokens->server, token->keys, token->count,
						tokens->patience_us, &token->fd, &token->keeper);
		if (result < 0)
			return fault_set(fault, result, "%s: its process cannot be started: %s",
					 token->keys[0].address.token, strerror(-result));
	}
	return 0;
}

static void ignore_signed(void *context, struct token *token, uint64_t id, struct view signature)
{
	(void)context;
	(void)token;
	(void)id;
	(void)signature;
}

static bool opening(const struct token *token)
{
	for (unsigned i = 0; i < token->count; i++)
		if (token->keys[i].state == TOKEN_OPENING)
			return true;
	return false;
}

void tokens_wait(struct tokens *tokens, int64_t patience_us)
{
	int64_t end_us = clock_now().mono_us + patience_us;
	for (unsigned i = 0; i < tokens->count; i++) {
		struct token *token = tokens->all[i];
		int64_t now_us = clock_now().mono_us;
		while (token->fd >= 0 && opening(token) && now_us < end_us) {
			struct pollfd ready = {.fd = token->fd, .events = POLLIN};
			(void)poll(&ready, 1, (int)((end_us - now_us) / MILLISECOND_US) + 1);
			now_us = clock_now().mono_us;
			token_receive(token, now_us, ignore_signed, NULL);
		}
	}
}

/* Of a signer they end with it. */
static void token_free(struct token *token, bool lasting)
{
	if (token->fd >= 0)
		close(token->fd);
	if (token->keeper > 0 && !lasting) {
		(void)kill(token->keeper, SIGKILL); /* and its worker with it */
		(void)waitpid(token->keeper, NULL, 0);
	}
	for (unsigned i = 0; i < token->count; i++)
		key_deinit(&token->keys[i]);
	free(token->keys);
	free(token);
}

void tokens_deinit(struct tokens *tokens)
{
	for (unsigned i = 0; i < tokens->count; i++)
		token_free(tokens->all[i], tokens->lasting);
	free(tokens->all);
	tokens->all = NULL;
	tokens->count = 0;
}
