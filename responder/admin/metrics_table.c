/* The metrics, in the order in which they are shown. CONTRIBUTING.md says how to add one. */
#include "admin/metrics.h"

#include "base/compiler.h"

#define MILLI 1e-3
#define MICRO 1e-6

const struct metric metrics[] = {
	/* ---- the instance ---- */
	{"stillgood_build_info", METRIC_GAUGE, OF_INSTANCE, NULL, "version", NULL, 0, NULL,
	 "Always 1; the version of the program as a label."},
	{"stillgood_ready", METRIC_GAUGE, OF_INSTANCE, NULL, NULL, "ready", 0, NULL,
	 "1 where the instance may receive traffic, as /readyz says."},
	{"stillgood_draining", METRIC_GAUGE, OF_INSTANCE, NULL, NULL, "draining", 0, NULL,
	 "1 while the instance is drained: it answers, and asks load balancers to go elsewhere."},
	{"stillgood_start_timestamp_seconds", METRIC_GAUGE, OF_INSTANCE, NULL, NULL, "started_at",
	 0, NULL, "When the instance was started, seconds since 1970."},
	{"stillgood_alarm_since_timestamp_seconds", METRIC_GAUGE, OF_INSTANCE, "alarms",
	 "kind issuer", "since", 0, NULL,
	 "An alarm that lasts, and since when, seconds since 1970. It has no sample while there is "
	 "no "
	 "alarm; an alarm about no single issuer has the issuer \"\"."},

	/* ---- its rooms ---- */
	{"stillgood_room_up", METRIC_GAUGE, OF_EACH_ROOM, NULL, NULL, "state", 0, "running",
	 "1 where the room's process runs and has said that it is ready."},
	{"stillgood_room_answers", METRIC_GAUGE, OF_EACH_ROOM, NULL, NULL, "answered", 0, NULL,
	 "1 where the room told its figures in time; 0: it is down or hangs, and its other figures "
	 "are "
	 "missing."},
	{"stillgood_room_restarts_total", METRIC_COUNTER, OF_EACH_ROOM, NULL, NULL, "restarts", 0,
	 NULL, "How often the room was started again after it had died."},

	/* ---- fronts ---- */
	{"stillgood_http_requests_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "requests", 0, NULL,
	 "HTTP requests that were whole and allowed: OCSP, health pages and everything else."},
	{"stillgood_http_refusals_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "refusals", 0, NULL,
	 "HTTP requests that were refused by status (400 … 431), with the connection closed."},
	{"stillgood_http_not_modified_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "not_modified",
	 0, NULL, "Answers as 304: the client's copy is still right."},
	{"stillgood_connections", METRIC_GAUGE, OF_FRONT, NULL, NULL, "connections", 0, NULL,
	 "Client connections that are open."},
	{"stillgood_connections_accepted_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "accepted",
	 0, NULL, "Client connections that were accepted."},
	{"stillgood_connections_refused_total", METRIC_COUNTER, OF_FRONT, NULL, NULL,
	 "refused_connections", 0, NULL,
	 "Client connections that were closed at once, because a cap was reached."},
	{"stillgood_answers_total", METRIC_COUNTER, OF_FRONT, "answers", "issuer status cause",
	 "count", 0, NULL,
	 "OCSP answers by what they said (good, revoked, unknown, or the error of RFC 6960), the "
	 "issuer as configured, and where they came from: hit (this front's memory), live (the "
	 "ledger was asked), shed (a cap of this front was reached), error (no answer in time, "
	 "evidence too old, malformed). Errors are of no issuer. A 304 counts as what it "
	 "confirms."},
	{"stillgood_answers_omitted", METRIC_GAUGE, OF_FRONT, NULL, NULL, "answers_omitted", 0,
	 NULL,
	 "Combinations of stillgood_answers_total that are missing here, because there are too "
	 "many issuers for one report."},
	{"stillgood_live_answer_seconds", METRIC_HISTOGRAM, OF_FRONT, NULL, NULL, "waits", 0, NULL,
	 "Of answers that were not in this front's memory: from the whole request to the answer, "
	 "tryLater for want of time among them."},
	{"stillgood_certid_hashes_total", METRIC_COUNTER, OF_FRONT, "hashes", "algorithm", "count",
	 0, NULL,
	 "OCSP requests by the hash algorithm of their first CertID; other is one that matches no "
	 "issuer."},
	{"stillgood_malformed_requests_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "malformed", 0,
	 NULL, "Requests that were no OCSP request, answered malformedRequest."},
	{"stillgood_try_later_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "try_later", 0, NULL,
	 "Answers tryLater, for whatever reason."},
	{"stillgood_shed_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "shed", 0, NULL,
	 "Answers tryLater because too many questions were open in this front, or the client had "
	 "caused its most signatures."},
	{"stillgood_unaffordable_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "unaffordable", 0,
	 NULL, "Of these: the client had caused its most (signatures_per_address)."},
	{"stillgood_timeouts_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "timeouts", 0, NULL,
	 "Answers tryLater because the ledger did not answer within answer_timeout."},
	{"stillgood_stale_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "stale", 0, NULL,
	 "Answers tryLater because the evidence was older than freshness."},
	{"stillgood_refreshes_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "refreshes", 0, NULL,
	 "Stored answers that were asked for again before they ended."},
	{"stillgood_purged_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "purged", 0, NULL,
	 "Stored answers that a change of their certificate or issuer removed."},
	{"stillgood_flights", METRIC_GAUGE, OF_FRONT, NULL, NULL, "flights", 0, NULL,
	 "Questions to the ledger that are open."},
	{"stillgood_waiters", METRIC_GAUGE, OF_FRONT, NULL, NULL, "waiters", 0, NULL,
	 "Requests that wait for these questions."},
	{"stillgood_cache_entries", METRIC_GAUGE, OF_FRONT, NULL, NULL, "cache_entries", 0, NULL,
	 "Signed answers in memory."},
	{"stillgood_cache_bytes", METRIC_GAUGE, OF_FRONT, NULL, NULL, "cache_bytes", 0, NULL,
	 "Memory that they take."},
	{"stillgood_cache_evictions_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "cache_evictions",
	 0, NULL, "Signed answers that made room for others."},
	{"stillgood_access_log_lines_total", METRIC_COUNTER, OF_FRONT, NULL, NULL, "access_lines",
	 0, NULL, "Lines of the access log."},
	{"stillgood_access_log_dropped_total", METRIC_COUNTER, OF_FRONT, NULL, NULL,
	 "access_dropped", 0, NULL,
	 "Lines of the access log that were not written, because nobody took them."},

	/* ---- the ledger ---- */
	{"stillgood_ledger_ready", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "ready", 0, NULL,
	 "1 where the ledger can answer: evidence, lookups, signers."},
	{"stillgood_evidence_age_seconds", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "evidence_age_ms",
	 MILLI, NULL,
	 "Age of the proof that what is known is current. Beyond [database] freshness \"good\" is "
	 "not answered any more, but where its own lookup proves it. No sample: the database has "
	 "not been read yet."},
	{"stillgood_lookup_evidence_age_seconds", METRIC_GAUGE, OF_LEDGER, NULL, NULL,
	 "lookup_evidence_age_ms", MILLI, NULL,
	 "While very many changes are read and lookups prove what is asked: age of the latest that "
	 "could have. No sample: they do not."},
	{"stillgood_feed_up", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "feed", 0, "up",
	 "1 while the change log of the database is read."},
	{"stillgood_feed_lag_seconds", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "feed_lag_us", MICRO,
	 NULL,
	 "Age that the latest evidence had when it came: on a primary the time of a poll, on a "
	 "standby replication and the heartbeat's interval too."},
	{"stillgood_database_standby", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "role", 0, "standby",
	 "1 where the database that is read is a standby, 0 where it is a primary. No sample: it "
	 "has not been read yet."},
	{"stillgood_lookups_usable", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "lookup_usable", 0, NULL,
	 "1 while there is a connection for lookups."},
	{"stillgood_polls_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "polls", 0, NULL,
	 "Polls of the change log."},
	{"stillgood_loads_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "loads", 0, NULL,
	 "Loads of everything that is not good: at the start, and after each lost connection."},
	{"stillgood_bad_rows_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "bad_rows", 0, NULL,
	 "Rows that could not be understood, from which nothing is answered."},
	{"stillgood_revoked_certificates", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "revoked", 0, NULL,
	 "Certificates that are, or were, not good: kept in memory."},
	{"stillgood_revoked_bytes", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "revoked_bytes", 0, NULL,
	 "Memory that they take."},
	{"stillgood_lost_revocations", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "lost", 0, NULL,
	 "Revocations that were answered and are missing in the database: they stay revoked, and "
	 "wait for stillgood accept-history."},
	{"stillgood_journal_usable", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "journal", 0, "written",
	 "1 where what is revoked is also kept on disk; 0: it cannot be written, or none is "
	 "configured."},
	{"stillgood_journal_bytes", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "journal_bytes", 0, NULL,
	 "Size of its file."},
	{"stillgood_kept_answers_usable", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "kept_answers", 0,
	 "written",
	 "1 where signed answers are kept on disk for the next start (kept_answers); 0: they "
	 "cannot be "
	 "written, or none are."},
	{"stillgood_kept_answers_bytes", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "kept_bytes", 0, NULL,
	 "Size of the file that is written."},
	{"stillgood_kept_answers_reused_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL,
	 "kept_reused", 0, NULL,
	 "Answers that were given out with the signature of before the start."},
	{"stillgood_kept_answers_left_out_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL,
	 "kept_left_out", 0, NULL,
	 "Answers that were not kept, because more came in a minute than half of kept_answers."},
	{"stillgood_issuer_crl_this_update_timestamp_seconds", METRIC_GAUGE, OF_LEDGER, "crls",
	 "issuer", "this_update", 0, NULL,
	 "As of when the issuer's recorded CRLs prove what is not revoked, seconds since 1970."},
	{"stillgood_issuer_crl_next_update_timestamp_seconds", METRIC_GAUGE, OF_LEDGER, "crls",
	 "issuer", "next_update", 0, NULL,
	 "And until when: with complete = no nothing is good from then on."},
	{"stillgood_issuer_crl_missing", METRIC_GAUGE, OF_LEDGER, "crls", "issuer", "state", 0,
	 "missing",
	 "1 where the issuer needs a CRL (complete = no) and none is recorded that proves what is "
	 "not revoked."},
	{"stillgood_ledger_questions", METRIC_GAUGE, OF_LEDGER, "questions", "state", "count", 0,
	 NULL,
	 "Questions of the fronts by what they wait for: parked (the first load), verifying (a "
	 "signed request), lookup (the database), stale (fresh evidence), queued (a signer with "
	 "room), signing."},
	{"stillgood_queue_questions", METRIC_GAUGE, OF_LEDGER, "queue", "class", "waiting", 0, NULL,
	 "Questions that wait for a signer with room: changed (about a certificate that has just "
	 "changed), live (somebody waits), refresh (of what is stored), nonce (of use to one "
	 "client "
	 "only), unseen (a serial number that was never issued)."},
	{"stillgood_queue_given_total", METRIC_COUNTER, OF_LEDGER, "queue", "class", "given", 0,
	 NULL, "Of these: given to a signer."},
	{"stillgood_queue_shed_total", METRIC_COUNTER, OF_LEDGER, "queue", "class", "shed", 0, NULL,
	 "Of these: told tryLater at once, because they could not have been signed in time."},
	{"stillgood_queue_signer_seconds_total", METRIC_COUNTER, OF_LEDGER, "queue", "class",
	 "signer_us", MICRO, NULL, "The signers' time that they took, as signers tell it."},
	{"stillgood_ledger_queries_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "queries", 0,
	 NULL, "Questions that fronts asked."},
	{"stillgood_ledger_cache_hits_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "cache_hits",
	 0, NULL, "Of these: answered from the ledger's own memory of signed answers."},
	{"stillgood_ledger_joined_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "joined", 0, NULL,
	 "Of these: joined to one about the same that was open."},
	{"stillgood_ledger_overloads_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "overloads", 0,
	 NULL, "Of these: told tryLater, because too many were open."},
	{"stillgood_ledger_timeouts_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "timeouts", 0,
	 NULL, "Of these: told tryLater, because their time was over."},
	{"stillgood_ledger_fences_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "fences", 0, NULL,
	 "Signatures that were thrown away, because something had changed meanwhile."},
	{"stillgood_ledger_proven_by_lookup_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL,
	 "proven_by_lookup", 0, NULL,
	 "Answers that a lookup of their own has proven, while the feed's evidence stood still."},
	{"stillgood_ledger_cache_entries", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "cache_entries", 0,
	 NULL, "Signed answers in the ledger's memory."},
	{"stillgood_ledger_cache_bytes", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "cache_bytes", 0,
	 NULL, "Memory that they take."},
	{"stillgood_ledger_cache_evictions_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL,
	 "cache_evictions", 0, NULL, "Signed answers that made room for others there."},
	{"stillgood_ledger_answer_seconds", METRIC_HISTOGRAM, OF_LEDGER, NULL, NULL, "answer_times",
	 0, NULL, "Of answers that were signed: from the front's question to the answer."},
	{"stillgood_lookup_seconds", METRIC_HISTOGRAM, OF_LEDGER, NULL, NULL, "lookup_times", 0,
	 NULL, "Lookups of certificates: from the query of a batch to its result."},
	{"stillgood_signing_seconds", METRIC_HISTOGRAM, OF_LEDGER, NULL, NULL, "signing_times", 0,
	 NULL, "Signatures: from the job for a signer to its result, with the jobs before it."},
	{"stillgood_lookups_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "lookups", 0, NULL,
	 "Certificates that were looked up."},
	{"stillgood_lookups_waiting", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "lookups_waiting", 0,
	 NULL, "Certificates that are being looked up, or will be."},
	{"stillgood_lookup_batches_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "batches", 0,
	 NULL, "Queries for them."},
	{"stillgood_lookup_batches_failed_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL,
	 "batches_failed", 0, NULL, "Of these: that gave no result and were asked again."},
	{"stillgood_known_hits_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "known_hits", 0, NULL,
	 "Lookups that were not needed, because the row was known to be good."},
	{"stillgood_purges_total", METRIC_COUNTER, OF_LEDGER, NULL, NULL, "purges", 0, NULL,
	 "Changes that fronts were told of, so that they forget what they have stored."},
	{"stillgood_signers_connected", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "signers", 0, NULL,
	 "Signer processes that the ledger can ask."},
	{"stillgood_signers_hung", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "signers_hung", 0, NULL,
	 "Of these: those that have been silent for too long."},
	{"stillgood_signing_jobs", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "signing", 0, NULL,
	 "Jobs that signers have not answered yet."},

	/* ---- signers, verifier, admin ---- */
	{"stillgood_signatures_total", METRIC_COUNTER, OF_SIGNER, "issuers.signers",
	 "../name=issuer name=signer algorithm", "signatures", 0, NULL,
	 "Signatures by the issuer, and the signer of its, that made them. Sum over the rooms."},
	{"stillgood_signing_failures_total", METRIC_COUNTER, OF_SIGNER, "issuers", "name=issuer",
	 "failures", 0, NULL, "Jobs that could not be signed."},
	{"stillgood_signer_not_after_timestamp_seconds", METRIC_GAUGE, OF_SIGNER, "issuers.signers",
	 "../name=issuer name=signer algorithm", "not_after", 0, NULL,
	 "End of the signer's certificate, seconds since 1970; the days left are (this - time()) / "
	 "86400."},
	{"stillgood_issuer_not_after_timestamp_seconds", METRIC_GAUGE, OF_SIGNER, "issuers",
	 "name=issuer", "not_after", 0, NULL,
	 "End of the certificate that signs now for the issuer, seconds since 1970. No sample: "
	 "none is valid."},
	{"stillgood_presigned_recorded", METRIC_GAUGE, OF_LEDGER, "presigned", "issuer", "recorded",
	 0, NULL,
	 "1 where answers of the issuer that were signed beforehand (source = presigned) are "
	 "recorded."},
	{"stillgood_presigned_first_end_timestamp_seconds", METRIC_GAUGE, OF_LEDGER, "presigned",
	 "issuer", "first_end", 0, NULL,
	 "When the first of these answers ends, of those that do not end with their certificates, "
	 "seconds since 1970. No sample: there is none."},
	{"stillgood_presigned_omitted", METRIC_GAUGE, OF_LEDGER, NULL, NULL, "presigned_omitted", 0,
	 NULL, "Issuers that are missing here, because there are too many for one report."},
	{"stillgood_requests_verified_total", METRIC_COUNTER, OF_VERIFIER, NULL, NULL, "verified",
	 0, NULL, "Signed requests whose signature counted and was right."},
	{"stillgood_requests_refused_total", METRIC_COUNTER, OF_VERIFIER, NULL, NULL, "refused", 0,
	 NULL,
	 "Signed requests whose signature counted and was not right, or of nobody who may ask."},
	{"stillgood_admin_connections", METRIC_GAUGE, OF_ADMIN, NULL, NULL, "connections", 0, NULL,
	 "Connections to the admin listener that are open."},
	{"stillgood_admin_requests_total", METRIC_COUNTER, OF_ADMIN, NULL, NULL, "requests", 0,
	 NULL, "Requests to the admin listener."},
	{"stillgood_admin_refused_total", METRIC_COUNTER, OF_ADMIN, NULL, NULL, "refused", 0, NULL,
	 "Of these, and of what was none: refused, or not answered by the warden."},

	/* ---- CRLs that are followed (kind crl) or compared (kind watch) ---- */
	{"stillgood_crl_fetches_total", METRIC_COUNTER, OF_FETCHER, "sources", "issuer kind url",
	 "fetches", 0, NULL,
	 "Times that a CRL was asked for, by the issuer's section, whether it is recorded (crl) or "
	 "compared (watch), and its URL as configured."},
	{"stillgood_crl_fetch_failures_total", METRIC_COUNTER, OF_FETCHER, "sources",
	 "issuer kind url", "failures", 0, NULL,
	 "Of these: that brought none, or one that could not be recorded or compared."},
	{"stillgood_crl_fetch_failing", METRIC_GAUGE, OF_FETCHER, "sources", "issuer kind url",
	 "failing", 0, NULL, "1 where the last time failed; stillgood status says why."},
	{"stillgood_crl_fetch_answered_timestamp_seconds", METRIC_GAUGE, OF_FETCHER, "sources",
	 "issuer kind url", "answered_at", 0, NULL,
	 "When it went well the last time, nothing new among it, seconds since 1970. No sample: "
	 "never "
	 "since the fetcher was started."},
	{"stillgood_crl_fetch_taken_timestamp_seconds", METRIC_GAUGE, OF_FETCHER, "sources",
	 "issuer kind url", "recorded_at", 0, NULL,
	 "When one was recorded or compared the last time, seconds since 1970."},
	{"stillgood_crl_fetch_next_update_timestamp_seconds", METRIC_GAUGE, OF_FETCHER, "sources",
	 "issuer kind url", "next_update", 0, NULL,
	 "When its next one is due, as the last one that was taken says, seconds since 1970."},
	{"stillgood_crl_fetch_bytes", METRIC_GAUGE, OF_FETCHER, "sources", "issuer kind url",
	 "size", 0, NULL, "Size of the last one that came."},
	{"stillgood_crl_sources_omitted", METRIC_GAUGE, OF_FETCHER, NULL, NULL, "sources_omitted",
	 0, NULL, "URLs that are missing here, because there are too many for one report."},
	{"stillgood_crl_difference", METRIC_GAUGE, OF_FETCHER, "sources.differences",
	 "../issuer=issuer ../url=url kind", "count", 0, NULL,
	 "Certificates of which a published CRL (crl_watch) and the database say different things, "
	 "at "
	 "the last comparison: missing (revoked in the database, not in the CRL), extra (in the "
	 "CRL, "
	 "not revoked in the database), status (revoked or on hold), reason, date; lapsed and "
	 "older: 1 "
	 "where that CRL has, or is."},
	/* ---- HTTP caches that are told ---- */
	{"stillgood_cache_oldest_unpurged_seconds", METRIC_GAUGE, OF_FETCHER, "caches",
	 "name=cache", "oldest_unpurged_ms", MILLI, NULL,
	 "How long the oldest change has been waiting that the HTTP cache has not confirmed to "
	 "have forgotten what was said before; 0: none."},
	{"stillgood_cache_unpurged", METRIC_GAUGE, OF_FETCHER, "caches", "name=cache", "unpurged",
	 0, NULL, "What the HTTP cache has still to be told to forget."},
	{"stillgood_cache_purges_total", METRIC_COUNTER, OF_FETCHER, "caches", "name=cache",
	 "purges", 0, NULL,
	 "What the HTTP cache has confirmed to have forgotten: certificates, issuers, everything; "
	 "each twice."},
	{"stillgood_cache_purge_failures_total", METRIC_COUNTER, OF_FETCHER, "caches", "name=cache",
	 "failures", 0, NULL, "Requests that the HTTP cache has not confirmed; they are repeated."},
	{"stillgood_cache_purge_seconds", METRIC_HISTOGRAM, OF_FETCHER, "caches", "name=cache",
	 "times", 0, NULL,
	 "Of what was confirmed the first time: from the ledger's word of the change to the "
	 "cache's that it has forgotten."},
};
const size_t metric_count = array_size(metrics);
