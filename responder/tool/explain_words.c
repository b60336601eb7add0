#include "tool/explain_words.h"

#include "base/hex.h"
#include "ocsp/certificate.h"
#include "tool/operand.h"

#include <openssl/evp.h>

#define SHA1_SIZE 20u

static void put_hex(struct buffer *out, struct view octets)
{
	char digits[2 * LIMIT_SERIAL + 1];
	hex_put(digits, octets);
	buffer_put_string(out, digits);
}

/* Most CAs make the key's identifier SHA-1 of the key, which a CertID has too; any other says nothing. */
static void put_hashes(struct buffer *out, const uint8_t *name, struct view key)
{
	put_hex(out, view_of(name, SHA1_SIZE));
	buffer_put_u8(out, ' ');
	if (key.size == SHA1_SIZE)
		put_hex(out, key);
	else
		buffer_put_u8(out, '-');
	buffer_put_u8(out, ' ');
}

static int written(const struct buffer *out, struct fault *fault)
{
	int result = buffer_result(out);
	return result < 0 ? fault_set(fault, result, "out of memory") : 0;
}

int explain_words_of_certificate(struct view der, struct buffer *out, struct fault *fault)
{
	struct certificate certificate;
	struct serial serial;
	uint8_t name[EVP_MAX_MD_SIZE];
	if (certificate_read(der, &certificate))
		return fault_set(fault, -EBADMSG, "not a readable certificate");
	if (operand_serial_octets(certificate.serial, &serial) < 0)
		return fault_set(fault, -EBADMSG,
				 "its serial number is negative or too long (P-6): nothing can be "
				 "recorded of it");
	if (EVP_Digest(certificate.issuer.data, certificate.issuer.size, name, NULL, EVP_sha1(),
		       NULL) != 1)
		return fault_set(fault, -EIO, "SHA-1 cannot be computed");
	buffer_put_string(out, "explain-issued ");
	put_hashes(out, name, certificate.authority_key_id);
	put_hex(out, serial_view(&serial));
	return written(out, fault);
}

/* It travels in one line. */
static bool is_name(struct view issuer)
{
	for (size_t i = 0; i < issuer.size; i++)
		if (issuer.data[i] < 0x20 || issuer.data[i] == 0x7f)
			return false;
	return issuer.size > 0 && issuer.size <= LIMIT_ISSUER_NAME;
}

int explain_words_of_serial(struct view issuer, struct view serial, struct buffer *out,
			    struct fault *fault)
{
	struct serial number;
	int result = operand_serial_pasted(serial, &number, fault);
	if (result < 0)
		return result;
	if (!is_name(issuer))
		return fault_set(fault, -EINVAL, "the issuer's name is empty or too long");
	buffer_put_string(out, "explain ");
	buffer_put_view(out, issuer);
	buffer_put_u8(out, ' ');
	put_hex(out, serial_view(&number));
	return written(out, fault);
}
