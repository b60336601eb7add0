/* OCSPResponse ::= SEQUENCE { ENUMERATED, [0] SEQUENCE { id-pkix-ocsp-basic, OCTET STRING {
 *     BasicOCSPResponse ::= SEQUENCE {
 *         ResponseData SEQUENCE { ResponderID, producedAt, SEQUENCE OF SingleResponse, [1] Extensions },
 *         AlgorithmIdentifier, BIT STRING, [0] SEQUENCE OF Certificate } } } }
 *
 * SingleResponse ::= SEQUENCE { CertID, CertStatus, thisUpdate, [0] nextUpdate, [1] Extensions } */
#include "ocsp/answer.h"

#include "base/timetext.h"
#include "ocsp/der.h"
#include "ocsp/oid.h"
#include "ocsp/request_parts.h"

#include <errno.h>

#define TAG_GOOD DER_CONTEXT(0)
#define TAG_REVOKED DER_CONTEXT_CONSTRUCTED(1)
#define TAG_UNKNOWN DER_CONTEXT(2)

/* What is understood but not wanted is noted, so that it can be named. */
struct reading {
	struct ocsp_said said;
	bool successful, nonce, critical;
	unsigned count; /* of certificates */
};

static int64_t read_time(struct cursor *c)
{
	int64_t seconds = 0;
	if (time_parse_generalized(der_take(c, DER_GENERALIZED_TIME), &seconds) < 0)
		cursor_fail(c);
	return seconds;
}

/* ---- extensions ---- */

static bool is_understood(struct view oid)
{
	return view_equal(oid, OID_OCSP_NONCE) || view_equal(oid, OID_OCSP_EXTENDED_REVOKE) ||
	       view_equal(oid, OID_OCSP_CRL) || view_equal(oid, OID_OCSP_ARCHIVE_CUTOFF) ||
	       view_equal(oid, OID_OCSP_SCT_LIST) || view_equal(oid, OID_CERT_HASH) ||
	       view_equal(oid, OID_INVALIDITY_DATE);
}

static void read_extension(struct cursor *list, struct reading *reading)
{
	struct cursor fields = der_enter(list, DER_SEQUENCE);
	struct view oid = der_oid(&fields);
	bool critical = der_peek(&fields) == DER_BOOLEAN && der_boolean(&fields);
	struct cursor value = cursor_of(der_take(&fields, DER_OCTET_STRING));
	der_leave(list, &fields);
	reading->nonce = reading->nonce || view_equal(oid, OID_OCSP_NONCE);
	reading->critical = reading->critical || (critical && !is_understood(oid));
	if (!view_equal(oid, OID_INVALIDITY_DATE) || list->failed)
		return;
	reading->said.says.invalidity_at = read_time(&value);
	der_leave(list, &value);
}

static void read_extensions(struct cursor *c, struct reading *reading)
{
	if (der_peek(c) != DER_CONTEXT_CONSTRUCTED(1))
		return;
	struct cursor wrapper = der_enter(c, DER_CONTEXT_CONSTRUCTED(1));
	struct cursor list = der_enter(&wrapper, DER_SEQUENCE);
	while (list.rest.size > 0)
		read_extension(&list, reading);
	der_leave(&wrapper, &list);
	der_leave(c, &wrapper);
}

/* ---- one certificate ---- */

static enum revocation_reason read_reason(struct cursor *fields)
{
	struct cursor wrapper = der_enter(fields, DER_CONTEXT_CONSTRUCTED(0));
	struct view octets = der_take(&wrapper, DER_ENUMERATED);
	der_leave(fields, &wrapper);
	if (octets.size != 1 || !reason_name((enum revocation_reason)octets.data[0])) {
		cursor_fail(fields);
		return REASON_NONE;
	}
	return (enum revocation_reason)octets.data[0];
}

static void read_revoked(struct cursor *c, struct ocsp_cert_status *says)
{
	struct cursor fields = der_enter(c, TAG_REVOKED);
	says->status = OCSP_REVOKED;
	says->revoked_at = read_time(&fields);
	if (der_peek(&fields) == DER_CONTEXT_CONSTRUCTED(0))
		says->reason = read_reason(&fields);
	der_leave(c, &fields);
}

static void read_status(struct cursor *c, struct ocsp_cert_status *says)
{
	uint8_t tag = der_peek(c);
	*says = (struct ocsp_cert_status){
		.revoked_at = TIME_NONE, .reason = REASON_NONE, .invalidity_at = TIME_NONE};
	if (tag == TAG_REVOKED) {
		read_revoked(c, says);
		return;
	}
	says->status = tag == TAG_GOOD ? OCSP_GOOD : OCSP_UNKNOWN;
	if (der_take(c, tag == TAG_GOOD ? TAG_GOOD : TAG_UNKNOWN).size > 0)
		cursor_fail(c); /* it is a NULL */
}

static int64_t read_next_update(struct cursor *fields)
{
	if (der_peek(fields) != DER_CONTEXT_CONSTRUCTED(0))
		return TIME_NONE;
	struct cursor wrapper = der_enter(fields, DER_CONTEXT_CONSTRUCTED(0));
	int64_t seconds = read_time(&wrapper);
	der_leave(fields, &wrapper);
	return seconds;
}

static void read_single(struct cursor *list, struct reading *reading)
{
	struct ocsp_said *said = &reading->said;
	struct cursor fields = der_enter(list, DER_SEQUENCE);
	certid_read(&fields, &said->certid);
	read_status(&fields, &said->says);
	said->this_update = read_time(&fields);
	said->next_update = read_next_update(&fields);
	read_extensions(&fields, reading);
	der_leave(list, &fields);
	reading->count++;
}

/* ---- the whole ---- */

/* byName [1] or byKey [2], both explicit. */
static void read_responder(struct cursor *data)
{
	uint8_t tag = der_peek(data);
	bool named = tag == DER_CONTEXT_CONSTRUCTED(1);
	struct cursor id = der_enter(data, named ? tag : DER_CONTEXT_CONSTRUCTED(2));
	(void)der_take(&id, named ? DER_SEQUENCE : DER_OCTET_STRING);
	der_leave(data, &id);
}

/* Version 1 is left out in DER: what stands there is another one, and no ResponderID (P-24). */
static void read_data(struct cursor *basic, struct reading *reading)
{
	struct cursor data = der_enter(basic, DER_SEQUENCE);
	read_responder(&data);
	reading->said.produced_at = read_time(&data);
	struct cursor list = der_enter(&data, DER_SEQUENCE);
	while (list.rest.size > 0 && reading->count < LIMIT_CERTIDS)
		read_single(&list, reading);
	der_leave(&data, &list);
	read_extensions(&data, reading);
	der_leave(basic, &data);
}

static void read_basic(struct cursor *whole, struct reading *reading)
{
	struct cursor c = cursor_of(reading->said.basic);
	struct cursor basic = der_enter(&c, DER_SEQUENCE);
	read_data(&basic, reading);
	(void)der_take(&basic, DER_SEQUENCE);
	(void)der_take(&basic, DER_BIT_STRING);
	if (der_peek(&basic) == DER_CONTEXT_CONSTRUCTED(0))
		(void)der_take(&basic, DER_CONTEXT_CONSTRUCTED(0));
	der_leave(&c, &basic);
	der_leave(whole, &c);
}

static void read_wrapper(struct cursor *response, struct reading *reading)
{
	struct cursor wrapper = der_enter(response, DER_CONTEXT_CONSTRUCTED(0));
	struct cursor bytes = der_enter(&wrapper, DER_SEQUENCE);
	if (!view_equal(der_oid(&bytes), OID_OCSP_BASIC))
		cursor_fail(&bytes);
	reading->said.basic = der_take(&bytes, DER_OCTET_STRING);
	der_leave(&wrapper, &bytes);
	der_leave(response, &wrapper);
}

/* False: not DER. */
static bool read_response(struct view der, struct reading *reading)
{
	struct cursor c = cursor_of(der);
	struct cursor response = der_enter(&c, DER_SEQUENCE);
	struct view status = der_take(&response, DER_ENUMERATED);
	reading->successful = status.size == 1 && status.data[0] == OCSP_SUCCESSFUL;
	if (reading->successful) {
		read_wrapper(&response, reading);
		if (!response.failed)
			read_basic(&response, reading);
	}
	der_leave(&c, &response);
	return cursor_end(&c) == 0;
}

static const char *unfit(const struct reading *reading)
{
	const struct ocsp_said *said = &reading->said;
	if (!reading->successful)
		return "it is the answer of a responder that could not answer";
	if (reading->count != 1)
		return "it is not about one certificate alone";
	if (reading->nonce)
		return "it has a nonce, so that it is for one client alone";
	if (reading->critical)
		return "it has a critical extension that is not understood";
	if (said->next_update == TIME_NONE)
		return "it does not say until when it is true (nextUpdate)";
	if (said->next_update <= said->this_update || said->produced_at < said->this_update)
		return "its times contradict each other";
	return NULL;
}

int ocsp_said_read(struct view der, struct ocsp_said *ret, struct fault *fault)
{
	struct reading reading = {0};
	const char *why = "it is not an OCSP answer in DER";
	if (der.size <= LIMIT_RESPONSE && read_response(der, &reading))
		why = unfit(&reading);
	if (why)
		return fault_set(fault, OCSP_ANSWER_UNFIT, "%s", why);
	*ret = reading.said;
	return 0;
}

int ocsp_said_timely(const struct ocsp_said *said, int64_t now, int64_t skew, struct fault *fault)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (said->next_update <= now) {
		time_put_iso(text, said->next_update);
		return fault_set(fault, OCSP_ANSWER_UNFIT, "it has ended (nextUpdate %s)", text);
	}
	int64_t since =
		said->produced_at > said->this_update ? said->produced_at : said->this_update;
	if (since <= now + skew)
		return 0;
	time_put_iso(text, since);
	return fault_set(fault, OCSP_ANSWER_UNFIT, "it is from the future (%s)", text);
}
