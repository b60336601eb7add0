#include "signer/keyring.h"

#include "base/timetext.h"

int keyring_load(struct keyring *ret, const struct conf *conf, int64_t now, struct fault *fault)
{
	cleanup(keyring_deinit) struct keyring ring = {0};
	ring.entries = calloc(conf->issuer_count, sizeof(*ring.entries));
	if (!ring.entries)
		return fault_set(fault, -ENOMEM, "signer: out of memory");
	for (; ring.count < conf->issuer_count; ring.count++) {
		const struct conf_issuer *issuer = &conf->issuers[ring.count];
		struct fault inner = {""};
		int result = credential_load(issuer, now, &ring.entries[ring.count].credential,
					     NULL, &inner);
		if (result < 0)
			return fault_set(fault, result, "issuer \"%s\": %.700s", issuer->name,
					 inner.text);
	}
	*ret = ring;
	ring = (struct keyring){0};
	return 0;
}

void keyring_deinit(struct keyring *ring)
{
	for (unsigned i = 0; i < ring->count; i++)
		credential_free(ring->entries[i].credential);
	free(ring->entries);
	*ring = (struct keyring){0};
}

static enum ocsp_result result_of(int signing)
{
	return signing == 0            ? OCSP_SUCCESSFUL
	       : signing == SIGN_LATER ? OCSP_TRY_LATER
				       : OCSP_INTERNAL_ERROR;
}

void keyring_answer(struct keyring *ring, const struct message_sign *job, int64_t now,
		    struct buffer *out, struct message_signed *ret, const char **reason)
{
	struct message_signed answer = {.id = job->id, .result = OCSP_INTERNAL_ERROR};
	struct sign_outcome outcome = {.reason = "no such issuer"};
	size_t before = out->size;
	if (job->issuer >= ring->count) {
		ring->strays++;
	} else {
		struct keyring_entry *entry = &ring->entries[job->issuer];
		answer.result = result_of(sign_job(entry->credential, job, now, out, &outcome));
		if (answer.result == OCSP_SUCCESSFUL)
			entry->signatures++;
		else
			entry->failures++;
	}
	if (answer.result == OCSP_SUCCESSFUL) {
		answer.produced_at = outcome.produced_at;
		answer.next_update = outcome.next_update;
		answer.der = view_of(out->data + before, out->size - before);
	}
	*ret = answer;
	*reason = answer.result == OCSP_SUCCESSFUL ? NULL : outcome.reason;
}

/* ---- status ---- */

/* Names come from the configuration: UTF-8 without control characters. */
static void put_json_string(struct buffer *out, const char *text)
{
	buffer_put_u8(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buffer_put_u8(out, '\\');
		buffer_put_u8(out, (uint8_t)*text);
	}
	buffer_put_u8(out, '"');
}

static void put_entry(const struct keyring_entry *entry, const char *name, struct buffer *out)
{
	char not_after[ISO_TIME_SIZE + 1] = "";
	time_put_iso(not_after, credential_not_after(entry->credential));
	buffer_put_string(out, "{\"name\":");
	put_json_string(out, name);
	buffer_put_string(out, ",\"algorithm\":");
	put_json_string(out, credential_algorithm(entry->credential));
	buffer_printf(out, ",\"not_after\":\"%s\",\"signatures\":%llu,\"failures\":%llu}",
		      not_after, (unsigned long long)entry->signatures,
		      (unsigned long long)entry->failures);
}

/* What one entry may take, and the end of the object. */
#define ENTRY_SPACE ((size_t)2 * LIMIT_ISSUER_NAME + 256)

void keyring_status(const struct keyring *ring, const struct conf *conf, unsigned index,
		    size_t most, struct buffer *out)
{
	size_t before = out->size;
	unsigned i = 0;
	buffer_printf(out, "{\"index\":%u,\"strays\":%llu,\"issuers\":[", index,
		      (unsigned long long)ring->strays);
	for (; i < ring->count && out->size - before + 2 * ENTRY_SPACE <= most; i++) {
		if (i > 0)
			buffer_put_u8(out, ',');
		put_entry(&ring->entries[i], conf->issuers[i].name, out);
	}
	buffer_put_u8(out, ']');
	if (i < ring->count)
		buffer_printf(out, ",\"omitted\":%u", ring->count - i);
	buffer_put_u8(out, '}');
}
