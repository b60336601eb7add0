#include "cli/import_proof.h"

#include "base/hex.h"
#include "tool/certinput.h"
#include "tool/operand.h"

#include <inttypes.h>
#include <stdio.h>

/* While nothing is found, so many lines are tried; then each that is twice as far. */
#define LINES_TRIED 1024

void import_proof_init(struct import_proof *proof, const char *index,
		       const struct registry *registry, const struct registered *issuer)
{
	const char *slash = strrchr(index, '/');
	*proof = (struct import_proof){.registry = registry, .issuer = issuer};
	(void)snprintf(proof->folder, sizeof(proof->folder), "%.*s",
		       slash ? (int)(slash - index) + 1 : 0, index);
}

static bool is_of_interest(const struct import_proof *proof)
{
	uint64_t n = proof->lines;
	return n <= 4 || (n & (n - 1)) == 0 ||
	       (n <= LINES_TRIED && proof->proven + proof->contradicted == 0);
}

static void contradict(struct import_proof *proof, const struct certificate *certificate,
		       const char *path, uint64_t line, const struct fault *why)
{
	const struct registered *other = NULL;
	if (proof->contradicted++)
		return;
	if (registry_issuer_of(proof->registry, NULL, certificate, &other, NULL) == 0)
		(void)fault_set(&proof->contradiction, 0,
				"%s, the certificate of line %" PRIu64
				", was issued by \"%s\", not by \"%s\"",
				path, line, other->record.name, proof->issuer->record.name);
	else
		(void)fault_set(&proof->contradiction, 0,
				"%s, the certificate of line %" PRIu64 ": %s", path, line,
				why->text);
}

/* true: this file is the certificate of that line, whatever it proves. */
static bool look_at(struct import_proof *proof, const char *path, const struct serial *serial,
		    uint64_t line)
{
	cleanup(certinput_closep) struct certinput *file = NULL;
	const struct registered *issuer = NULL;
	struct certificate certificate;
	struct serial found;
	struct view der = {0};
	unsigned at = 0;
	struct fault why = {""};
	if (certinput_open(path, &file, NULL) || certinput_next(file, &der, &at, NULL) ||
	    certificate_read(der, &certificate) ||
	    operand_serial_octets(certificate.serial, &found) < 0 ||
	    !view_equal(serial_view(&found), serial_view(serial)))
		return false;
	if (registry_issuer_of(proof->registry, proof->issuer, &certificate, &issuer, &why) == 0)
		proof->proven++;
	else
		contradict(proof, &certificate, path, line, &why);
	return true;
}

void import_proof_line(struct import_proof *proof, const struct serial *serial, uint64_t line)
{
	static const char *const folders[] = {"newcerts/", "certs/", ""};
	char hex[2 * LIMIT_SERIAL + 1], path[4400];
	struct view octets = serial_view(serial);
	proof->lines++;
	if (!is_of_interest(proof))
		return;
	if (octets.size > 1 && octets.data[0] == 0) /* OpenSSL's names have no sign octet */
		octets = view_of(octets.data + 1, octets.size - 1);
	hex_put(hex, octets);
	for (size_t i = 0; i < array_size(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s%s.pem", proof->folder, folders[i], hex);
		if (look_at(proof, path, serial, line))
			return;
	}
}
