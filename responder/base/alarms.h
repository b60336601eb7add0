/* Conditions that last and that a person must end: each is told once when it begins, again every day
 * while it lasts, and once when it ends; `stillgood status`, the page and the metrics show those that
 * last. What happens once (a row that takes a revocation back) is no condition: it is a line of the log.
 *
 * A pure table: the caller's clock, bounded, no log. Whoever looks after a condition raises it whenever it
 * sees it and clears it whenever it does not: only what is new is told. */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"

/* Which there are, and what a monitor calls them: the one list. Names are kept stable. */
#define ALARM_KINDS(X)                                                                           \
	X(DATABASE_AWAY, "database_away") /* cannot be read: no connection, or no answer */      \
	X(DATABASE_STALLED, "database_stalled") /* a standby whose replay is paused or behind */ \
	X(HEARTBEAT_STOPPED, "heartbeat_stopped") /* nobody writes it on the primary */          \
	X(EVIDENCE_OLD, "evidence_old") /* older than freshness: only what is revoked is said */ \
	X(DATABASE_FINDING, "database_finding") /* it is read, and something in it is wrong */   \
	X(HISTORY_LOST, "history_lost") /* revocations are missing in the database */            \
	X(JOURNAL, "journal") /* what is revoked cannot be remembered */                         \
	X(ISSUER_MISSING, "issuer_missing") /* its section is not registered */                  \
	X(ISSUER_KEY, "issuer_key") /* registered with another key than its file's */            \
	X(ISSUER_UNREADABLE, "issuer_unreadable") /* its row cannot be understood */             \
	X(SIGNER_UNUSABLE, "signer_unusable") /* its files cannot be used: which, and why */     \
	X(REQUESTORS_UNUSABLE, "requestors_unusable") /* files of who may sign requests */       \
	X(SIGNER_EXPIRED, "signer_expired") /* none of its certificates is valid now */          \
	X(SIGNER_ENDS_SOON, "signer_ends_soon") /* and none after it */                          \
	X(PRESIGNED_ENDS, "presigned_ends") /* answers that were signed beforehand end soon */   \
	X(PRESIGNED_UNFIT, "presigned_unfit") /* some cannot be given out: which, and why */     \
	X(TOKEN, "token") /* a signer's key is in one that cannot be used */                     \
	X(NO_SIGNER, "no_signer") /* no process signs */                                         \
	X(CRL_ENDS, "crl_ends") /* that of an issuer known by its CRLs, soon */                  \
	X(CRL_LAPSED, "crl_lapsed") /* it has, or there is none: nothing is good */              \
	X(CRL_FETCH, "crl_fetch") /* a CRL that is followed cannot be fetched or recorded */     \
	X(CRL_DUE, "crl_due") /* one that is followed ends soon, and the next is not there */    \
	X(CRL_OVERDUE, "crl_overdue") /* it has: what was revoked since may not be known */      \
	X(CRL_DIFFERENCE, "crl_difference") /* what the CA publishes is not the database's */    \
	X(CACHE_UNTOLD, "cache_untold") /* an HTTP cache may say what is over */                 \
	X(MORE, "more") /* more conditions last than fit here */

#define ALARM_KIND(KIND, name) ALARM_##KIND,
enum alarm_kind { ALARM_KINDS(ALARM_KIND) ALARM_KIND_COUNT };
#undef ALARM_KIND

const char *alarm_kind_name(enum alarm_kind kind);

struct alarm {
	enum alarm_kind kind;
	int64_t since_us; /* by the wall clock */
	int64_t told_us; /* by the monotonic clock, the last time */
	char scope[LIMIT_ISSUER_NAME + 1]; /* the issuer's name, or "" */
	char text[LIMIT_ALARM_TEXT];
};

enum alarm_event { ALARM_BEGINS, ALARM_LASTS, ALARM_ENDS };

/* For the log: "TEXT alarm=KIND issuer=\"NAME\"", with since when it lasts. */
void alarm_put_line(enum alarm_event event, const struct alarm *alarm, struct buffer *out);

/* Must not call the table. A table without one is silent. */
typedef void alarms_tell(void *context, enum alarm_event event, const struct alarm *alarm);

struct alarms {
	alarms_tell *tell;
	void *context;
	unsigned count;
	struct alarm *all[LIMIT_ALARMS];
};

void alarms_init(struct alarms *alarms, alarms_tell *tell, void *context);
void alarms_deinit(struct alarms *alarms);

/* It is so, of this issuer (or ""). While it lasts the text may become another one, silently: the latest is
 * shown. */
void alarms_raise(struct alarms *alarms, enum alarm_kind kind, const char *scope, struct moment now,
		  const char *format, ...) printf_like(5, 6);
/* It is not so. */
void alarms_clear(struct alarms *alarms, enum alarm_kind kind, const char *scope);
/* All that is so of this kind, where one is told from another by its text alone. */
void alarms_set(struct alarms *alarms, enum alarm_kind kind, const char *const *texts, size_t count,
		struct moment now);
bool alarms_has(const struct alarms *alarms, enum alarm_kind kind, const char *scope);

/* Tells again what lasts since a day. Call at alarms_next() or later. */
void alarms_turn(struct alarms *alarms, struct moment now);
/* Monotonic microseconds; INT64_MAX: nothing lasts. */
int64_t alarms_next(const struct alarms *alarms);

/* Appends `"alarms":[{"since":"…Z","kind":"…","issuer":"…","text":"…"}]`, the oldest first, and no more
 * octets than `most`. */
void alarms_put_json(const struct alarms *alarms, size_t most, struct buffer *out);
