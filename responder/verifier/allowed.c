#include "verifier/allowed.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/limits.h"

#define HASH_SIZE 32u
/* A subject in text. */
#define SUBJECT_MOST 4096

struct entry {
	bool is_hash;
	uint8_t hash[HASH_SIZE];
	char *subject;
};

struct allowed {
	size_t count;
	struct entry each[LIMIT_ALLOWED];
};

static bool parse_hash(struct view line, uint8_t *out)
{
	size_t size;
	return line.size >= 2 * (size_t)HASH_SIZE && hex_parse(line, HASH_SIZE, out, &size) == 0 &&
	       size == HASH_SIZE;
}

/* A subject has an equals sign; anything else that is no hash is a slip of the pen. 0 or -errno. */
static int add(struct allowed *allowed, struct view line)
{
	struct entry entry = {0};
	if (allowed->count == LIMIT_ALLOWED)
		return -E2BIG;
	entry.is_hash = parse_hash(line, entry.hash);
	if (!entry.is_hash) {
		if (!memchr(line.data, '=', line.size))
			return -EINVAL;
		entry.subject = strndup((const char *)line.data, line.size);
		if (!entry.subject)
			return -ENOMEM;
	}
	allowed->each[allowed->count++] = entry;
	return 0;
}

static bool is_blank(uint8_t octet)
{
	return octet == ' ' || octet == '\t' || octet == '\r';
}

static struct view trim(struct view text)
{
	while (text.size > 0 && is_blank(text.data[text.size - 1]))
		text.size--;
	while (text.size > 0 && is_blank(text.data[0]))
		text = view_of(text.data + 1, text.size - 1);
	return text;
}

static int read_lines(struct allowed *allowed, const char *path, struct view text,
		      struct fault *fault)
{
	for (unsigned number = 1; text.size > 0; number++) {
		const uint8_t *end = memchr(text.data, '\n', text.size);
		size_t size = end ? (size_t)(end - text.data) : text.size;
		struct view line = trim(view_of(text.data, size));
		size_t taken = end ? size + 1 : size;
		text = view_of(text.data + taken, text.size - taken);
		if (line.size == 0 || line.data[0] == '#')
			continue;
		int result = add(allowed, line);
		if (result == -E2BIG)
			return fault_set(fault, result, "%s:%u: more than %u requestors", path,
					 number, LIMIT_ALLOWED);
		if (result < 0)
			return fault_set(fault, result,
					 "%s:%u: neither the SHA-256 of a certificate nor a "
					 "subject such as CN=name,O=organization",
					 path, number);
	}
	return 0;
}

int allowed_load(const char *path, struct allowed **ret, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	cleanup(allowed_freep) struct allowed *allowed = calloc(1, sizeof(*allowed));
	if (!allowed)
		return fault_set(fault, -ENOMEM, "%s: out of memory", path);
	int result = file_read_pem(path, LIMIT_PEM_FILE, &text, fault);
	if (result == 0)
		result = read_lines(allowed, path, buffer_view(&text), fault);
	if (result == 0 && allowed->count == 0)
		result = fault_set(fault, -EINVAL, "%s: names nobody, so nobody could ask", path);
	if (result < 0)
		return result;
	*ret = allowed;
	allowed = NULL;
	return 0;
}

void allowed_free(struct allowed *allowed)
{
	if (!allowed)
		return;
	for (size_t i = 0; i < allowed->count; i++)
		free(allowed->each[i].subject);
	free(allowed);
}

/* Empty where it is too long, or not to be printed. */
static void print_subject(X509 *certificate, char out[SUBJECT_MOST])
{
	BIO *bio = BIO_new(BIO_s_mem());
	int size = -1;
	if (bio &&
	    X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0 &&
	    BIO_pending(bio) < SUBJECT_MOST)
		size = BIO_read(bio, out, SUBJECT_MOST - 1);
	out[size > 0 ? size : 0] = '\0';
	BIO_free(bio);
}

bool allowed_has(const struct allowed *allowed, X509 *certificate)
{
	char subject[SUBJECT_MOST];
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	print_subject(certificate, subject);
	if (X509_digest(certificate, EVP_sha256(), hash, &size) != 1 || size != HASH_SIZE)
		return false;
	for (size_t i = 0; i < allowed->count; i++) {
		const struct entry *entry = &allowed->each[i];
		if (entry->is_hash ? memcmp(entry->hash, hash, HASH_SIZE) == 0
				   : strcmp(entry->subject, subject) == 0)
			return true;
	}
	return false;
}
