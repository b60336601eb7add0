/* Extensions ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }
 *
 * Those of a request and those of one of its CertIDs share a walk (P-13, P-14); what differs is
 * which extensions they know. An empty list is tolerated: Bouncy Castle's revocation checker sends
 * one where it has nothing to ask for. */
#include "ocsp/der.h"
#include "ocsp/oid.h"
#include "ocsp/request_parts.h"

struct extension {
	struct view oid;
	bool critical;
	struct view value; /* content of extnValue */
};

/* Takes what it knows of one extension. False: an extension unknown here. A malformed one fails
 * the cursor. */
typedef bool extension_reader(struct cursor *c, const struct extension *extension,
			      struct ocsp_request *request);

static struct extension read_extension(struct cursor *c)
{
	struct extension extension = {0};
	struct cursor fields = der_enter(c, DER_SEQUENCE);
	extension.oid = der_oid(&fields);
	if (der_peek(&fields) == DER_BOOLEAN) {
		extension.critical = der_boolean(&fields);
		if (!extension.critical) /* DER leaves a default out (P-5) */
			cursor_fail(&fields);
	}
	extension.value = der_take(&fields, DER_OCTET_STRING);
	der_leave(c, &fields);
	return extension;
}

static bool was_seen(const struct view *oids, unsigned count, struct view oid)
{
	for (unsigned i = 0; i < count; i++)
		if (view_equal(oids[i], oid))
			return true;
	return false;
}

/* The same extension twice, or more of them than anybody needs (P-14). */
static void note_extension(struct cursor *c, struct view oids[LIMIT_EXTENSIONS], unsigned *count,
			   struct view oid)
{
	if (*count == LIMIT_EXTENSIONS || was_seen(oids, *count, oid)) {
		cursor_fail(c);
		return;
	}
	oids[(*count)++] = oid;
}

static void read_extensions(struct cursor *c, uint8_t wrapper_tag, enum ocsp_critical critical,
			    extension_reader *reader, struct ocsp_request *request)
{
	struct cursor wrapper = der_enter(c, wrapper_tag);
	struct cursor list = der_enter(&wrapper, DER_SEQUENCE);
	struct view oids[LIMIT_EXTENSIONS];
	unsigned count = 0;
	while (list.rest.size > 0) {
		struct extension extension = read_extension(&list);
		note_extension(&list, oids, &count, extension.oid);
		bool known = !list.failed && reader(&list, &extension, request);
		if (!known && extension.critical && critical == OCSP_CRITICAL_REFUSE)
			cursor_fail(&list); /* P-13 */
	}
	der_leave(&wrapper, &list);
	der_leave(c, &wrapper);
}

/* Nonce ::= OCTET STRING (SIZE (1..128)), inside extnValue (P-16; RFC 9654, 2.1). RFC 2560 did not
 * say so, and clients after it put their octets straight into extnValue: a raw nonce, which the
 * issuer's configuration takes or refuses.
 *
 * What is exactly one OCTET STRING in DER is that and nothing else, so 04 00 is a nonce without
 * octets, not a raw one of two; random octets that look so by chance are echoed the same either way.
 * Everything else of 1 to 128 octets is raw, also what a laxer reader would take for an OCTET STRING
 * (a length that is not minimal, octets behind it, a constructed one): raw octets may begin with 04 as
 * well as with anything, and since they are echoed as they came, no reader finds another nonce in the
 * answer than in the question. */
static void read_nonce(struct cursor *c, struct view value, struct ocsp_request *request)
{
	struct cursor content = cursor_of(value);
	request->raw_nonce = !der_is(value, DER_OCTET_STRING);
	request->nonce = request->raw_nonce ? value : der_take(&content, DER_OCTET_STRING);
	request->has_nonce = true;
	if (request->nonce.size == 0 || request->nonce.size > LIMIT_NONCE)
		cursor_fail(c);
}

/* AcceptableResponses ::= SEQUENCE OF OBJECT IDENTIFIER; we make the basic type only (P-18). */
static void read_acceptable_responses(struct cursor *c, struct view value)
{
	struct cursor content = cursor_of(value);
	struct cursor types = der_enter(&content, DER_SEQUENCE);
	bool basic = false;
	while (types.rest.size > 0)
		basic |= view_equal(der_oid(&types), OID_OCSP_BASIC);
	if (!basic)
		cursor_fail(&types);
	der_leave(&content, &types);
	der_leave(c, &content);
}

/* The signature algorithm's OID of one preference: its first OID, one SEQUENCE deeper or not. The
 * RFC's text and its module disagree on what is around it (RFC 6960, 4.4.7.1 and appendix B). */
static struct view preferred_oid(struct cursor *preferences)
{
	struct cursor preference = der_enter(preferences, DER_SEQUENCE);
	if (der_peek(&preference) == DER_SEQUENCE)
		preference = der_enter(&preference, DER_SEQUENCE);
	struct cursor content = preference;
	return der_oid(&content).size > 0 ? der_take_whole(&preference, DER_OID) : (struct view){0};
}

/* A wish that we do not understand is no reason to refuse the question (P-17): what can be read
 * before the first surprise counts. */
static void read_preferred_algorithms(struct view value, struct ocsp_request *request)
{
	struct cursor content = cursor_of(value);
	struct cursor preferences = der_enter(&content, DER_SEQUENCE);
	while (preferences.rest.size > 0 && request->preferred_count < LIMIT_PREFERRED_ALGORITHMS) {
		struct view oid = preferred_oid(&preferences);
		if (oid.size > 0)
			request->preferred[request->preferred_count++] = oid;
	}
}

static bool request_extension(struct cursor *c, const struct extension *extension,
			      struct ocsp_request *request)
{
	if (view_equal(extension->oid, OID_OCSP_NONCE))
		read_nonce(c, extension->value, request);
	else if (view_equal(extension->oid, OID_OCSP_ACCEPTABLE_RESPONSES))
		read_acceptable_responses(c, extension->value);
	else if (view_equal(extension->oid, OID_OCSP_PREFERRED_ALGORITHMS))
		read_preferred_algorithms(extension->value, request);
	else
		return view_equal(extension->oid, OID_OCSP_SERVICE_LOCATOR);
	return true;
}

/* Known so that they may be critical, and ignored: the service locator, whose URL is never fetched
 * (P-18), and a nonce in the wrong place (P-16). */
static bool single_extension(struct cursor *c, const struct extension *extension,
			     struct ocsp_request *request)
{
	(void)c;
	(void)request;
	return view_equal(extension->oid, OID_OCSP_SERVICE_LOCATOR) ||
	       view_equal(extension->oid, OID_OCSP_NONCE);
}

void request_extensions_read(struct cursor *c, const struct ocsp_request_policy *policy,
			     struct ocsp_request *request)
{
	read_extensions(c, TAG_REQUEST_EXTENSIONS, policy->critical, request_extension, request);
}

void single_extensions_read(struct cursor *c, const struct ocsp_request_policy *policy)
{
	read_extensions(c, TAG_SINGLE_EXTENSIONS, policy->critical, single_extension, NULL);
}
