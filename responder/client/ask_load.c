/* What is asked about: certificates from files and standard input, serial numbers, and their issuer.
 * A file may hold more than one certificate, such as a chain: those count that the CA issued, and
 * which CA that is, of several in its file, the first certificate says. */
#include "base/hex.h"
#include "client/asking.h"
#include "tool/certinput.h"
#include "tool/operand.h"
#include "tool/output.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/mman.h>

/* More than the CA certificates of a system. */
#define FILE_CERTIFICATES_MOST 1000
#define STANDARD_INPUT_MOST (4u << 20)

struct loaded {
	const char *name; /* of the file, for people */
	STACK_OF(X509) * certificates;
	unsigned lines[FILE_CERTIFICATES_MOST];
};

static void loaded_deinit(struct loaded *loaded)
{
	sk_X509_pop_free(loaded->certificates, X509_free);
}

/* ---- files ---- */

/* Standard input can be read once and not be rewound, as a file is: a copy in memory can. */
static int open_standard_input(struct certinput **ret, struct fault *fault)
{
	char path[40], bytes[16384];
	cleanup(descriptor_closep) int copy = memfd_create("certificate", MFD_CLOEXEC);
	ssize_t got = copy < 0 ? -1 : 0;
	size_t size = 0;
	while (copy >= 0 && (got = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
		size += (size_t)got;
		if (size > STANDARD_INPUT_MOST)
			return fault_set(fault, -EFBIG, "standard input: too long");
		if (write(copy, bytes, (size_t)got) != got)
			return fault_set(fault, -EIO, "standard input: out of memory");
	}
	if (got < 0)
		return fault_set(fault, -errno, "standard input: %s", strerror(errno));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
	return certinput_open(path, ret, fault);
}

static int open_input(const char *path, struct certinput **ret, struct fault *fault)
{
	return strcmp(path, "-") == 0 ? open_standard_input(ret, fault)
				      : certinput_open(path, ret, fault);
}

/* The copy's path means nothing to anybody. */
static int blame_standard_input(int result, struct fault *fault)
{
	static const char copy[] = "/proc/self/fd/";
	struct fault said = *fault;
	size_t size = strlen(copy);
	if (result >= 0 || strncmp(said.text, copy, size) != 0)
		return result;
	size += strspn(said.text + size, "0123456789");
	return fault_set(fault, result, "standard input%s", said.text + size);
}

static const char *input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int push(struct loaded *loaded, struct view der, const char *where, struct fault *fault)
{
	const unsigned char *p = der.data;
	X509 *certificate = d2i_X509(NULL, &p, (long)der.size);
	ERR_clear_error();
	if (!certificate)
		return fault_set(fault, -EBADMSG, "%s: not a readable certificate", where);
	if (sk_X509_push(loaded->certificates, certificate) <= 0) {
		X509_free(certificate);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	return 0;
}

static int take(void *context, struct view der, unsigned line, unsigned number, struct fault *fault)
{
	struct loaded *loaded = context;
	char where[CERTINPUT_PLACE_SIZE];
	if (number == FILE_CERTIFICATES_MOST)
		return fault_set(fault, -EFBIG, "%s: holds more than %d certificates", loaded->name,
				 FILE_CERTIFICATES_MOST);
	certinput_place(where, sizeof(where), loaded->name, line);
	loaded->lines[number] = line;
	return push(loaded, der, where, fault);
}

static int load(const char *path, struct loaded *ret, struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *file = NULL;
	ret->name = input_name(path);
	ret->certificates = sk_X509_new_null();
	if (!ret->certificates)
		return fault_set(fault, -ENOMEM, "out of memory");
	int result = open_input(path, &file, fault);
	if (result == 0)
		result = certinput_each(file, take, ret, fault);
	return blame_standard_input(result, fault);
}

/* ---- issuers ---- */

static bool is_issued_by(X509 *certificate, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	bool named = X509_NAME_cmp(X509_get_issuer_name(certificate),
				   X509_get_subject_name(issuer)) == 0;
	bool issued = named && key && X509_verify(certificate, key) == 1;
	ERR_clear_error();
	return issued;
}

static X509 *find_issuer(const STACK_OF(X509) * issuers, X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(issuers); i++)
		if (is_issued_by(certificate, sk_X509_value(issuers, i)))
			return sk_X509_value(issuers, i);
	return NULL;
}

/* Only a certificate says which of several is meant. */
static int issuer_of_serials(const struct asking *asking, const STACK_OF(X509) * issuers,
			     X509 **ret, struct fault *fault)
{
	if (sk_X509_num(issuers) > 1)
		return fault_set(fault, -EINVAL,
				 "%s: holds several certificates, and nothing says which CA is "
				 "meant",
				 input_name(asking->wish->issuer));
	*ret = sk_X509_value(issuers, 0);
	return 0;
}

/* ---- what is asked ---- */

static int add_asked(struct asking *asking, X509 *certificate, ASN1_INTEGER *serial,
		     const char *name, struct fault *fault)
{
	struct ocsp_question *question = &asking->question;
	if (question->count == LIMIT_CERTIDS)
		return fault_set(fault, STATUS_USAGE,
				 "ask: too many certificates for one request: at most %d",
				 LIMIT_CERTIDS);
	asking->names[question->count] = strdup(name);
	if (!asking->names[question->count])
		return fault_set(fault, -ENOMEM, "out of memory");
	if (certificate)
		(void)X509_up_ref(certificate);
	question->certificates[question->count] = certificate;
	question->serials[question->count++] = serial;
	return 0;
}

/* In a file of several only those that the CA issued are asked about, and no root. */
static int add_file(struct asking *asking, const char *path, const STACK_OF(X509) * issuers,
		    struct fault *fault)
{
	cleanup(loaded_deinit) struct loaded loaded = {0};
	struct ocsp_question *question = &asking->question;
	unsigned before = question->count;
	int result = load(path, &loaded, fault), count = sk_X509_num(loaded.certificates);
	for (int i = 0; result == 0 && i < count; i++) {
		char where[CERTINPUT_PLACE_SIZE];
		X509 *certificate = sk_X509_value(loaded.certificates, i);
		if (count > 1 && X509_self_signed(certificate, 0) == 1) /* a root of a chain */
			continue;
		if (!question->issuer && (question->issuer = find_issuer(issuers, certificate)))
			(void)X509_up_ref(question->issuer);
		if (!question->issuer || !is_issued_by(certificate, question->issuer))
			continue;
		certinput_place(where, sizeof(where), loaded.name, count > 1 ? loaded.lines[i] : 0);
		result = add_asked(asking, certificate, NULL, where, fault);
	}
	if (result || question->count > before)
		return result;
	return fault_set(fault, -EINVAL, "%s: %s issued by the CA of %s", loaded.name,
			 count > 1 ? "holds no certificate that was" : "not",
			 input_name(asking->wish->issuer));
}

static void bignum_freep(BIGNUM **number)
{
	BN_free(*number);
}

static int add_serial(struct asking *asking, struct view text, struct fault *fault)
{
	char hex[2 * LIMIT_SERIAL + 1], name[sizeof(hex) + 8];
	struct serial serial;
	struct fault why;
	if (operand_serial_pasted(text, &serial, &why) < 0)
		return fault_set(fault, -EINVAL, "--serial %s", why.text);
	cleanup(bignum_freep) BIGNUM *number = BN_bin2bn(serial.octets, serial.size, NULL);
	ASN1_INTEGER *integer = number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
	if (!integer)
		return fault_set(fault, -ENOMEM, "out of memory");
	hex_put(hex, serial_view(&serial));
	(void)snprintf(name, sizeof(name), "serial %s", hex);
	int result = add_asked(asking, NULL, integer, name, fault);
	if (result)
		ASN1_INTEGER_free(integer);
	return result;
}

/* --serial 0A:BC,0A:BD */
static int add_serials(struct asking *asking, const char *list, struct fault *fault)
{
	int result = 0;
	for (size_t size; result == 0; list += size + 1) {
		size = strcspn(list, ",");
		result = add_serial(asking, view_of(list, size), fault);
		if (list[size] == '\0')
			break;
	}
	return result;
}

int ask_load(struct asking *asking, struct fault *fault)
{
	cleanup(loaded_deinit) struct loaded issuers = {0};
	const struct ask_wish *wish = asking->wish;
	struct ocsp_question *question = &asking->question;
	int result = load(wish->issuer, &issuers, fault);
	for (int i = 0; result == 0 && i < wish->path_count; i++)
		result = add_file(asking, wish->paths[i], issuers.certificates, fault);
	if (result || !wish->serials)
		return result;
	if (!question->issuer) {
		result = issuer_of_serials(asking, issuers.certificates, &question->issuer, fault);
		if (result)
			return result;
		(void)X509_up_ref(question->issuer);
	}
	return add_serials(asking, wish->serials, fault);
}
