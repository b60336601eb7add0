#include "signer/passphrase.h"

#include "signer/terminal.h"

#include <fcntl.h>
#include <sys/stat.h>

void passphrase_wipe(struct passphrase *p)
{
	explicit_bzero(p, sizeof(*p));
}

/* Of whatever the file holds the first line. */
static int take_line(const char *path, ssize_t size, struct passphrase *p, struct fault *fault)
{
	size_t length = 0;
	while (length < (size_t)size && p->text[length] != '\n' && p->text[length] != '\0')
		length++;
	bool cut = length > VAULT_TEXT_MOST;
	if (length > 0 && p->text[length - 1] == '\r')
		length--;
	explicit_bzero(p->text + length, sizeof(p->text) - length);
	if (cut)
		return fault_set(fault, -EFBIG, "%s: a passphrase has at most %u octets", path,
				 VAULT_TEXT_MOST);
	if (length == 0)
		return fault_set(fault, -EINVAL,
				 "%s: its first line, the passphrase, is empty; write it there",
				 path);
	p->given = true;
	return 0;
}

/* No library buffers it anywhere. */
static int read_file(const char *path, struct passphrase *p, struct fault *fault)
{
	struct stat status;
	cleanup(descriptor_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t size = -1;
	if (fd >= 0 && fstat(fd, &status) == 0)
		size = read(fd, p->text, sizeof(p->text));
	if (size < 0)
		return fault_set(fault, -errno, "%s: %s; it should hold a key's passphrase", path,
				 strerror(errno));
	p->open_to_others = S_ISREG(status.st_mode) && (status.st_mode & S_IROTH);
	p->changed = (int64_t)status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec;
	return take_line(path, size, p, fault);
}

/* ---- what the vault holds ---- */

static void name_of(const char *source, const char *key, char *ret, size_t size)
{
	bool prompt = strcmp(source, CONF_PROMPT) == 0;
	(void)snprintf(ret, size, "%s%s%s", source, prompt ? " " : "", prompt ? key : "");
}

static bool is_credential(const char *source)
{
	return strncmp(source, CONF_CREDENTIAL, strlen(CONF_CREDENTIAL)) == 0;
}

static int read_vault(const char *source, const char *key, struct passphrase *p,
		      struct fault *fault)
{
	char name[4200];
	name_of(source, key, name, sizeof(name));
	p->given = vault_get(name, p->text) == 0;
	if (p->given)
		return 0;
	if (is_credential(source))
		return fault_set(fault, -ENOENT,
				 "%s: systemd has passed no such credential (or an empty one); add "
				 "LoadCredential= or LoadCredentialEncrypted= to the service",
				 source);
	return fault_set(fault, -ENOTTY,
			 "its passphrase is to be typed (prompt), but there was no terminal to ask "
			 "on; start it in the foreground, or give a file or a credential");
}

int passphrase_read(const char *source, const char *key, struct passphrase *ret,
		    struct fault *fault)
{
	struct passphrase p = {0};
	int result = 0;
	if (source && (is_credential(source) || strcmp(source, CONF_PROMPT) == 0))
		result = read_vault(source, key, &p, fault);
	else if (source)
		result = read_file(source, &p, fault);
	if (result == 0)
		*ret = p;
	passphrase_wipe(&p);
	return result;
}

/* ---- filling it ---- */

static int keep(const char *source, const char *key, const struct passphrase *p,
		struct fault *fault)
{
	char name[4200];
	name_of(source, key, name, sizeof(name));
	int result = vault_put(name, view_of(p->text, strlen(p->text)));
	if (result < 0)
		return fault_set(fault, result, "%s: cannot keep one more passphrase: %s", key,
				 strerror(-result));
	return 0;
}

static int collect_credential(const char *source, const char *key, struct fault *fault)
{
	struct passphrase p = {0};
	char path[4200];
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	(void)snprintf(path, sizeof(path), "%s/%s", folder ? folder : "",
		       source + strlen(CONF_CREDENTIAL));
	int result = folder && read_file(path, &p, NULL) == 0 ? keep(source, key, &p, fault) : 0;
	passphrase_wipe(&p);
	return result;
}

static int collect_prompt(const char *source, const char *key, bool ask, struct fault *fault)
{
	struct passphrase p = {0};
	char name[4200];
	name_of(source, key, name, sizeof(name));
	bool known = vault_get(name, p.text) == 0; /* typed before a reload */
	int result = 0;
	if (!known && ask && terminal_ask(key, p.text, sizeof(p.text)) == 0)
		result = keep(source, key, &p, fault);
	passphrase_wipe(&p);
	return result;
}

int passphrase_collect(const char *source, const char *key, bool ask, struct fault *fault)
{
	bool token = strncmp(key, CONF_PKCS11, strlen(CONF_PKCS11)) == 0;
	bool prompt = source && strcmp(source, CONF_PROMPT) == 0;
	bool credential = source && is_credential(source);
	if (!token && !prompt && !credential)
		return 0;
	int result = vault_make();
	if (result < 0)
		return fault_set(fault, result, "cannot make memory for passphrases: %s",
				 strerror(-result));
	if (prompt)
		return collect_prompt(source, key, ask, fault);
	return credential ? collect_credential(source, key, fault) : 0;
}

int passphrases_collect(const struct conf *conf, bool ask, struct fault *fault)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		for (unsigned k = 0; k < conf_signer_count(&conf->issuers[i]); k++) {
			struct conf_signer signer = conf_signer_at(&conf->issuers[i], k);
			int result = passphrase_collect(signer.key_passphrase_file, signer.key, ask,
							fault);
			if (result < 0)
				return result;
		}
	return 0;
}
