#include "ocsp/signature.h"

#include "ocsp/der.h"

#define TAG_VERSION DER_CONTEXT_CONSTRUCTED(0)
#define TAG_REQUESTOR DER_CONTEXT_CONSTRUCTED(1)
#define TAG_DIRECTORY_NAME DER_CONTEXT_CONSTRUCTED(4)
#define TAG_SIGNATURE DER_CONTEXT_CONSTRUCTED(0)
#define TAG_CERTIFICATES DER_CONTEXT_CONSTRUCTED(0)

static void read_requestor(struct cursor *c, struct ocsp_request_signature *ret)
{
	struct cursor whole = cursor_of(ret->tbs);
	struct cursor tbs = der_enter(&whole, DER_SEQUENCE);
	if (der_peek(&tbs) == TAG_VERSION)
		(void)der_any(&tbs);
	struct cursor wrapper = der_enter(&tbs, TAG_REQUESTOR);
	struct cursor name = der_enter(&wrapper, TAG_DIRECTORY_NAME);
	ret->requestor = der_take_whole(&name, DER_SEQUENCE);
	der_leave(&wrapper, &name);
	der_leave(c, &wrapper);
}

static void read_certificates(struct cursor *signature, struct ocsp_request_signature *ret)
{
	if (signature->rest.size == 0)
		return;
	struct cursor wrapper = der_enter(signature, TAG_CERTIFICATES);
	struct cursor list = der_enter(&wrapper, DER_SEQUENCE);
	while (list.rest.size > 0 && ret->count < LIMIT_REQUEST_CHAIN)
		ret->certificates[ret->count++] = der_take_whole(&list, DER_SEQUENCE);
	der_leave(&wrapper, &list);
	der_leave(signature, &wrapper);
}

static void read_signature(struct cursor *c, struct ocsp_request_signature *ret)
{
	struct cursor wrapper = der_enter(c, TAG_SIGNATURE);
	struct cursor signature = der_enter(&wrapper, DER_SEQUENCE);
	ret->algorithm = der_take_whole(&signature, DER_SEQUENCE);
	struct cursor bits = cursor_of(der_take(&signature, DER_BIT_STRING));
	if (cursor_u8(&bits) != 0)
		cursor_fail(&signature);
	ret->bits = bits.rest;
	read_certificates(&signature, ret);
	der_leave(&wrapper, &signature);
	der_leave(c, &wrapper);
}

int ocsp_request_signature(struct view der, struct ocsp_request_signature *ret)
{
	struct ocsp_request_signature parts = {0};
	struct cursor c = cursor_of(der);
	struct cursor fields = der_enter(&c, DER_SEQUENCE);
	parts.tbs = der_take_whole(&fields, DER_SEQUENCE);
	read_requestor(&fields, &parts);
	read_signature(&fields, &parts);
	der_leave(&c, &fields);
	if (cursor_end(&c) < 0)
		return OCSP_MALFORMED;
	*ret = parts;
	return 0;
}
