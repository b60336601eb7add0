/* The answers that fuzz_ask_response starts from: one of each kind that `ask` tells apart. */
#pragma once

#include "../unit/client/forge.h"

#define ASK_ANSWERS 20u

/* CertHash of some certificate by SHA-256. */
static const uint8_t ask_cert_hash[] = {0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
					0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20, [48] = 7};

static inline struct forge_extension ask_extension(const char *oid, bool critical, const char *der,
						   size_t size)
{
	return (struct forge_extension){oid, critical, view_of(der, size)};
}

static inline struct forge_wish ask_answer(unsigned number)
{
	struct forge_wish wish = forge_usual();
	wish.by_ca = number & 1;
	switch (number) {
	case 2:
		wish.by_name = true;
		break;
	case 3:
		wish.status[1] = V_OCSP_CERTSTATUS_UNKNOWN;
		break;
	case 4:
		wish.next_update = TIME_NONE;
		break;
	case 5:
		wish.next_update = TIME_NONE;
		wish.nonce = false;
		break;
	case 6:
		wish.status[2] = V_OCSP_CERTSTATUS_GOOD;
		break;
	case 7:
		wish.status[2] = V_OCSP_CERTSTATUS_REVOKED;
		break;
	case 8:
		wish.single[0] = (struct forge_extension){
			"1.3.36.8.3.13", false, view_of(ask_cert_hash, sizeof(ask_cert_hash))};
		break;
	case 9: /* invalidityDate and archiveCutoff */
		wish.single[0] = ask_extension("2.5.29.24", false,
					       "\x18\x0f"
					       "20260101000000Z",
					       17);
		wish.single[1] = ask_extension("1.3.6.1.5.5.7.48.1.6", false,
					       "\x18\x0f"
					       "20200101000000Z",
					       17);
		break;
	case 10:
		wish.single[0] = ask_extension("1.2.3.4", true, "\5", 2);
		break;
	case 11:
		wish.single[0] = wish.single[1] = ask_extension("1.2.3.4", false, "\5", 2);
		break;
	case 12:
		wish.extensions[0] = ask_extension("1.3.6.1.5.5.7.48.1.9", false, "\5", 2);
		break;
	case 13:
		wish.extensions[0] = ask_extension("1.2.3.4", true, "\5", 2);
		break;
	case 14:
		wish.next_update = FORGE_NOW - 10;
		break;
	case 15:
		wish.this_update = FORGE_NOW + 10;
		break;
	case 16: /* what may be kept: one certificate, for everybody */
	case 17:
		wish.status[1] = FORGE_LEFT_OUT;
		wish.nonce = false;
		break;
	case 18:
	case 19:
		wish.status[0] = FORGE_LEFT_OUT;
		wish.nonce = false;
		wish.by_name = true;
		break;
	default:
		break;
	}
	return wish;
}
