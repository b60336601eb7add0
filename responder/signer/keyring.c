#include "signer/keyring.h"

#include "base/json.h"
#include "base/timetext.h"
#include "signer/certfile.h"
#include "signer/choice.h"
#include "signer/credential_parts.h"

/* For a start where all is well; what takes longer is heard of when it comes. */
#define TOKENS_PATIENCE_US (2 * SECOND_US)

/* Before any key is read: the workers have copies of what is in memory then. */
static int open_tokens(struct tokens *tokens, const struct conf *conf, struct fault *fault)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		for (unsigned k = 0; k < conf_signer_count(&conf->issuers[i]); k++) {
			struct conf_signer signer = conf_signer_at(&conf->issuers[i], k);
			if (tokens_add(tokens, &signer, NULL) == -ENOMEM)
				return fault_set(fault, -ENOMEM, "signer: out of memory");
		} /* what else is wrong is its issuer's trouble, when its key is loaded */
	int result = tokens_start(tokens, fault);
	if (result == 0)
		tokens_wait(tokens, TOKENS_PATIENCE_US);
	return result;
}

/* The first that the profile refuses, of what stands in files. */
static int refuse_findings(const struct findings *findings, struct fault *fault)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->items[i].severity == SEVERITY_REFUSED)
			return fault_set(fault, -EKEYREJECTED, "%s: %.900s",
					 findings->items[i].requirement, findings->items[i].text);
	return 0;
}

static int read_credential(const struct conf_issuer *section, const struct tokens *tokens,
			   int64_t now, struct credential **ret, struct fault *fault)
{
	cleanup(credential_freep) struct credential *c = NULL;
	cleanup(findings_deinit) struct findings findings = {.profile = section->profile};
	int result = credential_read(section, tokens, now, &c, &findings, fault);
	if (result == 0)
		result = refuse_findings(&findings, fault);
	if (result < 0)
		return result;
	*ret = c;
	c = NULL;
	return 0;
}

/* Who it is can be told without a key. */
static void read_name(struct keyring_entry *entry, const struct conf_issuer *section)
{
	struct certfile ca = {0};
	if (certfile_load(&ca, section->certificate, NULL) < 0)
		return;
	entry->named = ocsp_issuer_init(&entry->issuer, ca.slices.subject, ca.slices.key_bits) == 0;
	certfile_deinit(&ca);
}

static int load_entry(struct keyring_entry *entry, const struct conf_issuer *section,
		      const struct tokens *tokens, int64_t now)
{
	struct fault fault = {""};
	int result = read_credential(section, tokens, now, &entry->credential, &fault);
	if (result == -ENOMEM)
		return result;
	read_name(entry, section);
	if (result == 0)
		return 0;
	entry->trouble = strndup(fault.text, LIMIT_ALARM_TEXT - 64);
	return entry->trouble ? 0 : -ENOMEM;
}

int keyring_load(struct keyring *ret, const struct conf *conf, int64_t now, struct fault *fault)
{
	cleanup(keyring_deinit) struct keyring ring = {.tokens = tokens_of(&conf->server)};
	ring.tokens.lasting = true;
	int opened = open_tokens(&ring.tokens, conf, fault);
	if (opened < 0)
		return opened;
	ring.entries = calloc(conf->issuer_count, sizeof(*ring.entries));
	if (!ring.entries)
		return fault_set(fault, -ENOMEM, "signer: out of memory");
	while (ring.count < conf->issuer_count) {
		unsigned i = ring.count++;
		if (load_entry(&ring.entries[i], &conf->issuers[i], &ring.tokens, now) < 0)
			return fault_set(fault, -ENOMEM, "signer: out of memory");
	}
	const struct conf_issuer *section = conf_default_issuer(conf);
	struct credential *c = section ? ring.entries[section - conf->issuers].credential : NULL;
	if (c)
		c->answers_unknown_issuers = true;
	*ret = ring;
	ring = (struct keyring){0};
	return 0;
}

void keyring_deinit(struct keyring *ring)
{
	for (unsigned i = 0; i < ring->count; i++) {
		credential_free(ring->entries[i].credential);
		free(ring->entries[i].trouble);
		buffer_deinit(&ring->entries[i].offer);
	}
	free(ring->entries);
	alarms_deinit(&ring->alarms);
	tokens_deinit(&ring->tokens);
	*ring = (struct keyring){0};
}

/* Of an issuer that is said to be unknown: is it none of those whose files we have? (P-22) */
static bool unknown_to_all(const struct keyring *ring, const struct message_sign *job)
{
	struct ocsp_certid certid;
	for (unsigned i = 0; i < job->count; i++) {
		if (ocsp_certid_parse(job->entries[i].certid, &certid) != 0)
			return false;
		for (unsigned k = 0; k < ring->count; k++)
			if (ring->entries[k].named &&
			    ocsp_issuer_matches(&ring->entries[k].issuer, &certid))
				return false;
	}
	return true;
}

static enum ocsp_result result_of(int signing)
{
	return signing == 0 || signing == SIGN_ELSEWHERE ? OCSP_SUCCESSFUL
	       : signing == SIGN_LATER                   ? OCSP_TRY_LATER
							 : OCSP_INTERNAL_ERROR;
}

int keyring_answer(struct keyring *ring, const struct message_sign *job, int64_t now,
		   struct buffer *out, struct message_signed *ret, struct sign_outcome *ret_outcome)
{
	struct message_signed answer = {.id = job->id, .result = OCSP_INTERNAL_ERROR};
	struct sign_outcome outcome = {.reason = "no such issuer"};
	size_t before = out->size;
	int result = SIGN_REFUSED;
	if (job->issuer >= ring->count) {
		ring->strays++;
	} else if (job->unknown_issuer && !unknown_to_all(ring, job)) {
		outcome.reason = "unknown for an issuer that is configured";
		ring->entries[job->issuer].failures++;
	} else {
		struct keyring_entry *entry = &ring->entries[job->issuer];
		outcome.reason = "its files cannot be used";
		result = entry->credential ? sign_job(entry->credential, job, now, out, &outcome)
					   : SIGN_LATER;
		entry->signatures += result == 0;
		entry->failures += result != 0 && result != SIGN_ELSEWHERE;
	}
	answer.result = result_of(result);
	if (answer.result == OCSP_SUCCESSFUL) {
		answer.produced_at = outcome.produced_at;
		answer.next_update = outcome.next_update;
		answer.der = view_of(out->data + before, out->size - before);
		outcome.reason = NULL;
	}
	*ret = answer;
	*ret_outcome = outcome;
	return result == SIGN_ELSEWHERE ? KEYRING_ELSEWHERE : 0;
}

int keyring_finish(struct keyring *ring, uint32_t issuer, struct responder *responder,
		   struct view message, struct view signature, struct buffer *out,
		   struct message_signed *ret, const char **reason)
{
	struct keyring_entry *entry = &ring->entries[issuer];
	size_t before = out->size;
	int result = sign_finish(responder, message, signature, out, reason);
	if (result < 0)
		return result;
	entry->signatures++;
	ret->der = view_of(out->data + before, out->size - before);
	return 0;
}

void keyring_follow(struct keyring *ring)
{
	for (unsigned i = 0; i < ring->count; i++) {
		struct credential *c = ring->entries[i].credential;
		for (unsigned k = 0; c && k < c->count; k++)
			responder_follow(&c->responders[k]);
	}
}

/* ---- status ---- */

static void put_time_member(struct buffer *out, const char *name, int64_t at)
{
	char text[ISO_TIME_SIZE + 1] = "";
	time_put_iso(text, at);
	buffer_printf(out, ",\"%s\":\"%s\"", name, text);
}

static const char *state_of(const struct responder *r, const struct responder *current, int64_t now)
{
	if (r == current)
		return "current";
	if (responder_in_date(r, now))
		return responder_ready(r) ? "ready" : "away";
	return now < responder_not_before(r) ? "early" : "expired";
}

static void put_signer(const struct responder *r, const struct responder *current, int64_t now,
		       struct buffer *out)
{
	buffer_put_string(out, "{\"name\":");
	json_put_string(out, r->name);
	buffer_put_string(out, ",\"algorithm\":");
	json_put_string(out, r->algorithm);
	put_time_member(out, "not_before", responder_not_before(r));
	put_time_member(out, "not_after", responder_not_after(r));
	buffer_printf(out, ",\"state\":\"%s\",\"signatures\":%llu}", state_of(r, current, now),
		      (unsigned long long)r->signatures);
}

static void put_unusable(const struct keyring_entry *entry, struct buffer *out)
{
	buffer_printf(
		out,
		",\"algorithm\":null,\"not_after\":null,\"signatures\":%llu,\"failures\":%llu,"
		"\"warning\":",
		(unsigned long long)entry->signatures, (unsigned long long)entry->failures);
	json_put_string(out, entry->trouble);
	buffer_put_string(out, ",\"signers\":[]}");
}

static void put_warning(const struct credential *c, int64_t now, struct buffer *out)
{
	char text[ISO_TIME_SIZE + 1] = "";
	const struct responder *last = choice_last(c, now);
	buffer_put_string(out, ",\"warning\":");
	if (!last) {
		buffer_put_string(out, "\"no signer's certificate is valid now\"");
	} else if (responder_not_after(last) - now < CREDENTIAL_NOTICE) {
		time_put_iso(text, responder_not_after(last));
		buffer_printf(out, "\"no signer after %s\"", text);
	} else {
		buffer_put_string(out, "null");
	}
}

static void put_entry(struct keyring_entry *entry, const char *name, int64_t now,
		      struct buffer *out)
{
	struct credential *c = entry->credential;
	buffer_put_string(out, "{\"name\":");
	json_put_string(out, name);
	if (!c) {
		put_unusable(entry, out);
		return;
	}
	const struct responder *current = choice_default(c, now);
	buffer_put_string(out, ",\"algorithm\":");
	if (current) {
		json_put_string(out, current->algorithm);
		put_time_member(out, "not_after", responder_not_after(current));
	} else {
		buffer_put_string(out, "null,\"not_after\":null");
	}
	buffer_printf(out, ",\"signatures\":%llu,\"failures\":%llu",
		      (unsigned long long)entry->signatures, (unsigned long long)entry->failures);
	put_warning(c, now, out);
	buffer_put_string(out, ",\"signers\":[");
	for (unsigned i = 0; i < c->count; i++) {
		buffer_put_string(out, i ? "," : "");
		put_signer(&c->responders[i], current, now, out);
	}
	buffer_put_string(out, "]}");
}

/* What one entry may take (signers, or the words for why there are none), and the end of the object. */
#define SIGNER_SPACE ((size_t)2 * LIMIT_ISSUER_NAME + 256)
#define ENTRY_SPACE (SIGNER_SPACE + LIMIT_ISSUER_SIGNERS * SIGNER_SPACE)
/* Of `most`, for conditions. */
#define ALARMS_PART 3

void keyring_status(struct keyring *ring, const struct conf *conf, unsigned index, int64_t now,
		    size_t most, struct buffer *out)
{
	size_t before = out->size;
	unsigned i = 0;
	buffer_printf(out, "{\"index\":%u,\"strays\":%llu,", index,
		      (unsigned long long)ring->strays);
	buffer_put_string(out, "\"issuers\":[");
	for (;
	     i < ring->count && out->size - before + ENTRY_SPACE + 64 <= most - most / ALARMS_PART;
	     i++) {
		if (i > 0)
			buffer_put_u8(out, ',');
		put_entry(&ring->entries[i], conf->issuers[i].name, now, out);
	}
	buffer_put_u8(out, ']');
	if (i < ring->count)
		buffer_printf(out, ",\"omitted\":%u", ring->count - i);
	buffer_put_u8(out, ',');
	alarms_put_json(&ring->alarms, most / ALARMS_PART - 64, out);
	buffer_put_u8(out, '}');
}
