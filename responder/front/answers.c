#include "front/answers.h"

#include "front/preferences.h"
#include "front/recent.h"

/* A hit past refresh_at asks again at most this often: a ledger that answers tryLater, or not at
 * all, is not asked once for each hit. */
#define REFRESH_RETRY_SECONDS 5

/* The concatenation of all CertIDs, and of the preferences that matter. */
#define KEY_MOST ((size_t)LIMIT_CERTIDS * LIMIT_CERTID + LIMIT_PREFERENCES)

struct answers {
	struct answers_settings settings;
	const struct answers_ops *ops;
	void *context;
	struct stored_layout layout;
	struct cache *cache;
	struct flights *flights;
	int64_t serve_until_us; /* of the last tick, monotonic */
	int64_t live_until_us; /* of the same */
	bool connected;
	bool former; /* what is stored came from a ledger before this one */
	bool ready;
	char reason[LIMIT_READINESS_REASON +
		    1]; /* where not ready; else what is wrong all the same */
	size_t issuer_count; /* that the ledger has told of */
	uint8_t issuers[LIMIT_ISSUERS]; /* enum issuer_readiness */
	struct answers_counts counts;
	struct tally tally;
	struct preferences preferences;
	struct recent recent;
	uint8_t key[KEY_MOST];
	uint8_t preferred[LIMIT_PREFERENCES];
};

int answers_new(const struct answers_settings *settings, const struct answers_ops *ops,
		void *context, struct answers **ret)
{
	cleanup(answers_freep) struct answers *answers = calloc(1, sizeof(*answers));
	if (!answers)
		return -ENOMEM;
	answers->settings = *settings;
	answers->ops = ops;
	answers->context = context;
	answers->serve_until_us = INT64_MIN;
	stored_layout_init(&answers->layout, settings->max_age_us, settings->cache_tag);
	int result = cache_new(settings->cache_bytes, &answers->cache);
	if (result < 0)
		return result;
	result = flights_new(settings->answer_timeout_us, &answers->flights);
	if (result < 0)
		return result;
	*ret = answers;
	answers = NULL;
	return 0;
}

void answers_free(struct answers *answers)
{
	if (!answers)
		return;
	flights_free(answers->flights);
	cache_free(answers->cache);
	tally_deinit(&answers->tally);
	free(answers);
}

/* The heads that are stored with the answers were laid out for max_age, and have the field or not. */
void answers_configure(struct answers *answers, const struct answers_settings *settings)
{
	if (settings->max_age_us != answers->settings.max_age_us ||
	    settings->cache_tag != answers->settings.cache_tag) {
		answers->counts.purged += cache_purge_all(answers->cache);
		stored_layout_init(&answers->layout, settings->max_age_us, settings->cache_tag);
	}
	cache_resize(answers->cache, settings->cache_bytes);
	flights_set_timeout(answers->flights, settings->answer_timeout_us);
	answers->settings = *settings;
}

/* ---- what may leave ---- */

static struct answer answer_error(enum ocsp_result result, enum tally_cause cause)
{
	return (struct answer){
		.result = result, .cause = cause, .der = ocsp_error_response(result)};
}

static struct answer answer_stale(struct answers *answers)
{
	answers->counts.stale++;
	return answer_error(OCSP_TRY_LATER, TALLY_ERROR);
}

static struct answer answer_shed(struct answers *answers)
{
	answers->counts.shed++;
	return answer_error(OCSP_TRY_LATER, TALLY_SHED);
}

/* What is not from memory. */
static void count(struct answers *answers, const struct answer *answer,
		  const struct answer_label *label)
{
	if (answer->result == OCSP_TRY_LATER)
		answers->counts.try_later++;
	if (label && answer->result == OCSP_SUCCESSFUL)
		tally_successful(&answers->tally, label, TALLY_LIVE);
	else
		tally_error(&answers->tally, answer->result, answer->cause);
}

static void deliver(struct answers *answers, struct flight_waiter *waiter,
		    const struct answer *answer, const struct answer_label *label,
		    const struct moment *now)
{
	count(answers, answer, label);
	histogram_add(&answers->counts.waits, now->mono_us - waiter->since_us);
	answers->ops->deliver(answers->context, waiter, answer);
}

/* The ledger proves what it is asked, though nothing vouches for what is stored (ledger/proving.h). */
static bool ledger_proves(const struct answers *answers, const struct moment *now)
{
	return answers->connected && now->mono_us < answers->live_until_us;
}

static bool evidence_is_fresh(const struct answers *answers, const struct moment *now)
{
	return now->mono_us < answers->serve_until_us;
}

/* Revoked on record stays true however old the evidence is; good, unknown and "never issued" do not
 * (I-3, P-23). */
static bool needs_evidence(const struct answer_label *label)
{
	return !(label->traits & ANSWER_STICKY);
}

/* ---- questions to the ledger ---- */

/* A raw nonce may be refused by the issuer, which only the ledger knows. */
static bool ignores_nonce(const struct answers *answers, const struct ocsp_request *request)
{
	return request->raw_nonce ? answers->settings.ignore_raw_nonce
				  : answers->settings.ignore_nonce;
}

static struct message_query question_of(struct answers *answers, const struct ocsp_request *request,
					uint64_t number)
{
	struct message_query question = {.request = number, .certid_count = request->certid_count};
	if (request->has_nonce && !ignores_nonce(answers, request)) {
		question.nonce = request->nonce;
		question.raw_nonce = request->raw_nonce;
	}
	for (unsigned i = 0; i < request->certid_count; i++)
		question.certids[i] = request->certids[i].der;
	if (request->preferred_count > 0)
		question.preferred =
			preferences_of(&answers->preferences, request, answers->preferred);
	if (request->is_signed && answers->settings.verify_signatures)
		question.signed_request = request->der;
	return question;
}

static bool put_key(struct answers *answers, size_t *size, struct view part)
{
	if (part.size > KEY_MOST - *size)
		return false;
	if (part.size)
		memcpy(answers->key + *size, part.data, part.size);
	*size += part.size;
	return true;
}

/* A single CertID is its own key; several are copied together, and what is preferred (P-17) after
 * them: an OBJECT IDENTIFIER begins like no CertID, so no two questions have one key. */
static struct view key_of(struct answers *answers, const struct message_query *question)
{
	if (question->certid_count == 1 && question->preferred.size == 0)
		return question->certids[0];
	size_t size = 0;
	for (unsigned i = 0; i < question->certid_count; i++)
		if (!put_key(answers, &size, question->certids[i]))
			return (struct view){0};
	if (!put_key(answers, &size, question->preferred))
		return (struct view){0};
	return view_of(answers->key, size);
}

static void send_flight(void *context, struct flight *flight)
{
	struct answers *answers = context;
	if (!answers->connected)
		return;
	const struct message_query question = flight_question(flight);
	if (!answers->ops->query(answers->context, &question))
		answers->connected = false;
}

static struct flight *open_flight(struct answers *answers, const struct message_query *question,
				  bool shared, const struct moment *now)
{
	struct flight *flight = flights_open(answers->flights, question, shared, now->mono_us);
	if (flight)
		send_flight(answers, flight);
	return flight;
}

/* The stored answer goes on being served meanwhile, and if the flight fails. */
static void refresh(struct answers *answers, struct cache_entry *entry,
		    const struct message_query *question, struct view key, const struct moment *now)
{
	struct message_query renewal = *question;
	renewal.refresh = true;
	if (!answers->connected || flights_find(answers->flights, key))
		return;
	if (!open_flight(answers, &renewal, true, now))
		return;
	answers->counts.refreshes++;
	cache_entry_set_refresh_at(entry, wall_seconds(now->wall_us) + REFRESH_RETRY_SECONDS);
}

/* What costs a signature, of a client that may cause one. */
static struct flight *ask_ledger(struct answers *answers, const struct message_query *question,
				 bool shared, const struct moment *now)
{
	if (answers->ops->affords && !answers->ops->affords(answers->context, now)) {
		answers->counts.unaffordable++;
		return NULL;
	}
	return open_flight(answers, question, shared, now);
}

/* The ledger hears that somebody waits for it now. */
static void hurry(struct answers *answers, struct flight *flight)
{
	if (flight_hurry(flight))
		send_flight(answers, flight);
}

static int wait_for_flight(struct answers *answers, const struct message_query *question,
			   struct view key, struct flight_waiter *waiter, const struct moment *now,
			   struct answer *ret)
{
	bool shared =
		question->nonce.size == 0 && question->signed_request.size == 0 && key.size > 0;
	struct flight *flight = shared ? flights_find(answers->flights, key) : NULL;
	answers->counts.misses++;
	if (flight)
		hurry(answers, flight);
	else
		flight = ask_ledger(answers, question, shared, now);
	if (!flight || !flights_wait(answers->flights, flight, waiter, now->mono_us)) {
		*ret = answer_shed(answers);
		return 0;
	}
	return ANSWERS_WAITING;
}

static struct answer answer_hit(struct answers *answers, struct cache_entry *entry,
				const struct answer_label *label,
				const struct message_query *question, struct view key,
				const struct moment *now)
{
	tally_successful(&answers->tally, label, TALLY_HIT);
	if (wall_seconds(now->wall_us) >= label->refresh_at)
		refresh(answers, entry, question, key, now);
	return (struct answer){.der = stored_der(entry), .entry = entry};
}

/* The stored answer, if the question may have one and it is not over. */
static struct cache_entry *find_stored(struct answers *answers,
				       const struct message_query *question, struct view key,
				       const struct moment *now, struct answer_label *ret_label)
{
	if ((question->nonce.size | question->signed_request.size) > 0 ||
	    question->certid_count != 1)
		return NULL;
	struct cache_entry *entry = cache_get(answers->cache, key);
	if (!entry)
		return NULL;
	*ret_label = cache_entry_label(entry);
	return stored_is_over(&answers->layout, ret_label, now) ? NULL : entry;
}

int answers_ask(struct answers *answers, const struct ocsp_request *request,
		struct flight_waiter *waiter, const struct moment *now, struct answer *ret)
{
	struct message_query question = question_of(answers, request, waiter->request);
	struct view key = key_of(answers, &question);
	struct answer_label label;
	struct cache_entry *entry = find_stored(answers, &question, key, now, &label);
	int result = 0;
	bool stale = entry && needs_evidence(&label) && !evidence_is_fresh(answers, now);
	if (stale && !ledger_proves(answers, now))
		*ret = answer_stale(answers);
	else if (entry && !stale)
		*ret = answer_hit(answers, entry, &label, &question, key, now);
	else
		result = wait_for_flight(answers, &question, key, waiter, now, ret);
	if (result == 0 && ret->result != OCSP_SUCCESSFUL)
		count(answers, ret, NULL);
	return result;
}

const struct stored_layout *answers_layout(const struct answers *answers)
{
	return &answers->layout;
}

void answers_leave(struct answers *answers, struct flight_waiter *waiter)
{
	flights_leave(answers->flights, waiter);
}

/* ---- from the ledger ---- */

static bool would_be_said(const struct answers *answers, const struct answer_label *label,
			  const struct moment *now)
{
	return !stored_is_over(&answers->layout, label, now) &&
	       (!needs_evidence(label) || evidence_is_fresh(answers, now));
}

void answers_explain(const struct answers *answers, const struct message_explain *m,
		     const struct moment *now, struct message_explained *ret)
{
	const struct cache_entry *entry = NULL;
	*ret = (struct message_explained){.id = m->id};
	while (ret->count < LIMIT_EXPLAINED &&
	       (entry = cache_next_of(answers->cache, m->tag, entry))) {
		struct answer_label label = cache_entry_label(entry);
		bool served = would_be_said(answers, &label, now);
		label.traits &= ANSWER_TRAITS;
		label.tag = 0;
		label.issuer = 0;
		ret->entries[ret->count++] =
			(struct explained_entry){.label = label, .served = served};
	}
}

/* The first sign that the new ledger knows the present: what came before it goes. */
static void leave_former(struct answers *answers)
{
	if (!answers->former)
		return;
	answers->former = false;
	tally_take_over(&answers->tally);
	answers->counts.purged += cache_purge_all(answers->cache);
	answers->serve_until_us = INT64_MIN;
	answers->live_until_us = INT64_MIN;
}

/* NULL where the answer may not be shared or could not be stored. */
static struct cache_entry *store(struct answers *answers, const struct flight *flight,
				 const struct message_answer *m, const struct moment *now)
{
	if (!m->cacheable || !flight_is_shared(flight) || flight_certids(flight) != 1)
		return NULL;
	struct cache_entry *entry = NULL;
	struct message_answer dated = *m;
	if (!(m->label.traits & ANSWER_UNCHANGED) &&
	    recent_is_near(&answers->recent, m->label.tag, m->label.produced_at))
		dated.label.traits |= STORED_UNDATED;
	if (stored_put(answers->cache, &answers->layout, flight_key(flight), &dated, now, &entry) <
	    0)
		return NULL;
	return entry;
}

/* To those who waited for it. That it may be overtaken in the next moment is no reason: it was asked
 * for before. */
static bool may_leave(const struct answers *answers, const struct message_answer *m,
		      const struct moment *now)
{
	int64_t second = wall_seconds(now->wall_us);
	if (second >= m->label.next_update || second < m->label.this_update)
		return false;
	return !needs_evidence(&m->label) || evidence_is_fresh(answers, now) ||
	       now->mono_us < m->leave_until_mono_us;
}

/* tryLater and internalError are nobody's answer. */
static enum tally_cause cause_of(enum ocsp_result result)
{
	return result == OCSP_TRY_LATER || result == OCSP_INTERNAL_ERROR ? TALLY_ERROR : TALLY_LIVE;
}

static struct answer answer_of(struct answers *answers, const struct flight *flight,
			       const struct message_answer *m, const struct moment *now)
{
	if (m->result != OCSP_SUCCESSFUL)
		return answer_error(m->result, cause_of(m->result));
	leave_former(answers);
	struct cache_entry *entry = store(answers, flight, m, now);
	if (!may_leave(answers, m, now))
		return answer_stale(answers);
	return (struct answer){
		.cause = TALLY_LIVE,
		.der = entry ? stored_der(entry) : m->der,
		.entry = entry,
		.passing = entry ? NULL : m,
	};
}

/* What the ledger refuses now is not answered from memory either; its tryLater and internalError
 * say nothing about the certificate, nor does what it thinks of a signature (P-15) or of a nonce
 * (P-16), which is what malformed means there. */
static void forget_refused(struct answers *answers, const struct flight *flight,
			   enum ocsp_result result)
{
	if (result != OCSP_UNAUTHORIZED || flight_is_signed(flight))
		return;
	struct cache_entry *entry = cache_get(answers->cache, flight_key(flight));
	if (entry)
		cache_remove(answers->cache, entry);
}

void answers_answer(struct answers *answers, const struct message_answer *m,
		    const struct moment *now)
{
	cleanup(flight_freep) struct flight *flight = flights_take(answers->flights, m->id);
	if (!flight)
		return; /* its waiters were told tryLater long ago */
	forget_refused(answers, flight, m->result);
	struct answer answer = answer_of(answers, flight, m, now);
	struct flight_waiter *waiter;
	while ((waiter = flights_next_waiter(answers->flights, flight)))
		deliver(answers, waiter, &answer, &m->label, now);
}

/* A new ledger begins by purging everything, which says of no certificate that it has changed. */
void answers_purge(struct answers *answers, const struct message_purge *m, const struct moment *now)
{
	size_t removed = 0;
	if (!answers->former)
		recent_note(&answers->recent, m, wall_seconds(now->wall_us));
	switch (m->scope) {
	case PURGE_TAG:
		removed = cache_purge_tag(answers->cache, m->tag);
		break;
	case PURGE_ISSUER:
		removed = cache_purge_issuer(answers->cache, m->issuer);
		break;
	case PURGE_ALL:
		removed = cache_purge_all(answers->cache);
		break;
	}
	answers->counts.purged += removed;
}

void answers_tick(struct answers *answers, const struct message_tick *m)
{
	leave_former(answers);
	answers->serve_until_us = m->serve_until_mono_us;
	answers->live_until_us = m->live_until_mono_us;
}

void answers_readiness(struct answers *answers, const struct message_readiness *m)
{
	size_t size =
		m->reason.size < LIMIT_READINESS_REASON ? m->reason.size : LIMIT_READINESS_REASON;
	answers->ready = m->ready;
	if (size)
		memcpy(answers->reason, m->reason.data, size);
	answers->reason[size] = '\0';
	answers->issuer_count = m->issuers.size;
	if (m->issuers.size)
		memcpy(answers->issuers, m->issuers.data, m->issuers.size);
}

void answers_issuer(struct answers *answers, const struct message_issuer *m)
{
	tally_name(&answers->tally, m, answers->former);
}

void answers_algorithms(struct answers *answers, const struct message_algorithms *m)
{
	preferences_learn(&answers->preferences, m);
}

void answers_ledger_connected(struct answers *answers)
{
	answers->connected = true;
	answers->former = true;
	tally_new_ledger(&answers->tally);
	flights_each(answers->flights, send_flight, answers);
}

void answers_ledger_lost(struct answers *answers)
{
	answers->connected = false;
	answers->live_until_us = INT64_MIN;
	answers->ready = false;
	answers->reason[0] = '\0';
	answers->issuer_count = 0;
}

/* ---- time ---- */

static void expire_waiters(struct answers *answers, const struct moment *now)
{
	struct flight_waiter *waiter;
	while ((waiter = flights_expired_waiter(answers->flights, now->mono_us))) {
		answers->counts.timeouts++;
		struct answer answer = answer_error(OCSP_TRY_LATER, TALLY_ERROR);
		deliver(answers, waiter, &answer, NULL, now);
	}
}

/* A flight that had no answer in its time is asked again for those who joined late, and forgotten
 * where nobody waits. */
static void expire_flights(struct answers *answers, const struct moment *now)
{
	struct flight *flight;
	while ((flight = flights_expired(answers->flights, now->mono_us))) {
		if (!flight_has_waiters(flight)) {
			flights_drop(answers->flights, flight);
			continue;
		}
		flights_renew(answers->flights, flight, now->mono_us);
		send_flight(answers, flight);
	}
}

void answers_expire(struct answers *answers, const struct moment *now)
{
	expire_waiters(answers, now);
	expire_flights(answers, now);
}

/* ---- for people ---- */

const char *answers_not_ready(const struct answers *answers, const struct moment *now)
{
	if (!answers->connected)
		return "the ledger is being restarted";
	if (!answers->ready)
		return answers->reason[0] ? answers->reason : "the ledger is starting";
	if (!evidence_is_fresh(answers, now) && !ledger_proves(answers, now))
		return "the database's evidence is too old";
	return NULL;
}

const char *answers_degraded(const struct answers *answers)
{
	return answers->reason;
}

/* Kinds only: no names, nobody's words. */
const char *answers_issuer_not_ready(const struct answers *answers, unsigned section)
{
	static const char *const reasons[] = {
		[ISSUER_READY] = NULL,
		[ISSUER_NOT_REGISTERED] = "not registered in the database",
		[ISSUER_OTHER_KEY] = "registered with another key",
		[ISSUER_UNREADABLE] = "its row in the database cannot be understood",
		[ISSUER_UNSIGNED] = "no valid signer",
		[ISSUER_NO_ANSWERS] = "no answers",
		[ISSUER_NO_CRL] = "no CRL that lasts",
	};
	return section < answers->issuer_count ? reasons[answers->issuers[section]]
					       : "not known yet";
}

struct answers_counts answers_counts(const struct answers *answers)
{
	struct answers_counts counts = answers->counts;
	counts.hits = tally_hits(&answers->tally);
	counts.flights = flights_count(answers->flights);
	counts.waiters = flights_waiting(answers->flights);
	counts.cache = cache_counts(answers->cache);
	return counts;
}

const struct tally *answers_tally(const struct answers *answers)
{
	return &answers->tally;
}

void answers_count_error(struct answers *answers, enum ocsp_result result, enum tally_cause cause)
{
	tally_error(&answers->tally, result, cause);
}
