#include "warden/kind.h"

#include "base/result.h"

static const struct {
	const char *name;
	bool numbered;
	unsigned indices;
	enum conf_room conf;
} kinds[] = {
	[ROOM_FRONT] = {"front", true, LIMIT_FRONTS, CONF_FRONT},
	[ROOM_LEDGER] = {"ledger", false, 1, CONF_LEDGER},
	[ROOM_SIGNER] = {"signer", true, LIMIT_SIGNERS, CONF_SIGNER},
	[ROOM_VERIFIER] = {"verifier", false, 1, CONF_VERIFIER},
};

#define FRONT (1u << ROOM_FRONT)
#define LEDGER (1u << ROOM_LEDGER)
#define SIGNER (1u << ROOM_SIGNER)
#define VERIFIER (1u << ROOM_VERIFIER)
#define ALL (FRONT | LEDGER | SIGNER | VERIFIER)

static const struct {
	const char *name;
	bool prefix;
	unsigned rooms;
} variables[] = {
	{"LANG", false, ALL},
	{"LC_ALL", false, ALL},
	{"TZ", false, ALL},
	{"JOURNAL_STREAM", false, ALL}, /* log lines get their priority */
	{"OPENSSL_", true, ALL}, /* its configuration, modules, capabilities */
	{"PG", true, LEDGER},
	{"HOME", false, LEDGER}, /* libpq: .pgpass, .postgresql/ */
	/* Whoever loaded a library into the warden meant the whole program. */
	{"LD_LIBRARY_PATH", false, ALL},
	{"LD_PRELOAD", false, ALL},
	{"FAKETIME", true, ALL},
	{"ASAN_OPTIONS", false, ALL},
	{"UBSAN_OPTIONS", false, ALL},
};

void kind_name(enum room_kind kind, unsigned index, char ret[ROOM_NAME_SIZE])
{
	if (kinds[kind].numbered)
		(void)snprintf(ret, ROOM_NAME_SIZE, "%s %u", kinds[kind].name, index);
	else
		(void)snprintf(ret, ROOM_NAME_SIZE, "%s", kinds[kind].name);
}

enum conf_room kind_conf(enum room_kind kind)
{
	return kinds[kind].conf;
}

void kind_arguments(enum room_kind kind, unsigned index, struct room_arguments *ret)
{
	(void)snprintf(ret->index, sizeof(ret->index), "%u", index);
	ret->argv[0] = ROOM_ARGV0;
	ret->argv[1] = kinds[kind].name;
	ret->argv[2] = kinds[kind].numbered ? ret->index : NULL;
	ret->argv[3] = NULL;
}

static int index_parse(const char *text, unsigned indices, unsigned *ret)
{
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*end || value >= indices)
		return -EINVAL;
	*ret = (unsigned)value;
	return 0;
}

int kind_parse(int argc, char *const *argv, enum room_kind *ret_kind, unsigned *ret_index)
{
	if (argc < 2 || strcmp(argv[0], ROOM_ARGV0) != 0)
		return -EINVAL;
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (strcmp(argv[1], kinds[i].name) != 0)
			continue;
		unsigned index = 0;
		if (argc != (kinds[i].numbered ? 3 : 2) ||
		    (kinds[i].numbered && index_parse(argv[2], kinds[i].indices, &index) < 0))
			return -EINVAL;
		*ret_kind = (enum room_kind)i;
		*ret_index = index;
		return 0;
	}
	return -EINVAL;
}

static bool variable_wanted(enum room_kind kind, const char *entry)
{
	for (size_t i = 0; i < array_size(variables); i++) {
		size_t size = strlen(variables[i].name);
		if (strncmp(entry, variables[i].name, size) == 0 &&
		    (variables[i].prefix || entry[size] == '='))
			return variables[i].rooms & (1u << kind);
	}
	return false;
}

void kind_environment(enum room_kind kind, char *const *from, size_t most, char **ret)
{
	size_t count = 0;
	for (; *from && count + 1 < most; from++)
		if (variable_wanted(kind, *from))
			ret[count++] = *from;
	ret[count] = NULL;
}
