/* The scenario language: one statement a line, a table of its first words. */
#include "script.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/timetext.h"
#include "ipc/messages.h"
#include "world.h"

#include <errno.h>
#include <strings.h>

#define WORDS 24

struct script {
	const char *path;
	unsigned line;
	bool failed;
	struct world world;
	struct question *last;
	unsigned count; /* words of this line */
	char *words[WORDS];
};

static bool printf_like(2, 3) fail(struct script *s, const char *format, ...)
{
	va_list arguments;
	if (s->failed)
		return false;
	s->failed = true;
	(void)fprintf(stderr, "%s:%u: ", s->path, s->line);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	return false;
}

/* ---- words ---- */

static const char *word(const struct script *s, unsigned index)
{
	return index < s->count ? s->words[index] : "";
}

static bool is(const struct script *s, unsigned index, const char *text)
{
	return strcmp(word(s, index), text) == 0;
}

/* Takes "KEYWORD value" out of the line; the value, or NULL. */
static const char *take_pair(struct script *s, const char *keyword)
{
	for (unsigned i = 1; i + 1 < s->count; i++) {
		if (!is(s, i, keyword))
			continue;
		const char *value = s->words[i + 1];
		for (unsigned j = i; j + 2 < s->count; j++)
			s->words[j] = s->words[j + 2];
		s->count -= 2;
		return value;
	}
	return NULL;
}

static bool take_flag(struct script *s, const char *keyword)
{
	for (unsigned i = 1; i < s->count; i++) {
		if (!is(s, i, keyword))
			continue;
		for (unsigned j = i; j + 1 < s->count; j++)
			s->words[j] = s->words[j + 1];
		s->count--;
		return true;
	}
	return false;
}

static unsigned number(struct script *s, const char *text, unsigned most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (end == text || *end || value > most)
		(void)fail(s, "\"%s\" is no number up to %u", text, most);
	return value > most ? 0 : (unsigned)value;
}

static int64_t duration(struct script *s, const char *text)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {
		{"ms", 1000}, {"s", SECOND_US}, {"m", 60 * SECOND_US}, {"h", 3600 * SECOND_US}};
	char *end;
	long long value = strtoll(text, &end, 10);
	for (size_t i = 0; i < array_size(units); i++)
		if (end != text && strcmp(end, units[i].unit) == 0)
			return value * units[i].us;
	(void)fail(s, "\"%s\" is no duration (250ms, 3s, 5m, 8h)", text);
	return 0;
}

static unsigned issuer_named(struct script *s, const char *name, size_t size)
{
	for (unsigned i = 0; i < s->world.issuer_count; i++)
		if (strlen(s->world.issuers[i].name) == size &&
		    memcmp(s->world.issuers[i].name, name, size) == 0)
			return i;
	(void)fail(s, "no issuer \"%.*s\"", (int)size, name);
	return 0;
}

/* "42" of the first issuer, "B/42" of issuer B; the digits are hexadecimal. */
static void certificate_named(struct script *s, const char *text, unsigned *issuer,
			      struct serial *serial)
{
	const char *slash = strchr(text, '/');
	uint8_t octets[LIMIT_SERIAL];
	size_t size = 0;
	*issuer = slash ? issuer_named(s, text, (size_t)(slash - text)) : 0;
	*serial = (struct serial){.size = 1};
	if (hex_parse(view_of_string(slash ? slash + 1 : text), sizeof(octets), octets, &size) <
		    0 ||
	    serial_set(serial, view_of(octets, size)) < 0)
		(void)fail(s, "\"%s\" is no serial (hexadecimal, or ISSUER/SERIAL)", text);
}

static int transaction_named(struct script *s, const char *name)
{
	if (!name)
		return -1;
	if (name[0] == 't' && name[1] >= '0' && name[1] < '0' + WORLD_TRANSACTIONS && !name[2])
		return name[1] - '0';
	(void)fail(s, "\"%s\" is no transaction (t0 to t%d)", name, WORLD_TRANSACTIONS - 1);
	return -1;
}

/* ---- before the start ---- */

static bool do_issuer(struct script *s)
{
	bool registered = !take_flag(s, "UNREGISTERED"), configured = !take_flag(s, "UNCONFIGURED");
	if (s->world.started || s->world.issuer_count == WORLD_ISSUERS || s->count != 2)
		return fail(s, "ISSUER NAME [UNREGISTERED] [UNCONFIGURED], at the top");
	(void)world_add_issuer(&s->world, s->words[1], registered, configured);
	return true;
}

static bool do_fronts(struct script *s)
{
	s->world.front_count = number(s, word(s, 1), WORLD_FRONTS);
	return !s->world.started || fail(s, "FRONTS comes at the top");
}

static bool do_signers(struct script *s)
{
	s->world.signer_count = number(s, word(s, 1), WORLD_SIGNERS);
	return !s->world.started || fail(s, "SIGNERS comes at the top");
}

/* The place of the third word among these, which are separated by |; -1: none of them. */
static int choice(struct script *s, const char *words)
{
	size_t size = strlen(word(s, 2));
	for (int i = 0; words; i++) {
		if (strcspn(words, "|") == size && memcmp(words, word(s, 2), size) == 0)
			return i;
		words = strchr(words, '|');
		words = words ? words + 1 : NULL;
	}
	return -1;
}

/* SET of what is a word. False: it is not, or not one of its words. */
static bool set_word(struct script *s, struct conf *conf)
{
	struct conf_issuer *issuer = &conf->issuers[0];
	int value;
	if (is(s, 1, "unassigned") && (value = choice(s, "unknown|unauthorized|revoked")) >= 0)
		issuer->policy.unassigned = (enum unassigned_policy)value;
	else if (is(s, 1, "expired") && (value = choice(s, "answer|unauthorized")) >= 0)
		issuer->policy.expired = (enum expired_policy)value;
	else if (is(s, 1, "complete") && (value = choice(s, "no|yes")) >= 0)
		issuer->policy.complete = value != 0;
	else if (is(s, 1, "outlive") && (value = choice(s, "no|yes")) >= 0)
		issuer->outlive = value != 0;
	else if (is(s, 1, "final_answers") && (value = choice(s, "no|yes")) >= 0)
		issuer->final_answers = value != 0;
	else if (is(s, 1, "hold_releasable") && (value = choice(s, "no|yes")) >= 0)
		issuer->hold_releasable = value != 0;
	else if (is(s, 1, "profile") && (value = choice(s, "private|lightweight")) >= 0)
		issuer->profile = value ? PROFILE_LIGHTWEIGHT : PROFILE_PRIVATE;
	else if (is(s, 1, "cert_hash") && (value = choice(s, "no|yes")) >= 0)
		issuer->extensions[EXTENSION_CERT_HASH] = value != 0;
	else if (is(s, 1, "crl_id") && (value = choice(s, "no|yes")) >= 0)
		issuer->extensions[EXTENSION_CRL_ID] = value != 0;
	else if (is(s, 1, "sct_list") && (value = choice(s, "no|yes")) >= 0)
		issuer->extensions[EXTENSION_SCT_LIST] = value != 0;
	else if (is(s, 1, "source") && (value = choice(s, "signer|presigned")) >= 0)
		issuer->source = value ? SOURCE_PRESIGNED : SOURCE_SIGNER;
	else if (is(s, 1, "on_lost_history") && (value = choice(s, "continue|stop")) >= 0)
		conf->database.on_lost_history = (enum lost_history)value;
	else if (is(s, 1, "known") && (value = choice(s, "no|yes")) >= 0)
		conf->server.known_size = value ? 1u << 20 : 0;
	else if (is(s, 1, "unknown_issuer") && (value = choice(s, "unauthorized|unknown")) >= 0)
		conf->server.unknown_issuer = (enum unknown_issuer_policy)value;
	else
		return false;
	conf->server.default_issuer = issuer->name;
	return true;
}

static bool do_set(struct script *s)
{
	world_edit(&s->world);
	struct conf *conf = s->world.edited;
	if (s->world.issuer_count == 0)
		return fail(s, "SET comes after the ISSUERs, it is about the first");
	if (set_word(s, conf))
		return true;
	int64_t value = duration(s, word(s, 2));
	if (is(s, 1, "freshness"))
		conf->database.freshness_us = value;
	else if (is(s, 1, "poll_interval"))
		conf->database.poll_interval_us = value;
	else if (is(s, 1, "answer_timeout"))
		conf->server.answer_timeout_us = value;
	else if (is(s, 1, "max_age"))
		conf->server.max_age_us = value;
	else if (is(s, 1, "validity"))
		conf->issuers[0].validity_us = value;
	else if (is(s, 1, "backdate"))
		conf->issuers[0].backdate_us = value;
	else if (is(s, 1, "retired_after"))
		conf->issuers[0].retired_until = wall_seconds(s->world.now.wall_us + value);
	else
		return fail(s, "nothing called \"%s\" can be set", word(s, 1));
	return true;
}

/* ---- the database ---- */

static bool write_state(struct script *s, enum cert_status status, enum revocation_reason reason)
{
	const char *expires = take_pair(s, "EXPIRES");
	int transaction = transaction_named(s, take_pair(s, "IN"));
	unsigned issuer;
	struct serial serial;
	certificate_named(s, word(s, 1), &issuer, &serial);
	if (s->failed)
		return false;
	struct change *change =
		database_write(&s->world, issuer, &serial, status, reason, transaction);
	if (expires)
		change->record.not_after =
			wall_seconds(s->world.now.wall_us + duration(s, expires));
	return !s->failed;
}

static bool do_issue(struct script *s)
{
	return write_state(s, CERT_GOOD, REASON_NONE);
}

static bool do_revoke(struct script *s)
{
	enum revocation_reason reason = REASON_NONE;
	if (is(s, 1, "ISSUER")) {
		database_revoke_issuer(&s->world, issuer_named(s, word(s, 2), strlen(word(s, 2))));
		return !s->failed;
	}
	const char *name = take_pair(s, "REASON");
	if (name && reason_parse(view_of_string(name), &reason) < 0)
		return fail(s, "no reason \"%s\"", name);
	return write_state(s, CERT_REVOKED, reason);
}

static bool do_hold(struct script *s)
{
	return write_state(s, CERT_HELD, REASON_CERTIFICATE_HOLD);
}

static bool do_release(struct script *s)
{
	return write_state(s, CERT_GOOD, REASON_NONE);
}

static bool do_withdraw(struct script *s)
{
	return write_state(s, CERT_WITHDRAWN, REASON_NONE);
}

/* What a stored answer says, where the line says it. */
static bool said_by(struct script *s, const char *word, struct ocsp_cert_status *ret)
{
	static const struct {
		const char *word;
		enum ocsp_status status;
		enum revocation_reason reason;
	} words[] = {{"good", OCSP_GOOD, REASON_NONE},
		     {"revoked", OCSP_REVOKED, REASON_KEY_COMPROMISE},
		     {"held", OCSP_REVOKED, REASON_CERTIFICATE_HOLD},
		     {"unknown", OCSP_UNKNOWN, REASON_NONE}};
	for (size_t i = 0; i < array_size(words); i++) {
		bool revoked = words[i].status == OCSP_REVOKED;
		if (strcmp(word, words[i].word) != 0)
			continue;
		*ret = (struct ocsp_cert_status){
			.status = words[i].status,
			.revoked_at = revoked ? wall_seconds(s->world.now.wall_us) - 1 : TIME_NONE,
			.reason = words[i].reason,
			.invalidity_at = TIME_NONE,
		};
		return true;
	}
	return fail(s, "STORE says good, revoked, held or unknown");
}

/* STORE S [SAYS good|revoked|held|unknown] [AGO D] [LASTS D] [SHA256] [FORGED] */
static bool do_store(struct script *s)
{
	const char *says = take_pair(s, "SAYS"), *ago = take_pair(s, "AGO");
	const char *lasts = take_pair(s, "LASTS");
	struct stored_wish wish = {
		.hash = take_flag(s, "SHA256") ? OCSP_HASH_SHA256 : OCSP_HASH_SHA1,
		.forged = take_flag(s, "FORGED"),
		.ago_us = ago ? duration(s, ago) : 0,
		.life_us = lasts ? duration(s, lasts) : INT64_C(8) * 3600 * SECOND_US,
	};
	unsigned issuer;
	struct serial serial;
	certificate_named(s, word(s, 1), &issuer, &serial);
	if (s->failed || (says && !said_by(s, says, &wish.says)))
		return false;
	if (!says && !stored_says(&s->world, issuer, &serial, &wish.says))
		return fail(s, "there is no row of it: say what the answer SAYS");
	stored_import(&s->world, issuer, &serial, &wish);
	return true;
}

static bool do_stored(struct script *s)
{
	if (!is(s, 1, "HOLD") && !is(s, 1, "GO") && !is(s, 1, "LOST"))
		return fail(s, "STORED HOLD, STORED GO or STORED LOST");
	s->world.stored_held = is(s, 1, "HOLD");
	if (is(s, 1, "GO"))
		stored_go(&s->world);
	else if (is(s, 1, "LOST"))
		stored_fail(&s->world);
	return true;
}

static bool do_delete(struct script *s)
{
	unsigned issuer;
	struct serial serial;
	certificate_named(s, word(s, 1), &issuer, &serial);
	if (!s->failed)
		database_delete(&s->world, issuer, &serial);
	return !s->failed;
}

/* TOUCH, SPOIL, MEND */
static bool do_touch(struct script *s)
{
	if (!is(s, 1, "ISSUER"))
		return fail(s, "%s ISSUER NAME", word(s, 0));
	database_touch_issuer(&s->world, issuer_named(s, word(s, 2), strlen(word(s, 2))),
			      is(s, 0, "SPOIL"));
	return !s->failed;
}

/* CRL NAME LASTS DURATION [LISTS S…], CRL NAME WITHDRAWN */
static bool do_crl(struct script *s)
{
	unsigned issuer = issuer_named(s, word(s, 1), strlen(word(s, 1))), of;
	struct serial serial;
	bool lasts = is(s, 2, "LASTS");
	if (!lasts && !is(s, 2, "WITHDRAWN"))
		return fail(s, "CRL NAME LASTS DURATION [LISTS S…] or CRL NAME WITHDRAWN");
	for (unsigned i = 5; is(s, 4, "LISTS") && i < s->count; i++) {
		certificate_named(s, word(s, i), &of, &serial);
		if (!s->failed && of == issuer)
			(void)database_write(&s->world, issuer, &serial, CERT_REVOKED, REASON_NONE,
					     -1);
	}
	if (!s->failed)
		database_crl(&s->world, issuer, lasts ? duration(s, word(s, 3)) : 0);
	return !s->failed;
}

static bool do_journal(struct script *s)
{
	struct world *w = &s->world;
	struct buffer *file = &w->journal[w->journal_current];
	if (s->count == 1)
		return (w->journaled = !w->started) || fail(s, "JOURNAL comes at the top");
	if (!is(s, 1, "LOSES"))
		return fail(s, "JOURNAL LOSES OCTETS");
	file->size -= number(s, word(s, 2), (unsigned)file->size);
	return !s->failed;
}

static bool keep_spoiled(struct script *s, struct buffer *file)
{
	unsigned from_end = number(s, word(s, 2), (unsigned)file->size);
	if (!s->failed && from_end > 0)
		file->data[file->size - from_end] ^= 1;
	return !s->failed;
}

static bool do_kept(struct script *s)
{
	struct world *w = &s->world;
	struct buffer *file = &w->kept[w->kept_current];
	if (s->count == 1)
		return (w->keeps = !w->started) || fail(s, "KEPT comes at the top");
	if (is(s, 1, "LOSES"))
		file->size -= number(s, word(s, 2), (unsigned)file->size);
	else if (is(s, 1, "SPOILED"))
		return keep_spoiled(s, file);
	else if (is(s, 1, "SAVE") || is(s, 1, "RESTORE"))
		for (unsigned i = 0; i < 2; i++)
			world_copy(is(s, 1, "SAVE") ? &w->kept_saved[i] : &w->kept[i],
				   is(s, 1, "SAVE") ? &w->kept[i] : &w->kept_saved[i]);
	else
		return fail(s, "KEPT LOSES|SPOILED OCTETS, KEPT SAVE, KEPT RESTORE");
	return !s->failed;
}

static bool do_accept(struct script *s)
{
	if (!is(s, 1, "HISTORY"))
		return fail(s, "ACCEPT HISTORY");
	world_accept(&s->world);
	return true;
}

/* With all connections: the address leads elsewhere. */
static bool move_address(struct script *s, const unsigned *order)
{
	struct world *w = &s->world;
	bool up = w->database.up;
	if (up)
		database_down(w);
	if (order)
		database_rebuild(w, order);
	else
		database_restore(w);
	if (up)
		database_up(w);
	return true;
}

static bool do_failover(struct script *s)
{
	return move_address(s, NULL);
}

static bool do_rebuilt(struct script *s)
{
	unsigned order[WORLD_ISSUERS], count = s->count - 1;
	if (count != s->world.issuer_count)
		return fail(s, "REBUILT names every issuer");
	for (unsigned i = 0; i < WORLD_ISSUERS; i++)
		order[i] = i < count ? issuer_named(s, word(s, i + 1), strlen(word(s, i + 1))) : i;
	return !s->failed && move_address(s, order);
}

static bool do_restored(struct script *s)
{
	database_restore_in_place(&s->world);
	return true;
}

static bool do_end(struct script *s)
{
	int transaction = transaction_named(s, word(s, 1));
	if (!s->failed)
		database_end(&s->world, transaction, is(s, 0, "COMMIT"));
	return !s->failed;
}

static bool do_db(struct script *s)
{
	if (is(s, 1, "DOWN"))
		database_down(&s->world);
	else if (is(s, 1, "UP"))
		database_up(&s->world);
	else if (is(s, 1, "SAVE"))
		database_save(&s->world);
	else if (is(s, 1, "RESTORE"))
		database_restore(&s->world);
	else if (is(s, 1, "CLOCK"))
		database_clock(&s->world, duration(s, word(s, 2)));
	else
		return fail(s, "DB DOWN|UP|SAVE|RESTORE|CLOCK ±DURATION");
	return true;
}

static bool do_feed(struct script *s)
{
	if (s->count == 1)
		database_poll(&s->world);
	else if (is(s, 1, "BEGINS"))
		database_poll_begins(&s->world);
	else if (is(s, 1, "LATE") || is(s, 1, "ON"))
		s->world.feed_on = is(s, 1, "ON");
	else
		return fail(s, "FEED, FEED BEGINS, FEED LATE or FEED ON");
	return true;
}

static bool do_replay(struct script *s)
{
	if (is(s, 1, "BEHIND"))
		database_behind(&s->world);
	else if (!is(s, 1, "PAUSED") && !is(s, 1, "GOES"))
		return fail(s, "REPLAY PAUSED, BEHIND or GOES");
	else
		database_pause(&s->world, is(s, 1, "PAUSED"));
	return true;
}

static bool do_lookups(struct script *s)
{
	bool back = is(s, 2, "BACKWARDS");
	if (!is(s, 1, "HOLD") && !is(s, 1, "GO"))
		return fail(s, "LOOKUPS HOLD, LOOKUPS GO or LOOKUPS GO BACKWARDS");
	s->world.lookups_held = is(s, 1, "HOLD");
	if (!s->world.lookups_held)
		world_lookups_go(&s->world, back);
	return true;
}

/* ---- time, rooms ---- */

static bool do_time(struct script *s)
{
	if (!is(s, 1, "PASSES"))
		return fail(s, "TIME PASSES DURATION");
	int64_t value = duration(s, word(s, 2));
	world_time_passes(&s->world, value);
	return true;
}

static bool do_clock(struct script *s)
{
	if (!is(s, 1, "JUMPS"))
		return fail(s, "CLOCK JUMPS ±DURATION");
	world_clock_jumps(&s->world, duration(s, word(s, 2)));
	return true;
}

/* "rsa" … from word `first` on; "nothing": none. Their number. */
static unsigned algorithms_named(struct script *s, unsigned first, unsigned most,
				 struct world_algorithm *ret)
{
	unsigned count = 0;
	if (is(s, first, "nothing"))
		return 0;
	if (s->count - first > most)
		(void)fail(s, "more than %u algorithms", most);
	for (unsigned i = first; i < s->count && count < most; i++)
		ret[count++] = world_algorithm(s->words[i]);
	return count;
}

static bool do_offer(struct script *s)
{
	struct world_algorithm algorithms[LIMIT_ISSUER_SIGNERS];
	if (s->count < 3)
		return fail(s, "OFFER ISSUER nothing|ALGORITHM…");
	unsigned issuer = issuer_named(s, s->words[1], strlen(s->words[1]));
	unsigned count = algorithms_named(s, 2, LIMIT_ISSUER_SIGNERS, algorithms);
	if (!s->failed)
		world_signers_offer(&s->world, issuer, algorithms, count);
	return !s->failed;
}

/* For the next question. */
static bool do_prefer(struct script *s)
{
	s->world.prefer_count =
		algorithms_named(s, 1, LIMIT_PREFERRED_ALGORITHMS, s->world.prefers);
	return !s->failed;
}

/* Another key and certificate of this issuer: with the next RELOAD. */
static bool do_renew(struct script *s)
{
	unsigned issuer = issuer_named(s, word(s, 1), strlen(word(s, 1)));
	s->world.issuers[issuer].signers++;
	return !s->failed;
}

/* SECTION NAME REMOVED|ADDED|FIRST: in the file, for the next RELOAD. */
static bool do_section(struct script *s)
{
	struct world *w = &s->world;
	const char *name = word(s, 1);
	(void)issuer_named(s, name, strlen(name));
	world_edit(w);
	struct conf *conf = w->edited;
	const struct conf_issuer *found = conf_issuer_named(conf, name);
	struct conf_issuer section = found ? *found : conf->issuers[0];
	unsigned place = found ? (unsigned)(found - conf->issuers) : conf->issuer_count;
	if (s->failed || (is(s, 2, "ADDED") == (found != NULL)))
		return fail(s, "SECTION NAME REMOVED|ADDED|FIRST");
	section.name = w->issuers[issuer_named(s, name, strlen(name))].name;
	if (found) {
		conf->issuer_count--;
		memmove(&conf->issuers[place], &conf->issuers[place + 1],
			(conf->issuer_count - place) * sizeof(section));
	}
	if (is(s, 2, "REMOVED"))
		return true;
	unsigned to = is(s, 2, "FIRST") ? 0 : conf->issuer_count;
	memmove(&conf->issuers[to + 1], &conf->issuers[to],
		(conf->issuer_count - to) * sizeof(section));
	conf->issuers[to] = section;
	conf->issuer_count++;
	return true;
}

static bool do_reload(struct script *s)
{
	struct world *w = &s->world;
	if (w->prepared != (is(s, 1, "COUNTS") || is(s, 1, "FAILS")))
		return fail(s, "RELOAD, or RELOAD PREPARES and then RELOAD COUNTS or FAILS");
	if (!w->prepared)
		world_prepare(w);
	if (is(s, 1, "FAILS"))
		world_abandon(w);
	else if (!is(s, 1, "PREPARES"))
		world_commit(w);
	return true;
}

static bool signer_does(struct script *s, unsigned first, unsigned most);

/* A signer of the configuration before the last RELOAD, or of the one that it prepares. */
static bool do_other_signer(struct script *s)
{
	s->count--;
	memmove(s->words, s->words + 1, s->count * sizeof(s->words[0]));
	return signer_does(s, !s->world.half * WORLD_SIGNERS, s->world.signer_count);
}

static bool do_signer(struct script *s)
{
	return signer_does(s, s->world.half * WORLD_SIGNERS, s->world.signer_count);
}

static bool signer_does(struct script *s, unsigned first, unsigned most)
{
	bool named = s->count > 2;
	unsigned index = first + (named ? number(s, word(s, 1), most - 1) : 0);
	const char *what = word(s, named ? 2 : 1);
	struct fake_signer *signer = &s->world.signers[index];
	if (strcmp(what, "HOLDS") == 0)
		signer->holds = true;
	else if (strcmp(what, "SIGNS") == 0)
		world_signer_signs(&s->world, index);
	else if (strcmp(what, "LOST") == 0)
		world_signer_detach(&s->world, index);
	else if (strcmp(what, "BACK") == 0)
		world_signer_attach(&s->world, index);
	else if (strcmp(what, "FAILS") == 0)
		signer->result = OCSP_INTERNAL_ERROR;
	else if (strcmp(what, "LATER") == 0)
		signer->result = OCSP_TRY_LATER;
	else
		return fail(s, "SIGNER [N] HOLDS|SIGNS|LOST|BACK|FAILS|LATER");
	return true;
}

static bool do_ledger(struct script *s)
{
	if (!is(s, 1, "RESTARTS"))
		return fail(s, "LEDGER RESTARTS");
	world_restart_ledger(&s->world);
	return true;
}

static bool do_front(struct script *s)
{
	unsigned index = number(s, word(s, 1), s->world.front_count - 1);
	if (s->failed || !is(s, 2, "RESTARTS"))
		return fail(s, "FRONT N RESTARTS");
	world_restart_front(&s->world, index);
	return true;
}

/* ---- asking and expecting ---- */

static bool do_query(struct script *s)
{
	const char *label = take_pair(s, "AS");
	bool nonce = take_flag(s, "NONCE"), sha256 = take_flag(s, "SHA256");
	unsigned issuers[LIMIT_CERTIDS], count = s->count - 2;
	struct serial serials[LIMIT_CERTIDS];
	if (s->count < 3 || count > LIMIT_CERTIDS)
		return fail(s, "QUERY FRONT SERIAL… [NONCE] [SHA256] [AS LABEL]");
	unsigned front = number(s, s->words[1], s->world.front_count - 1);
	for (unsigned i = 0; i < count; i++)
		certificate_named(s, s->words[i + 2], &issuers[i], &serials[i]);
	if (s->failed)
		return false;
	s->last = world_ask(&s->world, front, count, issuers, serials,
			    sha256 ? OCSP_HASH_SHA256 : OCSP_HASH_SHA1, nonce);
	(void)snprintf(s->last->label, sizeof(s->last->label), "%s", label ? label : "");
	return true;
}

static struct question *question_named(struct script *s, const char *label)
{
	struct question *question;
	if (!label)
		return s->last;
	TAILQ_FOREACH(question, &s->world.questions, all)
		if (strcmp(question->label, label) == 0)
			return question;
	return NULL;
}

static const char *answer_name(const struct question *question, unsigned index)
{
	static const char *const statuses[] = {"good", "revoked", "unknown"};
	static const char *const results[] = {
		[OCSP_MALFORMED_REQUEST] = "malformedRequest",
		[OCSP_INTERNAL_ERROR] = "internalError",
		[OCSP_TRY_LATER] = "tryLater",
		[OCSP_SIG_REQUIRED] = "sigRequired",
		[OCSP_UNAUTHORIZED] = "unauthorized",
	};
	if (!question->answered)
		return "nothing";
	if (question->result != OCSP_SUCCESSFUL)
		return index == 0 ? results[question->result] : "";
	return index < question->status_count ? statuses[question->statuses[index].says.status]
					      : "";
}

static bool expect_answer(struct script *s, const struct question *question)
{
	for (unsigned i = 1; i < s->count || answer_name(question, i - 1)[0]; i++) {
		const char *actual = answer_name(question, i - 1);
		if (!is(s, i, actual))
			return fail(s, "expected \"%s\", the answer is \"%s\"", word(s, i), actual);
		if (!question->answered)
			break;
	}
	return true;
}

static bool expect_number(struct script *s, const char *what, uint64_t actual)
{
	uint64_t expected = number(s, word(s, 2), 1000000);
	return actual == expected ||
	       fail(s, "expected %llu %s, there were %llu", (unsigned long long)expected, what,
		    (unsigned long long)actual);
}

static bool expect_seconds(struct script *s, const char *what, int64_t actual)
{
	int64_t expected = duration(s, word(s, 2)) / SECOND_US;
	return actual == expected || fail(s, "expected %s of %llds, it is %llds", what,
					  (long long)expected, (long long)actual);
}

static bool expect_reason(struct script *s, const struct question *question)
{
	const char *name = reason_name(question->statuses[0].says.reason);
	return is(s, 2, name ? name : "none") ||
	       fail(s, "expected reason \"%s\", it is \"%s\"", word(s, 2), name ? name : "none");
}

static bool expect_algorithm(struct script *s, const struct question *question)
{
	struct world_algorithm expected = world_algorithm(word(s, 2));
	if (is(s, 2, "default"))
		return question->algorithm.size == 0 || fail(s, "an algorithm was asked for");
	return view_equal(view_of(expected.oid, expected.size),
			  view_of(question->algorithm.oid, question->algorithm.size)) ||
	       fail(s, "expected a signature with \"%s\"", word(s, 2));
}

/* EXPECT WITH certHash CrlID SCTs: exactly these beside the first status; EXPECT WITH nothing. */
static bool expect_facts(struct script *s, const struct question *question)
{
	const struct cert_facts *facts = &question->statuses[0].facts;
	char actual[64];
	(void)snprintf(actual, sizeof(actual), "%s%s%s",
		       facts->certificate_hash.size ? "certHash " : "",
		       facts_extensions(facts) & EXTENSION_BIT(EXTENSION_CRL_ID) ? "CrlID " : "",
		       facts->sct_list.size ? "SCTs " : "");
	char expected[64] = "";
	for (unsigned i = 2; i < s->count && !is(s, i, "nothing"); i++)
		(void)snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
			       "%s ", word(s, i));
	return strcmp(actual, expected) == 0 ||
	       fail(s, "expected \"%s\", the answer is with \"%s\"", expected, actual);
}

/* Of an issuer, or of the whole instance. */
static const char *not_ready(struct script *s, const char *name)
{
	const struct answers *answers = s->world.fronts[0].answers;
	const char *reason = answers_not_ready(answers, &s->world.now);
	const struct conf_issuer *section = conf_issuer_named(s->world.conf, name);
	if (reason || !*name)
		return reason;
	if (!section)
		return "not configured";
	return answers_issuer_not_ready(answers, (unsigned)(section - s->world.conf->issuers));
}

static bool expect_ready(struct script *s, bool expected)
{
	const char *reason = not_ready(s, word(s, expected ? 2 : 3));
	return expected == !reason || fail(s, "front 0 is%s ready%s%s", reason ? " not" : "",
					   reason ? ": " : "", reason ? reason : "");
}

static bool expect_of_question(struct script *s, const struct question *q)
{
	if (!q)
		return fail(s, "nothing was asked");
	if (is(s, 1, "REASON"))
		return expect_reason(s, q);
	if (is(s, 1, "ALGORITHM"))
		return expect_algorithm(s, q);
	if (is(s, 1, "WITH"))
		return expect_facts(s, q);
	if (is(s, 1, "STRANGER"))
		return q->unknown_issuer || fail(s, "it was not answered as of an unknown issuer");
	if (is(s, 1, "LIFE"))
		return expect_seconds(s, "a life", q->next_update - q->this_update + 1);
	if (is(s, 1, "AGE"))
		return expect_seconds(s, "an age",
				      wall_seconds(s->world.now.wall_us) - q->this_update);
	if (is(s, 1, "STORED"))
		return q->stored || fail(s, "it was not answered as it is stored");
	if (is(s, 1, "FINAL"))
		return q->next_update == TIME_MOST || fail(s, "it ends");
	if (is(s, 1, "HIT") || is(s, 1, "MISS"))
		return is(s, 1, "HIT") == q->hit || fail(s, "it was a %s", q->hit ? "hit" : "miss");
	return expect_answer(s, q);
}

static bool do_expect(struct script *s)
{
	static const struct {
		const char *word, *counter;
	} counters[] = {{"LOOKUPS", "lookups"}, {"BATCHES", "batches"},   {"FENCES", "fences"},
			{"REVOKED", "revoked"}, {"JOINED", "joined"},     {"OPEN", "open"},
			{"LOST", "lost"},       {"REUSED", "kept_reused"}};
	const struct question *question = question_named(s, take_pair(s, "OF"));
	for (size_t i = 0; i < array_size(counters); i++)
		if (is(s, 1, counters[i].word))
			return expect_number(s, counters[i].counter,
					     world_count(&s->world, counters[i].counter));
	if (is(s, 1, "SIGNATURES"))
		return expect_number(s, "signatures", s->world.signatures);
	if (is(s, 1, "ALARMS"))
		return expect_number(s, "alarms", s->world.alarms);
	if (is(s, 1, "HUNG"))
		return expect_number(s, "hung signers", s->world.hung);
	if (is(s, 1, "READY") || is(s, 1, "NOT"))
		return expect_ready(s, is(s, 1, "READY"));
	return expect_of_question(s, question);
}

/* ---- lines ---- */

static const struct {
	const char *word;
	bool (*run)(struct script *s);
	bool setup; /* comes before the rooms start */
} statements[] = {
	{"ISSUER", do_issuer, true},       {"FRONTS", do_fronts, true},
	{"SIGNERS", do_signers, true},     {"SET", do_set, true},
	{"ISSUE", do_issue, false},        {"REVOKE", do_revoke, false},
	{"HOLD", do_hold, false},          {"RELEASE", do_release, false},
	{"WITHDRAW", do_withdraw, false},  {"COMMIT", do_end, false},
	{"ROLLBACK", do_end, false},       {"DB", do_db, false},
	{"FEED", do_feed, false},          {"LOOKUPS", do_lookups, false},
	{"TIME", do_time, false},          {"CLOCK", do_clock, false},
	{"SIGNER", do_signer, false},      {"LEDGER", do_ledger, false},
	{"FRONT", do_front, false},        {"OFFER", do_offer, false},
	{"PREFER", do_prefer, false},      {"QUERY", do_query, false},
	{"REPLAY", do_replay, false},      {"EXPECT", do_expect, false},
	{"DELETE", do_delete, false},      {"TOUCH", do_touch, false},
	{"FAILOVER", do_failover, false},  {"REBUILT", do_rebuilt, false},
	{"RESTORED", do_restored, false},  {"SPOIL", do_touch, false},
	{"MEND", do_touch, false},         {"JOURNAL", do_journal, true},
	{"ACCEPT", do_accept, false},      {"RELOAD", do_reload, false},
	{"RENEW", do_renew, false},        {"SECTION", do_section, false},
	{"OTHER", do_other_signer, false}, {"STORE", do_store, false},
	{"STORED", do_stored, false},      {"CRL", do_crl, false},
	{"KEPT", do_kept, true},
};

static bool statement_run(struct script *s)
{
	for (size_t i = 0; i < array_size(statements); i++) {
		if (!is(s, 0, statements[i].word))
			continue;
		if (!statements[i].setup || is(s, 1, "LOSES") || (is(s, 0, "KEPT") && s->count > 1))
			world_start(&s->world);
		bool passed = statements[i].run(s);
		if (passed && s->world.started)
			world_settle(&s->world);
		if (s->world.broken[0])
			return fail(s, "%s", s->world.broken);
		return passed && !s->failed;
	}
	return fail(s, "no statement begins with \"%s\"", s->words[0]);
}

static bool line_run(struct script *s, char *line)
{
	char *rest = NULL;
	char *comment = strchr(line, '#');
	if (comment)
		*comment = '\0';
	s->count = 0;
	for (char *w = strtok_r(line, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
		if (s->count == WORDS)
			return fail(s, "too many words");
		s->words[s->count++] = w;
	}
	return s->count == 0 || statement_run(s);
}

static bool lines_run(struct script *s, char *text)
{
	char *rest = NULL;
	for (char *line = text; line; line = rest) {
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		s->line++;
		if (!line_run(s, line))
			return false;
	}
	return true;
}

int script_run(const char *path)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	struct fault fault;
	if (file_read(path, 1u << 20, &text, &fault) < 0) {
		(void)fprintf(stderr, "%s\n", fault.text);
		return 1;
	}
	buffer_put_u8(&text, 0);
	struct script *s = calloc(1, sizeof(*s));
	if (!s || world_init(&s->world) < 0 || buffer_result(&text) < 0)
		abort();
	s->path = path;
	bool passed = lines_run(s, (char *)text.data);
	world_deinit(&s->world);
	free(s);
	return passed ? 0 : 1;
}
