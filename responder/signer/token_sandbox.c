#include "signer/token_sandbox.h"

#include "room/sandbox.h"

#include <libgen.h>
#include <limits.h>

/* Libraries and their settings, devices, daemons' sockets; where modules of vendors are installed. */
static const char *const read_paths[] = {"/usr", "/lib",  "/lib64", "/etc",
					 "/opt", "/proc", "/sys",   "/run"};
/* Where they keep their state; whose file is whose the system's permissions say. */
static const char *const written_paths[] = {"/dev", "/var/lib/softhsm", "/var/lib/pcscd",
					    "/opt/nfast", "/run/pcscd"};

static void add_folder_of(struct sandbox *needs, const char *file, bool writes)
{
	char path[PATH_MAX];
	if (!file || file[0] != '/' || strlen(file) >= sizeof(path))
		return;
	(void)snprintf(path, sizeof(path), "%s", file);
	(writes ? sandbox_writes : sandbox_reads)(needs, dirname(path));
}

/* "directories.tokendir = FOLDER" */
static void add_softhsm(struct sandbox *needs)
{
	char line[PATH_MAX], folder[PATH_MAX];
	const char *own = getenv("SOFTHSM2_CONF");
	FILE *file = fopen(own ? own : "/etc/softhsm/softhsm2.conf", "re");
	add_folder_of(needs, own, true);
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " directories.tokendir = %4095[^\n]", folder) == 1)
			sandbox_writes(needs, folder);
	if (file)
		(void)fclose(file);
}

int token_sandbox_enter(const struct conf_server *server, const struct token_key *keys,
			unsigned count, struct fault *fault)
{
	static struct sandbox needs; /* of a process that has no other */
	const struct conf conf = {.server = *server};
	sandbox_calls(&needs,
		      CALLS_FILES | CALLS_CONNECT | CALLS_JOURNAL | CALLS_SECRETS | CALLS_MODULE);
	for (size_t i = 0; i < array_size(read_paths); i++)
		sandbox_reads(&needs, read_paths[i]);
	for (size_t i = 0; i < array_size(written_paths); i++)
		sandbox_writes(&needs, written_paths[i]);
	add_softhsm(&needs);
	/* One token's keys have one module and one PIN. */
	if (count > 0) {
		add_folder_of(&needs, keys[0].address.module, false);
		if (keys[0].address.passphrase && keys[0].address.passphrase[0] == '/')
			sandbox_reads(&needs, keys[0].address.passphrase);
	}
	return sandbox_enter(&needs, &conf, fault);
}
