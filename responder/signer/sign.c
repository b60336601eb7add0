#include "signer/sign.h"

#include "signer/admission.h"
#include "signer/choice.h"

static int fail(struct sign_outcome *ret, int result, const char *reason)
{
	ret->reason = reason;
	return result;
}

/* P-30. Only with a statement about a certificate that exists (P-23). */
static int64_t archive_cutoff(const struct credential *c, const struct sign_entry *entry,
			      int64_t produced_at)
{
	if (c->archive_cutoff == ARCHIVE_CUTOFF_NONE || entry->says.status == OCSP_UNKNOWN ||
	    ocsp_never_issued(&entry->says))
		return 0;
	return c->archive_cutoff == ARCHIVE_CUTOFF_ISSUER ? c->ca.slices.not_before
							  : produced_at - c->archive_cutoff;
}

static void fill_singles(const struct credential *c, const struct message_sign *job, int64_t now,
			 int64_t next_update, struct ocsp_single singles[static LIMIT_CERTIDS])
{
	for (unsigned i = 0; i < job->count; i++) {
		const struct sign_entry *entry = &job->entries[i];
		singles[i] = (struct ocsp_single){
			.certid = entry->certid,
			.says = entry->says,
			.archive_cutoff = archive_cutoff(c, entry, now),
			.facts = entry->facts,
			.this_update = job->this_update,
			.next_update = next_update,
		};
	}
}

/* What will be signed, into the credential's own buffer. */
static int write_data(struct credential *c, const struct responder *r,
		      const struct message_sign *job, int64_t now, int64_t next_update)
{
	struct ocsp_single singles[LIMIT_CERTIDS];
	fill_singles(c, job, now, next_update, singles);
	struct ocsp_response_data data = {
		.responder_id = c->responder_id,
		.responder = c->responder_id == OCSP_BY_KEY
				     ? view_of(r->key_hash, sizeof(r->key_hash))
				     : r->certificate.slices.subject,
		.produced_at = now,
		.count = job->count,
		.singles = singles,
		.nonce = job->nonce,
		.raw_nonce = job->raw_nonce,
		.extended_revoke = job->extended_revoke,
	};
	buffer_reset(&c->data);
	return ocsp_response_data_write(&c->data, &data);
}

/* P-26: the delegated signer's certificate first, never that of the CA that signs itself. */
static unsigned fill_certificates(const struct responder *r, struct view *certificates)
{
	unsigned count = 0;
	if (!r->own)
		certificates[count++] = certfile_der(&r->certificate);
	for (unsigned i = 0; i < r->chain.count; i++)
		certificates[count++] = certfile_der(&r->chain.certificates[i]);
	return count;
}

/* Around what write_data() wrote. */
static int put_response(const struct responder *r, struct view data, struct view signature,
			struct buffer *out)
{
	struct view certificates[1 + LIMIT_CHAIN];
	unsigned count = fill_certificates(r, certificates);
	struct ocsp_signed parts = {
		.response_data = data,
		.algorithm = scheme_algorithm(r->scheme),
		.signature = signature,
		.certificate_count = count,
		.certificates = certificates,
	};
	return ocsp_response_write(out, &parts);
}

static int sign_data(struct credential *c, struct responder *r, struct buffer *out,
		     struct sign_outcome *ret)
{
	struct view signature;
	int result = scheme_sign(r->scheme, buffer_view(&c->data), &signature);
	if (result == -EKEYREJECTED)
		return fail(ret, -EIO, "the signature does not verify");
	if (result < 0)
		return fail(ret, -EIO, openssl_reason());
	if (put_response(r, buffer_view(&c->data), signature, out) < 0)
		return fail(ret, -EIO, "the response is too large");
	r->signatures++;
	return 0;
}

/* Row 19: a token that signs wrongly, or something else, is found out here. */
int sign_finish(struct responder *r, struct view message, struct view signature, struct buffer *out,
		const char **reason)
{
	if (scheme_verify(r->scheme, message, signature) < 0) {
		(void)openssl_reason();
		*reason = "the token's signature does not verify";
		return -EIO;
	}
	if (put_response(r, message, signature, out) < 0) {
		*reason = "the response is too large";
		return -EIO;
	}
	r->signatures++;
	return 0;
}

/* ---- how large an answer gets (P-31) ---- */

#define TRIAL_CERTID_SIZE 105
#define TRIAL_SERIAL_AT 85

/* With SHA-256, which RFC 9919 wants, and a serial of 20 octets, the longest that RFC 5280 allows. */
static const uint8_t trial_certid[TRIAL_CERTID_SIZE] = {
	0x30,        TRIAL_CERTID_SIZE - 2,
	0x30,        0x0b,
	0x06,        0x09,
	0x60,        0x86,
	0x48,        0x01,
	0x65,        0x03,
	0x04,        0x02,
	0x01,        [15] = 0x04,
	[16] = 0x20, [49] = 0x04,
	[50] = 0x20, [83] = 0x02,
	[84] = 0x14, [TRIAL_SERIAL_AT] = 0x01,
};

size_t sign_size(struct credential *c, const struct responder *r, int64_t now)
{
	static const uint8_t hash[CERTIFICATE_HASH_SIZE];
	static const uint8_t signature[LIMIT_RESPONSE];
	int longest = EVP_PKEY_get_size(r->key);
	struct message_sign job = {.this_update = now, .count = 1};
	job.entries[0] = (struct sign_entry){
		.certid = view_of(trial_certid, sizeof(trial_certid)),
		.says.status = OCSP_GOOD,
		.says.revoked_at = TIME_NONE,
		.says.reason = REASON_NONE,
		.says.invalidity_at = TIME_NONE,
		.facts.certificate_hash = view_of(
			hash,
			c->extensions & EXTENSION_BIT(EXTENSION_CERT_HASH) ? sizeof(hash) : 0),
	};
	cleanup(buffer_deinit) struct buffer out = {0};
	bool fits = longest > 0 && (size_t)longest <= sizeof(signature);
	if (!fits || write_data(c, r, &job, now, now + 1) < 0 ||
	    put_response(r, buffer_view(&c->data), view_of(signature, (size_t)longest), &out) < 0)
		return SIZE_MAX;
	return out.size;
}

int sign_job(struct credential *c, const struct message_sign *job, int64_t now, struct buffer *out,
	     struct sign_outcome *ret)
{
	*ret = (struct sign_outcome){.produced_at = now};
	struct responder *r = choice_of(c, job->algorithm, job->next_update, now);
	if (!r) /* P-37 */
		return fail(ret, SIGN_LATER,
			    choice_last(c, now) ? "its token cannot be used now"
						: "no signer's certificate is valid now");
	const char *refusal = admission_refusal(c, job, now);
	if (refusal)
		return fail(ret, SIGN_REFUSED, refusal);
	int64_t next_update = job->next_update, not_after = responder_not_after(r);
	if (next_update > not_after) /* P-27 */
		next_update = not_after;
	if (next_update <= now || next_update <= job->this_update)
		return fail(ret, SIGN_LATER, "nothing left of the answer's validity");
	if (write_data(c, r, job, now, next_update) < 0)
		return fail(ret, SIGN_REFUSED, "fields that no response may have");
	ret->next_update = next_update;
	if (!r->token)
		return sign_data(c, r, out, ret);
	ret->responder = r;
	ret->message = buffer_view(&c->data);
	return SIGN_ELSEWHERE;
}
