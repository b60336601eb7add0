#include "signer/key.h"

#include "base/file.h"

#include <sys/stat.h>

static bool is_pem(struct view bytes)
{
	static const char mark[] = "-----BEGIN";
	return bytes.size > 0 && memmem(bytes.data, bytes.size, mark, sizeof(mark) - 1) != NULL;
}

/* DER: a SEQUENCE whose first member is a small INTEGER; a private key's is 0 or 1, PKCS #12's 3. */
static bool is_pkcs12(struct view bytes)
{
	size_t head = bytes.size > 1 && (bytes.data[1] & 0x80) ? 2u + (bytes.data[1] & 0x7f) : 2u;
	return bytes.size > head + 3 && bytes.data[0] == 0x30 && bytes.data[head] == 0x02 &&
	       bytes.data[head + 1] == 0x01 && bytes.data[head + 2] == 0x03;
}

/* What a file holds says what it is, whatever it is called. The last one takes the rest. */
static const struct {
	bool (*is)(struct view bytes);
	int (*read)(const struct key_text *text, struct key *ret, struct fault *fault);
} forms[] = {{is_pem, key_read_pem}, {is_pkcs12, key_read_pkcs12}, {NULL, key_read_pem}};

static int read_form(const struct key_text *text, struct key *ret, struct fault *fault)
{
	size_t i = 0;
	while (forms[i].is && !forms[i].is(text->bytes))
		i++;
	return forms[i].read(text, ret, fault);
}

static void secret_deinit(struct buffer *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	buffer_deinit(b);
}

static int load(const struct conf_signer *signer, const struct passphrase *passphrase,
		struct key *ret, struct fault *fault)
{
	cleanup(secret_deinit) struct buffer bytes = {0};
	struct stat status;
	/* One allocation that never moves, so that wiping it wipes all. */
	if (stat(signer->key, &status) == 0 && status.st_size < (off_t)LIMIT_PEM_FILE)
		(void)buffer_reserve(&bytes, (size_t)status.st_size + (size_t)2 * 65536);
	int result = file_read_pem(signer->key, LIMIT_PEM_FILE, &bytes, fault);
	if (result < 0)
		return result;
	struct key_text text = {signer->key, buffer_view(&bytes), passphrase};
	result = read_form(&text, ret, fault);
	if (stat(signer->key, &status) == 0 && (status.st_mode & S_IROTH))
		ret->open_path = signer->key;
	else if (passphrase->open_to_others)
		ret->open_path = signer->key_passphrase_file;
	return result;
}

static int read_passphrase(const struct conf_signer *signer, struct passphrase *ret,
			   struct fault *fault)
{
	struct fault inner = {""};
	int result = passphrase_read(signer->key_passphrase_file, signer->key, ret, &inner);
	return result < 0 ? fault_set(fault, result, "%s: %.800s", signer->key, inner.text) : 0;
}

int key_load(const struct conf_signer *signer, struct key *ret, struct fault *fault)
{
	cleanup(passphrase_wipe) struct passphrase passphrase = {0};
	struct key key = {0};
	int result = read_passphrase(signer, &passphrase, fault);
	if (result == 0)
		result = load(signer, &passphrase, &key, fault);
	if (result < 0)
		key_deinit(&key);
	else
		*ret = key;
	return result;
}

void key_deinit(struct key *key)
{
	EVP_PKEY_free(key->pkey);
	certfile_deinit(&key->certificate);
	*key = (struct key){0};
}
