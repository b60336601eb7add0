#include "ledger/public_names.h"

#include "ledger/issuers.h"
#include "ledger/question.h"
#include "ledger/state.h"

static uint64_t beginning_of(const uint8_t hash[static 8])
{
	uint64_t name = 0;
	for (unsigned i = 0; i < 8; i++)
		name = name << 8 | hash[i];
	return name ? name : 1; /* 0 is no name */
}

uint64_t public_name_of_issuer(const struct issuer *issuer)
{
	return issuer->readable ? beginning_of(issuer->identity) : 0;
}

uint64_t public_name_of_certificate(const struct issuer *issuer, struct view serial)
{
	uint8_t identity[OCSP_ISSUER_IDENTITY];
	if (!issuer->readable || ocsp_certificate_identity(&issuer->hashes, serial, identity) < 0)
		return 0;
	return beginning_of(identity);
}

struct public_name public_names_of(const struct ledger *l, const struct question *q)
{
	if (l->conf->server.cache_tag == CACHE_TAG_OFF || q->count != 1)
		return (struct public_name){0};
	return (struct public_name){
		.certificate = public_name_of_certificate(q->issuer, q->entries[0].certid.serial),
		.issuer = public_name_of_issuer(q->issuer),
	};
}
