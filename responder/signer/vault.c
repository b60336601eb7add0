#include "signer/vault.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MARK UINT64_C(0x7661756c74310a00)
#define PASSPHRASES_MOST 64u
/* PINs that were tried. Where there are more the oldest is forgotten. */
#define PINS_MOST 128u
#define HASH_SIZE 32u

struct passphrase {
	uint8_t name[HASH_SIZE]; /* of zeros: free */
	uint8_t size;
	char text[VAULT_TEXT_MOST];
};

enum pin_state { PIN_FREE, PIN_NEW, PIN_TAKEN, PIN_REFUSED };
/* How many may begin to try a new PIN and not live to tell what came of it. */
#define LOST_MOST 2u

struct pin {
	uint8_t hash[HASH_SIZE];
	uint32_t state, lost;
};

struct content {
	uint64_t mark;
	uint8_t salt[HASH_SIZE];
	uint32_t next_pin;
	struct pin pins[PINS_MOST];
	struct passphrase passphrases[PASSPHRASES_MOST];
};

static struct {
	int fd; /* plus 1 */
	struct content *content;
} vault;

/* Nobody who has the descriptor can make the memory shorter below another's feet. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int map(int fd)
{
	void *at = mmap(NULL, sizeof(*vault.content), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	/* A limit on locked memory is no reason to answer nobody; it is said by who looks for it. */
	(void)mlock(at, sizeof(*vault.content));
	(void)madvise(at, sizeof(*vault.content), MADV_DONTDUMP);
	vault.content = at;
	vault.fd = fd + 1;
	return 0;
}

int vault_make(void)
{
	if (vault.content)
		return 0;
	cleanup(descriptor_closep) int fd =
		memfd_create("stillgood.vault", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, sizeof(*vault.content)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	int result = map(fd);
	if (result < 0)
		return result;
	fd = -1;
	struct content *content = vault.content;
	if (!content || RAND_bytes(content->salt, HASH_SIZE) != 1) {
		vault_close();
		return -EIO;
	}
	content->mark = MARK;
	return 0;
}

void vault_adopt(int fd)
{
	struct stat status;
	if (vault.content || fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &status) < 0 ||
	    status.st_size != (off_t)sizeof(*vault.content) || map(fd) < 0)
		return;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (vault.content && vault.content->mark != MARK)
		vault_close();
}

int vault_descriptor(void)
{
	return vault.fd - 1;
}

void vault_wipe(void)
{
	if (vault.content)
		explicit_bzero(vault.content, sizeof(*vault.content));
	vault_close();
}

void vault_close(void)
{
	if (!vault.content)
		return;
	(void)munmap(vault.content, sizeof(*vault.content));
	close(vault.fd - 1);
	vault.content = NULL;
	vault.fd = 0;
}

/* Salted; false: the library refuses. */
static bool hash(const char *name, struct view secret, uint8_t ret[HASH_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context && EVP_DigestInit_ex2(context, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(context, vault.content->salt, HASH_SIZE) == 1 &&
		    EVP_DigestUpdate(context, name, strlen(name) + 1) == 1 &&
		    EVP_DigestUpdate(context, secret.data, secret.size) == 1 &&
		    EVP_DigestFinal_ex(context, ret, NULL) == 1;
	EVP_MD_CTX_free(context);
	return done;
}

/* ---- passphrases ---- */

static bool is_free(const struct passphrase *p)
{
	static const uint8_t zeros[HASH_SIZE];
	return memcmp(p->name, zeros, HASH_SIZE) == 0;
}

static struct passphrase *find(const uint8_t name[HASH_SIZE])
{
	for (unsigned i = 0; i < PASSPHRASES_MOST; i++)
		if (memcmp(vault.content->passphrases[i].name, name, HASH_SIZE) == 0)
			return &vault.content->passphrases[i];
	return NULL;
}

static struct passphrase *find_free(void)
{
	for (unsigned i = 0; i < PASSPHRASES_MOST; i++)
		if (is_free(&vault.content->passphrases[i]))
			return &vault.content->passphrases[i];
	return NULL;
}

int vault_put(const char *name, struct view text)
{
	uint8_t key[HASH_SIZE];
	if (!vault.content)
		return -ENOTSUP;
	if (text.size > VAULT_TEXT_MOST || !hash(name, (struct view){0}, key))
		return -EINVAL;
	struct passphrase *place = find(key);
	if (!place)
		place = find_free();
	if (!place)
		return -ENOSPC;
	memcpy(place->name, key, HASH_SIZE);
	explicit_bzero(place->text, sizeof(place->text));
	if (text.size)
		memcpy(place->text, text.data, text.size);
	place->size = (uint8_t)text.size;
	return 0;
}

int vault_get(const char *name, char ret[VAULT_TEXT_MOST + 1])
{
	uint8_t key[HASH_SIZE];
	if (!vault.content || !hash(name, (struct view){0}, key))
		return -ENOENT;
	const struct passphrase *place = find(key);
	if (!place)
		return -ENOENT;
	memcpy(ret, place->text, place->size);
	ret[place->size] = '\0';
	return 0;
}

/* ---- PINs ---- */

/* A record lock: it ends with its process, however that ends. */
static int lock(short type)
{
	struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
	int result;
	do
		result = fcntl(vault.fd - 1, F_SETLKW, &whole);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

static struct pin *find_pin(const uint8_t key[HASH_SIZE])
{
	for (unsigned i = 0; i < PINS_MOST; i++)
		if (vault.content->pins[i].state != PIN_FREE &&
		    memcmp(vault.content->pins[i].hash, key, HASH_SIZE) == 0)
			return &vault.content->pins[i];
	return NULL;
}

static struct pin *add_pin(const uint8_t key[HASH_SIZE])
{
	struct pin *pin = &vault.content->pins[vault.content->next_pin++ % PINS_MOST];
	memcpy(pin->hash, key, HASH_SIZE);
	pin->state = PIN_NEW;
	pin->lost = 0;
	return pin;
}

int vault_pin_try(const char *token, struct view secret)
{
	uint8_t key[HASH_SIZE];
	if (!vault.content)
		return 0; /* a command, by hand: once */
	if (!hash(token, secret, key))
		return -EIO;
	int result = lock(F_WRLCK);
	if (result < 0)
		return result;
	struct pin *pin = find_pin(key);
	if (!pin)
		pin = add_pin(key);
	if (pin->state == PIN_REFUSED || (pin->state == PIN_NEW && pin->lost == LOST_MOST)) {
		(void)lock(F_UNLCK);
		return -EKEYREJECTED;
	}
	pin->lost++; /* unless it is told */
	return 0;
}

void vault_pin_tried(const char *token, struct view secret, enum pin_result result)
{
	uint8_t key[HASH_SIZE];
	struct pin *pin = vault.content && hash(token, secret, key) ? find_pin(key) : NULL;
	if (pin && pin->lost > 0)
		pin->lost--;
	if (pin && result != PIN_UNTOLD)
		pin->state = result == PIN_WRONG ? PIN_REFUSED : PIN_TAKEN;
	if (vault.content)
		(void)lock(F_UNLCK);
}
