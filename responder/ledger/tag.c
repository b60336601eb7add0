#include "ledger/tag.h"

uint64_t tag_of(const struct siphash_key *key, int32_t issuer, struct view serial)
{
	uint8_t bytes[sizeof(issuer) + LIMIT_SERIAL];
	memcpy(bytes, &issuer, sizeof(issuer));
	memcpy(bytes + sizeof(issuer), serial.data, serial.size);
	return siphash(key, view_of(bytes, sizeof(issuer) + serial.size));
}
